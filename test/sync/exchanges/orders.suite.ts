/** What becomes of the bot's orders: each under its id, of the right kind and size, and found again whatever became of it. */
import * as assert from "uvu/assert";
import { ClientOrderIds } from "../../../sync/ccxt/client-order-ids.js";
import { dialectOf } from "../../../sync/ccxt/dialect.js";
import { failing } from "../ccxt/failing.js";
import type { Theme } from "./theme.js";
import { hedgesIn } from "./wire.js";

const dialect = (exchange: string) => dialectOf(exchange, false);

export const orders: Theme = (test, { open, kind, wire }) => {
  test("a market order carries the bot's id, and is found by it after it filled", async () => {
    await using scene = await open();
    const { port, pair, venue } = scene;
    const request = scene.request();
    const answer = await port.createOrder(request);
    const order = scene.order();
    assert.equal([venue.orders.length, order.type, order.side, order.size], [1, "market", request.side, scene.lots(2)]);
    assert.equal([order.trigger, order.reduceOnly], [undefined, false]);
    assert.is(answer.clientOrderId, "bot_1-x");
    const found = await port.fetchOrder("bot_1-x", pair);
    assert.is(found?.status, "filled");
    assert.equal([found?.size, found?.filled, found?.side], [scene.size(2), scene.size(2), request.side]);
    assert.equal([found?.id, found?.clientOrderId ?? "bot_1-x"], [order.id, "bot_1-x"]);
    if (wire.tellsAverages === false) assert.is(found?.average, undefined);
    else
      assert.ok(Math.abs((found?.average ?? 0) - venue.price(pair)) < 1e-6 * venue.price(pair), String(found?.average));
    assert.not(found?.stop);
  });

  test("an id of 32 characters and one with capitals reach the exchange and are found", async () => {
    await using scene = await open();
    for (const clientOrderId of ["sfz0123456789abcdef0123456789abc", "Bot-A"]) {
      await scene.port.createOrder(scene.request({ clientOrderId }));
      const order = scene.order(clientOrderId);
      const found = await scene.port.fetchOrder(clientOrderId, scene.pair);
      assert.equal([found?.id, found?.clientOrderId ?? clientOrderId], [order.id, clientOrderId]);
    }
  });

  test("a limit order is open, then partly filled, then cancelled, and found by its id each time", async () => {
    await using scene = await open();
    const { port, pair, venue } = scene;
    const price = venue.price(pair) / 2;
    await port.createOrder(scene.request({ side: "buy", type: "limit", price }));
    const order = scene.order();
    assert.equal([order.type, order.price, order.size], ["limit", price, scene.lots(2)]);
    const waiting = await port.fetchOrder("bot_1-x", pair);
    assert.equal([waiting?.status, waiting?.filled, waiting?.price], ["open", 0, price]);

    venue.fill(order, scene.lots(0.5), price);
    const begun = await port.fetchOrder("bot_1-x", pair);
    assert.equal([begun?.status, begun?.filled, begun?.size], ["open", scene.size(0.5), scene.size(2)]);
    const listed = (await port.fetchOpenOrders()).filter(({ id }) => id === order.id);
    assert.equal(
      listed.map(({ filled, size, clientOrderId }) => [filled, size, clientOrderId]),
      [[scene.size(0.5), scene.size(2), "bot_1-x"]],
    );

    assert.ok(await port.cancelOrder("bot_1-x", pair));
    assert.is(order.status, "cancelled");
    const ended = await port.fetchOrder("bot_1-x", pair);
    assert.equal([ended?.status, ended?.filled], ["cancelled", scene.size(0.5)]);
    assert.equal(await port.fetchOpenOrders(), []);
    assert.ok(await port.cancelOrder("bot_1-x", pair), "it is over already");
  });

  test("an order that was cancelled before it filled is known as cancelled", async () => {
    await using scene = await open();
    await scene.port.createOrder(scene.request({ type: "limit", price: scene.venue.price(scene.pair) / 2 }));
    scene.venue.cancel(scene.order());
    const found = await scene.port.fetchOrder("bot_1-x", scene.pair);
    assert.equal([found?.status, found?.filled], ["cancelled", 0]);
  });

  test("an order that was never sent is not known, beside others", async () => {
    await using scene = await open();
    await scene.port.createOrder(scene.request({ clientOrderId: "another" }));
    scene.venue.byHand(scene.pair, "buy", scene.lots(1), scene.venue.price(scene.pair));
    assert.is(await scene.port.fetchOrder("bot_1-x", scene.pair), undefined);
    assert.is(await scene.port.cancelOrder("bot_1-x", scene.pair), false);
  });

  test("a second order of the same id is a duplicate, and not taken; or it is said that it may be", async () => {
    await using scene = await open();
    const request = scene.request({ type: "limit", price: scene.venue.price(scene.pair) / 2 });
    await scene.port.createOrder(request);
    if (wire.refusesIds === "answers") {
      assert.is((await scene.port.createOrder(request)).id, scene.order().id);
      assert.is(scene.venue.orders.length, 1);
      return;
    }
    if (wire.refusesIds === "never") {
      await scene.port.createOrder(request);
      assert.is(scene.venue.orders.length, 2);
      assert.match(scene.dialect.limitations.join("\n"), /client order id that was used before/);
      return;
    }
    const error = await failing(scene.port.createOrder(request));
    assert.is(error.failure, "duplicate_order_id", error.message);
    assert.is(scene.venue.orders.length, 1);
  });

  test("a stop waits for its price and then fills, found by its id each time; or it is refused and nothing is sent", async () => {
    await using scene = await open();
    const { port, pair, venue, dialect } = scene;
    if (kind !== "spot") scene.hold("long", 2);
    const before = venue.orders.length;
    const price = venue.price(pair) * 0.9;
    const request = scene.request({ side: "sell", type: "stop", price, reduceOnly: true, positionSide: "long" });
    if (dialect.stop?.(request, kind, false) === undefined) {
      assert.is((await failing(port.createOrder(request))).failure, "unsupported");
      assert.is(venue.orders.length, before);
      return;
    }
    await port.createOrder(request);
    const order = scene.order();
    assert.equal([order.trigger, order.type, order.side, order.size], [price, "market", "sell", scene.lots(2)]);
    assert.equal([order.status, order.reduceOnly], ["waiting", kind !== "spot"]);
    const waiting = await port.fetchOrder("bot_1-x", pair);
    assert.equal([waiting?.status, waiting?.stop, waiting?.size, waiting?.price], ["open", true, scene.size(2), price]);
    const listed = await port.fetchOpenOrders();
    assert.equal(
      listed.map(({ stop, size, side, clientOrderId }) => [stop, size, side, clientOrderId]),
      [[true, scene.size(2), "sell", "bot_1-x"]],
    );

    venue.trigger(order);
    const hit = await port.fetchOrder("bot_1-x", pair);
    assert.equal([hit?.status, hit?.filled], ["filled", scene.size(2)]);
    assert.equal(await port.fetchOpenOrders(), []);
    const [fill] = (await port.fetchFills(pair, new Date(Date.now() - 60_000))).filter(({ side }) => side === "sell");
    assert.is(fill?.orderId, hit?.id, "what fetchOrder says and what the fill says must be one id");
  });

  test("a stop that waits is cancelled by its id", async () => {
    await using scene = await open();
    const { port, pair, venue, dialect } = scene;
    if (kind !== "spot") scene.hold("long", 2);
    const price = venue.price(pair) * 0.9;
    const request = scene.request({ side: "sell", type: "stop", price, reduceOnly: true, positionSide: "long" });
    if (dialect.stop?.(request, kind, false) === undefined) return;
    await port.createOrder(request);
    assert.ok(await port.cancelOrder("bot_1-x", pair));
    assert.is(scene.order().status, "cancelled");
    assert.equal(await port.fetchOpenOrders(), []);
  });

  if (wire.tellsStops) {
    test("a stop that was sent by other means is found and cancelled by its id while it waits", async () => {
      await using scene = await open();
      const { port, pair, venue, dialect } = scene;
      if (kind !== "spot") scene.hold("long", 2);
      const { idForm } = dialect;
      const clientId = (idForm?.prefix ?? "") + new ClientOrderIds(idForm).theirs("bot_1-x");
      const trigger = venue.price(pair) * 0.9;
      const placing = { clientId, pair, side: "sell", type: "market", size: scene.lots(2), trigger } as const;
      const stop = venue.place({ ...placing, reduceOnly: kind !== "spot" });
      const listed = await port.fetchOpenOrders();
      assert.equal(
        listed.map((order) => [order.stop, order.size]),
        [[true, scene.size(2)]],
      );
      port.recognise?.(["bot_1-x"]);
      assert.is((await port.fetchOrder("bot_1-x", pair))?.status, "open");
      assert.ok(await port.cancelOrder("bot_1-x", pair));
      assert.is(stop.status, "cancelled");
    });
  }

  test("150 open orders are all told, or it is said that they cannot be", async () => {
    await using scene = await open();
    const { venue, port, pair } = scene;
    const price = venue.price(pair) / 2;
    for (let count = 0; count < 150; count += 1) {
      venue.place({ clientId: `mine${count}`, pair, side: "buy", type: "limit", size: scene.lots(1), price });
    }
    const told = await port.fetchOpenOrders().catch((error: unknown) => error);
    if (Array.isArray(told)) assert.is(new Set(told.map(({ id }) => id)).size, 150);
    else assert.match(String(told), /full page/);
  });

  if (kind === "spot") {
    test("a market order buys the size that was asked for, or is refused and nothing is sent", async () => {
      await using scene = await open();
      const request = scene.request({ side: "buy" });
      if (scene.dialect.spotBuysInQuote) {
        assert.is((await failing(scene.port.createOrder(request))).failure, "unsupported");
        assert.equal(scene.venue.orders, []);
        return;
      }
      await scene.port.createOrder(request);
      assert.equal([scene.order().side, scene.order().filled], ["buy", scene.lots(2)]);
    });

    test("an order that the coins do not pay for is rejected", async () => {
      await using scene = await open();
      const error = await failing(
        scene.port.createOrder(scene.request({ side: "sell", size: scene.size(1_000_000_000) })),
      );
      assert.is(error.failure, "rejected", error.message);
      assert.equal(scene.venue.orders, []);
    });
    return;
  }

  test("an order that only reduces closes what is there and never opens; then there is nothing to reduce", async () => {
    await using scene = await open();
    const { port, venue } = scene;
    scene.hold("long", 2);
    await port.createOrder(
      scene.request({ side: "sell", reduceOnly: true, positionSide: "long", size: scene.size(2) }),
    );
    assert.equal([scene.order().reduceOnly, venue.positions()], [true, []]);
    const again = scene.request({ clientOrderId: "again", side: "sell", reduceOnly: true, positionSide: "long" });
    const error = await failing(port.createOrder(again));
    assert.is(error.failure, "nothing_to_reduce", error.message);
    assert.equal(venue.positions(), []);
  });

  test("sizes are contracts times contract size, and what they are worth fits them", async () => {
    await using scene = await open();
    for (const market of scene.played.markets) {
      const clientOrderId = `of_${market.base}`;
      await scene.port.createOrder(scene.request({ clientOrderId, pair: market.pair, size: scene.size(3, market) }));
      assert.is(scene.order(clientOrderId).size, scene.lots(3, market), market.pair);
    }
    const held = await scene.port.fetchPositions();
    assert.is(held.length, scene.played.markets.length);
    for (const market of scene.played.markets) {
      const position = held.find(({ pair }) => pair === market.pair);
      assert.equal([position?.side, position?.size], ["long", scene.size(3, market)]);
      if (position?.notional === undefined || position.markPrice === undefined) continue;
      const { size, markPrice, notional } = position;
      const worth = kind === "inverse" ? size / markPrice : size * markPrice;
      assert.ok(Math.abs(worth - notional) < worth * 1e-6, `${notional} of ${size} at ${markPrice}`);
    }
  });

  test("a short is a short", async () => {
    await using scene = await open();
    await scene.port.createOrder(scene.request({ side: "sell" }));
    const [held, ...more] = await scene.port.fetchPositions();
    assert.equal([held?.side, held?.size, more.length], ["short", scene.size(2), 0]);
    assert.is(await scene.port.positionMode?.(), "netting");
  });

  if (dialect(wire.exchange).hedgeOrders === false) {
    test("an order of an account in hedge mode is not sent, since none was played there", async () => {
      await using scene = await open({ mode: "hedge" });
      for (const request of [scene.request({ positionSide: "long" }), scene.request()]) {
        assert.is((await failing(scene.port.createOrder(request))).failure, "unsupported");
      }
      assert.equal(scene.venue.orders, []);
    });
  }

  if (!hedgesIn(wire, kind)) return;

  test("in hedge mode a long and a short are opened and closed side by side", async () => {
    await using scene = await open({ mode: "hedge" });
    const { port, venue } = scene;
    assert.is(await port.positionMode?.(), "hedge");
    await port.createOrder(scene.request({ clientOrderId: "long", positionSide: "long" }));
    await port.createOrder(
      scene.request({ clientOrderId: "short", side: "sell", size: scene.size(3), positionSide: "short" }),
    );
    const held = (await port.fetchPositions()).map(({ side, size }) => [side, size]);
    assert.equal(held.sort(), [
      ["long", scene.size(2)],
      ["short", scene.size(3)],
    ]);
    await port.createOrder(
      scene.request({ clientOrderId: "closing", side: "sell", reduceOnly: true, positionSide: "long" }),
    );
    assert.equal(
      venue.positions().map(({ side, size }) => [side, size]),
      [["short", scene.lots(3)]],
    );
    const sides = ["long", "short", "closing"].map(async (id) => (await port.fetchOrder(id, scene.pair))?.side);
    assert.equal(await Promise.all(sides), ["buy", "sell", "sell"]);
    const again = scene.request({ clientOrderId: "again", side: "sell", reduceOnly: true, positionSide: "long" });
    assert.is((await failing(port.createOrder(again))).failure, "nothing_to_reduce");
    await port.createOrder(
      scene.request({ clientOrderId: "last", size: scene.size(3), reduceOnly: true, positionSide: "short" }),
    );
    assert.equal(venue.positions(), []);
  });

  test("in hedge mode a stop closes the side that it is for", async () => {
    await using scene = await open({ mode: "hedge" });
    const { port, venue, pair, dialect } = scene;
    scene.hold("long", 2);
    scene.hold("short", 2);
    const price = venue.price(pair) * 1.1;
    const request = scene.request({ type: "stop", price, reduceOnly: true, positionSide: "short" });
    if (dialect.stop?.(request, kind, true) === undefined) {
      assert.is((await failing(port.createOrder(request))).failure, "unsupported");
      return;
    }
    await port.createOrder(request);
    const order = scene.order();
    assert.equal([order.trigger, order.side], [price, "buy"]);
    venue.trigger(order);
    assert.equal(
      venue.positions().map(({ side }) => side),
      ["long"],
    );
  });
};
