import * as assert from "uvu/assert";
import { type OrderInput, StateManager } from "../../src/index.js";
import { groupsOf } from "../../src/page/app/fleet/want-groups.js";
import type { Stand, Test } from "../cli/stand.js";
import { until } from "../servers/until.js";
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

  test("after all breakers were tripped one thing wants a person, of all flows that are tripped; another reason is another thing", async () => {
    const { file, config } = await stand.ownConfig();
    const names = ["a", "b", "c", "d"];
    for (const name of names) await stand.flow(name, config);
    await using page = await PageStand.start({ url: stand.url, config: file });
    const groups = async () => groupsOf((await page.ask("/api/fleet")).json.wants);
    assert.equal(await groups(), []);
    await page.change("/api/flow/redis/d/breaker/trip", { confirm: "d", reason: "of its own", for: "until_reset" });
    const all = await page.change("/api/breaker/trip", {
      confirm: "all flows",
      reason: "exchange misbehaves",
      for: "until_reset",
    });
    assert.is(all.status, 200, all.text);
    await page.change("/api/flow/redis/d/breaker/reset", { confirm: "d" });
    await page.change("/api/flow/redis/d/breaker/trip", { confirm: "d", reason: "of its own", for: "until_reset" });
    const [own, everywhere, ...others] = (await groups()).sort((x, y) => x.wants.length - y.wants.length);
    assert.equal(others, []);
    assert.equal(
      [everywhere, own].map((group) => group?.wants.map(({ flowId }) => flowId)),
      [["a", "b", "c"], ["d"]],
    );
    assert.is(
      everywhere?.sentence,
      "The circuit breaker is tripped (manual): exchange misbehaves. Entries are refused until somebody resets it.",
    );
    assert.is(
      own?.sentence,
      "The circuit breaker is tripped (manual): of its own. Entries are refused until somebody resets it. When the cause is gone: sf-state breaker reset --flow d.",
    );
  });

  /** The same page, for which whoever is silent for a second is dead. */
  async function openImpatient() {
    const { file, config } = await stand.ownConfig({ execution: { dead_after: "1s" } });
    const bot = await StateManager.open("bot", config, { instanceId: "bot-1" });
    const page = await PageStand.start({ url: stand.url, config: file });
    const change = (path: string, body: object) => page.change(`/api/flow/redis/bot/${path}`, body);
    /** The flow, once all of these are dead. */
    const allDead = async (...ids: readonly string[]) => {
      let seen = (await page.ask("/api/flow/redis/bot")).json;
      await until(`${ids} are dead`, async () => {
        seen = (await page.ask("/api/flow/redis/bot")).json;
        const dead = seen.instances.filter(({ isDead }: { isDead: boolean }) => isDead);
        return ids.every((id) => dead.some((each: { id: string }) => each.id === id));
      });
      return seen;
    };
    return { bot, config, page, change, allDead };
  }

  test("the lease of a dead holder is broken once, and another bot takes it at once", async () => {
    const { bot, config, page, change, allDead } = await openImpatient();
    await using _ = page;
    await bot.heartbeat();
    const lease = await bot.acquireLease({ ttl: "10m" });
    await using standby = await StateManager.open("bot", config, { instanceId: "bot-2" });
    const seen = await allDead("bot-1");
    assert.equal([seen.lease.holder, seen.lease.life, seen.lease.token], ["bot-1", "dead", lease.token]);
    assert.equal(
      seen.wants.map(({ kind }: { kind: string }) => kind),
      ["dead", "dead_lease"],
    );
    const answers = await thrice(() => change("lease/break", { token: lease.token }));
    assert.equal(answers.map(({ json }) => json.broken).sort(), [false, false, true]);
    const taken = await standby.acquireLease({ ttl: "1m" });
    assert.ok(taken.token > lease.token);
    assert.is((await change("lease/break", { token: lease.token })).status, 409, "it is another's now");
    assert.is((await standby.getLease())?.token, taken.token);
    await lease.release();
    await bot.close();
  });

  test("dead instances are forgotten as they were seen: one that has come back since stays", async () => {
    const { bot, config, page, change, allDead } = await openImpatient();
    await using _ = page;
    await using other = await StateManager.open("bot", config, { instanceId: "bot-2" });
    await bot.heartbeat();
    await other.heartbeat();
    const seen = await allDead("bot-1", "bot-2");
    const instances = seen.instances.map(({ id, lastHeartbeat }: { id: string; lastHeartbeat: string }) => ({
      id,
      lastHeartbeat,
    }));
    assert.is(instances.length, 2);
    await other.heartbeat();
    await allDead("bot-2"); // again, and silent since another time
    const unknown = { id: "bot-3", lastHeartbeat: instances[0].lastHeartbeat };
    const answers = await thrice(() => change("instances/prune", { instances: [...instances, unknown] }));
    assert.equal(
      answers.flatMap(({ json }) => json.forgotten),
      ["bot-1"],
    );
    assert.equal(
      (await bot.snapshot()).instances.map(({ id }) => id),
      ["bot-2"],
    );
    await bot.close();
  });
}
