/**
 * A small file beside the log that says how many commits the log must hold: those that were acknowledged, and the checkpoint they follow. A log that was
 * cut looks like one whose last commit was torn by a crash; this file tells the two apart.
 *
 * The number is written after DuckDB has synced the commit and before anybody is told of it, so it is never ahead of the log. Only the first
 * one after a checkpoint is synced: a power cut may leave a number that is too low, and then less is noticed.
 */
import { closeSync, fdatasyncSync, fstatSync, openSync, statSync, writeSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "../../error-code.js";
import { syncFolder } from "../../sync-folder.js";

/** The log was found empty: nothing in it can be missing. */
const EMPTY = "the log is empty";
/** All numbers have the same length: each is written over the last one. */
const DIGITS = 16;
/** At most three lines. */
const LONGEST = 400;

export class Acknowledged {
  readonly #path: string;
  /** The line of the newest checkpoint, which may not be finished. */
  #line: { readonly checkpoint: string; readonly fd: number; readonly size: number } | undefined;
  /** The newest finished checkpoint, and the commits after it. */
  #last: { readonly checkpoint: string; readonly commits: number } | undefined;

  constructor(path: string) {
    this.#path = acknowledgedPath(path);
  }

  /** How many commits must follow this checkpoint; undefined if nothing says it. */
  async after(checkpoint: string): Promise<number | undefined> {
    const lines = (await this.#text())?.split("\n") ?? [];
    if (lines.includes(EMPTY)) return 0;
    const told = lines.map((line) => /^(\S+) (\d{16})$/.exec(line)).find((found) => found?.[1] === checkpoint);
    if (!told) return undefined;
    const commits = Number(told[2]);
    this.#last = { checkpoint, commits };
    return commits;
  }

  /** Notes that nothing is acknowledged yet after this checkpoint, which will be written. What the last checkpoint requires stays, too. */
  async begin(checkpoint: string): Promise<void> {
    const last = this.#last ? lineOf(this.#last.checkpoint, this.#last.commits) : "";
    await this.#write(checkpoint, lineOf(checkpoint, 0) + last);
  }

  /** Notes that the checkpoint that began is in the file. */
  finish(): void {
    if (this.#line) this.#last = { checkpoint: this.#line.checkpoint, commits: 0 };
  }

  /** Notes that this many commits since the last checkpoint are acknowledged. */
  async note(commits: number): Promise<void> {
    const line = this.#line;
    if (!line || !this.#last) return;
    // Somebody removed, replaced or emptied the file: it is made anew.
    if (!this.#isAsLeft) await this.#write(line.checkpoint, lineOf(line.checkpoint, commits));
    else writeSync(line.fd, digits(commits), line.checkpoint.length + 1);
    if (this.#last.commits === 0 && this.#line) {
      fdatasyncSync(this.#line.fd);
      // Syncs the name of the log that DuckDB has just begun to write.
      await syncFolder(dirname(this.#path));
    }
    this.#last = { checkpoint: this.#last.checkpoint, commits };
  }

  /** Notes that the log is empty, while DuckDB removes it and makes another. Call the result to take that back. */
  async sayEmpty(): Promise<() => Promise<void>> {
    const before = await this.#text();
    await this.#replace(`${EMPTY}\n${before ?? ""}`);
    return () => (before === undefined ? this.remove() : this.#replace(before));
  }

  /** The DuckDB file needs no log from now on. */
  async remove(): Promise<void> {
    this.release();
    await rm(this.#path, { force: true });
    await syncFolder(dirname(this.#path));
  }

  /** Closes the file and leaves it as it is. */
  release(): void {
    if (this.#line) closeSync(this.#line.fd);
    this.#line = undefined;
  }

  async #write(checkpoint: string, text: string): Promise<void> {
    await this.#replace(text);
    this.release();
    this.#line = { checkpoint, fd: openSync(this.#path, "r+"), size: text.length };
  }

  get #isAsLeft(): boolean {
    const found = statSync(this.#path, { bigint: true, throwIfNoEntry: false });
    if (!this.#line || found?.ino !== fstatSync(this.#line.fd, { bigint: true }).ino) return false;
    return found.size === BigInt(this.#line.size);
  }

  async #text(): Promise<string | undefined> {
    try {
      const file = await open(this.#path, "r");
      try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(LONGEST), 0, LONGEST, 0);
        return buffer.toString("utf8", 0, bytesRead);
      } finally {
        await file.close();
      }
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  async #replace(text: string): Promise<void> {
    const draft = `${this.#path}.new`;
    const file = await open(draft, "w", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, this.#path);
    await syncFolder(dirname(this.#path));
  }
}

/** Path of the file with the number of acknowledged commits. */
export function acknowledgedPath(file: string): string {
  return `${file}.acked`;
}

function lineOf(checkpoint: string, commits: number): string {
  return `${checkpoint} ${digits(commits)}\n`;
}

function digits(commits: number): string {
  return String(commits).padStart(DIGITS, "0");
}
