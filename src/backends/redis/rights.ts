/** The rights that a bot's Redis user needs: every command of every script, on the keys that it uses, and the client's own commands. */
import { KEYS, type KeyName } from "../../layout/keys.js";
import { operations } from "../../operations/all.js";
import { type AnyOperation, COMMON_KEYS, type Reply } from "../../operations/operation.js";
import { commandRule, grant, type Holder, keyRules } from "./denied.js";
import { script } from "./scripts.js";

/** A command on a key; without a key, a command that has none. */
export interface Right {
  readonly command: string;
  readonly key: KeyName | undefined;
  /** Only operations that change the flow need it. */
  readonly changes: boolean;
}

/** The arguments after the key in a complete, valid command; for a command without a key, or with its key elsewhere ("@"), all arguments. */
const REST: Readonly<Record<string, string>> = {
  DEL: "",
  EXISTS: "",
  PEXPIRE: "1",
  GET: "",
  SET: "v",
  HDEL: "f",
  HEXISTS: "f",
  HGET: "f",
  HGETALL: "",
  HINCRBY: "f 1",
  HKEYS: "",
  HLEN: "",
  HMGET: "f",
  HSET: "f v",
  HVALS: "",
  XADD: "* f v",
  XDEL: "0-1",
  XLEN: "",
  XRANGE: "- +",
  XREVRANGE: "+ -",
  ZADD: "1 m",
  ZCARD: "",
  ZCOUNT: "0 1",
  ZRANGE: "0 1",
  ZRANGEBYLEX: "- +",
  ZRANGEBYSCORE: "0 1",
  ZREM: "m",
  ZREMRANGEBYRANK: "0 0",
  ZREMRANGEBYSCORE: "0 0",
  ZSCORE: "m",
};

/** The same for commands whose key is not the first argument, or that have none. */
const WHOLE: Readonly<Record<string, string>> = {
  TIME: "TIME",
  INFO: "INFO",
  XINFO: "XINFO STREAM @",
  XREAD: "XREAD COUNT 1 BLOCK 1 STREAMS @ 0-0",
  EVAL: "EVAL return 1 @",
  EVALSHA: "EVALSHA 0000000000000000000000000000000000000000 1 @",
  "SCRIPT LOAD": "SCRIPT LOAD return",
  WAIT: "WAIT 0 1",
};

/** Commands that the client itself sends, to connect, to call and to watch. */
const CLIENT: readonly Right[] = [
  { command: "INFO", key: undefined, changes: false },
  { command: "SCRIPT LOAD", key: undefined, changes: false },
  { command: "EVAL", key: "flow:meta", changes: false },
  { command: "EVALSHA", key: "flow:meta", changes: false },
  { command: "XREAD", key: "events:log", changes: false },
  { command: "XREAD", key: "account:events", changes: false },
  { command: "XRANGE", key: "account:events", changes: false },
  { command: "HMGET", key: "account:risk", changes: false },
  { command: "TIME", key: undefined, changes: true },
];

/** The command that `redis.wait_replicas` needs. */
const WAITING: Right = { command: "WAIT", key: undefined, changes: true };

/** The key type of a command, by the command's first letter; other commands work on any type. */
const TYPES: Readonly<Record<string, string>> = { H: "hash", Z: "zset", X: "stream" };

const CALLED = /\b(?:redis\.p?call|run)\("([A-Z]+)"/g;

let rights: readonly Right[] | undefined;

/** All rights, each once. A script counts as running each of its commands on each of its keys of the matching type. */
export function rightsOfBots(waitReplicas = 0): readonly Right[] {
  rights ??= gathered();
  return waitReplicas > 0 ? [...rights, WAITING] : rights;
}

function gathered(): Right[] {
  const found = new Map<string, Right>();
  const add = (right: Right) => {
    const name = `${right.command} ${right.key ?? ""}`;
    const known = found.get(name);
    if (!known || (known.changes && !right.changes)) found.set(name, right);
  };
  for (const right of CLIENT) add(right);
  for (const operation of operations) for (const right of rightsOf(operation)) add(right);
  return [...found.values()];
}

function rightsOf({ name, kind, keys }: AnyOperation): Right[] {
  const changes = kind !== "read";
  const commands = new Set([...script(name).source.matchAll(CALLED)].map(([, command = ""]) => command));
  const names: readonly KeyName[] = [...COMMON_KEYS[kind], ...keys];
  return [...commands].flatMap((command): Right[] => {
    if (command === "TIME") return [{ command, key: undefined, changes }];
    if (command === "PEXPIRE") return [{ command, key: "execution:call", changes }];
    const type = command === "GET" || command === "SET" ? "string" : TYPES[command.slice(0, 1)];
    return names
      .filter((key) => type === undefined || KEYS[key].type === type)
      .map((key) => ({ command, key, changes }));
  });
}

/** The complete command, for `lua/connecting/check_rights.lua`; `at`: the index of a key. Throws an Error for a command that is not listed here. */
export function wholeCommand({ command, key }: Right, at: (key: KeyName) => number): string {
  const place = key === undefined ? "" : `@${at(key)}`;
  const whole = WHOLE[command];
  if (whole !== undefined) return whole.replace("@", place);
  const rest = REST[command];
  if (rest === undefined) throw new Error(`rights.ts does not say what a whole ${command} is`);
  return `${command} ${place} ${rest}`.trimEnd();
}

/** A missing right, and whether it is missing because the server does not know the command. */
export interface Missing {
  readonly right: Right;
  readonly unknown: boolean;
}

/** Reads the script's reply: n in ARGV[n] counts from 1, and the first argument is the call's number. */
export function missingRights(asked: readonly Right[], reply: Reply): Missing[] {
  const missing: Missing[] = [];
  for (let i = 1; i + 1 < reply.length; i += 2) {
    const right = asked[Number(reply[i + 1]) - 2];
    if (right) missing.push({ right, unknown: reply[i] === "unknown" });
  }
  return missing;
}

/** The missing rights, command by command, and the line that grants them. */
export function missingText(missing: readonly Missing[], user: string, keyOf: (key: KeyName) => string): string {
  const commands = new Map<string, { keys: string[]; unknown: boolean }>();
  for (const { right, unknown } of missing) {
    const of = commands.get(right.command) ?? { keys: [], unknown };
    if (right.key !== undefined) of.keys.push(keyOf(right.key));
    commands.set(right.command, of);
  }
  const denied = [...commands].filter(([, { unknown }]) => !unknown);
  const strange = [...commands].filter(([, { unknown }]) => unknown);
  const texts: string[] = [];
  if (denied.length > 0) {
    const told = denied.map(
      ([command, { keys }]) => command.toLowerCase() + (keys.length > 0 ? ` (on ${some(keys)})` : ""),
    );
    const rules = denied.map(([command]) => commandRule(command));
    texts.push(`the Redis user ${user} may not run ${told.join(", ")}: ${grant(user, rules)}`);
  }
  if (strange.length > 0) {
    const names = strange.map(([command]) => command.toLowerCase()).join(", ");
    texts.push(
      `the server does not know ${names}: was it renamed (rename-command), or is it a server of another kind?`,
    );
  }
  return texts.join("; ");
}

function some(keys: readonly string[]): string {
  return keys.length > 3 ? `${keys.slice(0, 2).join(", ")} and ${keys.length - 2} more` : keys.join(", ");
}

/**
 * The ACL line that gives a user what a bot needs, including the optional script|exists (saves time), client|info (a further check) and wait
 * (`redis.wait_replicas`). `pattern`: of the keys, such as `sf:bot:*`.
 */
export function aclLine(user: string, pattern: string): string {
  return grant(user, [...`on >PASSWORD resetkeys ~${pattern} resetchannels -@all`.split(" "), ...commandRules()]);
}

function commandRules(): string[] {
  const needed = new Set(rightsOfBots().map(({ command }) => commandRule(command)));
  return ["+client|info", "+script|exists", "+select", "+wait", ...[...needed].sort()];
}

/**
 * The error for a user who may not even run the script that checks the rights: the keys are denied, or the command that runs scripts. Then nobody can know
 * what else is missing.
 */
export function nothingAskedText(denied: { readonly command: string } | "keys", { user, keys }: Holder): string {
  const all = "what else is missing cannot be asked for; all that a bot needs";
  const rules = commandRules();
  const named = keyRules(keys).join(" ");
  if (denied === "keys") {
    return `the Redis user ${user} may not read and write ${keys.join(", ")}; ${all}: ${grant(user, [named, ...rules])}`;
  }
  const line = grant(user, rules);
  return `the Redis user ${user} may not run ${denied.command}; ${all}: ${line} (and ${named}, unless the user has these keys)`;
}
