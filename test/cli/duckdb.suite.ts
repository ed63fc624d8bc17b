import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type Config, StateManager } from "../../src/index.js";
import { readSnapshot, snapshotPath } from "../../src/snapshot-file.js";
import { bundle } from "../bundle.js";
import { newFlowId } from "../contract/backends.js";
import { failure } from "../contract/expect.js";
import { Child } from "../duckdb/child.js";
import { bytesOf } from "../duckdb/stand.js";
import { until } from "../servers/until.js";
import { sfState } from "./command.js";
import { PseudoTerminal } from "./pseudo-terminal.js";
import type { Stand, Test } from "./stand.js";

const MUTE = await bundle(new URL("../duckdb/holder-without-sockets.ts", import.meta.url));

/** Flows in DuckDB files: those that nobody holds, and those that a bot holds. */
export function duckdb(test: Test, stand: Stand): void {
  async function newFolder(): Promise<string> {
    const folder = join(stand.folder, newFlowId());
    await mkdir(folder);
    return folder;
  }
  const at = (path: string, more: object = {}): Config => ({ backend: "duckdb", duckdb: { path, ...more } });

  test("status reads a file that nobody holds, and leaves it byte for byte as it is", async () => {
    const path = join(await newFolder(), "bot.db");
    await stand.flow("bot", at(path));
    const before = bytesOf(path);
    for (const command of ["status", "positions", "events", "history"]) {
      const { code, stdout, stderr } = await sfState([command, "--duckdb", path]);
      assert.is(code, 0, stderr);
      assert.match(stdout, command === "history" ? "-20.50" : "p-1");
    }
    assert.is(bytesOf(path), before);
  });

  test("the flow of a file is the one in it, whatever the file is called", async () => {
    const path = join(await newFolder(), "renamed.db");
    await stand.flow("bot", at(path));
    assert.match((await sfState(["status", "--duckdb", path])).stdout, /^bot /);
  });

  test("a file that is not there is not made, nor is its folder", async () => {
    const folder = join(stand.folder, "nowhere");
    for (const path of [join(folder, "bot.db"), join(folder, "{flow_id}.db")]) {
      for (const more of [[], ["--flow", "bot"]]) {
        const code = more.length === 0 ? 1 : 4;
        assert.is((await sfState(["status", "--duckdb", path, ...more])).code, code);
      }
    }
    assert.not.ok(existsSync(folder));
  });

  test("ls lists the files of a folder, also by a path with {flow_id}, and changes none", async () => {
    const folder = await newFolder();
    for (const flow of ["one", "two"]) await stand.flow(flow, at(join(folder, "{flow_id}.db")));
    await mkdir(join(folder, "deep-three"));
    await stand.flow("three", at(join(folder, "deep-{flow_id}", "{flow_id}-state.db")));
    await writeFile(join(folder, "notes.txt"), "");
    const before = bytesOf(join(folder, "one.db"));
    for (const [path, expected] of [
      [folder, ["one", "two"]],
      [join(folder, "{flow_id}.db"), ["one", "two"]],
      [join(folder, "deep-{flow_id}", "{flow_id}-state.db"), ["three"]],
    ] as const) {
      const { code, stdout, stderr } = await sfState(["ls", "--duckdb", path, "--json"]);
      assert.is(code, 0, stderr);
      assert.equal(
        JSON.parse(stdout).map(({ flowId }: { flowId: string }) => flowId),
        expected,
      );
    }
    assert.is(bytesOf(join(folder, "one.db")), before);
  });

  test("the breaker of a file is tripped, and the bot that comes next finds it so", async () => {
    const path = join(await newFolder(), "bot.db");
    await stand.flow("bot", at(path));
    assert.is((await sfState(["breaker", "trip", "x", "--yes", "--duckdb", path])).code, 0);
    await using bot = await StateManager.open("bot", at(path));
    assert.is(await bot.checkCircuitBreaker(), true);
  });

  /** A bot that has no socket, and so cannot be asked. */
  async function mute(path: string): Promise<Child> {
    const bot = new Child(MUTE, [path, "EPERM"]);
    assert.match((await bot.line()) ?? "", /^warned/);
    assert.is(await bot.line(), "open");
    return bot;
  }

  test("while a bot that cannot be asked holds the file, the message says who does, and how to see the state all the same", async () => {
    if (process.platform !== "linux") return;
    const path = join(await newFolder(), "bot.db");
    using bot = await mute(path);
    for (const command of [["status"], ["positions"], ["breaker", "trip", "x", "--yes"]]) {
      const { code, stderr } = await sfState([...command, "--duckdb", path]);
      assert.is(code, 3, stderr);
      assert.match(stderr, `is held by process ${bot.pid}`);
      if (command[0] === "status") assert.match(stderr, "duckdb.snapshot_every: 10s");
    }
  });

  test("while a bot that cannot be asked holds the file, status and ls show its last snapshot, and how old it is", async () => {
    if (process.platform !== "linux") return;
    const folder = await newFolder();
    const path = join(folder, "bot.db");
    {
      await using bot = await StateManager.open("bot", at(path, { snapshot_every: "1h" }));
      await bot.savePosition({ id: "held", pair: "BTC/USDT", side: "long", size: 1, entryPrice: 2 });
      await bot.beginRecovery("a look");
    }
    using _ = await mute(path);
    const { code, stdout, stderr } = await sfState(["status", "--duckdb", path]);
    assert.is(code, 1, stderr);
    assert.match(stdout, /^A bot holds the file\. This is its snapshot of \d+ s ago: .*bot\.db\.snapshot\.json$/m);
    assert.match(stdout, /^held +BTC\/USDT +long/m);
    assert.match(stdout, /^recovering +entries are refused: a look$/m);
    const listed = await sfState(["ls", "--duckdb", folder]);
    assert.match(listed.stdout, /^bot .*snapshot of \d+ s ago$/m);
  });

  test("status --watch shows what a running bot does, and goes on with its file when it ends, without holding that", async () => {
    const path = join(await newFolder(), "bot.db");
    await using bot = await StateManager.open("bot", at(path));
    using terminal = new PseudoTerminal(["status", "--watch", "--duckdb", path]);
    await terminal.shows("lease");
    await bot.savePosition({ id: "later", pair: "ETH/USDT", side: "short", size: 1, entryPrice: 2 });
    await terminal.shows(/later +ETH\/USDT/);
    await bot.close();
    await using again = await StateManager.open("bot", at(path));
    await again.savePosition({ id: "last", pair: "SOL/USDT", side: "long", size: 1, entryPrice: 2 });
    await terminal.shows(/last +SOL\/USDT/);
    terminal.type("\u0003");
    assert.is(await terminal.ended(), 0);
  });

  test("a snapshot comes back from its file as it was, and the last one is written at close", async () => {
    const path = join(await newFolder(), "bot.db");
    const account = {
      name: "main",
      currency: "USDT",
      starting_equity: 1_000,
      max_daily_loss: 40,
      breaker_duration: "2h",
    } as const;
    const config = { ...at(path, { snapshot_every: "1h" }), account } as const;
    const bot = await StateManager.open("bot", config);
    await bot.setAccountLimits({ max_exposure: 1e9 });
    await bot.updateDailyPnl(-1.5);
    await bot.triggerAccountBreaker("a look");
    await bot.close();
    await stand.flow("bot", config);
    const stored = await readSnapshot(snapshotPath(path));
    await using again = await StateManager.open("bot", at(path), { existing: true });
    const now = await again.snapshot();
    const told = stored?.account && now.account && { ...now.account, at: stored.account.at };
    // The stand books -20.5.
    assert.equal([told?.breaker.active, told?.equity, told?.flows[0]?.booked], [true, 978, -22]);
    assert.equal(stored, { ...now, at: stored?.at, account: told });
    assert.instance(stored?.at, Date);
  });

  test("a manager that only visits writes no snapshot, and one without snapshot_every neither", async () => {
    const path = join(await newFolder(), "bot.db");
    await stand.flow("bot", at(path));
    await using visitor = await StateManager.open("bot", at(path, { snapshot_every: "100ms" }), { existing: true });
    await visitor.heartbeat();
    await visitor.close();
    assert.not.ok(existsSync(snapshotPath(path)));
  });

  test("a snapshot that cannot be written is told to the logger, and the bot goes on", async () => {
    const path = join(await newFolder(), "bot.db");
    await mkdir(snapshotPath(path));
    const warnings: string[] = [];
    const logger = { info() {}, warn: (message: string) => void warnings.push(message) };
    const bot = await StateManager.open("bot", at(path, { snapshot_every: "1h" }), { logger });
    await bot.heartbeat();
    await bot.close();
    assert.match(warnings.join("\n"), /the snapshot was not written: /);
    assert.equal((await stat(snapshotPath(path))).isDirectory(), true);
  });

  test("a reader never finds half a snapshot, though the bot is killed while it writes", async () => {
    const folder = await newFolder();
    const path = join(folder, "bot.db");
    await stand.flow("bot", at(path));
    const writer = `
      import { StateManager } from "./src/index.js";
      import { writeSnapshot } from "./src/snapshot-file.js";
      const manager = await StateManager.open("bot", { backend: "memory" });
      const snapshot = await manager.snapshot();
      for (let i = 0; i < 500; i++) snapshot.instances.push({ id: "x".repeat(100) + i, lastHeartbeat: new Date() });
      for (;;) await writeSnapshot(${JSON.stringify(snapshotPath(path))}, snapshot);`;
    for (let kills = 0; kills < 3; kills++) {
      const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", writer], {
        stdio: "inherit",
      });
      const gone = new Promise((resolve) => child.once("close", resolve));
      await until("there is a snapshot", async () => (await readSnapshot(snapshotPath(path))) !== undefined);
      for (let reads = 0; reads < 200; reads++)
        assert.is((await readSnapshot(snapshotPath(path)))?.instances.length, 500);
      child.kill("SIGKILL");
      await gone;
      assert.is((await readSnapshot(snapshotPath(path)))?.instances.length, 500);
    }
  });

  test("a file that is no snapshot is told, and left alone", async () => {
    const path = await stand.file("broken.json", '{"flowId":"bot"}');
    const error = await failure(readSnapshot(path));
    assert.match(error.message, "holds no snapshot that this version can read");
    assert.is(await readFile(path, "utf8"), '{"flowId":"bot"}');
  });
}
