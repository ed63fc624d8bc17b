import fc from "fast-check";
import {
  type Config,
  type FillInput,
  InvalidArgumentError,
  type Lease,
  LockedError,
  type StateManager,
} from "../../src/index.js";
import { type Clock, DAY, HOUR, MINUTE } from "../contract/clock.js";

export const PAIRS = ["BTC/USDT", "ETH/USDT"] as const;

/** What a sequence works on. */
export interface Bench {
  readonly mgr: StateManager;
  readonly clock: Clock;
  /** The lease that was taken last. */
  lease?: Lease;
}

/** One call, made at its turn. What may not be done then changes nothing. */
export interface Step {
  readonly name: string;
  run(bench: Bench): Promise<unknown>;
}

export interface Sequence {
  readonly config: Config;
  readonly steps: readonly Step[];
}

const id = fc.constantFrom("p1", "p2", "p3");
const orderId = fc.constantFrom("o1", "o2", "o3", "p1");
const signalId = fc.constantFrom("s1", "s2", "s3", "s4", "s5", "s6");
const pair = fc.constantFrom(...PAIRS);
const anyPair = fc.constantFrom(...PAIRS, "*");
const side = fc.constantFrom("long" as const, "short" as const);
const size = fc.constantFrom(1, 2, 0.1, 0.3, 1 / 3, 12.345678);
const price = fc.constantFrom(100, 99.5, 101.25, 58_685.39, 0.07, 1e-7);
const money = fc.constantFrom(-0.1, -0.2, 0.3, -5, 7.5, 0, -0.00000001, 12_345_678.9, -1e9);
const fee = fc.constantFrom(0, 0.1, 0.25, -0.05, 0.000000005, 1.23456789);
const equity = fc.constantFrom(100, 90, 50.5, 1000, 0, -3);
const cooldown = fc.constantFrom(0, 1, MINUTE, HOUR, 30 * HOUR);
const status = fc.constantFrom(
  ...([
    "intent",
    "submitted",
    "open",
    "open",
    "partially_filled",
    "unknown",
    "filled",
    "cancelled",
    "rejected",
  ] as const),
);
/** How long ago. */
const ago = fc.constantFrom(0, 1, HOUR, DAY, 3 * DAY, 40 * DAY, -MINUTE);
const nth = fc.integer({ min: 0, max: 3 });
/** Of a size. */
const part = fc.constantFrom(1, 1, 0.5, 0.25, 1.5);
const reason = fc.constantFrom("tp", "sl", "manual");
const metadata = fc.constantFrom({}, { strategy: "x", list: [] }, { a: { b: [{}] } });

function maybe<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined, freq: 2 });
}

const dust = maybe(fc.constantFrom(0.05, 0.5));

/** The fields that are there. */
function given<T extends object>(fields: T): { [name in keyof T]?: Exclude<T[name], undefined> } {
  return JSON.parse(JSON.stringify(fields));
}

/** A kind of step: how its values come about, and what is done with them. */
function kind<T>(name: string, values: fc.Arbitrary<T>, run: (bench: Bench, values: T) => Promise<unknown>) {
  return values.map((each): Step => ({ name: `${name} ${JSON.stringify(each)}`, run: (bench) => run(bench, each) }));
}

async function allowed(call: Promise<unknown>): Promise<void> {
  await call.catch((error: unknown) => {
    if (!(error instanceof InvalidArgumentError || error instanceof LockedError)) throw error;
  });
}

const positionSteps = [
  kind(
    "savePosition",
    fc.record({ id, pair, side, size, entryPrice: price, tp: maybe(price), cooldown: maybe(cooldown), metadata, ago }),
    ({ mgr, clock }, { tp, cooldown: wanted, ago: before, ...position }) =>
      mgr.savePosition({ ...position, ...given({ tp, cooldown: wanted }), entryTs: clock.now - before }),
  ),
  kind(
    "updatePosition",
    fc.record({ id, tp: maybe(fc.option(price)), size: maybe(size), pair: maybe(pair), side: maybe(side) }),
    ({ mgr }, { id: which, ...patch }) => allowed(mgr.updatePosition(which, given(patch))),
  ),
  kind(
    "removePosition",
    fc.record({ nth, id, untold: fc.boolean() }),
    async ({ mgr }, { nth: which, id: other, untold }) => {
      await mgr.removePosition((await mgr.getPositions())[which]?.id ?? other, { untold });
    },
  ),
  kind("tell the result of a position", fc.record({ nth, pnl: money }), async ({ mgr }, { nth: which, pnl }) => {
    const position = (await mgr.getPositions())[which];
    if (position) await mgr.updateDailyPnl(pnl, { tradeId: position.id });
  }),
  kind(
    "closePosition",
    fc.record({ nth, pnl: money, equity: maybe(equity), cooldown: maybe(cooldown), ago: maybe(ago), part }),
    async ({ mgr, clock }, { nth: which, pnl, ago: before, part: dusty, ...rest }) => {
      const position = (await mgr.getPositions())[which];
      const ts = before === undefined ? undefined : clock.now - before;
      const dust = dusty < 1 && position ? position.size * dusty : undefined;
      await mgr.closePosition(position?.id ?? "p1", { pnl, ...given({ ...rest, ts, dust }) });
    },
  ),
];

const orderSteps = [
  kind(
    "saveOrder",
    fc.record({
      id: orderId,
      pair,
      side: fc.constantFrom("buy" as const, "sell" as const),
      size,
      price: fc.option(price),
      status,
      intent: fc.constantFrom("entry" as const, "entry" as const, "exit" as const),
      filled: fc.constantFrom(0, 0, 0.05, 5),
      positionId: maybe(id),
      signalId: maybe(signalId),
      cooldown: maybe(cooldown),
      metadata: maybe(metadata),
    }),
    ({ mgr }, { positionId, signalId: signal, cooldown: wanted, metadata: data, ...order }) =>
      allowed(
        mgr.saveOrder({ ...order, ...given({ positionId, signalId: signal, cooldown: wanted, metadata: data }) }),
      ),
  ),
  kind("removeOrder", fc.record({ nth }), async ({ mgr }, values) => {
    await mgr.removeOrder((await mgr.getPendingOrders())[values.nth]?.id ?? "o1");
  }),
  kind(
    "cancelOrder",
    fc.record({ nth, releaseSignal: fc.boolean(), dust }),
    async ({ mgr }, { nth: which, releaseSignal, dust: rest }) => {
      const id = (await mgr.getPendingOrders())[which]?.id ?? "o1";
      await mgr.cancelOrder(id, { releaseSignal, ...given({ dust: rest }) });
    },
  ),
  kind("updateOrder", fc.record({ nth, reason, price }), async ({ mgr }, { nth: which, ...patch }) => {
    const order = (await mgr.getPendingOrders())[which];
    if (order) await mgr.updateOrder(order.id, patch);
  }),
  kind(
    "admit",
    fc.record({ signalId, pair, side, size, price, cooldown: maybe(cooldown), tp: maybe(price), metadata }),
    ({ mgr }, { cooldown: wanted, tp, ...request }) => mgr.admit({ ...request, ...given({ cooldown: wanted, tp }) }),
  ),
];

const fillValues = fc.record({
  nth,
  fillId: fc.constantFrom("f1", "f2", "f3", "f4"),
  price,
  part,
  fee: maybe(fee),
  ago: maybe(ago),
  done: maybe(fc.boolean()),
  dust,
});

type FillValues = typeof fillValues extends fc.Arbitrary<infer T> ? T : never;

function fillOf(
  { fillId, price: at, part: some, fee: cost, ago: before, done, dust: rest }: FillValues,
  of: number,
  now: number,
): FillInput {
  const ts = before === undefined ? undefined : now - before;
  return { fillId, price: at, size: of * some, overfill: some > 1, ...given({ fee: cost, ts, done, dust: rest }) };
}

const fillSteps = [
  kind("fill a pending order", fillValues, async ({ mgr, clock }, values) => {
    const order = (await mgr.getPendingOrders())[values.nth];
    if (order) await allowed(mgr.recordFill(order.id, fillOf(values, order.size, clock.now)));
  }),
  kind("fill an order late", fc.tuple(orderId, fillValues), ({ mgr, clock }, [which, values]) =>
    allowed(mgr.recordFill(which, fillOf(values, 0.1, clock.now))),
  ),
  kind("leave a position", fc.tuple(fc.uuid(), fillValues), async ({ mgr, clock }, [exit, values]) => {
    const position = (await mgr.getPositions())[values.nth];
    if (!position) return;
    const { id: positionId, pair: of, size: held } = position;
    const way = position.side === "long" ? "sell" : "buy";
    await mgr.saveOrder({ id: exit, pair: of, side: way, size: held, intent: "exit", positionId });
    await allowed(mgr.recordFill(exit, fillOf(values, held, clock.now)));
  }),
  kind(
    "leave a pair",
    fc.tuple(fc.uuid(), pair, side, fillValues),
    async ({ mgr, clock }, [exit, of, which, values]) => {
      await mgr.saveOrder({ id: exit, pair: of, side: which === "long" ? "sell" : "buy", size: 1, intent: "exit" });
      await allowed(mgr.recordFill(exit, fillOf(values, 1, clock.now)));
    },
  ),
  kind("leave what is gone", fc.tuple(fc.uuid(), nth, fillValues), async ({ mgr, clock }, [exit, back, values]) => {
    const trade = (await mgr.getTrades()).at(-1 - back);
    if (!trade) return;
    const { id: positionId, pair: of, size: held } = trade;
    const way = trade.side === "long" ? "sell" : "buy";
    await mgr.saveOrder({ id: exit, pair: of, side: way, size: held, intent: "exit", positionId });
    await allowed(mgr.recordFill(exit, fillOf(values, held, clock.now)));
  }),
];

const limit = (value: fc.Arbitrary<number>) => maybe(fc.option(value));

const riskSteps = [
  kind(
    "updateDailyPnl",
    fc.record({
      pnl: money,
      tradeId: maybe(fc.constantFrom("t1", "t2", "t3")),
      equity: maybe(equity),
      ago: maybe(ago),
    }),
    ({ mgr, clock }, { pnl, ago: before, ...rest }) => {
      const ts = before === undefined ? undefined : clock.now - before;
      return allowed(mgr.updateDailyPnl(pnl, given({ ...rest, ts })));
    },
  ),
  kind("updateEquity", equity, ({ mgr }, value) => mgr.updateEquity(value)),
  kind("startEquity", fc.constantFrom(100, 1000), ({ mgr }, value) => mgr.startEquity(value)),
  kind(
    "bookCash",
    fc.record({
      amount: money,
      id: fc.constantFrom("c1", "c2", "c3", "c4", "c5"),
      cash: fc.constantFrom("funding" as const, "interest" as const, "correction" as const, "fee" as const),
      positionId: maybe(id),
      nth: maybe(nth),
      ago: maybe(ago),
    }),
    async ({ mgr, clock }, { amount, id: cashId, cash, positionId, nth: which, ago: before }) => {
      const trade = which === undefined ? undefined : (await mgr.getTrades())[which];
      const ts = before === undefined ? undefined : clock.now - before;
      const told = cash === "fee" ? -Math.abs(amount) : amount;
      await allowed(
        mgr.bookCash(told, { id: cashId, kind: cash, ...given({ positionId: trade?.id ?? positionId, ts }) }),
      );
    },
  ),
  kind(
    "recordTransfer",
    fc.record({ amount: money, id: fc.constantFrom("c1", "c2", "c3"), ago: maybe(ago) }),
    ({ mgr, clock }, { amount, id: transferId, ago: before }) =>
      allowed(
        mgr.recordTransfer(amount, {
          id: transferId,
          ...given({ ts: before === undefined ? undefined : clock.now - before }),
        }),
      ),
  ),
  kind(
    "setRiskLimits",
    fc.record({
      max_daily_loss: limit(fc.constantFrom(5, 0.3, 1e6)),
      max_daily_trades: limit(fc.constantFrom(2, 50)),
      max_consecutive_losses: limit(fc.constantFrom(2, 5)),
      max_drawdown: limit(fc.constantFrom(0.1, 0.5)),
      max_open_positions: limit(fc.constantFrom(2, 20)),
      max_exposure: limit(fc.constantFrom(1000, 1e9)),
    }),
    ({ mgr }, limits) => mgr.setRiskLimits(given(limits)),
  ),
  kind("unsetRiskLimits", fc.subarray(["max_daily_loss", "max_drawdown", "max_exposure"] as const), ({ mgr }, names) =>
    mgr.unsetRiskLimits(names),
  ),
  kind(
    "triggerCircuitBreaker",
    fc.constantFrom(1, MINUTE, 2 * DAY, "until_day_end" as const, "until_reset" as const),
    ({ mgr }, duration) => mgr.triggerCircuitBreaker("by hand", { duration }),
  ),
  kind("resetCircuitBreaker", fc.constant("seen to"), ({ mgr }, reason) => mgr.resetCircuitBreaker(reason)),
];

const otherSteps = [
  kind("markSignalProcessed", fc.record({ signalId, pair, ago: maybe(ago) }), ({ mgr, clock }, values) =>
    mgr.markSignalProcessed(
      values.signalId,
      values.pair,
      values.ago === undefined ? undefined : clock.now - values.ago,
    ),
  ),
  kind(
    "setCooldown",
    fc.record({ pair: anyPair, cooldown, side: maybe(side), replace: fc.boolean() }),
    ({ mgr }, { pair: of, cooldown: wanted, side: one, replace }) =>
      mgr.setCooldown(of, wanted, { replace, ...given({ side: one }) }),
  ),
  kind("clearCooldown", fc.record({ pair: anyPair, side: maybe(side) }), ({ mgr }, values) =>
    mgr.clearCooldown(values.pair, values.side),
  ),
  kind("beginRecovery", fc.constant("a look"), ({ mgr }, reason) => mgr.beginRecovery(reason)),
  kind(
    "reportDifference",
    fc.constant({ subject: "BTC/USDT", found: "nothing there", reads: 2 }),
    ({ mgr }, difference) => mgr.reportDifference(difference),
  ),
  kind("endRecovery", fc.constant(null), ({ mgr }) => mgr.endRecovery()),
  kind("heartbeat", fc.constant(null), ({ mgr }) => mgr.heartbeat()),
  kind("acquireLease", fc.constant("1m" as const), async (bench, ttl) => {
    await allowed(
      bench.mgr.acquireLease({ ttl }).then((lease) => {
        bench.lease = lease;
      }),
    );
  }),
  kind("releaseLease", fc.constant(null), async (bench) => bench.lease?.release()),
];

/** The clock goes on, now and then to another day, seldom back. */
const tick = kind(
  "tick",
  fc.constantFrom(1, MINUTE, MINUTE, HOUR, HOUR, 7 * HOUR, DAY, 3 * DAY, -HOUR, -2 * DAY),
  async ({ clock }, by) => {
    clock.now += by;
  },
);

const step = fc.oneof(
  { weight: 3, arbitrary: tick },
  { weight: 4, arbitrary: fc.oneof(...positionSteps) },
  { weight: 6, arbitrary: fc.oneof(...orderSteps) },
  { weight: 9, arbitrary: fc.oneof(...fillSteps) },
  { weight: 5, arbitrary: fc.oneof(...riskSteps) },
  { weight: 4, arbitrary: fc.oneof(...otherSteps) },
);

export const sequence: fc.Arbitrary<Sequence> = fc.record({
  config: fc.record({
    risk: fc.record({
      day_start: fc.constantFrom("00:00", "12:00", "17:30"),
      breaker_duration: fc.constantFrom<("1h" | "1m" | "until_day_end" | "until_reset")[]>("1h", "1m", "until_day_end"),
    }),
    signals: fc.record({
      dedup_window: fc.constantFrom<("1h" | "24h")[]>("1h", "24h"),
      max_ids: fc.constantFrom(2, 4, 1000),
    }),
  }),
  steps: fc.array(step, { minLength: 1, maxLength: 60, size: "max" }),
});

/** A sequence in words, for who has to look into one that failed. */
export function story({ config, steps }: Sequence): string {
  return [JSON.stringify(config), ...steps.map(({ name }) => name)].join("\n  ");
}
