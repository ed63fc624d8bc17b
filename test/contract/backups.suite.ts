import { lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import * as assert from "uvu/assert";
import { ConfigError, ConnectionError, InvalidArgumentError, StateManager } from "../../src/index.js";
import { BackupFile } from "../../src/transfer/backup-file.js";
import { copyFlow } from "../../src/transfer/copy-flow.js";
import { DuckdbPlace } from "../../src/transfer/duckdb-place.js";
import { failure, invoke, refused } from "./expect.js";
import type { Theme } from "./open.js";
import { BUY, LONG } from "./samples.js";

const PAIR = LONG.pair;

export const backups: Theme = (test, open) => {
  async function inFolder(step: (folder: string) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), "sf-backup-"));
    try {
      await step(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** The flow of a backup, opened as a bot opens it: of DuckDB the file itself, else what `sf-state restore` makes of it. */
  async function restored(mgr: StateManager, path: string): Promise<StateManager> {
    const isFile = mgr.config.backend === "duckdb";
    const file = isFile ? path : `${path}.restored.db`;
    if (!isFile) await copyFlow(new BackupFile(path), new DuckdbPlace(file, mgr.flowId), { replace: false });
    return StateManager.open(mgr.flowId, { backend: "duckdb", duckdb: { path: file } });
  }

  /** All that is stored, bar what is of its place. */
  async function stored(mgr: StateManager) {
    const { entries, eventsAdded } = await mgr.exportFlow();
    const { "flow:meta": meta, "execution:lease": _, ...rest } = entries;
    return { ...rest, eventsAdded, meta: meta.filter(([name]) => name !== "epoch" && name !== "was") };
  }

  test("a backup holds all of the flow, for its owner only, and opens elsewhere under an epoch of its own", () =>
    inFolder(async (folder) => {
      await using mgr = await open();
      await mgr.savePosition(LONG);
      await mgr.saveOrder(BUY);
      await mgr.markSignalProcessed("\uFEFFs", PAIR);
      await mgr.setCooldown(PAIR, "1h");
      const path = join(folder, "made", "of.backup");
      await mgr.backup(path);
      assert.equal(readdirSync(join(folder, "made")), ["of.backup"]);
      assert.is(lstatSync(path).mode & 0o777, process.platform === "win32" ? 0o666 : 0o600);
      await using copy = await restored(mgr, path);
      assert.equal(await stored(copy), await stored(mgr));
      assert.is.not((await copy.snapshot()).epoch, (await mgr.snapshot()).epoch);
      await mgr.markSignalProcessed("after", PAIR);
      assert.is(await copy.isSignalProcessed("after"), false);
      assert.is(await copy.isSignalProcessed("\uFEFFs"), true);
    }));

  test("backups under load hold a moment each: all that was acknowledged before, and nothing without what came before it", () =>
    inFolder(async (folder) => {
      await using mgr = await open();
      const lanes = 4;
      const acknowledged = Array.from({ length: lanes }, () => 0);
      let isOver = false;
      const writing = acknowledged.map(async (_, lane) => {
        for (let n = 1; !isOver; n++) {
          await mgr.markSignalProcessed(`${lane}-${n}`, PAIR);
          acknowledged[lane] = n;
          await setImmediate(); // in memory nothing else would ever have its turn
        }
      });
      const before: number[][] = [];
      try {
        for (let n = 0; n < 3; n++) {
          before.push([...acknowledged]);
          await mgr.backup(join(folder, `${n}`));
        }
      } finally {
        isOver = true;
      }
      await Promise.all(writing);
      assert.ok(
        acknowledged.every((count, lane) => count > (before[2]?.[lane] ?? 0)),
        "the bot stood still meanwhile",
      );
      for (const [n, counts] of before.entries()) {
        await using copy = await restored(mgr, join(folder, `${n}`));
        const { recentSignalIds } = await copy.getSignalState();
        const ids = (await copy.exportFlow()).entries["signals:processed"].map(([id = ""]) => id);
        assert.ok(recentSignalIds.length > 0 || ids.length === 0);
        for (const [lane, count] of counts.entries()) {
          const found = ids.filter((id) => id.startsWith(`${lane}-`)).map((id) => Number(id.split("-")[1]));
          assert.is(Math.max(0, ...found), found.length, "one is missing between others");
          assert.ok(found.length >= count, `backup ${n} of lane ${lane}: ${found.length} of ${count}`);
        }
      }
    }));

  test("what is there already is left as it is: a file, a link to nothing, the flow's own file, and a log without its file", () =>
    inFolder(async (folder) => {
      await using mgr = await open();
      const path = (name: string) => join(folder, name);
      writeFileSync(path("file"), "mine");
      writeFileSync(path("logged.wal"), "mine");
      symlinkSync(path("nothing"), path("link"));
      const { config } = mgr;
      const own = config.backend === "duckdb" ? [config.duckdb.path.replace("{flow_id}", mgr.flowId)] : [];
      for (const taken of [path("file"), path("logged"), path("link"), ...own]) {
        const error = await failure(mgr.backup(taken));
        assert.instance(error, InvalidArgumentError, taken);
        assert.match(error.message, /^path: .* is there already/);
      }
      assert.is(readFileSync(path("file"), "utf8"), "mine");
      assert.equal(readdirSync(folder).sort(), ["file", "link", "logged.wal"]);
      await mgr.markSignalProcessed("goes on", PAIR);
    }));

  test("of two backups to one path at once, one is made and the other refused", () =>
    inFolder(async (folder) => {
      await using mgr = await open();
      await mgr.savePosition(LONG);
      const path = join(folder, "one");
      const ends = await Promise.allSettled([mgr.backup(path), mgr.backup(path)]);
      const refusals = ends.flatMap((end) => (end.status === "rejected" ? [end.reason] : []));
      assert.is(refusals.length, 1);
      assert.instance(refusals[0], InvalidArgumentError);
      assert.equal(readdirSync(folder), ["one"]);
      await using copy = await restored(mgr, path);
      assert.is((await copy.getPosition(LONG.id))?.id, LONG.id);
    }));

  test("a path that is none, or cannot be written, is named; the flow goes on", () =>
    inFolder(async (folder) => {
      await using mgr = await open();
      for (const none of [undefined, "", 7, "a\0b", `${folder}/`]) await refused(invoke(mgr, "backup", [none]), "path");
      writeFileSync(join(folder, "file"), "");
      const error = await failure(mgr.backup(join(folder, "file", "in it")));
      assert.instance(error, ConfigError, String(error));
      assert.match(error.message, /in it/);
      await mgr.savePosition(LONG);
      await mgr.close();
      assert.instance(await failure(mgr.backup(join(folder, "closed"))), ConnectionError);
      assert.equal(readdirSync(folder), ["file"]);
    }));
};
