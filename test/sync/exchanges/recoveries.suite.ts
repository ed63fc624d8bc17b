/** Whole recoveries: a bot dies, something happens at the exchange, and the next recovery books what it was. */
import * as assert from "uvu/assert";
import { failing } from "../ccxt/failing.js";
import { Bot } from "./bot.js";
import type { Theme } from "./theme.js";

const HOUR = 3_600_000;

export const recoveries: Theme = (test, { open, kind }) => {
  test("an entry that filled while the bot was down is booked by its fills", async () => {
    await using scene = await open();
    await using bot = await Bot.open(scene);
    await bot.admit("entry1");
    await bot.enter("entry1");
    assert.is((await bot.recover()).status, "recovered");
    const [position, ...more] = await bot.mgr.getPositions();
    assert.equal([position?.size, position?.side, more.length], [scene.size(2), "long", 0]);
    assert.is(position?.entryPrice, scene.venue.price(scene.pair));
    assert.equal(await bot.mgr.getPendingOrders(), []);
    assert.is(scene.venue.orders.length, 1);
  });

  test("an exchange that is asked too often, or answers without data, leaves everything as it is until it answers again", async () => {
    await using scene = await open();
    await using bot = await Bot.open(scene);
    await bot.admit("entry1");
    await bot.enter("entry1");
    const { tooMany, withoutData } = scene.played.wire;
    for (const reaction of [tooMany, withoutData]) {
      scene.instead = () => reaction;
      const error = await failing(bot.recover({ deadline: "100ms" }));
      assert.is(error.failure, "no_answer", error.message);
      assert.equal([await bot.mgr.getPositions(), (await bot.mgr.getPendingOrders()).length], [[], 1]);
      assert.ok(await bot.mgr.getRecovery(), "entries stay blocked");
    }
    scene.instead = undefined;
    assert.is((await bot.recover()).status, "recovered");
    assert.is((await bot.mgr.getPositions())[0]?.size, scene.size(2));
  });

  test("an entry that never arrived ends, and nothing is sent", async () => {
    await using scene = await open();
    await using bot = await Bot.open(scene);
    bot.clock.behind = 2 * HOUR;
    await bot.admit("entry1");
    bot.clock.behind = 0;
    assert.is((await bot.recover()).status, "recovered");
    assert.equal(await bot.mgr.getPendingOrders(), []);
    assert.equal(scene.venue.orders, []);
  });

  test("a stop, or an exit at a limit where there are none, that was hit while the bot was down is booked", async () => {
    await using scene = await open();
    await using bot = await Bot.open(scene);
    const positionId = await bot.hold();
    const { venue, pair } = scene;
    const price = venue.price(pair) * 0.9;
    const request = scene.request({
      clientOrderId: "exit1",
      side: "sell",
      reduceOnly: true,
      positionSide: "long",
      price,
    });
    const size = scene.size(2);
    await bot.mgr.saveOrder({
      id: "exit1",
      pair,
      side: "sell",
      size,
      price,
      intent: "exit",
      positionId,
      status: "open",
    });
    const isStop = scene.dialect.stop?.({ ...request, type: "stop" }, kind, false) !== undefined;
    await scene.port.createOrder({ ...request, type: isStop ? "stop" : "limit" });
    const order = scene.order("exit1");
    if (isStop) venue.trigger(order);
    else venue.fill(order, order.size, price);
    assert.is((await bot.recover()).status, "recovered");
    await bot.checkFlat();
  });

  test("a position that was closed by hand is booked by the fills of that", async () => {
    await using scene = await open();
    await using bot = await Bot.open(scene);
    await bot.hold();
    scene.venue.byHand(scene.pair, "sell", scene.lots(2), scene.venue.price(scene.pair) * 0.8);
    const report = await bot.recover();
    assert.is(report.status, "recovered", JSON.stringify(report.plan.actions));
    await bot.checkFlat();
  });

  test("close_all sells what is tracked once, though every answer to an order is lost", async () => {
    await using scene = await open();
    await using bot = await Bot.open(scene);
    await bot.hold();
    const { venue, played } = scene;
    venue.prices.set(scene.pair, venue.price(scene.pair) * 0.9);
    scene.instead = (asked) => {
      const before = venue.orders.length;
      const reaction = played.wire.answer(asked, venue);
      return venue.orders.length > before ? { half: "json" in reaction ? reaction.json : {} } : reaction;
    };
    const report = await bot.recover({ mode: "close_all" });
    assert.is(report.status, "recovered", JSON.stringify([report.troubles, report.waiting, report.plan.actions]));
    assert.equal(
      venue.fills.filter(({ side }) => side === "sell").map(({ size }) => size),
      [scene.lots(2)],
    );
    await bot.checkFlat();
  });
};
