/** `redis.wait_replicas`: a change is acknowledged when so many replicas have it. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type StateManager, UnknownOutcomeError } from "../../src/index.js";
import { failure } from "../contract/expect.js";
import { startProxy } from "../servers/proxy.js";
import { type RedisServer, startRedis } from "../servers/redis.js";
import { startSentinel } from "../servers/sentinel.js";
import { until } from "../servers/until.js";
import { inStep, leaveBehind, open } from "./stand.js";

const PAIR = "BTC/USDT";
/** Long enough for a replica that runs to confirm on a busy machine, and so long a call waits for one that does not. */
const TIME = "3s";

const master = await startRedis();
const replica = await startRedis({ args: { replicaof: `127.0.0.1 ${master.port}` } });
await linked();

const test = suite("waiting for replicas");

test.after.each(async () => {
  await replica.kill("SIGCONT");
  await linked();
});

test.after(async () => {
  await replica.stop();
  await master.stop();
});

async function linked(): Promise<void> {
  await until("the replica is online", async () => /state=online/.test(await master.cli("info", "replication")));
}

function openWaiting(wanted: number): Promise<StateManager> {
  return open({ url: master.url, wait_replicas: wanted, command_timeout: TIME });
}

/** When a signal was marked, as the master has it; "": not at all. */
async function onMaster(flowId: string, signal: string): Promise<string> {
  return (await master.cli("zscore", `sf:${flowId}:signals:processed`, signal)).trim();
}

/** How often the server was asked to wait. */
async function waits(server: RedisServer): Promise<number> {
  return Number(/cmdstat_wait:calls=(\d+)/.exec(await server.cli("info", "commandstats"))?.[1] ?? 0);
}

/** The error of a call that was done and not confirmed. */
async function unconfirmed(call: Promise<unknown>): Promise<UnknownOutcomeError> {
  const error = await failure(call);
  if (error instanceof UnknownOutcomeError && /done here, not confirmed/.test(error.message)) return error;
  throw new Error(`expected a change that is not confirmed, got ${error.name}: ${error.message}`, { cause: error });
}

test("a change that ends is on the replica", async () => {
  await using mgr = await openWaiting(1);
  for (let n = 1; n <= 20; n++) {
    assert.is(await mgr.markSignalProcessed(`s-${n}`, PAIR), true);
    assert.is(await replica.cli("zcard", `sf:${mgr.flowId}:signals:processed`), String(n));
  }
});

test("changes made at once share their waiting, and reads and refused calls wait for nothing", async () => {
  await using mgr = await openWaiting(1);
  await mgr.getPositions();
  const before = await waits(master);
  await Promise.all(Array.from({ length: 300 }, () => mgr.getPositions()));
  assert.is(await waits(master), before);
  const marks = Array.from({ length: 300 }, (_, n) => mgr.markSignalProcessed(`s-${n}`, PAIR));
  assert.equal(await Promise.all(marks), Array(300).fill(true));
  const asked = (await waits(master)) - before;
  assert.ok(asked > 0 && asked < 150, `${asked} times`);
});

test("by default nothing is waited for", async () => {
  const before = await waits(master);
  await using mgr = await open({ url: master.url });
  await replica.kill("SIGSTOP");
  assert.is(await mgr.markSignalProcessed("s", PAIR), true);
  assert.is(await waits(master), before);
});

test("without the replica a change is done, not confirmed, and unknown; retry() waits again, and tells the first answer", async () => {
  await using mgr = await openWaiting(1);
  assert.is(await mgr.markSignalProcessed("before", PAIR), true);
  await replica.kill("SIGSTOP");
  const first = await unconfirmed(mgr.markSignalProcessed("s", PAIR));
  assert.match(first.message, /mark_signal_processed: .*: 0 of 1 replicas have it; retry\(\) waits again$/);
  assert.is(await mgr.isSignalProcessed("s"), true);
  const second = await unconfirmed(first.retry());
  await replica.kill("SIGCONT");
  assert.is(await second.retry(), true);
  assert.is(await first.retry(), true);
  assert.is(await mgr.markSignalProcessed("s", PAIR), false);
});

test("a new connection, which wrote nothing yet, confirms nothing that the replica does not have", async () => {
  await using mgr = await openWaiting(1);
  await replica.kill("SIGSTOP");
  const calls = Array.from({ length: 10 }, (_, n) => unconfirmed(mgr.updateDailyPnl(1, { tradeId: `t-${n}` })));
  await until("they were done", async () => (await mgr.getRiskState()).dailyPnl === 10);
  await master.cli("client", "kill", "type", "normal");
  const errors = await Promise.all(calls);
  await master.cli("client", "kill", "type", "normal");
  const again = await Promise.all(errors.map((error) => unconfirmed(error.retry())));
  await replica.kill("SIGCONT");
  await Promise.all(again.map((error) => error.retry()));
  assert.is((await mgr.getRiskState()).dailyPnl, 10);
});

test("a call that is sent again on a new connection, and whose answer only the master has, is confirmed by no WAIT for nothing", async () => {
  await using proxy = await startProxy(master.port);
  await using mgr = await open({ url: proxy.url, wait_replicas: 1, command_timeout: TIME });
  assert.is(await mgr.markSignalProcessed("before", PAIR), true);
  await replica.kill("SIGSTOP");
  proxy.stallReplies();
  const call = unconfirmed(mgr.markSignalProcessed("s", PAIR));
  await until("it was done", async () => (await onMaster(mgr.flowId, "s")) !== "");
  proxy.cut();
  proxy.resume();
  let error = await call;
  for (let time = 1; time <= 3; time++) {
    assert.match(error.message, /: 0 of 1 replicas have it;/);
    proxy.cut();
    error = await unconfirmed(error.retry());
  }
  await replica.kill("SIGCONT");
  assert.is(await error.retry(), true);
  assert.match(await replica.cli("zscore", `sf:${mgr.flowId}:signals:processed`, "s"), /^\d+/);
});

test("more replicas than there are never confirm, and reads go on beside changes that wait", async () => {
  await using mgr = await openWaiting(2);
  const order: string[] = [];
  const change = unconfirmed(mgr.heartbeat()).then((error) => {
    order.push("change");
    return error;
  });
  await mgr.getPositions();
  order.push("read");
  assert.match((await change).message, /: 1 of 2 replicas have it;/);
  assert.equal(order, ["read", "change"]);
});

test("a change that no replica has was not acknowledged: after a failover retry() does it, and no state is said to be lost", async () => {
  await using stand = await startSentinel();
  const { sentinels, name } = stand;
  const mgr = await open({
    sentinels: [...sentinels],
    sentinel_name: name,
    wait_replicas: 1,
    command_timeout: TIME,
  });
  assert.is(await mgr.markSignalProcessed("before", PAIR), true);
  await inStep(stand.replica, stand.master);
  await leaveBehind(stand.replica, stand.master, "filler");
  const error = await unconfirmed(mgr.markSignalProcessed("s", PAIR));
  await stand.master.kill();
  await stand.replica.kill("SIGCONT");
  await stand.failover();
  let last: UnknownOutcomeError = error;
  await until("the new master is asked", async () => {
    const end = await last.retry().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(end instanceof UnknownOutcomeError)) throw end;
    last = end;
    return /done here, not confirmed/.test(end.message);
  });
  assert.match(last.message, /: 0 of 1 replicas have it;/);
  assert.is(await mgr.isSignalProcessed("s"), true);
  assert.is(await mgr.isSignalProcessed("before"), true);
  await mgr.close();
});

test.run();
