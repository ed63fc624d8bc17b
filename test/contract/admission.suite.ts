import fc from "fast-check";
import * as assert from "uvu/assert";
import {
  type Admission,
  type AdmissionRequest,
  InvalidArgumentError,
  type PendingOrder,
  type Refusal,
  type StateManager,
} from "../../src/index.js";
import { digestOf, flowDigest } from "../../src/words/client-order-id.js";
import { Clock, DAY, HOUR, MINUTE, NOON } from "./clock.js";
import { refused } from "./expect.js";
import type { Open, Theme } from "./open.js";
import { derivedReservations, toldReservations } from "./reservations.js";
import { BUY, EXOTIC_NAMES, LONG, METADATA } from "./samples.js";
import { stored, storedBesidesRefusals } from "./stored.js";

const PAIR = LONG.pair;

/** Takes 500 of the exposure. */
const ENTRY = { signalId: "s1", pair: PAIR, side: "long", size: 0.0125, price: 40_000 } as const;

/** What the bots' exchanges take as a client order id. */
const CLIENT_ORDER_ID = /^[a-z0-9]{32}$/;

/** The order of an entry that went ahead; a refusal fails the test. */
export async function admitted(mgr: StateManager, request: Partial<AdmissionRequest> = {}): Promise<PendingOrder> {
  const answer = await mgr.admit({ ...ENTRY, ...request });
  if (!answer.admitted) throw new Error(`expected the entry to go ahead, got ${answer.reason}: ${answer.message}`);
  return answer.order;
}

/** The refusal of an entry; one that goes ahead fails the test. */
async function refusalOf(mgr: StateManager, request: Partial<AdmissionRequest> = {}) {
  const answer = await mgr.admit({ ...ENTRY, ...request });
  if (answer.admitted) throw new Error(`expected a refusal, got the order ${answer.order.id}`);
  return answer;
}

/** A refusal's cause, to be brought about and taken away while every other one stands or not. */
interface Cause {
  readonly reason: Refusal;
  /** What a person is told. */
  readonly message: RegExp;
  begin(flow: Flow): Promise<unknown>;
  end(flow: Flow): Promise<unknown>;
}

/** A flow of which only the holder of the lease may change anything; one loss of 100 today, a trade of yesterday, one position of 500. */
interface Flow {
  readonly mgr: StateManager;
  acquire(): Promise<void>;
  release(): Promise<void>;
}

const TTL = 10 * MINUTE;

async function openFlow(open: Open): Promise<Flow & AsyncDisposable> {
  const clock = new Clock();
  const mgr = await open(
    { execution: { single_active: true }, risk: { opposite_side: "refuse" } },
    { clock: clock.read, instanceId: "bot-1" },
  );
  let lease = await mgr.acquireLease({ ttl: TTL });
  await mgr.savePosition({ ...LONG, size: 0.0125, entryPrice: 40_000 });
  await mgr.updateDailyPnl(-100);
  await mgr.savePosition({ ...LONG, id: "yesterday" });
  await mgr.closePosition("yesterday", { pnl: 0, ts: NOON - DAY });
  return {
    mgr,
    async acquire() {
      lease = await mgr.acquireLease({ ttl: TTL });
    },
    async release() {
      await lease.release();
    },
    async [Symbol.asyncDispose]() {
      await lease.release();
      await mgr.close();
    },
  };
}

/** In the order in which they count. */
const CAUSES: readonly Cause[] = [
  {
    reason: "fenced",
    message: /^lease \d+ is not held; the flow's lease is /,
    begin: (flow) => flow.release(),
    end: (flow) => flow.acquire(),
  },
  {
    reason: "recovering",
    message: /^a recovery is under way: after a crash$/,
    begin: ({ mgr }) => mgr.beginRecovery("after a crash"),
    end: ({ mgr }) => mgr.endRecovery(),
  },
  {
    reason: "circuit_breaker",
    message: /^the circuit breaker is active: by hand$/,
    begin: ({ mgr }) => mgr.triggerCircuitBreaker("by hand"),
    end: ({ mgr }) => mgr.resetCircuitBreaker(),
  },
  {
    reason: "daily_loss",
    message: /^today's loss of 100 reached the limit of 99\.5$/,
    // A limit that is reached when it is set trips the breaker.
    begin: async ({ mgr }) => {
      await mgr.setRiskLimits({ max_daily_loss: 99.5 });
      await mgr.resetCircuitBreaker();
    },
    end: ({ mgr }) => mgr.setRiskLimits({ max_daily_loss: null }),
  },
  {
    reason: "max_daily_trades",
    message: /^1 trades today, the limit is 1$/,
    begin: ({ mgr }) => mgr.setRiskLimits({ max_daily_trades: 1 }),
    end: ({ mgr }) => mgr.setRiskLimits({ max_daily_trades: null }),
  },
  {
    reason: "duplicate_signal",
    message: /^signal s1 was acted on before$/,
    begin: ({ mgr }) => mgr.markSignalProcessed("s1", PAIR),
    // Saved with the signal and cancelled unfilled, an order takes the mark away.
    end: async ({ mgr }) => {
      await mgr.saveOrder({ ...BUY, id: "release", intent: "exit", signalId: "s1" });
      await mgr.cancelOrder("release", { releaseSignal: true });
    },
  },
  {
    reason: "cooldown",
    message: /^BTC\/USDT long is cooling down$/,
    begin: ({ mgr }) => mgr.setCooldown(PAIR, "10m"),
    end: ({ mgr }) => mgr.clearCooldown(PAIR),
  },
  {
    reason: "guard",
    message: /^guard low_profit: a profit of 0 in 1 trade of BTC\/USDT within 2d, it blocks below 0\.5$/,
    begin: ({ mgr }) => mgr.setGuards([{ kind: "low_profit", within: "2d", limit: 0.5, for: "2d" }]),
    end: ({ mgr }) => mgr.setGuards([]),
  },
  {
    reason: "opposite_side",
    message: /^BTC\/USDT has a short position or entry, and risk\.opposite_side is refuse$/,
    begin: ({ mgr }) => mgr.saveOrder({ ...BUY, id: "other", side: "sell", price: null }),
    end: ({ mgr }) => mgr.removeOrder("other"),
  },
  {
    reason: "max_open_positions",
    message: /^1 positions and entries are open, the limit is 1$/,
    begin: ({ mgr }) => mgr.setRiskLimits({ max_open_positions: 1 }),
    end: ({ mgr }) => mgr.setRiskLimits({ max_open_positions: null }),
  },
  {
    reason: "max_positions_per_pair",
    message: /^1 positions and entries are open on BTC\/USDT, the limit is 1$/,
    begin: ({ mgr }) => mgr.setRiskLimits({ max_positions_per_pair: 1 }),
    end: ({ mgr }) => mgr.setRiskLimits({ max_positions_per_pair: null }),
  },
  {
    reason: "max_exposure",
    message: /^exposure would be 1000, the limit is 999\.99999999$/,
    begin: ({ mgr }) => mgr.setRiskLimits({ max_exposure: 999.99999999 }),
    end: ({ mgr }) => mgr.setRiskLimits({ max_exposure: null }),
  },
];

/** Brings about some of the causes. The lease goes last: without it nothing else can be changed. */
async function begin(flow: Flow, causes: readonly Cause[]): Promise<void> {
  for (const cause of causes.toReversed()) await cause.begin(flow);
}

/** How often entries were refused today, by reason. */
async function refusedToday(mgr: StateManager): Promise<Record<string, number>> {
  return (await mgr.snapshot()).admissions.refused;
}

/** Asserts that the entry is refused for this cause, in words, and that nothing was written but the count of the reason, and the refusal. */
async function refusedFor(mgr: StateManager, { reason, message }: Cause): Promise<void> {
  const before = await storedBesidesRefusals(mgr);
  const counts = await refusedToday(mgr);
  const answer = await refusalOf(mgr, { cooldown: "1h", tp: 1, metadata: { a: 1 } });
  assert.is(answer.reason, reason);
  assert.match(answer.message, message);
  assert.equal(await storedBesidesRefusals(mgr), before);
  const { [reason]: count = 0 } = counts;
  assert.equal(await refusedToday(mgr), reason === "fenced" ? counts : { ...counts, [reason]: count + 1 });
}

/** The numbers of a refusal of which time cures the cause: it holds one ms before `retryAt`, and not at `retryAt`. */
async function curedAt(mgr: StateManager, clock: Clock, reason: Refusal, at: number): Promise<void> {
  const answer = await refusalOf(mgr);
  assert.is(answer.reason, reason);
  assert.equal(answer.retryAt, new Date(at));
  clock.now = at - 1;
  assert.equal(await refusalOf(mgr), answer);
  clock.now = at;
  await admitted(mgr);
}

export const admission: Theme = (test, open, { runs }) => {
  test("an entry that is admitted is stored as an intent with all that it asked for", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const order = await admitted(mgr, {
      side: "short",
      orderId: "order-1",
      orderType: "market",
      cooldown: "5m",
      tp: 39_000,
      sl: 41_000,
      metadata: { strategy: "breakout", tags: [] },
      reason: "breakout",
      rate: 1.25,
    });
    assert.equal(order, {
      id: "order-1",
      pair: PAIR,
      side: "sell",
      orderType: "market",
      price: 40_000,
      size: 0.0125,
      status: "intent",
      createdAt: new Date(NOON),
      filled: 0,
      intent: "entry",
      signalId: "s1",
      tp: 39_000,
      sl: 41_000,
      cooldown: 5 * MINUTE,
      metadata: { strategy: "breakout", tags: [] },
      version: 1,
      reason: "breakout",
      rate: 1.25,
    });
    assert.equal(await mgr.getOrder("order-1"), order);
    assert.equal(await mgr.getPendingOrders(), [order]);
  });

  test("without the optional fields the entry is a limit order without targets and without a cooldown", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const { id, ...order } = await admitted(mgr);
    assert.match(id, CLIENT_ORDER_ID);
    assert.equal(order, {
      pair: PAIR,
      side: "buy",
      orderType: "limit",
      price: 40_000,
      size: 0.0125,
      status: "intent",
      createdAt: new Date(NOON),
      filled: 0,
      intent: "entry",
      signalId: "s1",
      version: 1,
    });
    assert.is(await mgr.isOnCooldown(PAIR, "long"), false);
  });

  test("the signal of an admitted entry is marked, as the last one", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.markSignalProcessed("s0", "ETH/USDT", NOON - DAY);
    clock.now += MINUTE;
    await admitted(mgr);
    assert.is(await mgr.isSignalProcessed("s1"), true);
    assert.is(await mgr.markSignalProcessed("s1", PAIR), false);
    assert.equal(await mgr.getSignalState(), {
      lastProcessedTs: new Date(NOON + MINUTE),
      lastProcessedPair: PAIR,
      lastProcessedId: "s1",
      cooldowns: {},
      recentSignalIds: ["s0", "s1"],
    });
  });

  test("the cooldown of an admitted entry holds for both sides of its pair, and for no other", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await admitted(mgr, { cooldown: "5m" });
    for (const side of ["long", "short"] as const) {
      assert.equal(await mgr.getCooldown(PAIR, side), new Date(NOON + 5 * MINUTE));
      assert.is((await refusalOf(mgr, { signalId: `s-${side}`, side })).reason, "cooldown");
    }
    await admitted(mgr, { signalId: "s2", pair: "ETH/USDT", cooldown: 0 });
    assert.is(await mgr.isOnCooldown("ETH/USDT"), false);
  });

  test("buy and sell are taken as long and short", async () => {
    await using mgr = await open();
    await mgr.setCooldown(PAIR, "1h", { side: "short" });
    assert.is((await admitted(mgr, { side: "buy" })).side, "buy");
    assert.is((await refusalOf(mgr, { signalId: "s2", side: "sell" })).reason, "cooldown");
  });

  test("of all the reasons against an entry the first in their order is given, and nothing is written", async () => {
    await using flow = await openFlow(open);
    await begin(flow, CAUSES);
    for (const cause of CAUSES) {
      await refusedFor(flow.mgr, cause);
      await cause.end(flow);
    }
    await admitted(flow.mgr);
  });

  test("the first of the reasons is given whichever of them hold", async () => {
    await fc.assert(
      fc.asyncProperty(fc.subarray([...CAUSES], { minLength: 1 }), async (causes) => {
        await using flow = await openFlow(open);
        await begin(flow, causes);
        const [first] = causes;
        if (first) await refusedFor(flow.mgr, first);
        for (const cause of causes) await cause.end(flow);
        await admitted(flow.mgr);
      }),
      { numRuns: runs(25) },
    );
  });

  test("each reason alone refuses", async () => {
    for (const cause of CAUSES) {
      await using flow = await openFlow(open);
      await cause.begin(flow);
      await refusedFor(flow.mgr, cause);
    }
  });

  test("a tripped breaker is waited out until the moment at which it ends", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.triggerCircuitBreaker("by hand", { duration: 12_345 });
    await curedAt(mgr, clock, "circuit_breaker", NOON + 12_345);
  });

  test("a breaker that only a reset ends gives no time", async () => {
    await using mgr = await open();
    await mgr.triggerCircuitBreaker("by hand", { duration: "until_reset" });
    const answer = await refusalOf(mgr);
    assert.equal(answer, {
      admitted: false,
      reason: "circuit_breaker",
      message: "the circuit breaker is active: by hand",
    });
  });

  test("the daily loss and the daily trades are cured by the next trading day", async () => {
    for (const [day_start, end] of [
      ["00:00", Date.UTC(2024, 2, 6)],
      ["12:01", Date.UTC(2024, 2, 5, 12, 1)],
      ["12:00", Date.UTC(2024, 2, 6, 12)],
    ] as const) {
      const clock = new Clock();
      const config = { risk: { day_start, breaker_duration: 1 } } as const;
      await using loser = await open(config, { clock: clock.read });
      await loser.setRiskLimits({ max_daily_loss: 5 });
      await loser.updateDailyPnl(-5);
      await loser.resetCircuitBreaker();
      await curedAt(loser, clock, "daily_loss", end);

      clock.now = NOON;
      await using trader = await open(config, { clock: clock.read });
      await trader.updateDailyPnl(1);
      await trader.updateDailyPnl(1);
      await trader.setRiskLimits({ max_daily_trades: 2 });
      await curedAt(trader, clock, "max_daily_trades", end);
    }
  });

  test("a limit of no trades at all refuses before the first one", async () => {
    await using mgr = await open({ risk: { max_daily_trades: 0 } });
    assert.is((await refusalOf(mgr)).message, "0 trades today, the limit is 0");
  });

  test("of the cooldowns that hold for an entry the last to end counts", async () => {
    for (const last of [0, 1, 2, 3]) {
      const clock = new Clock();
      await using mgr = await open({}, { clock: clock.read });
      const holding = [[PAIR], ["*"], [PAIR, { side: "long" }], ["*", { side: "long" }]] as const;
      for (const [i, [pair, options]] of holding.entries()) {
        await mgr.setCooldown(pair, i === last ? "7m" : "5m", options);
      }
      await mgr.setCooldown(PAIR, "1h", { side: "short" });
      await mgr.setCooldown("*", "1h", { side: "short" });
      await mgr.setCooldown("ETH/USDT", "1h");
      await curedAt(mgr, clock, "cooldown", NOON + 7 * MINUTE);
    }
  });

  test("a reason that time does not cure gives no time", async () => {
    for (const cause of CAUSES) {
      if (["circuit_breaker", "daily_loss", "max_daily_trades", "cooldown", "guard"].includes(cause.reason)) continue;
      await using flow = await openFlow(open);
      await cause.begin(flow);
      assert.not("retryAt" in (await refusalOf(flow.mgr)), cause.reason);
    }
  });

  test("a signal is admitted again once it is forgotten, and not a moment sooner", async () => {
    const clock = new Clock();
    await using mgr = await open({ signals: { dedup_window: "2h" } }, { clock: clock.read });
    await admitted(mgr);
    clock.now += 2 * HOUR - 1;
    assert.is((await refusalOf(mgr)).reason, "duplicate_signal");
    clock.now += 1;
    await admitted(mgr);
  });

  test("a signal that was only marked is refused like one that was admitted", async () => {
    await using mgr = await open();
    await mgr.markSignalProcessed("s1", "ETH/USDT");
    assert.is((await refusalOf(mgr)).reason, "duplicate_signal");
  });

  test("exposure is reckoned exactly: what reaches the limit is admitted, the smallest amount more is not", async () => {
    await using mgr = await open({ risk: { max_exposure: 0.3 } });
    await admitted(mgr, { size: 0.1, price: 1 });
    await admitted(mgr, { signalId: "s2", size: 1, price: 0.2 });
    const more = await refusalOf(mgr, { signalId: "s3", size: 0.00000001, price: 1 });
    assert.is(more.message, "exposure would be 0.30000001, the limit is 0.3");
  });

  test("a price of zero or below is taken, but of an inverse contract; what it puts to work is |size x price|", async () => {
    await using mgr = await open({ risk: { max_exposure: 100 } });
    const oil = await admitted(mgr, { signalId: "s1", pair: "CL/USD", size: 2, price: -37.5 });
    assert.is(oil.price, -37.5);
    const free = await admitted(mgr, { signalId: "s2", pair: "CL/USD", size: 1000, price: 0 });
    assert.is(free.price, 0);
    const more = await refusalOf(mgr, { signalId: "s3", pair: "CL/USD", side: "short", size: 1, price: -25.01 });
    assert.equal([more.reason, more.message], ["max_exposure", "exposure would be 100.01, the limit is 100"]);
    await admitted(mgr, { signalId: "s3", pair: "CL/USD:USD-240628", side: "short", size: 1, price: -25 });
    for (const pair of ["BTC/USD:BTC", "BTC/USD:BTC-240628"]) {
      for (const price of [0, -0, -5e-324]) {
        await refused(mgr.admit({ ...ENTRY, signalId: "s4", pair, price }), "price");
      }
    }
    assert.is((await mgr.getPendingOrders()).length, 3);
  });

  test("exposure counts positions of either side, and the unfilled rest of entries, not exits", async () => {
    await using mgr = await open({ risk: { max_exposure: 1000 } });
    await mgr.savePosition({ ...LONG, side: "short", size: 1, entryPrice: 400 });
    await mgr.saveOrder({ ...BUY, size: 10, filled: 9, price: 500, status: "partially_filled" });
    await mgr.saveOrder({ ...BUY, id: "exit", side: "sell", size: 100, intent: "exit", positionId: "p1" });
    await mgr.saveOrder({ ...BUY, id: "market", size: 100, price: null });
    await admitted(mgr, { size: 1, price: 100 });
    assert.match((await refusalOf(mgr, { signalId: "s2", size: 1, price: 1 })).message, /^exposure would be 1001,/);
  });

  test("an entry too large for a number of money is refused by any limit of exposure", async () => {
    await using mgr = await open({ risk: { max_exposure: 8_999_999_999_999 } });
    for (const [size, price] of [
      [1e300, 1e300],
      [Number.MAX_VALUE, Number.MAX_VALUE],
      [9e12, 1],
    ] as const) {
      assert.is((await refusalOf(mgr, { size, price })).reason, "max_exposure");
    }
    await mgr.setRiskLimits({ max_exposure: null });
    const order = await admitted(mgr, { size: 1e300, price: Number.MAX_VALUE });
    assert.is(order.price, Number.MAX_VALUE);
    assert.is(await mgr.cancelOrder(order.id), true);
    assert.is((await toldReservations(mgr, [PAIR])).exposure, "0");
  });

  test("limits of nothing refuse the first entry", async () => {
    for (const [name, message] of [
      ["max_open_positions", "0 positions and entries are open, the limit is 0"],
      ["max_positions_per_pair", "0 positions and entries are open on BTC/USDT, the limit is 0"],
      ["max_exposure", "exposure would be 500, the limit is 0"],
    ] as const) {
      await using mgr = await open({ risk: { [name]: 0 } });
      assert.equal(await refusalOf(mgr), { admitted: false, reason: name, message });
    }
  });

  test("of twenty entries at once as many are admitted as there are slots", async () => {
    await using mgr = await open({ risk: { max_open_positions: 3, max_positions_per_pair: 2 } });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        mgr.admit({ ...ENTRY, signalId: `s${i}`, pair: i % 2 === 0 ? PAIR : "ETH/USDT" }),
      ),
    );
    const orders = answers.flatMap((answer) => (answer.admitted ? [answer.order.pair] : []));
    assert.is(orders.length, 3);
    assert.ok(orders.filter((pair) => pair === PAIR).length <= 2);
    assert.is((await mgr.getPendingOrders()).length, 3);
  });

  test("of twenty entries at once as many are admitted as the exposure allows", async () => {
    await using mgr = await open({ risk: { max_exposure: 1999.99 } });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => mgr.admit({ ...ENTRY, signalId: `s${i}` })));
    assert.is(answers.filter((answer: Admission) => answer.admitted).length, 3);
  });

  test("of twenty calls with one signal at once exactly one is admitted", async () => {
    await using mgr = await open();
    const answers = await Promise.all(Array.from({ length: 20 }, () => mgr.admit(ENTRY)));
    const reasons = answers.map((answer) => (answer.admitted ? "admitted" : answer.reason));
    assert.equal(
      reasons.filter((reason) => reason !== "duplicate_signal"),
      ["admitted"],
    );
    assert.is((await mgr.getPendingOrders()).length, 1);
  });

  test("the id of an order is derived from its flow and signal: the same at every retry, another for another", async () => {
    const clock = new Clock();
    await using mgr = await open({ signals: { dedup_window: "1m" } }, { clock: clock.read });
    await using other = await open();
    const { id } = await admitted(mgr);
    assert.is.not((await admitted(mgr, { signalId: "s2" })).id, id);
    assert.is.not((await admitted(other)).id, id);
    await mgr.removeOrder(id);
    clock.now += HOUR;
    assert.is((await admitted(mgr, { pair: "ETH/USDT", side: "short" })).id, id);
  });

  test("a derived id is one that every exchange takes, whatever the signal is called", async () => {
    await using mgr = await open();
    const ids = new Set<string>();
    for (const signalId of EXOTIC_NAMES) {
      const { id } = await admitted(mgr, { signalId });
      assert.match(id, CLIENT_ORDER_ID);
      assert.is(digestOf(id), flowDigest(mgr.flowId));
      ids.add(id);
    }
    assert.is(ids.size, EXOTIC_NAMES.length);
  });

  test("a signal that was released is admitted again, under another id than the order that may still be filled late", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const ids = new Set<string>();
    for (const _ of [1, 2, 3]) {
      const { id } = await admitted(mgr);
      assert.match(id, CLIENT_ORDER_ID);
      assert.is(digestOf(id), flowDigest(mgr.flowId));
      ids.add(id);
      await mgr.cancelOrder(id, { releaseSignal: true });
    }
    assert.is(ids.size, 3);
    // Long after all of them are forgotten, and where a time has the most digits.
    clock.now = Date.UTC(9999, 11, 31);
    assert.is((await admitted(mgr)).id, [...ids][0]);
    const { id } = await admitted(mgr, { signalId: "late" });
    await mgr.cancelOrder(id, { releaseSignal: true });
    const again = await admitted(mgr, { signalId: "late" });
    assert.match(again.id, CLIENT_ORDER_ID);
    assert.is.not(again.id, id);
    assert.is(digestOf(again.id), flowDigest(mgr.flowId));
  });

  test("a signal that comes again after the window gets an order of its own, beside its first position", async () => {
    const clock = new Clock();
    await using mgr = await open({ signals: { dedup_window: "1h" } }, { clock: clock.read });
    const first = await admitted(mgr);
    await mgr.recordFill(first.id, { fillId: "f1", price: 40_000, size: 0.0125 });
    clock.now += 2 * HOUR;
    const second = await admitted(mgr, { side: "short" });
    await mgr.recordFill(second.id, { fillId: "f1", price: 41_000, size: 0.0125 });
    // Eight days later the first order is forgotten; its position is not.
    clock.now += 8 * DAY;
    await mgr.saveOrder({ ...BUY, status: "cancelled" });
    const third = await admitted(mgr);
    assert.is(new Set([first.id, second.id, third.id]).size, 3);
    assert.equal(
      (await mgr.getPositions()).map(({ id, side }) => [id, side]),
      [
        [first.id, "long"],
        [second.id, "short"],
      ],
    );
  });

  test("an id that the caller chose and that is taken is an error, and nothing is written", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.saveOrder({ ...BUY, id: "pending" });
    await mgr.saveOrder({ ...BUY, id: "closed", status: "filled" });
    await mgr.savePosition({ ...LONG, id: "position" });
    const before = await stored(mgr);
    for (const orderId of ["pending", "closed", "position"]) {
      await refused(mgr.admit({ ...ENTRY, orderId, cooldown: "1h" }), "orderId");
      assert.equal(await stored(mgr), before);
    }
    await admitted(mgr, { orderId: "free" });
  });

  test("an argument of a kind that no entry has is an error that names it, and nothing is written", async () => {
    await using mgr = await open();
    const before = await stored(mgr);
    for (const [field, value] of [
      ["signalId", ""],
      ["pair", "BTC/USDT|long"],
      ["side", "up"],
      ["size", 0],
      ["size", Number.POSITIVE_INFINITY],
      ["price", Number.NEGATIVE_INFINITY],
      ["price", "5"],
      ["price", null],
      ["orderId", "x".repeat(33)],
      ["orderId", ""],
      ["orderId", "with space"],
      ["orderId", "ünï"],
      ["orderType", ""],
      ["positionId", ""],
      ["flip", 7],
      ["reason", 7],
      ["rate", 0],
      ["rate", null],
      ["cooldown", -1],
      ["cooldown", "1 hour"],
      ["tp", Number.NaN],
      ["sl", "1"],
      ["metadata", []],
      ["metadata", { huge: "x".repeat(65_536) }],
    ] as const) {
      const request: AdmissionRequest = JSON.parse(JSON.stringify(ENTRY));
      Reflect.set(request, field, value);
      await refused(mgr.admit(request), field);
    }
    assert.equal(await stored(mgr), before);
  });

  test("what an entry carries reaches its position as it came", async () => {
    await using mgr = await open();
    for (const [i, metadata] of METADATA.entries()) {
      const order = await admitted(mgr, { signalId: `s${i}`, tp: 0, sl: -1.5, cooldown: "1ms", metadata });
      assert.is(JSON.stringify(order.metadata), JSON.stringify(metadata));
      const { position } = await mgr.recordFill(order.id, { fillId: "f1", price: 40_000, size: 0.001 });
      assert.is(JSON.stringify(position?.metadata), JSON.stringify(metadata));
      assert.equal([position?.tp, position?.sl, position?.cooldown], [0, -1.5, 1]);
      await mgr.clearCooldown(PAIR);
    }
  });

  test("whatever refuses entries, exits go on: close, cancel, fill and cooldown work", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const { id } = await admitted(mgr);
    const { id: rest } = await admitted(mgr, { signalId: "s2" });
    await mgr.savePosition(LONG);
    await mgr.setRiskLimits({ max_daily_loss: 1, max_daily_trades: 0, max_open_positions: 0, max_exposure: 0 });
    await mgr.beginRecovery("a look");
    await mgr.triggerCircuitBreaker("by hand", { duration: "until_reset" });
    assert.is((await mgr.recordFill(id, { fillId: "f1", price: 40_000, size: 0.01, fee: 5 })).applied, true);
    assert.is(await mgr.cancelOrder(id), true);
    assert.is(await mgr.cancelOrder(rest, { releaseSignal: true }), true);
    await mgr.saveOrder({ ...BUY, id: "exit", side: "sell", size: 0.01, intent: "exit", positionId: id });
    assert.is((await mgr.recordFill("exit", { fillId: "f2", price: 39_000, size: 0.01 })).applied, true);
    assert.is((await mgr.closePosition("p1", { pnl: -5 })).closed, true);
    assert.equal(await mgr.setCooldown(PAIR, "1h"), new Date(NOON + HOUR));
    assert.is(await mgr.endRecovery(), true);
    assert.is(await mgr.resetCircuitBreaker(), true);
  });

  test("slots and exposure are what positions and orders take, after any sequence of changes", async () => {
    const pairs = [PAIR, "ETH/USDT"];
    const change = fc.record({
      what: fc.constantFrom(...WAYS),
      of: fc.integer({ min: 0, max: 3 }),
      pair: fc.constantFrom(...pairs),
      size: fc.constantFrom(1, 0.1, 0.3, 1 / 3, 1e-8, 1e21),
      price: fc.constantFrom(100, 0.07, 99.99, 1e-7, 12_345_678.901),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 5, maxLength: 30 }), async (changes) => {
        await using mgr = await open();
        for (const [i, { what, of, ...rest }] of changes.entries()) await RESERVING[what](mgr, { ...rest, of, i });
        const derived = await derivedReservations(mgr, pairs);
        assert.equal(await toldReservations(mgr, pairs), derived);
      }),
      { numRuns: runs(25) },
    );
  });
};

interface Numbers {
  readonly of: number;
  readonly i: number;
  readonly pair: string;
  readonly size: number;
  readonly price: number;
}

/** Changes that take or give back slots and exposure. What a change does not find, or may not do, changes nothing. */
const RESERVING = {
  admit: (mgr, { i, pair, size, price }) => mgr.admit({ signalId: `s${i}`, pair, side: "long", size, price }),
  save: (mgr, { of, pair, size, price }) => mgr.saveOrder({ ...BUY, id: `o${of}`, pair, size, price }).catch(refusal),
  grow: (mgr, { of, pair, size, price }) =>
    mgr.saveOrder({ ...BUY, id: `g${of}`, pair, size, price, positionId: `p${of}` }).catch(refusal),
  end: async (mgr, { of }) => {
    const order = (await mgr.getPendingOrders())[of];
    if (order) await mgr.saveOrder({ ...order, status: "cancelled" });
  },
  cancel: async (mgr, { of }) => mgr.cancelOrder((await mgr.getPendingOrders())[of]?.id ?? "none"),
  remove: async (mgr, { of }) => mgr.removeOrder((await mgr.getPendingOrders())[of]?.id ?? "none"),
  fill: async (mgr, { of, i, size, price }) => {
    const order = (await mgr.getPendingOrders())[of];
    if (order)
      await mgr.recordFill(order.id, { fillId: `f${i}`, price, size: Math.min(size, order.size) }).catch(refusal);
  },
  exit: async (mgr, { of, i, price }) => {
    const position = (await mgr.getPositions())[of];
    if (!position) return;
    const { id: positionId, pair, size, side } = position;
    const order = {
      id: `x${i}`,
      pair,
      side: side === "long" ? "sell" : "buy",
      size,
      intent: "exit",
      positionId,
    } as const;
    await mgr.saveOrder(order);
    await mgr.recordFill(order.id, { fillId: "f", price, size: i % 2 === 0 ? size : size / 2 }).catch(refusal);
  },
  savePosition: (mgr, { of, pair, size, price }) =>
    mgr.savePosition({ ...LONG, id: `p${of}`, pair, size, entryPrice: price }),
  update: (mgr, { of, pair, size }) => mgr.updatePosition(`p${of}`, { pair, size }).catch(refusal),
  close: async (mgr, { of }) => mgr.closePosition((await mgr.getPositions())[of]?.id ?? "none", { pnl: 1 }),
  removePosition: async (mgr, { of }) => mgr.removePosition((await mgr.getPositions())[of]?.id ?? "none"),
} satisfies Record<string, (mgr: StateManager, numbers: Numbers) => Promise<unknown>>;

const WAYS = Object.keys(RESERVING).filter((name): name is keyof typeof RESERVING => name in RESERVING);

/** A change that may not be made is an InvalidArgumentError; anything else fails the test. */
function refusal(error: unknown): void {
  assert.instance(error, InvalidArgumentError, String(error));
}
