import * as assert from "uvu/assert";
import { ConnectionError, FencedError, type Lease, LockedError, type StateManager } from "../../src/index.js";
import { until } from "../servers/until.js";
import { another } from "./another.js";
import { Clock, DAY, MINUTE, NOON, SECOND } from "./clock.js";
import { failure, refused } from "./expect.js";
import type { Theme } from "./open.js";
import { BUY, LONG } from "./samples.js";
import { stored } from "./stored.js";

const ENTRY = { signalId: "s9", pair: LONG.pair, side: "long", size: 1, price: 1 } as const;
export const SINGLE = { execution: { single_active: true } } as const;

/** Every change there is, on what `fill` has put there: each changes something. */
const CHANGES: Readonly<Record<string, (mgr: StateManager, orderId: string) => Promise<unknown>>> = {
  savePosition: (mgr) => mgr.savePosition(LONG),
  updatePosition: (mgr) => mgr.updatePosition("p1", { size: 2 }),
  "updatePosition by a function": (mgr) => mgr.updatePosition("p1", () => ({ size: 2 })),
  removePosition: (mgr) => mgr.removePosition("p1"),
  closePosition: (mgr) => mgr.closePosition("p1", { pnl: 1 }),
  saveOrder: (mgr) => mgr.saveOrder({ ...BUY, id: "new" }),
  cancelOrder: (mgr, orderId) => mgr.cancelOrder(orderId),
  removeOrder: (mgr, orderId) => mgr.removeOrder(orderId),
  recordFill: (mgr, orderId) => mgr.recordFill(orderId, { fillId: "f1", price: 1, size: 0.5 }),
  updateDailyPnl: (mgr) => mgr.updateDailyPnl(1),
  updateEquity: (mgr) => mgr.updateEquity(1),
  setRiskLimits: (mgr) => mgr.setRiskLimits({ max_open_positions: 1 }),
  triggerCircuitBreaker: (mgr) => mgr.triggerCircuitBreaker("by hand", { duration: "until_reset" }),
  resetCircuitBreaker: (mgr) => mgr.resetCircuitBreaker(),
  markSignalProcessed: (mgr) => mgr.markSignalProcessed("s2", LONG.pair),
  setCooldown: (mgr) => mgr.setCooldown(LONG.pair, "2h"),
  clearCooldown: (mgr) => mgr.clearCooldown(LONG.pair),
  beginRecovery: (mgr) => mgr.beginRecovery("a look"),
  reportDifference: (mgr) => mgr.reportDifference({ subject: "BTC/USDT", found: "nothing there", reads: 1 }),
  endRecovery: (mgr) => mgr.endRecovery(),
};

/** Gives every change something to work on. */
export async function fill(mgr: StateManager, orderId: string = BUY.id): Promise<void> {
  await mgr.savePosition(LONG);
  await mgr.saveOrder({ ...BUY, id: orderId, positionId: "p2" });
  await mgr.triggerCircuitBreaker("by hand");
  await mgr.setCooldown(LONG.pair, "1h");
  await mgr.beginRecovery("a look");
}

/** Asserts that a manager that does not hold the lease makes no change. */
export async function changesNothing(mgr: StateManager, lease: RegExp): Promise<void> {
  const before = await stored(mgr);
  for (const [name, change] of Object.entries(CHANGES)) {
    const error = await failure(change(mgr, BUY.id));
    assert.instance(error, FencedError, `${name}: ${error}`);
    assert.match(error.message, lease);
  }
  const answer = await mgr.admit(ENTRY);
  assert.is(answer.admitted || answer.reason, "fenced");
  assert.match(answer.admitted ? "" : answer.message, lease);
  assert.equal(await stored(mgr), before);
}

export const leases: Theme = (test, open) => {
  test("a flow whose lease nobody took has none", async () => {
    await using mgr = await open();
    assert.is(await mgr.getLease(), undefined);
  });

  test("the lease says who holds it, until when, and under which token", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read, instanceId: "bot-1" });
    await using lease = await mgr.acquireLease({ ttl: "1m" });
    assert.equal(await mgr.getLease(), { token: lease.token, holder: "bot-1", until: new Date(NOON + MINUTE) });
    assert.is(lease.lost.aborted, false);
  });

  test("without a ttl the lease is for ten seconds", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await using _ = await mgr.acquireLease();
    assert.equal((await mgr.getLease())?.until, new Date(NOON + 10 * SECOND));
  });

  test("tokens grow over release, expiry, takeover and a clock that steps back", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const tokens: number[] = [];
    const acquire = async () => {
      const lease = await mgr.acquireLease({ ttl: "1m" });
      tokens.push(lease.token);
      return lease;
    };
    await (await acquire()).release();
    await (await acquire()).release();
    await acquire();
    clock.now += MINUTE;
    await acquire();
    clock.now += DAY;
    await (await acquire()).release();
    clock.now -= 30 * DAY;
    await (await acquire()).release();
    await (await acquire()).release();
    assert.is(tokens.length, 7);
    assert.equal(
      tokens,
      [...new Set(tokens)].sort((a, b) => a - b),
    );
  });

  test("a lease that is held is refused to everybody, with the name of its holder", async () => {
    const clock = new Clock();
    await using mgr = await open(SINGLE, { clock: clock.read, instanceId: "bot-1" });
    await using lease = await mgr.acquireLease({ ttl: "1m" });
    await using second = await another(mgr, open, SINGLE, { clock: clock.read });
    const { other } = second;
    for (const options of [{ ttl: "1m" }, { wait: 0 }, { wait: 1 }] as const) {
      const error = await failure(other.acquireLease(options));
      assert.instance(error, LockedError);
      assert.is(
        error.message,
        `the lease of flow ${mgr.flowId} is held by bot-1 until ${new Date(NOON + MINUTE).toISOString()}`,
      );
    }
    assert.is((await mgr.getLease())?.token, lease.token);
    await mgr.savePosition(LONG);
  });

  test("whoever waits for the lease gets it when it is released", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await using second = await another(mgr, open, SINGLE, { clock: clock.read });
    const { other } = second;
    const order: string[] = [];
    const lease = await mgr.acquireLease({ ttl: "1m" });
    const waiting = other.acquireLease({ ttl: "1m", wait: "1m" }).then((next) => {
      order.push("acquired");
      return next;
    });
    await failure(other.acquireLease());
    order.push("released");
    await lease.release();
    await using next = await waiting;
    assert.equal(order, ["released", "acquired"]);
    assert.ok(next.token > lease.token);
  });

  test("whoever waits for the lease gets it when it runs out", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await using second = await another(mgr, open, SINGLE, { clock: clock.read });
    const { other } = second;
    const lease = await mgr.acquireLease({ ttl: "1m" });
    const waiting = other.acquireLease({ ttl: "1m", wait: "1m" });
    clock.now += MINUTE;
    await using next = await waiting;
    assert.ok(next.token > lease.token);
  });

  test("whoever waits for the lease in vain is told who has it", async () => {
    await using mgr = await open({}, { instanceId: "bot-1" });
    await using _ = await mgr.acquireLease({ ttl: "1m" });
    const error = await failure(mgr.acquireLease({ wait: "250ms" }));
    assert.instance(error, LockedError);
    assert.match(error.message, /is held by bot-1 until /);
  });

  test("closing the manager ends its wait for the lease", async () => {
    await using mgr = await open();
    await mgr.acquireLease({ ttl: "1m" });
    const waiting = failure(mgr.acquireLease({ wait: "1h" }));
    await mgr.close();
    assert.instance(await waiting, ConnectionError);
  });

  test("of eight who ask at once one gets the lease", async () => {
    await using mgr = await open();
    const asked = Array.from({ length: 8 }, () => mgr.acquireLease({ ttl: "1m" }));
    const leases = (await Promise.allSettled(asked)).flatMap((outcome) =>
      outcome.status === "fulfilled" ? [outcome.value] : [],
    );
    assert.is(leases.length, 1);
    await leases[0]?.release();
  });

  test("renewing holds the lease for another ttl from now", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await using lease = await mgr.acquireLease({ ttl: "1m" });
    clock.now += MINUTE - 1;
    await lease.renew();
    assert.equal(await mgr.getLease(), {
      token: lease.token,
      holder: mgr.instanceId,
      until: new Date(NOON + 2 * MINUTE - 1),
    });
  });

  test("a lease renews itself", async () => {
    await using mgr = await open();
    await using lease = await mgr.acquireLease({ ttl: "3s" });
    for (const _ of [1, 2]) {
      const end = (await mgr.getLease())?.until.getTime() ?? 0;
      await until("the lease is renewed", async () => ((await mgr.getLease())?.until.getTime() ?? 0) > end);
    }
    assert.is(lease.lost.aborted, false);
    assert.is((await mgr.getLease())?.token, lease.token);
  });

  test("a released lease is free at once, is not called lost, and cannot be renewed or released again", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const lease = await mgr.acquireLease({ ttl: "1m" });
    assert.is(await lease.release(), true);
    assert.is(await mgr.getLease(), undefined);
    assert.is(await lease.release(), false);
    assert.instance(await failure(lease.renew()), FencedError);
    assert.is(lease.lost.aborted, false);
    await using next = await mgr.acquireLease();
    assert.is(await lease.release(), false);
    assert.is((await mgr.getLease())?.token, next.token);
  });

  test("await using releases the lease", async () => {
    await using mgr = await open();
    {
      await using _ = await mgr.acquireLease({ ttl: "1m" });
      assert.ok(await mgr.getLease());
    }
    assert.is(await mgr.getLease(), undefined);
  });

  test("a lease that ran out is lost at its next renewal, whether another took it or not", async () => {
    for (const taken of [true, false]) {
      const clock = new Clock();
      await using mgr = await open({}, { clock: clock.read });
      const lease = await mgr.acquireLease({ ttl: "1m" });
      const heard: unknown[] = [];
      lease.lost.addEventListener("abort", () => heard.push(lease.lost.reason));
      clock.now += MINUTE;
      let next: Lease | undefined;
      if (taken) next = await mgr.acquireLease({ ttl: "1m" });
      assert.instance(await failure(lease.renew()), FencedError);
      assert.is(heard.length, 1);
      assert.instance(heard[0], FencedError);
      assert.instance(await failure(lease.renew()), FencedError);
      assert.is(await lease.release(), false);
      assert.is((await mgr.getLease())?.token, next?.token);
      await next?.release();
    }
  });

  test("a lease that is broken is lost, its holder is fenced, and another may take it at once; only under its own token", async () => {
    const clock = new Clock();
    await using mgr = await open(SINGLE, { clock: clock.read, instanceId: "bot-1" });
    const lease = await mgr.acquireLease({ ttl: "1h" });
    assert.is(await mgr.breakLease(lease.token + 1, "a slip"), false);
    await mgr.savePosition(LONG);
    assert.is(await mgr.breakLease(lease.token, "its holder is dead"), true);
    const broken = (await mgr.getEvents()).at(-1);
    assert.equal(broken && { ...broken, id: "" }, {
      id: "",
      at: new Date(clock.now),
      instance: "bot-1",
      type: "lease_released",
      token: lease.token,
      holder: "bot-1",
      reason: "its holder is dead",
    });
    assert.instance(await failure(mgr.savePosition(LONG)), FencedError);
    assert.instance(await failure(lease.renew()), FencedError);
    assert.is(lease.lost.aborted, true);
    assert.is(await mgr.breakLease(lease.token), false);
    await (await mgr.acquireLease()).release();
    await refused(mgr.breakLease(0), "token");
  });

  test("a ttl that is too short, too long or none is refused", async () => {
    await using mgr = await open();
    for (const ttl of [0, 99, -1, Number.NaN, 86_400_001]) await refused(mgr.acquireLease({ ttl }), "ttl");
    for (const wait of [-1, Number.POSITIVE_INFINITY]) await refused(mgr.acquireLease({ wait }), "wait");
    assert.is(await mgr.getLease(), undefined);
  });

  test("with single_active nothing is changed by whoever has no lease; reading and heartbeats go on", async () => {
    const clock = new Clock();
    await using mgr = await open(SINGLE, { clock: clock.read });
    const lease = await mgr.acquireLease({ ttl: "1m" });
    await fill(mgr);
    await lease.release();
    await changesNothing(mgr, /^lease \d+ is not held; /);
    assert.equal(await mgr.heartbeat(), new Date(NOON));
    assert.equal(await mgr.getLastHeartbeat(), new Date(NOON));
    assert.is((await mgr.getPositions()).length, 1);
    assert.is((await mgr.getEvents()).length > 0, true);
  });

  test("with single_active a manager that never took the lease changes nothing", async () => {
    await using mgr = await open(SINGLE);
    const before = await stored(mgr);
    const error = await failure(mgr.savePosition(LONG));
    assert.instance(error, FencedError);
    assert.is(error.message, "lease 0 is not held; the flow's lease is free");
    assert.equal(await mgr.admit(ENTRY), { admitted: false, reason: "fenced", message: error.message });
    assert.equal(await stored(mgr), before);
  });

  test("with single_active every change works under the lease", async () => {
    const clock = new Clock();
    await using mgr = await open(SINGLE, { clock: clock.read });
    await using _ = await mgr.acquireLease({ ttl: "1m" });
    for (const [name, change] of Object.entries(CHANGES)) {
      await fill(mgr, name);
      const before = await mgr.getEvents();
      await change(mgr, name);
      assert.is((await mgr.getEvents()).length, before.length + 1, name);
      clock.now += SECOND;
    }
    await mgr.endRecovery();
    await mgr.resetCircuitBreaker();
    await mgr.clearCooldown(LONG.pair);
    await mgr.setRiskLimits({ max_open_positions: null });
    assert.is((await mgr.admit(ENTRY)).admitted, true);
  });

  test("a holder whose lease ran out changes nothing any more, even when nobody took it", async () => {
    const clock = new Clock();
    await using mgr = await open(SINGLE, { clock: clock.read });
    const lease = await mgr.acquireLease({ ttl: "1m" });
    await fill(mgr);
    clock.now += MINUTE - 1;
    await mgr.savePosition(LONG);
    clock.now += 1;
    await changesNothing(mgr, new RegExp(`^lease ${lease.token} is not held; `));
  });

  test("a lease that was taken again makes its holder active again", async () => {
    const clock = new Clock();
    await using mgr = await open(SINGLE, { clock: clock.read });
    await (await mgr.acquireLease()).release();
    assert.instance(await failure(mgr.savePosition(LONG)), FencedError);
    await using _ = await mgr.acquireLease();
    assert.is((await mgr.savePosition(LONG)).version, 1);
  });

  test("opening a flow writes the configured limits, whoever holds the lease", async () => {
    await using mgr = await open({ ...SINGLE, risk: { max_open_positions: 3 } });
    assert.equal(await mgr.getRiskLimits(), { max_open_positions: 3 });
    assert.instance(await failure(mgr.setRiskLimits({ max_open_positions: 4 })), FencedError);
  });

  test("the lease is kept over close and connect, and its token keeps growing", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    const { token } = await mgr.acquireLease({ ttl: "1m" });
    await mgr.close();
    await mgr.connect();
    assert.is((await mgr.getLease())?.token, token);
    clock.now -= DAY;
    assert.instance(await failure(mgr.acquireLease()), LockedError);
    clock.now += DAY + MINUTE;
    await using next = await mgr.acquireLease();
    assert.ok(next.token > token);
  });
};
