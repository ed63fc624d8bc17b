/**
 * Which of a machine's processes sends the alerts: its owner's id is in a file beside the file of alerts, and the owner touches it. If nobody has touched it
 * for long, because the owner was killed or hangs, another process takes over.
 */
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "../error-code.js";

export class Claim {
  readonly #path: string;
  readonly #owner: string;
  readonly #abandoned: number;

  /** `owner` is unique to this process. A claim that nobody has touched for `abandoned` ms is free. */
  constructor(path: string, owner: string, abandoned: number) {
    this.#path = path;
    this.#owner = owner;
    this.#abandoned = abandoned;
  }

  /** Whether this process sends alerts now; takes a claim that is free. If two processes take over at once, both may get true, until they ask again. */
  async take(): Promise<boolean> {
    if (await this.#isOurs()) {
      const now = new Date();
      await utimes(this.#path, now, now);
      return true;
    }
    if (await this.#make()) return true;
    const age = await this.#age();
    if (age !== undefined && age < this.#abandoned) return false;
    // If several processes move the old claim away, only one of them succeeds.
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
