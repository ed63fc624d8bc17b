/** What the paper exchange tells of its markets and its account, and what happens there that no bot asked for. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { StateManager } from "../../src/index.js";
import { PaperExchange } from "../../sync/index.js";
import { Clock, HOUR, MINUTE, NOON } from "../contract/clock.js";
import { failure, refused } from "../contract/expect.js";
import { BTC, ETH, EVER, fails, fillsOf, opened, order, positionsOf } from "./paper/samples.js";

const test = suite("the paper exchange's account");

const INVERSE = "BTC/USD:BTC";

// Markets

test("a market is what the pair's name and the rules say", async () => {
  const june = new Date("2026-06-26T08:00:00Z");
  const exchange = await opened({
    contractSize: { [BTC]: 0.001 },
    minSize: { [BTC]: 0.002 },
    expires: { "BTC/USDT:USDT-260626": june },
  });
  assert.equal(await exchange.fetchMarket(BTC), {
    settle: "USDT",
    inverse: false,
    contractSize: 0.001,
    minSize: 0.002,
  });
  assert.equal(await exchange.fetchMarket("BTC/USDT"), await exchange.fetchMarket(BTC));
  assert.equal(await exchange.fetchMarket("ETH/BTC"), { settle: "BTC", inverse: false, contractSize: 1, minSize: 0 });
  assert.equal(await exchange.fetchMarket(INVERSE), { settle: "BTC", inverse: true, contractSize: 1, minSize: 0 });
  assert.equal(await exchange.fetchMarket("BTC/USDT:USDT-260626"), {
    ...{ settle: "USDT", inverse: false, contractSize: 1, minSize: 0 },
    expires: june,
  });
});

test("options, and contracts that settle in a third currency, are no market and are refused by name", async () => {
  const exchange = await opened();
  for (const [pair, reason] of [
    ["BTC/USDT:USDT-260626-100000-C", /is an option/],
    ["BTC/USDT:ETH", /neither its base nor its quote/],
  ] as const) {
    assert.is(await exchange.fetchMarket(pair), undefined);
    await refused(exchange.setPrice(pair, 1), "pair");
    await fails(exchange.createOrder(order({ pair })), "rejected", reason);
  }
  await exchange.setPrice("BTC/USD:USDC", 100); // dollars count as one
  const spot = await opened({ market: "spot" });
  assert.match((await failure(spot.setPrice(INVERSE, 1))).message, /^pair: .*inverse contract/);
});

test("positions say the price they are marked at, and what they are worth at it", async () => {
  const exchange = await opened();
  await exchange.createOrder(order({ size: 2 }));
  await exchange.setPrice(BTC, 110);
  await exchange.setPrice(INVERSE, 40_000);
  await exchange.createOrder(order({ pair: INVERSE, size: 10_000 }));
  await exchange.setPrice(INVERSE, 50_000);
  assert.equal(
    (await exchange.fetchPositions()).map(({ pair, markPrice, notional }) => ({ pair, markPrice, notional })),
    [
      { pair: INVERSE, markPrice: 50_000, notional: 0.2 },
      { pair: BTC, markPrice: 110, notional: 220 },
    ],
  );
});

test("an order is found by the exchange's own id, in its pair", async () => {
  const exchange = await opened();
  const made = await exchange.trade({ pair: BTC, side: "buy", size: 1 });
  assert.equal(await exchange.fetchOrderById(made.id, BTC), made);
  assert.is(await exchange.fetchOrderById(made.id, ETH), undefined);
  assert.is(await exchange.fetchOrderById("o9", BTC), undefined);
});

test("the optional questions meet faults like all others", async () => {
  const exchange = await opened();
  exchange.fail("fetchTime", { kind: "no_answer" });
  exchange.fail("fetchMarket", { kind: "empty" });
  exchange.fail("fetchOrderById", { kind: "authentication" });
  await fails(exchange.fetchTime(), "no_answer", /its time/);
  assert.is(await exchange.fetchMarket(BTC), undefined);
  await fails(exchange.fetchOrderById("o1", BTC), "authentication");
  exchange.down = true;
  await fails(exchange.fetchTime(), "no_answer");
  await fails(exchange.fetchMarket(BTC), "no_answer");
  const fail = async (...args: unknown[]) => Reflect.apply(exchange.fail, exchange, args);
  await refused(fail("fetchTime", { kind: "empty" }), "kind");
  await refused(fail("cancelOrder", { kind: "id_dropped" }), "kind");
});

// Fees and inverse contracts

test("a fee is told in the currency in which it was taken", async () => {
  const spot = await opened({ market: "spot", balance: 1000, fees: { maker: 0.001, taker: 0.001 } });
  await spot.setPrice("ETH/USDT", 100);
  await spot.createOrder(order({ pair: "ETH/USDT", size: 2 }));
  await spot.createOrder(order({ pair: "ETH/USDT", side: "sell", size: 1.998 }));
  assert.equal(
    (await spot.fetchFills("ETH/USDT", EVER)).map(({ fees }) => fees),
    [[{ amount: 0.002, currency: "ETH" }], [{ amount: 0.1998, currency: "USDT" }]],
  );
  const swap = await opened({ fees: { maker: 0, taker: 0.001 } });
  await swap.setPrice("perpetual", 100);
  await swap.createOrder(order());
  await swap.createOrder(order({ type: "limit", price: 90 }));
  await swap.setPrice(BTC, 89);
  await swap.createOrder(order({ pair: "perpetual" }));
  assert.equal(
    (await swap.fetchFills(BTC, EVER)).map(({ fees }) => fees),
    [[{ amount: 0.1, currency: "USDT" }], []],
  );
  const [nameless] = await swap.fetchFills("perpetual", EVER);
  assert.is(nameless?.fee, 0.1);
  assert.not.ok(nameless && "fees" in nameless, "a name that says no coins");
});

test("an inverse contract is worth size / price, averages harmonically, and pays in its coin", async () => {
  const exchange = await opened({ fees: { maker: 0, taker: 0.0005 } });
  const buy = order({ clientOrderId: "two-fills", pair: INVERSE, type: "limit", price: 50_000, size: 20_000 });
  await exchange.setPrice(INVERSE, 60_000);
  await exchange.createOrder(buy);
  await exchange.fillOrder("two-fills", 10_000, 40_000); // 0.25 BTC, as maker: no fee
  await exchange.fillOrder("two-fills", 10_000, 50_000); // 0.2 BTC
  assert.is((await exchange.fetchOrder("two-fills", INVERSE))?.average, 20_000 / 0.45);
  const [position] = await exchange.fetchPositions();
  assert.is(position?.entryPrice, 20_000 / 0.45);
  await exchange.setPrice(INVERSE, 50_000);
  assert.is(exchange.equity, 102_500); // 0.45 - 0.4 BTC at 50,000
  await exchange.createOrder(order({ pair: INVERSE, side: "sell", size: 20_000 }));
  // 0.45 - 0.4, less 0.0005 x 0.4
  assert.equal(exchange.account().coins, { BTC: { balance: 0.0498, realised: 0.05, fees: 0.0002 } });
  assert.equal([exchange.balance, exchange.realised, exchange.fees], [100_000, 0, 0]);
  assert.is(exchange.equity, 102_490); // and 0.0498 x 50,000
  const [, , sold] = await exchange.fetchFills(INVERSE, EVER);
  assert.equal([sold?.fee, sold?.fees], [0.0002, [{ amount: 0.0002, currency: "BTC" }]]);
});

test("an inverse short gains when the price falls, and an order can turn it around", async () => {
  const exchange = await opened();
  await exchange.setPrice(INVERSE, 50_000);
  await exchange.createOrder(order({ pair: INVERSE, side: "sell", size: 10_000 })); // 0.2 BTC
  await exchange.setPrice(INVERSE, 40_000);
  await exchange.createOrder(order({ pair: INVERSE, size: 30_000 })); // 0.25 BTC for the short
  assert.is(exchange.account().coins.BTC?.realised, 0.05);
  assert.equal(await positionsOf(exchange), ["long 20000 @ 40000"]);
});

test("a state manager that is told the fills of an inverse contract books what the account made", async () => {
  const clock = new Clock();
  const exchange = await opened({ clock: clock.read, fees: { maker: 0, taker: 0.0005 } });
  await using mgr = await StateManager.open("inverse", {}, { clock: clock.read });
  const trade = async (id: string, side: "buy" | "sell", size: number, price: number) => {
    await exchange.setPrice(INVERSE, price);
    const exit = side === "sell" ? ({ intent: "exit", positionId: "a" } as const) : ({ positionId: "a" } as const);
    await mgr.saveOrder({ id, pair: INVERSE, side, size, price, ...exit });
    await exchange.createOrder(order({ clientOrderId: id, pair: INVERSE, side, size }));
    for (const { clientOrderId, fillId, price, size, fees = [], ts } of await exchange.fetchFills(INVERSE, EVER))
      if (clientOrderId === id) await mgr.recordFill(id, { fillId, price, size, fee: [...fees], ts });
  };
  await trade("a", "buy", 10_000, 40_000); // 0.25 BTC, fee 0.000125
  await trade("b", "sell", 4_000, 50_000); // 0.1 - 0.08 = 0.02 BTC, fee 0.00004
  await trade("c", "sell", 6_000, 30_000); // 0.15 - 0.2 = -0.05 BTC, fee 0.0001
  assert.is(exchange.account().coins.BTC?.balance, -0.030265);
  assert.is((await mgr.getRiskState()).dailyPnl, -0.030265);
});

// Cash

test("funding moves the balance without a fill, by worth and side, and can be booked", async () => {
  const clock = new Clock();
  const exchange = await opened({ clock: clock.read, mode: "hedge", balance: 1000 });
  await using mgr = await StateManager.open("funded", {}, { clock: clock.read });
  await mgr.savePosition({ id: "a", pair: BTC, side: "long", size: 2, entryPrice: 100 });
  await exchange.createOrder(order({ size: 2, positionSide: "long" }));
  await exchange.createOrder(order({ side: "sell", size: 1, positionSide: "short" }));
  await exchange.setPrice(BTC, 110);
  clock.now += HOUR;
  const told = await exchange.fund(BTC, 0.001); // of 220, and of 110
  const at = { pair: BTC, currency: "USDT", ts: new Date(NOON + HOUR) };
  assert.equal(told, [
    { id: "c1", kind: "funding", ...at, side: "long", amount: -0.22 },
    { id: "c2", kind: "funding", ...at, side: "short", amount: 0.11 },
  ]);
  assert.equal(exchange.account().cash, told);
  assert.equal([exchange.balance, exchange.realised, exchange.fees], [999.89, 0, 0]);
  assert.is((await exchange.fetchFills(BTC, EVER)).length, 2);
  for (const { amount, side: _, ...cash } of told) await mgr.bookCash(amount, cash);
  assert.is((await mgr.getRiskState()).dailyPnl, -0.11);

  await exchange.fund(BTC, -0.001, 100);
  assert.is(exchange.balance, 999.99); // 0.2 to the long, 0.1 from the short
  assert.equal(await exchange.fund(ETH, 0.001, 10), []);
  await refused(exchange.fund(ETH, 0.001), "price");
  await refused((await opened({ market: "spot" })).fund(BTC, 0.001), "pair");
});

test("funding of an inverse contract is paid in its coin", async () => {
  const exchange = await opened();
  await exchange.setPrice(INVERSE, 40_000);
  await exchange.createOrder(order({ pair: INVERSE, size: 10_000 }));
  const [cash] = await exchange.fund(INVERSE, 0.001);
  assert.equal([cash?.amount, cash?.currency], [-0.00025, "BTC"]);
  assert.is(exchange.account().coins.BTC?.balance, -0.00025);
  assert.is(exchange.balance, 100_000);
});

test("a contract that is settled leaves cash and no fill, cancels what is open, and is not traded any more", async () => {
  const exchange = await opened({ fees: { maker: 0, taker: 0.01 }, balance: 1000 });
  await exchange.createOrder(order({ size: 2 })); // fee 2
  await exchange.createOrder(
    order({ clientOrderId: "stop", side: "sell", size: 2, type: "stop", price: 90, reduceOnly: true }),
  );
  const cash = await exchange.settle(BTC, 130);
  assert.equal(
    cash.map(({ kind, side, amount, currency }) => [kind, side, amount, currency]),
    [["settlement", "long", 60, "USDT"]],
  );
  assert.equal(await positionsOf(exchange), []);
  assert.equal(await fillsOf(exchange), ["buy 2 @ 100"]);
  assert.is(exchange.balance, 1058);
  assert.is((await exchange.fetchOrder("stop", BTC))?.status, "cancelled");
  assert.equal((await exchange.fetchMarket(BTC))?.expires, new Date(NOON));
  await fails(exchange.createOrder(order()), "rejected", /was settled at 2/);
  assert.match((await failure(exchange.setPrice(BTC, 1))).message, /^pair: .*was settled/);
  await refused(exchange.settle(BTC, 130), "pair");
});

test("a contract can be settled by a fill of an order that the exchange made, without a fee", async () => {
  const exchange = await opened({ mode: "hedge", fees: { maker: 0, taker: 0.01 }, balance: 1000 });
  await exchange.createOrder(order({ side: "sell", size: 2, positionSide: "short" })); // fee 2
  assert.equal(await exchange.settle(BTC, 130, { byFill: true }), []);
  assert.equal(await positionsOf(exchange), []);
  const [, fill] = await exchange.fetchFills(BTC, EVER);
  assert.equal(
    [fill?.clientOrderId, fill?.side, fill?.positionSide, fill?.price, fill?.size, fill?.fee],
    ["settlement-o2", "buy", "short", 130, 2, 0],
  );
  assert.is(exchange.clientOrderIds.madeByExchange?.("settlement-o2"), true);
  assert.equal([exchange.balance, exchange.realised], [938, -60]);
  assert.equal(exchange.account().cash, []);
});

// What else happens at the exchange

test("a liquidation may have a client order id that the exchange made, which nobody else can take", async () => {
  const exchange = await opened();
  await exchange.createOrder(order());
  const made = await exchange.liquidate(BTC, "long", 70, { named: true });
  assert.is(made.clientOrderId, "autoclose-o2");
  assert.is((await exchange.fetchFills(BTC, EVER))[1]?.clientOrderId, "autoclose-o2");
  const isOwn = exchange.clientOrderIds.madeByExchange;
  assert.equal([isOwn?.("autoclose-o2"), isOwn?.("order-1"), isOwn?.("autoclose-mine")], [true, false, false]);
  await fails(exchange.createOrder(order({ clientOrderId: "autoclose-o7" })), "rejected", /exchange's own making/);
});

test("an open order is amended in size and price, and filled at once where it can be", async () => {
  const exchange = await opened({ minSize: 0.5 });
  await exchange.createOrder(order({ clientOrderId: "resting", type: "limit", price: 90, size: 2 }));
  await exchange.fillOrder("resting", 1);
  const bigger = await exchange.amend("resting", { size: 3 });
  assert.equal([bigger.size, bigger.filled, bigger.price, bigger.status], [3, 1, 90, "open"]);
  await fails(exchange.amend("resting", { size: 1 }), "rejected", /more than the 1 that are filled/);
  await fails(exchange.amend("resting", { size: 0.4 }), "rejected");
  const nearer = await exchange.amend("resting", { price: 95 });
  assert.equal([nearer.price, nearer.status], [95, "open"]);
  const crossing = await exchange.amend("resting", { price: 101 });
  assert.equal([crossing.status, crossing.filled], ["filled", 3]);
  assert.equal(await fillsOf(exchange), ["buy 1 @ 90", "buy 2 @ 100"]);
  await refused(exchange.amend("resting", { size: 5 }), "clientOrderId");
  const amend = async (change: unknown) => Reflect.apply(exchange.amend, exchange, ["resting", change]);
  await refused(amend({ side: "sell" }), "change.side");
});

test("an amended stop waits for the way that its new trigger is", async () => {
  const exchange = await opened();
  await exchange.createOrder(order());
  await exchange.createOrder(order({ clientOrderId: "stop", side: "sell", type: "stop", price: 90, reduceOnly: true }));
  await exchange.amend("stop", { price: 110 });
  await exchange.setPrice(BTC, 105);
  assert.is((await exchange.fetchOpenOrders()).length, 1);
  await exchange.setPrice(BTC, 111);
  assert.equal(await fillsOf(exchange), ["buy 1 @ 100", "sell 1 @ 111"]);
});

test("a delisted pair is unsupported in every question, and in no list; the others go on", async () => {
  const exchange = await opened();
  await exchange.setPrice(ETH, 10);
  await exchange.createOrder(order({ clientOrderId: "held" }));
  const resting = await exchange.createOrder(order({ clientOrderId: "resting", type: "limit", price: 90 }));
  await exchange.createOrder(order({ pair: ETH }));
  await exchange.delist(BTC);
  for (const question of [
    () => exchange.resolvePair(BTC),
    () => exchange.resolvePair("BTC/USDT"),
    () => exchange.fetchMarket(BTC),
    () => exchange.fetchOrder("held", BTC),
    () => exchange.fetchOrderById(resting.id, BTC),
    () => exchange.fetchFills(BTC, EVER),
    () => exchange.createOrder(order()),
    () => exchange.cancelOrder("resting", BTC),
  ])
    await fails(question(), "unsupported", /BTC\/USDT:USDT/);
  assert.equal(await positionsOf(exchange), ["long 1 @ 10"]);
  assert.equal(await exchange.fetchOpenOrders(), []);
  exchange.fail("fetchPositions", { kind: "zero_rows" });
  assert.ok((await exchange.fetchPositions()).every(({ pair }) => pair === ETH));
  await refused(exchange.setPrice(BTC, 1), "pair");
  assert.is((await exchange.fetchFills(ETH, EVER)).length, 1);
});

// What it remembers, and what it says

test("an order is forgotten so long after its end, and its client order id is taken again then", async () => {
  const clock = new Clock();
  const exchange = await opened({ clock: clock.read, remembersOrders: "1h" });
  assert.is(exchange.clientOrderIds.foundFor, HOUR);
  await exchange.createOrder(order({ clientOrderId: "waits", type: "limit", price: 90 }));
  const { id } = await exchange.createOrder(order({ clientOrderId: "over" }));
  clock.now += HOUR - 1;
  assert.is((await exchange.fetchOrder("over", BTC))?.id, id);
  await fails(exchange.createOrder(order({ clientOrderId: "over" })), "duplicate_order_id");
  clock.now += 1;
  assert.is(await exchange.fetchOrder("over", BTC), undefined);
  assert.is(await exchange.fetchOrderById(id, BTC), undefined);
  assert.is(await exchange.cancelOrder("over", BTC), false);
  assert.is((await exchange.fetchOrder("waits", BTC))?.status, "open");
  assert.is((await exchange.fetchFills(BTC, EVER))[0]?.clientOrderId, "over", "fills are kept");
  const again = await exchange.createOrder(order({ clientOrderId: "over" }));
  assert.is((await exchange.fetchOrder("over", BTC))?.id, again.id);
  assert.ok(exchange.limitations.some((limit) => limit.includes("3600000 ms after its end")));
});

test("an exchange whose history is cut lists no fills that are older", async () => {
  const clock = new Clock();
  const exchange = await opened({ clock: clock.read, remembersFills: "1h" });
  await exchange.createOrder(order({ clientOrderId: "old" }));
  clock.now += MINUTE;
  await exchange.createOrder(order({ clientOrderId: "young" }));
  clock.now += HOUR;
  assert.equal(
    (await exchange.fetchFills(BTC, EVER)).map(({ clientOrderId }) => clientOrderId),
    ["young"],
  );
  assert.ok(exchange.limitations.some((limit) => limit.startsWith("fills are listed")));
});

test("fills can be silent about their order's client id and about the side of a hedge", async () => {
  const exchange = await opened({ mode: "hedge", fillsNameOrders: false, fillsNameSides: false });
  const { id } = await exchange.createOrder(order({ positionSide: "long" }));
  const [fill] = await exchange.fetchFills(BTC, EVER);
  assert.is(fill?.orderId, id);
  assert.not.ok(fill && ("clientOrderId" in fill || "positionSide" in fill));
  assert.is(exchange.clientOrderIds.inFills, false);
  assert.is((await opened()).clientOrderIds.inFills, true);
});

test("an id that is dropped or changed at the exchange is not found by its own, and the answer says it", async () => {
  const exchange = await opened();
  exchange.fail("createOrder", { kind: "id_dropped" });
  exchange.fail("createOrder", { kind: "id_changed" });
  const dropped = await exchange.createOrder(order({ clientOrderId: "mine" }));
  assert.not.ok("clientOrderId" in dropped);
  const changed = await exchange.createOrder(order({ clientOrderId: "mine" }));
  assert.is(changed.clientOrderId, "x-2");
  assert.is(await exchange.fetchOrder("mine", BTC), undefined);
  assert.is((await exchange.fetchOrder("x-2", BTC))?.id, changed.id);
  await exchange.createOrder(order({ clientOrderId: "mine" })); // which is taken a third time
  assert.equal(await positionsOf(exchange), ["long 3 @ 100"]);
  assert.equal(
    exchange.seen.map(({ clientOrderId, accepted }) => [clientOrderId, accepted]),
    [
      ["mine", true],
      ["mine", true],
      ["mine", true],
    ],
  );
});

test("the exchange's clock may be ahead or behind, and tells its own time", async () => {
  for (const clockAhead of [90_000, -90_000]) {
    const exchange = await opened({ clockAhead });
    assert.equal(await exchange.fetchTime(), new Date(NOON + clockAhead));
    const { createdAt } = await exchange.createOrder(order());
    assert.equal(createdAt, new Date(NOON + clockAhead));
  }
  const exchange = await opened();
  await exchange.candle(BTC, { open: 1, high: 1, low: 1, close: 1 }, NOON + MINUTE);
  assert.equal(await exchange.fetchTime(), new Date(NOON + MINUTE), "its time never goes back");
});

test("a bad rule or argument of these is refused by name", async () => {
  for (const [options, field] of [
    [{ expires: { [BTC]: "soon" } }, `options.expires["${BTC}"]`],
    [{ expires: 1 }, "options.expires"],
    [{ remembersOrders: "1 hour" }, "options.remembersOrders"],
    [{ remembersFills: -1 }, "options.remembersFills"],
    [{ fillsNameOrders: 1 }, "options.fillsNameOrders"],
    [{ fillsNameSides: "no" }, "options.fillsNameSides"],
    [{ clockAhead: 0.5 }, "options.clockAhead"],
  ] as const)
    await refused((async () => Reflect.construct(PaperExchange, [options]))(), field);
  const exchange = await opened();
  await exchange.createOrder(order());
  await refused(exchange.fund(BTC, Number.NaN), "rate");
  await refused(exchange.settle(BTC, 0), "price");
  await refused(exchange.delist(""), "pair");
  await refused(exchange.liquidate(BTC, "short"), "side");
});

test.run();
