import * as assert from "uvu/assert";
import type { StateManager } from "../../src/index.js";
import { Clock, DAY, HOUR, NOON } from "./clock.js";
import type { Theme } from "./open.js";
import { BUY, LONG, METADATA, NO_REFUSALS } from "./samples.js";

/** The parts of a snapshot, read one by one. */
async function singleReads(mgr: StateManager) {
  const heartbeat = await mgr.getLastHeartbeat();
  const { day } = await mgr.getRiskState();
  const counted = (await mgr.getAdmissionStats()).find((each) => each.day === day);
  return {
    flowId: mgr.flowId,
    positions: await mgr.getPositions(),
    orders: await mgr.getPendingOrders(),
    risk: await mgr.getRiskState(),
    breaker: await mgr.getCircuitBreaker(),
    limits: await mgr.getRiskLimits(),
    limitOrigins: await mgr.getRiskLimitOrigins(),
    signals: await mgr.getSignalState(),
    ...(heartbeat && { heartbeat }),
    instances: await mgr.getInstances(),
    admissions: counted ?? { day, admitted: 0, refused: NO_REFUSALS },
  };
}

async function fill(mgr: StateManager): Promise<void> {
  for (const [i, metadata] of METADATA.entries()) {
    await mgr.savePosition({ ...LONG, id: `p${i}`, entryTs: NOON - (i % 3), tp: i + 0.1, metadata });
    await mgr.saveOrder({ ...BUY, id: `o${i}`, createdAt: NOON + (i % 3), positionId: `p${i}` });
  }
  await mgr.updateDailyPnl(-12.34, { equity: 1000, tradeId: "t1" });
  await mgr.updateDailyPnl(-0.1, { equity: 700 });
  await mgr.setRiskLimits({ max_drawdown: 0.5, max_open_positions: 50 });
  await mgr.admit({ signalId: "e1", pair: "ADA/USDT", side: "long", size: 1, price: 1 });
  await mgr.triggerCircuitBreaker("by hand");
  await mgr.admit({ signalId: "e2", pair: "ADA/USDT", side: "long", size: 1, price: 1 });
  for (let i = 0; i < 120; i++) await mgr.markSignalProcessed(`s${i}`, LONG.pair);
  await mgr.setCooldown(LONG.pair, "2h");
  await mgr.setCooldown("*", "30m", { side: "short" });
  await mgr.heartbeat();
}

export const snapshots: Theme = (test, open) => {
  test("the snapshot of a new flow is empty, and as large as the single reads", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const { epoch, at, ...rest } = await mgr.snapshot();
    assert.equal(at, new Date(NOON));
    assert.match(epoch, /^4\.[0-9a-f-]{36}$/);
    assert.equal(rest, await singleReads(mgr));
    assert.equal(rest.positions, []);
    assert.equal(rest.instances, []);
    assert.not("heartbeat" in rest);
  });

  test("a snapshot equals the single reads, at any time", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await fill(mgr);
    for (const later of [0, HOUR - 1, HOUR, 12 * HOUR, DAY, 40 * DAY, -DAY]) {
      clock.now = NOON + later;
      const { epoch: _, at, ...rest } = await mgr.snapshot();
      assert.equal(at, new Date(clock.now));
      assert.equal(rest, await singleReads(mgr));
    }
  });

  test("a snapshot says why the flow is recovering, as long as it is", async () => {
    await using mgr = await open();
    await mgr.beginRecovery("after a crash");
    assert.is((await mgr.snapshot()).recovering, "after a crash");
    await mgr.endRecovery();
    assert.not("recovering" in (await mgr.snapshot()));
  });

  test("reading changes nothing", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await fill(mgr);
    const before = await mgr.snapshot();
    await singleReads(mgr);
    await mgr.getDailyHistory();
    await mgr.checkStale();
    await mgr.isSignalProcessed("s1");
    await mgr.isOnCooldown(LONG.pair, "long");
    await mgr.getPosition("p1");
    await mgr.getOrder("o1");
    clock.now += 3 * DAY;
    await singleReads(mgr);
    await mgr.snapshot();
    clock.now -= 3 * DAY;
    assert.equal(await mgr.snapshot(), before);
  });

  test("a flow keeps its epoch and everything else over close and connect", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await fill(mgr);
    await mgr.updateDailyPnl(3, { ts: NOON - 5 * DAY });
    const before = await mgr.snapshot();
    const history = await mgr.getDailyHistory();
    await mgr.close();
    await mgr.connect();
    assert.equal(await mgr.snapshot(), { ...before, instances: [] }, "but for the instance, which has signed off");
    assert.equal(await mgr.getDailyHistory(), history);
    assert.is((await mgr.updateDailyPnl(1, { tradeId: "t1" })).applied, false);
    assert.is(await mgr.markSignalProcessed("s0", LONG.pair), false);
    assert.is((await mgr.savePosition({ ...LONG, id: "p0" })).version, 2);
  });

  test("two flows know nothing of each other", async () => {
    await using one = await open();
    await using other = await open();
    await fill(one);
    assert.equal(await other.getPositions(), []);
    assert.is(await other.isSignalProcessed("s1"), false);
    assert.is(await other.isOnCooldown(LONG.pair), false);
    assert.is((await other.getRiskState()).dailyTrades, 0);
    assert.is.not((await one.snapshot()).epoch, (await other.snapshot()).epoch);
  });
};
