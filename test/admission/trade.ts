import { createHash } from "node:crypto";
import type { FillInput, OrderStatus } from "../../src/types.js";
import { seededRandom } from "../../sync/demo/seeded-random.js";
import { type AdmissionPlan, between, decimal, LOT_PLACES, TICK_PLACES } from "./plan.js";

/** One thing to tell the flow about a trade. Each may be told again: the second time changes nothing. */
export type Step =
  /** What became of the submitted entry. */
  | { readonly do: "mark"; readonly status: OrderStatus }
  | FillStep
  | { readonly do: "trail"; readonly sl: number }
  | { readonly do: "place"; readonly exit: string; readonly size: number }
  | { readonly do: "cancel"; readonly order: string; readonly releaseSignal: boolean }
  | { readonly do: "close"; readonly pnl: number };

/** An execution. `times` 2: told twice at once. `early`: perhaps before the entry that it closes. */
export interface FillStep {
  readonly do: "fill";
  readonly order: string;
  readonly fill: FillInput;
  readonly times: 1 | 2;
  readonly early?: true;
}

/** What of an entry its life depends on. */
export interface Entry {
  readonly id: string;
  readonly size: number;
  readonly price: number;
}

const DAY = 86_400_000;

/** The entry order that opened a position: one that it opened after the end of another is called `id~2`, `id~3`. */
export function entryOf(positionId: string): string {
  return positionId.replace(/~\d+$/, "");
}

/**
 * The life of an admitted entry, as the market has it. It follows from the plan and the order, so that every process knows it, and
 * one that takes up another's trade goes through it from the beginning.
 */
export function stepsOf(plan: AdmissionPlan, entry: Entry): Step[] {
  return new Life(plan, entry).steps();
}

/** What is left to do after a trade that somebody else has touched: whatever is still there goes. */
export function sweepOf(entry: Entry, steps: readonly Step[]): Step[] {
  const exits = steps.flatMap((step) => (step.do === "place" ? [cancelled(step.exit, false)] : []));
  return [...exits, cancelled(entry.id, true), { do: "close", pnl: -0.12345678 }];
}

/** The entry's executions that another process may hear of and tell first: of an order that is not in doubt, and that do not end it. */
export function entryFillsOf(entry: Entry, steps: readonly Step[]): FillInput[] {
  if (steps.some((step) => step.do === "mark" && (step.status === "unknown" || step.status === "rejected"))) return [];
  return steps.flatMap((step) => (step.do === "fill" && step.order === entry.id && !step.fill.done ? [step.fill] : []));
}

class Life {
  readonly #id: string;
  readonly #lots: number;
  readonly #ticks: number;
  readonly #beganAt: number;
  readonly #random: () => number;
  /** Whether all of its executions are of the day before, and told late. */
  readonly #isLate: boolean;

  constructor({ seed, beganAt }: AdmissionPlan, { id, size, price }: Entry) {
    this.#id = id;
    this.#lots = Math.round(size * 10 ** LOT_PLACES);
    this.#ticks = Math.round(price * 10 ** TICK_PLACES);
    this.#beganAt = beganAt;
    this.#random = seededRandom(seed, createHash("sha256").update(id).digest().readUInt32BE());
    this.#isLate = this.#random() < 0.08;
  }

  steps(): Step[] {
    const chance = this.#random();
    if (chance < 0.03) return [mark("submitted"), mark("rejected")];
    if (chance < 0.11) return this.#inDoubt();
    const marks = this.#marks();
    if (chance < 0.17) return [...marks, cancelled(this.#id, true)];
    if (chance < 0.19) return [...marks, cancelled(this.#id, true), ...this.#filledLate()];
    if (chance < 0.24) return [...marks, cancelled(this.#id, false)];
    return [...marks, ...this.#filledAndExited()];
  }

  #inDoubt(): Step[] {
    const doubt = [mark("submitted"), mark("unknown")];
    const chance = this.#random();
    if (chance < 0.3) return [...doubt, cancelled(this.#id, chance < 0.15)];
    if (chance < 0.5) return [...doubt, mark("rejected")];
    return [...doubt, ...this.#filledAndExited()];
  }

  #marks(): Step[] {
    const chance = this.#random();
    if (chance < 0.4) return [];
    return chance < 0.7 ? [mark("submitted"), mark("open")] : [mark("open")];
  }

  #filledAndExited(): Step[] {
    const chance = this.#random();
    if (chance < 0.15) return this.#exitedWhileFilling();
    if (chance < 0.35) return this.#partlyFilled();
    const exits = this.#exit(this.#lots);
    const entries = [...this.#fills(this.#id, this.#lots, "e"), ...this.#trail()];
    const [place, fill] = exits;
    if (this.#random() >= 0.2 || place?.do !== "place" || fill?.do !== "fill") return [...entries, ...exits];
    return [place, { ...fill, times: 1, early: true }, ...entries, ...exits.slice(1)];
  }

  /** The position is closed while the rest of its entry may still be filled; then it is filled, and opens the position again. */
  #exitedWhileFilling(): Step[] {
    const first = this.#part(this.#lots);
    return [
      ...this.#fills(this.#id, first, "e"),
      ...(this.#random() < 0.5 ? [this.#close()] : this.#exitOrder("x0", first, first)),
      ...this.#fills(this.#id, this.#lots - first, "l"),
      this.#close(),
    ];
  }

  /** The entry was cancelled, and some of it had been filled before that. */
  #filledLate(): Step[] {
    const lots = this.#part(this.#lots);
    return [...this.#fills(this.#id, lots, "e"), ...this.#exit(lots)];
  }

  /** The rest of the entry never comes: the exchange says so, or it is cancelled, before the exit or after it. */
  #partlyFilled(): Step[] {
    const lots = this.#part(this.#lots);
    const fills = this.#fills(this.#id, lots, "e");
    const exits = [...this.#trail(), ...this.#exit(lots)];
    const chance = this.#random();
    if (chance < 0.4) return [...withDone(fills), ...exits];
    if (chance < 0.7) return [...fills, cancelled(this.#id, true), ...exits];
    return [...fills, ...exits, cancelled(this.#id, false)];
  }

  #exit(lots: number): Step[] {
    const chance = this.#random();
    if (chance < 0.3) return [this.#close()];
    if (chance < 0.7 || lots === 1) return this.#exitOrder("x", lots, lots);
    const part = this.#part(lots);
    const first = this.#exitOrder("x", chance < 0.85 ? part : lots, part);
    if (chance < 0.85) return [...first, ...this.#exitOrder("y", lots - part, lots - part)];
    return [...first, this.#close(), cancelled(`${this.#id}-x`, false)];
  }

  /** An exit of `lots`, of which `taken` are filled. */
  #exitOrder(name: string, lots: number, taken: number): Step[] {
    const exit = `${this.#id}-${name}`;
    return [{ do: "place", exit, size: decimal(lots, LOT_PLACES) }, ...this.#fills(exit, taken, "x")];
  }

  /** One to three executions of so many lots in all, in any order, some of them told more than once. */
  #fills(order: string, lots: number, name: string): FillStep[] {
    const cuts = Array.from({ length: between(this.#random, 0, 2) }, () => this.#part(lots));
    const bounds = [...new Set([0, ...cuts, lots])].sort((a, b) => a - b);
    const fills = bounds.slice(1).map((bound, n): FillStep => {
      const size = decimal(bound - (bounds[n] ?? 0), LOT_PLACES);
      const times = this.#random() < 0.1 ? 2 : 1;
      return { do: "fill", order, fill: { fillId: `${name}${n}`, size, ...this.#execution() }, times };
    });
    if (this.#random() < 0.3) fills.reverse();
    return this.#random() < 0.25 ? [...fills, ...fills.slice(0, 1)] : fills;
  }

  /** Within 3 % of the entry; some are told with their time, and of these some are of the day before. */
  #execution(): Omit<FillInput, "fillId" | "size"> {
    const ticks = this.#ticks + between(this.#random, -30_000, 30_000);
    const chance = this.#random();
    const ts = this.#beganAt + between(this.#random, 0, 20_000) - (this.#isLate || chance < 0.05 ? DAY : 0);
    return {
      price: decimal(ticks, TICK_PLACES),
      ...(this.#random() < 0.8 && { fee: decimal(between(this.#random, -1_000_000, 60_000_000), 8) }),
      ...((this.#isLate || chance < 0.4) && { ts }),
    };
  }

  #trail(): Step[] {
    const sl = decimal(this.#ticks - between(this.#random, 0, 100_000), TICK_PLACES);
    return this.#random() < 0.3 ? [{ do: "trail", sl }] : [];
  }

  /** More is lost than won, so that the 2,000 signals reach every limit of daily loss. */
  #close(): Step {
    return { do: "close", pnl: decimal(between(this.#random, -2_900_000_000, 1_500_000_000), 8) };
  }

  /** Some, but not all, of so many lots, if there is more than one. */
  #part(lots: number): number {
    return between(this.#random, 1, Math.max(1, lots - 1));
  }
}

/** The last of them that is new says that there is no more to come, as often as it is told. */
function withDone(fills: readonly FillStep[]): FillStep[] {
  const last = [...new Set(fills.map(({ fill }) => fill.fillId))].at(-1);
  return fills.map((step) => (step.fill.fillId === last ? { ...step, fill: { ...step.fill, done: true } } : step));
}

function mark(status: OrderStatus): Step {
  return { do: "mark", status };
}

function cancelled(order: string, releaseSignal: boolean): Step {
  return { do: "cancel", order, releaseSignal };
}
