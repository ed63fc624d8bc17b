/** DuckDB's log beside an open file. DuckDB removes it at every checkpoint, and goes on in an empty one that it finds. */
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

  /** Bytes; undefined when there is none. */
  get size(): number | undefined {
    const found = this.#look();
    return found && Number(found.size);
  }

  /** Makes an empty log, for its owner only, unless there is one: DuckDB would make one for everybody. */
  async begin(): Promise<void> {
    await makeEmpty(this.path);
    this.#seen = this.#look();
  }

  /** Whether the log is what it was after the last commit: not removed, not replaced, not written by others. */
  get isAsLeft(): boolean {
    const found = this.#look();
    return found !== undefined && found.ino === this.#seen?.ino && found.size === this.#seen.size;
  }

  /** A commit was written: whether it is in the file that is there. */
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
