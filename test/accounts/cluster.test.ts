/** Flows of a cluster that join an account and leave it, also killed at each step, then resumed or undone; and an account's node that fails over. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { LockedError, StateLostError, type StateManager } from "../../src/index.js";
import { moveIn, moveOut, undoMove } from "../../src/transfer/move-flow.js";
import { newFlowId } from "../contract/backends.js";
import { failure } from "../contract/expect.js";
import { LONG as ALL, numbers, some } from "../long.js";
import { startCluster } from "../servers/cluster.js";
import { MovingStand, SETTINGS } from "./moving-stand.js";

const test = suite("accounts in a cluster");
const cluster = await startCluster();
const stand = new MovingStand(cluster);

test.after(async () => {
  stand[Symbol.dispose]();
  await cluster.stop();
});

/** Of those that are killed in the short form. */
const SAMPLE = 6;

function inAccount(name: string) {
  return { account: { name, currency: "USDT", max_open_positions: 5 } };
}

async function sums(mgr: StateManager): Promise<unknown[]> {
  const status = await mgr.getAccount();
  return [status?.slots, status?.exposure, status?.slotsByPair];
}

test("a new flow of an account begins at its place: one tag, one slot, and a stub that says so", async () => {
  const [name, flowId] = [newFlowId(), newFlowId()];
  await using mgr = await stand.open(flowId, inAccount(name));
  await mgr.savePosition({ id: "p", pair: "BTC/USDT", side: "long", size: 1, entryPrice: 10 });
  const prefix = `sf:{${name}}:${flowId}:`;
  assert.equal(await stand.keys(`sf:{${flowId}}:`), [`sf:{${flowId}}:flow:meta`]);
  const stub = await stand.client.hgetall(`sf:{${flowId}}:flow:meta`);
  assert.equal([Object.keys(stub).sort(), stub.moved_to, stub.schema], [["epoch", "moved_to", "schema"], prefix, "4"]);
  assert.is(await stand.client.hlen(`${prefix}positions:open`), 1);
  assert.equal(
    await stand.keys(`sf:@{${name}}:`),
    ["events", "members", "risk"].map((key) => `sf:@{${name}}:${key}`),
  );
  const slots = await Promise.all(
    [`${prefix}positions:open`, `sf:@{${name}}:risk`].map((key) => stand.client.cluster("KEYSLOT", key)),
  );
  assert.is(slots[0], slots[1]);
  assert.equal(await stand.differences(name, [flowId]), []);

  // A manager that names no account finds it there.
  await using other = await stand.open(flowId);
  assert.equal(await sums(other), [1, 10, { "BTC/USDT": 1 }]);
});

test("a flow joins with all that it has and leaves again; its managers are told, and what it booked stays", async () => {
  const [name, flowId] = [newFlowId(), newFlowId()];
  await stand.flow(flowId);
  const before = await stand.held(flowId);
  await using first = await stand.open(newFlowId(), inAccount(name));
  await using mgr = await stand.open(flowId);
  await using other = await stand.open(flowId);

  await mgr.joinAccount(name);
  assert.equal(await sums(first), [2, 251.5, { "BTC/USDT": 1, "ETH/USDT": 1 }]);
  assert.instance(await failure(other.updateDailyPnl(1)), StateLostError);
  await other.close();
  await other.connect();
  await other.updateDailyPnl(-1.5);
  const status = await first.getAccount();
  assert.equal([status?.dailyPnl, await stand.differences(name, [flowId, first.flowId])], [-1.5, []]);
  assert.equal(await stand.keys(`sf:{${flowId}}:`), [`sf:{${flowId}}:flow:meta`]);

  assert.is(await mgr.leaveAccount(), true);
  assert.instance(await failure(other.leaveAccount()), StateLostError);
  await other.close();
  await other.connect();
  assert.is(await other.leaveAccount(), false);
  assert.is(await other.getAccount(), undefined);
  assert.equal(await sums(first), [0, 0, {}]);
  const after = await stand.held(flowId);
  assert.is(after?.prefix, `sf:{${flowId}}:`);
  assert.equal(after?.layout.entries["positions:open"], before?.layout.entries["positions:open"]);
  assert.equal(await stand.keys(`sf:{${name}}:${flowId}:`), [`sf:{${name}}:${flowId}:flow:meta`]);
  assert.equal(await stand.differences(name, [flowId, first.flowId]), []);
});

test("a process that is killed at any step of joining loses nothing: joining again ends it", async () => {
  const name = newFlowId();
  const flowOf = async () => {
    const flowId = newFlowId();
    await stand.flow(flowId);
    return flowId;
  };
  const whole = await flowOf();
  const count = (await stand.killed(-1, "in", whole, name)) ?? 0;
  assert.ok(count > 6, `${count} steps`);
  const ids = [whole];
  for (const step of ALL ? numbers(0, count - 1) : some(numbers(0, count - 1), SAMPLE)) {
    const flowId = await flowOf();
    ids.push(flowId);
    const before = await stand.held(flowId);
    assert.is(await stand.killed(step, "in", flowId, name), undefined, `step ${step}`);
    await moveIn(stand.mover(flowId, name), SETTINGS);
    const after = await stand.held(flowId);
    assert.is(after?.prefix, `sf:{${name}}:${flowId}:`, `step ${step}`);
    assert.equal(after?.layout.entries["positions:open"], before?.layout.entries["positions:open"]);
    assert.equal(after?.layout.entries["events:log"], before?.layout.entries["events:log"]);
    assert.equal(await stand.keys(`sf:{${flowId}}:`), [`sf:{${flowId}}:flow:meta`], `step ${step}`);
    assert.equal(await stand.differences(name, ids), [], `step ${step}`);
    assert.is((await stand.account(name)).get("slots"), String(2 * ids.length));
    await using mgr = await stand.open(flowId, inAccount(name));
    assert.is(await mgr.removePosition("p"), true);
    await mgr.savePosition({ id: "p", pair: "BTC/USDT", side: "long", size: 2, entryPrice: 100.5 });
  }
});

for (const way of ["in", "out"] as const) {
  const [word, begun] = way === "in" ? ["joining", "own"] : ["leaving", "account"];
  test(`a process that is killed at any step of ${word} can be undone until the flow has arrived: it is as it was`, async () => {
    const name = newFlowId();
    const flowOf = async () => {
      const flowId = newFlowId();
      await stand.flow(flowId);
      if (way === "out") await moveIn(stand.mover(flowId, name), SETTINGS);
      return flowId;
    };
    const whole = await flowOf();
    const count = (await stand.killed(-1, way, whole, name)) ?? 0;
    const ids = [whole];
    // The last two have arrived: settled, and vacated.
    for (const step of ALL ? numbers(0, count - 1) : some(numbers(0, count - 1), SAMPLE)) {
      const flowId = await flowOf();
      ids.push(flowId);
      const before = await stand.held(flowId);
      const keys = [await stand.keys(`sf:{${flowId}}:`), await stand.keys(`sf:{${name}}:${flowId}:`)];
      assert.is(await stand.killed(step, way, flowId, name), undefined, `step ${step}`);
      if (step < count - 1) {
        const blocked = await failure(stand.open(flowId));
        assert.instance(blocked, LockedError, `step ${step}`);
        assert.match(blocked.message, /on its way to or from an account/);
      }
      if (step === count - 2) assert.match((await failure(undoMove(stand.mover(flowId, name)))).message, /has arrived/);
      if (step >= count - 2) {
        const go = way === "in" ? moveIn(stand.mover(flowId, name), SETTINGS) : moveOut(stand.mover(flowId, name));
        assert.is(await go, step === count - 2);
      } else {
        assert.is(await undoMove(stand.mover(flowId, name)), true, `step ${step}`);
        const after = await stand.held(flowId);
        assert.equal(
          [after?.prefix, after?.epoch],
          [before?.prefix, before?.epoch],
          `step ${step}: at the ${begun}'s place`,
        );
        assert.equal(after?.layout.entries, before?.layout.entries, `step ${step}`);
        const left = [await stand.keys(`sf:{${flowId}}:`), await stand.keys(`sf:{${name}}:${flowId}:`)];
        assert.equal(left, keys, `step ${step}`);
      }
      assert.equal(await stand.differences(name, ids), [], `step ${step}`);
      await using mgr = await stand.open(flowId);
      assert.is(await mgr.removePosition("p"), true);
      assert.equal(await stand.differences(name, ids), [], `step ${step}`);
    }
  });
}

test.run();
