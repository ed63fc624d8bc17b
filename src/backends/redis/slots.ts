/**
 * Where Redis remembers the answers to a session's calls: each call in flight has a slot of its own, and Redis one answer per slot,
 * so what it remembers is bounded by the calls in flight. The numbers of a session's calls grow, so that a late copy of an older
 * call in the same slot is recognised.
 */
export class Slots {
  readonly #free: number[] = [];
  #count = 0;

  /** A slot for one call. */
  take(): number {
    return this.#free.pop() ?? this.#count++;
  }

  /** The call is settled for good: nobody will ask for its answer again. */
  free(slot: number): void {
    this.#free.push(slot);
  }
}
