/** Flows of a cluster that join an account and leave it, also killed at each step, then resumed or undone; and an account's node that fails over. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ConnectionError, LockedError, StateLostError, StateManager } from "../../src/index.js";
import { moveIn, moveOut, undoMove } from "../../src/transfer/move-flow.js";
import { sfState } from "../cli/command.js";
import { newFlowId } from "../contract/backends.js";
import { failure } from "../contract/expect.js";
import { LONG as ALL, numbers, some } from "../long.js";
import { startCluster } from "../servers/cluster.js";
import { makeFolder, removeFolder } from "../servers/folder.js";
import { until } from "../servers/until.js";
import { inStep } from "../went-back/stand.js";
import { known } from "./known.js";
import { MovingStand, SETTINGS } from "./moving-stand.js";

const test = suite("accounts in a cluster");
const cluster = await startCluster();
const stand = new MovingStand(cluster);

test.after(async () => {
  stand[Symbol.dispose]();
  await cluster.stop();
});

/** Of those that are killed in the short form. */
const SAMPLE = 4;

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
      // What is settled at its own place can be opened there, though what it left is still at the account's.
      if (step < count - (way === "in" ? 1 : 2)) {
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

test("the command line finds flows at both places, ends a move that was left unfinished, or undoes it", async () => {
  const [name, inside, alone, moving] = [newFlowId(), newFlowId(), newFlowId(), newFlowId()];
  await using first = await stand.open(inside, inAccount(name));
  for (const flowId of [alone, moving]) await stand.flow(flowId);
  const folder = await makeFolder();
  try {
    const file = join(folder, "cluster.json");
    await writeFile(file, JSON.stringify({ backend: "redis", redis: stand.config, risk: { currency: "USDT" } }));
    const at = (...words: string[]) => sfState([...words, "--config", file]);
    const flow = ["--flow", moving, "--yes"];

    assert.match((await at("account", "join", name, "--undo", ...flow)).stderr, /is not on its way; nothing was done/);
    assert.is(await stand.killed(4, "in", moving, name), undefined);
    const blocked = await at("status", "--flow", moving);
    assert.match(blocked.stderr, /on its way to or from an account: run the same sf-state account join or leave again/);
    assert.match((await at("account", "leave", ...flow)).stderr, /is on its way into account .*join/);
    const undone = await at("account", "join", name, "--undo", ...flow);
    assert.is(undone.stdout, `${moving} is in no account\n`, undone.stderr);
    assert.is(await stand.killed(4, "in", moving, name), undefined);
    const joined = await at("account", "join", name, ...flow);
    assert.is(joined.stdout, `${moving} is in account ${name}\n`, joined.stderr);
    assert.equal(await sums(first), [2, 251.5, { "BTC/USDT": 1, "ETH/USDT": 1 }]);

    const list = await at("ls");
    for (const flowId of [inside, alone, moving]) {
      assert.is(list.stdout.split("\n").filter((line) => line.includes(flowId)).length, 1, `${flowId}: ${list.stdout}`);
    }
    const status = await at("status", "--flow", moving);
    assert.match(status.stdout, new RegExp(`account +${name}`), status.stderr);
    const account = await at("account", "status", "--account", name);
    assert.match(account.stdout, new RegExp(`${moving} +2 +251\\.50`), account.stderr);
    const doctor = await at("doctor", "--flow", moving);
    assert.match(doctor.stdout, new RegExp(`the sums of account ${name} are those of its 2 flows`), doctor.stdout);
    const run = await at("scripts", "call", "get_positions", "--flow", moving);
    assert.match(run.stdout, new RegExp(`sf:\\{${name}\\}:${moving}:flow:meta`), run.stderr);
    const tripped = await at("breaker", "trip", "stop", "--yes", "--account", name);
    assert.is(tripped.code, 0, tripped.stderr);
    assert.is((await first.getAccount())?.breaker.active, true);

    const left = await at("account", "leave", ...flow);
    assert.is(left.stdout, `${moving} has left account ${name}\n`, left.stderr);
    assert.equal(await sums(first), [0, 0, {}]);

    const stuck = newFlowId();
    await stand.flow(stuck);
    assert.is(await stand.killed(3, "in", stuck, name), undefined);
    const onItsWay = await at("doctor", "--flow", stuck);
    assert.match(onItsWay.stdout, new RegExp(`problem +move +flow ${stuck} is on its way into account ${name}`));
    assert.match(onItsWay.stdout, new RegExp(`sf-state account join ${name} --flow ${stuck} goes on with it`));
    assert.is((await at("account", "join", name, "--flow", stuck, "--yes")).code, 0);
    assert.not.match((await at("doctor", "--flow", stuck)).stdout, / move /);

    await stand.client.hdel(`sf:@{${name}}:risk`, "day");
    assert.match((await at("doctor", "--flow", stuck)).stdout, new RegExp(`account ${name}: day is missing`));
    await stand.client.del(`sf:@{${name}}:risk`);
    const gone = await at("doctor", "--flow", stuck);
    assert.match(gone.stdout, new RegExp(`the state of account ${name} is gone`));
    const lines = /with: (redis-cli HDEL .* && redis-cli HSET .*)/.exec(gone.stdout)?.[1]?.split(" && ") ?? [];
    const [out = [], back = []] = lines.map((line) => line.split(" ").map((word) => word.replaceAll("'", "")));
    assert.equal(
      [out[1], out.slice(3), back[1], back.slice(3)],
      ["HDEL", ["account", "account_epoch"], "HSET", ["schema", "4"]],
    );
    await stand.client.hdel(out[2] ?? "", ...out.slice(3));
    await stand.client.hset(back[2] ?? "", ...back.slice(3));
    await using taken = await stand.open(stuck);
    assert.is(await taken.removePosition("p"), true);
  } finally {
    await removeFolder(folder);
  }
});

test("flows of an account go on under its limits when its node fails over", async () => {
  await using own = await startCluster();
  using failing = new MovingStand(own);
  const [name, ids] = [newFlowId(), [newFlowId(), newFlowId()]];
  const master = await own.masterOf(`sf:@{${name}}:risk`);
  const replica = await own.addReplica(master);
  const limits = {
    account: { name, currency: "USDT", max_open_positions: 3, max_daily_loss: 10, breaker_duration: "until_reset" },
  } as const;
  const [a, b] = await Promise.all(ids.map((flowId) => failing.open(flowId, limits)));
  if (!a || !b) throw new Error("two flows were opened");
  const entry = { pair: "BTC/USDT", side: "long", size: 1, price: 10 } as const;
  const admitted = async (mgr: StateManager, signalId: string) => {
    const answer = await mgr.admit({ ...entry, signalId });
    return answer.admitted ? "admitted" : answer.reason;
  };
  assert.equal([await admitted(a, "1"), await admitted(b, "2")], ["admitted", "admitted"]);
  assert.is(await a.updateDailyPnl(-6).then(({ tripped }) => tripped), false);
  await inStep(replica, master);

  await master.kill("SIGKILL");
  await until("the replica takes over", async () => (await replica.cli("role")).startsWith("master"));
  assert.equal(
    [await known(() => admitted(a, "3")), await known(() => admitted(b, "4"))],
    ["admitted", "account_max_open_positions"],
  );
  await known(() => b.updateDailyPnl(-4));
  assert.is(await known(() => admitted(a, "5")), "account_circuit_breaker");
  const status = await a.getAccount();
  assert.equal(
    [status?.slots, status?.dailyPnl, status?.breaker.reason],
    [3, -10, "daily loss of 10 reached the limit of 10"],
  );
  await a.close();
  await b.close();
});

test("a user who may not use the account's keys is told so, with the keys, before anything is changed", async () => {
  const [name, flowId] = [newFlowId(), newFlowId()];
  for (const node of cluster.nodes) {
    await node.cli(
      "acl",
      "setuser",
      "bot",
      "reset",
      "on",
      ">secret",
      "+@all",
      `~sf:{${flowId}}:*`,
      `~sf:{${name}}:${flowId}:*`,
    );
  }
  const url = (cluster.urls[0] ?? "").replace("redis://", "redis://bot:secret@");
  const open = () =>
    StateManager.open(flowId, {
      backend: "redis",
      redis: { url, cluster: true },
      risk: { currency: "USDT" },
      ...inAccount(name),
    });
  const error = await failure(open());
  assert.instance(error, ConnectionError);
  assert.ok(error.message.includes(`ACL SETUSER bot ~sf:{${name}}:${flowId}:* ~sf:@{${name}}:*`), error.message);
  for (const node of cluster.nodes) await node.cli("acl", "setuser", "bot", `~sf:@{${name}}:*`);
  await using mgr = await open();
  assert.is((await mgr.getAccount())?.name, name);
});

test.run();
