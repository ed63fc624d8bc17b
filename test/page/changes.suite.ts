import * as assert from "uvu/assert";
import { type OrderInput, StateManager } from "../../src/index.js";
import type { Stand, Test } from "../cli/stand.js";
import { PageStand } from "./page-stand.js";

const ENTRY: OrderInput = { id: "in", pair: "BTC/USDT", side: "buy", size: 1, price: 100, signalId: "s-1" };
const OLD = "fedcba9876543210";
const HASH = "0123456789abcdef";

export function changing(test: Test, stand: Stand): void {
  /** A page, and a bot of a flow that it shows. */
  async function open() {
    const { file, config } = await stand.ownConfig();
    const bot = await StateManager.open("bot", config, { instanceId: "bot-1" });
    const page = await PageStand.start({ url: stand.url, config: file });
    const change = (path: string, body: object) => page.change(`/api/flow/redis/bot/${path}`, body);
    const told = async (type: string) => (await bot.getEvents()).filter((event) => event.type === type).length;
    return { bot, page, change, told };
  }

  /** The same request thrice at a time. */
  const thrice = <Result>(ask: () => Promise<Result>) => Promise.all([ask(), ask(), ask()]);

  test("a cancel that is clicked twice cancels once and releases the signal once", async () => {
    const { bot, page, change, told } = await open();
    await using _ = page;
    await bot.markSignalProcessed("s-1", ENTRY.pair);
    await bot.saveOrder({ ...ENTRY, status: "unknown" });
    const answers = await thrice(() => change("orders/cancel", { orderId: "in", releaseSignal: true }));
    assert.equal(answers.map(({ status }) => status).sort(), [200, 409, 409]);
    const [done] = answers.filter(({ status }) => status === 200);
    assert.equal([done?.json.order.status, done?.json.signalReleased], ["cancelled", true]);
    assert.is(await told("order_cancelled"), 1);
    assert.is((await bot.getPendingOrders()).length, 0);
    assert.is(await bot.isSignalProcessed("s-1"), false);
    assert.is((await change("orders/cancel", { orderId: "none" })).status, 404);
    await bot.close();
  });

  test("a fill that is told thrice is booked once; what was filled did arrive", async () => {
    const { bot, page, change, told } = await open();
    await using _ = page;
    await bot.saveOrder({ ...ENTRY, status: "unknown" });
    const fill = { orderId: "in", is: "filled", fillId: "f-1", price: 100, size: 0.25 };
    const answers = await thrice(() => change("orders/resolve", fill));
    assert.equal(
      answers.map(({ status }) => status),
      [200, 200, 200],
    );
    assert.equal(answers.map(({ json }) => json.applied).sort(), [false, false, true]);
    assert.is(await told("fill_recorded"), 1);
    assert.is((await bot.findOrders(["in"]))[0]?.filled, 0.25);
    assert.is((await change("orders/resolve", { orderId: "in", is: "never_arrived" })).status, 409);
    const opened = await change("orders/resolve", { orderId: "in", is: "open" });
    assert.is(opened.json.order.status, "partially_filled");
    await bot.close();
  });

  test("a plan is approved once, by its hash: not an older one, and by one of two people", async () => {
    const { bot, page, change, told } = await open();
    await using _ = page;
    assert.is((await change("recovery/approve", { hash: HASH })).status, 409, "no recovery is under way");
    const recovery = await bot.beginRecovery("after a crash");
    await recovery.note("plan_hash", OLD);
    await recovery.note("plan_hash", HASH);
    const old = await change("recovery/approve", { hash: OLD });
    assert.is(old.status, 409);
    assert.match(old.json.error.message, HASH);
    assert.is(await told("recovery_approved"), 0);
    const answers = await thrice(() => change("recovery/approve", { hash: HASH }));
    assert.equal(answers.map(({ json }) => json.approved).sort(), [false, false, true]);
    assert.is(await told("recovery_approved"), 1);
    await recovery.end();
    await bot.close();
  });

  test("a lease is not broken while its holder is alive, and not by the token of an older one", async () => {
    const { bot, page, change } = await open();
    await using _ = page;
    await bot.heartbeat();
    const lease = await bot.acquireLease({ ttl: "1m" });
    const held = await bot.getLease();
    const token = held?.token ?? 0;
    const refused = await change("lease/break", { token });
    assert.equal([refused.status, refused.json.error.code], [409, "conflict"]);
    assert.is((await change("lease/break", { token: token + 1 })).status, 409);
    assert.is((await bot.getLease())?.token, token);
    await lease.release();
    assert.equal((await change("lease/break", { token })).json, { broken: false });
    await bot.close();
  });

  test("an instance that is alive is not forgotten, whatever is asked", async () => {
    const { bot, page, change } = await open();
    await using _ = page;
    await bot.heartbeat();
    const [seen] = (await bot.snapshot()).instances;
    const instances = [{ id: seen?.id ?? "", lastHeartbeat: seen?.lastHeartbeat.toISOString() ?? "" }];
    assert.equal((await change("instances/prune", { instances })).json, { forgotten: [] });
    assert.is((await bot.snapshot()).instances.length, 1);
    await bot.close();
  });
}
