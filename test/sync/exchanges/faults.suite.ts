/** What an exchange that is in trouble says is never taken for "flat", "none" or "never". */
import * as assert from "uvu/assert";
import type { Exchange } from "../../../sync/port/exchange.js";
import { ExchangeError } from "../../../sync/port/exchange-error.js";
import { failing } from "../ccxt/failing.js";
import type { Scene } from "./scene.js";
import type { Theme } from "./theme.js";

const READS: Readonly<Record<string, (port: Exchange, pair: string) => Promise<unknown>>> = {
  positions: (port) => port.fetchPositions(),
  "open orders": (port) => port.fetchOpenOrders(),
  fills: (port, pair) => port.fetchFills(pair, new Date(Date.now() - 3_600_000)),
  "an order": (port, pair) => port.fetchOrder("bot_1-x", pair),
};

export const faults: Theme = (test, { open, kind, wire }) => {
  /** Something of everything, so that nothing is empty by itself. */
  async function busy(options?: Parameters<typeof open>[0]): Promise<Scene> {
    const scene = await open(options);
    scene.execution({ clientId: "another", lots: 2 });
    const { venue, pair } = scene;
    venue.place({
      clientId: "open",
      pair,
      side: "buy",
      type: "limit",
      size: scene.lots(1),
      price: venue.price(pair) / 2,
    });
    return scene;
  }

  for (const [name, read] of Object.entries(READS)) {
    test(`an answer without data is no answer for ${name}, and neither is a refusal for asking too often`, async () => {
      await using scene = await busy();
      for (const instead of [wire.withoutData, wire.tooMany]) {
        scene.instead = () => instead;
        const error = await failing(read(scene.port, scene.pair));
        assert.is(error.failure, "no_answer", error.message);
      }
      scene.instead = undefined;
      const answer = await read(scene.port, scene.pair);
      assert.ok(name === "an order" || (Array.isArray(answer) && answer.length > 0), "and then it is told");
    });
  }

  test("an order that is refused for asking too often, or half answered, may have been taken", async () => {
    await using scene = await busy();
    for (const instead of [wire.withoutData, wire.tooMany]) {
      scene.instead = () => instead;
      const error = await failing(scene.port.createOrder(scene.request()));
      assert.is(error.failure, "no_answer", error.message);
    }
  });

  test("an order whose answer is lost was taken, and is found by its id", async () => {
    await using scene = await busy();
    scene.instead = (asked) => {
      const before = scene.venue.orders.length;
      const reaction = wire.answer(asked, scene.venue);
      return scene.venue.orders.length > before ? { half: "json" in reaction ? reaction.json : {} } : reaction;
    };
    const error = await failing(scene.port.createOrder(scene.request()));
    assert.is(error.failure, "no_answer", error.message);
    scene.instead = undefined;
    assert.is((await scene.port.fetchOrder("bot_1-x", scene.pair))?.filled, scene.size(2));
  });

  for (const ahead of [90_000, -90_000]) {
    test(`a clock that is 90 s ${ahead > 0 ? "behind" : "ahead of"} the exchange's loses nothing`, async () => {
      await using scene = await busy({ clockAhead: ahead });
      const time = await scene.port.fetchTime?.();
      if (time) assert.ok(Math.abs(time.getTime() - scene.venue.now()) < 10_000, "its clock is told");
      for (const [name, read] of Object.entries(READS)) {
        if (name === "an order") continue;
        const answer = await read(scene.port, scene.pair).catch((error: unknown) => error);
        const isRefusal = answer instanceof ExchangeError && answer.failure !== "rejected";
        assert.ok(isRefusal || (Array.isArray(answer) && answer.length > 0), `${name}: ${JSON.stringify(answer)}`);
      }
    });
  }

  if (kind !== "spot") return;

  test("a coin that is not among the balances is not held", async () => {
    await using scene = await open();
    scene.venue.coins.set(scene.market.base, 0);
    const held = await scene.port.fetchPositions();
    assert.equal(
      held.map(({ pair }) => pair),
      [scene.other.pair],
    );
  });
};
