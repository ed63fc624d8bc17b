import * as assert from "uvu/assert";
import { CLIENT } from "../../src/version.js";
import { Clock, DAY, HOUR, MINUTE, NOON, SECOND } from "./clock.js";
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

  if (durable) {
    test("every instance has its own last heartbeat, oldest first, and any of them keeps the flow alive", async () => {
      const clock = new Clock();
      const first = await open({}, { clock: clock.read, instanceId: "bot-1" });
      await first.heartbeat();
      await first.close();
      const { flowId } = first;
      for (const instanceId of ["bot-2", "bot-0"]) {
        clock.now += DAY;
        await using other = await open({}, { clock: clock.read, instanceId, flowId });
        await other.heartbeat();
      }
      clock.now += HOUR;
      await using last = await open({}, { clock: clock.read, instanceId: "bot-3", flowId });
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
  }
};
