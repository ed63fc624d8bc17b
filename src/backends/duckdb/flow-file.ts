import { randomUUID } from "node:crypto";
import { constants, copyFile, link, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { claim } from "./open-here.js";
import { lockedBy } from "./refusal.js";

const OPTIONS = {
  // One small statement at a time: a second thread would only wake up to find nothing to do.
  threads: "1",
  memory_limit: "1GB",
  // Most flows are small, and blocks of 256 KiB would make 1 MB of a few rows.
  default_block_size: "16384",
  // A checkpoint comes when the backend says so, and never when a file is only looked at.
  checkpoint_threshold: "1TB",
  autoinstall_known_extensions: "false",
  autoload_known_extensions: "false",
};

/** A DuckDB file that is open, and held against everybody else. */
export class FlowFile {
  private constructor(
    readonly connection: DuckDBConnection,
    private readonly instance: DuckDBInstance,
    private readonly release: () => void,
  ) {}

  /** Opens a file that exists, without writing to it. Throws a LockedError when it is open already, and what DuckDB throws. */
  static async open(path: string): Promise<FlowFile> {
    const release = claim(path);
    if (!release) throw lockedBy(path, process.pid);
    try {
      return await FlowFile.#open(path, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  /**
   * Makes a file that `fill` has filled. Nobody sees it half made: it gets its name when it is done. False when somebody else
   * was quicker.
   */
  static async make(path: string, fill: (connection: DuckDBConnection) => Promise<void>): Promise<boolean> {
    const draft = `${path}.new-${randomUUID()}`;
    try {
      const file = await FlowFile.#open(draft, () => {});
      await fill(file.connection).finally(() => file.close());
      return await nameIt(draft, path);
    } finally {
      await rm(draft, { force: true });
      await rm(`${draft}.wal`, { force: true });
    }
  }

  static async #open(path: string, release: () => void): Promise<FlowFile> {
    const instance = await DuckDBInstance.create(path, OPTIONS);
    const file = new FlowFile(await instance.connect(), instance, release);
    try {
      await file.connection.run("PRAGMA disable_checkpoint_on_shutdown");
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Lets go of the file as it is. */
  close(): void {
    this.connection.closeSync();
    this.instance.closeSync();
    this.release();
  }
}

/** Gives a finished file its name, unless there is a file of that name. */
async function nameIt(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path).catch((error: unknown) => {
      // Some file systems know no second name; there the file is copied.
      if (codeOf(error) === "EEXIST") throw error;
      return copyFile(draft, path, constants.COPYFILE_EXCL);
    });
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
  await syncFolder(dirname(path));
  return true;
}

/** Makes a new name survive a power cut, where the system can. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder);
    await handle.sync().finally(() => handle.close());
  } catch {
    // Windows opens no folders; there the name is as durable as the file system makes it.
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
