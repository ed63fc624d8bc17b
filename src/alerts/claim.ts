/**
 * Which of several processes of a machine tells: a file beside the one of what was told, which its owner touches. It is taken over when nobody has
 * touched it for long, so that an owner that was killed, or hangs, is followed by another.
 */
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "../error-code.js";

export class Claim {
  readonly #path: string;
  readonly #owner: string;
  readonly #abandoned: number;

  /** `owner` is this process's alone; a claim that nobody touched for `abandoned` ms is nobody's. */
  constructor(path: string, owner: string, abandoned: number) {
    this.#path = path;
    this.#owner = owner;
    this.#abandoned = abandoned;
  }

  /** Whether this process tells now; takes the claim where it is nobody's. Of two that take over at once both may think so until they ask again. */
  async take(): Promise<boolean> {
    if (await this.#isOurs()) {
      const now = new Date();
      await utimes(this.#path, now, now);
      return true;
    }
    if (await this.#make()) return true;
    const age = await this.#age();
    if (age !== undefined && age < this.#abandoned) return false;
    // Of several that move the old one away one does.
    const aside = `${this.#path}.${this.#owner}`;
    try {
      await rename(this.#path, aside);
      await rm(aside, { force: true });
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
    }
    return this.#make();
  }

  async release(): Promise<void> {
    if (await this.#isOurs()) await rm(this.#path, { force: true });
  }

  async #make(): Promise<boolean> {
    await mkdir(dirname(this.#path), { recursive: true });
    try {
      await writeFile(this.#path, this.#owner, { flag: "wx", mode: 0o600 });
      return true;
    } catch (error) {
      if (errorCode(error) === "EEXIST") return false;
      throw error;
    }
  }

  async #isOurs(): Promise<boolean> {
    try {
      return (await readFile(this.#path, "utf8")) === this.#owner;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return false;
      throw error;
    }
  }

  async #age(): Promise<number | undefined> {
    try {
      return Date.now() - (await stat(this.#path)).mtimeMs;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }
}
