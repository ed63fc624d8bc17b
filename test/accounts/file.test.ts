/** An account of the one flow of a DuckDB file: it survives kill -9 and closing, is read by SQL, and refuses versions that know no accounts. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runProgram } from "../../src/cli/commands/program.js";
import { StateManager } from "../../src/index.js";
import { bundle } from "../bundle.js";
import { CapturedTerminal } from "../cli/captured-terminal.js";
import { sfState } from "../cli/command.js";
import { failure } from "../contract/expect.js";
import * as before from "./before/signalflow-state.mjs";
import { configOf, trade } from "./file.js";

const test = suite("accounts, in a file");
const folder = mkdtempSync(join(tmpdir(), "sf-account-file-"));
const program = await bundle(new URL("file-bot.ts", import.meta.url));

test.after(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const fresh = () => join(folder, `${++files}.db`);

async function sql(path: string, query: string, access_mode = "READ_ONLY"): Promise<unknown> {
  const instance = await DuckDBInstance.create(path, { access_mode });
  const connection = await instance.connect();
  const rows = (await connection.runAndReadAll(query)).getRowObjectsJson();
  connection.closeSync();
  instance.closeSync();
  return rows;
}

/** What a status says, but for when it was asked. */
function timeless(status: unknown): unknown {
  const { at: _, ...told } = JSON.parse(JSON.stringify(status));
  return told;
}

test("what a bot that is killed was told of its account is there when the file is opened again, and after it was closed", async () => {
  const path = fresh();
  const bot = fork(program, [path], { execArgv: [] });
  const [[told], [, signal]] = await Promise.all([once(bot, "message"), once(bot, "exit")]);
  assert.is(signal, "SIGKILL");
  assert.equal([told.slots, told.exposure, told.equity], [2, 250.5, 1_087.75]);
  for (let opens = 0; opens < 2; opens++) {
    await using mgr = await StateManager.open("bot", configOf(path), { instanceId: "bot-2" });
    assert.equal(timeless(await mgr.getAccount()), timeless(told));
    const entry = { signalId: `again-${opens}`, pair: "BTC/USDT", side: "long", size: 1, price: 1 } as const;
    const answer = await mgr.admit(entry);
    assert.is(answer.admitted ? "admitted" : answer.reason, "account_circuit_breaker");
  }
});

test("its tables are typed, and read by SQL", async () => {
  const path = fresh();
  {
    await using mgr = await StateManager.open("bot", configOf(path), { instanceId: "bot-1" });
    await trade(mgr);
  }
  assert.equal(
    await sql(path, "SELECT account, is_in, daily_pnl, notional, slots, equity, breaker_reason FROM account_risk"),
    [
      {
        ...{ account: "main", is_in: "1", daily_pnl: "-12.25000000", notional: "250.50000000", slots: "2" },
        ...{ equity: "1087.75", breaker_reason: "a look" },
      },
    ],
  );
  assert.equal(await sql(path, "SELECT flow_id, notional, slots, booked, transferred FROM account_flows"), [
    {
      ...{ flow_id: "bot", notional: "250.50000000", slots: "2" },
      ...{ booked: "-12.25000000", transferred: "100.00000000" },
    },
  ]);
  assert.equal(await sql(path, "SELECT name, value, set_by, who FROM account_limits ORDER BY name"), [
    { name: "max_daily_loss", value: 50, set_by: "config", who: "bot-1" },
    { name: "max_exposure", value: 500, set_by: "call", who: "bot-1" },
    { name: "max_open_positions", value: 3, set_by: "config", who: "bot-1" },
  ]);
  assert.equal(await sql(path, "SELECT flow_id, pair, slots FROM account_slots ORDER BY ALL"), [
    { flow_id: "bot", pair: "BTC/USDT", slots: "1" },
    { flow_id: "bot", pair: "ETH/USDT", slots: "1" },
    { flow_id: null, pair: "BTC/USDT", slots: "1" },
    { flow_id: null, pair: "ETH/USDT", slots: "1" },
  ]);
});

test("version 0.4.0 is refused by name while its flow is in the account, and opens the file once it has left", async () => {
  const path = fresh();
  const config = { backend: "duckdb", duckdb: { path } } as const;
  const old = await before.StateManager.open("bot", config);
  await old.savePosition({ id: "old", pair: "BTC/USDT", side: "long", size: 1, entryPrice: 1 });
  await old.close();
  const mgr = await StateManager.open("bot", { ...config, risk: { currency: "USDT" } });
  await mgr.joinAccount("main");
  await mgr.updateDailyPnl(-3);
  await mgr.close();
  const error = await failure(before.StateManager.open("bot", config));
  assert.match(error.message, /was written by schema 5, this version knows 4: upgrade signalflow-state/);
  await mgr.connect();
  assert.is((await mgr.getAccount())?.slots, 1);
  assert.is(await mgr.leaveAccount(), true);
  await mgr.close();
  const again = await before.StateManager.open("bot", config);
  assert.equal(
    (await again.getPositions()).map(({ id }) => id),
    ["old"],
  );
  await again.close();
  await mgr.connect();
  await mgr.joinAccount("main");
  const status = await mgr.getAccount();
  assert.equal([status?.slots, status?.flows[0]?.booked], [1, -3], "what it booked there stayed");
  await mgr.close();
});

test("a backup put back in its place stays in the account, with what it holds for its part; doctor finds sums that were changed by hand", async () => {
  const [path, backup] = [fresh(), join(folder, "backup.json")];
  const mgr = await StateManager.open("bot", configOf(path), { instanceId: "bot-1" });
  await trade(mgr);
  await mgr.close();
  const saved = await sfState(["backup", backup, "--duckdb", path, "--flow", "bot"]);
  assert.is(saved.code, 0, saved.stderr);
  await mgr.connect();
  await mgr.closePosition("p", { pnl: 7 });
  await mgr.close();

  const restored = await sfState(["restore", backup, "--duckdb", path, "--flow", "bot", "--replace", "--yes"]);
  assert.is(restored.code, 0, restored.stderr);
  await mgr.connect();
  const status = await mgr.getAccount();
  assert.equal([status?.slots, status?.exposure, status?.dailyPnl], [2, 250.5, -5.25], "what was booked stays booked");
  assert.not.match(restored.stderr, /account main/);
  await mgr.removePosition("p");
  assert.is((await mgr.getAccount())?.slots, 1);
  await mgr.close();

  const elsewhere = fresh();
  const beside = await sfState(["restore", backup, "--duckdb", elsewhere, "--flow", "bot"]);
  assert.is(beside.code, 0, beside.stderr);
  assert.match(
    beside.stderr,
    /note: it was in account main, and it is in none at the DuckDB file .*sf-state account join main/,
  );

  const doctor = await sfState(["doctor", "--duckdb", path, "--flow", "bot"]);
  assert.match(doctor.stdout, /the sums of account main are those of its flow/);
  await sql(path, "UPDATE account_flows SET slots = 7", "READ_WRITE");
  const found = await sfState(["doctor", "--duckdb", path, "--flow", "bot"]);
  assert.match(found.stdout, /account main: the number of slots of flow bot is 1, and 7 in the account/);
});

for (const isHeld of [true, false]) {
  const by = isHeld ? "by the bot that holds the file" : "in a file that nobody holds";
  test(`the commands of an account and its breaker work on it ${by}`, async () => {
    const path = fresh();
    const mgr = await StateManager.open("bot", configOf(path), { instanceId: "bot-1" });
    await mgr.savePosition({ id: "p", pair: "BTC/USDT", side: "long", size: 2, entryPrice: 100 });
    if (!isHeld) await mgr.close();
    // In this process, since they are many; it reaches the bot through its socket all the same.
    const run = async (...args: string[]) => {
      const terminal = new CapturedTerminal();
      const code = await runProgram([...args, "--duckdb", path], terminal);
      return { code, stdout: terminal.stdout, stderr: terminal.stderr };
    };
    const done = async (...args: string[]) => {
      const { code, stdout, stderr } = await run(...args, "--yes", "--json");
      assert.is(code, 0, `${args.join(" ")}: ${stdout}${stderr}`);
      return JSON.parse(stdout);
    };
    /** What the command said it did is what the bot, and a status without --account, see. */
    const status = async (expected: number) => {
      const { code, stdout } = await run("account", "status", "--json");
      assert.is(code, expected, stdout);
      const told = JSON.parse(stdout);
      if (isHeld) assert.equal(timeless(await mgr.getAccount()), timeless(told));
      return told;
    };

    const joins = async () => (await run("events", "--json")).stdout.match(/"account_joined"/g)?.length;

    assert.match(
      (await sfState(["account", "status", "--account", "main", "--duckdb", path])).stdout,
      /^bot .* 1 .*200/m,
    );
    for (const asked of [
      ["account", "set", "max_exposure=500"],
      ["account", "unset", "max_exposure"],
      ["breaker", "trip", "a look", "--account", "main"],
      ["breaker", "reset", "--account", "main"],
    ]) {
      const { code, stderr } = await run(...asked);
      assert.equal([code, /say --yes to agree; nothing was done/.test(stderr)], [2, true], stderr);
    }
    assert.equal((await status(0)).limits, { max_daily_loss: 50, max_open_positions: 3 });

    const set = await done("account", "set", "max_exposure=500", "max_daily_loss=40", "breaker_duration=until_reset");
    const inForce = { max_daily_loss: 40, max_open_positions: 3, max_exposure: 500 };
    assert.equal(set, { ...inForce, breaker_duration: "until_reset" });
    const { limits, limitOrigins, breakerDuration } = await status(0);
    assert.equal([limits, breakerDuration.value, breakerDuration.by], [inForce, "until_reset", "call"]);
    assert.equal([limitOrigins.max_exposure.by, limitOrigins.max_open_positions.who], ["call", "bot-1"]);
    assert.match(limitOrigins.max_exposure.who, /^sf-state@/);
    await done("account", "unset", "max_exposure", "--account", "main");
    assert.equal((await status(0)).limits, { max_daily_loss: 40, max_open_positions: 3 });

    const { until, account } = await done("breaker", "trip", "a look", "--account", "main");
    assert.equal([until, account], [undefined, "main"]);
    const { breaker } = await status(1);
    assert.equal([breaker.active, breaker.reason, breaker.source], [true, "a look", "manual"]);
    if (isHeld) {
      const entry = { signalId: "s", pair: "BTC/USDT", side: "long", size: 1, price: 1 } as const;
      const answer = await mgr.admit(entry);
      assert.is(answer.admitted ? "admitted" : answer.reason, "account_circuit_breaker");
    }
    assert.match((await run("doctor")).stdout, /ok +account sums +the sums of account main are those of its flow/);
    assert.is((await done("breaker", "reset", "--account", "main", "--flow", "bot")).reset, true);
    assert.is((await status(0)).breaker.active, false);

    const other = await run("account", "status", "--account", "other");
    assert.is(other.code, 4, other.stdout);
    assert.match(other.stderr, /flow bot is in account main, not in other/);
    const own = await run("account", "forget", "bot", "--yes");
    assert.is(own.code, 2, own.stdout);
    assert.match(own.stderr, /flow bot is there, and in account main: it leaves with sf-state account leave/);
    const none = await run("account", "forget", "nobody", "--yes");
    assert.equal([none.code, /account main has no flow nobody/.test(none.stderr)], [1, true], none.stderr);

    await done("account", "leave", "--flow", "bot");
    const left = await run("account", "status");
    assert.equal([left.code, /flow bot is in no account/.test(left.stderr)], [4, true], left.stderr);
    if (isHeld) assert.is(await mgr.getAccount(), undefined);
    assert.is((await run("account", "leave", "--yes")).code, 1);
    await done("account", "join", "second");
    const again = await status(0);
    assert.equal([again.name, again.slots, again.exposure], ["second", 1, 200]);
    // Without --yes: where nothing is to be done, nobody is asked.
    const joined = await joins();
    const twice = await run("account", "join", "second");
    assert.equal([twice.code, twice.stdout], [0, "bot is in account second already; nothing was done\n"], twice.stderr);
    assert.is((await done("account", "join", "second")).joined, false);
    const elsewhere = await run("account", "join", "third");
    assert.is(elsewhere.code, 1, elsewhere.stdout);
    assert.match(elsewhere.stderr, /bot is in account second: take it out first, .* account leave; nothing was done/);
    const misnamed = await run("account", "join", "@main");
    assert.is(misnamed.code, 2, misnamed.stdout);
    assert.match(misnamed.stderr, /name: expected a name of 1 to 64 .*, got "@main"/);
    const config = join(folder, `${isHeld}.json`);
    const second = { name: "second", currency: "USDT", starting_equity: 750 };
    writeFileSync(config, JSON.stringify({ backend: "duckdb", duckdb: { path }, account: second, flow: "bot" }));
    const equity = new CapturedTerminal();
    assert.is(await runProgram(["account", "join", "second", "--config", config, "--yes"], equity), 0, equity.stderr);
    assert.match(equity.stdout, /account second: its starting equity is 750; bot was in it already/);
    assert.is((await status(0)).startingEquity, 750);
    assert.is(await joins(), joined);
    if (isHeld) await mgr.removePosition("p");
    else {
      await using bot = await StateManager.open("bot", { backend: "duckdb", duckdb: { path } });
      await bot.removePosition("p");
    }
    assert.equal((await status(0)).slotsByPair, {});
    await mgr.close();
  });
}

test.run();
