/** An account of the one flow of a DuckDB file: it survives kill -9 and closing, is read by SQL, and refuses versions that know no accounts. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { StateManager } from "../../src/index.js";
import { bundle } from "../bundle.js";
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
  await mgr.removePosition("p");
  assert.is((await mgr.getAccount())?.slots, 1);
  await mgr.close();

  const doctor = await sfState(["doctor", "--duckdb", path, "--flow", "bot"]);
  assert.match(doctor.stdout, /the sums of account main are those of its flow/);
  await sql(path, "UPDATE account_flows SET slots = 7", "READ_WRITE");
  const found = await sfState(["doctor", "--duckdb", path, "--flow", "bot"]);
  assert.match(found.stdout, /account main: the number of slots of flow bot is 1, and 7 in the account/);
});

test.run();
