/** Whole recoveries of an account in hedge mode: what concerns one side of a pair never touches the other. */
import * as assert from "uvu/assert";
import type { PositionSide } from "../../../src/index.js";
import { Bot } from "./bot.js";
import type { Scene } from "./scene.js";
import type { Theme } from "./theme.js";
import { isLive } from "./venue.js";
import { hedgesIn } from "./wire.js";

const LOTS = { long: 2, short: 3 } as const;
const SIDES = ["long", "short"] as const;

export const hedge: Theme = (test, { open, kind, wire }) => {
  if (kind === "spot" || !hedgesIn(wire, kind)) return;

  test("in hedge mode entries of both sides that filled while the bot was down are each booked on their own", async () => {
    await using scene = await open({ mode: "hedge" });
    await using bot = await Bot.open(scene);
    for (const side of SIDES) await enter(bot, side);
    assert.is((await bot.recover()).status, "recovered");
    assert.equal(await tracked(bot), both(scene));
    assert.equal(await bot.mgr.getPendingOrders(), []);
    assert.equal(held(scene), [`long ${scene.lots(2)}`, `short ${scene.lots(3)}`]);
    assert.is(scene.venue.orders.length, 2, "nothing was sent");
  });

  for (const side of SIDES) {
    const other = side === "long" ? "short" : "long";

    test(`in hedge mode a bot that died after it sent a ${side} beside its ${other} gets the ${side} booked, and nothing else`, async () => {
      await using scene = await open({ mode: "hedge" });
      await using bot = await Bot.open(scene);
      await enter(bot, other);
      await bot.recover();
      await bot.admit(side, side, LOTS[side]);
      scene.instead = (asked) => {
        const before = scene.venue.orders.length;
        const reaction = wire.answer(asked, scene.venue);
        return scene.venue.orders.length > before ? { half: {} } : reaction;
      };
      await scene.port.createOrder(entryOf(scene, side)).catch(() => {});
      scene.instead = undefined;
      assert.is((await bot.recover()).status, "recovered");
      assert.equal(await tracked(bot), both(scene));
      assert.is(scene.venue.orders.length, 2, "nothing was sent");
    });

    test(`in hedge mode an orphan ${side} beside a tracked ${other} is closed, and the ${other} stays`, async () => {
      await using scene = await open({ mode: "hedge" });
      await using bot = await Bot.open(scene);
      await enter(bot, other);
      await bot.recover();
      scene.hold(side, LOTS[side]);
      const before = scene.venue.orders.length;
      const asked = scene.server.asked.length;
      const report = await bot.recover();
      assert.is(report.status, "recovered", JSON.stringify([report.troubles, report.waiting, report.plan.actions]));
      assert.equal(held(scene), [`${other} ${scene.lots(LOTS[other])}`]);
      assert.equal(
        (await tracked(bot)).map(([of]) => of),
        [other],
      );
      const [sent, ...more] = scene.venue.orders.slice(before);
      assert.is(more.length, 0);
      assert.equal(
        [sent?.side, sent?.positionSide, sent?.size],
        [side === "long" ? "sell" : "buy", side, scene.lots(LOTS[side])],
      );
      const request = scene.server.asked.slice(asked).find(({ method, body, fields }) => {
        const written = JSON.stringify(fields) + body;
        return method === "POST" && sent?.clientId !== undefined && written.includes(sent.clientId);
      });
      for (const [name, value] of Object.entries(wire.closesInHedge?.(side) ?? { none: "told by the wire" })) {
        assert.is(request?.fields[name], value, `${name} of ${request?.body}`);
      }
    });

    test(`in hedge mode a ${side} that was closed by hand is booked, and the ${other} stays`, async () => {
      await using scene = await open({ mode: "hedge" });
      await using bot = await Bot.open(scene);
      for (const each of SIDES) await enter(bot, each);
      await bot.recover();
      const worse = side === "long" ? 0.8 : 1.2;
      const price = scene.venue.price(scene.pair) * worse;
      scene.venue.byHand(scene.pair, side === "long" ? "sell" : "buy", scene.lots(LOTS[side]), price, side);
      const report = await bot.recover();
      assert.is(report.status, "recovered", JSON.stringify([report.troubles, report.waiting, report.plan.actions]));
      assert.equal(
        (await tracked(bot)).map(([of, size]) => [of, size]),
        [[other, scene.size(LOTS[other])]],
      );
      await checkLoss(bot, side, other);
      assert.is(scene.venue.orders.length, 3, "nothing was sent");
    });
  }

  if (wire.tellsLiquidations) {
    test("in hedge mode a liquidated short is booked, and the long stays", async () => {
      await using scene = await open({ mode: "hedge" });
      await using bot = await Bot.open(scene);
      for (const side of SIDES) await enter(bot, side);
      await bot.recover();
      scene.venue.liquidate(scene.pair, "short", scene.venue.price(scene.pair) * 1.3);
      const report = await bot.recover();
      assert.is(report.status, "recovered", JSON.stringify([report.troubles, report.waiting, report.plan.actions]));
      assert.equal(
        (await tracked(bot)).map(([of]) => of),
        ["long"],
      );
      await checkLoss(bot, "short", "long");
    });
  }

  test("in hedge mode close_all closes each side once, though every answer to an order is lost", async () => {
    await using scene = await open({ mode: "hedge" });
    await using bot = await Bot.open(scene);
    for (const side of SIDES) await enter(bot, side);
    await bot.recover();
    const { venue } = scene;
    scene.instead = (asked) => {
      const before = venue.orders.length;
      const reaction = wire.answer(asked, venue);
      return venue.orders.length > before ? { half: "json" in reaction ? reaction.json : {} } : reaction;
    };
    const report = await bot.recover({ mode: "close_all" });
    assert.is(report.status, "recovered", JSON.stringify([report.troubles, report.waiting, report.plan.actions]));
    assert.equal(held(scene), []);
    assert.equal(
      venue.orders
        .slice(2)
        .map(({ side, positionSide, size }) => `${side} ${positionSide} ${size}`)
        .sort(),
      [`buy short ${scene.lots(3)}`, `sell long ${scene.lots(2)}`],
    );
    assert.equal(venue.orders.filter(isLive), []);
    await bot.checkFlat();
  });
};

function entryOf(scene: Scene, side: PositionSide) {
  const order = { clientOrderId: side, side: side === "long" ? "buy" : "sell", positionSide: side } as const;
  return scene.request({ ...order, size: scene.size(LOTS[side]) });
}

/** An entry of that side that the exchange has filled, and nobody has booked. */
async function enter(bot: Bot, side: PositionSide): Promise<void> {
  await bot.admit(side, side, LOTS[side]);
  await bot.scene.port.createOrder(entryOf(bot.scene, side));
}

async function tracked({ mgr }: Bot): Promise<(readonly [PositionSide, number])[]> {
  const positions = await mgr.getPositions();
  return positions.map(({ side, size }) => [side, size] as const).sort();
}

function both(scene: Scene): (readonly [PositionSide, number])[] {
  return SIDES.map((side) => [side, scene.size(LOTS[side])] as const);
}

function held({ venue }: Scene): string[] {
  return venue
    .positions()
    .map(({ side, size }) => `${side} ${size}`)
    .sort();
}

/** The closed side's trade is what its fills made; the other side has paid for its entry. */
async function checkLoss(bot: Bot, side: PositionSide, other: PositionSide): Promise<void> {
  const { venue, market } = bot.scene;
  const result = venue.fills
    .filter(({ order }) => order.positionSide === side)
    .reduce((sum, { side: deed, size, price, fee }) => {
      const units = size * market.contractSize;
      const got = market.kind === "inverse" ? units / price : units * price;
      return sum + ((deed === "sell") === (market.kind !== "inverse") ? got : -got) - fee.amount;
    }, 0);
  const paid = venue.fills
    .filter(({ order }) => order.positionSide === other)
    .reduce((sum, { fee }) => sum + fee.amount, 0);
  assert.ok(result < 0, "the test is of a loss");
  const [trade, ...more] = await bot.mgr.getTrades();
  assert.equal([trade?.side, more.length], [side, 0]);
  const near = (told: number | undefined, truth: number) =>
    assert.ok(Math.abs((told ?? 0) - truth) < Math.abs(truth) * 1e-6 + 2e-8, `${told} booked, ${truth} in truth`);
  near(trade?.pnl, result);
  near((await bot.mgr.getRiskState()).dailyPnl, result - paid);
}
