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
