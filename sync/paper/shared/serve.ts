import { chmodSync, unlinkSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { isMainThread } from "node:worker_threads";
import { InvalidArgumentError } from "../../../src/errors.js";
import * as check from "../../../src/manager/check.js";
import { claim } from "../claim.js";
import type { PaperExchange } from "../paper-exchange.js";
import { onLine } from "./lines.js";
import { addressOf, besideFile, kindAt, socketPath } from "./place.js";
import { type Method, PROTOCOL, question, tellError } from "./protocol.js";
import { readWireLine, wireLine } from "./wire.js";

/** Much longer than any question. */
const MOST_CHARACTERS = 1_000_000;
const OWNER_ONLY = 0o600;

/** A paper exchange that other processes can reach. */
export interface PaperServer extends AsyncDisposable {
  readonly path: string;
  /** Stops serving: callers that wait get `no_answer`. The exchange stays open. */
  close(): Promise<void>;
}

export interface ServeOptions {
  /** Where clients find it: path of a local socket, at most 103 bytes. Default: the exchange's file with `.sock` behind it. */
  readonly path?: string;
}

/**
 * Shares a paper exchange with other processes of this machine and user: as many as like connect with `sharedPaperExchange({ path })`,
 * and make the exchange's calls as if it were theirs. Calls take effect in the order in which they arrive. The socket has mode 0600.
 * On Windows it is a named pipe, which is not tested.
 *
 * When this process ends, however it ends, clients have no answer (`no_answer`) until another one serves the exchange at that path; on
 * the same file it is the same account. A socket that a killed process left is replaced.
 *
 * ```ts
 * await using server = await servePaperExchange(new PaperExchange({ file: "paper.jsonl" }), { path: "paper.sock" });
 * const exchange = await sharedPaperExchange({ path: "paper.sock" }); // in each of the bots' processes
 * await exchange.setPrice("BTC/USDT:USDT", 60_000);
 * await exchange.trade({ pair: "BTC/USDT:USDT", side: "buy", size: 2 });
 * (await exchange.fetchPositions()).length; // 1
 * ```
 *
 * Rejects with a LockedError that names the process that serves at this path, with an InvalidArgumentError when no socket can be made
 * there.
 */
export async function servePaperExchange(exchange: PaperExchange, options: ServeOptions = {}): Promise<PaperServer> {
  const path = pathOf(exchange, options);
  const isFile = process.platform !== "win32";
  if (isFile && kindAt(path) === "other")
    throw new InvalidArgumentError(`options.path: expected a free path, ${path} is something else than a socket`);
  const letGo = isFile ? claim(path) : () => {};
  const clients = new Set<Socket>();
  const server = createServer((socket) => {
    clients.add(socket);
    socket.on("close", () => clients.delete(socket));
    attend(socket, exchange);
  });
  try {
    if (isFile && kindAt(path) === "socket") unlinkSync(path); // nobody serves there: the claim is ours
    await listen(server, path);
  } catch (error) {
    server.close();
    letGo();
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidArgumentError(`options.path: no socket can be made at ${path}: ${reason}`, { cause: error });
  }
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of clients) socket.destroy();
    }).finally(letGo);
    return closing;
  };
  return { path, close, [Symbol.asyncDispose]: close };
}

function pathOf(exchange: PaperExchange, options: ServeOptions): string {
  const { path } = check.fields("options", options, ["path"]);
  if (path !== undefined) return socketPath("options.path", path);
  if (exchange.file === undefined)
    throw new InvalidArgumentError(
      "options.path: expected a path, because the exchange has no file to serve it beside",
    );
  return socketPath("options.path", besideFile(exchange.file));
}

/** Makes the socket under a restrictive mask if a thread may set one: it is never open to other users, not even for a moment. */
async function listen(server: Server, path: string): Promise<void> {
  const listening = new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.off("error", reject);
      resolve();
    });
  });
  const before = isMainThread ? process.umask(0o777 & ~OWNER_ONLY) : undefined;
  try {
    server.listen(addressOf(path));
  } finally {
    if (before !== undefined) process.umask(before);
  }
  await listening;
  if (process.platform !== "win32") chmodSync(path, OWNER_ONLY);
}

/** Answers a client's questions, each as soon as possible. A client that sends anything else is disconnected. */
function attend(socket: Socket, exchange: PaperExchange): void {
  const say = (what: object) => {
    if (socket.writable) socket.write(wireLine(what));
  };
  socket.on("error", () => socket.destroy());
  say({ protocol: PROTOCOL, account: exchange.identity, rules: exchange.rules });
  onLine(
    socket,
    (line) => {
      const asked = questionOf(line);
      if (!asked) {
        socket.destroy();
        return;
      }
      const { ask, method, args } = asked;
      answerOf(exchange, method, args).then(
        (answer) => say({ answerTo: ask, answer }),
        (error: unknown) => say({ answerTo: ask, error: tellError(error) }),
      );
    },
    MOST_CHARACTERS,
  );
}

function questionOf(line: string) {
  try {
    return question.safeParse(readWireLine(line)).data;
  } catch {
    return undefined;
  }
}

/** The exchange's answer. It checks the arguments itself, as for a local call. */
async function answerOf(exchange: PaperExchange, method: Method, args: readonly unknown[]): Promise<unknown> {
  if (method === "seen") return exchange.seen;
  const answer: unknown = await Reflect.apply(exchange[method], exchange, [...args]);
  return answer;
}
