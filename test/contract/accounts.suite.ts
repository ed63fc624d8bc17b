/** Flows of one exchange account: on Redis they know of each other; memory and DuckDB know one flow only. */
import { randomBytes } from "node:crypto";
import * as assert from "uvu/assert";
import type { AccountFlow } from "../../src/index.js";
import { ConfigError, ConnectionError, InvalidArgumentError } from "../../src/index.js";
import { failure } from "./expect.js";
import type { Theme } from "./open.js";
import { BUY, LONG } from "./samples.js";
import { stored } from "./stored.js";

function newAccount(): { recovery: { account: string } } {
  return { recovery: { account: `account-${randomBytes(6).toString("hex")}` } };
}

/** Ids of positions and orders, or why there are none. */
function inShort(flow: AccountFlow): unknown {
  return flow.readable
    ? [flow.flowId, flow.positions.map(({ id }) => id), flow.orders.map(({ id }) => id)]
    : [flow.flowId, flow.why];
}

export const accounts: Theme = (test, open) => {
  test("a flow without an account knows of no other", async () => {
    await using mgr = await open();
    await using other = await open();
    await other.savePosition(LONG);
    assert.equal(await mgr.getAccountFlows(), []);
    assert.is(await mgr.forgetAccountFlow(other.flowId), false);
  });

  test("flows that name one account see each other's positions and orders, where they share a server", async () => {
    const account = newAccount();
    await using a = await open(account);
    await using b = await open(account);
    await using elsewhere = await open(newAccount());
    await b.savePosition(LONG);
    await b.saveOrder(BUY);
    await elsewhere.savePosition(LONG);
    const before = await stored(b);
    const seen = await a.getAccountFlows();
    if (a.config.backend !== "redis") {
      assert.equal(seen, []);
      return;
    }
    assert.equal(seen, [
      { flowId: b.flowId, readable: true, positions: await b.getPositions(), orders: await b.getPendingOrders() },
    ]);
    assert.equal((await b.getAccountFlows()).map(inShort), [[a.flowId, [], []]]);
    assert.equal(await stored(b), before, "looking changes nothing");
  });

  test("a flow tells which of some orders it had that are over, and of others nothing", async () => {
    const account = newAccount();
    await using a = await open(account);
    await using b = await open(account);
    for (const id of ["over", "pending", "mine"]) await (id === "mine" ? a : b).saveOrder({ ...BUY, id });
    await b.cancelOrder("over");
    const [seen] = await a.getAccountFlows({ orderIds: ["pending", "over", "mine", "never"] });
    if (a.config.backend !== "redis") {
      assert.is(seen, undefined);
      return;
    }
    assert.equal(seen?.readable && [seen.orders.map(({ id }) => id), seen.ended], [
      ["pending"],
      await b.findOrders(["over"]),
    ]);
    const [unasked] = await a.getAccountFlows();
    assert.equal(unasked?.readable && "ended" in unasked, false);
    const tooMany = Array.from({ length: 1001 }, (_, i) => `o${i}`);
    assert.instance(await failure(a.getAccountFlows({ orderIds: tooMany })), InvalidArgumentError);
  });

  test("a flow that is forgotten is not looked at any more, until it connects again", async () => {
    const account = newAccount();
    await using a = await open(account);
    await using b = await open(account);
    if (a.config.backend !== "redis") {
      assert.is(await a.forgetAccountFlow(b.flowId), false);
      return;
    }
    await b.savePosition(LONG);
    assert.equal([await a.forgetAccountFlow(b.flowId), await a.forgetAccountFlow(b.flowId)], [true, false]);
    assert.equal(await a.getAccountFlows(), []);
    assert.equal((await b.getPositions()).length, 1);
    await b.close();
    await b.connect();
    assert.equal((await a.getAccountFlows()).map(inShort), [[b.flowId, [LONG.id], []]]);
  });

  test("a manager that only looks at a flow makes no member of it", async () => {
    const account = newAccount();
    await using a = await open(account);
    await using b = await open();
    if (a.config.backend !== "redis") return; // one manager of a flow
    await using looking = await open(account, { flowId: b.flowId, existing: true });
    assert.equal(await a.getAccountFlows(), []);
    assert.equal((await looking.getAccountFlows()).map(inShort), [[a.flowId, [], []]]);
  });

  test("a manager that is not open, and what is no id of a flow, are refused", async () => {
    const mgr = await open(newAccount());
    assert.instance(await failure(mgr.forgetAccountFlow("@name")), ConfigError);
    await mgr.close();
    assert.instance(await failure(mgr.getAccountFlows()), ConnectionError);
    assert.instance(await failure(mgr.forgetAccountFlow("b")), ConnectionError);
  });
};
