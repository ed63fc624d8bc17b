/** Random lives of a bot, made of values, so that they can be printed and lived again. */
import fc from "fast-check";
import type { FaultRule, FaultyMethod } from "../../../sync/index.js";

/** What happens: the bot does something, or does half of it, or the market and others do. `of` picks one of those there are. */
export type Step =
  | { readonly do: "price"; readonly pair: number; readonly price: number }
  | ({ readonly do: "enter"; readonly pair: number; readonly side: "long" | "short"; readonly size: number } & Sending)
  | ({ readonly do: "exit"; readonly of: number; readonly part: number } & Sending)
  | { readonly do: "stop"; readonly of: number; readonly distance: number; readonly sent: boolean }
  | { readonly do: "fill"; readonly of: number; readonly part: number }
  | { readonly do: "cancel"; readonly of: number; readonly where: "state" | "exchange" | "both" }
  | { readonly do: "book"; readonly count: number }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "liquidate"; readonly of: number }
  | {
      readonly do: "hand";
      readonly pair: number;
      readonly side: "buy" | "sell";
      readonly of: "long" | "short";
      readonly size: number;
    }
  | { readonly do: "ghost"; readonly pair: number; readonly side: "long" | "short"; readonly size: number };

/** How an order is sent: at all, as a limit order so far from the price, and whether the bot heard that it was taken. */
interface Sending {
  readonly sent: boolean;
  readonly heard: boolean;
  readonly limit: number | undefined;
}

export interface Fault {
  readonly method: FaultyMethod;
  readonly rule: FaultRule;
}

/** Some steps, and a recovery under faults that dies now and then. */
export interface Chapter {
  readonly steps: readonly Step[];
  readonly faults: readonly Fault[];
  /** At which step of each try it dies. */
  readonly deaths: readonly number[];
  /** What happens while it reads and acts, before so many calls of the exchange. */
  readonly meanwhile: readonly { readonly call: number; readonly step: Step }[];
  /** What happens after each try that failed. */
  readonly between: readonly Step[];
}

export interface RandomLife {
  /** The bot's own doings only, one position of a pair and side at a time: its PnL is the exchange's. */
  readonly plain: boolean;
  readonly seed: number;
  readonly mode: "netting" | "hedge";
  readonly fills: "whole" | "partial";
  readonly taker: number;
  /** `own`: the bot names fills itself; `nameless`: the exchange does not say whose order made a fill. */
  readonly names: "exchange" | "own" | "nameless";
  readonly recovery: "sync" | "close_all";
  readonly orphans: "close" | "adopt";
  readonly minSize: number;
  readonly chapters: readonly Chapter[];
}

export const PAIRS = ["BTC/USDT", "ETH/USDT", "SOL/USDT:USDT"] as const;

const pair = fc.nat(PAIRS.length - 1);
const side = fc.constantFrom("long", "short");
const of = fc.nat(5);
const size = fc.integer({ min: 1, max: 30 }).map((tenths) => tenths / 10);
const price = fc.integer({ min: 160, max: 240 }).map((halves) => halves / 2);
const distance = fc.integer({ min: -6, max: 6 }).map((halves) => halves / 2);
const usually = fc.integer({ min: 0, max: 9 }).map((n) => n < 8);
const sending = { sent: usually, heard: fc.boolean(), limit: fc.option(distance, { nil: undefined }) };

const own: readonly fc.WeightedArbitrary<Step>[] = [
  { weight: 5, arbitrary: fc.record({ do: fc.constant("price"), pair, price }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constant("enter"), pair, side, size, ...sending }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("exit"), of, part: fc.constantFrom(0.3, 0.5, 1), ...sending }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("stop"), of, distance: fc.constantFrom(2, 5, 20), sent: usually }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("fill"), of, part: fc.constantFrom(0.2, 0.5, 1) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("cancel"), of, where: fc.constantFrom("state", "exchange", "both") }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("book"), count: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait"), ms: fc.constantFrom(1, 2_000, 70_000, 7_200_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("liquidate"), of }) },
];

const others: readonly fc.WeightedArbitrary<Step>[] = [
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("hand"), pair, side: fc.constantFrom("buy", "sell"), of: side, size }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("ghost"), pair, side, size }) },
];

const READS = ["fetchPositions", "fetchOpenOrders", "fetchOrder", "fetchFills"] as const;
const METHODS = [...READS, "createOrder", "cancelOrder"] as const;
const call = fc.integer({ min: 1, max: 5 });

const silence: fc.Arbitrary<Fault> = fc.record({
  method: fc.constantFrom(...METHODS),
  rule: fc.oneof(
    fc.record({ kind: fc.constant("no_answer"), when: fc.constantFrom("before", "after"), call }),
    fc.record({ kind: fc.constant("rate_limit"), call }),
  ),
});

/** Answers that are not true. One of each method at most: what agrees in two readings counts. */
const lie: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({
    method: fc.constantFrom("fetchPositions", "fetchOpenOrders", "fetchFills"),
    rule: fc.record({ kind: fc.constantFrom("empty", "half", "stale"), call }),
  }),
  fc.record({ method: fc.constant("fetchOrder"), rule: fc.record({ kind: fc.constantFrom("empty", "stale"), call }) }),
);

const faults = fc
  .tuple(
    fc.array(silence, { maxLength: 3 }),
    fc.uniqueArray(lie, { minLength: 1, maxLength: 4, selector: ({ method }) => method }),
  )
  .map(([silent, lying]) => [...silent, ...lying]);

/** What may happen beside a recovery: entries are refused then. */
const beside = own.filter((_, i) => i !== 1);

function chapter(steps: readonly fc.WeightedArbitrary<Step>[]): fc.Arbitrary<Chapter> {
  return fc.record({
    steps: fc.array(fc.oneof(...steps), { minLength: 1, maxLength: 25, size: "max" }),
    faults,
    deaths: fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 3 }),
    meanwhile: fc.array(fc.record({ call: fc.integer({ min: 1, max: 40 }), step: fc.oneof(...beside) }), {
      maxLength: 3,
    }),
    between: fc.array(fc.oneof(...beside), { maxLength: 3 }),
  });
}

export const randomLives: fc.Arbitrary<RandomLife> = fc.boolean().chain((plain) =>
  fc.record({
    plain: fc.constant(plain),
    seed: fc.nat(),
    mode: fc.constantFrom("netting", "hedge"),
    fills: fc.constantFrom("whole", "partial"),
    taker: fc.constantFrom(0, 0.0005, 0.0123),
    names: fc.constantFrom("exchange", "own", "nameless"),
    recovery: fc.constantFrom("sync", "sync", "sync", "close_all"),
    orphans: fc.constantFrom("close", "adopt"),
    minSize: plain ? fc.constant(0) : fc.constantFrom(0, 0.2),
    chapters: fc.array(chapter(plain ? own : [...own, ...others]), { minLength: 1, maxLength: 2 }),
  }),
);
