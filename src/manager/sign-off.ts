import { StateError } from "../errors.js";

/** Signs an instance off when it closes. An instance that gave heartbeats, did not sign off and is silent counts as dead. */
export class SignOff {
  readonly #say: (lastHeartbeat: number) => Promise<void>;
  /** The latest heartbeat, as a promise; undefined: none since the last sign-off. */
  #last: Promise<number | undefined> | undefined;

  constructor(say: (lastHeartbeat: number) => Promise<void>) {
    this.#say = say;
  }

  /** Notes a heartbeat. */
  see(beat: Promise<Date>): void {
    const before = this.#last;
    this.#last = beat.then(
      (at) => at.getTime(),
      () => before,
    );
  }

  /** Signs off if the instance gave a heartbeat. If the store does not answer, closing continues. */
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
