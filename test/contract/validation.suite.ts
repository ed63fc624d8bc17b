import * as assert from "uvu/assert";
import { Clock, HOUR } from "./clock.js";
import { everything, invoke, type Method, refused } from "./expect.js";
import type { Theme } from "./open.js";
import { BUY, LARGEST_METADATA, LONG, LONGEST_ID } from "./samples.js";

/** What is no name: nothing, too long in bytes or in characters, of another type, or text that UTF-8 or a key cannot hold. */
const NO_NAMES: readonly unknown[] = [
  "",
  "x".repeat(257),
  `${LONGEST_ID}x`,
  "é".repeat(129),
  "a\0b",
  "\ud800",
  "half \udc00 pair",
  7,
  true,
  {},
  ["p1"],
  Symbol("p1"),
];

const NO_NUMBERS: readonly unknown[] = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  "1",
  "",
  1n,
  true,
  {},
  [1],
  new Date(0),
];

const NO_SIZES: readonly unknown[] = [...NO_NUMBERS, 0, -0, -1, -5e-324, null, undefined];
const NO_TIMES: readonly unknown[] = [
  ...NO_NUMBERS.filter((value) => !(value instanceof Date)),
  null,
  -1,
  0.5,
  253_402_300_800_000,
  new Date(Number.NaN),
  new Date(-1),
  "2024-03-05T12:00:00Z",
];
const NO_DURATIONS: readonly unknown[] = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -1,
  0.5,
  "5",
  "5 m",
  "-5m",
  "5w",
  "",
  "1e3s",
  "36526d",
  "0.0001s",
  null,
  {},
  true,
  5n,
];
const NO_OBJECTS: readonly unknown[] = [null, 5, "p1", true, [], () => ({})];
/** Objects that would read as one that names no field. */
const NO_FIELDS: readonly unknown[] = [...NO_OBJECTS, new Date(0), new Map(), new Set(), /x/, Promise.resolve({})];
const ABSENT: readonly unknown[] = [undefined, null];

function cycle(): unknown {
  const loop: Record<string, unknown> = {};
  loop.self = { loop };
  return loop;
}

interface Case {
  readonly method: Method;
  /** The argument that is wrong, as the message must name it. */
  readonly field: string;
  readonly args: readonly unknown[];
}

/** One call for each bad value of one field of the object that is the call's argument at `place`. */
function badFields(
  method: Method,
  name: string,
  good: object,
  bad: Readonly<Record<string, readonly unknown[]>>,
  before: readonly unknown[] = [],
): Case[] {
  return Object.entries(bad).flatMap(([key, values]) =>
    values.map((value) => ({
      method,
      field: name === "" ? key : `${name}.${key}`,
      args: [...before, { ...good, [key]: value }],
    })),
  );
}

/** One call for each bad value of a plain argument. */
function badArguments(
  method: Method,
  field: string,
  values: readonly unknown[],
  args: (value: unknown) => unknown[],
): Case[] {
  return values.map((value) => ({ method, field, args: args(value) }));
}

const POSITIONS: readonly Case[] = [
  ...badFields("savePosition", "position", LONG, {
    id: [...NO_NAMES, ...ABSENT],
    pair: [...NO_NAMES, ...ABSENT, "BTC/USDT|long", "|short"],
    side: ["buy", "LONG", "", ...ABSENT, 1],
    size: NO_SIZES,
    entryPrice: [...NO_NUMBERS, ...ABSENT],
    entryTs: NO_TIMES,
    tp: NO_NUMBERS,
    sl: NO_NUMBERS,
    metadata: [...NO_OBJECTS, cycle(), { big: 1n }, { ...LARGEST_METADATA, x: 1 }, { toJSON: () => "text" }],
    cooldown: NO_DURATIONS.filter((value) => value !== null),
    entry_price: [1],
    stopLoss: [1],
  }),
  ...badFields("savePosition", "position.metadata", {}, { ratio: [Number.NaN, Number.NEGATIVE_INFINITY] }).map(
    (wrong) => ({
      ...wrong,
      args: [{ ...LONG, metadata: { nested: [wrong.args[0]] } }],
    }),
  ),
  ...badArguments("savePosition", "position", [...NO_FIELDS, undefined], (value) => [value]),
  ...badFields(
    "updatePosition",
    "patch",
    {},
    {
      pair: [...NO_NAMES, null, "BTC/USDT|short"],
      side: ["buy", "", null],
      size: NO_SIZES.filter((value) => value !== undefined),
      entryPrice: [...NO_NUMBERS, null],
      entryTs: NO_TIMES,
      tp: NO_NUMBERS,
      sl: NO_NUMBERS,
      metadata: [...NO_OBJECTS, cycle(), { ...LARGEST_METADATA, x: 1 }],
      id: ["p2"],
      version: [5],
      cooldown: ["1h"],
      Size: [1],
    },
    ["p1"],
  ),
  ...badArguments(
    "updatePosition",
    "patch",
    [null, undefined, 5, "size", [], () => undefined, () => null, () => 5, () => []],
    (value) => ["p1", value],
  ),
  ...badArguments("updatePosition", "patch.size", [() => ({ size: 0 }), () => ({ size: "1" })], (value) => [
    "p1",
    value,
  ]),
  ...badArguments("updatePosition", "id", [...NO_NAMES, ...ABSENT], (value) => [value, { size: 1 }]),
  ...badArguments("getPosition", "id", [...NO_NAMES, ...ABSENT], (value) => [value]),
  ...badArguments("removePosition", "id", [...NO_NAMES, ...ABSENT], (value) => [value]),
  ...badArguments("closePosition", "id", [...NO_NAMES, ...ABSENT], (value) => [value, { pnl: 1 }]),
  ...badArguments("closePosition", "options", [...NO_FIELDS, undefined], (value) => ["p1", value]),
  ...badFields(
    "closePosition",
    "",
    { pnl: 1 },
    {
      pnl: [...NO_NUMBERS, ...ABSENT, 9000000000000001, -1e16],
      equity: [...NO_NUMBERS, null, 9000000000000001],
      cooldown: NO_DURATIONS,
      ts: NO_TIMES,
      reason: [5, {}, true, "x".repeat(1025), "é".repeat(513), "a\0b", "\udfff"],
      dust: NO_SIZES.filter((value) => value !== undefined),
    },
    ["p1"],
  ),
  ...badFields("removePosition", "", {}, { reason: [5, {}, "x".repeat(1025), "a\0b"], untold: [1, "yes", null, {}] }, [
    "p1",
  ]),
  ...badArguments("removePosition", "options", NO_FIELDS, (value) => ["p1", value]),
  ...badFields("removePosition", "options", {}, { pnl: [1] }, ["p1"]),
  ...badFields("closePosition", "options", { pnl: 1 }, { pnlChange: [1], fee: [0] }, ["p1"]),
];

const ORDERS: readonly Case[] = [
  ...badFields("saveOrder", "order", BUY, {
    id: [...NO_NAMES, ...ABSENT],
    pair: [...NO_NAMES, ...ABSENT, "BTC/USDT|long"],
    side: ["long", "BUY", "", ...ABSENT],
    orderType: NO_NAMES,
    price: NO_NUMBERS,
    size: NO_SIZES,
    status: ["done", "OPEN", "", null, 1],
    createdAt: NO_TIMES,
    filled: [...NO_NUMBERS, -1, -5e-324],
    intent: ["open", "", null, 1],
    positionId: NO_NAMES,
    signalId: NO_NAMES,
    tp: NO_NUMBERS,
    sl: NO_NUMBERS,
    cooldown: NO_DURATIONS.filter((value) => value !== null),
    metadata: [...NO_OBJECTS.filter((value) => value !== null), cycle(), { ...LARGEST_METADATA, x: 1 }],
    notional: [5],
    amount: [1],
  }),
  ...badArguments("saveOrder", "order", [...NO_FIELDS, undefined], (value) => [value]),
  ...badArguments("getOrder", "id", [...NO_NAMES, ...ABSENT], (value) => [value]),
  ...badArguments("removeOrder", "id", [...NO_NAMES, ...ABSENT], (value) => [value]),
  ...badFields("cancelOrder", "", {}, { dust: NO_SIZES.filter((value) => value !== undefined) }, ["o1"]),
  ...badArguments("cancelOrder", "options", NO_FIELDS, (value) => ["o1", value]),
];

const RISK: readonly Case[] = [
  ...badArguments("updateDailyPnl", "pnlChange", [...NO_NUMBERS, ...ABSENT, 9000000000000001], (value) => [value]),
  ...badArguments("updateDailyPnl", "options", NO_FIELDS, (value) => [1, value]),
  ...badFields(
    "updateDailyPnl",
    "",
    {},
    {
      tradeId: NO_NAMES,
      equity: [...NO_NUMBERS, null, -9000000000000001],
      ts: NO_TIMES,
    },
    [1],
  ),
  ...badFields("updateDailyPnl", "options", {}, { id: ["t1"], trade_id: ["t1"] }, [1]),
  ...badArguments("updateEquity", "equity", [...NO_NUMBERS, ...ABSENT, 9000000000000001], (value) => [value]),
  ...badFields(
    "setRiskLimits",
    "",
    {},
    {
      max_daily_loss: [Number.NaN, "5%", 0, -1, 1e13, 0.000000001, true],
      max_daily_trades: [-1, 0.5, "1"],
      max_consecutive_losses: [0, -1, 1.5],
      max_drawdown: [0, -0.1, 1.1, 20],
      max_open_positions: [-1, 0.5],
      max_positions_per_pair: [-1, 0.5],
      max_exposure: [-1, Number.POSITIVE_INFINITY, 1e13],
      max_dayly_loss: [1],
      breaker_duration: ["1h"],
    },
  ),
  ...badArguments("setRiskLimits", "limits", [null, undefined, 5, "x"], (value) => [value]),
  ...badArguments("triggerCircuitBreaker", "reason", [...ABSENT, "", 5, {}, "a\0b", "\ud800"], (value) => [value]),
  ...badArguments("triggerCircuitBreaker", "duration", [...NO_DURATIONS, 0, "0s", "until_tomorrow"], (value) => [
    "x",
    { duration: value },
  ]),
  ...badArguments("triggerCircuitBreaker", "duration", [...NO_DURATIONS, 0, "0s", "until_tomorrow"], (value) =>
    Array.isArray(value) || (typeof value === "object" && value !== null) ? ["x", { duration: value }] : ["x", value],
  ),
  ...badArguments("triggerCircuitBreaker", "options", [[], ["2h"]], (value) => ["x", value]),
  ...badFields("triggerCircuitBreaker", "options", {}, { until: ["1h"] }, ["x"]),
  ...badArguments("resetCircuitBreaker", "reason", [5, {}, "x".repeat(1025), "a\0b"], (value) => [value]),
  ...badArguments("getDailyHistory", "days", [0, -1, 0.5, Number.NaN, "5", null, 2 ** 53], (value) => [
    { days: value },
  ]),
  ...badArguments("getDailyHistory", "options", NO_FIELDS, (value) => [value]),
  ...badFields(
    "getTrades",
    "",
    {},
    {
      from: NO_TIMES,
      to: NO_TIMES,
      pair: [...NO_NAMES, null, "BTC/USDT|long"],
      after: ["", "x", "1-2-3", "-1", "$", "+", 5, null],
      limit: [0, -1, 0.5, Number.NaN, "5", null],
    },
  ),
  ...badFields("getTrades", "options", {}, { since: [1] }),
  ...badArguments("getTrades", "options", NO_FIELDS, (value) => [value]),
];

const SIGNALS: readonly Case[] = [
  ...badArguments("markSignalProcessed", "signalId", [...NO_NAMES, ...ABSENT], (value) => [value, "BTC/USDT"]),
  ...badArguments("markSignalProcessed", "pair", [...NO_NAMES, ...ABSENT, "X|long"], (value) => ["new", value]),
  ...badArguments("markSignalProcessed", "timestamp", NO_TIMES, (value) => ["new", "BTC/USDT", value]),
  ...badArguments("isSignalProcessed", "signalId", [...NO_NAMES, ...ABSENT], (value) => [value]),
  ...badArguments("setCooldown", "pair", [...NO_NAMES, ...ABSENT, "X|short"], (value) => [value, "1h"]),
  ...badArguments("setCooldown", "duration", [...NO_DURATIONS, undefined], (value) => ["ETH/USDT", value]),
  ...badArguments("setCooldown", "side", ["buy", "", null, 1], (value) => ["ETH/USDT", "1h", { side: value }]),
  ...badArguments("setCooldown", "replace", ["yes", 1, null], (value) => ["ETH/USDT", "1h", { replace: value }]),
  ...badArguments("setCooldown", "reason", [5, {}, "x".repeat(1025)], (value) => ["ETH/USDT", "1h", { reason: value }]),
  ...badArguments("setCooldown", "options", NO_FIELDS, (value) => ["ETH/USDT", "1h", value]),
  ...badFields("setCooldown", "options", {}, { extend: [true] }, ["ETH/USDT", "1h"]),
  ...(["isOnCooldown", "getCooldown", "clearCooldown"] as const).flatMap((method) => [
    ...badArguments(method, "pair", [...NO_NAMES, ...ABSENT, "X|long"], (value) => [value]),
    ...badArguments(method, "side", ["buy", "", null, 1], (value) => ["BTC/USDT", value]),
  ]),
];

const LIVENESS: readonly Case[] = badArguments("checkStale", "maxAge", NO_DURATIONS, (value) => [value]);

export const validation: Theme = (test, open) => {
  for (const [what, cases] of Object.entries({
    positions: POSITIONS,
    orders: ORDERS,
    risk: RISK,
    signals: SIGNALS,
    liveness: LIVENESS,
  })) {
    test(`a bad argument of a call about ${what} is refused by name and changes nothing`, async () => {
      const clock = new Clock();
      await using mgr = await open({ risk: { max_daily_loss: 100 } }, { clock: clock.read });
      await mgr.savePosition({ ...LONG, tp: 1 });
      await mgr.saveOrder(BUY);
      await mgr.updateDailyPnl(-1, { equity: 10 });
      await mgr.markSignalProcessed("s1", LONG.pair);
      await mgr.setCooldown(LONG.pair, "1h");
      await mgr.heartbeat();
      const before = await everything(mgr);
      clock.now += HOUR - 1;
      for (const { method, field, args } of cases) await refused(invoke(mgr, method, args), field);
      assert.equal(await everything(mgr), before);
    });
  }

  test("a bad argument is refused as a rejection, never thrown at the caller", async () => {
    await using mgr = await open();
    const calls = [...POSITIONS, ...ORDERS, ...RISK, ...SIGNALS, ...LIVENESS].map(({ method, args }) => {
      const call: unknown = Reflect.apply(mgr[method], mgr, [...args]);
      assert.instance(call, Promise);
      return call;
    });
    const outcomes = await Promise.allSettled(calls);
    assert.ok(outcomes.every(({ status }) => status === "rejected"));
  });

  test("a long value is cut in the message, and a symbol or an object does not break it", async () => {
    await using mgr = await open();
    for (const value of ["x".repeat(100_000), Symbol("s"), Object.create(null), new Proxy({}, {})]) {
      const error = await invoke(mgr, "getPosition", [value]).then(
        () => new Error("not refused"),
        (reason: unknown) => reason,
      );
      const message = error instanceof Error ? error.message : "";
      assert.match(message, /^id: expected .+, got .+/);
      assert.ok(message.length < 200, message);
    }
  });
};
