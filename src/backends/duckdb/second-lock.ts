/**
 * The second lock of a file. DuckDB's own lock is a POSIX record lock: any `close()` of the file in the process that holds it drops the lock, for instance
 * when the bot copies its own file.
 */
import { createHash } from "node:crypto";
import { lstatSync, rmSync, statSync } from "node:fs";
import type { Server, Socket } from "node:net";
import { basename } from "node:path";
import { errorCode } from "../../error-code.js";
import { ConfigError, LockedError } from "../../errors.js";
import {
  askHolder,
  type Door,
  type Holder,
  type Living,
  listenAbstract,
  listenAt,
  socketPath,
} from "./holder-socket.js";
import { livingOwner, type Owner, own } from "./owner-file.js";
import { lockedBy } from "./refusal.js";

const WITHOUT_SOCKETS = /^(?:EPERM|EACCES|EOPNOTSUPP|ENOTSUP|ENOSYS|EAFNOSUPPORT|EINVAL)$/;

const IS_LINUX = process.platform === "linux";

/** The path of the file that says who holds the file at `path`. */
export function ownerPath(path: string): string {
  return `${path}.lock`;
}

function ownedBy(path: string, { pid }: Owner): LockedError {
  const file = ownerPath(path);
  const holder = pid === 0 ? "another process" : `process ${pid}`;
  return new LockedError(
    `${path} is held by ${holder}, as ${file} says, and it is not certain that this one is gone; one process at a time can work on it. Stop it; if you know that it is gone, remove ${file}`,
  );
}

/** Name of the abstract socket, made of the file's device and inode. */
function nameOf(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  return `signalflow:${dev}:${ino}`;
}

/** Identity of a file: device and inode. */
function identityOf(path: string): string | undefined {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}

/** One whose connection breaks off is closing: it has not said anything. */
function keeperOf({ pid, isLooking }: Living): "works" | "looks" | "unknown" {
  return isLooking ? "looks" : pid === 0 ? "unknown" : "works";
}

export class SecondLock {
  readonly #file: string;
  readonly #identity: string | undefined;
  #abstract: Server | undefined;
  #socket: { readonly server: Server; readonly identity: string | undefined } | undefined;
  #owned: { readonly file: string; readonly identity: string | undefined } | undefined;

  private constructor(
    private readonly path: string,
    private readonly door: Door,
  ) {
    this.#file = path;
    this.#identity = identityOf(path);
  }

  /** Throws a LockedError if somebody holds the file that is, or was, at this path. */
  static async refuseHeld(path: string): Promise<void> {
    if (process.platform === "win32") return; // there DuckDB's share mode holds, whatever is closed
    const socket = socketPath(path);
    let holder: Holder;
    try {
      holder = await askHolder(socket);
    } catch (cause) {
      throw new ConfigError(`duckdb.path: ${socket} cannot be asked who holds ${path}: ${errorCode(cause)}`, { cause });
    }
    if (typeof holder === "object") throw lockedBy(path, holder.pid);
    // On a system without sockets only a file says who the holder is.
    const owner = livingOwner(ownerPath(path));
    if (owner) throw ownedBy(path, owner);
    if (holder === "dead" && !statSync(socket, { throwIfNoEntry: false })?.isSocket()) {
      throw new ConfigError(`duckdb.path: ${socket} has to be a socket, and is something else: move it away`);
    }
  }

  /** Whether only a file says who holds the path: then nobody can be asked. */
  static isHeldByFile(path: string): boolean {
    return livingOwner(ownerPath(path)) !== undefined;
  }

  /**
   * Who kept this process from the path: somebody who works on it, or only looks and will be gone soon. "unknown": nobody is there any more, or nobody who
   * says what for.
   */
  static async keeper(path: string): Promise<"works" | "looks" | "unknown"> {
    if (process.platform === "win32" || SecondLock.isHeldByFile(path)) return "works";
    const holder = await askHolder(socketPath(path)).catch(() => undefined);
    if (typeof holder === "object") return keeperOf(holder);
    // A holder binds its abstract name before its socket file.
    const name = statSync(path, { throwIfNoEntry: false }) && nameOf(path);
    const other = name && IS_LINUX ? await askHolder(`\0${name}`).catch(() => undefined) : undefined;
    return typeof other === "object" ? keeperOf(other) : "unknown";
  }

  /** First step, before DuckDB opens the file. Throws a LockedError. */
  static async begin(path: string, isLooking: boolean): Promise<SecondLock> {
    const lock = new SecondLock(path, { isLooking });
    if (process.platform === "win32") return lock;
    await SecondLock.refuseHeld(path);
    const name = nameOf(path);
    try {
      lock.#abstract = await listenAbstract(name, { isLooking });
    } catch (error) {
      if (errorCode(error) !== "EADDRINUSE") return lock;
      const holder = await askHolder(`\0${name}`).catch(() => undefined);
      throw lockedBy(path, typeof holder === "object" ? holder.pid : 0);
    }
    return lock;
  }

  /** Second step, while DuckDB's lock is held: another process may have come in between. Throws a LockedError. */
  async complete(): Promise<void> {
    await SecondLock.refuseHeld(this.path);
    const socket = socketPath(this.path);
    const digest = createHash("sha1").update(basename(this.path)).digest("hex").slice(0, 12);
    try {
      const server = await listenAt(socket, `.sf-${digest}`, this.door);
      this.#socket = { server, identity: identityOf(socket) };
    } catch (error) {
      if (!WITHOUT_SOCKETS.test(errorCode(error) ?? "")) throw error;
      this.#ownFile();
    }
  }

  /** From now on `serve` gets the connections to the socket. */
  serve(serve: (socket: Socket) => void): void {
    this.door.serve = serve;
  }

  #ownFile(): void {
    const file = ownerPath(this.path);
    const owner = own(file);
    if (owner) throw ownedBy(this.path, owner);
    this.#owned = { file, identity: identityOf(file) };
  }

  /** Whether there are no sockets at the file's place. Then nobody can ask this process, and after a kill a file may have to be removed by hand. */
  get isByFile(): boolean {
    return this.#owned !== undefined;
  }

  /** What is at the path: still the file that was opened, nothing, or another one. */
  get place(): "same" | "absent" | "other" {
    const found = identityOf(this.#file);
    if (found === undefined) return "absent";
    return found === this.#identity ? "same" : "other";
  }

  /** Why a change that is written now may be lost to whoever opens the path; undefined if nothing has changed. */
  get trouble(): string | undefined {
    if (this.place === "absent") return "it was removed or moved";
    if (this.place === "other") return "another file was put in its place";
    if (this.#socket && identityOf(socketPath(this.path)) !== this.#socket.identity) {
      return `${socketPath(this.path)}, which keeps others out, was removed or replaced`;
    }
    if (this.#owned && identityOf(this.#owned.file) !== this.#owned.identity) {
      return `${this.#owned.file}, which keeps others out, was removed or replaced`;
    }
    return undefined;
  }

  /** Releases the lock. Somebody else's socket stays. */
  release(): void {
    delete this.door.serve;
    if (this.#socket) {
      const socket = socketPath(this.path);
      if (identityOf(socket) === this.#socket.identity) rmSync(socket, { force: true });
      this.#socket.server.close();
    }
    if (this.#owned && identityOf(this.#owned.file) === this.#owned.identity) rmSync(this.#owned.file, { force: true });
    this.#abstract?.close();
    this.#socket = undefined;
    this.#owned = undefined;
    this.#abstract = undefined;
  }
}
