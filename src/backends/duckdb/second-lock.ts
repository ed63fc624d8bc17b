/**
 * The second lock of a file. DuckDB's own is a POSIX record lock: any `close()` of the file in the process that holds it drops it,
 * such as the bot's own copying of its file.
 */
import { createHash } from "node:crypto";
import { lstatSync, rmSync, statSync } from "node:fs";
import type { Server } from "node:net";
import { basename } from "node:path";
import { errorCode } from "../../error-code.js";
import { ConfigError } from "../../errors.js";
import { askHolder, type Holder, listenAbstract, listenAt, socketPath } from "./holder-socket.js";
import { own } from "./owner-file.js";
import { lockedBy } from "./refusal.js";

const WITHOUT_SOCKETS = /^(?:EPERM|EACCES|EOPNOTSUPP|ENOTSUP|ENOSYS|EAFNOSUPPORT|EINVAL)$/;

/** A file as the system knows it. */
function identityOf(path: string): string | undefined {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}

export class SecondLock {
  readonly #file: string;
  readonly #identity: string | undefined;
  #abstract: Server | undefined;
  #socket: { readonly server: Server; readonly identity: string | undefined } | undefined;
  #owned: string | undefined;

  private constructor(private readonly path: string) {
    this.#file = path;
    this.#identity = identityOf(path);
  }

  /** Throws a LockedError when somebody holds what is, or was, at this path. */
  static async refuseHeld(path: string): Promise<void> {
    const socket = socketPath(path);
    let holder: Holder;
    try {
      holder = await askHolder(socket);
    } catch (cause) {
      throw new ConfigError(`duckdb.path: ${socket} cannot be asked who holds ${path}: ${errorCode(cause)}`, { cause });
    }
    if (typeof holder === "object") throw lockedBy(path, holder.pid);
    if (holder === "dead" && !statSync(socket, { throwIfNoEntry: false })?.isSocket()) {
      throw new ConfigError(`duckdb.path: ${socket} has to be a socket, and is something else: move it away`);
    }
  }

  /** First step, before DuckDB opens the file. Throws a LockedError. */
  static async begin(path: string): Promise<SecondLock> {
    const lock = new SecondLock(path);
    if (process.platform === "win32") return lock; // DuckDB's share mode holds there, whatever is closed
    await SecondLock.refuseHeld(path);
    const { dev, ino } = statSync(path, { bigint: true });
    const name = `signalflow:${dev}:${ino}`;
    try {
      lock.#abstract = await listenAbstract(name);
    } catch (error) {
      if (errorCode(error) !== "EADDRINUSE") return lock;
      const holder = await askHolder(`\0${name}`).catch(() => undefined);
      throw lockedBy(path, typeof holder === "object" ? holder.pid : 0);
    }
    return lock;
  }

  /** Second step, under DuckDB's lock: another one may have come between. Throws a LockedError. */
  async complete(): Promise<void> {
    if (process.platform === "win32") return;
    await SecondLock.refuseHeld(this.path);
    const socket = socketPath(this.path);
    const digest = createHash("sha1").update(basename(this.path)).digest("hex").slice(0, 12);
    try {
      const server = await listenAt(socket, `.sf-${digest}`);
      this.#socket = { server, identity: identityOf(socket) };
    } catch (error) {
      if (!WITHOUT_SOCKETS.test(errorCode(error) ?? "")) throw error;
      this.#ownFile();
    }
  }

  #ownFile(): void {
    const file = `${this.path}.lock`;
    const owner = own(file);
    if (owner) throw lockedBy(this.path, owner.pid, `as ${file} says`);
    this.#owned = file;
  }

  /** What is at the path: still the file that was opened, nothing, or another one. */
  get place(): "same" | "absent" | "other" {
    const found = identityOf(this.#file);
    if (found === undefined) return "absent";
    return found === this.#identity ? "same" : "other";
  }

  /** Why what is written now may be lost to whoever opens the path; undefined when all is as it was. */
  get trouble(): string | undefined {
    if (this.place === "absent") return "it was removed or moved";
    if (this.place === "other") return "another file was put in its place";
    if (this.#socket && identityOf(socketPath(this.path)) !== this.#socket.identity) {
      return `${socketPath(this.path)}, which keeps others out, was removed or replaced`;
    }
    return undefined;
  }

  /** Lets go. Somebody else's socket stays. */
  release(): void {
    if (this.#socket) {
      const socket = socketPath(this.path);
      if (identityOf(socket) === this.#socket.identity) rmSync(socket, { force: true });
      this.#socket.server.close();
    }
    if (this.#owned) rmSync(this.#owned, { force: true });
    this.#abstract?.close();
    this.#socket = undefined;
    this.#owned = undefined;
    this.#abstract = undefined;
  }
}
