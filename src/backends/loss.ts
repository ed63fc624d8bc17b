import { StateLostError } from "../errors.js";

/**
 * Whether a manager and its backend know that the state went back. Once they know, no change is sent and no event is reported until the flow is connected
 * again: the manager knows of changes that the state has lost, so a new decision would rest on facts that no longer hold.
 */
export class Loss {
  #aborts = new AbortController();
  #message = "";

  /** Aborts when the loss becomes known. */
  get signal(): AbortSignal {
    return this.#aborts.signal;
  }

  /** The loss in words. */
  get message(): string {
    return this.#message;
  }

  /** Throws a StateLostError once the loss is known. */
  check(): void {
    if (this.#aborts.signal.aborted) throw new StateLostError(this.#message);
  }

  /** Notes the loss. The first message stays. */
  note(message: string): StateLostError {
    if (!this.#aborts.signal.aborted) this.#message = message;
    this.#aborts.abort();
    return new StateLostError(this.#message);
  }

  /** Forgets the loss: whoever connects works with the state that is there. */
  forget(): void {
    if (this.#aborts.signal.aborted) this.#aborts = new AbortController();
  }
}
