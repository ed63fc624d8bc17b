import { StateLostError } from "../errors.js";

/**
 * What a manager and its backend know of a state that went back. From then on no change is sent, and no event told, until the flow is connected
 * again: a call of somebody who knows more than the state would be decided on what is no longer so.
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
