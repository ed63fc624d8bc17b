/**
 * The sockets by which the holder of a file is known. Each says who holds it, and what for; the one beside the file goes on as the control socket.
 *
 * UNTESTED on Windows, which has no sockets beside files: there `<file>.sock` is a text of mode 0600 with a secret, after which a pipe is named. Whoever connects says the
 * secret first, and is told nothing before: the names of pipes can be listed by anybody. DuckDB's share mode is what keeps others out there.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { chmodSync, closeSync, constants, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { basename, dirname, join } from "node:path";
import { errorCode } from "../../error-code.js";

/** Who holds a file: nobody, nobody any more, or somebody whose pid is 0 where they do not say it. */
export type Holder = "none" | "dead" | Living;

export interface Living {
  readonly pid: number;
  /** It only looks, and will be gone soon. */
  readonly isLooking: boolean;
}

/** A holder whose event loop stands still does not say who it is, ms. */
const PATIENCE = 1000;
/** Linux opens a name without reading or writing what it names. */
const O_PATH = 0o10000000;
const IS_LINUX = process.platform === "linux";
const IS_WINDOWS = process.platform === "win32";

/** What those who connect find. */
export interface Door {
  readonly isLooking: boolean;
  /** Takes over who connects; absent as long as there is nothing to be asked. */
  serve?: (socket: Socket) => void;
}

/** Where the socket of a file is. */
export function socketPath(file: string): string {
  return `${file}.sock`;
}

/** Asks who listens at a path, or at a name of Linux's abstract sockets, which begins with NUL. Rejects with what forbids to ask. */
export async function askHolder(path: string): Promise<Holder> {
  if (path.startsWith("\0")) return ask(path);
  const address = addressOf(path);
  if (!address) return "none";
  try {
    return await ask(address.path, address.secret);
  } finally {
    address.release();
  }
}

/** Whether it is this process that has the file open, and not another one that is asked. */
export async function isHeldHere(file: string): Promise<boolean> {
  const holder = await askHolder(socketPath(await realpath(file)));
  return typeof holder !== "object" || holder.pid === process.pid;
}

/**
 * A short path to connect to: the system cuts a socket's path after 107 bytes without an error, so this goes through a descriptor. Undefined when nothing is there.
 * Release it when the connection is there.
 */
export function addressOf(path: string): Address | undefined {
  if (IS_WINDOWS) return pipeOf(path);
  if (!IS_LINUX) return { path, release() {} };
  try {
    const fd = openSync(path, O_PATH);
    return { path: `/proc/self/fd/${fd}`, release: () => closeSync(fd) };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

export interface Address {
  readonly path: string;
  /** What has to be said first. */
  readonly secret?: string;
  release(): void;
}

/** The pipe whose secret is in the text at `path`; undefined when there is none. */
export function pipeOf(path: string): Address | undefined {
  try {
    const secret = readFileSync(path, "utf8");
    return SECRET.test(secret) ? { path: pipeNamed(secret), secret, release() {} } : undefined;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

const SECRET = /^[0-9a-f]{64}$/;

/** Its name tells half of the secret: enough to be another one each time. */
function pipeNamed(secret: string): string {
  return `\\\\.\\pipe\\signalflow-${secret.slice(0, 32)}`;
}

function ask(path: string, secret?: string): Promise<Holder> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    if (secret !== undefined) socket.write(secret);
    let told = "";
    const answer = () => {
      socket.destroy();
      const [, pid = 0, word] = /^(\d+) (\w+)\n/.exec(told) ?? [];
      resolve({ pid: Number(pid), isLooking: word === "looking" });
    };
    const timer = setTimeout(answer, PATIENCE);
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      told += text;
      if (!told.includes("\n")) return;
      clearTimeout(timer);
      answer();
    });
    socket.on("close", () => {
      clearTimeout(timer);
      answer();
    });
    socket.on("error", (error) => {
      clearTimeout(timer);
      const code = errorCode(error);
      if (code === "ENOENT") resolve("none");
      else if (code === "ECONNREFUSED") resolve("dead");
      // The backlog is full, or the other side has just closed the connection: somebody is there.
      else if (code === "EAGAIN" || code === "ECONNRESET" || code === "EPIPE") resolve({ pid: 0, isLooking: false });
      else reject(error);
    });
  });
}

/** Says to everybody who connects which process this is. Keeps nothing alive. */
function answering(door: Door, secret?: string): Server {
  const greet = (socket: Socket) => {
    const greeting = (word: string) => `${process.pid} ${word}\n`;
    if (!door.serve) socket.end(greeting(door.isLooking ? "looking" : "busy"));
    else {
      socket.write(greeting("open"));
      door.serve(socket);
    }
  };
  const server = createServer((socket: Socket) => {
    socket.on("error", () => {});
    socket.unref();
    if (secret === undefined) greet(socket);
    else onSecret(socket, secret, () => greet(socket));
  });
  return server.unref();
}

/** Calls back once somebody has said the secret; who says something else, or nothing for some time, is cut off. */
export function onSecret(socket: Socket, secret: string, done: () => void): void {
  const timer = setTimeout(() => socket.destroy(), PATIENCE).unref();
  const said: Buffer[] = [];
  const take = (piece: Buffer) => {
    said.push(piece);
    const all = Buffer.concat(said);
    if (all.length < secret.length) return;
    clearTimeout(timer);
    socket.off("data", take);
    socket.pause();
    if (!timingSafeEqual(all.subarray(0, secret.length), Buffer.from(secret))) socket.destroy();
    else {
      if (all.length > secret.length) socket.unshift(all.subarray(secret.length));
      done();
      socket.resume();
    }
  };
  socket.on("data", take);
}

/** Listens at once: `exclusive` keeps Node's cluster from sharing it. Rejects with what the system says, as EADDRINUSE. */
async function listening(path: string, door: Door, secret?: string): Promise<Server> {
  const server = answering(door, secret);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path, exclusive: true }, () => resolve());
  });
  server.on("error", () => {});
  return server;
}

/** A name in Linux's own space of names, free again at the moment its process ends. Undefined where there is no such space. */
export async function listenAbstract(name: string, door: Door): Promise<Server | undefined> {
  if (!IS_LINUX) return undefined;
  const server = await listening(`\0${name}`, door);
  // An older Node listens somewhere else instead.
  if (isListed(name)) return server;
  server.close();
  return undefined;
}

function isListed(name: string): boolean {
  try {
    return readFileSync("/proc/self/net/unix", "utf8").includes(`@${name}\n`);
  } catch {
    return false;
  }
}

/**
 * Listens at a path, mode 0600, in the place of a dead socket that may be there. Nobody sees it before it listens: it gets its
 * name then. `draft` is a short name in the same folder that nobody else uses meanwhile.
 */
export async function listenAt(path: string, draft: string, door: Door): Promise<Server> {
  const folder = dirname(path);
  const hidden = join(folder, draft);
  rmSync(hidden, { force: true });
  if (IS_WINDOWS) return listenAtPipe(path, hidden, door);
  const fd = IS_LINUX ? openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY) : undefined;
  try {
    const server = await listening(fd === undefined ? hidden : `/proc/self/fd/${fd}/${basename(hidden)}`, door);
    try {
      chmodSync(hidden, 0o600);
      renameSync(hidden, path);
      return server;
    } catch (error) {
      server.close();
      throw error;
    }
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Untested. The text that names the pipe gets its name when the pipe listens. */
async function listenAtPipe(path: string, hidden: string, door: Door): Promise<Server> {
  const secret = randomBytes(32).toString("hex");
  const server = await listening(pipeNamed(secret), door, secret);
  try {
    writeFileSync(hidden, secret, { flag: "wx", mode: 0o600 });
    renameSync(hidden, path);
    return server;
  } catch (error) {
    server.close();
    throw error;
  }
}
