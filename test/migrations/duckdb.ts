import { readFile } from "node:fs/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FlowFile } from "../../src/backends/duckdb/flow-file.js";
import { LockedError, SchemaVersionError, StateManager } from "../../src/index.js";
import { everyKey } from "../../src/layout/convert.js";
import type { FlowLayout } from "../../src/layout/flow-layout.js";
import { metaOf } from "../../src/layout/flow-layout.js";
import { DERIVED, KEY_LAYOUTS } from "../../src/layout/key-layouts.js";
import { readFile as readTables } from "../../src/migrations/files/read-file.js";
import { readSnapshot, snapshotPath } from "../../src/snapshot-file.js";
import { SCHEMA_VERSION } from "../../src/state/flow-state.js";
import { openLayout } from "../../src/transfer/duckdb-place.js";
import { migrateDuckdb, planDuckdb } from "../../src/transfer/migrate-duckdb.js";
import { differences } from "../../src/transfer/portable.js";
import { fill } from "../contract/calls.js";
import { failure } from "../contract/expect.js";
import { numbers, some } from "../long.js";
import { changedBeyond, isMigrated } from "./expect.js";
import { OLD_FLOWS, OLD_SCHEMAS, type OldSchema } from "./old-flows.js";
import type { MigrationStand } from "./stand.js";

const at = (path: string) => ({ backend: "duckdb", duckdb: { path } }) as const;

export function duckdbMigrations(stand: MigrationStand): void {
  for (const schema of OLD_SCHEMAS) migrationsFrom(schema, stand);
  fileOfToday(stand);
}

function migrationsFrom(schema: OldSchema, stand: MigrationStand): void {
  const test = suite(`migrations: DuckDB, from schema ${schema}`);
  const { opened, told, changes, notes: expectedNotes } = OLD_FLOWS[schema];

  async function layout(path: string): Promise<FlowLayout> {
    const found = await openLayout(path, "bot");
    found.file.close();
    return found.layout;
  }

  /** What the code of its schema makes of a kept file. */
  async function byOldCode(kind: "clean" | "crashed"): Promise<FlowLayout> {
    const old = await stand.openOld(schema, "bot", at(await stand.oldFile(schema, kind)));
    const found = await old.exportFlow();
    await old.close();
    const entries = everyKey(new Map(KEY_LAYOUTS.map(({ key }) => [key, found.entries[key] ?? []])));
    return { ...found, entries };
  }

  for (const kind of ["clean", "crashed"] as const) {
    test(`a ${kind} file is read as the code of its schema reads it, and migrated whole`, async () => {
      const path = await stand.oldFile(schema, kind);
      const before = await readFile(path);
      const old = await layout(path);
      assert.equal(changedBeyond(await byOldCode(kind), old), []);
      assert.equal(await readFile(path), before, "looking changes nothing");

      const report = await migrateDuckdb(path, "bot", told, () => {});
      const now = await layout(path);
      isMigrated(old, now, schema, kind);
      assert.ok(report.kept?.startsWith(`${path}.replaced-`));
      assert.equal(changedBeyond(old, await layout(report.kept ?? "")), [], "the old one is kept as it was");
      await using bot = await stand.open(schema, "bot", at(path));
      assert.is(await bot.isSignalProcessed(kind === "crashed" ? "last" : "s7"), true);
    });

    test(`a migration of a ${kind} file that is killed at any step has left the old file, or the new one`, async () => {
      const steps = await stand.migrationSteps(schema, `duckdb:${await stand.oldFile(schema, kind)}`);
      assert.is(steps, 5);
      for (const step of some(numbers(0, steps - 1), 2)) {
        const path = await stand.oldFile(schema, kind);
        const old = await layout(path);
        assert.ok(await stand.migrateAndDie(step, schema, `duckdb:${path}`), `there is no step ${step}`);
        const found = await layout(path);
        assert.equal(changedBeyond(old, found, changes[kind]), [], `step ${step}`);
        if (metaOf(found, "schema") === String(schema)) await migrateDuckdb(path, "bot", told, () => {});
        await using bot = await stand.open(schema, "bot", at(path));
        assert.is(await bot.isSignalProcessed("s7"), true);
      }
    });
  }

  test("connect migrates nothing: it says what to do, and leaves the file byte for byte", async () => {
    const path = await stand.oldFile(schema, "crashed");
    const before = await readFile(path);
    const error = await failure(StateManager.open("bot", at(path)));
    assert.instance(error, SchemaVersionError);
    assert.match(
      error.message,
      new RegExp(
        `is of schema ${schema}, this version works on ${SCHEMA_VERSION}: stop its bots, then run sf-state migrate`,
      ),
    );
    assert.equal(await readFile(path), before);
  });

  test("a file that a bot of its schema holds is left to it", async () => {
    const path = await stand.oldFile(schema, "clean");
    const old = await stand.openOld(schema, "bot", at(path));
    assert.instance(await failure(planDuckdb(path, "bot", told)), LockedError);
    assert.instance(await failure(migrateDuckdb(path, "bot", told, () => {})), LockedError);
    await old.close();
  });

  test("the snapshot that a bot of its schema has left beside its file can be read", async () => {
    const path = await stand.oldFile(schema, "clean");
    const config = { backend: "duckdb", duckdb: { path, snapshot_every: "1h" } } as const;
    const old = await stand.openOld(schema, "bot", config);
    await old.close();
    const snapshot = await readSnapshot(snapshotPath(path));
    assert.equal(snapshot?.positions.map(({ id }) => id).toSorted(), Object.keys(opened.clean).toSorted());
    const known = schema < 3 ? ["saved"] : Object.values(opened.clean);
    assert.equal(new Set(snapshot?.positions.map(({ openedBy }) => openedBy)), new Set(known), "as far as it says");
  });

  test("what is planned is told, and leaves the file byte for byte", async () => {
    const path = await stand.oldFile(schema, "crashed");
    const before = await readFile(path);
    const { from, to, notes, stops } = await planDuckdb(path, "bot", told);
    assert.equal([from, to, stops], [schema, SCHEMA_VERSION, []]);
    assert.ok(notes.length >= expectedNotes.length, "the bot went on before it crashed");
    assert.equal(await readFile(path), before);
    const clean = await planDuckdb(await stand.oldFile(schema, "clean"), "bot", told);
    assert.equal(clean.notes.toSorted(), expectedNotes.toSorted());
  });

  test.run();
}

function fileOfToday(stand: MigrationStand): void {
  const test = suite("migrations: DuckDB, a file of this version");

  test("a file of this version is read alike by the tables that are kept for the next migration", async () => {
    const path = stand.path("today.db");
    const manager = await StateManager.open("bot", at(path), { instanceId: "bot-1" });
    await fill(manager);
    const expected = await manager.exportFlow();
    await manager.close();
    const file = await FlowFile.open(path);
    const found = await readTables(file.connection, SCHEMA_VERSION).finally(() => file.close());
    // The manager signed off when it closed.
    const signedOff = ["execution:instances", "execution:versions"].map((key) => ({ key, what: "bot-1" }));
    assert.equal(
      differences(found, expected).filter(({ key }) => DERIVED[key] === undefined),
      signedOff,
    );
  });

  test.run();
}
