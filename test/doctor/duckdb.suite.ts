import { execFile } from "node:child_process";
import { readFile, stat, truncate, writeFile } from "node:fs/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkDuckdb, duckdbFacts } from "../../src/doctor/duckdb.js";
import type { Finding } from "../../src/doctor/finding.js";
import type { Expected } from "../../src/doctor/state-checks.js";
import type { TransferStand } from "../transfer/stand.js";

const EXPECTED: Expected = { maxStateAge: 86_400_000, deadAfter: 60_000, limits: {} };

/** A process that opens the flow, makes a change and ends by SIGKILL. */
const CRASH = `
  import { StateManager } from "${new URL("../../src/index.ts", import.meta.url).href}";
  const manager = await StateManager.open("bot", { backend: "duckdb", duckdb: { path: process.argv[1] } });
  await manager.markSignalProcessed("s", "A/USDT");
  process.kill(process.pid, "SIGKILL");
`;

export function duckdbDoctor(stand: TransferStand): void {
  const test = suite("doctor: duckdb");

  async function wellFile(): Promise<string> {
    const file = `${stand.fresh()}.db`;
    await using manager = await stand.openDuckdb(file, "bot");
    await manager.heartbeat();
    await manager.savePosition({ id: "p", pair: "A/USDT", side: "long", size: 2, entryPrice: 3 });
    return stand.path(file);
  }

  async function findings(path: string, flowId?: string): Promise<Finding[]> {
    return checkDuckdb(await duckdbFacts(path, flowId), EXPECTED);
  }

  function has(found: readonly Finding[], level: Finding["level"], subject: string, words: RegExp): void {
    const told = found.map((each) => `${each.level} ${each.subject}: ${each.found}`);
    assert.ok(
      found.some((each) => each.level === level && each.subject === subject && words.test(each.found)),
      told.join("\n"),
    );
  }

  async function change(path: string, sql: string): Promise<void> {
    const instance = await DuckDBInstance.create(path);
    const connection = await instance.connect();
    await connection.run(sql);
    connection.closeSync();
    instance.closeSync();
  }

  test("a file that is well has no problem, and is left byte for byte as it is", async () => {
    const path = await wellFile();
    const before = await readFile(path);
    const found = await findings(path);
    assert.equal(
      found.filter(({ level }) => level === "problem"),
      [],
    );
    for (const subject of ["file", "size", "journal", "disk", "schema", "records", "sums"])
      has(found, "ok", subject, /./);
    assert.ok(before.equals(await readFile(path)));
  });

  test("found: no file, another flow, a file that a bot holds, a file that is damaged", async () => {
    has(await findings(stand.path("nowhere.db")), "problem", "file", /there is no file/);
    const path = await wellFile();
    has(await findings(path, "other"), "problem", "file", /holds the flow "bot"/);
    const held = stand.fresh();
    await using _ = await stand.openDuckdb(`${held}.db`, held);
    has(
      await findings(stand.path(`${held}.db`)),
      "ok",
      "file",
      new RegExp(`is open in process ${process.pid} .*, which answers, and holds the flow`),
    );
    await truncate(path, (await stat(path)).size / 2);
    has(await findings(path), "problem", "file", /not a state file that can be read/);
    await writeFile(path, "something else");
    has(await findings(path), "problem", "file", /./);
  });

  test("found: a bot that did not close its file; nothing is lost, and the file is left as it is", async () => {
    const path = await wellFile();
    await new Promise<void>((resolve) => {
      execFile(process.execPath, ["--import", "tsx", "--input-type=module", "-e", CRASH, path], () => resolve());
    });
    const size = (await stat(`${path}.wal`)).size;
    const found = await findings(path);
    has(found, "note", "journal", /did not close it: 1 commit in the journal/);
    assert.is((await stat(`${path}.wal`)).size, size);
    await using manager = await stand.openDuckdb(path.slice(stand.folder.length + 1), "bot");
    assert.is(await manager.isSignalProcessed("s"), true);
  });

  test("found: tables that were changed by hand", async () => {
    const wrong = await wellFile();
    await change(wrong, "UPDATE positions SET notional = 60");
    has(await findings(wrong), "problem", "sums", /position p takes 60 .* is 6$/);
    const stale = await wellFile();
    await change(stale, "UPDATE heartbeat SET last_heartbeat = now() - INTERVAL 3 DAY");
    has(await findings(stale), "problem", "heartbeat", /3 days old|72 h old/);
    const double = await wellFile();
    await change(double, "INSERT INTO positions SELECT * FROM positions");
    has(await findings(double), "problem", "file", /two rows of "p"/);
    const gap = await wellFile();
    await change(gap, "INSERT INTO journal VALUES (1, now(), '{}'), (3, now(), '{}')");
    has(await findings(gap), "problem", "file", /journal: row 2 is missing/);
  });

  test("found: a disk that is nearly full", async () => {
    const facts = await duckdbFacts(await wellFile(), undefined);
    has(checkDuckdb({ ...facts, free: 1024 }, EXPECTED), "problem", "disk", /only 1.0 KiB free/);
  });

  test.run();
}
