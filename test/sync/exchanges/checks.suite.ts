/** The check before money, at every exchange: what links is said, and what cannot be is found. */
import * as assert from "uvu/assert";
import { checkExchange } from "../../../sync/index.js";
import { delegate } from "../recovery/delegate.js";
import type { Theme } from "./theme.js";

export const checks: Theme = (test, { open, kind }) => {
  test("of an account that is in order nothing is wrong, and a fill is linked to its order by both ids", async () => {
    await using scene = await open();
    await scene.port.createOrder(scene.request());
    const { fine, rows } = await checkExchange(scene.port, { pairs: [scene.pair] });
    assert.equal(
      rows.filter(({ verdict }) => verdict === "wrong"),
      [],
    );
    assert.ok(fine);
    const linked = rows.find(({ about }) => about === "order bot_1-x");
    assert.match(linked?.says ?? "", /found by its id: filled/, JSON.stringify(rows));
    assert.is(rows.find(({ about }) => about.startsWith("an id never used"))?.verdict, "fine");
    assert.is(scene.venue.orders.length, 1, "nothing was sent");
  });

  test("an open order that its id does not find is wrong", async () => {
    await using scene = await open();
    await scene.port.createOrder(scene.request({ type: "limit", price: scene.venue.price(scene.pair) / 2 }));
    const deaf = delegate(scene.port, { fetchOrder: async () => undefined });
    const { fine, rows } = await checkExchange(deaf, { pairs: [scene.pair] });
    assert.not(fine);
    const row = rows.find(({ about }) => about === "order bot_1-x");
    assert.equal(
      [row?.verdict, row?.says],
      ["wrong", `its id does not find it, though it is order ${scene.order().id}`],
    );
  });

  test("a filled order that its id does not find is wrong where the exchange says that it keeps ids, and no other was found", async () => {
    await using scene = await open();
    await scene.port.createOrder(scene.request());
    const deaf = delegate(scene.port, { fetchOrder: async () => undefined });
    const { rows } = await checkExchange(deaf, { pairs: [scene.pair] });
    const { foundFor } = scene.port.clientOrderIds ?? {};
    const verdicts = rows.filter(({ about }) => about === "order bot_1-x").map(({ verdict }) => verdict);
    assert.equal(verdicts, [foundFor === undefined ? "unknown" : "wrong"], JSON.stringify(rows));
    await scene.port.createOrder(
      scene.request({ clientOrderId: "waits", type: "limit", price: scene.venue.price(scene.pair) / 2 }),
    );
    const other = delegate(scene.port, {
      fetchOrder: async (id, pair) => (id === "bot_1-x" ? undefined : scene.port.fetchOrder(id, pair)),
    });
    assert.equal(
      (await checkExchange(other, { pairs: [scene.pair] })).rows.filter(({ verdict }) => verdict === "wrong"),
      [],
      "the exchange finds another by its id",
    );
  });

  test("a stop that fired is nothing wrong, whatever id its order has; a liquidation is none either", async () => {
    await using scene = await open();
    const { port, pair, venue, dialect } = scene;
    const stop = scene.request({
      clientOrderId: "bot_1-sl",
      side: "sell",
      type: "stop",
      price: venue.price(pair) * 0.9,
      reduceOnly: true,
      positionSide: "long",
    });
    if (dialect.stop?.(stop, kind, false) === undefined) return;
    if (kind !== "spot") scene.hold("long", 2);
    await port.createOrder(stop);
    venue.trigger(scene.order("bot_1-sl"));
    const wrongs = async () =>
      (await checkExchange(port, { pairs: [pair] })).rows.filter(({ verdict }) => verdict === "wrong");
    assert.equal(await wrongs(), [], "the only order");
    await port.createOrder(scene.request({ side: "buy" }));
    assert.equal(await wrongs(), []);
    if (kind === "spot") return;
    venue.liquidate(pair, "long", venue.price(pair) * 0.8);
    assert.equal(await wrongs(), []);
  });

  test("a clock that is 90 s off is found", async () => {
    await using scene = await open({ clockAhead: 90_000 });
    if (!scene.port.fetchTime) return;
    const { fine, rows } = await checkExchange(scene.port, { pairs: [scene.pair] });
    assert.not(fine);
    assert.is(rows.find(({ about }) => about === "clock")?.verdict, "wrong");
  });

  if (kind === "spot") return;

  test("a size that is read by a factor too large is found by what the position is worth", async () => {
    await using scene = await open();
    await scene.port.createOrder(scene.request());
    const held = await scene.port.fetchPositions();
    if (
      held.some(
        ({ notional, markPrice, entryPrice }) => notional === undefined || (markPrice ?? entryPrice) === undefined,
      )
    )
      return;
    const wrong = delegate(scene.port, {
      fetchPositions: async () => held.map((row) => ({ ...row, size: row.size * 1_000 })),
    });
    const { fine, rows } = await checkExchange(wrong, { pairs: [scene.pair] });
    assert.not(fine);
    assert.match(rows.find(({ about }) => about.startsWith("worth"))?.says ?? "", /does not fit: a size of/);
  });
};
