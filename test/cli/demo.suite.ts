import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type Config, StateManager } from "../../src/index.js";
import { eventsOf } from "../../sync/demo/flow-log.js";
import { moneyText, sumOf } from "../../sync/demo/money.js";
import { PAIRS } from "../../sync/demo/synthetic-market.js";
import { PaperExchange, planRecovery, recover } from "../../sync/index.js";
import { accountOf } from "../demo/account.js";
import { agreement } from "../demo/agreement.js";
import { environment, sfState } from "./command.js";
import type { Stand, Test } from "./stand.js";
import { Started } from "./started.js";

const FAST = ["--live", "--speed", "100", "--json"];

/** The paper bot in the package: a month in seconds, and in real time. */
export function demo(test: Test, stand: Stand): void {
  test("demo trades to the same totals in memory and on a DuckDB file, and goes on where it stood", async () => {
    const folder = await mkdtemp(join(stand.folder, "demo-"));
    const memory = await sfState(["demo", "--days", "2", "--json"]);
    assert.is(memory.code, 0, memory.stderr);
    const first = await sfState(["demo", "--days", "1", "--json", "--duckdb", folder]);
    assert.is(first.code, 0, first.stderr);
    const second = await sfState(["demo", "--days", "2", "--json", "--duckdb", folder]);
    const run = JSON.parse(second.stdout);
    assert.equal(run.minutes, { all: 2880, before: 1440, now: 1440 });
    assert.equal(run.totals, JSON.parse(memory.stdout).totals);
    assert.ok(run.totals.trades > 0);

    const reset = ["demo", "--days", "1", "--reset", "--json", "--duckdb", folder];
    const asked = await sfState(reset);
    assert.is(asked.code, 2);
    assert.match(asked.stderr, /Delete .*demo-\S+\.db, .* say --yes to agree; nothing was done/);
    const kept = JSON.parse((await sfState(["demo", "--days", "2", "--json", "--duckdb", folder])).stdout);
    assert.equal(kept.minutes, { all: 2880, before: 2880, now: 0 });
    const afresh = await sfState([...reset, "--yes"]);
    assert.equal(JSON.parse(afresh.stdout).minutes, { all: 1440, before: 0, now: 1440 });
  });

  for (const [name, place] of [
    ["a DuckDB file", (folder: string) => ["--duckdb", folder]],
    ["Redis", (folder: string) => ["--url", stand.url, "--state", folder]],
  ] as const) {
    test(`demo --live on ${name} is seen by ls, survives kill -9, ends in order, and nothing was lost or doubled`, async () => {
      const folder = await mkdtemp(join(stand.folder, "live-"));
      const flow = `live-${folder.slice(-6).toLowerCase()}`;
      const args = ["demo", ...FAST, ...place(folder), "--flow", flow];
      {
        using killed = new Started(args, folder);
        await killed.says(/"did":"closed"[\s\S]*"did":"opened"/);
        const seen = await sfState(["status", ...place(folder).slice(0, 2), "--flow", flow, "--json"]);
        assert.is(JSON.parse(seen.stdout).flowId, flow, seen.stderr);
        await killed.end("SIGKILL");
      }
      using again = new Started(args, folder);
      await again.says(/"did":"closed"/);
      assert.is(await again.end("SIGINT"), 0, again.stderr);
      const ended = JSON.parse(again.lines.at(-1) ?? "");
      assert.is(ended.did, "ended");

      const config: Config =
        name === "Redis"
          ? { backend: "redis", redis: { url: stand.url } }
          : { backend: "duckdb", duckdb: { path: join(folder, `${flow}.db`) } };
      await using exchange = new PaperExchange({ file: join(folder, `${flow}.exchange.jsonl`) });
      await using state = await StateManager.open(flow, config, { existing: true });
      // Killed before it sent an order, the bot leaves one that the exchange does not know: after a while a recovery gives it up.
      const { status } = await recover(state, exchange, { grace: 1, settle: 0, confirmDelay: 1 });
      assert.is(status, "recovered");
      const events = await eventsOf(state);
      const days = [...(await state.getDailyHistory()).map(({ pnl }) => pnl)];
      const { dailyPnl, day } = await state.getRiskState();
      if (!(await state.getDailyHistory()).some((past) => past.day === day)) days.push(dailyPnl);
      assert.is(ended.pnl, dailyPnl);
      const checks = agreement({
        account: await accountOf(exchange, { pairs: PAIRS.map(({ pair }) => pair) }),
        events,
        totals: { pnl: moneyText(sumOf(days)) },
        plan: await planRecovery(state, exchange, { mode: "sync", confirmDelay: 1, settle: 0 }),
      });
      for (const { what, faults } of checks) assert.equal(faults, [], what);
    });
  }

  test("demo says what cannot be", async () => {
    for (const [words, why] of [
      [["--live", "--days", "3"], /leave out --days/],
      [["--speed", "3"], /--speed: is of use with --live/],
      [["--live", "--speed", "0"], /above 0/],
      [["--live", "--speed", "1000"], /up to 100/],
      [["--pair", "BTC/USDT"], /--candles/],
      [["--candles", "x.csv", "--seed", "2"], /no seed/],
      [["--candles", "nowhere.csv"], /no file nowhere\.csv/],
      [["--config", "bot.yaml"], /rules of its own/],
      [["--url", stand.url, "--duckdb", "x"], /not both/],
      [["--approve", "0123456789abcdef"], /--recovery manual/],
    ] as const) {
      const { code, stderr } = await sfState(["demo", ...words], environment());
      assert.is(code, 2, stderr);
      assert.match(stderr, why);
    }
  });
}
