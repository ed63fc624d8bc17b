import type { Invocation } from "./invocation.js";

/** What goes wrong in a command that goes on and on: each thing is said when it begins, and again only after it was over. */
export class Complaints {
  #standing: ReadonlySet<string> = new Set();

  constructor(private readonly invocation: Invocation) {}

  /** All that is wrong now. */
  tell(messages: readonly string[]): void {
    for (const message of new Set(messages)) if (!this.#standing.has(message)) this.invocation.complain(message);
    this.#standing = new Set(messages);
  }
}
