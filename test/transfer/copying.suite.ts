import { readdir } from "node:fs/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InvalidArgumentError, StateLostError, type StateManager } from "../../src/index.js";
import { copyFlow } from "../../src/transfer/copy-flow.js";
import type { FlowPlace } from "../../src/transfer/flow-place.js";
import { withoutEpoch } from "../../src/transfer/portable.js";
import { fill } from "../contract/calls.js";
import { failure } from "../contract/expect.js";
import type { TransferStand } from "./stand.js";

/** A copy is the same flow, under another epoch; what is there already is not lost by accident. */
export function copying(stand: TransferStand): void {
  const test = suite("transfer: copying");

  async function filledRedis(more?: (manager: StateManager) => Promise<unknown>): Promise<string> {
    const flowId = stand.fresh();
    await using manager = await stand.openRedis(flowId);
    await fill(manager);
    await manager.heartbeat();
    const lease = await manager.acquireLease();
    await lease.release();
    await more?.(manager);
    return flowId;
  }

  async function filledDuckdb(more?: (manager: StateManager) => Promise<unknown>): Promise<string> {
    const flowId = stand.fresh();
    await using manager = await stand.openDuckdb(`${flowId}.db`, flowId);
    await fill(manager);
    await manager.heartbeat();
    await more?.(manager);
    return flowId;
  }

  async function layoutAt(place: FlowPlace) {
    const found = await place.read();
    if (!found) throw new Error(`there is nothing at ${place.name}`);
    return withoutEpoch(found.layout);
  }

  for (const suffix of ["jsonl", "jsonl.gz"]) {
    test(`Redis to DuckDB to ${suffix} to Redis ends where it began, each time under another epoch`, async () => {
      const flowId = await filledRedis();
      const redis = await stand.redis(flowId);
      const file = `${stand.fresh()}.db`;
      const first = await copyFlow(redis, stand.duckdb(file), { replace: false });
      assert.is(first.outcome, "copied");
      const backup = stand.backup(`${stand.fresh()}.${suffix}`);
      await copyFlow(stand.duckdb(file), backup, { replace: false });
      const back = await stand.redis(stand.fresh());
      const last = await copyFlow(backup, back, { replace: false });
      assert.equal(await layoutAt(back), await layoutAt(redis));
      const epochs = [redis, stand.duckdb(file), back].map(async (place) => (await place.snapshot(1)).epoch);
      assert.is(new Set(await Promise.all(epochs)).size, 3);
      assert.is(last.counts["positions:open"], 3);
    });
  }

  test("a copy goes on under another flow id, and a bot trades on it", async () => {
    const flowId = await filledDuckdb();
    const target = stand.fresh();
    const report = await copyFlow(stand.duckdb(`${flowId}.db`), await stand.redis(target), {
      toFlow: target,
      replace: false,
    });
    assert.is(report.flow, target);
    await using manager = await stand.openRedis(target);
    assert.is(await manager.markSignalProcessed("s1", "BTC/USDT"), false);
    assert.is((await manager.closePosition("p1", { pnl: 1 })).closed, true);
    assert.is((await manager.getPositions()).length, 2);
  });

  test("a second copy of the same finds that it is done, and leaves the epoch alone", async () => {
    const redis = await stand.redis(await filledRedis());
    const file = `${stand.fresh()}.db`;
    const first = await copyFlow(redis, stand.duckdb(file), { replace: false });
    const second = await copyFlow(redis, stand.duckdb(file), { replace: false });
    assert.is(second.outcome, "already there");
    assert.is(second.epoch, first.epoch);
  });

  test("a flow that holds something is refused unless it is to be replaced, and is as it was", async () => {
    const source = await filledRedis((manager) => manager.markSignalProcessed("only here", "A/B"));
    const inRedis = await filledRedis();
    const inDuckdb = await filledDuckdb();
    for (const target of [await stand.redis(inRedis), stand.duckdb(`${inDuckdb}.db`)]) {
      const before = await target.read();
      const error = await failure(copyFlow(await stand.redis(source), target, { replace: false }));
      assert.instance(error, InvalidArgumentError);
      assert.match(error.message, /is not empty: 3 positions, .*Say --replace/);
      const after = await target.read();
      assert.equal(after?.layout, before?.layout);
    }
  });

  test("a flow that was only opened is no obstacle", async () => {
    const target = stand.fresh();
    await (await stand.openRedis(target)).close();
    const report = await copyFlow(await stand.redis(await filledRedis()), await stand.redis(target), {
      replace: false,
    });
    assert.is(report.outcome, "copied");
  });

  test("a bot on a flow that was replaced in Redis finds its state lost, and the new one when it connects again", async () => {
    const source = await filledRedis((manager) => manager.markSignalProcessed("only here", "A/B"));
    const target = stand.fresh();
    await using bot = await stand.openRedis(target);
    await bot.markSignalProcessed("old", "A/B");
    await copyFlow(await stand.redis(source), await stand.redis(target), { replace: true });
    assert.instance(await failure(bot.heartbeat()), StateLostError);
    await bot.close();
    await bot.connect();
    assert.is(await bot.isSignalProcessed("only here"), true);
    assert.is(await bot.isSignalProcessed("old"), false);
    assert.equal(
      (await stand.keys(target)).filter((key) => key.includes(":import:")),
      [],
    );
  });

  test("a DuckDB file that is replaced is kept beside it, whole", async () => {
    const flowId = await filledDuckdb((manager) => manager.markSignalProcessed("old", "A/B"));
    const source = await stand.redis(await filledRedis());
    const before = await stand.duckdb(`${flowId}.db`).read();
    const report = await copyFlow(source, stand.duckdb(`${flowId}.db`, flowId), { toFlow: flowId, replace: true });
    assert.ok(report.kept?.startsWith(stand.path(`${flowId}.db.replaced-`)));
    const kept = stand.duckdb(report.kept?.slice(stand.folder.length + 1) ?? "");
    assert.equal((await kept.read())?.layout, before?.layout);
    assert.equal(await layoutAt(stand.duckdb(`${flowId}.db`)), await layoutAt(source));
    const files = (await readdir(stand.folder)).filter((name) => name.startsWith(flowId));
    assert.is(files.length, 2, files.join());
  });

  test.run();
}
