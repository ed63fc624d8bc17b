/** What the history of executions says: every one of them, once, with its order, side, fee and whose it is. */
import * as assert from "uvu/assert";
import type { ExchangeFill } from "../../../sync/port/exchange.js";
import type { Scene } from "./scene.js";
import type { Theme } from "./theme.js";
import { hedgesIn } from "./wire.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const fills: Theme = (test, { open, kind, wire }) => {
  const since = (scene: Scene, ago: number) => new Date(scene.venue.now() - ago);

  test("a fill has the size, price, side, time and order of its execution", async () => {
    await using scene = await open();
    const { port, pair } = scene;
    const at = scene.venue.now() - 10 * MINUTE;
    port.recognise?.(["bot_1-x"]);
    const made = scene.execution({ clientId: "bot_1-x", side: "sell", lots: 3, price: 1234, at });
    const [fill, ...more] = await port.fetchFills(pair, since(scene, HOUR));
    assert.is(more.length, 0);
    assert.equal([fill?.size, fill?.price, fill?.side, fill?.pair], [scene.size(3), 1234, "sell", pair]);
    assert.ok(Math.abs((fill?.ts.getTime() ?? 0) - at) < 1_000, String(fill?.ts));
    assert.is(fill?.orderId, made.order.id);
    const told = fill?.clientOrderId;
    // Where the dialect does not say that each fill tells the id, some may: at OKX not those of the orders that stops became.
    if (told !== undefined || scene.dialect.ids.inFills(kind)) assert.is(told, "bot_1-x");
    const order = fill?.orderId === undefined ? undefined : await port.fetchOrderById?.(fill.orderId, pair);
    assert.ok(told !== undefined || order?.clientOrderId === "bot_1-x", "by neither way is it known whose the fill is");
  });

  const currencies = kind === "spot" ? (["quote", "base", "third"] as const) : (["quote", "third"] as const);
  for (const currency of currencies) {
    test(`a fee in the ${kind !== "spot" && currency === "quote" ? "settle" : currency} currency is told in it`, async () => {
      await using scene = await open();
      if (currency === "third" && !(wire.feesInThird ?? true)) return;
      if (currency === "base" && !(wire.feesInBase ?? true)) return;
      scene.venue.feeIn = currency === "third" ? "BNB" : currency;
      const { fee } = scene.execution({ lots: 4 });
      const [fill] = await scene.port.fetchFills(scene.pair, since(scene, HOUR));
      assert.equal(fill && feesOf(fill, scene.market.quote, scene.market.base), [[fee.currency, fee.amount]]);
    });
  }

  test("fills of an order in parts are all told, each once", async () => {
    await using scene = await open();
    const { venue, port, pair } = scene;
    const price = venue.price(pair);
    const order = venue.place({ clientId: "parts", pair, side: "buy", type: "limit", size: scene.lots(3), price });
    for (const at of [3, 2, 2]) venue.fill(order, scene.lots(1), price, { at: venue.now() - at * MINUTE });
    const told = await port.fetchFills(pair, since(scene, HOUR));
    assert.equal(
      told.map(({ size, orderId }) => [size, orderId]),
      [scene.size(1), scene.size(1), scene.size(1)].map((size) => [size, order.id]),
    );
    assert.is(new Set(told.map(({ fillId }) => fillId)).size, 3);
  });

  const many = process.env.LONG === undefined ? 250 : 2_500;
  test(`${many} fills over two pairs, many of one millisecond, are all told of the pair that was asked for`, async () => {
    await using scene = await open();
    const start = scene.venue.now() - 2 * HOUR;
    for (let count = 0; count < many; count += 1) {
      const market = count % 2 === 0 ? scene.market : scene.other;
      // Some of one millisecond lie on both sides of a page's end.
      scene.execution({ market, price: 100, at: start + Math.floor(count / 20) * 1_000 });
    }
    const told = await scene.port.fetchFills(scene.pair, since(scene, 3 * HOUR));
    assert.is(new Set(told.map(({ fillId }) => fillId)).size, many / 2);
    assert.ok(told.every(({ pair }) => pair === scene.pair));
    const times = told.map(({ ts }) => ts.getTime());
    assert.equal(
      times,
      [...times].sort((a, b) => a - b),
    );
  });

  test("a fill of the pair is found behind a page of another pair's", async () => {
    await using scene = await open();
    const start = scene.venue.now() - 2 * HOUR;
    const mine = scene.execution({ price: 100, at: start });
    for (let count = 1; count <= 120; count += 1)
      scene.execution({ market: scene.other, price: 100, at: start + count * 1_000 });
    const told = await scene.port.fetchFills(scene.pair, since(scene, 3 * HOUR));
    assert.equal(
      told.map(({ orderId }) => orderId),
      [mine.order.id],
    );
  });

  test("fills of the last three weeks are found, however short a span is answered at once", async () => {
    await using scene = await open();
    const days = [20, 13.5, 6, 0.2];
    for (const ago of days) scene.execution({ price: 100, at: scene.venue.now() - ago * DAY });
    const told = await scene.port.fetchFills(scene.pair, since(scene, 21 * DAY));
    assert.is(told.length, days.length);
    assert.is((await scene.port.fetchFills(scene.pair, since(scene, 7 * DAY))).length, 2);
  });

  test("funding is no fill", async () => {
    await using scene = await open();
    if (kind === "spot") return;
    scene.hold("long", 2);
    scene.venue.fund(scene.pair, -1.5);
    scene.execution({ side: "sell", lots: 1 });
    const told = await scene.port.fetchFills(scene.pair, since(scene, HOUR));
    assert.equal(
      told.map(({ side, size }) => [side, size]),
      [
        ["buy", scene.size(2)],
        ["sell", scene.size(1)],
      ],
    );
  });

  if (kind === "spot") return;

  for (const maker of ["liquidation", "adl"] as const) {
    test(`a position that was taken away (${maker}) is in the fills, as nobody's`, async () => {
      await using scene = await open();
      const { port, pair, venue } = scene;
      scene.hold("long", 2);
      const taken = venue.liquidate(pair, "long", venue.price(pair) * 0.8, maker);
      const told = await port.fetchFills(pair, since(scene, HOUR));
      if (!wire.tellsLiquidations) {
        assert.is(told.length, 1, "the wire says that they are not told");
        assert.match((port.limitations ?? []).join("\n"), /liquidation/);
        return;
      }
      const fill = told.find(({ side }) => side === "sell");
      assert.equal([fill?.size, fill?.price], [scene.size(2), taken.price]);
      const orderId = fill?.orderId;
      const order = orderId === undefined ? undefined : await port.fetchOrderById?.(orderId, pair);
      const id = fill?.clientOrderId ?? order?.clientOrderId;
      const isNobodys = id === undefined || port.clientOrderIds?.madeByExchange?.(id) === true;
      assert.ok(isNobodys, `${id} would count as a stranger's`);
    });
  }

  if (!hedgesIn(wire, kind)) return;

  test("in hedge mode a fill says the side of the position that it changed, and what it did to it", async () => {
    await using scene = await open({ mode: "hedge" });
    const at = scene.venue.now() - HOUR;
    scene.execution({ side: "buy", positionSide: "long", lots: 2, at });
    scene.execution({ side: "sell", positionSide: "short", lots: 3, at: at + 1_000 });
    scene.execution({ side: "sell", positionSide: "long", lots: 1, at: at + 2_000 });
    scene.execution({ side: "buy", positionSide: "short", lots: 1, at: at + 3_000 });
    const told = await scene.port.fetchFills(scene.pair, since(scene, 2 * HOUR));
    assert.equal(
      told.map(({ side, positionSide, size }) => [side, positionSide, size]),
      [
        ["buy", "long", scene.size(2)],
        ["sell", "short", scene.size(3)],
        ["sell", "long", scene.size(1)],
        ["buy", "short", scene.size(1)],
      ],
    );
  });
};

/** The fees of a fill by currency, however the port puts them. */
function feesOf({ fees, fee, feeBase = 0, feeOther, price }: ExchangeFill, quote: string, base: string) {
  const inQuote = fee - feeBase * price;
  const told =
    fees === undefined
      ? [
          { currency: quote, amount: inQuote },
          { currency: base, amount: feeBase },
          { currency: feeOther?.currency ?? "", amount: feeOther?.amount ?? 0 },
        ]
      : fees;
  return told
    .filter(({ amount }) => Math.abs(amount) > 1e-9)
    .map(({ currency, amount }) => [currency, Number(amount.toFixed(12))]);
}
