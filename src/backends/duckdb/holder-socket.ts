/**
 * The sockets by which the holder of a file is known. Each says who holds the file, and what for; the one beside the file is also the control socket.
 *
 * UNTESTED on Windows, which has no sockets beside files: there `<file>.sock` is a text file of mode 0600 with a secret, and a pipe is named after the
 * secret. Whoever connects has to say the secret first, and learns nothing before: anybody can list the names of pipes. On Windows DuckDB's share mode
 * keeps others out.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { chmodSync, closeSync, constants, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { basename, dirname, join } from "node:path";
import { errorCode } from "../../error-code.js";

/** Who holds a file: `none` nobody; `dead` a process that is gone; or a living process, whose pid is 0 if it does not say it. */
export type Holder = "none" | "dead" | Living;

export interface Living {
  readonly pid: number;
  /** The holder only looks, and will be gone soon. */
  readonly isLooking: boolean;
}

/** How long to wait, ms, for a holder to say who it is. One whose event loop stands still does not answer. */
const PATIENCE = 1000;
/** Flag of Linux that opens a name without reading or writing what it names. */
const O_PATH = 0o10000000;
const IS_LINUX = process.platform === "linux";
const IS_WINDOWS = process.platform === "win32";

/** What a process finds when it connects. */
export interface Door {
  readonly isLooking: boolean;
  /** Gets the connections; absent while there is nothing to ask. */
  serve?: (socket: Socket) => void;
}

/** Where the socket of a file is. */
export function socketPath(file: string): string {
  return `${file}.sock`;
}

/** Asks who listens at a path, or at a name of Linux's abstract sockets, which begins with NUL. Rejects with the error that prevents asking. */
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

/** Whether this process itself has the file open, and does not ask another one. */
export async function isHeldHere(file: string): Promise<boolean> {
  const holder = await askHolder(socketPath(await realpath(file)));
  return typeof holder !== "object" || holder.pid === process.pid;
}

/**
 * A short path to connect to. The system cuts a socket's path after 107 bytes without an error, so this goes through a file descriptor. Undefined if
 * nothing is there. Release it once the connection is made.
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

/** The pipe whose secret is in the file at `path`; undefined if there is none. */
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

/** The pipe's name. It shows half of the secret, so that it differs each time. */
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

/** Tells everybody who connects which process this is. Keeps no process alive. */
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

/** Calls back once the other side has said the secret. One that says something else, or nothing for some time, is cut off. */
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

/** Listens at once. `exclusive` keeps Node's cluster from sharing the socket. Rejects with the system's error, such as EADDRINUSE. */
async function listening(path: string, door: Door, secret?: string): Promise<Server> {
  const server = answering(door, secret);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path, exclusive: true }, () => resolve());
  });
  server.on("error", () => {});
  return server;
}

/** Listens at a name among Linux's abstract sockets, which is free again as soon as its process ends. Undefined on other systems. */
export async function listenAbstract(name: string, door: Door): Promise<Server | undefined> {
  if (!IS_LINUX) return undefined;
  const server = await listening(`\0${name}`, door);
  // An older Node listens at another name instead.
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
 * Listens at a path, mode 0600, in place of a dead socket that may be there. It gets its name only after it listens, so nobody finds it before. `draft` is
 * a short name in the same folder that nobody else uses.
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

/** Untested. The text file that names the pipe gets its own name once the pipe listens. */
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
