/**
 * Random stories that are interrupted by a copy: what goes on in a copied flow is what goes on in the flow itself.
 * `SEED=n` repeats a run; `RUNS=n` sets how many stories there are.
 */
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { StateManager } from "../../src/index.js";
import { layoutOf, stateOf } from "../../src/layout/convert.js";
import { DERIVED, KEY_LAYOUTS } from "../../src/layout/key-layouts.js";
import { TABLES } from "../../src/layout/tables.js";
import { operations } from "../../src/operations/all.js";
import { COMMON_KEYS } from "../../src/operations/operation.js";
import { FlowState } from "../../src/state/flow-state.js";
import { copyFlow } from "../../src/transfer/copy-flow.js";
import { DuckdbPlace } from "../../src/transfer/duckdb-place.js";
import { differences } from "../../src/transfer/portable.js";
import { RedisPlace } from "../../src/transfer/redis-place.js";
import { type Backends, startBackends } from "../contract/backends.js";
import { fill } from "../contract/calls.js";
import { type Story, SUBJECTS, stories } from "../contract/differential/steps.js";
import { Trio } from "../contract/differential/trio.js";
import { EXOTIC_NAMES } from "../contract/samples.js";
import type { TransferStand } from "./stand.js";

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const runs = Number(process.env.RUNS ?? 12);

/** Has nobody hold the lease, as after a copy, also if the clock should step back: one that ran out would be held again. */
async function released({ clock, players }: Trio): Promise<void> {
  const held = await players[0]?.manager.getLease();
  clock.now = Math.max(clock.now, held?.until.getTime() ?? 0);
  for (const player of players) {
    player.lease = await player.manager.acquireLease();
    await player.lease.release();
  }
}

export function roundTrip(stand: TransferStand): void {
  const test = suite("transfer: round trip");

  test("every table of a state, and every key that an operation uses, has its place in the layout", () => {
    const state = new FlowState();
    const tables = Object.entries(state).flatMap(([name, value]) =>
      typeof value === "object" && value !== null && "restore" in value && "name" in value ? [name] : [],
    );
    assert.equal(Object.keys(TABLES).sort(), tables.sort());
    const used = new Set([...Object.values(COMMON_KEYS).flat(), ...operations.flatMap(({ keys }) => keys)]);
    // An account is not its flow's.
    for (const key of ["execution:call", "account:risk", "account:events"] as const) used.delete(key);
    assert.equal(KEY_LAYOUTS.map(({ key }) => key).sort(), [...used].sort());
    assert.equal(Object.keys(DERIVED), ["risk:exposure", "orders:by_position"]);
  });

  /** In a third coin, of the strangest names and smallest amounts, and in what the pair settles in. */
  const FEES = [
    { amount: 1e-9, currency: "B" },
    { amount: 1e-9, currency: '"日本"' },
    { amount: 5e-324, currency: "B", rate: 1e-7 },
  ];

  test("memory, DuckDB and Redis tell the same layout of the same changes, byte for byte, bar what each makes up", async () => {
    await using backends = await startBackends();
    const clock = { clock: () => Date.UTC(2024, 2, 5, 12), instanceId: "bot-1" };
    const told: unknown[] = [];
    for (const open of Object.values(backends.openAlike)) {
      await using manager = await open({}, clock);
      await fill(manager);
      for (const [i, name] of EXOTIC_NAMES.entries()) {
        if (!/\|(?:long|short)$/.test(name)) await manager.setCooldown(name, "1h");
        await manager.savePosition({
          id: name,
          pair: "A/B",
          side: "short",
          size: 0.1 + i,
          entryPrice: 1e-7,
          rate: 1 / 3 + i,
        });
        await manager.saveOrder({
          id: name,
          pair: "A/B",
          side: "buy",
          size: 1,
          price: 3,
          rate: 5e-324,
          metadata: { name },
        });
      }
      for (const name of EXOTIC_NAMES) {
        await manager.saveOrder({
          id: `x${name.slice(0, 20)}`,
          pair: "A/B",
          side: "buy",
          size: 0.1,
          intent: "exit",
          positionId: name,
        });
      }
      for (const name of EXOTIC_NAMES.slice(0, 3)) {
        await manager.recordFill(`x${name.slice(0, 20)}`, { fillId: name, price: 0.7, size: 0.1, fee: FEES });
        await manager.closePosition(name, { pnl: 1, reason: name, dust: 0.01 });
        await manager.recordFill(`x${name.slice(0, 20)}`, { fillId: `${name}2`, price: 0.7, size: 0.05, fee: FEES });
      }
      await manager.heartbeat();
      const { entries, eventsAdded } = await manager.exportFlow();
      const meta = entries["flow:meta"].filter(([name]) => name === "schema" || name === "currency");
      told.push({ ...entries, "flow:meta": meta, "events:log": eventsAdded });
    }
    assert.equal(told[1], told[0]);
    assert.equal(told[2], told[0]);
  });

  test("a state is the same after it was rendered and read", async () => {
    const flowId = stand.fresh();
    await using manager = await stand.openDuckdb(`${flowId}.db`, flowId);
    await fill(manager);
    const layout = await manager.exportFlow();
    assert.equal(layoutOf(stateOf(layout)), layout);
    assert.equal(differences(layout, layout), []);
  });

  async function tell({ config, steps }: Story, backends: Backends): Promise<void> {
    const half = Math.ceil(steps.length / 2);
    await using trio = await Trio.open(backends.openAlike, config);
    for (const step of steps.slice(0, half)) await trio.play(step);
    await released(trio);

    const [memory, duckdb, redis] = ["memory", "duckdb", "redis"].map((name) => trio.manager(name));
    if (!memory || !duckdb || !redis) throw new Error("a backend is missing");
    await duckdb.close();
    await redis.close();
    const file = `${stand.fresh()}.db`;
    const ownRedis = { ...redis.config.redis, key_prefix: stand.fresh() };
    using fromRedis = await RedisPlace.connect(redis.config.redis, redis.flowId);
    using toRedis = await RedisPlace.connect(ownRedis, redis.flowId);
    const fromDuckdb = new DuckdbPlace(duckdb.config.duckdb.path, duckdb.flowId);
    await copyFlow(fromDuckdb, toRedis, { replace: false });
    await copyFlow(fromRedis, stand.duckdb(file), { replace: false });

    await using copied = await Trio.open(
      {
        memory: async () => memory,
        "Redis copied to DuckDB": async (_, options) => stand.openDuckdb(file, duckdb.flowId, config, options),
        "DuckDB copied to Redis": async (_, options) =>
          StateManager.open(redis.flowId, { ...config, backend: "redis", redis: ownRedis }, options),
      },
      config,
      trio.clock,
    );
    // The others were opened, which writes the configured limits.
    await memory.close();
    await memory.connect();
    // A new manager holds no lease, and an old one remembers that it held one: all take it anew, under a higher token.
    await copied.forceLease();
    await copied.sameState();
    for (const step of steps.slice(half)) await copied.play(step);
    await copied.sameState();
  }

  test("a copied flow goes on as the flow itself would have", async () => {
    console.log(`\n  SEED=${seed}`);
    await using backends = await startBackends();
    const { everything } = SUBJECTS;
    if (!everything) throw new Error("there are no stories of everything");
    const property = fc.asyncProperty(stories(everything), (story) => tell(story, backends));
    await fc.assert(property, { seed, numRuns: runs, includeErrorInReport: true });
  });

  test.run();
}
