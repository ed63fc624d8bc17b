/** What a position cost and what it brought: exact sums, rounded when they are booked. */
import fc from "fast-check";
import * as assert from "uvu/assert";
import type { OrderInput, StateManager } from "../../src/index.js";
import { sameDouble } from "./expect.js";
import type { Theme } from "./open.js";
import { LONG } from "./samples.js";

const PAIR = LONG.pair;

const ENTRY = { id: "in", pair: PAIR, side: "buy", size: 1e10 } as const satisfies OrderInput;
const EXIT = {
  id: "out",
  pair: PAIR,
  side: "sell",
  size: 1e10,
  intent: "exit",
  positionId: "in",
} as const satisfies OrderInput;

/** Fills of two orders, under ids of their own: into the position `in`, and out of it. */
async function trading(mgr: StateManager, side: "long" | "short" = "long") {
  const [buy, sell] = side === "long" ? (["buy", "sell"] as const) : (["sell", "buy"] as const);
  await mgr.saveOrder({ ...ENTRY, side: buy });
  await mgr.saveOrder({ ...EXIT, side: sell });
  let n = 0;
  const fill = (order: string) => (size: number, price: number, fee?: number) =>
    mgr.recordFill(order, { fillId: `f${n++}`, size, price, ...(fee !== undefined && { fee }) });
  return { enter: fill("in"), leave: fill("out") };
}

/** An execution in hundredths of a price, ten thousandths of a size and thousandths of a fee. */
interface Execution {
  readonly cents: bigint;
  readonly lots: bigint;
  readonly mills: bigint;
}

const amounts = { cents: fc.bigInt({ min: 1n, max: 10_000_000n }), mills: fc.bigInt({ min: -5000n, max: 5000n }) };
const entry: fc.Arbitrary<Execution> = fc.record({ ...amounts, lots: fc.bigInt({ min: 1n, max: 100_000n }) });
/** What leaves so many tenths of what is there. */
const exit = fc.record({ ...amounts, tenths: fc.bigInt({ min: 1n, max: 9n }) });

function argsOf({ cents, lots, mills }: Execution): [number, number, number] {
  return [Number(`${lots}e-4`), Number(`${cents}e-2`), Number(`${mills}e-3`)];
}

export const costs: Theme = (test, open, { runs }) => {
  test("two entries and one exit of hundreds of millions book their exact difference", async () => {
    await using mgr = await open();
    const { enter, leave } = await trading(mgr);
    await enter(1e9, 0.07123);
    const { position } = await enter(2e9, 0.07001);
    sameDouble(position?.entryPrice, 211_250_000 / 3e9);
    // 213,000,000 - 71,230,000 - 140,020,000
    const { booked, trades, risk } = await leave(3e9, 0.071);
    assert.equal([booked, risk.dailyPnl], [1_750_000, 1_750_000]);
    assert.equal(trades[0]?.pnl, 1_750_000);
  });

  test("an exit takes its size at the entry price from the cost, the last one what is left", async () => {
    await using mgr = await open();
    const { enter, leave } = await trading(mgr);
    await enter(1e9, 0.07123);
    await enter(2e9, 0.07001);
    const booked: number[] = [];
    for (let n = 0; n < 3; n++) booked.push((await leave(1e9, 0.071)).booked);
    // 71,000,000 - 1e9 x 0.07041666666666667 = 583,333.33333333, and together exactly 1,750,000
    assert.equal(booked, [583_333.333_333_33, 583_333.333_333_33, 583_333.333_333_34]);
    assert.is((await mgr.getRiskState()).dailyPnl, 1_750_000);
  });

  test("a position with one entry price keeps it bit for bit, whatever leaves it in between", async () => {
    for (const price of [58_685.39, 0.1 + 0.2, 1e-7 / 3, -37.63, 0]) {
      await using mgr = await open();
      const { enter, leave } = await trading(mgr);
      for (const size of [2.5642, 27.5479, 7.143, 1 / 3]) {
        sameDouble((await enter(size, price)).position?.entryPrice, price);
        sameDouble((await leave(size / 3, price)).position?.entryPrice, price);
      }
      const left = (await mgr.getPosition("in"))?.size ?? 0;
      const { trades } = await leave(left, price);
      sameDouble(trades[0]?.entryPrice, price);
      sameDouble(trades[0]?.pnl, 0);
    }
  });

  test("a thousand fees of 0.000000001 are 0.000001, of the position, of its trade and of the day", async () => {
    await using mgr = await open();
    const { enter, leave } = await trading(mgr);
    for (let n = 0; n < 999; n++) await enter(1, 100, 1e-9);
    const { position, risk } = await enter(1, 100, 1e-9);
    assert.equal([position?.fees, position?.realised, risk.dailyPnl], [0.000001, -0.000001, -0.000001]);
    const { trades } = await leave(1000, 100);
    assert.equal([trades[0]?.fees, trades[0]?.pnl], [0.000001, -0.000001]);
  });

  test("what a fill books is the difference of the result's sums, each rounded to 8 places", async () => {
    await using mgr = await open();
    const { enter } = await trading(mgr);
    const booked: number[] = [];
    for (let n = 0; n < 5; n++) booked.push((await enter(1, 100, 0.000000004)).booked);
    // -0.4, -0.8, -1.2, -1.6 and -2 of 1e-8
    assert.equal(booked, [0, -0.00000001, 0, -0.00000001, 0]);
  });

  test("a result that rounds to nothing is neither a win nor a loss, one that rounds to something is", async () => {
    for (const [fee, losses] of [
      [0.0000000049, 1],
      [-0.0000000049, 1],
      [0.000000005, 2],
      [-0.000000005, 0],
    ] as const) {
      await using mgr = await open();
      await mgr.updateDailyPnl(-1);
      const { enter, leave } = await trading(mgr);
      await enter(1, 100, fee / 2);
      const { risk, trades } = await leave(1, 100, fee / 2);
      assert.is(risk.consecutiveLosses, losses, `${fee}`);
      sameDouble(trades[0]?.pnl, losses === 1 ? 0 : losses === 2 ? -0.00000001 : 0.00000001);
    }
  });

  test("the whole result of a position is exact, however often it was entered and left", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { minLength: 1, maxLength: 5 }),
        fc.array(exit, { maxLength: 4 }),
        fc.boolean(),
        async (entries, exits, long) => {
          await using mgr = await open();
          const { enter, leave } = await trading(mgr, long ? "long" : "short");
          const sign = long ? 1n : -1n;
          let lots = 0n;
          let result = 0n;
          for (const each of entries) {
            await enter(...argsOf(each));
            lots += each.lots;
            result -= sign * each.lots * each.cents + each.mills * 1000n;
          }
          const last = { cents: 12_345n, mills: 7n, tenths: 10n };
          for (const { tenths, ...rest } of [...exits, last]) {
            const taken = (lots * tenths) / 10n;
            if (taken === 0n) continue;
            await leave(...argsOf({ ...rest, lots: taken }));
            lots -= taken;
            result += sign * taken * rest.cents - rest.mills * 1000n;
          }
          // Hundredths by ten thousandths: six places, so that nothing is rounded away.
          const exact = Number(`${result}e-6`) + 0;
          sameDouble((await mgr.getTrades())[0]?.pnl, exact);
          sameDouble((await mgr.getRiskState()).dailyPnl, exact);
        },
      ),
      { numRuns: runs(40) },
    );
  });

  test("a position that is saved again has another cost, and keeps its result and its fees", async () => {
    await using mgr = await open();
    const { enter, leave } = await trading(mgr);
    await enter(2, 100, 0.5);
    await leave(1, 110, 0.25);
    const again = await mgr.savePosition({ ...LONG, id: "in", size: 3, entryPrice: 105, tp: 200 });
    // 10 - 0.5 - 0.25
    assert.equal([again.realised, again.fees, again.size, again.entryPrice], [9.25, 0.75, 3, 105]);
    const { booked, trades } = await leave(3, 115, 0.25);
    assert.equal([booked, trades[0]?.pnl, trades[0]?.fees], [29.75, 39, 1]);
  });

  test("a result that a position was saved with is not taken over: the store reckons it", async () => {
    await using mgr = await open();
    const saved = await mgr.savePosition({ ...LONG, realised: 99, fees: 9, cash: 9 });
    assert.equal([saved.realised, saved.fees, saved.cash], [0, 0, 0]);
  });

  test("a patch of size or price sets the cost anew, and another patch leaves it", async () => {
    await using mgr = await open();
    const { enter, leave } = await trading(mgr);
    await enter(1, 0.1);
    await enter(2, 0.2);
    await mgr.updatePosition("in", { tp: 1 });
    // 0.9 - 0.5, though 3 x 0.16666666666666666 is a little less
    assert.is((await leave(3, 0.3)).booked, 0.4);
    await mgr.saveOrder({ ...ENTRY, id: "in2" });
    await mgr.recordFill("in2", { fillId: "f1", size: 2, price: 100 });
    await mgr.updatePosition("in2", { entryPrice: 90 });
    await mgr.saveOrder({ ...EXIT, id: "out2", positionId: "in2" });
    assert.is((await mgr.recordFill("out2", { fillId: "f1", size: 1, price: 100 })).booked, 10);
    await mgr.updatePosition("in2", { size: 4 });
    const { booked } = await mgr.recordFill("out2", { fillId: "f2", size: 4, price: 100 });
    assert.is(booked, 40);
  });
};
