/** The rules of a simulated exchange: the options of `PaperExchange`, checked. */
import * as z from "zod";
import type { Duration } from "../../src/config/duration.js";
import { InvalidArgumentError } from "../../src/errors.js";
import { type Decimal, toDecimal } from "../../src/exact/decimal.js";
import { stepsIn } from "../../src/exact/step.js";
import * as check from "../../src/manager/check.js";

/** One number for every pair, or one for each. */
export type PerPair = number | Readonly<Record<string, number>>;

/** Rules that stay the same for the whole life of a simulated exchange. They are stored in its file, which cannot be opened with others. */
export interface RuleOptions {
  /** Used in words for people and in client order ids; default `paper`. */
  readonly name?: string;
  /** Seed of everything random; a whole number, default 1. */
  readonly seed?: number;
  /** `netting`: one position per pair, long or short; `hedge`: a long and a short one side by side. Default netting. */
  readonly mode?: "netting" | "hedge";
  /** `spot`: no shorts, a position is the holding of the base coin, the fee of a buy is taken in it. Default swap. */
  readonly market?: "swap" | "spot";
  /** Fractions of the notional; a negative one is a rebate. Default 0.0002 and 0.0005. */
  readonly fees?: { readonly maker: number; readonly taker: number };
  /** Quote currency at the start; default 100,000. Only spot can run out of it: a swap has no margin. */
  readonly balance?: number;
  /** The smallest order, base currency; default none. A reduce-only order for a whole position may be smaller. */
  readonly minSize?: PerPair;
  /** Order sizes are multiples of this, base currency; default the contract size. */
  readonly sizeStep?: PerPair;
  /** Base currency of one contract: position sizes are multiples of it. */
  readonly contractSize?: PerPair;
  /** `partial`: an order is filled in several executions, and a limit order that is only touched in part. Default whole. */
  readonly fills?: "whole" | "partial";
  /** When the contract of a pair expires, as `fetchMarket` tells it. Nothing happens at that time unless `settle` is called. */
  readonly expires?: Readonly<Record<string, Date | number>>;
  /** How long after its end an order is known by its ids; after that its client order id may be taken again. Default: for ever. */
  readonly remembersOrders?: Duration;
  /** `fetchFills` leaves out older fills. Default: none. */
  readonly remembersFills?: Duration;
  /** Whether a fill carries the client order id of its order; default true. */
  readonly fillsNameOrders?: boolean;
  /** Whether a fill says, in hedge mode, which position it changed; default true. */
  readonly fillsNameSides?: boolean;
  /** By how many ms the exchange's clock is ahead of `clock`; below zero: behind. Default 0. */
  readonly clockAhead?: number;
}

const perPairNumbers = z.union([z.number(), z.record(z.string(), z.number())]);

/** The same with the defaults in place, as stored. */
export const writtenRules = z.object({
  name: z.string(),
  seed: z.int(),
  mode: z.enum(["netting", "hedge"]),
  market: z.enum(["swap", "spot"]),
  fees: z.object({ maker: z.number(), taker: z.number() }),
  balance: z.number(),
  minSize: perPairNumbers,
  sizeStep: perPairNumbers,
  contractSize: perPairNumbers,
  fills: z.enum(["whole", "partial"]),
  // Files of format 1 have none of these.
  expires: z.record(z.string(), z.number()).default({}),
  remembersOrders: z.number().nullable().default(null),
  remembersFills: z.number().nullable().default(null),
  fillsNameOrders: z.boolean().default(true),
  fillsNameSides: z.boolean().default(true),
  clockAhead: z.number().default(0),
});
export type Rules = Readonly<z.infer<typeof writtenRules>>;

export const RULE_NAMES = [
  "name",
  "seed",
  "mode",
  "market",
  "fees",
  "balance",
  "minSize",
  "sizeStep",
  "contractSize",
  "fills",
  "expires",
  "remembersOrders",
  "remembersFills",
  "fillsNameOrders",
  "fillsNameSides",
  "clockAhead",
] as const satisfies readonly (keyof Rules)[];

/** Throws an InvalidArgumentError that names the option. */
export function rulesOf(options: RuleOptions): Rules {
  const { name = "paper", seed = 1, mode = "netting", market = "swap", balance = 100_000, fills = "whole" } = options;
  const { fees = { maker: 0.0002, taker: 0.0005 }, minSize = 0, sizeStep = 0, contractSize = 0 } = options;
  const { expires = {}, fillsNameOrders = true, fillsNameSides = true, clockAhead = 0 } = options;
  const rules: Rules = {
    name: check.id("options.name", name),
    seed: wholeNumber("options.seed", seed),
    mode: oneOf("options.mode", mode, ["netting", "hedge"]),
    market: oneOf("options.market", market, ["swap", "spot"]),
    fees: feesOf(fees),
    balance: check.notNegative("options.balance", balance),
    minSize: perPair("options.minSize", minSize),
    sizeStep: perPair("options.sizeStep", sizeStep),
    contractSize: perPair("options.contractSize", contractSize),
    fills: oneOf("options.fills", fills, ["whole", "partial"]),
    expires: timePerPair("options.expires", expires),
    remembersOrders: check.optionalDuration("options.remembersOrders", options.remembersOrders) ?? null,
    remembersFills: check.optionalDuration("options.remembersFills", options.remembersFills) ?? null,
    fillsNameOrders: check.flag("options.fillsNameOrders", fillsNameOrders),
    fillsNameSides: check.flag("options.fillsNameSides", fillsNameSides),
    clockAhead: wholeNumber("options.clockAhead", clockAhead),
  };
  if (rules.market === "spot" && rules.mode === "hedge")
    throw new InvalidArgumentError('options.mode: expected "netting" in a spot market, got "hedge"');
  if (rules.market === "spot" && options.contractSize !== undefined)
    throw new InvalidArgumentError("options.contractSize: expected none in a spot market");
  for (const pair of pairsOf(rules.sizeStep, rules.contractSize)) {
    const [step, contract] = [forPair(rules.sizeStep, pair), forPair(rules.contractSize, pair)];
    if (step > 0 && contract > 0 && !isMultiple(toDecimal(step), contract))
      throw new InvalidArgumentError(
        `options.sizeStep: expected a multiple of the contract size ${contract}, got ${step}`,
      );
  }
  return rules;
}

/** The number that holds for a pair; 0 when there is none. */
export function forPair(numbers: PerPair, pair: string): number {
  if (typeof numbers === "number") return numbers;
  return Object.hasOwn(numbers, pair) ? (numbers[pair] ?? 0) : 0;
}

/** The step of a pair's sizes; 0 if there is none. */
export function stepOf(rules: Rules, pair: string): number {
  return forPair(rules.sizeStep, pair) || forPair(rules.contractSize, pair);
}

export function isMultiple(size: Decimal, step: number): boolean {
  return stepsIn(size, toDecimal(step)).even;
}

/** The first given option that contradicts a stored exchange's rules, in words; undefined if none does. */
export function contradiction(stored: Rules, given: RuleOptions): string | undefined {
  const asked = rulesOf(given);
  for (const name of RULE_NAMES) {
    const [was, wanted] = [JSON.stringify(stored[name]), JSON.stringify(asked[name])];
    if (given[name] !== undefined && was !== wanted) return `options.${name}: expected ${was}, got ${wanted}`;
  }
  return undefined;
}

function pairsOf(...numbers: readonly PerPair[]): string[] {
  return ["", ...numbers.flatMap((each) => (typeof each === "number" ? [] : Object.keys(each)))];
}

function feesOf(fees: Rules["fees"]): Rules["fees"] {
  const { maker, taker } = check.fields("options.fees", fees, ["maker", "taker"]);
  return { maker: fraction("options.fees.maker", maker), taker: fraction("options.fees.taker", taker) };
}

function fraction(field: string, value: unknown): number {
  const number = check.finite(field, value);
  if (Math.abs(number) < 1) return number;
  throw new InvalidArgumentError(`${field}: expected a fraction between -1 and 1, got ${number}`);
}

function perPair(field: string, value: PerPair): PerPair {
  if (typeof value === "number") return check.notNegative(field, value);
  return byPair(field, value, "a number, or one for each pair", check.notNegative);
}

function timePerPair(field: string, value: Readonly<Record<string, Date | number>>): Record<string, number> {
  return byPair(field, value, "a time for each pair", check.time);
}

function byPair(
  field: string,
  value: object,
  expected: string,
  checked: (field: string, value: unknown) => number,
): Record<string, number> {
  if (typeof value !== "object" || value === null) throw new InvalidArgumentError(`${field}: expected ${expected}`);
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([pair, each]) => [pair, checked(`${field}["${pair}"]`, each)]));
}

function oneOf<T extends string>(field: string, value: unknown, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`${field}: expected ${choices.join(" or ")}, got ${JSON.stringify(value)}`);
}

function wholeNumber(field: string, value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError(`${field}: expected a whole number, got ${String(value)}`);
}
