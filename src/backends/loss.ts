import { StateLostError } from "../errors.js";

/**
 * Whether a manager and its backend know that the state went back. Once they do, no change is sent and no event is told until the flow is connected
 * again: the manager knows of changes that the state has lost, so a new decision would rest on facts that no longer hold.
 */
export class Loss {
  #aborts = new AbortController();
  #message = "";

  /** Aborts when it becomes known. */
  get signal(): AbortSignal {
    return this.#aborts.signal;
  }

  /** What is known, in words. */
  get message(): string {
    return this.#message;
  }

  /** Throws a StateLostError once it is known. */
  check(): void {
    if (this.#aborts.signal.aborted) throw new StateLostError(this.#message);
  }

  /** From now on it is known. What was said first stays. */
  note(message: string): StateLostError {
    if (!this.#aborts.signal.aborted) this.#message = message;
    this.#aborts.abort();
    return new StateLostError(this.#message);
  }

  /** Whoever connects works on what is there. */
  forget(): void {
    if (this.#aborts.signal.aborted) this.#aborts = new AbortController();
  }
}
