import * as assert from "uvu/assert";
import { CLIENT } from "../../src/version.js";
import { another } from "./another.js";
import { Clock, DAY, HOUR, MINUTE, NOON, SECOND } from "./clock.js";
import { refused } from "./expect.js";
import type { Theme } from "./open.js";

export const liveness: Theme = (test, open, { durable }) => {
  test("a heartbeat is told with the time of the flow's clock", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read, instanceId: "bot-1" });
    assert.is(await mgr.getLastHeartbeat(), undefined);
    assert.equal(await mgr.getInstances(), []);
    assert.equal(await mgr.heartbeat(), new Date(NOON));
    assert.equal(await mgr.getLastHeartbeat(), new Date(NOON));
    assert.equal(await mgr.getInstances(), [{ id: "bot-1", lastHeartbeat: new Date(NOON), ...CLIENT }]);
    clock.now += MINUTE;
    assert.equal(await mgr.heartbeat(), new Date(NOON + MINUTE));
    assert.equal(await mgr.getInstances(), [{ id: "bot-1", lastHeartbeat: new Date(NOON + MINUTE), ...CLIENT }]);
  });

  test("without a clock of its own a heartbeat has the present time", async () => {
    await using mgr = await open();
    const at = await mgr.heartbeat();
    assert.ok(Math.abs(at.getTime() - Date.now()) < MINUTE, at.toISOString());
    assert.is(await mgr.checkStale("1h"), false);
  });

  test("a flow without any heartbeat is stale", async () => {
    await using mgr = await open();
    assert.is(await mgr.checkStale(), true);
    assert.is(await mgr.checkStale("36525d"), true);
  });

  test("a flow is stale once its last heartbeat is older than maxAge, to the millisecond", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.heartbeat();
    for (const [maxAge, ms] of [
      ["30s", 30 * SECOND],
      ["5m", 5 * MINUTE],
      [7, 7],
      [0, 0],
    ] as const) {
      clock.now = NOON + ms;
      assert.is(await mgr.checkStale(maxAge), false);
      clock.now = NOON + ms + 1;
      assert.is(await mgr.checkStale(maxAge), true);
    }
  });

  test("without maxAge a flow is stale beyond recovery.max_state_age, by default a day", async () => {
    for (const [config, age] of [
      [{}, DAY],
      [{ recovery: { max_state_age: "2h" } }, 2 * HOUR],
    ] as const) {
      const clock = new Clock();
      await using mgr = await open(config, { clock: clock.read });
      await mgr.heartbeat();
      clock.now += age;
      assert.is(await mgr.checkStale(), false);
      clock.now += 1;
      assert.is(await mgr.checkStale(), true);
      await mgr.heartbeat();
      assert.is(await mgr.checkStale(), false);
    }
  });

  test("a heartbeat from the future is not stale", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await mgr.heartbeat();
    clock.now -= HOUR;
    assert.is(await mgr.checkStale(0), false);
    assert.equal(await mgr.heartbeat(), new Date(NOON - HOUR));
    assert.equal(await mgr.getLastHeartbeat(), new Date(NOON - HOUR));
  });

  test("an instance that was silent for a week is forgotten with the next heartbeat of another", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read, instanceId: "bot-1" });
    await mgr.heartbeat();
    clock.now += 30 * DAY;
    assert.equal(await mgr.getInstances(), [{ id: "bot-1", lastHeartbeat: new Date(NOON), ...CLIENT }]);
    await mgr.heartbeat();
    assert.equal(await mgr.getInstances(), [{ id: "bot-1", lastHeartbeat: new Date(NOON + 30 * DAY), ...CLIENT }]);
  });

  test("an instance may have any name of up to 256 bytes, and has one by itself", async () => {
    for (const instanceId of ["bot one", "ünï\u{1F680}", '"\\\n', "x".repeat(256)]) {
      await using mgr = await open({}, { instanceId });
      await mgr.heartbeat();
      assert.equal(
        (await mgr.getInstances()).map(({ id }) => id),
        [instanceId],
      );
    }
    await using first = await open();
    await using second = await open();
    assert.is.not(first.instanceId, second.instanceId);
    assert.match(first.instanceId, new RegExp(`-${process.pid}-`));
  });

  test("every instance has its own last heartbeat, oldest first, and any of them keeps the flow alive", async () => {
    const clock = new Clock();
    await using first = await open({}, { clock: clock.read, instanceId: "bot-1" });
    await first.heartbeat();
    const of = (instanceId: string) => another(first, open, {}, { clock: clock.read, instanceId });
    clock.now += DAY;
    await using second = await of("bot-2");
    if (second.other === first) return; // this backend has one process only
    await second.other.heartbeat();
    clock.now += DAY;
    await using third = await of("bot-0");
    await third.other.heartbeat();
    clock.now += HOUR;
    await using found = await of("bot-3");
    const last = found.other;
    assert.equal(await last.getInstances(), [
      { id: "bot-1", lastHeartbeat: new Date(NOON), ...CLIENT },
      { id: "bot-2", lastHeartbeat: new Date(NOON + DAY), ...CLIENT },
      { id: "bot-0", lastHeartbeat: new Date(NOON + 2 * DAY), ...CLIENT },
    ]);
    assert.equal(await last.getLastHeartbeat(), new Date(NOON + 2 * DAY));
    assert.is(await last.checkStale("1h"), false);
    clock.now = NOON + 7 * DAY - 1;
    await last.heartbeat();
    assert.is((await last.getInstances()).length, 4);
    clock.now = NOON + 7 * DAY;
    await last.heartbeat();
    assert.equal(
      (await last.getInstances()).map(({ id }) => id),
      ["bot-2", "bot-0", "bot-3"],
    );
  });

  test("an instance is forgotten only if it gave no sign of life since the heartbeat that is named", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read, instanceId: "bot-1" });
    await mgr.heartbeat();
    clock.now += MINUTE;
    await mgr.heartbeat();
    const [seen] = await mgr.getInstances();
    assert.equal(await mgr.forgetInstances([{ id: "bot-1", lastHeartbeat: new Date(NOON) }]), []);
    assert.equal(await mgr.forgetInstances([{ id: "bot-2", lastHeartbeat: new Date(NOON + MINUTE) }]), []);
    assert.equal(await mgr.getInstances(), seen && [seen]);
    assert.equal(await mgr.forgetInstances(seen ? [seen, seen] : []), ["bot-1"]);
    assert.equal(await mgr.getInstances(), []);
    assert.equal(await mgr.forgetInstances([]), []);
    assert.equal(await mgr.getLastHeartbeat(), new Date(NOON + MINUTE), "the flow's own heartbeat stays");
    await mgr.heartbeat();
    assert.equal(await mgr.getInstances(), [{ id: "bot-1", lastHeartbeat: new Date(NOON + MINUTE), ...CLIENT }]);
    assert.equal(await mgr.getEvents(), []);
    for (const [instances, field] of [
      [[{ id: "", lastHeartbeat: new Date(NOON) }], "instances[0].id"],
      [[{ id: "a", lastHeartbeat: new Date(Number.NaN) }], "instances[0].lastHeartbeat"],
    ] as const) {
      await refused(mgr.forgetInstances(instances), field);
    }
  });

  if (durable) {
    test("an instance that closes signs off, though nobody waited for its last heartbeat; the flow's heartbeat stays", async () => {
      const clock = new Clock();
      const mgr = await open({}, { clock: clock.read, instanceId: "bot-1" });
      await mgr.heartbeat();
      clock.now += MINUTE;
      const last = mgr.heartbeat();
      await mgr.close();
      assert.equal(await last, new Date(NOON + MINUTE));
      const { flowId } = mgr;
      await using again = await open({}, { clock: clock.read, instanceId: "bot-2", flowId });
      assert.equal(await again.getInstances(), []);
      assert.equal(await again.getLastHeartbeat(), new Date(NOON + MINUTE));
    });

    test("an instance of the same name that works on is not signed off by the one before it", async () => {
      const clock = new Clock();
      const before = await open({}, { clock: clock.read, instanceId: "bot-1" });
      await before.heartbeat();
      await using found = await another(before, open, {}, { clock: clock.read, instanceId: "bot-1" });
      if (found.other === before) {
        await before.close();
        return; // this backend has one process only
      }
      clock.now += MINUTE;
      await found.other.heartbeat();
      await before.close();
      assert.equal(await found.other.getInstances(), [
        { id: "bot-1", lastHeartbeat: new Date(NOON + MINUTE), ...CLIENT },
      ]);
    });
  }
};
