import fc from "fast-check";
import type { Config, GuardInput } from "../../../src/index.js";
import { DAY, HOUR, MINUTE, SECOND } from "../clock.js";
import type { Method } from "../expect.js";
import { METADATA } from "../samples.js";

/** How the clock moves before a call: by so much, or to a moment (and `off` ms) at which something ends. */
export type Tick =
  | { readonly by: number }
  | { readonly to: "day end" | "expiry"; readonly which: number; readonly off: number };

/** A call of a method, or of a lease that was acquired before. */
export type Action = Method | "renew the lease" | "release the lease" | "break the lease" | "forget the instances";

/** One step of a sequence. An argument `{ ago: ms }` stands for the time that long before the call. */
export interface Step {
  readonly tick: Tick;
  readonly action: Action;
  readonly args: readonly unknown[];
}

/** A sequence of calls on a new flow. */
export interface Story {
  readonly config: Config;
  readonly steps: readonly Step[];
}

type Call = fc.Arbitrary<Omit<Step, "tick">>;

export const PAIRS = ["BTC/USDT", "ETH/USDT", "*"] as const;

// Small pools, so that calls meet.
const id = fc.constantFrom("a", "\u{1F680}", 'q"|\\', "o1");
const orderId = fc.constantFrom("o1", "o2", "o3");
const signalId = fc.constantFrom("s1", "s2", "s3", "s4", "S1");
const tradeId = fc.constantFrom("t1", "t2", "t3");
const fillId = fc.constantFrom("f1", "f2", "f3", "f4", "f5");
const pair = fc.constantFrom(...PAIRS.slice(0, 2));
const side = fc.constantFrom("long", "short");
const size = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(1, 2, 0.1, 0.2, 0.3, 0.7, 1 / 3) },
  { weight: 1, arbitrary: fc.constantFrom(5e-324, Number.MAX_VALUE, 1e-8, 1e21, 123456.78901234567, 1e-7) },
);
const price = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(100, 101.5, 99.99, 0.1, 3) },
  { weight: 1, arbitrary: fc.constantFrom(5e-324, Number.MAX_VALUE, 1e-8, 1e300, 65432.1, 9e12, 1 / 7) },
);
const anyPrice = fc.oneof(price, fc.constantFrom(0, -0, -1.5, -Number.MAX_VALUE));
const amount = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0.1, 0.2, -0.1, -0.2, -0.3, -0.7, 1, -1, 0, 25, -25) },
  { weight: 1, arbitrary: fc.constantFrom(1e-8, -1e-8, 5e-9, -5e-9, 4e-9, 9e15, -9e15, 4503599627370495.5, -4e15) },
);
const equity = fc.constantFrom(100, 90, 75, 50, 0, -10, 200, 12345.678901234567, 5e-324, 9e15, -9e15);
const duration = fc.constantFrom<unknown[]>(0, 1, 500, "1m", "1h", "1h", "25h", "25h");
const metadata = fc.constantFrom(...METADATA);
const when = fc.constantFrom(
  { ago: 0 },
  { ago: 1 },
  { ago: HOUR },
  { ago: DAY },
  { ago: 2 * DAY },
  { ago: 40 * DAY },
  { ago: -MINUTE },
  { ago: -20 * SECOND },
  { ago: -HOUR },
  { ago: -3 * DAY },
);
const reason = fc.constantFrom("stop", "", 'a "reason"\n', "sl", "trailing");
const dust = fc.constantFrom(0.1, 0.3, 1, 1e-8);

const currency = fc.constantFrom("USDT", "EUR", "BTC");
const rate = fc.constantFrom(1, 1.25, 60_000, 1 / 3, 1e-7);
const fee = fc.constantFrom<unknown[]>(
  0.1,
  { amount: 0.01, currency: "BTC" },
  [
    { amount: 0.001, currency: "BNB" },
    { amount: 0.25, currency: "USDT" },
  ],
  { amount: 0.002, currency: "BNB", rate: 600 },
);

function maybe<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

/** Some of the fields; none of them undefined. */
function some(fields: Record<string, fc.Arbitrary<unknown>>, required: readonly string[] = []) {
  return fc.record(fields, { requiredKeys: [...required] });
}

function call(action: Action, ...args: fc.Arbitrary<unknown>[]): Call {
  return fc.tuple(...args).map((values) => ({ action, args: values }));
}

const positionFields = { pair, side, size, entryPrice: anyPrice, entryTs: when, tp: anyPrice, sl: anyPrice, metadata };

const POSITIONS: readonly Call[] = [
  call(
    "savePosition",
    some({ id, ...positionFields, cooldown: duration }, ["id", "pair", "side", "size", "entryPrice"]),
  ),
  call("updatePosition", id, some({ ...positionFields, tp: fc.option(anyPrice), sl: fc.option(anyPrice) })),
  call("removePosition", id, some({ reason, untold: fc.boolean() })),
  call(
    "closePosition",
    id,
    some({ pnl: amount, equity, cooldown: duration, reason, ts: when, dust, currency, rate }, ["pnl"]),
  ),
  call("getPositions"),
  call("getPosition", id),
];

const status = fc.constantFrom(
  "intent",
  "submitted",
  "open",
  "partially_filled",
  "unknown",
  "filled",
  "cancelled",
  "rejected",
);

const patch = some({
  size,
  price: fc.option(anyPrice),
  status,
  filled: fc.constantFrom(0, 0.1, 0.3, 1),
  metadata,
  tp: fc.option(anyPrice),
  sl: fc.option(anyPrice),
  cooldown: fc.option(duration),
  reason: fc.constantFrom("stop", 'a "reason"\n', "none"),
  rate: fc.constant(1),
});

const ORDERS: readonly Call[] = [
  call(
    "saveOrder",
    some(
      {
        id: orderId,
        pair,
        side: fc.constantFrom("buy", "sell"),
        size,
        orderType: fc.constantFrom("stop", "limit"),
        price: fc.option(anyPrice),
        status,
        createdAt: when,
        filled: fc.constantFrom(0, -0, 0.1, 5e-324, 3),
        intent: fc.constantFrom("entry", "exit"),
        positionId: id,
        signalId,
        tp: anyPrice,
        sl: anyPrice,
        cooldown: duration,
        metadata,
        reason,
        rate: fc.constant(1),
      },
      ["id", "pair", "side", "size"],
    ),
  ),
  call(
    "saveOrder",
    some({ id: orderId, pair, side: fc.constantFrom("buy", "sell"), size, flip: id }, ["id", "pair", "side", "size"]),
  ),
  call("updateOrder", orderId, patch),
  call("updateOrder", orderId, patch),
  call("removeOrder", orderId),
  call("cancelOrder", orderId, some({ releaseSignal: fc.boolean(), dust })),
  call("getOrder", orderId),
  call("getPendingOrders"),
];

const fill = some(
  { fillId, price: anyPrice, size, fee: amount, ts: when, done: fc.boolean(), overfill: fc.boolean(), dust },
  ["fillId", "price", "size"],
);

/** An entry that finds the position of its pair that it names, in one of four. */
const belonging = {
  signalId,
  pair,
  side: fc.constantFrom("long", "short"),
  size: fc.constantFrom(0.1, 1, 3, 10),
  price,
};

const FILLS: readonly Call[] = [
  call("recordFill", orderId, fill),
  call(
    "recordFill",
    orderId,
    some({ fillId, price, size: fc.constantFrom(0.1, 0.2, 1), fee, rate: fc.constant(1), ts: when }, [
      "fillId",
      "price",
      "size",
    ]),
  ),
  call(
    "saveOrder",
    some(
      {
        id: orderId,
        pair,
        side: fc.constantFrom("buy", "sell"),
        size,
        price,
        intent: fc.constantFrom("entry", "exit", "exit"),
        positionId: orderId,
      },
      ["id", "pair", "side", "size", "intent"],
    ),
  ),
  call(
    "admit",
    some(
      {
        signalId,
        pair,
        side: fc.constantFrom("long", "short", "buy", "sell"),
        size,
        price,
        orderId: fc.constantFrom("o1", "o2", "o3", "o4"),
        orderType: fc.constantFrom("market", "limit"),
        cooldown: duration,
        tp: price,
        sl: price,
        metadata,
        reason,
        rate: fc.constant(1),
      },
      ["signalId", "pair", "side", "size", "price"],
    ),
  ),
  call("admit", some({ ...belonging, positionId: fc.constantFrom("a", "o1", "o2") }, Object.keys(belonging))),
  call(
    "admit",
    some({ ...belonging, flip: fc.constantFrom("a", "o1", "o2"), reason }, [...Object.keys(belonging), "flip"]),
  ),
  call("beginRecovery", fc.constant("a look")),
  call("approveRecovery", fc.constantFrom("0123456789abcdef", "fedcba9876543210")),
  call("getRecovery"),
  call("findOrders", fc.array(orderId, { maxLength: 4 })),
  call("getRecordedFills", fc.array(fc.record({ orderId, fillId }), { maxLength: 4 })),
  call("endRecovery"),
  call("endRecovery", fc.record({ unlessHeldAfter: fc.constant(0) })),
  call("endRecovery"),
  call("resetCircuitBreaker"),
];

/** In pages, and of some time. */
const REFUSALS = call("getRefusals", some({ from: when, to: when, limit: fc.constantFrom(1, 3, 10_000) }));
const STATS = call("getAdmissionStats", some({ days: fc.constantFrom(1, 2, 100) }));
const UNTOLD = call("getUntoldTrades");
const TRADES = call("getTrades", some({ from: when, to: when, pair, limit: fc.constantFrom(1, 3, 10_000) }));

const limits = {
  max_daily_loss: fc.constantFrom(0.3, 1, 25, 1e-8, 9e12),
  max_daily_trades: fc.constantFrom(0, 1, 3),
  max_consecutive_losses: fc.constantFrom(1, 2, 3),
  max_drawdown: fc.constantFrom(0.1, 0.25, 1, 5e-324),
  max_open_positions: fc.constantFrom(0, 1, 3),
  max_positions_per_pair: fc.constantFrom(1, 2),
  max_exposure: fc.constantFrom(0, 100, 1000.5, 9e12),
};

const guardLength = fc.constantFrom(...([1, "1m", "1h", "25h", "30d"] as const));

/** Guards that few trades are enough for. */
const guards: fc.Arbitrary<GuardInput[]> = fc.array(
  fc
    .record({
      kind: fc.constantFrom("stop_losses" as const, "low_profit" as const, "drawdown" as const),
      within: guardLength,
      count: fc.constantFrom(1, 1, 2, 3),
      limit: fc.constantFrom(0, 0.001, 0.5),
      block: fc.constantFrom("pair" as const, "side" as const, "all" as const),
      for: guardLength,
    })
    .map(({ kind, limit, block, ...rest }) => ({
      kind,
      ...rest,
      ...(kind !== "stop_losses" && { limit }),
      ...(kind !== "drawdown" && { block }),
    })),
  { maxLength: 3 },
);

/** The end of a trade of few kinds, so that guards trip. */
const GUARDED: readonly Call[] = [
  call("setGuards", guards),
  call("getGuards"),
  call(
    "closePosition",
    id,
    some({ pnl: amount, reason: fc.constantFrom("sl", "liquidation", "tp"), ts: when }, ["pnl", "reason"]),
  ),
];

const breakerDuration = fc.constantFrom<unknown[]>(1, "1s", "1h", "2d", "until_day_end", "until_reset");

const RISK: readonly Call[] = [
  call("updateDailyPnl", amount, some({ tradeId, equity, ts: when, currency, rate })),
  call("updateDailyPnl", amount, some({ tradeId })),
  call("updateDailyPnl", amount, some({ tradeId: id, ts: when }, ["tradeId"])),
  TRADES,
  UNTOLD,
  call("updateEquity", equity),
  call("startEquity", fc.constantFrom(100, 0.3, 12345.678901234567)),
  call(
    "bookCash",
    amount,
    some(
      {
        id: fc.constantFrom("t1", "c1", "c2", "c3"),
        kind: fc.constantFrom("funding", "fee", "interest", "rebate", "settlement", "correction"),
        pair,
        positionId: id,
        rate: fc.constant(1),
        ts: when,
        note: reason,
      },
      ["id", "kind"],
    ),
  ),
  call(
    "bookCash",
    fc.constantFrom(-0.1, -3, 0.7),
    some({ id: fillId, kind: fc.constantFrom("funding"), positionId: orderId }, ["id", "kind", "positionId"]),
  ),
  call("recordTransfer", amount, some({ id: fc.constantFrom("t1", "c1", "c2"), ts: when }, ["id"])),
  call("triggerCircuitBreaker", fc.constantFrom("by hand", "again"), some({ duration: breakerDuration })),
  call("resetCircuitBreaker", maybe(reason)),
  call(
    "setRiskLimits",
    some(Object.fromEntries(Object.entries(limits).map(([name, limit]) => [name, fc.option<unknown>(limit)]))),
  ),
  call("unsetRiskLimits", fc.subarray(Object.keys(limits), { maxLength: 2 })),
  call("triggerCircuitBreaker", fc.constant("by hand"), breakerDuration),
  call("getRiskState"),
  call("getRiskLimits"),
  call("getRiskLimitOrigins"),
  call("getCircuitBreaker"),
  call("checkCircuitBreaker"),
  call("getDailyHistory", some({ days: fc.constantFrom(1, 2, 100) })),
];

const anyPair = fc.constantFrom(...PAIRS);

const SIGNALS: readonly Call[] = [
  call("markSignalProcessed", signalId, pair, maybe(when)),
  call("markSignalProcessed", signalId, pair),
  call("isSignalProcessed", signalId),
  call("getSignalState"),
  call("setCooldown", anyPair, duration, some({ side, reason, replace: fc.boolean() })),
  call("getCooldown", anyPair, maybe(side)),
  call("isOnCooldown", anyPair, maybe(side)),
  call("clearCooldown", anyPair, maybe(side)),
];

const LIVENESS: readonly Call[] = [
  call("heartbeat"),
  call("getLastHeartbeat"),
  call("getInstances"),
  call("forget the instances"),
  call("checkStale", maybe(duration)),
  call("acquireLease", some({ ttl: fc.constantFrom("1m", "1h", "24h") })),
  call("getLease"),
  call("renew the lease"),
  call("release the lease"),
  call("break the lease"),
  call("snapshot"),
];

export interface Subject {
  readonly calls: readonly Call[];
  /** How many of the parts of a story are whole trades, for ten that are single calls. */
  readonly trades: number;
  /** How many of them are the end of a trade and an entry after it, which a guard may refuse. */
  readonly guarded?: number;
}

/** What the stories of each test are about. */
export const SUBJECTS: Readonly<Record<string, Subject>> = {
  "positions and orders": { calls: [...POSITIONS, ...ORDERS], trades: 0 },
  "admissions and fills": {
    calls: [...FILLS, ...FILLS, REFUSALS, STATS, ...ORDERS, ...POSITIONS.slice(0, 4)],
    trades: 3,
  },
  "profit and loss, limits and the breaker": { calls: [...RISK, ...RISK, ...POSITIONS.slice(0, 4)], trades: 1 },
  "trades and guards": {
    calls: [...GUARDED, ...FILLS, ...POSITIONS.slice(0, 4), ...RISK.slice(0, 3)],
    trades: 2,
    guarded: 20,
  },
  "signals, cooldowns and leases": { calls: [...SIGNALS, ...LIVENESS], trades: 0 },
  everything: {
    calls: [...POSITIONS, ...ORDERS, ...FILLS, REFUSALS, STATS, ...RISK, ...GUARDED, ...SIGNALS, ...LIVENESS],
    trades: 1,
  },
};

const tick: fc.Arbitrary<Tick> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ by: 0 }) },
  { weight: 4, arbitrary: fc.constantFrom(1, 7, SECOND, MINUTE, HOUR).map((by) => ({ by })) },
  { weight: 1, arbitrary: fc.constantFrom(DAY, 3 * DAY, 8 * DAY, 31 * DAY).map((by) => ({ by })) },
  { weight: 1, arbitrary: fc.constantFrom(-1, -SECOND, -HOUR, -DAY, -9 * DAY).map((by) => ({ by })) },
  {
    weight: 3,
    arbitrary: fc.record({
      to: fc.constantFrom("day end", "expiry"),
      which: fc.nat({ max: 5 }),
      off: fc.integer({ min: -1, max: 1 }),
    }),
  },
);

/** A limit in one of four. */
const fewLimits = fc.record(
  Object.fromEntries(
    Object.entries(limits).map(([name, limit]) => [
      name,
      fc.oneof(
        { weight: 3, arbitrary: fc.constant(null) },
        { weight: 1, arbitrary: fc.oneof<fc.Arbitrary<number>[]>(limit) },
      ),
    ]),
  ),
);

const config: fc.Arbitrary<Config> = fc.record({
  risk: fc
    .record({
      limits: fewLimits,
      guards: fc.oneof({ weight: 2, arbitrary: fc.constant<GuardInput[]>([]) }, { weight: 1, arbitrary: guards }),
      breaker_duration: fc.constantFrom(...([1, 1000, "1h", "until_day_end", "until_reset"] as const)),
      day_start: fc.constantFrom("00:00", "12:30", "23:59"),
      opposite_side: fc.constantFrom("allow" as const, "allow" as const, "refuse" as const),
      starting_equity: fc.constantFrom(null, null, 1000, 0.3),
    })
    .map(({ limits: set, ...rest }) => ({ ...set, ...rest })),
  signals: fc.record({
    dedup_window: fc.constantFrom(...([1, 1000, "1h", "24h", "7d"] as const)),
    max_ids: fc.constantFrom(1, 2, 3, 100_000),
  }),
  events: fc.record({ max_length: fc.constantFrom(10_000, 10_000, 10_000, 0) }),
  execution: fc.record({ single_active: fc.oneof({ weight: 7, arbitrary: fc.constant(false) }, fc.constant(true)) }),
});

/** How a position ends, or is told of, but by its last fill. */
const ENDINGS: Readonly<Record<string, (entry: string, exit: string) => Omit<Step, "tick">>> = {
  removed: (entry) => ({ action: "removePosition", args: [entry, { reason: "gone" }] }),
  untold: (entry) => ({ action: "removePosition", args: [entry, { reason: "gone", untold: true }] }),
  closed: (entry) => ({ action: "closePosition", args: [entry, { pnl: -1.5, dust: 0.1 }] }),
  told: (entry) => ({ action: "updateDailyPnl", args: [2.5, { tradeId: entry }] }),
  dust: (_, exit) => ({ action: "cancelOrder", args: [exit, { dust: 1 }] }),
};

/** A trade from its admission, or its order, to its last fill; sizes that add up to nothing but a rounding error, or too much. */
const trade: fc.Arbitrary<Step[]> = fc
  .record({
    entry: orderId,
    exit: fc.constantFrom("x1", "x2"),
    side: fc.constantFrom("long", "short"),
    pair,
    ticks: fc.array(tick, { minLength: 8, maxLength: 8 }),
    ending: fc.constantFrom("fills", "fills", "removed", "closed", "told", "dust"),
    at: fc.constantFrom(3, 4, 5),
    sizes: fc.constantFrom(
      [0.1, 0.2, 0.3],
      [0.7, 0.1, 0.8],
      [1, 1, 2],
      [1, 1, 1],
      [1 / 3, 1 / 3, 2 / 3],
      [1e-8, 1e21, 1e21],
    ),
    prices: fc.array(price, { minLength: 4, maxLength: 4 }),
    fees: fc.array(amount, { minLength: 3, maxLength: 3 }),
    signalId,
    admitted: fc.boolean(),
    cooldown: duration,
  })
  .map(({ entry, exit, side: way, pair: market, ticks, sizes, prices, fees, signalId: signal, admitted, ...rest }) => {
    const { cooldown, ending, at } = rest;
    const [first = 1, second = 1, last = 1] = sizes;
    const [limit = 1, low = 1, high = 1, out = 1] = prices;
    const [feeIn = 0, feeMore = 0, feeOut = 0] = fees;
    const [buy, sell] = way === "long" ? ["buy", "sell"] : ["sell", "buy"];
    const open = { pair: market, size: first + second, price: limit };
    const steps: Omit<Step, "tick">[] = [
      admitted
        ? { action: "admit", args: [{ signalId: signal, orderId: entry, side: way, cooldown, ...open }] }
        : { action: "saveOrder", args: [{ id: entry, side: buy, signalId: signal, ...open }] },
      { action: "recordFill", args: [entry, { fillId: "f1", price: low, size: first, fee: feeIn }] },
      { action: "recordFill", args: [entry, { fillId: "f2", price: high, size: second, fee: feeMore }] },
      {
        action: "saveOrder",
        args: [{ id: exit, pair: market, side: sell, size: last, intent: "exit", positionId: entry }],
      },
      { action: "recordFill", args: [exit, { fillId: "f1", price: out, size: last / 2, fee: feeOut }] },
      {
        action: "recordFill",
        args: [exit, { fillId: "f2", price: out, size: last - last / 2, fee: feeOut, done: true }],
      },
    ];
    // What ends it otherwise comes before its exit is stored, or before one of its fills.
    const end = ENDINGS[ending]?.(entry, exit);
    if (end) steps.splice(at, 0, end);
    const sale = { id: "x3", pair: market, side: sell, size: last, intent: "exit" };
    steps.push({ action: "saveOrder", args: [sale] });
    steps.push({ action: "recordFill", args: ["x3", { fillId: "f1", price: out, size: last / 4, fee: feeOut }] });
    return steps.map((step, i) => ({ tick: ticks[i] ?? { by: 0 }, ...step }));
  });

/** A position that ends in one call, and an entry after it. */
const guardedTrade: fc.Arbitrary<Step[]> = fc
  .record({
    pair,
    side,
    size: fc.constantFrom(1, 0.1, 1 / 3),
    pnl: fc.constantFrom(-25, -0.1, 0.1, 0, 30, -1e-8),
    reason: fc.constantFrom("sl", "trailing", "tp"),
    ts: when,
    ticks: fc.array(tick, { minLength: 2, maxLength: 2 }),
    entry: fc.record({ pair, side, size: fc.constant(1), price: fc.constant(100) }),
    signal: fc.nat(),
  })
  .map(({ pair: market, side: way, size: held, pnl, reason: why, ts, ticks, entry, signal }) => {
    const still = { by: 0 };
    return [
      {
        tick: ticks[0] ?? still,
        action: "savePosition",
        args: [{ id: "g", pair: market, side: way, size: held, entryPrice: 100 }],
      },
      { tick: still, action: "closePosition", args: ["g", { pnl, reason: why, ts }] },
      { tick: ticks[1] ?? still, action: "admit", args: [{ ...entry, signalId: `g${signal}` }] },
    ];
  });

/** Stories of up to 60 steps; some of them tell of whole trades. */
export function stories({ calls, trades, guarded = 0 }: Subject): fc.Arbitrary<Story> {
  const step = fc.tuple(tick, fc.oneof(...calls)).map(([before, { action, args }]) => [{ tick: before, action, args }]);
  const part = fc.oneof(
    { weight: trades, arbitrary: trade },
    { weight: guarded, arbitrary: guardedTrade },
    { weight: 10, arbitrary: step },
  );
  const lease: Step = { tick: { by: 0 }, action: "acquireLease", args: [{ ttl: "24h" }] };
  return fc
    .record({ config, parts: fc.array(part, { minLength: 1, maxLength: 60, size: "max" }), begin: fc.boolean() })
    .map(({ config: own, parts, begin }) => {
      const steps = parts.flat().slice(0, 60);
      return { config: own, steps: own.execution?.single_active && begin ? [lease, ...steps] : steps };
    });
}
