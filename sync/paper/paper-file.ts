import {
  closeSync,
  existsSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  writeFile,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { CorruptStateError, InvalidArgumentError, StateError } from "../../src/errors.js";
import type { Book, WrittenRow } from "./book.js";
import { claim } from "./claim.js";
import { paperLine, paperText, readPaperText } from "./paper-text.js";
import { contradiction, type RuleOptions, type Rules, rulesOf } from "./rules.js";

const append = promisify(writeFile);
const sync = promisify(fdatasync);

/** The file is rewritten when its added lines exceed this length and that of the initial part. */
const MIN_TAIL_BYTES = 1_000_000;

/** The file of a simulated exchange. Changes that wait at the same time share one write. */
export class PaperFile {
  #waiting: WrittenRow[] = [];
  #current: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #base: number;
  #tail = 0;

  private constructor(
    readonly path: string,
    /** The rules in the file. */
    readonly rules: Rules,
    private readonly letGo: () => void,
    private fd: number,
    base: number,
    /** The present state, including what waits to be written. */
    private readonly book: Book,
  ) {
    this.#base = base;
  }

  /**
   * Opens the file, or makes it, and loads its rows into the book. Throws a LockedError if another process has it, an InvalidArgumentError if it cannot be
   * written or its exchange has other rules, a CorruptStateError if it cannot be read. A file of an earlier version is rewritten: that version refuses it
   * from then on.
   */
  static open(given: string, options: RuleOptions, book: Book): PaperFile {
    try {
      return PaperFile.#open(placeOf(given), options, book);
    } catch (error) {
      if (error instanceof StateError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new InvalidArgumentError(`options.file: ${given} cannot be opened: ${reason}`, { cause: error });
    }
  }

  static #open(path: string, options: RuleOptions, book: Book): PaperFile {
    const letGo = claim(path);
    try {
      if (!existsSync(path)) {
        const rules = rulesOf(options);
        book.begin(rules);
        const { fd, length } = writeAnew(path, paperText(rules, book.written()));
        return new PaperFile(path, rules, letGo, fd, length, book);
      }
      const bytes = readFileSync(path);
      const { rules, rows, isOlder, length } = readPaperText(path, bytes);
      const other = contradiction(rules, options);
      if (other !== undefined) throw new InvalidArgumentError(`${other}, for the exchange in ${path}`);
      load(path, book, rows);
      if (isOlder) {
        const { fd, length } = writeAnew(path, paperText(rules, book.written()));
        return new PaperFile(path, rules, letGo, fd, length, book);
      }
      const fd = openSync(path, "a");
      if (length < bytes.length) {
        ftruncateSync(fd, length);
        fsyncSync(fd);
      }
      return new PaperFile(path, rules, letGo, fd, length, book);
    } catch (error) {
      letGo();
      throw error;
    }
  }

  /** Appends what changed. Resolves when that is durable. After a failure nothing more is appended. */
  append(rows: readonly WrittenRow[]): Promise<void> {
    if (rows.length === 0) return this.settled();
    for (const row of rows) this.#waiting.push(row);
    this.#next ??= this.#write(this.#current);
    return this.#next;
  }

  /** Resolves when everything added so far is durable. */
  settled(): Promise<void> {
    return this.#next ?? this.#current;
  }

  /** Waits for pending writes, and releases the file. */
  async close(): Promise<void> {
    try {
      await this.settled();
    } finally {
      closeSync(this.fd);
      this.letGo();
    }
  }

  async #write(previous: Promise<void>): Promise<void> {
    await previous;
    this.#current = this.#next ?? previous;
    this.#next = undefined;
    const rows = this.#waiting.splice(0);
    if (this.#tail > Math.max(MIN_TAIL_BYTES, this.#base)) {
      this.#compact();
      return;
    }
    const line = Buffer.from(paperLine(rows));
    await append(this.fd, line);
    await sync(this.fd);
    this.#tail += line.length;
  }

  #compact(): void {
    const { fd, length } = writeAnew(this.path, paperText(this.rules, this.book.written()));
    closeSync(this.fd);
    this.fd = fd;
    this.#base = length;
    this.#tail = 0;
  }
}

/** The path without symbolic links, since rewriting replaces the file. Makes the folder if it is missing. */
function placeOf(given: string): string {
  const path = resolve(given);
  mkdirSync(dirname(path), { recursive: true });
  return existsSync(path) ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path));
}

/** Replaces the file by a new one in one step. */
function writeAnew(path: string, text: string): { fd: number; length: number } {
  const draft = `${path}.new`;
  const bytes = Buffer.from(text);
  withFile(draft, "w", (fd) => {
    writeFileSync(fd, bytes);
    fsyncSync(fd);
  });
  renameSync(draft, path);
  withFile(dirname(path), "r", fsyncSync);
  return { fd: openSync(path, "a"), length: bytes.length };
}

function withFile(path: string, flags: "r" | "w", work: (fd: number) => void): void {
  const fd = openSync(path, flags);
  try {
    work(fd);
  } finally {
    closeSync(fd);
  }
}

function load(path: string, book: Book, rows: readonly WrittenRow[]): void {
  try {
    book.load(rows);
  } catch (error) {
    throw new CorruptStateError(`${path} holds rows that are not those of a paper exchange; it was left as it is`, {
      cause: error,
    });
  }
}
