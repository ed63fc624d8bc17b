import { StateError } from "../errors.js";

/** An instance that ends by itself says so, once: what gave heartbeats and is silent, without a word, is dead. */
export class SignOff {
  readonly #say: (lastHeartbeat: number) => Promise<void>;
  /** The heartbeat told last, as it comes; undefined: none since the last word. */
  #last: Promise<number | undefined> | undefined;

  constructor(say: (lastHeartbeat: number) => Promise<void>) {
    this.#say = say;
  }

  /** Looks at a heartbeat that was asked for. */
  see(beat: Promise<Date>): void {
    const before = this.#last;
    this.#last = beat.then(
      (at) => at.getTime(),
      () => before,
    );
  }

  /** Signs off, if there is anything to sign off from. A store that does not answer keeps nobody from closing. */
  async tell(): Promise<void> {
    const last = await this.#last;
    this.#last = undefined;
    if (last === undefined) return;
    try {
      await this.#say(last);
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
    }
  }
}
