/** How a position ends, and what fills that come after that are worth. */
import * as assert from "uvu/assert";
import type { CloseResult, FillInput, FillResult, OrderInput, StateManager } from "../../src/index.js";
import { Clock, DAY, HOUR, MINUTE, NOON } from "./clock.js";
import { refused } from "./expect.js";
import type { Theme } from "./open.js";
import { toldReservations } from "./reservations.js";
import { BUY, dayOver, LONG } from "./samples.js";
import { stored } from "./stored.js";

const PAIR = LONG.pair;

const ENTRY = { id: "a", pair: PAIR, side: "buy", size: 1, price: 100 } as const satisfies OrderInput;
const STOP = {
  id: "stop",
  pair: PAIR,
  side: "sell",
  size: 1,
  price: 90,
  intent: "exit",
  positionId: "a",
} as const satisfies OrderInput;

/** The position `a` of 1 at 100 by a fill of its own, its stop, and a younger one, `b`, of 1 at 110. */
async function longs(mgr: StateManager, fill: Partial<FillInput> = {}, order: Partial<OrderInput> = {}): Promise<void> {
  await mgr.saveOrder({ ...ENTRY, ...order });
  await mgr.recordFill("a", { fillId: "e1", price: 100, size: 1, ...fill });
  await mgr.saveOrder({ ...STOP });
  await mgr.savePosition({ ...LONG, id: "b", size: 1, entryPrice: 110 });
}

function stopped(mgr: StateManager, fill: Partial<FillInput> = {}): Promise<FillResult> {
  return mgr.recordFill("stop", { fillId: "x1", price: 90, size: 1, ...fill });
}

async function sizes(mgr: StateManager): Promise<Record<string, number>> {
  return Object.fromEntries((await mgr.getPositions()).map(({ id, size }) => [id, size]));
}

async function today(mgr: StateManager): Promise<readonly [number, number, number]> {
  const { dailyPnl, dailyTrades, consecutiveLosses } = await mgr.getRiskState();
  return [dailyPnl, dailyTrades, consecutiveLosses];
}

function exits({ exitsLeft }: FillResult | CloseResult): string[] {
  return exitsLeft.map(({ id }) => id).sort();
}

export const ends: Theme = (test, open) => {
  test("the fill of a stop whose position was closed explains the close: it books nothing and reduces nothing", async () => {
    await using mgr = await open();
    await longs(mgr);
    await mgr.closePosition("a", { pnl: -10 });
    const fill = await stopped(mgr, { fee: 0.5 });
    assert.equal(
      [fill.applied, fill.booked, fill.position, fill.positions, fill.trades, fill.over],
      [true, 0, undefined, [], [], undefined],
    );
    assert.equal([fill.order?.status, fill.order?.filled], ["filled", 1]);
    assert.equal(await sizes(mgr), { b: 1 });
    assert.equal(await today(mgr), [-10, 1, 1]);
    const [trade] = await mgr.getTrades();
    assert.equal([trade?.pnl, trade?.fees], [-10, 0]);
  });

  test("what a fill is more than the close goes on to the pair's other positions", async () => {
    await using mgr = await open();
    await longs(mgr);
    await mgr.closePosition("a", { pnl: -10 });
    await mgr.saveOrder({ ...STOP, size: 2 });
    const first = await stopped(mgr, { size: 0.75 });
    assert.equal([first.booked, await sizes(mgr)], [0, { b: 1 }]);
    // 0.25 of it explains the rest of the close, 0.5 leaves b with 0.5 x -20
    const second = await stopped(mgr, { fillId: "x2", size: 0.75 });
    assert.equal([second.booked, second.position?.id, await sizes(mgr)], [-10, "b", { b: 0.5 }]);
    const third = await stopped(mgr, { fillId: "x3", size: 0.5 });
    assert.equal([third.booked, third.trades.map(({ id }) => id)], [-10, ["b"]]);
    assert.equal(await today(mgr), [-30, 2, 2]);
  });

  test("only what was left when the position was closed is explained, not what fills had taken before", async () => {
    await using mgr = await open();
    await longs(mgr);
    await stopped(mgr, { size: 0.75 });
    await mgr.closePosition("a", { pnl: -2.5 });
    await mgr.saveOrder({ ...STOP, id: "again" });
    const fill = await mgr.recordFill("again", { fillId: "x1", price: 90, size: 1 });
    // 0.25 explain the close; b loses 0.75 x 20
    assert.equal([fill.booked, await sizes(mgr)], [-15, { b: 0.25 }]);
  });

  test("a position that was removed ends as a trade whose result is not known; the streak stays", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.updateDailyPnl(-1);
    await longs(mgr, { fee: 0.1 }, { cooldown: "5m" });
    await mgr.recordFill("stop", { fillId: "x0", price: 130, size: 0.5, fee: 0.2 });
    clock.now += MINUTE;
    assert.is(await mgr.removePosition("a", { reason: "gone" }), true);
    const [trade] = await mgr.getTrades();
    // 0.5 x 30 - 0.3
    assert.equal(
      [trade?.id, trade?.pnl, trade?.fees, trade?.size, trade?.untold, trade?.exitPrice, trade?.reason],
      ["a", 14.7, 0.3, 1, 0.5, 130, "gone"],
    );
    assert.equal(trade?.exitTs, new Date(clock.now));
    assert.equal(await mgr.getCooldown(PAIR), new Date(clock.now + 5 * MINUTE));
    assert.equal(await today(mgr), [13.7, 2, 1]);
    clock.now += DAY;
    assert.equal(await mgr.getDailyHistory(), [dayOver("2024-03-05", 13.7, 2, { closed: 14.7, untied: -1 })]);
  });

  test("a fill that comes after the removal is booked on the trade, later, at the trade's entry price", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await longs(mgr, { fee: 0.1 });
    await mgr.removePosition("a");
    const first = await stopped(mgr, { size: 0.25, fee: 0.2 });
    // 0.25 x -10 - 0.2
    assert.equal([first.booked, first.positions, first.trades, await sizes(mgr)], [-2.7, [], [], { b: 1 }]);
    const [known] = await mgr.getTrades();
    assert.equal([known?.pnl, known?.fees, known?.untold], [-2.8, 0.3, 0.75]);
    await stopped(mgr, { fillId: "x2", size: 0.75, price: 98 });
    const [trade, ...more] = await mgr.getTrades();
    assert.equal(more, []);
    assert.equal([trade?.pnl, trade?.fees, trade?.key], [-4.3, 0.3, known?.key]);
    assert.ok(trade && !("untold" in trade));
    // Counted once; a loss that came to light later is none of the streak's.
    assert.equal(await today(mgr), [-4.3, 1, 0]);
    clock.now += DAY;
    assert.equal(await mgr.getDailyHistory(), [dayOver("2024-03-05", -4.3, 1, { closed: -0.1, later: -4.2 })]);
  });

  test("a later booking falls on the day of its fill, the trade on the day of its end", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await longs(mgr, { fee: 0.1 });
    clock.now += DAY;
    await mgr.removePosition("a");
    clock.now += DAY;
    await stopped(mgr, { ts: NOON + HOUR });
    assert.equal(await mgr.getDailyHistory(), [
      dayOver("2024-03-05", -10.1, 0, { open: -0.1, later: -10 }),
      dayOver("2024-03-06", 0, 1, { closed: -0.1, open: 0.1 }),
    ]);
    assert.equal(await today(mgr), [0, 0, 0]);
  });

  test("a position that was merely saved is forgotten when it is removed; its fills explain that", async () => {
    await using mgr = await open();
    await longs(mgr);
    await mgr.saveOrder({ ...STOP, id: "stop of b", positionId: "b" });
    await mgr.removePosition("b");
    assert.equal([await mgr.getTrades(), await today(mgr)], [[], [0, 0, 0]]);
    const fill = await mgr.recordFill("stop of b", { fillId: "x1", price: 90, size: 1 });
    assert.equal([fill.applied, fill.booked, fill.positions], [true, 0, []]);
    assert.equal([await sizes(mgr), await mgr.getTrades(), await today(mgr)], [{ a: 1 }, [], [0, 0, 0]]);
  });

  test("a position that was merely saved ends as a trade whose result is not known when the caller says so", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { max_consecutive_losses: 1 } }, { clock: clock.read });
    await mgr.savePosition({ ...LONG, id: "a", size: 2, entryPrice: 100, cooldown: "5m" });
    await mgr.saveOrder({ ...STOP });
    const last = (await mgr.getEvents()).at(-1)?.id ?? "";
    clock.now += MINUTE;
    assert.is(await mgr.removePosition("a", { untold: true, reason: "external" }), true);
    assert.is(await mgr.removePosition("a", { untold: true }), false);
    const [trade, ...more] = await mgr.getTrades();
    assert.equal(
      [trade?.id, trade?.pnl, trade?.untold, trade?.size, trade?.reason, trade?.exitPrice, more],
      ["a", 0, 2, 2, "external", undefined, []],
    );
    // Counted; no PnL, no loss, the breaker is quiet.
    assert.equal([await today(mgr), await mgr.checkCircuitBreaker()], [[0, 1, 0], false]);
    assert.equal(await mgr.getCooldown(PAIR), new Date(clock.now + 5 * MINUTE));
    const events = await mgr.getEvents({ after: last });
    assert.equal(
      events.map((event) => (event.type === "position_removed" ? [event.positionId, event.trade?.untold] : event.type)),
      [["a", 2]],
    );
    // A fill of its stop that comes later says what half of it made: 1 x -10.
    const fill = await stopped(mgr);
    assert.equal([fill.booked, fill.positions], [-10, []]);
    const [known] = await mgr.getTrades();
    assert.equal([known?.pnl, known?.untold], [-10, 1]);
  });

  test("a trade whose result nobody told is named until its fills tell it", async () => {
    await using mgr = await open();
    await longs(mgr);
    assert.equal(await mgr.getUntoldTrades(), []);
    await mgr.removePosition("a");
    await mgr.removePosition("b");
    assert.equal(
      (await mgr.getUntoldTrades()).map(({ id, untold }) => [id, untold]),
      [["a", 1]],
      "b was merely saved",
    );
    await stopped(mgr, { size: 0.75 });
    assert.equal(await mgr.getUntoldTrades(), await mgr.getTrades());
    await stopped(mgr, { fillId: "x2", size: 0.25 });
    assert.equal(await mgr.getUntoldTrades(), []);
  });

  test("a trade whose result nobody told is named until a person books a correction on it, of 0, too, and however late", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await longs(mgr);
    await mgr.removePosition("a", { untold: true });
    await mgr.removePosition("b", { untold: true });
    const named = async () => (await mgr.getUntoldTrades()).map(({ id }) => id);
    assert.equal(await named(), ["a", "b"]);
    // A bot that books funding has seen nothing.
    await mgr.bookCash(-1, { id: "f", kind: "funding", positionId: "a" });
    assert.equal(await named(), ["a", "b"]);
    assert.is((await mgr.bookCash(0, { id: "c", kind: "correction", positionId: "a" })).to, "trade");
    assert.equal(await named(), ["b"]);
    clock.now += 8 * DAY;
    assert.is((await mgr.bookCash(-2, { id: "d", kind: "correction", positionId: "b" })).to, "forgotten");
    assert.equal(await named(), []);
    const seen = (await mgr.getEvents()).flatMap((event) => (event.type === "cash_booked" ? [event.seen] : []));
    const keys = (await mgr.getTrades()).map(({ key }) => key);
    assert.equal(seen, [undefined, ...keys]);
    // It was seen; it is not told.
    assert.equal(
      (await mgr.getTrades()).map(({ id, untold, pnl }) => [id, untold, pnl]),
      [
        ["a", 1, -1],
        ["b", 1, 0],
      ],
    );
    await mgr.close();
    await mgr.connect();
    assert.equal(await named(), []);
  });

  test("beyond a thousand told trades, too, each look names what is untold then", async () => {
    await using mgr = await open();
    const named = async () => (await mgr.getUntoldTrades()).map(({ id }) => id);
    const end = async (id: string, untold: boolean) => {
      await mgr.savePosition({ ...LONG, id });
      await (untold ? mgr.removePosition(id, { untold }) : mgr.closePosition(id, { pnl: 1 }));
    };
    const see = (id: string) => mgr.bookCash(0, { id: `seen-${id}`, kind: "correction", positionId: id });
    const many = (from: string) => Promise.all(Array.from({ length: 1001 }, (_, n) => end(`${from}-${n}`, false)));
    await end("first", true);
    await many("told");
    await end("second", true);
    assert.equal(await named(), ["first", "second"]);
    await see("second");
    assert.equal(await named(), ["first"]);
    await see("first");
    assert.equal(await named(), []);
    assert.equal(await named(), []);
    await end("third", true);
    await many("more");
    await end("fourth", true);
    assert.equal(await named(), ["third", "fourth"]);
    await see("third");
    assert.equal(await named(), ["fourth"]);
    assert.equal(await named(), ["fourth"]);
    await mgr.close();
    await mgr.connect();
    assert.equal(await named(), ["fourth"]);
  });

  test("a position whose result was told does not end untold", async () => {
    await using mgr = await open();
    await mgr.savePosition({ ...LONG, id: "a", size: 2 });
    await mgr.updateDailyPnl(-3, { tradeId: "a" });
    assert.is(await mgr.removePosition("a", { untold: true }), true);
    const [trade] = await mgr.getTrades();
    assert.equal([trade?.pnl, trade && "untold" in trade, await today(mgr)], [-3, false, [-3, 1, 1]]);
  });

  test("an end is explained for seven days, over close and connect", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await longs(mgr);
    await mgr.closePosition("a", { pnl: -10 });
    await mgr.close();
    await mgr.connect();
    clock.now += 7 * DAY - 1;
    const { booked, positions } = await stopped(mgr);
    assert.equal([booked, positions, await sizes(mgr)], [0, [], { b: 1 }]);
  });

  test("an exit of the other side or of another pair explains nothing", async () => {
    await using mgr = await open();
    await longs(mgr);
    await mgr.closePosition("a", { pnl: -10 });
    await mgr.saveOrder({ ...STOP, id: "buys", side: "buy" });
    await mgr.saveOrder({ ...STOP, id: "elsewhere", pair: "ETH/USDT" });
    const before = await stored(mgr);
    for (const id of ["buys", "elsewhere"]) {
      await refused(mgr.recordFill(id, { fillId: "x1", price: 90, size: 1 }), "orderId");
    }
    assert.equal(await stored(mgr), before);
  });

  test("a position of a name that ended is another one: fills of its exits reduce it", async () => {
    await using mgr = await open();
    await longs(mgr);
    await mgr.closePosition("a", { pnl: -10 });
    await mgr.savePosition({ ...LONG, id: "a", size: 1, entryPrice: 95 });
    const { booked, trades } = await stopped(mgr);
    assert.equal([booked, trades.map(({ id, pnl }) => [id, pnl])], [-5, [["a", -5]]]);
    assert.equal(await sizes(mgr), { b: 1 });
  });

  test("an order that is filled on after its position ended opens another, under a name that no trade has", async () => {
    await using mgr = await open();
    await mgr.saveOrder({ ...ENTRY, size: 4 });
    await mgr.recordFill("a", { fillId: "e1", price: 100, size: 1 });
    for (const [round, before, name] of [
      [2, "a", "a~2"],
      [3, "a~2", "a~3"],
    ] as const) {
      await mgr.closePosition(before, { pnl: 1 });
      assert.is((await mgr.getOrder("a"))?.positionId, before);
      const { order, position } = await mgr.recordFill("a", { fillId: `e${round}`, price: 100, size: 1 });
      assert.equal([position?.id, order?.positionId], [name, name]);
    }
    assert.equal(
      (await mgr.getTrades()).map(({ id }) => id),
      ["a", "a~2"],
    );
    const more = await mgr.recordFill("a", { fillId: "e4", price: 100, size: 1 });
    assert.equal([more.position?.id, more.position?.size], ["a~3", 2]);
    assert.equal(await toldReservations(mgr, [PAIR]), { slots: "1", slotsOf: { [PAIR]: "1" }, exposure: "200" });
  });

  test("additions to a position that ended take a slot each, and open positions of their own names", async () => {
    await using mgr = await open();
    await mgr.savePosition({ ...LONG, id: "a", size: 1, entryPrice: 100 });
    await mgr.saveOrder({ ...ENTRY, id: "more", positionId: "a" });
    await mgr.saveOrder({ ...ENTRY, id: "most", positionId: "a" });
    await mgr.closePosition("a", { pnl: 0 });
    assert.is((await mgr.getOrder("more"))?.positionId, "a");
    const { position, order } = await mgr.recordFill("more", { fillId: "e1", price: 100, size: 1 });
    assert.equal([position?.id, position?.size, order?.positionId], ["more", 1, "more"]);
    assert.equal(await toldReservations(mgr, [PAIR]), { slots: "2", slotsOf: { [PAIR]: "2" }, exposure: "200" });
  });

  test("exits that are still pending when their position ends are told, whatever ends it", async () => {
    await using mgr = await open();
    const orders = async (round: number) => {
      await mgr.savePosition({ ...LONG, id: "a", size: 1, entryPrice: 100 });
      for (const id of ["tp", "sl"]) await mgr.saveOrder({ ...STOP, id: `${id} ${round}` });
      await mgr.saveOrder({ ...STOP, id: `of another ${round}`, positionId: "b" });
      await mgr.saveOrder({ ...ENTRY, id: `adds ${round}`, positionId: "a" });
    };
    await orders(1);
    const fill = await mgr.recordFill("sl 1", { fillId: "x1", price: 90, size: 1 });
    assert.equal(fill.exitsLeft, [await mgr.getOrder("tp 1")]);
    await mgr.cancelOrder("tp 1");
    await orders(2);
    const close = await mgr.closePosition("a", { pnl: 0 });
    assert.equal(exits(close), ["sl 2", "tp 2"]);
    const told = close.exitsLeft.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    assert.equal(told, [await mgr.getOrder("sl 2"), await mgr.getOrder("tp 2")]);
  });

  test("an exit that is larger than its position is itself left, as it stands after the fill", async () => {
    await using mgr = await open();
    await mgr.savePosition({ ...LONG, id: "a", size: 1, entryPrice: 100 });
    await mgr.saveOrder({ ...STOP, size: 2 });
    const part = await stopped(mgr, { size: 0.5 });
    assert.equal([exits(part), part.position?.size], [[], 0.5]);
    const { exitsLeft, order } = await stopped(mgr, { fillId: "x2", size: 0.5 });
    assert.equal([order?.status, order?.filled, order?.version], ["partially_filled", 1, 3]);
    assert.equal(exitsLeft, [order]);
    assert.equal(await mgr.getOrder("stop"), order);
  });

  test("trades end in the order in which they were reduced, each with the reason of the order", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    for (const [i, id] of ["a", "b", "c"].entries()) {
      await mgr.savePosition({ ...LONG, id, size: 1, entryPrice: 100, entryTs: NOON - HOUR + i });
      await mgr.saveOrder({ ...STOP, id: `stop of ${id}`, positionId: id });
    }
    await mgr.saveOrder({ ...STOP, size: 3, positionId: "b", reason: "trailing" });
    const fill = await stopped(mgr, { size: 2.5 });
    assert.equal(
      fill.trades.map(({ id, reason, exitAsked }) => [id, reason, exitAsked]),
      [
        ["b", "trailing", 90],
        ["a", "trailing", 90],
      ],
    );
    assert.equal(exits(fill), ["stop", "stop of a", "stop of b"]);
    assert.equal(await mgr.getTrades(), fill.trades);
  });

  test("without a reason a trade says how it ended", async () => {
    await using mgr = await open();
    const reasons: (string | undefined)[] = [];
    for (const reason of ["", "tp"]) {
      const why = reason === "" ? {} : { reason };
      await mgr.savePosition({ ...LONG, id: "a", size: 1, entryPrice: 100 });
      await mgr.saveOrder({ ...STOP, ...why, id: `exit ${reason}` });
      await mgr.recordFill(`exit ${reason}`, { fillId: "x1", price: 90, size: 1 });
      await mgr.savePosition({ ...LONG, id: "a" });
      await mgr.closePosition("a", { pnl: 1, ...why });
      await mgr.saveOrder({ ...BUY, id: `in ${reason}` });
      const { position } = await mgr.recordFill(`in ${reason}`, { fillId: "e1", price: 100, size: 0.1 });
      await mgr.removePosition(position?.id ?? "", why);
    }
    for (const { reason } of await mgr.getTrades()) reasons.push(reason);
    assert.equal(reasons, ["exit", "closed", "removed", "tp", "tp", "tp"]);
  });

  test("a close counts what was booked before into its trade, and the cooldown from its own time", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await longs(mgr, { fee: 5 }, { cooldown: "10m" });
    const { trade, risk } = await mgr.closePosition("a", { pnl: 3, ts: NOON - MINUTE });
    assert.equal(
      [trade?.pnl, trade?.fees, trade?.exitTs, "exitPrice" in (trade ?? {}), "untold" in (trade ?? {})],
      [-2, 5, new Date(NOON - MINUTE), false, false],
    );
    assert.equal([risk.dailyPnl, risk.consecutiveLosses], [-2, 1]);
    assert.equal(await mgr.getCooldown(PAIR), new Date(NOON + 9 * MINUTE));
  });

  test("the result that the bot tells of an open position is that position's, counted and judged once", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.updateDailyPnl(-1);
    await longs(mgr, { fee: 0.5 }, { cooldown: "5m" });
    const told = await mgr.updateDailyPnl(-10, { tradeId: "a" });
    assert.equal([told.applied, told.dailyPnl, told.dailyTrades, told.consecutiveLosses], [true, -11.5, 2, 2]);
    assert.equal((await mgr.getPosition("a"))?.realised, -10.5);
    assert.is((await mgr.updateDailyPnl(-10, { tradeId: "a" })).applied, false);
    assert.is(await mgr.removePosition("a"), true);
    assert.equal(await today(mgr), [-11.5, 2, 2]);
    const [trade, ...more] = await mgr.getTrades();
    assert.equal([trade?.id, trade?.pnl, trade?.fees, more], ["a", -10.5, 0.5, []]);
    assert.ok(trade && !("untold" in trade));
    assert.equal(await mgr.getCooldown(PAIR), new Date(NOON + 5 * MINUTE));
    // The name is a trade's now: told once more, it is known.
    assert.is((await mgr.updateDailyPnl(-10, { tradeId: "a" })).applied, false);
    clock.now += DAY;
    assert.equal(await mgr.getDailyHistory(), [dayOver("2024-03-05", -11.5, 2, { closed: -10.5, untied: -1 })]);
  });

  test("the seed's way, save, tell and remove, writes the trade also of a position without fills", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.savePosition({ ...LONG, id: "p" });
    await mgr.updateDailyPnl(7, { tradeId: "p" });
    clock.now += DAY;
    await mgr.removePosition("p");
    const [trade] = await mgr.getTrades();
    assert.equal([trade?.id, trade?.pnl, trade?.exitTs, await today(mgr)], ["p", 7, new Date(NOON + DAY), [0, 0, 0]]);
    clock.now += DAY;
    assert.equal(await mgr.getDailyHistory(), [
      dayOver("2024-03-05", 7, 1, { open: 7 }),
      dayOver("2024-03-06", 0, 0, { closed: 7, open: -7 }),
    ]);
  });

  test("a position may be told of under a name that an earlier trade had", async () => {
    await using mgr = await open();
    for (const [pnl, sum] of [
      [5, 5],
      [-7, -2],
    ] as const) {
      await mgr.savePosition({ ...LONG, id: "p" });
      const { applied, dailyPnl } = await mgr.updateDailyPnl(pnl, { tradeId: "p" });
      assert.equal([applied, dailyPnl], [true, sum]);
      await mgr.removePosition("p");
    }
    assert.equal(
      (await mgr.getTrades()).map(({ pnl }) => pnl),
      [5, -7],
    );
  });

  test("a position whose result was told is reduced and ended by fills that book their fees alone, and says so", async () => {
    const warnings: string[] = [];
    await using mgr = await open({}, { logger: { info() {}, warn: (text) => warnings.push(text) } });
    await longs(mgr);
    await mgr.updateDailyPnl(8, { tradeId: "a" });
    const first = await stopped(mgr, { size: 0.5, fee: 0.25 });
    assert.equal([first.booked, first.position?.size], [-0.25, 0.5]);
    const last = await stopped(mgr, { fillId: "x2", size: 0.5 });
    assert.equal([last.booked, last.position, last.trades[0]?.pnl, last.trades[0]?.fees], [0, undefined, 7.75, 0.25]);
    assert.equal(await today(mgr), [7.75, 1, 0]);
    assert.is(warnings.length, 2);
    assert.ok(warnings.every((text) => text.includes("stop") && text.includes("updateDailyPnl")));
  });

  test("a close of a position whose result was told books nothing more, and says so", async () => {
    const warnings: string[] = [];
    await using mgr = await open({}, { logger: { info() {}, warn: (text) => warnings.push(text) } });
    await mgr.updateDailyPnl(-1);
    await longs(mgr, { fee: 1 });
    await mgr.updateDailyPnl(-4, { tradeId: "a" });
    const { closed, trade, tripped } = await mgr.closePosition("a", { pnl: -99, cooldown: "1h" });
    assert.equal([closed, trade?.pnl, trade?.fees, tripped], [true, -5, 1, false]);
    assert.equal(await today(mgr), [-6, 2, 2]);
    assert.is(await mgr.isOnCooldown(PAIR), true);
    assert.is(warnings.length, 1);
    assert.match(warnings[0] ?? "", /updateDailyPnl/);
  });

  test("a fill that comes after a told position was removed books its result no second time", async () => {
    await using mgr = await open();
    await longs(mgr);
    await mgr.updateDailyPnl(-10, { tradeId: "a" });
    await mgr.removePosition("a");
    const { booked } = await stopped(mgr);
    assert.equal([booked, await sizes(mgr), await today(mgr)], [0, { b: 1 }, [-10, 1, 1]]);
  });

  test("an end whose result is not known never trips the breaker", async () => {
    await using mgr = await open({ risk: { max_daily_loss: 5 } });
    await longs(mgr);
    await mgr.updateDailyPnl(-10);
    await mgr.resetCircuitBreaker();
    await mgr.removePosition("a");
    assert.equal([await mgr.checkCircuitBreaker(), (await mgr.getRiskState()).dailyTrades], [false, 2]);
  });
};
