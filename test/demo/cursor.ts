import type { StateManager } from "../../src/index.js";
import type { FlowClock } from "./flow.js";
import type { KillPoint } from "./kill-point.js";

/** Without any trade the flow says this often (on its own clock) that it is alive, ms. */
const IDLE = 4 * 3_600_000;

/**
 * How far the market was traded: the last heartbeat of whoever trades it, on a clock that shows the minute that is traded. No
 * second store, no second truth.
 *
 * The rule: before the first change of a minute, the heartbeat stands at the minute before. So a bot that starts again after the
 * last heartbeat meets, in this order: minutes in which nothing was changed (they decide on the state they decided on before,
 * and change nothing again), the one minute in which it died (every step of which may be repeated), and minutes it never saw.
 */
export class Cursor {
  readonly #manager: StateManager;
  readonly #clock: FlowClock;
  readonly #pass: (point: KillPoint) => void;
  #reached: number | undefined;
  #previous: number | undefined;

  private constructor(manager: StateManager, clock: FlowClock, pass: (point: KillPoint) => void, reached?: number) {
    this.#manager = manager;
    this.#clock = clock;
    this.#pass = pass;
    this.#reached = reached;
    this.#previous = reached;
  }

  static async open(manager: StateManager, clock: FlowClock, pass: (point: KillPoint) => void): Promise<Cursor> {
    const self = (await manager.getInstances()).find(({ id }) => id === manager.instanceId);
    return new Cursor(manager, clock, pass, self?.lastHeartbeat.getTime());
  }

  /** The last minute that is certainly done; undefined when none is. */
  get reached(): number | undefined {
    return this.#reached;
  }

  /** Makes the minute before the one that is traded count as done. Before the market's first minute there is none. */
  settle = async (): Promise<void> => {
    if (this.#previous === undefined || this.#previous === this.#reached) return;
    const { now } = this.#clock;
    await this.#beat(this.#previous);
    this.#clock.now = now;
  };

  /** Ends a minute, and all before it; with `last`, or after a long time without a heartbeat, makes it count as done. */
  async end(minute: number, last: boolean): Promise<void> {
    this.#previous = minute;
    if (last || minute - (this.#reached ?? Number.NEGATIVE_INFINITY) >= IDLE) await this.#beat(minute);
  }

  async #beat(minute: number): Promise<void> {
    this.#clock.now = minute;
    const beating = this.#manager.heartbeat();
    this.#pass("beating");
    await beating;
    this.#reached = minute;
    this.#pass("beaten");
  }
}
