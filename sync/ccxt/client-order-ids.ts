/** Client order ids in an exchange's form. Bots use at most 32 of `[A-Za-z0-9_-]`; some exchanges allow less. */
import { createHash } from "node:crypto";
import type { IdForm } from "./language/dialect.js";

/** How many digests are remembered. An order older than that shows its digest. */
const MEMORY = 10_000;

/** Translates ids in both directions. A digest cannot be reversed: it is recognised once this process asked for the id, or was given it. */
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

  /** Lets `ours` recognise the digests of these ids. */
  recognise(ids: Iterable<string>): void {
    for (const id of ids) this.theirs(id);
  }

  ours(theirs: string): string {
    const prefix = this.#form?.prefix ?? "";
    const bare = prefix !== "" && theirs.startsWith(prefix) ? theirs.slice(prefix.length) : theirs;
    return this.#known.get(bare) ?? bare;
  }
}
