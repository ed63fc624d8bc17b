/** Look-back guards (money.md, 9): what trades that ended lately say against an entry. Examples named freqtrade's are those of its tests. */
import fc from "fast-check";
import * as assert from "uvu/assert";
import type { Guard, GuardInput, PositionSide, StateManager } from "../../src/index.js";
import { Clock, DAY, HOUR, MINUTE, NOON } from "./clock.js";
import { refused } from "./expect.js";
import type { Open, Theme } from "./open.js";
import { stored } from "./stored.js";

const BTC = "BTC/USDT";
const ETH = "ETH/USDT";

/** A trade of 1,000, and what it brought: a tenth is 100. `ago`: how long before noon it ended, ms. */
interface Ended {
  readonly pair?: string;
  readonly side?: PositionSide;
  readonly share: number;
  readonly ago?: number;
  readonly reason?: string;
}

let trades = 0;

/** Ends a trade of 10 at 100. */
async function end(mgr: StateManager, { pair = BTC, side = "long", share, ago = 0, reason = "sl" }: Ended) {
  const id = `t${trades++}`;
  await mgr.savePosition({ id, pair, side, size: 10, entryPrice: 100, entryTs: NOON - ago });
  await mgr.closePosition(id, { pnl: share * 1000, reason, ts: NOON - ago });
}

let signals = 0;

/** Asks for an entry that is taken back at once. */
async function ask(mgr: StateManager, pair = BTC, side: PositionSide = "long") {
  const answer = await mgr.admit({ signalId: `s${signals++}`, pair, side, size: 1, price: 100 });
  if (answer.admitted) await mgr.removeOrder(answer.order.id);
  return answer;
}

/** How long after noon the guard lets entries go ahead, ms; undefined where none refuses now. */
async function blockedFor(mgr: StateManager, pair = BTC, side: PositionSide = "long"): Promise<number | undefined> {
  const answer = await ask(mgr, pair, side);
  if (answer.admitted) return undefined;
  assert.is(answer.reason, "guard", answer.message);
  return (answer.retryAt?.getTime() ?? Number.NaN) - NOON;
}

async function openWith(open: Open, ...guards: GuardInput[]) {
  const clock = new Clock();
  const mgr = await open({ risk: { guards } }, { clock: clock.read, instanceId: "bot-1" });
  return { mgr, clock };
}

const STOPS = { kind: "stop_losses", within: "1h", count: 2, for: "40m" } as const satisfies GuardInput;

export const guards: Theme = (test, open, { runs }) => {
  test("freqtrade's stop loss guard over all pairs: two losing stops within the hour block until 40 minutes after the last", async () => {
    const { mgr } = await openWith(open, { ...STOPS, block: "all" });
    await using _ = mgr;
    await end(mgr, { pair: "XRP/USDT", share: -0.1, ago: 30 * MINUTE });
    assert.is(await blockedFor(mgr), undefined);
    await end(mgr, { pair: "BCH/USDT", share: -0.1, ago: 100 * MINUTE });
    assert.is(await blockedFor(mgr), undefined);
    await end(mgr, { pair: "EOS/USDT", share: -0.1, ago: 30 * MINUTE });
    for (const side of ["long", "short"] as const) assert.is(await blockedFor(mgr, "LTC/USDT", side), 10 * MINUTE);
  });

  test("freqtrade's stop loss guard per pair looks at the trades of the pair, and blocks no other", async () => {
    const { mgr } = await openWith(open, { ...STOPS, for: "1h" });
    await using _ = mgr;
    await end(mgr, { pair: "XRP/USDT", share: -0.1, ago: 30 * MINUTE });
    await end(mgr, { pair: "XRP/USDT", share: -0.1, ago: 100 * MINUTE });
    await end(mgr, { pair: "EOS/USDT", share: -0.1, ago: 30 * MINUTE });
    assert.is(await blockedFor(mgr, "XRP/USDT"), undefined);
    await end(mgr, { pair: "XRP/USDT", share: -0.1, ago: 30 * MINUTE });
    assert.is(await blockedFor(mgr, "XRP/USDT"), 30 * MINUTE);
    assert.is(await blockedFor(mgr, "XRP/USDT", "short"), 30 * MINUTE);
    assert.is(await blockedFor(mgr, "EOS/USDT"), undefined);
  });

  test("freqtrade's stop loss guard per side looks at the trades of a side of the pair, and blocks that side", async () => {
    const { mgr } = await openWith(open, { ...STOPS, block: "side" });
    await using _ = mgr;
    await end(mgr, { side: "long", share: -0.1 });
    await end(mgr, { side: "short", share: -0.1 });
    await end(mgr, { pair: ETH, side: "short", share: -0.1 });
    assert.is(await blockedFor(mgr, BTC, "short"), undefined);
    await end(mgr, { side: "short", share: -0.1 });
    assert.is(await blockedFor(mgr, BTC, "short"), 40 * MINUTE);
    assert.is(await blockedFor(mgr, BTC, "long"), undefined);
    assert.is(await blockedFor(mgr, ETH, "short"), undefined);
  });

  test("of stops only those that lost count, and of losses only those that a stop or a liquidation ended", async () => {
    for (const [reason, share, blocks] of [
      ["sl", -0.00000001, true],
      ["trailing", -0.1, true],
      ["liquidation", -0.1, true],
      ["sl", 0, false],
      ["sl", 0.1, false],
      ["tp", -0.1, false],
      ["manual", -0.1, false],
      ["sl ", -0.1, false],
    ] as const) {
      const { mgr } = await openWith(open, { ...STOPS, count: 1 });
      await using _ = mgr;
      await end(mgr, { reason, share });
      assert.is(await blockedFor(mgr), blocks ? 40 * MINUTE : undefined, `${reason} ${share}`);
    }
  });

  test("freqtrade's low profit guard: the pair's trades of the look-back add up to less than nothing", async () => {
    const { mgr } = await openWith(open, { kind: "low_profit", within: "400m", count: 2, for: "60m" });
    await using _ = mgr;
    const ended = (ago: number, share: number) =>
      end(mgr, { pair: "XRP/USDT", ago: ago * MINUTE, share, reason: "exit" });
    await ended(450, -0.1);
    assert.is(await blockedFor(mgr, "XRP/USDT"), undefined);
    await ended(120, -0.1);
    assert.is(await blockedFor(mgr, "XRP/USDT"), undefined);
    await ended(10, 0.15);
    assert.is(await blockedFor(mgr, "XRP/USDT"), undefined);
    await ended(20, -0.2);
    assert.is(await blockedFor(mgr, "XRP/USDT"), 50 * MINUTE);
    assert.is(await blockedFor(mgr, BTC), undefined);
  });

  test("a low profit is that of each trade's own entry, added up: a tenth of 1,000 and a tenth of 10 weigh alike", async () => {
    const { mgr } = await openWith(open, { kind: "low_profit", within: "1h", count: 2, limit: 0.001, for: "1h" });
    await using _ = mgr;
    await end(mgr, { share: 0.1 });
    await mgr.savePosition({ id: "small", pair: BTC, side: "short", size: 0.1, entryPrice: 100 });
    await mgr.closePosition("small", { pnl: -0.99 });
    // 0.1 - 0.099 is the limit itself
    assert.is(await blockedFor(mgr), undefined);
    await end(mgr, { share: -0.00000001 });
    assert.is(await blockedFor(mgr), HOUR);
  });

  test("sums of profit are exact: 0.3 less 0.1 less 0.2 is no loss", async () => {
    const { mgr } = await openWith(open, { kind: "low_profit", within: "1h", count: 3, for: "1h" });
    await using _ = mgr;
    for (const share of [0.3, -0.1, -0.2]) await end(mgr, { share });
    assert.is(await blockedFor(mgr), undefined);
  });

  test("a low profit of a side is that of the side, one of all that of all", async () => {
    const { mgr } = await openWith(
      open,
      { kind: "low_profit", within: "1h", for: "10m", block: "side" },
      { kind: "low_profit", within: "1h", for: "20m", limit: -0.15, block: "all" },
    );
    await using _ = mgr;
    await end(mgr, { side: "short", share: -0.1 });
    await end(mgr, { side: "long", share: 0.1 });
    assert.is(await blockedFor(mgr, BTC, "long"), undefined);
    assert.is(await blockedFor(mgr, BTC, "short"), 10 * MINUTE);
    await end(mgr, { pair: ETH, share: -0.151 });
    assert.is(await blockedFor(mgr, BTC, "long"), 20 * MINUTE);
    assert.is(await blockedFor(mgr, ETH, "long"), 20 * MINUTE);
  });

  test("a profit that grows older than the look-back leaves what was lost since", async () => {
    const { mgr, clock } = await openWith(open, { kind: "low_profit", within: "1h", for: "50m" });
    await using _ = mgr;
    await end(mgr, { share: 0.05, ago: 50 * MINUTE });
    await end(mgr, { share: -0.03 });
    assert.is(await blockedFor(mgr), undefined);
    clock.now = NOON + 10 * MINUTE - 1;
    assert.is(await blockedFor(mgr), undefined);
    clock.now = NOON + 10 * MINUTE;
    assert.is(await blockedFor(mgr), 50 * MINUTE);
  });

  test("freqtrade's drawdown guard: the running sum fell by more than the limit within the look-back", async () => {
    const { mgr } = await openWith(open, { kind: "drawdown", within: "1000m", count: 3, limit: 0.15, for: "60m" });
    await using _ = mgr;
    const ended = (ago: number, share: number) => end(mgr, { pair: "XRP/USDT", ago: ago * MINUTE, share });
    await ended(900, 0.1);
    await ended(400, -0.1);
    await ended(1100, -0.5);
    assert.is(await blockedFor(mgr), undefined);
    await ended(410, 0.5);
    assert.is(await blockedFor(mgr), undefined);
    await ended(10, -0.2);
    assert.is(await blockedFor(mgr), 50 * MINUTE);
    assert.is(await blockedFor(mgr, "XRP/USDT", "short"), 50 * MINUTE);
  });

  test("a fall is reckoned in the order of the exits, over all pairs, and counts from nothing at the first trade", async () => {
    for (const [shares, fall] of [
      [[-0.1], 0.1],
      [[0.2, -0.1, -0.05, 0.3, -0.1], 0.15],
      [[-0.1, 0.2, -0.15, 0.01, -0.06], 0.2],
      [[0.1, 0.1], 0],
    ] as const) {
      for (const [limit, blocks] of [
        [fall, false],
        [Math.max(0, fall - 0.00000001), fall > 0],
      ] as const) {
        const { mgr } = await openWith(open, {
          kind: "drawdown",
          within: "1h",
          limit: Number(limit.toFixed(8)),
          for: "1h",
        });
        await using _ = mgr;
        for (const [i, share] of [...shares.entries()].reverse()) {
          await end(mgr, { pair: i % 2 === 0 ? BTC : ETH, share, ago: (shares.length - 1 - i) * MINUTE });
        }
        assert.is((await blockedFor(mgr, "SOL/USDT")) !== undefined, blocks, `${shares.join()} above ${limit}`);
      }
    }
  });

  test("trades that ended in the same ms ended in the order in which they were written down", async () => {
    for (const [shares, blocks] of [
      [[-0.2, 0.2], true],
      [[0.2, -0.2], true],
      [[0.1, -0.1, 0.1], false],
    ] as const) {
      const { mgr } = await openWith(open, { kind: "drawdown", within: "1h", limit: 0.15, for: "1h" });
      await using _ = mgr;
      for (const [i, share] of shares.entries()) await end(mgr, { pair: i % 2 === 0 ? ETH : BTC, share });
      assert.is((await blockedFor(mgr)) !== undefined, blocks, shares.join());
    }
  });

  test("a trade counts until it is as old as the look-back, to the ms", async () => {
    for (const [ago, blocks] of [
      [HOUR - 1, true],
      [HOUR, false],
    ] as const) {
      const { mgr } = await openWith(open, STOPS);
      await using _ = mgr;
      await end(mgr, { share: -0.1, ago });
      await end(mgr, { share: -0.1 });
      assert.is(await blockedFor(mgr), blocks ? 40 * MINUTE : undefined, `${ago}`);
    }
  });

  test("a block holds until the moment that it names, also when its trades are older than the look-back by then", async () => {
    const { mgr, clock } = await openWith(open, { ...STOPS, for: "5h" });
    await using _ = mgr;
    await end(mgr, { share: -0.1, ago: 10 * MINUTE });
    await end(mgr, { share: -0.1 });
    for (const later of [0, HOUR, 5 * HOUR - 1]) {
      clock.now = NOON + later;
      assert.is(await blockedFor(mgr), 5 * HOUR, `${later}`);
    }
    clock.now = NOON + 5 * HOUR;
    assert.is(await blockedFor(mgr), undefined);
  });

  test("a further trade within the look-back carries the block on, a lone one later does not", async () => {
    const { mgr, clock } = await openWith(open, STOPS);
    await using _ = mgr;
    await end(mgr, { share: -0.1, ago: 30 * MINUTE });
    await end(mgr, { share: -0.1, ago: 20 * MINUTE });
    assert.is(await blockedFor(mgr), 20 * MINUTE);
    await end(mgr, { share: -0.1, ago: -10 * MINUTE + MINUTE * 10 });
    assert.is(await blockedFor(mgr), 40 * MINUTE);
    clock.now = NOON + 2 * HOUR;
    await end(mgr, { share: -0.1, ago: -2 * HOUR });
    assert.is(await blockedFor(mgr), undefined);
  });

  test("a trade that is told late counts where it ended", async () => {
    const { mgr } = await openWith(open, STOPS);
    await using _ = mgr;
    await end(mgr, { share: -0.1, ago: 5 * MINUTE });
    await end(mgr, { share: -0.1, ago: 35 * MINUTE });
    assert.is(await blockedFor(mgr), 35 * MINUTE);
    await end(mgr, { share: -0.1, ago: 3 * HOUR });
    assert.is(await blockedFor(mgr), 35 * MINUTE);
  });

  test("of several blocks the one that ends last is told, in words that say why", async () => {
    const { mgr } = await openWith(
      open,
      { ...STOPS, count: 1, for: "10m" },
      { kind: "low_profit", within: "90s", count: 2, limit: 0.01, for: "20m", block: "side" },
      { kind: "drawdown", within: "2d", limit: 0.1, for: "15m" },
    );
    await using _ = mgr;
    await end(mgr, { share: -0.05 });
    const told = async () => {
      const answer = await ask(mgr);
      return answer.admitted ? "admitted" : answer.message;
    };
    assert.is(await told(), "guard stop_losses: 1 losing stop of BTC/USDT within 1h, it blocks at 1");
    await end(mgr, { share: -0.07, reason: "exit" });
    assert.is(
      await told(),
      "guard low_profit: a profit of -0.12 in 2 trades of BTC/USDT long within 90s, it blocks below 0.01",
    );
    assert.equal((await mgr.getGuards()).blocks, [
      {
        guard: 0,
        kind: "stop_losses",
        pair: BTC,
        until: new Date(NOON + 10 * MINUTE),
        message: "guard stop_losses: 1 losing stop of BTC/USDT within 1h, it blocks at 1",
      },
      {
        guard: 1,
        kind: "low_profit",
        pair: BTC,
        side: "long",
        until: new Date(NOON + 20 * MINUTE),
        message: "guard low_profit: a profit of -0.12 in 2 trades of BTC/USDT long within 90s, it blocks below 0.01",
      },
      {
        guard: 2,
        kind: "drawdown",
        until: new Date(NOON + 15 * MINUTE),
        message: "guard drawdown: a fall of 0.12 in 2 trades of all pairs within 2d, it blocks above 0.1",
      },
    ]);
  });

  test("a guard refuses additions and flips, changes nothing but the count of refusals, and lets every exit go ahead", async () => {
    const { mgr } = await openWith(open, { ...STOPS, count: 1 });
    await using _ = mgr;
    await mgr.savePosition({ id: "p", pair: BTC, side: "long", size: 1, entryPrice: 100 });
    await end(mgr, { share: -0.1 });
    const standing = async () => {
      const { admissions: _, ...told } = await mgr.snapshot();
      return { ...told, events: (await mgr.getEvents()).length, guards: await mgr.getGuards() };
    };
    const before = await standing();
    const entry = { signalId: "s", pair: BTC, size: 3, price: 100 } as const;
    for (const request of [
      { ...entry, side: "long", positionId: "p" },
      { ...entry, side: "short", flip: "p" },
    ] as const) {
      const answer = await mgr.admit(request);
      assert.is(answer.admitted ? "" : answer.reason, "guard");
    }
    assert.equal(await standing(), before);
    await mgr.saveOrder({ id: "x", pair: BTC, side: "sell", size: 1, intent: "exit", positionId: "p" });
    assert.is((await mgr.recordFill("x", { fillId: "f", size: 1, price: 90 })).applied, true);
  });

  test("any trades and guards block as trades looked at one by one say", async () => {
    const share = fc.constantFrom(-0.2, -0.1, -0.05, 0, 0.05, 0.1, 0.3);
    const ended = fc.record({
      pair: fc.constantFrom(BTC, ETH),
      side: fc.constantFrom<PositionSide>("long", "short"),
      share,
      ago: fc.integer({ min: 0, max: 12 }).map((steps) => steps * 10 * MINUTE),
      reason: fc.constantFrom("sl", "tp"),
    });
    const minutes = fc.integer({ min: 1, max: 12 }).map((steps) => steps * 10 * MINUTE);
    const guard = fc
      .record({
        kind: fc.constantFrom("stop_losses", "low_profit", "drawdown"),
        within: minutes,
        count: fc.integer({ min: 1, max: 3 }),
        limit: fc.constantFrom(0, 0.05, 0.1),
        block: fc.constantFrom("pair", "side", "all"),
        for: minutes,
      })
      .map(
        ({ kind, limit, block, ...rest }): Guard => ({
          kind,
          ...rest,
          limit: kind === "stop_losses" ? 0 : limit,
          block: kind === "drawdown" ? "all" : block,
        }),
      );
    await fc.assert(
      fc.asyncProperty(fc.array(ended, { maxLength: 12 }), fc.array(guard, { maxLength: 3 }), async (all, some) => {
        const { mgr } = await openWith(open, ...some);
        await using _ = mgr;
        for (const each of all) await end(mgr, each);
        for (const pair of [BTC, ETH]) {
          for (const side of ["long", "short"] as const) {
            const ends = some.map((each) => plainEnd(each, all, pair, side)).filter((until) => until > 0);
            const expected = ends.length === 0 ? undefined : Math.max(...ends);
            assert.is(await blockedFor(mgr, pair, side), expected, `${pair} ${side}`);
          }
        }
      }),
      { numRuns: runs(60) },
    );
  });
};

/** When the guard lets the entry go ahead, ms after noon, at noon: each window by itself, each fall by itself. Shares in hundredths. */
function plainEnd(guard: Guard, all: readonly Required<Ended>[], pair: string, side: PositionSide): number {
  const own = all
    .map((each, at) => ({ ...each, at, exit: -each.ago, hundredths: Math.round(each.share * 100) }))
    .filter((each) => guard.block === "all" || each.pair === pair)
    .filter((each) => guard.block !== "side" || each.side === side)
    .filter((each) => guard.kind !== "stop_losses" || (each.reason === "sl" && each.share < 0))
    .sort((a, b) => a.exit - b.exit || a.at - b.at);
  const windows = [
    ...own.map(({ exit }) => own.filter((each) => each.exit <= exit && each.exit > exit - guard.within)),
    own.filter((each) => each.exit > -guard.within),
  ];
  const limit = Math.round(guard.limit * 100);
  const sum = (some: typeof own) => some.reduce((total, { hundredths }) => total + hundredths, 0);
  const holds = (window: typeof own): boolean => {
    if (window.length < guard.count) return false;
    if (guard.kind === "stop_losses") return true;
    if (guard.kind === "low_profit") return sum(window) < limit;
    return window.some((_, to) => window.some((__, from) => from <= to && -sum(window.slice(from, to + 1)) > limit));
  };
  return Math.max(0, ...windows.filter(holds).map((window) => (window.at(-1)?.exit ?? 0) + guard.for));
}

/** Of each pair, as the flow stores it, whichever backend it is on. */
async function remembered(mgr: StateManager): Promise<Record<string, unknown[][]>> {
  const { entries } = await mgr.exportFlow();
  return Object.fromEntries(entries["risk:guard_trades"].map(([pair = "", json = ""]) => [pair, JSON.parse(json)]));
}

export const guardMemory: Theme = (test, open, { durable }) => {
  test("the memory has of each trade its key, exit, side, result, entry and the reason of a stop", async () => {
    const { mgr } = await openWith(open, STOPS);
    await using _ = mgr;
    await end(mgr, { share: -0.0125, ago: MINUTE });
    await end(mgr, { side: "short", share: 0.1, reason: 'a "reason" [],' });
    await mgr.savePosition({ id: "odd", pair: ETH, side: "long", size: 1 / 3, entryPrice: -3 });
    await mgr.closePosition("odd", { pnl: 1 });
    assert.equal(await remembered(mgr), {
      [BTC]: [
        [`${NOON}-0`, NOON - MINUTE, "long", "-12.5", "1000", "sl"],
        [`${NOON}-1`, NOON, "short", "100", "1000", ""],
      ],
      [ETH]: [[`${NOON}-2`, NOON, "long", "1", "1", ""]],
    });
  });

  test("fills that end two positions at once are two trades, in their order", async () => {
    const { mgr } = await openWith(open, STOPS);
    await using _ = mgr;
    for (const [id, size] of [
      ["a", 1],
      ["b", 2],
    ] as const) {
      await mgr.saveOrder({ id, pair: BTC, side: "buy", size });
      await mgr.recordFill(id, { fillId: "f", size, price: 100 });
    }
    await mgr.saveOrder({
      id: "stop",
      pair: BTC,
      side: "sell",
      size: 3,
      intent: "exit",
      positionId: "a",
      reason: "sl",
    });
    await mgr.recordFill("stop", { fillId: "f", size: 3, price: 90, fee: 0.3 });
    assert.equal(await remembered(mgr), {
      [BTC]: [
        [`${NOON}-0`, NOON, "long", "-10.1", "100", "sl"],
        [`${NOON}-1`, NOON, "long", "-20.2", "200", "sl"],
      ],
    });
    assert.is(await blockedFor(mgr), 40 * MINUTE);
  });

  test("a trade whose result is not known is left out, and a position that was merely saved", async () => {
    const { mgr } = await openWith(open, { kind: "low_profit", within: "1h", limit: 1, for: "1h" });
    await using _ = mgr;
    await mgr.saveOrder({ id: "a", pair: BTC, side: "buy", size: 1 });
    await mgr.recordFill("a", { fillId: "f", size: 1, price: 100, fee: 1 });
    await mgr.removePosition("a");
    await mgr.savePosition({ id: "b", pair: BTC, side: "long", size: 1, entryPrice: 100 });
    await mgr.removePosition("b");
    assert.equal(await remembered(mgr), {});
    assert.is(await blockedFor(mgr), undefined);
  });

  test("a result that updateDailyPnl told counts when its trade is written down, and one without a position never", async () => {
    const { mgr, clock } = await openWith(open, { ...STOPS, count: 1 });
    await using _ = mgr;
    await mgr.savePosition({ id: "a", pair: BTC, side: "long", size: 1, entryPrice: 100 });
    await mgr.updateDailyPnl(-10, { tradeId: "a" });
    await mgr.updateDailyPnl(-10, { tradeId: "none" });
    assert.is(await blockedFor(mgr), undefined);
    clock.now = NOON + MINUTE;
    await mgr.removePosition("a", { reason: "sl" });
    assert.is(await blockedFor(mgr), 41 * MINUTE);
  });

  test("a rest that cannot be sold ends a trade that counts", async () => {
    const { mgr } = await openWith(open, { ...STOPS, count: 1 });
    await using _ = mgr;
    await mgr.savePosition({ id: "a", pair: BTC, side: "long", size: 1, entryPrice: 100 });
    await mgr.saveOrder({ id: "x", pair: BTC, side: "sell", size: 1, intent: "exit", positionId: "a", reason: "sl" });
    await mgr.recordFill("x", { fillId: "f", size: 0.9, price: 90 });
    assert.is(await blockedFor(mgr), undefined);
    await mgr.cancelOrder("x", { dust: 0.1 });
    assert.is(await blockedFor(mgr), 40 * MINUTE);
  });

  test("what is booked on a trade later does not move a guard", async () => {
    const { mgr } = await openWith(open, { kind: "low_profit", within: "1h", for: "1h" });
    await using _ = mgr;
    await mgr.savePosition({ id: "a", pair: BTC, side: "long", size: 1, entryPrice: 100 });
    await mgr.saveOrder({ id: "x", pair: BTC, side: "sell", size: 1, intent: "exit", positionId: "a" });
    await mgr.recordFill("x", { fillId: "f1", size: 0.5, price: 110, done: true, dust: 0.5 });
    assert.is(await blockedFor(mgr), undefined);
    await mgr.saveOrder({ id: "y", pair: BTC, side: "sell", size: 0.5, intent: "exit", positionId: "a" });
    await mgr.recordFill("y", { fillId: "f2", size: 0.5, price: 10 });
    assert.is((await mgr.getTrades())[0]?.pnl, -40);
    assert.is(await blockedFor(mgr), undefined);
  });

  test("of each pair the newest 200 trades are remembered", async () => {
    const { mgr } = await openWith(open, { kind: "stop_losses", within: "1d", count: 200, for: "1d" });
    await using _ = mgr;
    await end(mgr, { pair: ETH, share: -0.1 });
    for (let n = 0; n < 199; n++) await end(mgr, { share: -0.1, ago: 199 - n });
    assert.is(await blockedFor(mgr), undefined);
    await end(mgr, { share: -0.1, ago: 0 });
    assert.is(await blockedFor(mgr), DAY);
    await end(mgr, { share: 0.1, ago: 0 });
    const { [BTC]: btc = [], [ETH]: eth = [] } = await remembered(mgr);
    assert.equal([btc.length, btc[0]?.[1], btc.at(-1)?.[3], eth.length], [200, NOON - 198, "100", 1]);
  });

  test("a pair whose newest trade is 60 days old is forgotten when another pair's first trade ends", async () => {
    const { mgr, clock } = await openWith(open, STOPS);
    await using _ = mgr;
    await end(mgr, { share: -0.1 });
    await end(mgr, { pair: ETH, share: -0.1, ago: -1 });
    clock.now = NOON + 60 * DAY;
    await end(mgr, { pair: ETH, share: 0.1, ago: -60 * DAY });
    assert.equal(Object.keys(await remembered(mgr)), [BTC, ETH]);
    await end(mgr, { pair: "SOL/USDT", share: 0.1, ago: -60 * DAY });
    assert.equal(Object.keys(await remembered(mgr)), [ETH, "SOL/USDT"]);
  });

  test("a flow without guards remembers nothing for them; guards that are set then look back on the trades it keeps", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await end(mgr, { share: -0.1, ago: 20 * MINUTE });
    await end(mgr, { share: -0.2, ago: 10 * MINUTE });
    await mgr.saveOrder({ id: "untold", pair: BTC, side: "buy", size: 1 });
    await mgr.recordFill("untold", { fillId: "f", size: 1, price: 100 });
    await mgr.removePosition("untold");
    for (let n = 0; n < 201; n++) await end(mgr, { pair: ETH, share: 0.1 });
    assert.equal(await remembered(mgr), {});
    assert.equal(await mgr.getGuards(), { guards: [], blocks: [] });
    await mgr.setGuards([STOPS]);
    const { [BTC]: btc = [], [ETH]: eth = [] } = await remembered(mgr);
    assert.equal(
      btc.map(([, , , pnl]) => pnl),
      ["-100", "-200"],
    );
    assert.is(eth.length, 200);
    assert.is(await blockedFor(mgr), 30 * MINUTE);
  });

  test("guards that take the place of others keep the memory, and none at all forget it", async () => {
    const { mgr } = await openWith(open, STOPS);
    await using _ = mgr;
    await end(mgr, { share: -0.1 });
    const before = await remembered(mgr);
    const set = await mgr.setGuards([{ ...STOPS, count: 1 }]);
    assert.equal(set, [{ kind: "stop_losses", within: HOUR, count: 1, limit: 0, block: "pair", for: 40 * MINUTE }]);
    const status = await mgr.getGuards();
    assert.equal(status.guards, set);
    assert.equal(
      status.blocks.map(({ pair, until }) => [pair, until.getTime() - NOON]),
      [[BTC, 40 * MINUTE]],
    );
    assert.equal(await remembered(mgr), before);
    assert.equal(await mgr.setGuards([]), []);
    assert.equal(await mgr.getGuards(), { guards: [], blocks: [] });
    assert.equal(await remembered(mgr), {});
    assert.is(await blockedFor(mgr), undefined);
  });

  test("setting guards leaves an event, and none where nothing changes", async () => {
    const { mgr } = await openWith(open, STOPS);
    await using _ = mgr;
    await mgr.setGuards([STOPS]);
    await mgr.setGuards([{ kind: "drawdown", within: 60_000, for: "1d" }]);
    const [first, ...others] = (await mgr.getEvents()).map(({ id: _, ...event }) => event);
    const stops = { kind: "stop_losses", within: HOUR, count: 2, limit: 0, block: "pair", for: 40 * MINUTE };
    const drawdown = { kind: "drawdown", within: MINUTE, count: 1, limit: 0, block: "all", for: DAY };
    const common = { type: "guards_set", at: new Date(NOON), instance: "bot-1" };
    assert.equal(first, { ...common, guards: [stops], before: [] });
    assert.equal(others, [{ ...common, guards: [drawdown], before: [stops] }]);
  });

  test("guards that cannot be are refused by the name of the field, and nothing changes", async () => {
    const { mgr } = await openWith(open, STOPS);
    await using _ = mgr;
    const before = await stored(mgr);
    const set = (list: unknown) => Reflect.apply(mgr.setGuards, mgr, [list]);
    await refused(set("none"), "guards");
    await refused(set([STOPS, { ...STOPS, within: undefined }]), "guards[1].within");
    await refused(set([{ ...STOPS, for: "0s" }]), "guards[0].for");
    await refused(set([{ ...STOPS, kind: "losses" }]), "guards[0].kind");
    await refused(set([{ ...STOPS, count: 0 }]), "guards[0].count");
    await refused(set([{ ...STOPS, side: "long" }]), "guards[0].side");
    assert.equal(await stored(mgr), before);
  });

  if (durable) {
    test("every bot of a flow enforces its guards; the last that connects with guards sets them, and says so", async () => {
      const clock = new Clock();
      const told: string[] = [];
      const logger = { info() {}, warn: (message: string) => void told.push(message) };
      const flowId = `guards-${Math.random().toString(36).slice(2)}`;
      const options = { clock: clock.read, flowId, logger };
      const first = await open({ risk: { guards: [STOPS] } }, options);
      await end(first, { share: -0.1 });
      await first.close();

      const without = await open({}, options);
      await end(without, { share: -0.1 });
      assert.is(await blockedFor(without), 40 * MINUTE);
      await without.close();
      await (await open({ risk: { guards: [STOPS] } }, options)).close();
      assert.equal(told, []);

      await using other = await open({ risk: { guards: [{ ...STOPS, for: "50m" }] } }, options);
      assert.is(told.length, 1);
      assert.match(told[0] ?? "", /^risk\.guards: the flow had .*"for":2400000.*from now on .*"for":3000000/);
      assert.is(await blockedFor(other), 50 * MINUTE);
    });
  }
};
