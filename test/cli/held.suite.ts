import { copyFileSync, readFileSync, statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { PaperExchange } from "../../sync/index.js";
import { bundle } from "../bundle.js";
import { newFlowId } from "../contract/backends.js";
import { Child } from "../duckdb/child.js";
import { until } from "../servers/until.js";
import { sfState } from "./command.js";
import { PseudoTerminal } from "./pseudo-terminal.js";
import type { Stand, Test } from "./stand.js";

const BOT = await bundle(new URL("./held-bot.ts", import.meta.url));

/** A bot in a process of its own, its file, and the real command beside it. */
export function held(test: Test, stand: Stand): void {
  if (process.platform === "win32") return;

  async function newPath(): Promise<string> {
    const folder = join(stand.folder, newFlowId());
    await mkdir(folder);
    return join(folder, "bot.db");
  }

  async function start(path: string): Promise<Child> {
    const bot = new Child(BOT, [path]);
    assert.is(await bot.line(), "open");
    return bot;
  }

  async function tell(bot: Child, line: string): Promise<string | undefined> {
    bot.say(line);
    return bot.line();
  }

  async function isStopped({ pid }: Child): Promise<boolean> {
    return /\) T /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  }

  test("a running bot is seen as it is: positions, status, ls, history, doctor", async () => {
    const path = await newPath();
    using bot = await start(path);
    assert.is(await tell(bot, "save p-2"), "saved");
    for (const command of ["positions", "status", "events"]) {
      const { code, stdout, stderr } = await sfState([command, "--duckdb", path]);
      assert.is(code, 0, stderr);
      assert.match(stdout, "p-1");
      assert.match(stdout, "p-2");
      assert.not.match(stdout, "snapshot");
    }
    assert.match((await sfState(["ls", "--duckdb", join(path, "..")])).stdout, /^bot +quiet/m);
    const { code, stdout } = await sfState(["doctor", "--duckdb", path]);
    assert.match(stdout, `is open in process ${bot.pid} `);
    assert.match(stdout, "which answers, and holds the flow bot");
    assert.is(code, 0, stdout);
  });

  test("the flow is known by what the bot says, whatever the file is called", async () => {
    const path = join(await newPath(), "..", "renamed file.db");
    using _ = await start(path);
    assert.match((await sfState(["status", "--duckdb", path])).stdout, /^bot /);
    const { code, stderr } = await sfState(["status", "--duckdb", path, "--flow", "another"]);
    assert.is(code, 2, stderr);
    assert.match(stderr, 'holds the flow "bot", not "another"');
  });

  test("the kill switch: a breaker that the command trips refuses the bot's next entry, and a reset lets it go ahead", async () => {
    const path = await newPath();
    using bot = await start(path);
    assert.is(await tell(bot, "admit s-1"), "admitted");
    const tripped = await sfState(["breaker", "trip", "enough", "--for", "2h", "--yes", "--duckdb", path]);
    assert.is(tripped.code, 0, tripped.stderr);
    assert.is(await tell(bot, "admit s-2"), "circuit_breaker");
    const { stdout } = await sfState(["events", "--json", "--duckdb", path]);
    const trip = JSON.parse(stdout).find(({ type }: { type: string }) => type === "breaker_tripped");
    assert.match(trip.instance, /^sf-state@/);
    assert.is((await sfState(["breaker", "reset", "--yes", "--duckdb", path])).code, 0);
    assert.is(await tell(bot, "admit s-3"), "admitted");
  });

  test("the kill switch for all: flows that bots have open, and those that nobody has", async () => {
    const path = await newPath();
    using bot = await start(path);
    const folder = join(path, "..");
    await stand.flow("free", { backend: "duckdb", duckdb: { path: join(folder, "free.db") } });
    const { code, stdout, stderr } = await sfState([
      "breaker",
      "trip",
      "all of them",
      "--all",
      "--yes",
      "--duckdb",
      folder,
    ]);
    assert.is(code, 0, stdout + stderr);
    assert.match(stdout, /^bot +entries are blocked/m);
    assert.match(stdout, /^free +entries are blocked/m);
    assert.is(await tell(bot, "admit s-1"), "circuit_breaker");
    assert.is((await sfState(["breaker", "--flow", "free", "--duckdb", folder])).code, 1);
  });

  test("events --follow shows what the bot does, until Ctrl-C; where nobody has the file open it says so", async () => {
    const path = await newPath();
    using bot = await start(path);
    using terminal = new PseudoTerminal(["events", "--follow", "--duckdb", path]);
    await terminal.shows(/position_saved +p-1/);
    assert.is(await tell(bot, "save later"), "saved");
    await terminal.shows(/position_saved +later/);
    assert.is(await tell(bot, "save latest"), "saved");
    await terminal.shows(/position_saved +latest/);
    terminal.type("\u0003");
    assert.is(await terminal.ended(), 0);
    assert.is(await tell(bot, "close"), "closed");
    const { code, stderr } = await sfState(["events", "--follow", "--duckdb", path]);
    assert.is(code, 2);
    assert.match(stderr, "no bot has the file open");
  });

  test("a follower is told when its bot ends", async () => {
    const path = await newPath();
    using bot = await start(path);
    using terminal = new PseudoTerminal(["events", "--follow", "--duckdb", path]);
    await terminal.shows(/position_saved +p-1/);
    bot.kill();
    assert.is(await terminal.ended(), 3);
    assert.match(terminal.text.replace(/\s+/g, " "), "the bot that held the file");
  });

  test("sql, report and trades are answered by the bot that has the file open, and cash and limits are written through it", async () => {
    const path = await newPath();
    using bot = await start(path);
    const run = (...args: string[]) => sfState([...args, "--duckdb", path]);
    assert.is((await run("positions", "close", "p-1", "--pnl", "-12.5", "--reason", "by hand", "--yes")).code, 0);
    const cash = await run("cash", "book", "-0.5", "--id", "c-1", "--kind", "interest", "--yes");
    assert.is(cash.code, 0, cash.stderr);
    assert.is((await run("transfer", "100", "--id", "t-1", "--yes")).code, 0);
    assert.is((await run("risk", "set", "max_exposure=1000", "--yes")).code, 0);
    const unset = await run("risk", "unset", "max_exposure", "--yes");
    assert.match(unset.stdout, /^max_exposure +none *$/m);

    const asked = await run("sql", "select pair, sum(pnl) as pnl, count(*) as n from trades group by 1", "--json");
    assert.is(asked.code, 0, asked.stderr);
    assert.equal(JSON.parse(asked.stdout), [{ pair: "ETH/USDT", pnl: -12.5, n: 1 }]);
    const events = await run("sql", "select count(*) as n from events where type = 'cash_booked'", "--json");
    assert.equal(JSON.parse(events.stdout), [{ n: 1 }]);
    const report = await run("report", "--json");
    assert.is(report.code, 0, report.stderr);
    assert.is(JSON.parse(report.stdout).flowId, "bot");
    assert.match((await run("report", "--md")).stdout, /-12\.5/);
    assert.match((await run("trades", "--csv")).stdout, /by hand/);
    assert.is(await tell(bot, "save p-2"), "saved");
    assert.is((await run("sql", "select id from positions", "--json")).stdout, '[\n  {\n    "id": "p-2"\n  }\n]\n');
  });

  test("a backup is made of a running bot, and restored", async () => {
    const path = await newPath();
    using bot = await start(path);
    const backup = `${path}.jsonl.gz`;
    const made = await sfState(["backup", backup, "--duckdb", path]);
    assert.is(made.code, 0, made.stderr);
    assert.is(await tell(bot, "save p-2"), "saved");
    const copy = join(await newPath(), "..", "bot.db");
    const restored = await sfState(["restore", backup, "--duckdb", copy, "--yes"]);
    assert.is(restored.code, 0, restored.stderr);
    const { stdout } = await sfState(["positions", "--duckdb", copy]);
    assert.match(stdout, "p-1");
    assert.not.match(stdout, "p-2");
    assert.is(await tell(bot, "close"), "closed");
  });

  test("what would replace the file of a running bot is refused, and the bot works on", async () => {
    const path = await newPath();
    using bot = await start(path);
    const backup = `${path}.jsonl`;
    assert.is((await sfState(["backup", backup, "--duckdb", path])).code, 0);
    assert.is(await tell(bot, "save p-2"), "saved");
    const { code, stderr } = await sfState(["restore", backup, "--duckdb", path, "--replace", "--yes"]);
    assert.is(code, 3, stderr);
    assert.match(stderr, `is held by process ${bot.pid}`);
    assert.is(await tell(bot, "admit s-1"), "admitted");
  });

  test("after kill -9 of the bot the same commands work on the file, though the bot's socket is still there", async () => {
    const path = await newPath();
    using bot = await start(path);
    bot.kill();
    await bot.end();
    assert.ok(statSync(`${path}.sock`).isSocket());
    const { code, stdout, stderr } = await sfState(["positions", "--duckdb", path]);
    assert.is(code, 0, stderr);
    assert.match(stdout, "p-1");
    assert.is((await sfState(["breaker", "trip", "dead", "--yes", "--duckdb", path])).code, 0);
    using next = await start(path);
    assert.is(await tell(next, "admit s-1"), "circuit_breaker");
  });

  test("a bot that stands still is named, with its pid and since when, and nothing is sent to it", async () => {
    const path = await newPath();
    using bot = await start(path);
    process.kill(bot.pid, "SIGSTOP");
    await until("the bot is stopped", () => isStopped(bot));
    for (const command of [["breaker", "trip", "now", "--yes"], ["positions"], ["status"]]) {
      const { code, stderr } = await sfState([...command, "--duckdb", path]);
      assert.is(code, 5, stderr);
      assert.match(stderr, `is held by process ${bot.pid}, which has not answered since about 20`);
      assert.match(stderr, /\(\d+ s ago\): its event loop stands still, or the process is stopped/);
      assert.match(stderr, `kill -9 ${bot.pid}`);
    }
    process.kill(bot.pid, "SIGCONT");
    assert.is(await tell(bot, "admit s-1"), "admitted");
    assert.is((await sfState(["breaker", "trip", "now", "--yes", "--duckdb", path])).code, 0);
    assert.is(await tell(bot, "admit s-2"), "circuit_breaker");
  });

  test("kill -9 of a bot that stands still lets the same command work", async () => {
    const path = await newPath();
    using bot = await start(path);
    process.kill(bot.pid, "SIGSTOP");
    await until("the bot is stopped", () => isStopped(bot));
    assert.is((await sfState(["positions", "--duckdb", path])).code, 5);
    bot.kill();
    await bot.end();
    assert.match((await sfState(["positions", "--duckdb", path])).stdout, "p-1");
  });

  test("a bot that has copied its own file, and so lost DuckDB's lock, is asked all the same", async () => {
    const path = await newPath();
    using bot = await start(path);
    copyFileSync(path, `${path}.copy`);
    assert.match((await sfState(["positions", "--duckdb", path])).stdout, "p-1");
    assert.is(await tell(bot, "close"), "closed");
  });

  test("recover --dry-run plans for a running bot, and changes nothing", async () => {
    const path = await newPath();
    using bot = await start(path);
    const file = `${path}.exchange`;
    {
      await using exchange = new PaperExchange({ file, clock: () => Date.now() - 60_000 });
      await exchange.setPrice("BTC/USDT", 10);
      await exchange.trade({ pair: "BTC/USDT", side: "sell", size: 3 });
    }
    const before = await sfState(["events", "--json", "--duckdb", path]);
    const { code, stdout, stderr } = await sfState([
      "recover",
      "--dry-run",
      "--exchange",
      `paper:${file}`,
      "--duckdb",
      path,
    ]);
    assert.is(code, 1, stdout + stderr);
    assert.match(stdout, /close short 3 BTC\/USDT, which is not in state/);
    assert.is((await sfState(["events", "--json", "--duckdb", path])).stdout, before.stdout);
    assert.is(await tell(bot, "close"), "closed");
  });
}
