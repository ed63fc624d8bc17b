/**
 * DuckDB's log beside an open file, and the proof that nothing is missing where there is none.
 *
 * DuckDB removes its log at every checkpoint and makes another when something is written. A file that is open says so; if its log is
 * missing then, acknowledged changes may be. They are not where the proof lies beside it: it names the newest checkpoint, and is
 * removed before the first change after that is acknowledged.
 */
import { constants, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "../../error-code.js";
import { syncFolder } from "../../sync-folder.js";

/** The proof in words, where the log was found empty: nothing in it can be missing. */
const EMPTY = "the log is empty";
/** A proof is one line. */
const LONGEST_PROOF = 100;

export class OpenLog {
  readonly #log: string;
  readonly #proof: string;

  constructor(path: string) {
    this.#log = `${path}.wal`;
    this.#proof = `${path}.nolog`;
  }

  /** Bytes; undefined when there is none. */
  async size(): Promise<number | undefined> {
    try {
      return (await stat(this.#log)).size;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Makes an empty log, for its owner only, unless there is one: DuckDB, which would make one for everybody, goes on in it. */
  async begin(): Promise<void> {
    await makeEmpty(this.#log);
  }

  /** Proves from now on that nothing is acknowledged after this checkpoint; by default, that there was nothing in the log. */
  async prove(checkpoint: string = EMPTY): Promise<void> {
    const draft = `${this.#proof}.new`;
    const file = await open(draft, "w", 0o600);
    try {
      await file.writeFile(checkpoint);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, this.#proof);
    await syncFolder(dirname(this.#proof));
  }

  /** Whether nothing is missing after this checkpoint, though there is no log. */
  async proves(checkpoint: string): Promise<boolean> {
    try {
      const file = await open(this.#proof, constants.O_RDONLY);
      try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(LONGEST_PROOF), 0, LONGEST_PROOF, 0);
        return [checkpoint, EMPTY].includes(buffer.toString("utf8", 0, bytesRead));
      } finally {
        await file.close();
      }
    } catch (error) {
      if (errorCode(error) === "ENOENT") return false;
      throw error;
    }
  }

  /** A change is acknowledged from now on. */
  async disprove(): Promise<void> {
    await rm(this.#proof, { force: true });
    await syncFolder(dirname(this.#proof));
  }
}

/** Makes an empty file for its owner only, unless there is a file. */
export async function makeEmpty(path: string): Promise<void> {
  try {
    await (await open(path, "wx", 0o600)).close();
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
}
