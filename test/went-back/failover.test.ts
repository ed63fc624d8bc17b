/** A replica takes the place of its master: with all that was acknowledged, or without. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StateManager } from "../../src/index.js";
import { newFlowId } from "../contract/backends.js";
import { startCluster } from "../servers/cluster.js";
import { startSentinel } from "../servers/sentinel.js";
import { until } from "../servers/until.js";
import { inStep, leaveBehind, lossOf, open } from "./stand.js";

const PAIR = "BTC/USDT";

async function markMany(mgr: StateManager, name: string): Promise<void> {
  const marks = Array.from({ length: 20 }, (_, i) => mgr.markSignalProcessed(`${name}-${i}`, PAIR));
  assert.equal(await Promise.all(marks), Array(20).fill(true));
}

const test = suite("a failover");

test("of Sentinel to a replica that lags is noticed, by calls on their way as well", async () => {
  await using stand = await startSentinel();
  const redis = { sentinels: [...stand.sentinels], sentinel_name: stand.name };
  await using mgr = await open(redis);
  await markMany(mgr, "before");
  await inStep(stand.replica, stand.master);
  await leaveBehind(stand.replica, stand.master, "filler");
  await markMany(mgr, "lost");
  await stand.master.kill("SIGSTOP");
  const underWay = Array.from({ length: 5 }, (_, i) => lossOf(mgr.markSignalProcessed(`lost-${i}`, PAIR)));
  await stand.master.kill("SIGKILL");
  await stand.replica.kill("SIGCONT");
  await stand.failover();
  await Promise.all(underWay);
  await lossOf(mgr.markSignalProcessed("lost-0", PAIR));
  const { recentSignalIds } = await mgr.getSignalState();
  assert.equal(recentSignalIds.toSorted(), Array.from({ length: 20 }, (_, i) => `before-${i}`).sort());
});

test("of Sentinel to a replica that has it all is not noticed", async () => {
  await using stand = await startSentinel();
  await using mgr = await open({ sentinels: [...stand.sentinels], sentinel_name: stand.name });
  const watcher = mgr.watch();
  await mgr.getPositions();
  await markMany(mgr, "before");
  await inStep(stand.replica, stand.master);
  await stand.master.kill();
  const going = stand.failover();
  await markMany(mgr, "after");
  await going;
  for (let i = 0; i < 40; i++) assert.is((await watcher.next()).value?.type, "signal_processed");
});

test("in a cluster to a replica that lags is noticed, and one to a replica that has it all is not", async () => {
  await using cluster = await startCluster();
  const flowId = newFlowId();
  const key = `sf:{${flowId}}:flow:meta`;
  const master = await cluster.masterOf(key);
  const replica = await cluster.addReplica(master);
  await using mgr = await open({ cluster: true, url: cluster.urls[0] ?? "" }, flowId);
  await markMany(mgr, "before");
  await inStep(replica, master);

  await master.kill("SIGKILL");
  await until("the replica takes over", async () => (await replica.cli("role")).startsWith("master"));
  await markMany(mgr, "healthy");

  await master.restart();
  await until("the old master follows", async () => (await master.cli("role")).startsWith("slave"));
  await inStep(master, replica);
  await leaveBehind(master, replica, `filler:{${flowId}}`);
  await markMany(mgr, "lost");
  await replica.kill("SIGKILL");
  await master.kill("SIGCONT");
  await lossOf(mgr.markSignalProcessed("lost-0", PAIR));
  assert.is((await master.cli("role")).startsWith("master"), true);
});

test.run();
