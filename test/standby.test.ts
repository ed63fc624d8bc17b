import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type LeaseState, StateManager } from "../src/index.js";
import { type LoggedEvent, readRecord } from "./faults/record.js";
import { Metronome } from "./servers/metronome.js";
import { startProxy } from "./servers/proxy.js";
import { startRedis } from "./servers/redis.js";
import { until } from "./servers/until.js";
import { Bot } from "./standby-bot.js";

const TTL = 4_000;

/** From the end of the old lease to the first trade under the new one, ms, on a machine that lets processes run when they are due. */
const TAKEOVER = 1_000;

const redis = await startRedis();
const proxy = await startProxy(redis.port);

const test = suite("active and standby");

test.after.each(() => proxy.calm());

test.after(async () => {
  await proxy.stop();
  await redis.stop();
});

/** Two bots on a flow, one of them active, and somebody who looks on. */
interface Stage extends AsyncDisposable {
  readonly active: Bot;
  readonly standby: Bot;
  readonly observer: StateManager;
  events(): Promise<readonly LoggedEvent[]>;
}

let flows = 0;

/** `way`: how the active one gets to Redis. It has traded a few times. */
async function onStage(way: { readonly url: string } = redis): Promise<Stage> {
  const flowId = `flow-${++flows}`;
  const observer = await StateManager.open(flowId, { backend: "redis", redis: { url: redis.url } });
  const active = new Bot(way.url, flowId, "alice", TTL);
  await active.hears("exited");
  const standby = new Bot(redis.url, flowId, "bob", TTL);
  await standby.hears("stands by");
  await active.hears("exited", active.said);
  return {
    active,
    standby,
    observer,
    events: async () => (await readRecord(redis.port, flowId)).events,
    async [Symbol.asyncDispose]() {
      await Promise.all([active.kill(), standby.kill()]);
      await observer.close();
    },
  };
}

test("when the active one is killed, the standby trades within a second of the end of its lease, and nothing is doubled", async () => {
  await using stage = await onStage();
  const { active, standby, observer, events } = stage;
  using metronome = new Metronome();
  await active.kill();
  const lease = await held(observer, "alice");
  await standby.hears("is active");
  const since = standby.said;
  await standby.hears("exited", since);
  await standby.hears("exited", since + 2);

  const log = await events();
  const taken = log.findIndex(({ type, holder }) => type === "lease_acquired" && holder === "bob");
  assert.ok(at(log[taken]) >= lease.until.getTime(), "not before the old lease ended");
  const trade = log.find(({ type, instance }) => type === "entry_admitted" && instance === "bob");
  const end = lease.until.getTime();
  const late = metronome.lateBetween(end, at(trade));
  assert.ok(
    at(trade) - end <= TAKEOVER + late,
    `it traded ${at(trade) - end} ms later, the machine was ${late} ms late`,
  );
  nothingIsDoubled(log);
});

test("what a killed process sent before, and what arrives after the standby took over, changes nothing", async () => {
  await using stage = await onStage(proxy);
  const { active, standby, observer, events } = stage;
  await held(observer, "alice");
  const since = active.said;
  proxy.holdRequests();
  await active.hears("lost lease", since);
  await active.kill();
  await standby.hears("is active");
  const [fenced, { requests }] = [await fencedCalls(), proxy.stats];
  proxy.resume();
  await until("the late requests arrive", () => proxy.stats.requests > requests && proxy.stats.open === 0);
  await until("the late change is refused", async () => (await fencedCalls()) > fenced);
  await standby.hears("exited", standby.said);
  nothingIsDoubled(await events());
});

test("a process that is stopped for longer than its lease, and goes on, is told that it lost it, and changes nothing", async () => {
  await using stage = await onStage();
  const { active, standby, observer, events } = stage;
  const position = await stoppedInATrade(active, observer);
  await standby.hears("is active");
  await standby.hears(`exited ${position}`);
  const since = active.said;
  active.signal("SIGCONT");
  await active.hears("lost lease", since);
  await active.hears("is fenced", since);
  await active.hears("stands by", since);
  nothingIsDoubled(await events());

  await standby.kill();
  await active.hears("is active", since);
  await active.hears("exited", active.said);
  nothingIsDoubled(await events());
});

test("a manager whose lease another process has taken gets a FencedError for a change, a refusal for an entry, and may read", async () => {
  const config = { backend: "redis", redis: { url: proxy.url }, execution: { single_active: true } } as const;
  await using old = await StateManager.open("fenced", config, { instanceId: "old" });
  await using next = await StateManager.open(
    "fenced",
    { ...config, redis: { url: redis.url } },
    { instanceId: "next" },
  );
  const entry = { signalId: "signal", pair: "BTC/USDT", side: "long", size: 1, price: 1 } as const;
  const lease = await old.acquireLease({ ttl: TTL });
  await old.savePosition({ id: "kept", pair: "BTC/USDT", side: "long", size: 1, entryPrice: 1 });
  proxy.stall();
  const taken = await next.acquireLease({ ttl: "1m", wait: "1m" });
  proxy.resume();
  await until("the old lease is lost", () => lease.lost.aborted);
  assert.ok(taken.token > lease.token);

  const changes = [
    () => old.savePosition({ id: "late", pair: "BTC/USDT", side: "long", size: 1, entryPrice: 1 }),
    () => old.closePosition("kept", { pnl: -1 }),
    () => old.updateDailyPnl(-1),
    () => old.markSignalProcessed("signal", "BTC/USDT"),
    () => old.resetCircuitBreaker(),
    () => lease.renew(),
  ];
  for (const change of changes) assert.is(await codeOf(change()), "FENCED");
  const refusal = await old.admit(entry);
  assert.is(refusal.admitted ? "admitted" : refusal.reason, "fenced");
  assert.is(await lease.release(), false);
  assert.equal(
    (await old.getPositions()).map(({ id }) => id),
    ["kept"],
  );
  assert.ok(
    (await next.admit(entry)).admitted,
    "the new holder goes on, with the signal that the old one did not mark",
  );

  const after = (await readRecord(redis.port, "fenced")).events.filter(({ instance }) => instance === "old");
  assert.equal(
    after.map(({ type }) => type),
    ["lease_acquired", "position_saved"],
  );
});

test.run();

async function held(observer: StateManager, holder: string): Promise<LeaseState> {
  const lease = await observer.getLease();
  assert.ok(lease);
  assert.is(lease.holder, holder);
  return lease;
}

/** Stops a bot at a moment at which it has a position open, so that it has something left to change; resolves to the position. */
async function stoppedInATrade(bot: Bot, observer: StateManager): Promise<string> {
  for (;;) {
    await bot.hears("entered", bot.said);
    bot.signal("SIGSTOP");
    await observer.getLease(); // what the bot sent before has been executed when this is answered
    const [position] = await observer.getPositions();
    if (position) return position.id;
    bot.signal("SIGCONT");
  }
}

/** Each change was made by the holder of the lease; each signal was admitted, each execution booked, and each position closed once. */
function nothingIsDoubled(log: readonly LoggedEvent[]): void {
  let holder: string | undefined;
  let sum = 0;
  const done: string[] = [];
  for (const event of log) {
    if (event.type === "lease_acquired") holder = event.holder;
    if (event.type !== "limits_set") assert.is(event.instance, holder, `${event.type} by ${event.instance}`);
    if (event.type === "entry_admitted") done.push(`admitted ${event.signal_id}`);
    if (event.type !== "fill_recorded") continue;
    done.push(`filled ${event.order_id} ${event.fill_id}`);
    sum += event.fill_id === "exit" ? 9 : -1; // a fee of 0.01 at each end of 0.1 x (101 - 100)
    assert.is(Math.round(Number(event.daily_pnl) * 100), sum);
  }
  assert.is(new Set(done).size, done.length);
}

/** How many calls Redis has refused because their lease was no longer held. */
async function fencedCalls(): Promise<number> {
  const stats = await redis.cli("info", "errorstats");
  return Number(/errorstat_SFFENCED:count=(\d+)/.exec(stats)?.[1] ?? 0);
}

function at(event: LoggedEvent | undefined): number {
  assert.ok(event);
  return Number(event.at);
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    (value) => `no error, but ${JSON.stringify(value)}`,
    (error: { code?: string }) => error.code ?? String(error),
  );
}
