import type { PendingOrder } from "../../src/types.js";
import { type AdmissionPlan, type RequestOfPlan, requestOf } from "./plan.js";
import { type Entry, type Step, stepsOf, sweepOf } from "./trade.js";

/** A trade on its way, in the process that made it or took it up. */
export class Trade {
  readonly entry: Entry;
  readonly request: RequestOfPlan;
  readonly #steps: Step[];
  #next = 0;
  #touched: boolean;
  #swept = false;

  /** `order`: the entry as it was last seen, while it was pending. `takenUp`: from another process; nobody knows how far that got. */
  constructor(
    plan: AdmissionPlan,
    worker: number,
    readonly signal: number,
    id: string,
    readonly order: PendingOrder | undefined,
    readonly takenUp = false,
  ) {
    this.request = requestOf(plan, signal, worker);
    this.entry = { id, size: this.request.size, price: this.request.price };
    this.#steps = stepsOf(plan, this.entry);
    this.#touched = takenUp;
  }

  get isOver(): boolean {
    return this.#next >= this.#steps.length;
  }

  get step(): Step {
    const step = this.#steps[this.#next];
    if (!step) throw new Error(`the trade of ${this.entry.id} is over`);
    return step;
  }

  /** The step is done; `asPlanned` is false when somebody else has been at the trade, and something of it may be left. */
  done(asPlanned: boolean): void {
    this.#touched ||= !asPlanned;
    this.#next += 1;
    if (this.isOver && this.#touched && !this.#swept) this.sweep();
  }

  /** Has whatever is still there go. */
  sweep(): void {
    this.#swept = true;
    this.#steps.push(...sweepOf(this.entry, this.#steps));
  }
}
