/** The greeting on a connection: nothing else is sent before the server has proven to be the right one. */
import { setTimeout as pause } from "node:timers/promises";
import { errorText } from "../../words/error-text.js";
import { ConnectFailure } from "./connect-failure.js";
import { commandRule, deniedText, grant } from "./denied.js";
import type { Login } from "./redis-config.js";

/** Sends a command on this connection and resolves to its reply. */
export type Say = (name: string, args: readonly (string | number)[]) => Promise<unknown>;

/** What the connection has to be. */
export interface Wanted {
  readonly login: Login | undefined;
  readonly db: number;
  /** The server has to be a master: sentinels may name one that no longer is. */
  readonly master: boolean;
}

/** What the server says about itself: the text of INFO, or why the user may not read it. */
export type Greeting = { readonly info: string } | { readonly denied: string };

/**
 * Must be in capitals. ioredis remembers the database of a "select" and sends it by itself on the next connection, before the login. Nobody handles
 * the failure of that command, so its rejection ends the process. "SELECT" is sent like any other command.
 */
const SELECT = "SELECT";

/** Pause before asking again whether a server has loaded its data, ms. */
const LOADING_PAUSE = 50;

/**
 * Logs in, selects the database, and checks that user, database and protocol are those that were asked for, in one round trip. Rejects with an
 * error that names what differs.
 */
export async function greet(say: Say, { login, db, master }: Wanted): Promise<Greeting> {
  const [authorised, selected, client, info] = await Promise.allSettled([
    authenticate(say, login),
    db === 0 ? "OK" : say(SELECT, [db]),
    say("client", ["INFO"]),
    say("info", []),
  ]);
  if (authorised.status === "rejected") throw authorised.reason;
  const user = login?.username ?? "default";
  if (selected.status === "rejected") throw notGiven(db, user, selected.reason);
  checkClient(client, login?.username ?? (login ? "default" : undefined), db);
  let told = await greetingOf(info);
  while ("info" in told && field(told.info, "loading") === "1") {
    await pause(LOADING_PAUSE);
    const [again] = await Promise.allSettled([say("info", [])]);
    told = await greetingOf(again);
  }
  if (master) checkMaster(told, user);
  return told;
}

/** Logs in. Rejects with an Error that contains the server's own words. */
export async function authenticate(say: Say, login: Login | undefined): Promise<void> {
  if (login) await say("auth", [login.username ?? "default", login.password]);
}

function notGiven(db: number, user: string, reason: unknown): unknown {
  if (!isReply(reason)) return reason;
  const words = reason.message;
  const why = /cluster mode/i.test(words)
    ? "it is a node of a cluster, which has database 0 only"
    : words.startsWith("NOPERM")
      ? `the user may not run select (${grant(user, [commandRule("select")])})`
      : "it has no such database, or does not give it";
  return new ConnectFailure(`database ${db} of redis.url: ${why}: ${words}`, true);
}

/** Checks user and database. If the user may not look at the connection, the replies to AUTH and SELECT have to do. */
function checkClient(reply: PromiseSettledResult<unknown>, user: string | undefined, db: number): void {
  if (reply.status === "rejected") {
    if (isReply(reply.reason) && !/^(?:NOAUTH|ERR max number)/.test(reply.reason.message)) return;
    throw reply.reason;
  }
  const told = new Map(
    String(reply.value)
      .trim()
      .split(" ")
      .map((pair): [string, string] => {
        const at = pair.indexOf("=");
        return [pair.slice(0, at), pair.slice(at + 1)];
      }),
  );
  const expected: [name: string, value: string | undefined, what: string][] = [
    ["db", String(db), "database"],
    ["user", user, "user"],
    ["resp", "2", "protocol version"],
  ];
  for (const [name, value, what] of expected) {
    const is = told.get(name);
    if (value === undefined || is === undefined || is === value) continue;
    throw new ConnectFailure(`it gives ${what} ${is}, where ${value} was asked for: look at what stands between`, true);
  }
}

async function greetingOf(reply: PromiseSettledResult<unknown>): Promise<Greeting> {
  if (reply.status === "fulfilled") return { info: String(reply.value) };
  if (isReply(reply.reason) && /^NOPERM|unknown command/i.test(reply.reason.message)) {
    return { denied: reply.reason.message };
  }
  throw reply.reason;
}

function checkMaster(told: Greeting, user: string): void {
  if ("denied" in told) {
    const why = deniedText(told.denied, { user, keys: [] });
    throw new ConnectFailure(`whether it is the master cannot be seen: ${why}`, true);
  }
  const role = field(told.info, "role");
  if (role !== undefined && role !== "master") {
    throw new ConnectFailure("the sentinels name a server that is a replica: a failover may be under way");
  }
}

/** A field of the text of INFO. */
export function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1];
}

function isReply(reason: unknown): reason is Error {
  return reason instanceof Error && reason.name === "ReplyError";
}

/** What else went wrong, as an Error. */
export function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(errorText(reason));
}
