import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rename } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Config, InvalidArgumentError, LockedError } from "../../src/index.js";
import { BackupFile } from "../../src/transfer/backup-file.js";
import { copyFlow } from "../../src/transfer/copy-flow.js";
import type { FlowPlace } from "../../src/transfer/flow-place.js";
import { withoutEpoch } from "../../src/transfer/portable.js";
import { seededRandom } from "../../sync/demo/seeded-random.js";
import { bundle } from "../bundle.js";
import { failure } from "../contract/expect.js";
import { Child } from "../duckdb/child.js";
import { LONG, numbers, some } from "../long.js";
import type { TransferStand } from "./stand.js";

const run = promisify(execFile);
const PROGRAM = await bundle(new URL("killed-copy.ts", import.meta.url));
const BACKED_UP = await bundle(new URL("killed-backup.ts", import.meta.url));

/** Died of SIGKILL: undefined. Lived to the end: what it printed. */
async function copyAndDie(step: number, replace: boolean, from: string, to: string): Promise<string | undefined> {
  process.stdout.write("."); // a sign of life for `npm test`: one test makes dozens of copies
  const args = [PROGRAM, String(step), replace ? "replace" : "keep", from, to];
  try {
    const { stdout } = await run(process.execPath, args);
    return stdout;
  } catch (error) {
    if (typeof error === "object" && error !== null && "signal" in error && error.signal === "SIGKILL")
      return undefined;
    throw error;
  }
}

/** A copy that is killed at any step loses nothing, and the same copy again ends as if nothing had been. */
export function killing(stand: TransferStand): void {
  const test = suite("transfer: killing");

  async function source(): Promise<string> {
    const flowId = stand.fresh();
    await using manager = await stand.openDuckdb(`${flowId}.db`, flowId);
    for (let i = 0; i < 700; i++) await manager.markSignalProcessed(`s${i}`, "BTC/USDT");
    await manager.savePosition({ id: "p", pair: "BTC/USDT", side: "long", size: 1, entryPrice: 2 });
    return stand.path(`${flowId}.db`);
  }

  async function layout(place: FlowPlace) {
    const found = await place.read();
    return found && withoutEpoch(found.layout);
  }

  const path = source();

  /** The steps of a copy to there that nobody kills. */
  async function stepsOf(replace: boolean, to: string): Promise<number> {
    const out = await copyAndDie(-1, replace, `duckdb:${await path}`, to);
    return JSON.parse(out ?? "").steps;
  }

  for (const replace of [false, true]) {
    test(`into Redis${replace ? ", over a flow that is there" : ""}`, async () => {
      const from = stand.duckdb((await path).slice(stand.folder.length + 1));
      const expected = await layout(from);
      const target = async () => {
        const flowId = stand.fresh();
        if (replace) {
          await using old = await stand.openRedis(flowId);
          await old.markSignalProcessed("old", "BTC/USDT");
        }
        return flowId;
      };
      const steps = await stepsOf(replace, `redis:${stand.server.url}:${await target()}`);
      assert.ok(steps > 6, `${steps} steps`);
      for (const step of some(numbers(0, steps - 1), 2)) {
        const flowId = await target();
        const place = await stand.redis(flowId);
        const before = await layout(place);
        const out = await copyAndDie(step, replace, `duckdb:${await path}`, `redis:${stand.server.url}:${flowId}`);
        assert.is(out, undefined, `step ${step}: it lived`);
        const after = await layout(place);
        const isDone = after !== undefined && JSON.stringify(after) === JSON.stringify(expected);
        if (!isDone) {
          assert.equal(after, before, `step ${step}: neither the old nor the new`);
          assert.is(await place.isImporting(), true);
          if (replace) await (await stand.openRedis(flowId)).close();
          else {
            const error = await failure(stand.openRedis(flowId));
            assert.instance(error, LockedError);
            assert.match(error.message, /unfinished: run the same sf-state copy or restore again.*--discard/);
          }
        }
        const again = await copyFlow(from, place, { replace });
        assert.is(again.outcome, isDone ? "already there" : "copied", `step ${step}`);
        assert.equal(await layout(place), expected, `step ${step}`);
        assert.is(await place.isImporting(), false);
        const left = (await stand.keys(flowId)).filter((key) => key.includes(":import:"));
        assert.equal(left, []);
      }
    });

    test(`into DuckDB${replace ? ", over a file that is there" : ""}`, async () => {
      const from = stand.duckdb((await path).slice(stand.folder.length + 1));
      const expected = await layout(from);
      const target = async () => {
        const file = `${stand.fresh()}.db`;
        if (replace) {
          await using old = await stand.openDuckdb(file, "old");
          await old.markSignalProcessed("old", "BTC/USDT");
        }
        return file;
      };
      const steps = await stepsOf(replace, `duckdb:${stand.path(await target())}`);
      assert.ok(steps > 3, `${steps} steps`);
      for (const step of some(numbers(0, steps - 1), 2)) {
        const file = await target();
        const place = stand.duckdb(file);
        const before = await layout(place);
        const out = await copyAndDie(step, replace, `duckdb:${await path}`, `duckdb:${stand.path(file)}`);
        assert.is(out, undefined, `step ${step}: it lived`);
        const after = await layout(place);
        if (JSON.stringify(after) !== JSON.stringify(expected)) {
          assert.equal(after, before, `step ${step}: neither the old nor the new`);
        }
        await copyFlow(from, place, { replace });
        assert.equal(await layout(place), expected, `step ${step}`);
      }
    });
  }

  test("into a file", async () => {
    const from = stand.duckdb((await path).slice(stand.folder.length + 1));
    const expected = await layout(from);
    const steps = await stepsOf(false, `file:${stand.path(`${stand.fresh()}.jsonl.gz`)}`);
    assert.ok(steps > 0);
    for (const step of some(numbers(0, steps - 1), 2)) {
      const file = `${stand.fresh()}.jsonl.gz`;
      const place = stand.backup(file);
      const out = await copyAndDie(step, false, `duckdb:${await path}`, `file:${stand.path(file)}`);
      assert.is(out, undefined, `step ${step}: it lived`);
      assert.is(await layout(place), undefined);
      await copyFlow(from, place, { replace: false });
      assert.equal(await layout(place), expected);
    }
  });

  test("an unfinished import can be given up, and then the flow is as it was: none", async () => {
    const flowId = stand.fresh();
    assert.is(await copyAndDie(3, false, `duckdb:${await path}`, `redis:${stand.server.url}:${flowId}`), undefined);
    const place = await stand.redis(flowId);
    assert.is(await place.discard(), true);
    assert.is(await place.discard(), false);
    assert.equal(await stand.keys(flowId), []);
    await (await stand.openRedis(flowId)).close();
  });

  test("an import of something else takes the place of an unfinished one", async () => {
    const flowId = stand.fresh();
    assert.is(await copyAndDie(3, false, `duckdb:${await path}`, `redis:${stand.server.url}:${flowId}`), undefined);
    const other = stand.fresh();
    await (await stand.openDuckdb(`${other}.db`, other)).close();
    const from = stand.duckdb(`${other}.db`);
    await copyFlow(from, await stand.redis(flowId), { replace: false });
    assert.equal(await layout(await stand.redis(flowId)), await layout(from));
  });

  test("a flow that was opened since it was looked at is not replaced without a word", async () => {
    const flowId = stand.fresh();
    const place = await stand.redis(flowId);
    const from = stand.duckdb((await path).slice(stand.folder.length + 1));
    const late: FlowPlace = {
      name: place.name,
      read: async () => {
        const found = await place.read();
        await (await stand.openRedis(flowId)).close();
        return found;
      },
      write: (flow, options) => place.write(flow, options),
      snapshot: (now) => place.snapshot(now),
    };
    const error = await failure(copyFlow(from, late, { replace: false }));
    assert.instance(error, InvalidArgumentError);
    assert.match(error.message, /opened since it was looked at/);
  });

  test("a flow whose lease is held is not replaced", async () => {
    const flowId = stand.fresh();
    await using bot = await stand.openRedis(flowId);
    await bot.markSignalProcessed("mine", "A/B");
    const lease = await bot.acquireLease({ ttl: "1h" });
    const from = stand.duckdb((await path).slice(stand.folder.length + 1));
    const error = await failure(copyFlow(from, await stand.redis(flowId), { replace: true }));
    assert.instance(error, LockedError);
    assert.match(error.message, /holds the lease of the flow to be replaced/);
    assert.is(await bot.isSignalProcessed("mine"), true);
    await lease.release();
    await copyFlow(from, await stand.redis(flowId), { replace: true });
    await bot.close();
    await bot.connect();
    const next = await bot.acquireLease({ ttl: "1h" });
    assert.ok(next.token > lease.token);
    await next.release();
  });

  const backends: Record<"memory" | "duckdb" | "redis", () => Config> = {
    memory: () => ({ backend: "memory" }),
    duckdb: () => ({ backend: "duckdb", duckdb: { path: stand.path(`${stand.fresh()}.db`) } }),
    redis: () => ({ backend: "redis", redis: { url: stand.server.url, key_prefix: stand.fresh() } }),
  };
  for (const [backend, configure] of Object.entries(backends)) {
    test(`a bot in ${backend} that is killed while it backs itself up leaves no half file under the name, and whole ones restore`, async () => {
      const random = seededRandom(16, 0);
      let unfinished = 0;
      for (let round = 0; round < (LONG ? 40 : 4); round++) {
        process.stdout.write(".");
        const folder = await mkdtemp(stand.path("backups-"));
        const config = configure();
        using child = new Child(BACKED_UP, [JSON.stringify(config), folder]);
        const saved = new Map<string, number>();
        /** By backup: what was acknowledged before it began. */
        const begun = new Map<string, ReadonlyMap<string, number>>();
        const done = new Set<string>();
        const last = 1 + Math.floor(random() * 3);
        let more = Number.POSITIVE_INFINITY;
        for (let line = await child.line(); line !== undefined; line = await child.line()) {
          const [what, name = ""] = line.split(" ");
          const [lane = "", n] = name.split("-");
          if (what === "saved") saved.set(lane, Number(n));
          if (what === "begin") begun.set(name, new Map(saved));
          if (what === "done") done.add(name);
          if (what === "begin" && name === `${last}`) more = Math.floor(random() * 30);
          if (more-- <= 0) child.kill();
        }
        await child.end();
        for (const [name, before] of begun) {
          const path = join(folder, name);
          if (!existsSync(path)) {
            assert.not.ok(done.has(name), `backup ${name} was said to be made, and is not there`);
            unfinished++;
            continue;
          }
          const restored = `${stand.fresh()}.db`;
          if (backend === "duckdb") await rename(path, stand.path(restored));
          else await copyFlow(new BackupFile(path), stand.duckdb(restored), { replace: false });
          await using bot = await stand.openDuckdb(restored, "bot");
          const ids = new Set((await bot.exportFlow()).entries["signals:processed"].map(([id = ""]) => id));
          for (const [lane, count] of before) assert.ok(ids.has(`${lane}-${count}`), `${lane}-${count} is not in it`);
        }
      }
      assert.ok(unfinished > 0, "no kill hit a backup");
    });
  }

  test.run();
}
