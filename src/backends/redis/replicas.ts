import type { Socket } from "node:net";
import { patience } from "./client.js";
import type { Connection } from "./connection.js";
import { loopClock } from "./loop-clock.js";
import type { RedisConfig } from "./redis-config.js";

/** How long one WAIT may delay the calls behind it on the connection, ms. While replicas are missing, another WAIT follows. */
const LONGEST_WAIT = 100;

/** A WAIT that will be sent. */
interface Round {
  readonly stream: Socket;
  /** The earliest deadline of its callers, a time of the loop's clock. */
  deadline: number;
  readonly confirmed: Promise<number>;
}

/**
 * Tells how many replicas have what was written on a connection. All who ask at once share one WAIT, and only one WAIT runs at a time: a missing
 * replica holds up other calls for no longer than one WAIT.
 */
export class Replicas {
  /** How many replicas have to confirm a change; 0: WAIT is not used. */
  readonly wanted: number;
  readonly #longest: number;
  #next: Round | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(config: RedisConfig) {
    this.wanted = config.wait_replicas;
    this.#longest = Math.max(1, Math.min(LONGEST_WAIT, Math.floor(patience(config) / 2)));
  }

  /**
   * Resolves to how many replicas have everything that this connection wrote before the call: as soon as they are enough, or at the deadline. Rejects
   * when there is a new connection by now, since that one has written nothing to wait for.
   */
  async confirmed(connection: Connection, stream: Socket, deadline: number): Promise<number> {
    let known: number | undefined;
    for (;;) {
      try {
        known = await this.#join(connection, stream, deadline);
      } catch (error) {
        // The last WAIT ran out of time, but the one before it has a result.
        if (known === undefined || connection.stream !== stream || loopClock.now() < deadline) throw error;
        return known;
      }
      if (known >= this.wanted || loopClock.now() >= deadline) return known;
    }
  }

  #join(connection: Connection, stream: Socket, deadline: number): Promise<number> {
    if (this.#next?.stream === stream) {
      this.#next.deadline = Math.min(this.#next.deadline, deadline);
      return this.#next.confirmed;
    }
    const last = this.#last;
    const round: Round = { stream, deadline, confirmed: last.then(() => this.#ask(connection, round)) };
    this.#next = round;
    this.#last = round.confirmed.catch(() => {});
    return round.confirmed;
  }

  async #ask(connection: Connection, round: Round): Promise<number> {
    // Callers whose answer came together with the one that began the round take part in it.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    if (this.#next === round) this.#next = undefined;
    if (connection.stream !== round.stream) throw new Error("the connection was lost");
    const left = Math.floor(round.deadline - loopClock.now());
    const time = Math.max(1, Math.min(this.#longest, Math.floor(left / 2)));
    return Number(await connection.send("wait", [this.wanted, time], round.deadline));
  }
}
