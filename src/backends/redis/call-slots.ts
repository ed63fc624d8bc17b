import { randomBytes } from "node:crypto";
import { ANSWER_MEMORY, elapsed, moment } from "./moment.js";

/**
 * The slots under which Redis remembers answers. Each call in flight has a slot, and Redis keeps one answer per slot: it remembers as many answers as
 * there were calls in flight at once. The numbers of calls in a slot grow, so the script recognises a late copy of an older call. After nine minutes
 * a new session with slots of its own takes over, and Redis forgets the old one.
 */
export class CallSlots {
  /** The part of the key's name that these slots share. */
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

  /** Frees the slot of a call that is settled: nobody will ask for its answer again. */
  free(slot: number): void {
    this.#free.push(slot);
  }
}
