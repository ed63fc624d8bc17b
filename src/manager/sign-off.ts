import { StateError } from "../errors.js";

/** An instance that ends by itself signs off, once. One that gave heartbeats, did not sign off and is silent is dead. */
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

  /** Signs off, if the instance gave a heartbeat. If the store does not answer, closing goes on. */
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
