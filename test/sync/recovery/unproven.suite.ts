/** At an exchange that is not proven, and where what it says cannot be: no order is sent or cancelled by itself. */
import * as assert from "uvu/assert";
import { ExchangeError, type ExchangePosition, planRecovery, recover } from "../../../sync/index.js";
import { failure } from "../../contract/expect.js";
import type { Theme } from "../../contract/open.js";
import { delegate } from "./delegate.js";
import { PAIR, QUICK, Stand } from "./stand.js";

export const unproven: Theme = (test, open) => {
  test("at an exchange that is not proven every order waits for a person, and what is only booked does not", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.admit("filled");
    await stand.submit("filled");
    await exchange.setPrice("ETH/USDT", 100);
    await exchange.trade({ pair: "ETH/USDT", side: "buy", size: 2, price: 100 });
    const doubted = delegate(exchange, { level: "unproven" });
    const report = await recover(mgr, doubted, { ...QUICK, exclusiveAccount: true });
    assert.is(report.status, "awaiting_approval");
    assert.ok(report.applied.some(({ type }) => type === "record_fill"));
    const asked = report.plan.actions.filter(({ needsPerson }) => needsPerson !== undefined);
    assert.equal(
      asked.map(({ type }) => type),
      ["close_orphan"],
    );
    assert.match(asked[0]?.needsPerson ?? "", /paper is not proven: compare positions/);
    assert.is((await exchange.fetchPositions()).find(({ pair }) => pair === "ETH/USDT")?.size, 2);

    const approved = await recover(mgr, doubted, { ...QUICK, exclusiveAccount: true, approve: report.plan.hash });
    assert.is(approved.status, "recovered");
    assert.is((await exchange.fetchPositions()).find(({ pair }) => pair === "ETH/USDT")?.size ?? 0, 0);
  });

  test("close_all at an exchange that is not proven sends and cancels nothing by itself", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("held");
    await stand.admit("waiting", { pair: "ETH/USDT" });
    await exchange.setPrice("ETH/USDT", 100);
    await stand.submit("waiting", { type: "limit", price: 50 });
    const doubted = delegate(exchange, { level: "unproven" });
    const plan = await planRecovery(mgr, doubted, { ...QUICK, mode: "close_all" });
    assert.equal(
      plan.actions
        .filter(({ type }) => /cancel|close/.test(type))
        .map(({ type, needsPerson }) => [type, needsPerson !== undefined]),
      [
        ["cancel_order", true],
        ["close_position", true],
      ],
    );
    assert.is((await recover(mgr, doubted, { ...QUICK, mode: "close_all" })).status, "awaiting_approval");
    assert.is((await exchange.fetchOpenOrders()).length, 1);
    assert.is((await exchange.fetchPositions()).find(({ pair }) => pair === PAIR)?.size, 1);
  });

  test("a position whose worth does not fit its size stops everything, by its name", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await stand.hold("held");
    const told = async (changes: Partial<ExchangePosition>) =>
      (await exchange.fetchPositions()).map((row) => ({ ...row, markPrice: 100, ...changes }));
    const wrong = delegate(exchange, { fetchPositions: () => told({ size: 1000, notional: 100 }) });
    const error = await failure(recover(mgr, wrong, { ...QUICK, deadline: "50ms" }));
    assert.instance(error, ExchangeError);
    assert.match(
      String(error),
      /the long position of BTC\/USDT does not fit: a size of 1000 at 100 is worth 100000, and it says 100/,
    );
    assert.is((await mgr.getPositions())[0]?.size, 1);
    // A worth reckoned at the entry price, or a little off, is no fault.
    for (const notional of [100, 110, undefined]) {
      const right = delegate(exchange, { fetchPositions: () => told({ ...(notional !== undefined && { notional }) }) });
      assert.is((await recover(mgr, right, QUICK)).status, "recovered");
    }
  });
};
