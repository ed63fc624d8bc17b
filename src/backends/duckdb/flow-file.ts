import { randomUUID } from "node:crypto";
import { chmod, constants, copyFile, link, rename, rm, stat } from "node:fs/promises";
import type { Socket } from "node:net";
import { dirname } from "node:path";
import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { errorCode } from "../../error-code.js";
import { LockedError } from "../../errors.js";
import { syncFolder } from "../../sync-folder.js";
import { loadDuckdb } from "./library.js";
import { claim } from "./open-here.js";
import { makeEmpty } from "./open-log.js";
import { lockedBy, refusalOf } from "./refusal.js";
import { SecondLock } from "./second-lock.js";

type Fill = (connection: DuckDBConnection) => Promise<void>;

const OPTIONS = {
  // Statements are small and come one at a time: a second thread would find nothing to do.
  threads: "1",
  memory_limit: "1GB",
  // Most flows are small: with blocks of 256 KiB a few rows would take 1 MB.
  default_block_size: "16384",
  // Only the backend starts checkpoints; nothing is written when a file is only looked at.
  checkpoint_threshold: "1TB",
  autoinstall_known_extensions: "false",
  autoload_known_extensions: "false",
};

/** A DuckDB file that is open, and held against everybody else. */
export class FlowFile {
  #closed = false;

  private constructor(
    readonly connection: DuckDBConnection,
    private readonly instance: DuckDBInstance,
    private readonly release: () => void,
    private readonly lock?: SecondLock,
  ) {}

  /**
   * Opens a file that exists, without writing to it. `before` runs just before DuckDB opens it. `isLooking`: the lock tells others that this process only
   * looks. Throws a LockedError if the file is open already, and what DuckDB throws.
   */
  static async open(
    path: string,
    { isLooking = false, before = async () => {} }: { isLooking?: boolean; before?: () => Promise<void> } = {},
  ): Promise<FlowFile> {
    const release = claim(path);
    if (!release) throw lockedBy(path, process.pid);
    let lock: SecondLock | undefined;
    let file: FlowFile | undefined;
    try {
      lock = await SecondLock.begin(path, isLooking);
      await before();
      file = await FlowFile.#open(path, release, lock);
      await lock.complete();
      return file;
    } catch (error) {
      if (file) file.close();
      else {
        lock?.release();
        release();
      }
      throw error;
    }
  }

  /** Makes a new file and has `fill` fill it. Nobody sees it half made: it gets its name at the end. False if somebody else made the file first. */
  static make(path: string, fill: Fill, draft = `${path}.new-${randomUUID()}`): Promise<boolean> {
    return FlowFile.#draft(draft, fill, () => nameIt(draft, path));
  }

  /**
   * Replaces `old` by a new file, which `fill` fills, in one step: a process that opens the path finds either the old or the new file. The old file is kept
   * under another name; resolves to that name. DuckDB closes the old file; its second lock stays. The old file's log must be empty.
   */
  static replace(path: string, old: FlowFile, fill: Fill, draft: string): Promise<string> {
    return FlowFile.#draft(draft, fill, async () => {
      const kept = `${path}.replaced-${new Date().toISOString().replaceAll(":", "")}`;
      const log = await stat(`${path}.wal`).catch(() => undefined);
      if (log && log.size > 0) throw new TypeError(`${path}.wal is not empty`);
      // Close it first: if the file has to be copied, the copy's close would drop DuckDB's lock.
      old.#closeDatabase();
      await secondName(path, kept);
      await rename(draft, path);
      await syncFolder(dirname(path));
      return kept;
    });
  }

  /** Removes a draft that a dead process left. Throws a LockedError if somebody is working on it. */
  static async clear(draft: string): Promise<void> {
    try {
      (await FlowFile.open(draft)).close();
    } catch (error) {
      const refusal = refusalOf(draft, error);
      if (refusal instanceof LockedError) throw refusal;
    }
    await remove(draft);
  }

  static async #draft<Result>(draft: string, fill: Fill, done: () => Promise<Result>): Promise<Result> {
    try {
      const file = await FlowFile.#open(draft, () => {});
      await chmod(draft, 0o600);
      await makeEmpty(`${draft}.wal`);
      await fill(file.connection).finally(() => file.close());
      return await done();
    } finally {
      await remove(draft);
    }
  }

  static async #open(path: string, release: () => void, lock?: SecondLock): Promise<FlowFile> {
    const library = await loadDuckdb();
    const instance = await library.DuckDBInstance.create(path, OPTIONS);
    const file = new FlowFile(await instance.connect(), instance, release, lock);
    try {
      await file.connection.run("PRAGMA disable_checkpoint_on_shutdown");
      return file;
    } catch (error) {
      file.#closeDatabase();
      throw error;
    }
  }

  /** Why a change that is written now may be lost to whoever opens the path; undefined if it is still the file that was opened. */
  get trouble(): string | undefined {
    return this.lock?.trouble;
  }

  /** From now on `serve` gets the connections to the file's socket. */
  serve(serve: (socket: Socket) => void): void {
    this.lock?.serve(serve);
  }

  /** Whether only a file, not a socket, says who holds it. */
  get isHeldByFile(): boolean {
    return this.lock?.isByFile ?? false;
  }

  /** Whether another file is at the path. DuckDB would take that file's log for this one's. */
  get isReplaced(): boolean {
    return this.lock?.place === "other";
  }

  /** Closes the file as it is. */
  close(): void {
    this.#closeDatabase();
    this.lock?.release();
    this.release();
  }

  #closeDatabase(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.connection.closeSync();
    this.instance.closeSync();
  }
}

async function remove(draft: string): Promise<void> {
  await rm(draft, { force: true });
  await rm(`${draft}.wal`, { force: true });
}

/** Gives a finished file its name, unless another file has that name. */
async function nameIt(draft: string, path: string): Promise<boolean> {
  try {
    await secondName(draft, path);
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
  await syncFolder(dirname(path));
  return true;
}

/** Gives a file a second name that nothing has yet. If the file system has no second names, the file is copied. */
async function secondName(path: string, other: string): Promise<void> {
  await link(path, other).catch((error: unknown) => {
    if (errorCode(error) === "EEXIST") throw error;
    return copyFile(path, other, constants.COPYFILE_EXCL);
  });
}
