/** The simulated exchange: orders, executions, positions and money, as a bot meets them. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InvalidArgumentError } from "../../src/errors.js";
import { PaperExchange } from "../../sync/paper/paper-exchange.js";
import { Clock, MINUTE, NOON } from "../contract/clock.js";
import { failure, refused } from "../contract/expect.js";
import { BTC, ETH, EVER, fails, fillsOf, opened, order, positionsOf } from "./paper/samples.js";

const test = suite("the paper exchange");

// Orders

test("a market order is filled at the price as taker, a limit order at its own price as maker", async () => {
  const exchange = await opened({ balance: 1000, fees: { maker: 0.0001, taker: 0.001 } });
  const market = await exchange.createOrder(order({ size: 2 }));
  assert.is(market.status, "filled");
  assert.is(market.average, 100);
  const limit = await exchange.createOrder(order({ type: "limit", price: 90, size: 2 }));
  assert.is(limit.status, "open");
  await exchange.setPrice(BTC, 80);
  const fills = await exchange.fetchFills(BTC, EVER);
  assert.equal(
    fills.map(({ price, fee, clientOrderId }) => ({ price, fee, clientOrderId })),
    [
      { price: 100, fee: 0.2, clientOrderId: market.clientOrderId },
      { price: 90, fee: 0.018, clientOrderId: limit.clientOrderId },
    ],
  );
  assert.equal(await positionsOf(exchange), ["long 4 @ 95"]);
  assert.is(exchange.fees, 0.218);
  assert.is(exchange.balance, 999.782);
  assert.is(exchange.equity, 939.782);
});

test("a limit order that is better than the price is filled at the price, as taker", async () => {
  const exchange = await opened({ fees: { maker: 0, taker: 0.001 } });
  await exchange.createOrder(order({ type: "limit", price: 120 }));
  assert.equal(await fillsOf(exchange), ["buy 1 @ 100"]);
  assert.is(exchange.fees, 0.1);
});

test("a stop waits for its trigger, whether the price has to rise or to fall to it", async () => {
  const exchange = await opened();
  await exchange.createOrder(order({ size: 2 }));
  await exchange.createOrder(order({ side: "sell", type: "stop", price: 90, reduceOnly: true }));
  await exchange.createOrder(order({ side: "sell", type: "stop", price: 110, reduceOnly: true }));
  const open = await exchange.fetchOpenOrders();
  assert.equal(
    open.map(({ stop, price, reduceOnly }) => ({ stop, price, reduceOnly })),
    [90, 110].map((price) => ({ stop: true, price, reduceOnly: true })),
  );
  await exchange.setPrice(BTC, 95);
  assert.is((await exchange.fetchOpenOrders()).length, 2);
  await exchange.setPrice(BTC, 89);
  await exchange.setPrice(BTC, 111);
  assert.equal(await fillsOf(exchange), ["buy 2 @ 100", "sell 1 @ 89", "sell 1 @ 111"]);
  assert.equal(await positionsOf(exchange), []);
  assert.is(exchange.balance, 100_000);
});

test("a stop whose trigger is the price does not wait", async () => {
  const exchange = await opened();
  assert.is((await exchange.createOrder(order({ type: "stop", price: 100 }))).status, "filled");
});

test("a jump of the price fills orders in the order in which it passes them", async () => {
  const exchange = await opened();
  for (const price of [80, 95, 90]) await exchange.createOrder(order({ type: "limit", price }));
  await exchange.setPrice(BTC, 70);
  assert.equal(await fillsOf(exchange), ["buy 1 @ 95", "buy 1 @ 90", "buy 1 @ 80"]);
});

test("a candle is walked from open over low and high to close, a falling one over high and low", async () => {
  for (const [candle, fills] of [
    [{ open: 100, low: 80, high: 120, close: 110 }, ["buy 1 @ 90", "sell 1 @ 115"]],
    [{ open: 100, low: 80, high: 120, close: 99 }, ["sell 1 @ 115", "buy 1 @ 90"]],
  ] as const) {
    const exchange = await opened();
    await exchange.createOrder(order({ type: "limit", side: "buy", price: 90 }));
    await exchange.createOrder(order({ type: "limit", side: "sell", price: 115 }));
    await exchange.candle(BTC, candle, NOON + MINUTE);
    assert.equal(await fillsOf(exchange), fills);
    assert.is((await exchange.fetchFills(BTC, EVER))[0]?.ts.getTime(), NOON + MINUTE);
  }
});

test("a stop is filled at its trigger within a candle, and at the open of one that jumps over it", async () => {
  const exchange = await opened();
  await exchange.createOrder(order({ size: 2 }));
  await exchange.createOrder(order({ side: "sell", type: "stop", price: 95, reduceOnly: true }));
  await exchange.candle(BTC, { open: 100, low: 94, high: 100, close: 96 });
  await exchange.createOrder(order({ side: "sell", type: "stop", price: 90, reduceOnly: true }));
  await exchange.candle(BTC, { open: 85, low: 84, high: 86, close: 85 });
  assert.equal(await fillsOf(exchange), ["buy 2 @ 100", "sell 1 @ 95", "sell 1 @ 85"]);
});

test("orders of a pair are left alone by the price of another", async () => {
  const exchange = await opened();
  await exchange.createOrder(order({ type: "limit", price: 90 }));
  await exchange.setPrice(ETH, 1);
  assert.is((await exchange.fetchOpenOrders()).length, 1);
});

test("an order is found by its client order id, open and over, and not in another pair", async () => {
  const exchange = await opened();
  const { clientOrderId } = order();
  await exchange.createOrder(order({ clientOrderId, type: "limit", price: 90 }));
  assert.is((await exchange.fetchOrder(clientOrderId, BTC))?.status, "open");
  assert.is(await exchange.fetchOrder(clientOrderId, ETH), undefined);
  assert.is(await exchange.fetchOrder("unknown", BTC), undefined);
  await exchange.setPrice(BTC, 90);
  const filled = await exchange.fetchOrder(clientOrderId, BTC);
  assert.is(filled?.status, "filled");
  assert.is(filled?.filled, 1);
});

test("an order is cancelled once and stays cancelled; to cancel one that is over is no error; one that is not known is false", async () => {
  const exchange = await opened();
  const { clientOrderId } = await exchange.createOrder(order({ clientOrderId: "resting", type: "limit", price: 90 }));
  assert.is(await exchange.cancelOrder("resting", BTC), true);
  assert.is(await exchange.cancelOrder("resting", BTC), true);
  assert.is(await exchange.cancelOrder("resting", ETH), false);
  assert.is(await exchange.cancelOrder("unknown", BTC), false);
  await exchange.setPrice(BTC, 80);
  assert.equal(await fillsOf(exchange), []);
  assert.is((await exchange.fetchOrder(clientOrderId ?? "", BTC))?.status, "cancelled");
});

test("a client order id is taken once, for good: also after its order was cancelled, not after it was refused", async () => {
  const exchange = await opened({ minSize: 1 });
  await exchange.createOrder(order({ clientOrderId: "once", type: "limit", price: 90 }));
  await exchange.cancelOrder("once", BTC);
  await fails(exchange.createOrder(order({ clientOrderId: "once" })), "duplicate_order_id", /once/);
  await fails(exchange.createOrder(order({ clientOrderId: "small", size: 0.5 })), "rejected");
  assert.is((await exchange.createOrder(order({ clientOrderId: "small" }))).status, "filled");
});

test("the exchange tells every order and cancellation that reached it, taken or not, in order", async () => {
  const exchange = await opened();
  await exchange.createOrder(order({ clientOrderId: "a" }));
  await fails(exchange.createOrder(order({ clientOrderId: "a" })), "duplicate_order_id");
  await fails(exchange.createOrder(order({ clientOrderId: "b", size: Number.NaN })), "rejected");
  await exchange.cancelOrder("c", BTC);
  assert.equal(
    exchange.seen.map(({ method, clientOrderId, accepted, at }) => [method, clientOrderId, accepted, at.getTime()]),
    [
      ["createOrder", "a", true, NOON],
      ["createOrder", "a", false, NOON],
      ["cancelOrder", "c", false, NOON],
    ],
  );
});

test("a malformed order is refused by the name of the field", async () => {
  const exchange = await opened();
  for (const [wish, field] of [
    [{ clientOrderId: "" }, "clientOrderId"],
    [{ clientOrderId: "with space" }, "clientOrderId"],
    [{ pair: "" }, "pair"],
    [{ side: "long" }, "side"],
    [{ size: 0 }, "size"],
    [{ size: Number.NaN }, "size"],
    [{ size: 1e16 }, "size"],
    [{ type: "iceberg" }, "type"],
    [{ type: "limit" }, "price"],
    [{ type: "stop", price: -1 }, "price"],
    [{ reduceOnly: "yes" }, "reduceOnly"],
    [{ positionSide: "buy" }, "positionSide"],
    [{ leverage: 10 }, "order.leverage"],
    [{ pair: ETH }, "pair"],
  ] as const) {
    const request: unknown = { ...order(), ...wish };
    const call: Promise<unknown> = Reflect.apply(exchange.createOrder, exchange, [request]);
    await fails(call, "rejected", new RegExp(`(^|: )${field}: `));
  }
  assert.equal(await fillsOf(exchange), []);
});

test("an order below the smallest size, or between two steps, is refused", async () => {
  const exchange = await opened({ minSize: { [BTC]: 0.2 }, sizeStep: 0.1 });
  assert.is(exchange.minSize(BTC), 0.2);
  assert.is(exchange.minSize(ETH), undefined);
  await fails(exchange.createOrder(order({ size: 0.1 })), "rejected", /size: expected at least 0\.2/);
  await fails(exchange.createOrder(order({ size: 0.25 })), "rejected", /size: expected a multiple of 0\.1/);
  await exchange.createOrder(order({ size: 0.3 }));
});

test("the rest of a position is closed however small it is", async () => {
  const exchange = await opened({ minSize: 0.5, sizeStep: 0.1 });
  await exchange.createOrder(order());
  await exchange.createOrder(order({ side: "sell", size: 0.7, reduceOnly: true }));
  await fails(exchange.createOrder(order({ side: "sell", size: 0.2, reduceOnly: true })), "rejected", /at least 0\.5/);
  await exchange.createOrder(order({ side: "sell", size: 0.3, reduceOnly: true }));
  assert.equal(await positionsOf(exchange), []);
});

test("sizes are multiples of a contract, and add up without noise", async () => {
  const exchange = await opened({ contractSize: 0.01, fills: "partial" });
  await fails(exchange.createOrder(order({ size: 0.015 })), "rejected", /multiple of 0\.01/);
  for (let i = 0; i < 3; i++) await exchange.createOrder(order({ size: 0.1 }));
  assert.equal(await positionsOf(exchange), ["long 0.3 @ 100"]);
  for (const { size } of await exchange.fetchFills(BTC, EVER)) assert.is(Math.round(size * 100) / 100, size);
});

// Reducing

test("a reduce-only order finds nothing to reduce without a position of the other side", async () => {
  const exchange = await opened();
  const close = { side: "sell", reduceOnly: true } as const;
  await fails(exchange.createOrder(order(close)), "nothing_to_reduce");
  await exchange.createOrder(order({ side: "sell" }));
  await fails(exchange.createOrder(order(close)), "nothing_to_reduce");
  await fails(exchange.createOrder(order({ ...close, type: "stop", price: 90 })), "nothing_to_reduce");
});

test("a reduce-only order that is larger than the position closes it and no more", async () => {
  const exchange = await opened();
  await exchange.createOrder(order());
  const closed = await exchange.createOrder(order({ side: "sell", size: 5, reduceOnly: true }));
  assert.equal([closed.status, closed.size, closed.filled], ["filled", 1, 1]);
  assert.equal(await positionsOf(exchange), []);
});

test("a stop whose position is gone when it is triggered is cancelled", async () => {
  const exchange = await opened();
  await exchange.createOrder(order());
  const stop = await exchange.createOrder(order({ side: "sell", type: "stop", price: 90, reduceOnly: true }));
  await exchange.createOrder(order({ side: "sell" }));
  await exchange.setPrice(BTC, 85);
  assert.is((await exchange.fetchOrder(stop.clientOrderId ?? "", BTC))?.status, "cancelled");
  assert.equal(await positionsOf(exchange), []);
});

// Positions

test("in netting mode an order against the position turns the rest of it around, in one execution", async () => {
  const exchange = await opened({ balance: 1000, fees: { maker: 0, taker: 0.01 } });
  await exchange.createOrder(order({ size: 2 }));
  await exchange.setPrice(BTC, 110);
  await exchange.createOrder(order({ side: "sell", size: 5 }));
  assert.equal(await positionsOf(exchange), ["short 3 @ 110"]);
  assert.equal(await fillsOf(exchange), ["buy 2 @ 100", "sell 5 @ 110"]);
  assert.is(exchange.realised, 20);
  assert.is(exchange.balance, 1000 + 20 - 2 - 5.5);
  await exchange.setPrice(BTC, 100);
  assert.is(exchange.equity, exchange.balance + 30);
});

test("in hedge mode a long and a short stand side by side, and fills say which one they changed", async () => {
  const exchange = await opened({ mode: "hedge" });
  await exchange.createOrder(order({ size: 2, positionSide: "long" }));
  await exchange.createOrder(order({ side: "sell", size: 3, positionSide: "short" }));
  assert.equal(await positionsOf(exchange), ["long 2 @ 100", "short 3 @ 100"]);
  await exchange.createOrder(order({ side: "sell", positionSide: "long", reduceOnly: true }));
  await exchange.createOrder(order({ side: "buy", positionSide: "short", reduceOnly: true }));
  assert.equal(await positionsOf(exchange), ["long 1 @ 100", "short 2 @ 100"]);
  assert.equal(
    (await exchange.fetchFills(BTC, EVER)).map(({ positionSide }) => positionSide),
    ["long", "short", "long", "short"],
  );
});

test("in hedge mode an order never does more than close its side, and opens none by reducing", async () => {
  const exchange = await opened({ mode: "hedge" });
  await exchange.createOrder(order({ positionSide: "long" }));
  await exchange.createOrder(order({ side: "sell", size: 5, positionSide: "long" }));
  assert.equal(await positionsOf(exchange), []);
  await fails(exchange.createOrder(order({ side: "sell", positionSide: "long" })), "nothing_to_reduce");
  await fails(
    exchange.createOrder(order({ side: "buy", positionSide: "long", reduceOnly: true })),
    "rejected",
    /reduceOnly: a buy cannot reduce a long position/,
  );
});

test("in hedge mode an order without a position side opens its own, or reduces the other", async () => {
  const exchange = await opened({ mode: "hedge" });
  await exchange.createOrder(order());
  await exchange.createOrder(order({ side: "sell", size: 2 }));
  assert.equal(await positionsOf(exchange), ["long 1 @ 100", "short 2 @ 100"]);
  await exchange.createOrder(order({ side: "buy", reduceOnly: true }));
  assert.equal(await positionsOf(exchange), ["long 1 @ 100", "short 1 @ 100"]);
});

test("money adds up exactly", async () => {
  const exchange = await opened({ balance: 0.3, fees: { maker: 0, taker: 0.001 } });
  await exchange.setPrice(BTC, 0.1);
  await exchange.createOrder(order({ size: 3 }));
  await exchange.setPrice(BTC, 0.2);
  await exchange.createOrder(order({ side: "sell", size: 3 }));
  assert.is(exchange.realised, 0.3);
  assert.is(exchange.fees, 0.0009);
  assert.is(exchange.balance, 0.5991);
});

// Spot

test("in a spot market a buy pays its fee in coins, and the holding is what is left", async () => {
  const spot = await opened({ market: "spot", balance: 1000, fees: { maker: 0.001, taker: 0.001 } });
  await spot.createOrder(order({ size: 2 }));
  assert.equal(await positionsOf(spot), ["long 1.998 @ 100"]);
  const [fill] = await spot.fetchFills(BTC, EVER);
  assert.equal([fill?.size, fill?.feeBase, fill?.fee], [2, 0.002, 0.2]);
  assert.is(spot.balance, 800);
  assert.is(spot.fees, 0);
  assert.is(spot.equity, 999.8);
  await spot.createOrder(order({ side: "sell", size: 1.998 }));
  assert.equal(await positionsOf(spot), []);
  assert.is(spot.balance, 800 + 199.8 - 0.1998);
});

test("in a spot market nobody sells or spends what is not there", async () => {
  const spot = await opened({ market: "spot", balance: 150 });
  await fails(spot.createOrder(order({ side: "sell" })), "rejected", /size: expected at most what is held/);
  await fails(spot.createOrder(order({ side: "sell", reduceOnly: true })), "nothing_to_reduce");
  await fails(spot.createOrder(order({ reduceOnly: true })), "nothing_to_reduce");
  await fails(spot.createOrder(order({ size: 2 })), "rejected", /it would cost 200, the account has 150/);
  await fails(spot.createOrder(order({ type: "stop", price: 160 })), "rejected", /it would cost 160/);
  await spot.createOrder(order({ clientOrderId: "one", type: "limit", price: 90 }));
  await spot.createOrder(order({ clientOrderId: "two", type: "limit", price: 80 }));
  await spot.setPrice(BTC, 70);
  assert.is((await spot.fetchOrder("one", BTC))?.status, "filled");
  assert.is((await spot.fetchOrder("two", BTC))?.status, "cancelled");
  assert.is(spot.balance, 60);
});

// Partial fills

test("with partial fills an order is filled in several executions that add up to it", async () => {
  const exchange = await opened({ fills: "partial", fees: { maker: 0, taker: 0.001 } });
  const { filled, status } = await exchange.createOrder(order({ size: 1 }));
  const fills = await exchange.fetchFills(BTC, EVER);
  assert.ok(fills.length > 1, `${fills.length} fills`);
  assert.is(new Set(fills.map(({ fillId }) => fillId)).size, fills.length);
  assert.equal([filled, status], [1, "filled"]);
  assert.equal(await positionsOf(exchange), ["long 1 @ 100"]);
});

test("with partial fills a limit order that is only touched is filled in part, and in full when the price goes on", async () => {
  const exchange = await opened({ fills: "partial" });
  await exchange.createOrder(order({ clientOrderId: "touched", type: "limit", price: 90 }));
  await exchange.setPrice(BTC, 90);
  const touched = await exchange.fetchOrder("touched", BTC);
  assert.is(touched?.status, "open");
  const filled = touched?.filled ?? 0;
  assert.ok(filled > 0 && filled < 1, `${filled}`);
  await exchange.setPrice(BTC, 89);
  assert.is((await exchange.fetchOrder("touched", BTC))?.status, "filled");
  assert.equal(await positionsOf(exchange), ["long 1 @ 90"]);
});

test("an order can be filled in part where a test wants it", async () => {
  const exchange = await opened();
  await exchange.createOrder(order({ clientOrderId: "part", type: "limit", price: 90 }));
  assert.is((await exchange.fillOrder("part", 0.4)).filled, 0.4);
  await refused(exchange.fillOrder("part", 0.7), "size");
  await refused(exchange.fillOrder("unknown", 0.7), "clientOrderId");
  assert.is((await exchange.fillOrder("part", 0.6, 89)).status, "filled");
  assert.equal(await fillsOf(exchange), ["buy 0.4 @ 90", "buy 0.6 @ 89"]);
  assert.is((await exchange.fetchOrder("part", BTC))?.average, 89.4);
});

// Others

test("a trade by hand changes positions, and neither its order nor its fills have a client order id", async () => {
  const exchange = await opened();
  await exchange.trade({ pair: BTC, side: "sell", size: 2, price: 105 });
  await exchange.trade({ pair: BTC, side: "buy", size: 1, type: "limit", price: 90 });
  assert.equal(await positionsOf(exchange), ["short 2 @ 105"]);
  const [fill] = await exchange.fetchFills(BTC, EVER);
  assert.not.ok(fill && "clientOrderId" in fill);
  const [resting] = await exchange.fetchOpenOrders();
  assert.not.ok(resting && "clientOrderId" in resting);
  assert.equal(exchange.seen, []);
});

test("a liquidation closes the whole position, by a fill without a client order id", async () => {
  const exchange = await opened({ balance: 100 });
  await exchange.createOrder(order({ size: 3 }));
  await exchange.liquidate(BTC, "long", 70);
  assert.equal(await positionsOf(exchange), []);
  assert.equal(await fillsOf(exchange), ["buy 3 @ 100", "sell 3 @ 70"]);
  assert.not.ok("clientOrderId" in ((await exchange.fetchFills(BTC, EVER))[1] ?? {}));
  assert.is(exchange.balance, 10);
  await refused(exchange.liquidate(BTC, "long", 70), "side");
});

// Time

test("fills are told from a time on, that time included, oldest first", async () => {
  const clock = new Clock();
  const exchange = await opened({ clock: clock.read });
  for (let i = 0; i < 3; i++) {
    await exchange.createOrder(order({ clientOrderId: `at-${i}` }));
    clock.now += MINUTE;
  }
  const since = async (ms: number) =>
    (await exchange.fetchFills(BTC, new Date(ms))).map(({ clientOrderId }) => clientOrderId);
  assert.equal(await since(NOON), ["at-0", "at-1", "at-2"]);
  assert.equal(await since(NOON + MINUTE), ["at-1", "at-2"]);
  assert.equal(await since(NOON + MINUTE + 1), ["at-2"]);
  assert.equal(await since(NOON + 3 * MINUTE), []);
  assert.equal(await exchange.fetchFills(ETH, EVER), []);
});

test("the exchange's time does not go back when the clock does", async () => {
  const clock = new Clock();
  const exchange = await opened({ clock: clock.read });
  await exchange.createOrder(order());
  clock.now -= MINUTE;
  await exchange.createOrder(order());
  assert.equal(
    (await exchange.fetchFills(BTC, EVER)).map(({ ts }) => ts.getTime()),
    [NOON, NOON],
  );
});

test("a call that is refused leaves no trace, not even of its time", async () => {
  const clock = new Clock();
  const exchange = await opened({ clock: clock.read });
  clock.now += MINUTE;
  await refused(exchange.fillOrder("unknown", 1), "clientOrderId");
  clock.now -= MINUTE;
  assert.is((await exchange.createOrder(order())).createdAt?.getTime(), NOON);
});

test("calls take effect in the order in which they are made, also when nobody waits in between", async () => {
  const exchange = await opened();
  await Promise.all([
    exchange.createOrder(order({ type: "limit", price: 90 })),
    exchange.setPrice(BTC, 90),
    exchange.setPrice(BTC, 80),
    exchange.createOrder(order()),
  ]);
  assert.equal(await fillsOf(exchange), ["buy 1 @ 90", "buy 1 @ 80"]);
});

// Options

test("a bad option is refused by name", () => {
  for (const [options, field] of [
    [{ prices: 1 }, "options.prices"],
    [{ name: "" }, "options.name"],
    [{ seed: 1.5 }, "options.seed"],
    [{ mode: "both" }, "options.mode"],
    [{ market: "margin" }, "options.market"],
    [{ market: "spot", mode: "hedge" }, "options.mode"],
    [{ market: "spot", contractSize: 1 }, "options.contractSize"],
    [{ fees: { maker: 2, taker: 0 } }, "options.fees.maker"],
    [{ fees: { maker: 0 } }, "options.fees.taker"],
    [{ fees: null }, "options.fees"],
    [{ balance: -1 }, "options.balance"],
    [{ minSize: -1 }, "options.minSize"],
    [{ minSize: { [BTC]: "1" } }, `options.minSize["${BTC}"]`],
    [{ sizeStep: 0.015, contractSize: 0.01 }, "options.sizeStep"],
    [{ sizeStep: { [BTC]: 0.015 }, contractSize: 0.01 }, "options.sizeStep"],
    [{ fills: "some" }, "options.fills"],
    [{ clock: 1 }, "options.clock"],
    [{ faults: { fetchAll: [] } }, "options.faults.fetchAll"],
    [{ faults: { fetchOrder: [{ kind: "half" }] } }, "kind"],
  ] as const) {
    try {
      Reflect.construct(PaperExchange, [options]);
    } catch (error) {
      assert.instance(error, InvalidArgumentError);
      assert.is(String(error).slice(0, field.length + 24), `InvalidArgumentError: ${field}: `);
      continue;
    }
    assert.unreachable(`${field} was taken`);
  }
});

test("a bad price or candle is refused and moves nothing", async () => {
  const exchange = await opened();
  await exchange.createOrder(order({ type: "limit", price: 90 }));
  await refused(exchange.setPrice(BTC, 0), "price");
  await refused(exchange.setPrice("", 1), "pair");
  await refused(exchange.candle(BTC, { open: 100, high: 90, low: 80, close: 85 }), "candle");
  await refused(exchange.candle(BTC, { open: 100, high: Number.NaN, low: 80, close: 85 }), "candle.high");
  assert.is((await exchange.fetchOpenOrders()).length, 1);
});

test("after close() every call says that there is no answer", async () => {
  const exchange = await opened();
  await exchange.close();
  await exchange.close();
  await fails(exchange.fetchPositions(), "no_answer", /closed/);
  await fails(exchange.createOrder(order()), "no_answer", /closed/);
  assert.match((await failure(exchange.setPrice(BTC, 1))).message, /closed/);
});

test.run();
