/** Client order ids as an exchange takes them. Bots' are at most 32 of `[A-Za-z0-9_-]`; some exchanges take less. */
import { createHash } from "node:crypto";
import type { IdForm } from "./language/dialect.js";

/** How many digests are remembered; an order older than that shows its digest. */
const MEMORY = 10_000;

/** Translates ids there and back. A digest cannot be reversed: it is recognised once the id was asked for, or named, in this process. */
export class ClientOrderIds {
  readonly #form: IdForm | undefined;
  readonly #known = new Map<string, string>();

  constructor(form: IdForm | undefined) {
    this.#form = form;
  }

  theirs(id: string): string {
    if (this.#form === undefined || this.#form.fits.test(id)) return id;
    const hex = createHash("sha256").update(id).digest("hex").slice(0, 32);
    const digest = this.#form.digest(hex);
    this.#known.delete(digest);
    this.#known.set(digest, id);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MEMORY) break;
      this.#known.delete(oldest);
    }
    return digest;
  }

  /** From now on `ours` knows the digests of these. */
  recognise(ids: Iterable<string>): void {
    for (const id of ids) this.theirs(id);
  }

  ours(theirs: string): string {
    const prefix = this.#form?.prefix ?? "";
    const bare = prefix !== "" && theirs.startsWith(prefix) ? theirs.slice(prefix.length) : theirs;
    return this.#known.get(bare) ?? bare;
  }
}
