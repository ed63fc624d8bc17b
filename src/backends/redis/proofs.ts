import { ANSWER_MEMORY, elapsed, type Moment } from "./moment.js";

/** An answer to a change. If Redis still remembers it, the state has not gone back behind it. */
export interface Answer {
  /** The call, `slot:number`. */
  readonly call: string;
  /** The session whose hash remembers it. */
  readonly session: string;
  /** When its first copy was sent. Redis has remembered it since then or later. */
  readonly sentAt: Moment;
  /** When the answer came, ms since 1970. */
  readonly at: number;
  /** Grows with each answer. An answer that waited for replicas gets its number after the wait. */
  readonly order: number;
}

/** What a copy of a call carries: the text of the proof, and the sessions of the answers that are of other sessions, in the order of their keys. */
export interface Carried {
  readonly proof: string;
  readonly sessions: readonly string[];
  /** When the newest of these answers came, ms since 1970. */
  readonly at: number;
  /** Changes when known answers are dropped: a copy that was sent before that proves nothing any more. */
  readonly era: number;
}

/** How many answers to repeated calls are carried beside the newest one. */
const MOST_BESIDE = 8;

/**
 * The newest answers that a manager has. Answers on one connection come in the order in which the calls ran, so the last one is the newest. An answer
 * to a call that was sent again is the exception: Redis may have remembered it, so it may be older than it looks. It is carried beside the newest
 * answer until a newer one comes.
 */
export class Proofs {
  #newest: Answer | undefined;
  #beside: Answer[] = [];
  #era = 0;

  answered(answer: Answer, sentAgain: boolean): void {
    if (sentAgain) {
      this.#beside.push(answer);
      if (this.#beside.length > MOST_BESIDE) this.#beside.shift();
    } else if (!this.#newest || this.#newest.order < answer.order) {
      this.#newest = answer;
      if (this.#beside.length > 0) this.#beside = [];
    }
  }

  /** The proof for a copy that is sent now, in this session, to a script with this many keys. */
  carried(session: string, keys: number): Carried {
    const sessions: string[] = [];
    let proof = "";
    let at = 0;
    const add = (answer: Answer) => {
      if (elapsed(answer.sentAt) > ANSWER_MEMORY) return;
      if (proof !== "") proof += " ";
      proof += answer.call;
      at = Math.max(at, answer.at);
      if (answer.session === session) return;
      if (!sessions.includes(answer.session)) sessions.push(answer.session);
      proof += `:${keys + 1 + sessions.indexOf(answer.session)}`;
    };
    if (this.#newest) add(this.#newest);
    for (const answer of this.#beside) add(answer);
    return { proof, sessions, at, era: this.#era };
  }

  /** Whether a copy carried answers that are still relied on. */
  isOfNow({ era }: Carried): boolean {
    return era === this.#era;
  }

  /** Drops all known answers. */
  forget(): void {
    this.#newest = undefined;
    this.#beside = [];
    this.#era++;
  }
}
