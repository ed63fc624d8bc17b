/** Money that is no trade, and transfers (money.md, 7). */
import * as assert from "uvu/assert";
import type { CashInput, StateManager } from "../../src/index.js";
import { Clock, DAY, HOUR, MINUTE, NOON } from "./clock.js";
import { everything, refused } from "./expect.js";
import type { Theme } from "./open.js";
import { LONG } from "./samples.js";

const PAIR = LONG.pair;

/** A long of 1 at 100, opened by a fill, whose exit is pending. */
async function enter(mgr: StateManager, id: string): Promise<void> {
  await mgr.saveOrder({ id, pair: PAIR, side: "buy", size: 1, price: 100 });
  await mgr.recordFill(id, { fillId: "1", price: 100, size: 1 });
  await mgr.saveOrder({ id: `x-${id}`, pair: PAIR, side: "sell", size: 1, intent: "exit", positionId: id });
}

async function standing(mgr: StateManager) {
  const { dailyPnl, dailyTrades, consecutiveLosses } = await mgr.getRiskState();
  return [dailyPnl, dailyTrades, consecutiveLosses];
}

/** The parts of the day before the last, which is over. */
async function partsOf(mgr: StateManager, day: string) {
  const days = await mgr.getDailyHistory();
  return days.find((each) => each.day === day)?.parts;
}

export const cash: Theme = (test, open) => {
  test("cash of an open position goes into its result: funding and the like into cash, fees and rebates into fees", async () => {
    await using mgr = await open();
    await enter(mgr, "e");
    for (const [amount, kind] of [
      [-0.7, "funding"],
      [0.2, "interest"],
      [-0.3, "fee"],
      [0.1, "rebate"],
      [1, "settlement"],
      [-0.05, "correction"],
    ] as const) {
      const booked = await mgr.bookCash(amount, { id: kind, kind, positionId: "e" });
      assert.equal([booked.applied, booked.to, booked.position?.id, booked.tripped], [true, "position", "e", false]);
    }
    const [position] = await mgr.getPositions();
    assert.equal([position?.realised, position?.fees, position?.cash, position?.size], [0.25, 0.2, 0.45, 1]);
    assert.equal(await standing(mgr), [0.25, 0, 0]);
    const { trades } = await mgr.recordFill("x-e", { fillId: "1", price: 110, size: 1 });
    assert.equal([trades[0]?.pnl, trades[0]?.fees, trades[0]?.cash], [10.25, 0.2, 0.45]);
    assert.equal(await standing(mgr), [10.25, 1, 0]);
  });

  test("a position on which only cash was booked ends as a trade when it is removed", async () => {
    for (const kind of ["funding", "fee"] as const) {
      await using mgr = await open();
      await mgr.savePosition(LONG);
      await mgr.bookCash(-2, { id: "c", kind, positionId: "p1" });
      await mgr.removePosition("p1");
      const [trade] = await mgr.getTrades();
      assert.equal([trade?.id, trade?.pnl, trade?.untold], ["p1", -2, LONG.size]);
    }
  });

  test("cash of a trade that ended is a later booking on its record: judged once, its streak and count stay", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { max_consecutive_losses: 9 } }, { clock: clock.read });
    await enter(mgr, "e");
    await mgr.closePosition("e", { pnl: -50 });
    clock.now += DAY;
    const booked = await mgr.bookCash(60, { id: "f", kind: "settlement", positionId: "e" });
    assert.equal([booked.applied, booked.to, booked.position], [true, "trade", undefined]);
    await mgr.bookCash(-1.5, { id: "g", kind: "fee", positionId: "e" });
    const [trade] = await mgr.getTrades();
    assert.equal([trade?.pnl, trade?.cash, trade?.fees], [8.5, 60, 1.5]);
    assert.equal(await standing(mgr), [58.5, 0, 1]);
    clock.now += DAY;
    assert.equal(await partsOf(mgr, "2024-03-06"), { closed: 0, open: 0, later: 58.5, cash: 0, untied: 0 });
  });

  test("cash that names no position, or one that ended long ago, is the day's; one never heard of is an error", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await enter(mgr, "old");
    await mgr.closePosition("old", { pnl: 1 });
    await mgr.savePosition({ ...LONG, id: "saved" });
    await mgr.removePosition("saved");
    clock.now += 8 * DAY;
    const to = async (id: string, where: { positionId?: string; pair?: string }) =>
      (await mgr.bookCash(-1, { id, kind: "funding", ...where })).to;
    assert.is(await to("a", {}), "day");
    assert.is(await to("b", { pair: PAIR }), "day");
    assert.is(await to("c", { positionId: "old" }), "forgotten");
    assert.is(await to("d", { positionId: "saved" }), "forgotten");
    const before = await everything(mgr);
    await refused(mgr.bookCash(-1, { id: "e", kind: "funding", positionId: "never" }), "positionId");
    assert.equal(await everything(mgr), before);
    assert.is((await mgr.bookCash(-1, { id: "e", kind: "funding" })).applied, true);
    assert.equal(await standing(mgr), [-5, 0, 0]);
    const [trade] = await mgr.getTrades();
    assert.is(trade?.pnl, 1);
    clock.now += DAY;
    assert.equal(await partsOf(mgr, "2024-03-13"), { closed: 0, open: 0, later: 0, cash: -5, untied: 0 });
  });

  test("a cash id books once; cash, transfers and trades have name spaces of their own", async () => {
    await using mgr = await open({ risk: { starting_equity: 100 } });
    await enter(mgr, "e");
    assert.is((await mgr.bookCash(-1, { id: "a", kind: "funding", positionId: "e" })).applied, true);
    const before = await everything(mgr);
    const again = await mgr.bookCash(-5, { id: "a", kind: "interest", positionId: "e" });
    assert.equal([again.applied, again.to, again.position?.cash, again.tripped], [false, "position", -1, false]);
    assert.equal(await everything(mgr), before);
    assert.is((await mgr.updateDailyPnl(-1, { tradeId: "a" })).applied, true);
    assert.is((await mgr.recordTransfer(10, { id: "a" })).applied, true);
    assert.is((await mgr.recordTransfer(10, { id: "a" })).applied, false);
    await mgr.closePosition("e", { pnl: 0 });
    assert.is((await mgr.bookCash(-1, { id: "a", kind: "funding", positionId: "e" })).to, "trade");
  });

  test("of twenty bookings of one cash id at once exactly one counts", async () => {
    await using mgr = await open();
    const bookings = Array.from({ length: 20 }, () => mgr.bookCash(-0.1, { id: "a", kind: "funding" }));
    assert.is((await Promise.all(bookings)).filter(({ applied }) => applied).length, 1);
    assert.equal(await standing(mgr), [-0.1, 0, 0]);
  });

  test("cash trips the daily loss and the drawdown, never the streak", async () => {
    await using mgr = await open({ risk: { max_daily_loss: 5, max_consecutive_losses: 1, starting_equity: 100 } });
    assert.is((await mgr.bookCash(-4, { id: "a", kind: "funding" })).tripped, false);
    const { tripped, risk } = await mgr.bookCash(-1, { id: "b", kind: "fee" });
    assert.equal([tripped, risk.circuitBreakerReason], [true, "daily loss of 5 reached the limit of 5"]);
    await using other = await open({ risk: { max_drawdown: 0.1, starting_equity: 100 } });
    assert.is((await other.bookCash(-10, { id: "a", kind: "interest" })).tripped, true);
    assert.is((await other.getCircuitBreaker()).source, "drawdown");
  });

  test("cash of an earlier day goes into that day's history, of a minute ahead into the next one", async () => {
    const clock = new Clock(NOON + 12 * HOUR - 1);
    await using mgr = await open({ risk: { max_daily_loss: 1 } }, { clock: clock.read });
    const late = await mgr.bookCash(-7, { id: "a", kind: "funding", ts: NOON - DAY });
    assert.equal([late.tripped, late.risk.dailyPnl], [false, 0]);
    await refused(mgr.bookCash(-1, { id: "b", kind: "funding", ts: clock.now + MINUTE + 1 }), "ts");
    const early = await mgr.bookCash(-1, { id: "b", kind: "funding", ts: clock.now + 1 });
    assert.equal([early.risk.day, early.risk.dailyPnl, early.tripped], ["2024-03-06", -1, true]);
    assert.equal(
      (await mgr.getDailyHistory()).map(({ day, pnl, parts }) => [day, pnl, parts.cash]),
      [
        ["2024-03-04", -7, -7],
        ["2024-03-05", 0, 0],
      ],
    );
  });

  test("a booking of a time before ids are remembered is refused where it has an id", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const old = NOON - 30 * DAY;
    const before = await everything(mgr);
    await refused(mgr.bookCash(-1, { id: "a", kind: "funding", ts: old }), "ts");
    await refused(mgr.recordTransfer(-1, { id: "a", ts: old }), "ts");
    await refused(mgr.updateDailyPnl(-1, { tradeId: "a", ts: old }), "ts");
    assert.equal(await everything(mgr), before);
    await mgr.bookCash(-1, { id: "a", kind: "funding", ts: old + 1 });
    await mgr.recordTransfer(-1, { id: "a", ts: old + 1 });
    await mgr.updateDailyPnl(-1, { tradeId: "a", ts: old + 1 });
    assert.is((await mgr.updateDailyPnl(-1, { ts: old })).applied, true);
  });

  test("a fee above zero, a rebate below, another kind, and what is no amount are refused by name", async () => {
    await using mgr = await open();
    const before = await everything(mgr);
    await refused(mgr.bookCash(1, { id: "a", kind: "fee" }), "amount");
    await refused(mgr.bookCash(-1, { id: "a", kind: "rebate" }), "amount");
    for (const amount of [Number.NaN, Number.POSITIVE_INFINITY, 9e15 + 2]) {
      await refused(mgr.bookCash(amount, { id: "a", kind: "funding" }), "amount");
      await refused(mgr.recordTransfer(amount, { id: "a" }), "amount");
    }
    for (const kind of ["dust", "", undefined]) {
      await refused(Reflect.apply(mgr.bookCash, mgr, [1, { id: "a", kind }]), "kind");
    }
    await refused(mgr.bookCash(1, { id: "", kind: "funding" }), "id");
    await refused(mgr.bookCash(1, { id: "a", kind: "funding", rate: 0 }), "rate");
    await refused(mgr.bookCash(1, { id: "a", kind: "funding", currency: "US D" }), "currency");
    await refused(Reflect.apply(mgr.bookCash, mgr, [1, { id: "a", kind: "funding", position: "e" }]), "cash.position");
    assert.equal(await everything(mgr), before);
  });

  test("cash is in the currency that is given, else in what its position or pair settles in, and needs a rate where that is another", async () => {
    await using mgr = await open({ risk: { currency: "USD", same_currency: ["USDC"] } });
    await mgr.savePosition({ id: "p", pair: "BTC/USD:BTC", side: "long", size: 1000, entryPrice: 50_000 });
    const book = (amount: number, id: string, more: Partial<CashInput>) =>
      mgr.bookCash(amount, { id, kind: "funding", ...more });
    await refused(book(-0.001, "a", { positionId: "p" }), "rate");
    await refused(book(-0.001, "a", { pair: "BTC/USD:BTC" }), "rate");
    await refused(book(-1, "a", { currency: "BNB" }), "rate");
    assert.equal((await book(-0.001, "a", { positionId: "p", rate: 60_000 })).position?.cash, -60);
    assert.equal((await book(-5, "b", { positionId: "p", currency: "USDC" })).position?.cash, -65);
    assert.equal((await book(-0.5, "c", { positionId: "p", currency: "BNB", rate: 600 })).position?.cash, -365);
    assert.is((await book(-2, "d", {})).to, "day");
    await book(-0.0001, "e", { pair: "BTC/USD:BTC", rate: 50_000 });
    assert.equal(await standing(mgr), [-372, 0, 0]);
    await mgr.closePosition("p", { pnl: 0 });
    await refused(book(-0.001, "f", { positionId: "p" }), "rate");
    assert.is((await book(-0.001, "f", { positionId: "p", rate: 60_000 })).to, "trade");
    assert.is((await mgr.getTrades())[0]?.cash, -425);
    await refused(mgr.recordTransfer(1, { id: "t", currency: "BTC" }), "rate");
    assert.is((await mgr.recordTransfer(1, { id: "t", currency: "BTC", rate: 60_000 })).applied, true);
  });

  test("a first pair of cash says what the flow is counted in; until then an amount with a currency is refused", async () => {
    await using mgr = await open();
    await refused(mgr.bookCash(-1, { id: "a", kind: "funding", currency: "USDT" }), "currency");
    await refused(mgr.recordTransfer(-1, { id: "a", currency: "USDT" }), "currency");
    await mgr.bookCash(-1, { id: "a", kind: "funding", pair: "BTC/USDT" });
    await mgr.bookCash(-1, { id: "b", kind: "funding", currency: "USDT" });
    await refused(mgr.bookCash(-1, { id: "c", kind: "funding", currency: "EUR" }), "rate");
    assert.equal(await standing(mgr), [-2, 0, 0]);
  });

  test("a fee that was not priced is paid for by cash in its currency, on a position and on a trade", async () => {
    await using mgr = await open({ risk: { currency: "USDT" } });
    await mgr.saveOrder({ id: "e", pair: PAIR, side: "buy", size: 1, price: 100 });
    await mgr.recordFill("e", { fillId: "1", price: 100, size: 1, fee: { amount: 0.005, currency: "BNB" } });
    assert.equal((await mgr.getPosition("e"))?.unpriced, [{ kind: "fee", currency: "BNB", amount: 0.005 }]);
    const pay = (id: string, amount: number) =>
      mgr.bookCash(-amount, { id, kind: "fee", positionId: "e", currency: "BNB", rate: 600 });
    const paid = await pay("a", 0.002);
    assert.equal(
      [paid.position?.fees, paid.position?.unpriced],
      [1.2, [{ kind: "fee", currency: "BNB", amount: 0.003 }]],
    );
    await mgr.closePosition("e", { pnl: 0 });
    await pay("b", 0.001);
    const left = async () => (await mgr.getTrades()).map(({ fees, unpriced }) => [fees, unpriced]);
    assert.equal(await left(), [[1.8, [{ kind: "fee", currency: "BNB", amount: 0.002 }]]]);
    // More than was left takes that off, and no more.
    await pay("c", 0.01);
    assert.equal(await left(), [[7.8, undefined]]);
  });

  test("cash leaves one event with all that it did", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await enter(mgr, "e");
    await mgr.bookCash(-2, { id: "a", kind: "funding", pair: PAIR, positionId: "e", note: "8 h" });
    await mgr.closePosition("e", { pnl: 3 });
    await mgr.bookCash(1, { id: "b", kind: "rebate", positionId: "e", ts: NOON - MINUTE });
    const events = (await mgr.getEvents()).flatMap((event) => (event.type === "cash_booked" ? [event] : []));
    const [trade] = await mgr.getTrades();
    assert.equal(
      events.map(({ id: _, at: __, instance: ___, risk, position, ...told }) => ({
        ...told,
        cash: position?.cash,
        day: risk.dailyPnl,
      })),
      [
        {
          type: "cash_booked",
          cashId: "a",
          kind: "funding",
          amount: -2,
          pair: PAIR,
          positionId: "e",
          to: "position",
          ts: new Date(NOON),
          note: "8 h",
          pnl: -2,
          cash: -2,
          day: -2,
        },
        {
          type: "cash_booked",
          cashId: "b",
          kind: "rebate",
          amount: 1,
          positionId: "e",
          to: "trade",
          ts: new Date(NOON - MINUTE),
          pnl: 1,
          amends: trade?.key,
          cash: undefined,
          day: 2,
        },
      ],
    );
  });
};

export const transfers: Theme = (test, open) => {
  const seen = async (mgr: StateManager) => {
    const { peakEquity, currentDrawdown } = await mgr.getRiskState();
    return [peakEquity, currentDrawdown];
  };

  test("a withdrawal moves the peak in proportion, so that the drawdown stays; it is no PnL and trips nothing", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { max_drawdown: 0.1, max_daily_loss: 1 } }, { clock: clock.read });
    await mgr.updateEquity(10_000);
    assert.is((await mgr.updateEquity(9000)).tripped, true);
    clock.now += HOUR;
    const { applied, risk } = await mgr.recordTransfer(-5000, { id: "w" });
    assert.equal([applied, risk.dailyPnl, risk.dailyTrades, risk.circuitBreakerActive], [true, 0, 0, false]);
    assert.equal(await seen(mgr), [40_000 / 9, 0.1]);
  });

  test("a withdrawal that is told late leaves no peak below the equity", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { max_drawdown: 0.15 } }, { clock: clock.read });
    await mgr.updateEquity(1000);
    clock.now += HOUR;
    const ts = clock.now;
    clock.now += HOUR;
    await mgr.updateEquity(900);
    // 1,500 before it, 900 after: the peak of 1,000 would go down to 600.
    await mgr.recordTransfer(-600, { id: "w", ts });
    assert.equal(await seen(mgr), [900, 0]);
    await mgr.updateEquity(850);
    assert.is((await mgr.updateEquity(765)).tripped, true);
  });

  test("null is no id: what is told of nothing is refused, not booked elsewhere", async () => {
    await using mgr = await open();
    const nothing: { positionId: string; tradeId: string; flip: string } = JSON.parse(
      '{"positionId":null,"tradeId":null,"flip":null}',
    );
    const { positionId, tradeId, flip } = nothing;
    const entry = { signalId: "s", pair: "A/B", side: "long", size: 1, price: 1 } as const;
    await refused(mgr.bookCash(-5, Object.assign({ id: "1", kind: "funding" } as const, { positionId })), "positionId");
    await refused(mgr.updateDailyPnl(-5, Object.assign({}, { tradeId })), "tradeId");
    await refused(mgr.admit(Object.assign({ ...entry }, { positionId })), "positionId");
    await refused(mgr.admit(Object.assign({ ...entry }, { flip })), "flip");
    assert.is((await mgr.getRiskState()).dailyPnl, 0);
  });

  test("equity that was reported at or after a transfer contains it, and so does a peak set since", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.updateEquity(10_000);
    await mgr.updateEquity(9000);
    clock.now = NOON + HOUR;
    await mgr.updateEquity(4000);
    // Reported at that very time: 9,000 before it, 4,000 after, the peak of 10,000 goes down to 4/9 of it.
    await mgr.recordTransfer(-5000, { id: "w", ts: NOON + HOUR });
    assert.equal(await seen(mgr), [40_000 / 9, 0.1]);
    clock.now = NOON + 2 * HOUR;
    await mgr.updateEquity(5000);
    await mgr.recordTransfer(1000, { id: "d", ts: NOON + 90 * MINUTE });
    assert.equal(await seen(mgr), [5000, 0]);
    // Reported before it: equity moves.
    await mgr.recordTransfer(5000, { id: "e", ts: NOON + 2 * HOUR + 1 });
    assert.equal(await seen(mgr), [10_000, 0]);
    clock.now += 1;
    await mgr.updateEquity(7500);
    assert.equal(await seen(mgr), [10_000, 0.25]);
  });

  test("where equity is not above zero before or after, the peak is the equity", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { starting_equity: 100 } }, { clock: clock.read });
    await mgr.recordTransfer(-150, { id: "a" });
    assert.equal(await seen(mgr), [-50, 0]);
    await mgr.recordTransfer(1050, { id: "b" });
    assert.equal(await seen(mgr), [1000, 0]);
    await mgr.updateDailyPnl(-250);
    assert.equal(await seen(mgr), [1000, 0.25]);
    await mgr.recordTransfer(-750, { id: "c" });
    assert.equal(await seen(mgr), [0, 0]);
  });

  test("equity that follows what is booked follows it after a transfer, too", async () => {
    await using mgr = await open({ risk: { starting_equity: 1000, max_drawdown: 0.2 } });
    await mgr.updateDailyPnl(-100);
    await mgr.recordTransfer(-300, { id: "a" });
    // 600 of 666.66...: a tenth. A loss of a ninth of the rest makes it a fifth.
    assert.equal(await seen(mgr), [2000 / 3, 0.1]);
    assert.is((await mgr.updateDailyPnl(-66.66)).tripped, false);
    assert.is((await mgr.updateDailyPnl(-0.00666667)).tripped, true);
  });

  test("without a known equity a transfer moves nothing, and is known all the same", async () => {
    await using mgr = await open();
    assert.is((await mgr.recordTransfer(100, { id: "a" })).applied, true);
    assert.equal(await seen(mgr), [0, 0]);
    assert.is((await mgr.recordTransfer(100, { id: "a" })).applied, false);
    await mgr.updateEquity(50);
    assert.equal(await seen(mgr), [50, 0]);
  });

  test("equity beyond 9e15 is refused, and nothing is recorded", async () => {
    await using mgr = await open({ risk: { starting_equity: 9e12 } });
    await refused(mgr.recordTransfer(9e15, { id: "a" }), "equity");
    assert.equal(await seen(mgr), [9e12, 0]);
    assert.is((await mgr.recordTransfer(1, { id: "a" })).applied, true);
  });

  test("a transfer leaves one event with all that it did", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { starting_equity: 100 } }, { clock: clock.read });
    await mgr.recordTransfer(50, { id: "a", ts: NOON - MINUTE });
    const [event] = (await mgr.getEvents()).slice(-1);
    assert.is(event?.type, "transfer_recorded");
    if (event?.type !== "transfer_recorded") return;
    assert.equal(
      [event.transferId, event.amount, event.ts, event.risk.equity, event.risk.peakEquity, event.risk.tripped],
      ["a", 50, new Date(NOON - MINUTE), 150, 150, false],
    );
  });
};
