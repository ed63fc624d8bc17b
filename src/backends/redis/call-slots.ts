import { randomBytes } from "node:crypto";
import { ANSWER_MEMORY, elapsed, moment } from "./moment.js";

/**
 * Where Redis remembers the answers to calls: each call in flight has a slot of its own, and Redis one answer per slot, so what it
 * remembers is bounded by the calls in flight. The numbers of the calls in a slot grow, so that a late copy of an older call in the
 * same slot is recognised. After a while other slots take the calls, so that Redis forgets what these held.
 */
export class CallSlots {
  /** Their part of the key's name. */
  readonly id = randomBytes(6).toString("base64url");
  readonly #since = moment();
  readonly #free: number[] = [];
  #count = 0;

  get isOver(): boolean {
    return elapsed(this.#since) > ANSWER_MEMORY;
  }

  /** A slot for one call. */
  take(): number {
    return this.#free.pop() ?? this.#count++;
  }

  /** The call is settled for good: nobody will ask for its answer again. */
  free(slot: number): void {
    this.#free.push(slot);
  }
}
