import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import * as assert from "uvu/assert";
import { runProgram } from "../../src/cli/commands/program.js";
import { type Config, StateManager } from "../../src/index.js";
import { newFlowId } from "../contract/backends.js";
import { Clock, HOUR } from "../contract/clock.js";
import { LIFE_CONFIG, playLife } from "../report/random-flow.js";
import { CapturedTerminal } from "./captured-terminal.js";
import { sfState } from "./command.js";
import type { Stand, Test } from "./stand.js";

const BEGIN = Date.UTC(2026, 8, 1, 7);
const HOSTILE = '=cmd()|"<script>\u202E\u001b[31m';

/** A terminal of 80 columns. */
class Screen extends CapturedTerminal {
  override readonly isScreen = true;
}

/** Trades, reports, questions in SQL and exports: of Redis and of a DuckDB file. */
export function reporting(test: Test, stand: Stand): void {
  /** The same three weeks in Redis and in a file; how to name each on the command line. */
  async function weeks(): Promise<readonly (readonly string[])[]> {
    const flow = newFlowId();
    const redis = await stand.ownConfig(LIFE_CONFIG);
    const duckdb: Config = {
      ...LIFE_CONFIG,
      backend: "duckdb",
      duckdb: { path: join(stand.folder, `${flow}.db`) },
    };
    for (const config of [redis.config, duckdb]) {
      const clock = new Clock(BEGIN);
      await using manager = await StateManager.open(flow, config, { clock: clock.read, instanceId: "bot" });
      await playLife(manager, clock, 7, { days: 21, stepsADay: 8 });
    }
    const file = await stand.file(`${flow}.json`, JSON.stringify(duckdb));
    return [
      ["--flow", flow, "--config", redis.file],
      ["--flow", flow, "--config", file],
    ];
  }

  /** Runs it at each place; the answer is the same at all, and is returned. */
  async function alike(places: readonly (readonly string[])[], ...args: string[]): Promise<string> {
    const answers = [];
    for (const place of places) {
      const { code, stdout, stderr } = await sfState([...args, ...place]);
      assert.is(code, 0, `${args.join(" ")}: ${stderr}`);
      answers.push(stdout);
    }
    const [first = ""] = answers;
    for (const answer of answers) assert.is(answer, first, args.join(" "));
    return first;
  }

  let made: Promise<readonly (readonly string[])[]> | undefined;
  const places = () => {
    made ??= weeks();
    return made;
  };

  test("trades are filtered and paged, and the pages are all of them", async () => {
    const at = await places();
    const all: { key: string; side: string; pair: string; reason: string; exitTs: string }[] = JSON.parse(
      await alike(at, "trades", "--json", "--limit", "10000"),
    );
    assert.ok(all.length > 30, `${all.length} trades`);
    const some = JSON.parse(
      await alike(
        at,
        "trades",
        "--json",
        "--side",
        "short",
        "--pair",
        "ETH/USDT",
        "--from",
        "2026-09-05",
        "--to",
        "2026-09-15",
        "--reason",
        "tp",
      ),
    );
    const [from, to] = ["2026-09-05T06:00:00.000Z", "2026-09-15T06:00:00.000Z"];
    assert.equal(
      some,
      all.filter(
        (t) => t.side === "short" && t.pair === "ETH/USDT" && t.exitTs >= from && t.exitTs < to && t.reason === "tp",
      ),
    );
    const paged = [];
    for (let after = "0-0"; ; ) {
      const page = JSON.parse(await alike(at.slice(0, 1), "trades", "--json", "--limit", "20", "--after", after));
      paged.push(...page);
      if (page.length < 20) break;
      after = page.at(-1).key;
    }
    assert.equal(paged, all);
    const csv = await alike(at, "trades", "--csv");
    assert.is(csv.split("\r\n").length, all.length + 2);
    assert.match(csv, /^key,id,pair,side,size,entry_price,/);
    assert.match(await alike(at, "trades", "--limit", "2"), new RegExp(`the newest 2 of ${all.length} trades`));
    assert.is((await sfState(["trades", "--side", "up", ...(at[0] ?? [])])).code, 2);
  });

  test("on 80 columns every trade is one line, with a short id; --wide has all of it", async () => {
    const [place = []] = await places();
    const shown = async (...more: string[]) => {
      const terminal = new Screen();
      assert.is(await runProgram(["trades", "--limit", "500", ...more, ...place], terminal), 0, terminal.stderr);
      return terminal.stdout.trimEnd().split("\n");
    };
    const trades: { id: string }[] = JSON.parse(
      (await sfState(["trades", "--json", "--limit", "500", ...place])).stdout,
    );
    const [head, ...rows] = await shown();
    assert.match(head ?? "", /^ENDED \(UTC\) +PAIR +WAS +PNL USDT +REASON +ID$/i);
    assert.is(rows.length, trades.length);
    for (const [at, row] of rows.entries()) {
      assert.ok(row.length <= 80, row);
      const id = / (\S+?)…?$/.exec(row)?.[1] ?? "";
      assert.ok(id.length >= 8 && trades[at]?.id.startsWith(id), `${row}: ${trades[at]?.id}`);
    }
    const wide = await shown("--wide");
    assert.equal(
      wide.slice(1).map((row) => row.split(/ +/).at(-1)),
      trades.map(({ id }) => id),
    );
  });

  test("a report has the same figures over Redis and a file, as text, Markdown, HTML and JSON", async () => {
    const at = await places();
    const period = ["--from", "2026-09", "--to", "2026-10"];
    const report = JSON.parse(await alike(at, "report", ...period, "--by", "strategy", "--json"));
    assert.is(report.figures.startEquity, 10_000);
    assert.is(report.days.length, 30);
    assert.equal(
      report.groups.map(({ key }: { key: string | null }) => key),
      ["revert", "trend", null],
    );
    const sums = report.groups.map(({ figures }: { figures: { trades: number } }) => figures.trades);
    assert.is(
      sums.reduce((a: number, b: number) => a + b),
      report.figures.trades,
    );
    const text = await alike(at, "report", ...period, "--by", "pair");
    assert.match(text, new RegExp(`^Trades +${report.figures.trades}$`, "m"));
    assert.match(text, /^BTC\/USDT +\d+ /m);
    const markdown = await alike(at, "report", ...period, "--md");
    assert.match(markdown, new RegExp(`^\\| Trades \\| ${report.figures.trades} \\| closed trades`, "m"));

    const file = join(stand.folder, "september.html");
    const [place = []] = at;
    const written = await sfState(["report", ...period, "--html", "--out", file, ...place]);
    assert.equal([written.code, written.stdout], [0, `report of ${report.figures.trades} trades written to ${file}\n`]);
    const html = await readFile(file, "utf8");
    assert.match(html, /^<!doctype html>.*<svg .*<\/html>\n$/s);
    const again = await sfState(["report", ...period, "--html", "--out", file, ...place]);
    assert.equal([again.code, /is there already.*--replace/.test(again.stderr)], [2, true], again.stderr);
    assert.is((await sfState(["report", ...period, "--md", "--out", file, "--replace", ...place])).code, 0);
    assert.is(await readFile(file, "utf8"), markdown);
    assert.is((await stat(file)).mode & 0o777, 0o600);
  });

  test("report --definitions says in one line what each figure is, and needs no flow", async () => {
    const { code, stdout } = await sfState(["report", "--definitions"]);
    assert.is(code, 0);
    assert.match(stdout, /^Win rate \(winRate, a fraction of 1\): wins \/ /m);
    const all: { name: string; definition: string }[] = JSON.parse(
      (await sfState(["report", "--definitions", "--json"])).stdout,
    );
    assert.is(stdout.trimEnd().split("\n").length, all.length);
    assert.ok(all.length > 40);
  });

  test("sql asks Redis and a file alike: numbers are numbers, times are times", async () => {
    const at = await places();
    const report = JSON.parse(await alike(at, "report", "--to", "2026-10", "--json"));
    const [row] = JSON.parse(
      await alike(
        at,
        "sql",
        "select count(*) as n, sum(pnl) as net, min(exit_ts) as first_end, typeof(min(entry_ts)) as type from trades",
        "--json",
      ),
    );
    assert.equal([row.n, row.net, row.type], [report.figures.trades, report.figures.net, "TIMESTAMP WITH TIME ZONE"]);
    assert.match(row.first_end, /^2026-09-\d\dT[\d:.]+Z$/);
    const [all] = JSON.parse(
      await alike(
        at,
        "sql",
        `select (select sum(booked) from equity) as booked, (select sum(pnl) from days) as days, (select count(*) from fills) as fills,
          (select count(*) from events where type = 'fill_recorded') as told, (select count(*) from orders_all where not pending) as done,
          (select count(*) from breaker_trips) as trips, (select count(*) from refusals) as refused,
          (select arg_max(positions, ts) from exposure) = (select count(*) from positions) as open`,
        "--json",
      ),
    );
    assert.is(all.booked, report.figures.booked);
    assert.is(all.days, report.figures.booked);
    assert.equal(
      [all.fills > 50, all.told, all.done > 20, all.trips, all.refused, all.open],
      [true, all.fills, true, 0, 0, true],
    );
    assert.match(
      await alike(at, "sql", "select pair, count(*) as n from trades group by 1 order by 1"),
      /^BTC\/USDT +\d+$/m,
    );
    assert.match(await alike(at, "sql", "show tables"), /^breaker_trips$/m);
  });

  test("sql reads nothing but the flow and changes nothing: no files, extensions, settings, or second statements", async () => {
    const [place = []] = await places();
    const file = join(stand.folder, "stolen.csv");
    const secret = await stand.file("secret.csv", "a\n1\n");
    for (const question of [
      `copy trades to '${file}'`,
      `select * from read_csv('${secret}')`,
      `select * from '${secret}'`,
      `attach '${file}' as other`,
      "install httpfs",
      "load httpfs",
      "set enable_external_access = true",
      "delete from trades",
      "create table x (a int)",
      "select 1 from trades; select 2 from trades",
      `export database '${stand.folder}/x'`,
      `select * from glob('${stand.folder}/*') , trades`,
      "select * from nothing",
      "selct 1",
      "",
    ]) {
      const { code, stdout, stderr } = await sfState(["sql", question, ...place, "--json"]);
      assert.is(code, 2, `${question}: ${stdout}`);
      const { error } = JSON.parse(stdout);
      assert.equal([error.code, /^sql: /.test(error.message)], ["INVALID_ARGUMENT", true], question);
      assert.match(stderr, /^sf-state: sql: /);
    }
    assert.not.ok(existsSync(file));
  });

  test("sql ends a question that takes too long", async () => {
    const [place = []] = await places();
    const endless = "select count(*) from range(100000000000) a, range(1000) b, positions";
    const { code, stderr } = await sfState(["sql", endless, "--timeout", "300ms", ...place]);
    assert.is(code, 2, stderr);
    assert.match(stderr, "no answer within 300 ms");
  });

  test("export writes all rows as Parquet, CSV and JSON lines, and replaces no file unasked", async () => {
    const at = await places();
    const [place = []] = at;
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    const ask = async (question: string) => (await connection.runAndReadAll(question)).getRowsJson();
    for (const what of ["trades", "fills", "events", "equity"]) {
      const counts = new Set<number>();
      for (const form of ["parquet", "csv", "jsonl"]) {
        const file = join(stand.folder, `${what}.${form}`);
        const { code, stdout, stderr } = await sfState(["export", what, "--to", file, ...place, "--json"]);
        assert.is(code, 0, stderr);
        const { rows } = JSON.parse(stdout);
        counts.add(rows);
        const [[found] = []] = await ask(`select count(*)::int from '${file}'`);
        assert.is(found, rows, file);
      }
      assert.is(counts.size, 1);
      assert.ok(!counts.has(0), what);
    }
    const trades = join(stand.folder, "trades");
    const sums = await ask(
      `select (select sum(pnl) from '${trades}.parquet') = (select sum(pnl::decimal(38, 8)) from '${trades}.csv'),
        (select typeof(any_value(exit_ts)) from '${trades}.parquet'), (select typeof(any_value(pnl)) from '${trades}.parquet')`,
    );
    assert.equal(sums, [[true, "TIMESTAMP WITH TIME ZONE", "DECIMAL(38,8)"]]);
    connection.closeSync();
    instance.closeSync();
    const again = await sfState(["export", "trades", "--to", `${trades}.csv`, ...place]);
    assert.equal([again.code, /is there already/.test(again.stderr)], [2, true], again.stderr);
    assert.is((await sfState(["export", "trades", "--to", `${trades}.xlsx`, ...place])).code, 2);
  });

  test("a stored text steers no spreadsheet, no terminal and no browser", async () => {
    const { file, config } = await stand.ownConfig();
    const flow = newFlowId();
    await using manager = await StateManager.open(flow, config);
    await manager.saveOrder({
      id: HOSTILE,
      pair: "BTC/USDT",
      side: "buy",
      size: 1,
      price: 100,
      metadata: { strategy: HOSTILE },
    });
    await manager.recordFill(HOSTILE, { fillId: "f", price: 100, size: 1 });
    await manager.closePosition(HOSTILE, { pnl: -3, reason: "+1" });
    const at = ["--flow", flow, "--config", file];
    const csv = (await sfState(["trades", "--csv", ...at])).stdout;
    assert.match(csv, `,"'=cmd()|""<script>\u202E\u001b[31m",`);
    assert.match(csv, ",'+1,");
    assert.match(csv, ",-3,");
    for (const args of [
      ["trades"],
      ["report", "--by", "strategy"],
      ["report", "--md", "--by", "strategy"],
      ["sql", "select id, strategy from trades"],
    ]) {
      const { code, stdout, stderr } = await sfState([...args, ...at]);
      assert.is(code, 0, stderr);
      assert.match(stdout, "=cmd()");
      assert.not.ok(stdout.includes("\u001b") || stdout.includes("\u202E"), args.join(" "));
    }
    const asked = (await sfState(["sql", "select id, pnl from trades", "--csv", ...at])).stdout;
    assert.match(asked, /^id,pnl\r\n"'=cmd\(\)/);
    assert.match(asked, /,-3\r\n$/);
    const html = (await sfState(["report", "--html", "--by", "strategy", ...at])).stdout;
    for (const text of ["<script", "\u001b", "\u202E"]) assert.not.ok(html.includes(text));
  });

  test("a flow that is not there ends with 4, and tells so in JSON", async () => {
    const out = join(stand.folder, "none.csv");
    for (const args of [["trades"], ["report"], ["sql", "select 1"], ["export", "trades", "--to", out]]) {
      const { code, stdout } = await sfState([...args, "--flow", newFlowId(), "--url", stand.url, "--json"]);
      assert.is(code, 4, args[0]);
      assert.is(JSON.parse(stdout).error.code, "UNKNOWN_FLOW");
    }
    assert.not.ok(existsSync(out));
    const { code, stdout } = await sfState(["report", "--json", "--nope"]);
    assert.is(code, 2);
    assert.is(JSON.parse(stdout).error.code, "USAGE");
  });

  test("a report over a log that was trimmed, and one of today, says what it rests on", async () => {
    const { file, config } = await stand.ownConfig({ events: { max_length: 20 } });
    const flow = newFlowId();
    const clock = new Clock(Math.floor(Date.now() / HOUR) * HOUR - 3 * 24 * HOUR);
    {
      await using manager = await StateManager.open(
        flow,
        { ...config, risk: { starting_equity: 1000 } },
        { clock: clock.read },
      );
      for (let at = 0; at < 60; at++) {
        clock.now += HOUR;
        await manager.updateDailyPnl(1, { tradeId: `t-${at}` });
      }
    }
    const { code, stdout, stderr } = await sfState(["report", "--flow", flow, "--config", file, "--json"]);
    assert.is(code, 0, stderr);
    const { figures, notes } = JSON.parse(stdout);
    assert.equal([figures.booked, figures.startEquity, figures.endEquity], [60, 1000, 1060]);
    assert.match(notes.join("\n"), "are no longer kept. Until then the equity moves once a day");
  });
}
