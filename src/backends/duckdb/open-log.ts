/** DuckDB's log beside an open file. DuckDB removes the log at every checkpoint, and continues in an empty one if it finds one. */
import { statSync } from "node:fs";
import { open } from "node:fs/promises";
import { errorCode } from "../../error-code.js";

interface Seen {
  readonly ino: bigint;
  readonly size: bigint;
}

export class OpenLog {
  readonly path: string;
  #seen: Seen | undefined;

  constructor(file: string) {
    this.path = `${file}.wal`;
  }

  /** Bytes; undefined if there is no log. */
  get size(): number | undefined {
    const found = this.#look();
    return found && Number(found.size);
  }

  /** Makes an empty log that only its owner may read, unless there is one. DuckDB would make one that everybody may read. */
  async begin(): Promise<void> {
    await makeEmpty(this.path);
    this.#seen = this.#look();
  }

  /** Whether the log is as the last commit left it: not removed, not replaced, not written by others. */
  get isAsLeft(): boolean {
    const found = this.#look();
    return found !== undefined && found.ino === this.#seen?.ino && found.size === this.#seen.size;
  }

  /** Notes that a commit was written. False if it is not in the log that is there. */
  grow(): boolean {
    const [before, found] = [this.#seen, this.#look()];
    this.#seen = found;
    return found !== undefined && found.ino === before?.ino && found.size > before.size;
  }

  #look(): Seen | undefined {
    return statSync(this.path, { bigint: true, throwIfNoEntry: false });
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
