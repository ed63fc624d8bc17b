/** Faults that a simulated exchange can show. */

import { InvalidArgumentError } from "../../src/errors.js";
import * as check from "../../src/manager/check.js";
import type { Exchange } from "../port/exchange.js";
import { chance } from "./chance.js";

const READS = [
  "fetchPositions",
  "fetchOpenOrders",
  "fetchOrder",
  "fetchFills",
  "fetchOrderById",
  "fetchMarket",
  "fetchTime",
] as const;
const LISTS: readonly string[] = ["fetchPositions", "fetchOpenOrders", "fetchFills"];
const METHODS = [...READS, "createOrder", "cancelOrder"] as const;

export type FaultyMethod = Extract<keyof Exchange, (typeof METHODS)[number]>;

/**
 * - `no_answer`: `before` (the default) the request was lost and nothing happened; `after`: the reply was, and it happened.
 * - `rate_limit`: it did not happen; an ExchangeError `no_answer`.
 * - `authentication`, `rejected`: it did not happen; an ExchangeError of that name.
 * - `empty`: an empty list, or an order or market that is not known. `half`: the first half of a list, rounded down.
 * - `stale`: the answer as it was before the last change of orders, positions and fills since the exchange was opened.
 * - `zero_rows`: positions that are closed are in the list with size 0.
 * - `id_dropped`, `id_changed`: the order is taken without its client order id, or under another: the answer says it, nobody finds it by
 *   the id that it was given, and that id can be taken again.
 * - `delay`: the request arrives `ms` later. `hang`: it arrives when `release()` is called; after `close()` never.
 */
export type Fault =
  | { readonly kind: "no_answer"; readonly when?: "before" | "after" }
  | { readonly kind: "rate_limit" | "authentication" | "rejected" | "empty" | "half" | "stale" | "zero_rows" | "hang" }
  | { readonly kind: "id_dropped" | "id_changed" }
  | { readonly kind: "delay"; readonly ms: number };

/** When a fault happens, counted in calls of the method since the rule was set. */
export interface FaultOccasion {
  /** Only at this call; 1 is the next. By default from the next call on. */
  readonly call?: number;
  /** At each call with this probability, drawn from the exchange's seed. By default certainly. */
  readonly probability?: number;
  /** How often at most; default once, with a probability without limit. */
  readonly times?: number;
}

export type FaultRule = Fault & FaultOccasion;

/** Faults from the start on. The first rule that applies to a call decides its fault. */
export type FaultPlan = { readonly [method in FaultyMethod]?: readonly FaultRule[] };

interface Standing {
  readonly rule: FaultRule;
  readonly number: number;
  calls: number;
  left: number;
}

/** Decides which fault a call meets. The plan begins anew after a restart: nothing of it is stored. */
export class Faults {
  readonly #standing = new Map<FaultyMethod, Standing[]>();
  #rules = 0;

  /** Throws an InvalidArgumentError when there is no such method or fault. */
  constructor(plan: FaultPlan) {
    check.fields("options.faults", plan, METHODS);
    for (const method of METHODS) for (const rule of plan[method] ?? []) this.add(method, rule);
  }

  /** Throws an InvalidArgumentError when there is no such fault. */
  add(method: FaultyMethod, rule: FaultRule): void {
    checkRule(method, rule);
    const standing = this.#standing.get(method) ?? [];
    this.#standing.set(method, standing);
    const times = rule.times ?? (rule.probability === undefined ? 1 : Number.POSITIVE_INFINITY);
    this.#rules++;
    standing.push({ rule, number: this.#rules, calls: 0, left: times });
  }

  /** Removes every rule. */
  clear(): void {
    this.#standing.clear();
  }

  /** Counts a call. Returns its fault; chance is drawn from the seed. */
  next(method: FaultyMethod, seed: number): Fault | undefined {
    let met: Fault | undefined;
    for (const standing of this.#standing.get(method) ?? []) {
      standing.calls++;
      if (met || !applies(standing, seed)) continue;
      standing.left--;
      met = standing.rule;
    }
    return met;
  }
}

function applies({ rule, number, calls, left }: Standing, seed: number): boolean {
  if (left <= 0) return false;
  if (rule.call !== undefined && rule.call !== calls) return false;
  return rule.probability === undefined || chance(seed, "fault", number, calls) < rule.probability;
}

function checkRule(method: FaultyMethod, rule: FaultRule): void {
  if (!METHODS.includes(method))
    throw new InvalidArgumentError(`method: expected ${METHODS.join(", ")}, got ${String(method)}`);
  check.fields("fault", rule, ["kind", "when", "ms", "call", "times", "probability"]);
  const { kind, probability } = rule;
  const kinds = kindsOf(method);
  if (!kinds.includes(kind))
    throw new InvalidArgumentError(`kind: expected for ${method} ${kinds.join(", ")}, got ${String(kind)}`);
  if (rule.call !== undefined) check.optionalCount("call", rule.call);
  if (rule.times !== undefined) check.optionalCount("times", rule.times);
  if (rule.kind === "no_answer" && ![undefined, "before", "after"].includes(rule.when))
    throw new InvalidArgumentError(`when: expected before or after, got ${String(rule.when)}`);
  if (rule.kind === "delay") check.notNegative("ms", rule.ms);
  if (probability !== undefined && !(probability >= 0 && probability <= 1))
    throw new InvalidArgumentError(`probability: expected a number from 0 to 1, got ${String(probability)}`);
}

function kindsOf(method: FaultyMethod): string[] {
  const kinds = ["no_answer", "rate_limit", "authentication", "delay", "hang"];
  if (method === "fetchTime") return kinds;
  if (READS.some((read) => read === method)) kinds.push("empty", "stale");
  else kinds.push("rejected");
  if (method === "createOrder") kinds.push("id_dropped", "id_changed");
  if (LISTS.includes(method)) kinds.push("half");
  if (method === "fetchPositions") kinds.push("zero_rows");
  return kinds;
}
