/**
 * A big flow is exported in parts while bots go on changing it: what is told is the flow at one moment, whatever happens between the
 * parts, and no key of it is of another moment than the others. `SEED=n` repeats a run.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RedisFlow } from "../../src/backends/redis/flow.js";
import { resolveConfig } from "../../src/config/schema.js";
import { type Config, StateManager } from "../../src/index.js";
import { type FlowLayout, metaOf } from "../../src/layout/flow-layout.js";
import { KEY_LAYOUTS } from "../../src/layout/key-layouts.js";
import { type ArgumentValue, addArguments } from "../../src/operations/arguments.js";
import { exportInParts } from "../../src/operations/export-in-parts.js";
import { EXPORT_FLOW, layoutTold } from "../../src/operations/exported-keys.js";
import { type Ask, COMMON_KEYS, type Script } from "../../src/operations/operation.js";
import { startRedis } from "../servers/redis.js";

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`export in parts: SEED=${seed}`);

const server = await startRedis();
const redis = { url: server.url };
const test = suite("export in parts");
test.after(() => server.stop());

let flows = 0;

async function openFlow(config: Config = {}): Promise<StateManager> {
  return StateManager.open(`export-${++flows}`, { backend: "redis", redis, ...config });
}

/** Numbers from 0 up to below `below`, the same for the same seed. */
function chance(from: number): (below: number) => number {
  let state = from;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

async function inTens(count: number, call: (n: number) => Promise<unknown>): Promise<void> {
  for (let n = 0; n < count; n += 50) await Promise.all(Array.from({ length: 50 }, (_, i) => call(n + i)));
}

/** More than is told at once, of every kind of key that grows long. */
async function fillLong(mgr: StateManager): Promise<void> {
  await inTens(2_500, (n) => mgr.markSignalProcessed(`s${n}`, "BTC/USDT"));
  await inTens(800, (n) => mgr.updateDailyPnl(1, { tradeId: `t${n}` }));
  await inTens(700, async (n) => {
    await mgr.saveOrder({ id: `o${n}`, pair: "BTC/USDT", side: "buy", size: 2, price: 100, signalId: `s${n}` });
    if (n % 2 === 0) await mgr.cancelOrder(`o${n}`);
    else await mgr.recordFill(`o${n}`, { fillId: `f${n}`, price: 100, size: 1, done: true });
    if (n % 2 === 1) await mgr.closePosition(`o${n}`, { pnl: 1 });
  });
  await inTens(600, async (n) => {
    await mgr.saveOrder({ id: `x|${n}`, pair: "ETH/USDT", side: "buy", size: 1, price: 10 });
    await mgr.cancelOrder(`x|${n}`);
  });
}

/** Asks in parts, and lets `between` happen before each of them; keeps what one script tells of the flow at each moment that was asked for. */
async function exported(
  mgr: StateManager,
  flow: RedisFlow,
  between: () => Promise<unknown>,
): Promise<{ told: FlowLayout; whole: FlowLayout; pages: number; moments: number; inOnePiece: boolean }> {
  let whole: FlowLayout | undefined;
  let [pages, moments, inOnePiece] = [0, 0, false];
  const run = async <Args, Result>(script: Script<Args, Result>, args: Args): Promise<Result> => {
    const argv: ArgumentValue[] = ["", undefined];
    addArguments(argv, script, args);
    const keys = [...COMMON_KEYS.read, ...script.keys].map((key) => flow.keys.key(key));
    return script.decode(await flow.run(script.name, keys, argv));
  };
  const ask: Ask = async (script, args) => {
    await between();
    const answer = await run(script, args);
    if (script.name === "export/page") pages++;
    else {
      // Nothing has changed since the answer: the two are of one moment.
      whole = layoutTold(await run(EXPORT_FLOW, undefined));
      moments++;
      inOnePiece = args === undefined;
    }
    return answer;
  };
  const told = await exportInParts(ask);
  assert.ok(whole);
  assert.is(metaOf(told, "epoch"), (await mgr.snapshot()).epoch);
  return { told, whole, pages, moments, inOnePiece };
}

/** One change of any kind that long keys know: what comes, what goes at the front, what goes in the middle, what changes in its place. */
function changes(mgr: StateManager, next: (below: number) => number): () => Promise<unknown> {
  let made = 0;
  const kinds: readonly ((n: number) => Promise<unknown>)[] = [
    (n) => mgr.markSignalProcessed(`new${n}`, "BTC/USDT"),
    (n) => mgr.updateDailyPnl(1, { tradeId: `new${n}` }),
    async (n) => {
      await mgr.saveOrder({
        id: `new${n}`,
        pair: "BTC/USDT",
        side: "buy",
        size: 2,
        price: 100,
        signalId: `s${next(2_500)}`,
      });
      await mgr.cancelOrder(`new${n}`, { releaseSignal: true });
    },
    async (n) => {
      await mgr.saveOrder({ id: `fill${n}`, pair: "BTC/USDT", side: "buy", size: 1, price: 100 });
      await mgr.recordFill(`fill${n}`, { fillId: `f${n}`, price: 101, size: 1, done: true });
      await mgr.closePosition(`fill${n}`, { pnl: -1 });
    },
    // A late fill of a closed order changes it where it stands.
    (n) => mgr.recordFill(`o${2 * next(350)}`, { fillId: `late${n}`, price: 100, size: 0.01 }),
    (n) => mgr.recordFill(`x|${next(600)}`, { fillId: `late${n}`, price: 10, size: 0.01 }),
    (n) => mgr.setCooldown(`P${n}/USDT`, "1h"),
    () => mgr.heartbeat(),
  ];
  return () => kinds[next(kinds.length)]?.(++made) ?? Promise.resolve();
}

function allAlike(told: FlowLayout, whole: FlowLayout): void {
  assert.is(told.eventsAdded, whole.eventsAdded);
  for (const { key } of KEY_LAYOUTS) {
    const [a, b] = [told, whole].map(({ entries }) => entries[key].map((entry) => JSON.stringify(entry)));
    const at = b?.findIndex((entry, i) => entry !== a?.[i]) ?? 0;
    assert.equal([a?.length, a?.[at]], [b?.length, b?.[at]], `${key}, entry ${at}`);
  }
}

for (const [what, config] of [
  ["a flow that keeps everything", {}],
  ["a flow that forgets as much as comes", { signals: { max_ids: 2_200 }, events: { max_length: 1_500 } }],
] as const) {
  test(`${what} is told as it is at the last moment, whatever changed between the parts`, async () => {
    await using mgr = await openFlow(config);
    await fillLong(mgr);
    using flow = await RedisFlow.connect(resolveConfig({ redis }).redis, mgr.flowId);
    const change = changes(mgr, chance(seed));
    for (let round = 0; round < 4; round++) {
      const { told, whole, pages, inOnePiece } = await exported(mgr, flow, change);
      allAlike(told, whole);
      assert.ok(pages > 10, `${pages} pages`);
      assert.not(inOnePiece);
    }
  });
}

test("a small flow is told by one script", async () => {
  await using mgr = await openFlow();
  await mgr.markSignalProcessed("s", "BTC/USDT");
  using flow = await RedisFlow.connect(resolveConfig({ redis }).redis, mgr.flowId);
  const { told, whole, pages, moments } = await exported(mgr, flow, async () => undefined);
  allAlike(told, whole);
  assert.equal([pages, moments], [0, 1]);
});

test("what no event tells of is found by its count, and what is never proven is told in one piece", async () => {
  await using mgr = await openFlow({ events: { max_length: 0 } });
  await fillLong(mgr);
  using flow = await RedisFlow.connect(resolveConfig({ redis }).redis, mgr.flowId);
  let n = 0;
  const release = async () => {
    await mgr.saveOrder({ id: `r${++n}`, pair: "BTC/USDT", side: "buy", size: 1, price: 100, signalId: `s${n}` });
    await mgr.cancelOrder(`r${n}`, { releaseSignal: true });
  };
  const { told, whole, inOnePiece } = await exported(mgr, flow, release);
  allAlike(told, whole);
  assert.ok(inOnePiece);
});

test("a flow that is replaced between the parts is not told half and half", async () => {
  await using mgr = await openFlow();
  await fillLong(mgr);
  using flow = await RedisFlow.connect(resolveConfig({ redis }).redis, mgr.flowId);
  let asked = 0;
  const replace = async () => {
    if (++asked === 5) await flow.send("hset", flow.keys.key("flow:meta"), "epoch", "another");
  };
  await exported(mgr, flow, replace).then(
    () => assert.unreachable("it was told"),
    (error: Error) => assert.match(error.message, /epoch is another/),
  );
});

test("eight bots at work: an export agrees with itself across its keys", async () => {
  await using mgr = await openFlow();
  await fillLong(mgr);
  const bots = await Promise.all(
    Array.from({ length: 8 }, () => StateManager.open(mgr.flowId, { backend: "redis", redis })),
  );
  let over = false;
  let busy = 0;
  const work = async (bot: StateManager, b: number) => {
    for (let n = 0; !over; n++, busy++) {
      const id = `b${b}-${n}`;
      await bot.markSignalProcessed(id, "BTC/USDT");
      await bot.saveOrder({ id, pair: "BTC/USDT", side: "buy", size: 1, price: 100 });
      await bot.recordFill(id, { fillId: id, price: 100, size: 0.5 });
      await bot.recordFill(id, { fillId: `${id}-2`, price: 100, size: 0.5 });
      await bot.closePosition(id, { pnl: 1 });
      await bot.updateDailyPnl(1, { tradeId: id });
    }
  };
  const working = bots.map(work);
  try {
    for (let round = 0; round < 5; round++) {
      const from = busy;
      agrees(await mgr.exportFlow());
      assert.ok(busy > from, "nobody worked meanwhile");
    }
  } finally {
    over = true;
    await Promise.all(working);
    for (const bot of bots) await bot.close();
  }
});

/** Each of a bot's steps leaves its mark in several keys at once. */
function agrees({ entries }: FlowLayout): void {
  const orders = new Map(
    [...entries["orders:pending"], ...entries["orders:closed"]].map(([id = "", json = ""]) => [id, json]),
  );
  const fills = entries["orders:fills"].map(([id = ""]) => id);
  assert.equal(
    entries["orders:fills_told"].map(([id = ""]) => id),
    [...fills].sort(),
  );
  const filled = new Map<string, number>();
  for (const fill of fills) {
    const [order = ""] = fill.split("|b");
    if (fill.startsWith("b")) filled.set(order, (filled.get(order) ?? 0) + 0.5);
  }
  for (const [id, json] of orders) {
    if (id.startsWith("b")) assert.is(Number(JSON.parse(json).filled), filled.get(id) ?? 0, id);
  }
  assert.equal(
    entries["orders:closed_at"].map(([id = ""]) => id).sort(),
    entries["orders:closed"].map(([id = ""]) => id).sort(),
  );
  const counted = new Map(
    entries["events:log"].map(([id = "", ...fields]) => [id, fields[fields.indexOf("type") + 1]]),
  );
  const events = [...counted.values()];
  const ofType = (type: string) => events.filter((each) => each === type).length;
  assert.is(entries["signals:processed"].length, ofType("signal_processed"));
  assert.is(entries["trades:closed"].length, ofType("position_closed"));
  const newest = entries["signals:processed"].at(-1)?.[1];
  assert.is(entries["signals:last"].find(([field]) => field === "ts")?.[1], newest);
}

test.run();
