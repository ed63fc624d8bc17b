/** Work that many ask for at the same time, done once for all of them. */
import { setTimeout as pause } from "node:timers/promises";

/** From one beginning to the next, ms. */
const SPACE = 200;

interface Turn<Answer> {
  readonly now: Promise<Answer>;
  next?: Promise<Answer>;
}

/**
 * However many ask for the same key, its work runs at most five times a second, and never twice at the same time. Nobody gets an answer whose work began
 * before they asked.
 */
export class Shared<Answer> {
  readonly #turns = new Map<string, Turn<Answer>>();

  /** Answers, or rejects, with what `work` does. A `key` always stands for the same work. */
  ask(key: string, work: () => Promise<Answer>): Promise<Answer> {
    const turn = this.#turns.get(key);
    if (!turn) return this.#begin(key, work);
    turn.next ??= turn.now.then(
      () => this.#begin(key, work),
      () => this.#begin(key, work),
    );
    return turn.next;
  }

  #begin(key: string, work: () => Promise<Answer>): Promise<Answer> {
    const answer = work();
    const rested = Promise.allSettled([answer, pause(SPACE, undefined, { ref: false })]);
    const turn: Turn<Answer> = { now: rested.then(() => answer) };
    turn.now.catch(() => {}); // whoever asked was told
    this.#turns.set(key, turn);
    void rested.then(() => {
      if (this.#turns.get(key) === turn && !turn.next) this.#turns.delete(key);
    });
    return answer;
  }
}
