/** The figures of a report, beside a second implementation in SQL, over random lives of a flow on each backend. `SEED=n` repeats a run. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type FlowTable, fillDatabase } from "../../src/cli/flow-database.js";
import { reportSources } from "../../src/cli/report-sources.js";
import type { StateManager } from "../../src/index.js";
import { MemoryDatabase } from "../../src/ledger/memory-database.js";
import { ACCOUNT_FIGURES, FIGURES, namesOf, TRADE_FIGURES } from "../../src/report/figures.js";
import type { Grouping } from "../../src/report/groups.js";
import { type Report, reportOf } from "../../src/report/report.js";
import { ProgressBar } from "../../src/words/progress-bar.js";
import { startBackends } from "../contract/backends.js";
import { Clock, DAY, HOUR } from "../contract/clock.js";
import { LONG } from "../long.js";
import { LIFE_CONFIG, playLife } from "./random-flow.js";
import { type Asked, type Opinion, opinionOnAccount, opinionOnTrades } from "./second-opinion.js";

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const lives = LONG ? 30 : 2;
const BEGIN = Date.UTC(2026, 8, 1, 7);
const DAY_START = 6 * HOUR;
const QUIET = { err() {}, isScreen: false };
const TABLES: ReadonlySet<FlowTable> = new Set<FlowTable>(["trades", "positions", "equity", "days", "exposure"]);

const backends = await startBackends();
const test = suite("report: second opinion");

/** Sums of money, counts and times are the same number; quotients differ by what doubles lose. */
function assertSame(name: string, mine: number | null, other: number | null | undefined, hint: string): void {
  const words = `${name}: ${mine} here, ${other} in SQL (${hint}, SEED=${seed})`;
  if (other === undefined) assert.unreachable(`no second opinion on ${name}`);
  else if (mine === null || other === null) assert.is(mine, other, words);
  else assert.ok(Math.abs(mine - other) <= 1e-9 * Math.max(1e-3, Math.abs(mine), Math.abs(other)), words);
}

const EXACT = new Set([
  "trades",
  "wins",
  "losses",
  "net",
  "grossProfit",
  "grossLoss",
  "fees",
  "funding",
  "booked",
  "startEquity",
  "endEquity",
]);

function compare(
  figures: Report["figures"],
  names: readonly (keyof typeof FIGURES)[],
  opinion: Opinion,
  hint: string,
): void {
  for (const name of names) {
    assertSame(name, figures[name], opinion.get(name), hint);
    if (EXACT.has(name)) assert.is(figures[name], opinion.get(name), `${name} (${hint}, SEED=${seed})`);
  }
}

async function database(manager: StateManager): Promise<MemoryDatabase> {
  const found = await MemoryDatabase.open("test");
  await fillDatabase(manager, found, TABLES, new ProgressBar(QUIET));
  return found;
}

test("every figure of random lives is what SQL reckons from its definition, over the whole, halves and groups", async () => {
  for (let life = 0; life < lives; life++) {
    const clock = new Clock(BEGIN);
    await using manager = await backends.openMemory(LIFE_CONFIG, { clock: clock.read });
    await playLife(manager, clock, seed + life, { days: 30, stepsADay: 10 });
    const { trades, options } = await reportSources(QUIET, manager, undefined);
    assert.ok(trades.length > 20, `${trades.length} trades`);
    using tables = await database(manager);
    const { connection } = tables;
    const [begin, middle] = [new Date(BEGIN - HOUR), new Date(BEGIN + 14 * DAY + 3 * HOUR)];
    for (const [from, to] of [
      [begin, new Date(clock.now)],
      [begin, middle],
      [middle, new Date(clock.now)],
      [middle, new Date(clock.now + 30 * DAY)],
    ] as const) {
      const hint = `${from.toISOString()} to ${to.toISOString()}, life ${life}`;
      const asked: Asked = { from, to, now: new Date(clock.now), dayStart: DAY_START };
      const report = reportOf(trades, { ...options, from, to });
      compare(report.figures, namesOf(TRADE_FIGURES), await opinionOnTrades(connection, asked), hint);
      compare(report.figures, namesOf(ACCOUNT_FIGURES), await opinionOnAccount(connection, asked), hint);
      const columns: readonly (readonly [Grouping, string])[] = [
        ["pair", "pair"],
        ["side", "side"],
        ["strategy", "json_extract_string(metadata, '$.strategy')"],
      ];
      for (const [by, column] of columns) {
        const { groups } = reportOf(trades, { ...options, from, to, by });
        assert.ok(groups.length > 1);
        for (const { key, figures } of groups) {
          const where = key === null ? `${column} IS NULL` : `${column} = '${key}'`;
          const opinion = await opinionOnTrades(connection, { ...asked, where });
          for (const name of namesOf(TRADE_FIGURES))
            assertSame(name, figures[name], opinion.get(name), `${hint}, ${by} ${key}`);
        }
      }
    }
  }
});

test("days add up to trades and what else was booked; two halves add up to the whole", async () => {
  const clock = new Clock(BEGIN);
  await using manager = await backends.openMemory(LIFE_CONFIG, { clock: clock.read });
  await playLife(manager, clock, seed, { days: 25, stepsADay: 10 });
  const { trades, options } = await reportSources(QUIET, manager, undefined);
  const whole = reportOf(trades, options);
  const { parts, figures } = whole;
  assert.ok(parts);
  const cents = (value: number | null) => Math.round((value ?? Number.NaN) * 1e8);
  assert.is(
    cents(figures.booked),
    [parts.closed, parts.open, parts.later, parts.cash, parts.untied].map(cents).reduce((a, b) => a + b),
  );
  assert.is(cents(figures.net), cents(parts.closed) + cents(parts.later));
  assert.is(
    cents(figures.booked),
    whole.days.map(({ booked }) => cents(booked)).reduce((a, b) => a + b),
  );
  const events = await manager.getEvents({ limit: 10_000 });
  const flow = events.flatMap((event) =>
    "risk" in event && event.risk?.equity !== undefined ? [event.risk.equity] : [],
  );
  assert.is(figures.endEquity, flow.at(-1));

  const middle = BEGIN + 11 * DAY + 5 * HOUR;
  const [first, second] = [
    reportOf(trades, { ...options, to: middle }),
    reportOf(trades, { ...options, from: middle }),
  ];
  for (const name of [
    "trades",
    "wins",
    "net",
    "grossLoss",
    "fees",
    "funding",
    "booked",
    "days",
    "transfers",
    "slippageOrders",
  ] as const) {
    assert.is(cents(first.figures[name]) + cents(second.figures[name]), cents(figures[name]), name);
  }
  assert.is(first.figures.endEquity, second.figures.startEquity);
  assert.equal([...first.days, ...second.days], whole.days);
});

test("the report is the same over Redis, DuckDB and memory, byte for byte", async () => {
  const texts = new Map<string, string>();
  for (const [backend, open] of Object.entries(backends.openAlike)) {
    const clock = new Clock(BEGIN);
    await using manager = await open(LIFE_CONFIG, { clock: clock.read, instanceId: "bot" });
    await playLife(manager, clock, seed, { days: 12, stepsADay: 8 });
    const { trades, options } = await reportSources(QUIET, manager, undefined);
    texts.set(backend, JSON.stringify(reportOf(trades, { ...options, by: "strategy" })));
  }
  assert.is(texts.size, 3);
  assert.ok((texts.get("memory") ?? "").length > 5000);
  for (const text of texts.values()) assert.is(text, texts.get("memory"));
});

test("over a flow in which nothing was booked each figure is 0, or undefined with a reason", async () => {
  await using manager = await backends.openMemory({ events: { max_length: 100 } });
  const { trades, options } = await reportSources(QUIET, manager, undefined);
  const report = reportOf(trades, options);
  for (const name of namesOf(FIGURES)) {
    const value = report.figures[name];
    if (value === null) assert.ok((report.reasons[name] ?? "").length > 5, name);
    else assert.ok(value === 0 || name === "days", `${name} is ${value}`);
  }
});

test.after(async () => backends[Symbol.asyncDispose]());
test.run();
