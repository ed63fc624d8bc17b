import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type PendingOrder, type Snapshot, type StateEvent, StateManager } from "../src/index.js";
import { BadInputError } from "../sync/demo/bad-input.js";
import { readCandles } from "../sync/demo/candles-csv.js";
import { type Deed, Desk, orderIdOf } from "../sync/demo/desk.js";
import { Feed } from "../sync/demo/feed.js";
import { ACCOUNT, type FlowClock, RULES } from "../sync/demo/flow.js";
import { eventsOf } from "../sync/demo/flow-log.js";
import { KILL_POINTS, type KillPoint } from "../sync/demo/kill-point.js";
import type { Market } from "../sync/demo/market.js";
import { moneyText, sumOf } from "../sync/demo/money.js";
import { seededRandom } from "../sync/demo/seeded-random.js";
import { syntheticMarket } from "../sync/demo/synthetic-market.js";
import { stateTotals, type Totals, totalsOf } from "../sync/demo/totals.js";
import { tradeAlone } from "../sync/demo/trade-alone.js";
import { tradeMinute } from "../sync/demo/trade-minute.js";
import {
  type ExchangeFill,
  type ExchangeOrder,
  type ExchangePosition,
  PaperExchange,
  planRecovery,
} from "../sync/index.js";
import { bundle } from "./bundle.js";
import { type Account, accountOf } from "./demo/account.js";
import { agreement, type Check, sameRun } from "./demo/agreement.js";
import { readOptions } from "./demo/options.js";
import { type Evidence, prove } from "./demo/prove.js";
import { LONG, numbers, some } from "./long.js";

const ROOT = resolve(fileURLToPath(new URL(".", import.meta.url)), "..");
const PROGRAM = await bundle(new URL("./demo/main.ts", import.meta.url));
const FLOW = "demo-synthetic-1";
const DAYS = 2;
const KILLS = LONG ? 8 : 3;
const SEED = Number(process.env.DEMO_TEST_SEED ?? Date.now() % 1_000_000);

const folders: string[] = [];

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "sf-demo-"));
  folders.push(made);
  return made;
}

const signalId = "s";
const position = orderIdOf("s");

const test = suite("demo");

test.after(async () => {
  for (const made of folders) await rm(made, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Called with every line of stderr and their number, from 1. */
  readonly onLine?: (line: string, count: number, child: ChildProcess) => void;
}

/** Runs the real program in a process of its own. */
async function run(args: readonly string[], { env = {}, onLine }: RunOptions = {}): Promise<Ended> {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  const out: Buffer[] = [];
  createInterface(child.stderr).on("line", (line) => {
    lines.push(line);
    onLine?.(line, lines.length, child);
  });
  child.stdout.on("data", (data: Buffer) => out.push(data));
  const [code, signal] = await once(child, "close");
  return { code, signal, stdout: Buffer.concat(out).toString(), stderr: lines.join("\n") };
}

/** What `--json` prints, as far as tests look at it. */
interface Printed {
  readonly totals: Totals;
  readonly minutes: { readonly all: number; readonly before: number; readonly now: number };
  readonly proof: readonly Check[];
  /** Of a chaos run. */
  readonly kills: number;
}

function printed({ code, stdout, stderr }: Ended): Printed {
  assert.is(code, 0, stderr);
  return JSON.parse(stdout);
}

function duckdb(state: string, ...more: string[]): string[] {
  return ["--state", state, "--days", String(DAYS), "--json", ...more];
}

interface Undisturbed {
  readonly totals: Totals;
  readonly account: Account;
}

/** A run that nobody disturbs, made once. */
let reference: Promise<Undisturbed> | undefined;

function undisturbed(): Promise<Undisturbed> {
  reference ??= (async () => {
    const state = await folder();
    const { totals } = printed(await run(duckdb(state)));
    return { totals, account: await accountIn(state) };
  })();
  return reference;
}

/** What the exchange beside a state says. */
async function accountIn(state: string): Promise<Account> {
  await using exchange = new PaperExchange({ file: join(state, `${FLOW}.exchange.jsonl`) });
  return await accountOf(exchange, syntheticMarket(1, 1));
}

/** Nothing speaks against any of the checks. */
function assertHolds(checks: readonly Check[]): void {
  assert.ok(checks.length > 0);
  for (const { what, faults } of checks) assert.equal(faults, [], what);
}

/** The same totals, and the same executions at the exchange: none lost, none doubled, none other; and state and exchange agree. */
async function assertUndisturbed(state: string, { totals }: Printed): Promise<void> {
  const expected = await undisturbed();
  assert.equal(totals, expected.totals);
  const duckdb = { path: join(state, `${FLOW}.db`) };
  await using exchange = new PaperExchange({ file: join(state, `${FLOW}.exchange.jsonl`) });
  const clock = () => exchange.time?.getTime() ?? 0;
  await using manager = await StateManager.open(FLOW, { backend: "duckdb", duckdb }, { clock, existing: true });
  const account = await accountOf(exchange, syntheticMarket(1, 1));
  const plan = await planRecovery(manager, exchange, { confirmDelay: 1, settle: 0 });
  assertHolds([
    ...agreement({ account, events: await eventsOf(manager), totals, plan }),
    ...sameRun({ killed: { totals, account }, undisturbed: expected }),
  ]);
}

// --- one bot on DuckDB

test("a run trades, loses, trips the breaker, and says so exactly", async () => {
  const { totals } = await undisturbed();
  assert.ok(totals.trades > 20, `${totals.trades} trades`);
  assert.ok(totals.breakerTrips.length > 2, `${totals.breakerTrips.length} trips`);
  assert.is(totals.days.length, DAYS);
  assert.is(totals.pnl, moneyText(sumOf(totals.days.map(({ pnl }) => pnl))));
});

test("a run that is killed at every kind of step, one life after another, ends like one that nobody disturbed", async () => {
  const state = await folder();
  const [first, ...others] = KILL_POINTS;
  // The first life of a flow has nothing to recover.
  for (const point of [first, ...some(others, 6)]) {
    const time = point.startsWith("recover") ? 1 : 2; // there is one recovery in a life
    const { signal, stderr } = await run(duckdb(state), { env: { SF_DEMO_KILL: `${point}:${time}` } });
    assert.is(signal, "SIGKILL", `${point}: ${stderr}`);
  }
  await assertUndisturbed(state, printed(await run(duckdb(state))));
});

test("a run that is killed again and again at random ends like one that nobody disturbed", async () => {
  const random = seededRandom(SEED, 0);
  const state = await folder();
  for (let kills = 0; kills < KILLS; kills++) {
    const lines = 1 + Math.floor(random() * 12);
    const ended = await run(duckdb(state, "--verbose"), {
      onLine: (_, count, child) => count === lines && child.kill("SIGKILL"),
    });
    if (ended.signal !== "SIGKILL") break;
  }
  await assertUndisturbed(state, printed(await run(duckdb(state)))).catch((error) => {
    throw new Error(`DEMO_TEST_SEED=${SEED}: ${error.message}`, { cause: error });
  });
});

test("a run that was killed with a fill unbooked books it by its recovery, and says so in a table", async () => {
  const state = await folder();
  const { signal } = await run(duckdb(state), { env: { SF_DEMO_KILL: "sent:1" } });
  assert.is(signal, "SIGKILL");
  const next = await run(["--state", state, "--days", String(DAYS)]);
  assert.match(next.stderr, /Recovery in mode sync brought state and exchange back in line in 1 step:/);
  assert.match(next.stderr, /\w+\/USDT +book fill f1 of order \S+: [\d.]+ \w+\/USDT at [\d.]+ +fetchFills: /);
  const calm = await run(["--state", state, "--days", String(DAYS)]);
  assert.not.match(calm.stderr, /Recovery/);
});

test("what was closed and filled at the exchange while the bot was dead is what --recovery manual asks a person about", async () => {
  const state = await folder();
  await run(duckdb(state), { env: { SF_DEMO_KILL: "sent:1" } });
  const asked = await run([...duckdb(state), "--recovery", "manual"]);
  assert.is(asked.code, 1);
  assert.match(asked.stderr, /book fill f1 .* recovery\.mode is manual/);
  const [, hash = ""] = /run again with --recovery manual --approve (\w+)\.$/m.exec(asked.stderr) ?? [];
  const approved = printed(await run([...duckdb(state), "--recovery", "manual", "--approve", hash]));
  await assertUndisturbed(state, approved);
});

test("--recovery close_all closes what is open at the exchange and goes on from there", async () => {
  const state = await folder();
  await run(duckdb(state), { env: { SF_DEMO_KILL: "saved:4" } });
  const { stderr } = await run(["--state", state, "--days", String(DAYS), "--recovery", "close_all"]);
  assert.match(stderr, /Recovery in mode close_all .*:/);
  assert.match(stderr, /close position \S+: (long|short) [\d.]+ \w+\/USDT/);
  printed(await run(duckdb(state))); // state and log agree, or it would not end well
});

test("a state and an exchange that are not of one run are refused", async () => {
  const state = await folder();
  printed(await run(["--state", state, "--days", "1", "--json"]));
  await rm(join(state, `${FLOW}.exchange.jsonl`));
  const { code, stderr } = await run(["--state", state, "--days", "1"]);
  assert.is(code, 2);
  assert.match(stderr, /the state stands at 2024-03-04 23:59, its exchange at 2024-03-04 00:00: are they of one run\?/);
});

test("--chaos kills the bot at random, in its recoveries too, and proves that nothing came of it", async () => {
  const ended = await run(["--chaos", String(KILLS), "--chaos-seed", String(SEED), ...duckdb(await folder())]);
  const { kills, proof, totals } = printed(ended);
  assert.is(kills, KILLS);
  assert.is(proof.length, 7);
  assertHolds(proof);
  assert.equal(totals, (await undisturbed()).totals, `DEMO_TEST_SEED=${SEED}`);
});

test("Ctrl-C ends a run in order, with 130, and the next one goes on there", async () => {
  const state = await folder();
  const first = await run(duckdb(state), { env: { SF_DEMO_KILL: "minute_over:500:SIGINT" } });
  assert.is(first.code, 130, first.stderr);
  const second = printed(await run(duckdb(state)));
  assert.ok(second.minutes.before > 0);
  assert.is(second.minutes.before + second.minutes.now, second.minutes.all);
  await assertUndisturbed(state, second);
});

test("a second run on a market that is over has nothing to do; more days go on where it stopped", async () => {
  const state = await folder();
  printed(await run(["--state", state, "--days", "1", "--json"]));
  const again = await run(["--state", state, "--days", "1"]);
  assert.is(again.code, 0);
  assert.match(again.stdout, /Nothing new: all 1,440 minutes were traded before/);
  await assertUndisturbed(state, printed(await run(duckdb(state))));
});

test("--reset starts afresh", async () => {
  const state = await folder();
  printed(await run(["--state", state, "--days", "1", "--json"]));
  const { minutes } = printed(await run(["--state", state, "--days", "1", "--json", "--reset"]));
  assert.equal(minutes, { all: 1440, before: 0, now: 1440 });
});

test("the table names every day and every trip, without colour where there is no terminal", async () => {
  const state = await folder();
  const { stdout, stderr } = await run(["--state", state, "--days", "2"]);
  assert.match(stdout, /2024-03-04 +16 +5 +-147\.83 +15:32 4 losses in a row reached the limit of 4/);
  assert.match(stdout, /Total .* 3 trips/);
  assert.match(stdout, /State is in .*demo-synthetic-1\.db, the exchange beside it\. Run again to go on/);
  assert.not.ok((stdout + stderr).includes("\x1b["));
  assert.match(stderr, / 50% {2}2024-03-04 23:59 {2}\d+ trades/);
});

// --- every step, in one process

class Killed extends Error {}

/** All that a flow and its exchange remember, but for what tells of restarts. */
interface Remembered extends Omit<Snapshot, "account" | "epoch" | "instances" | "admissions"> {
  readonly totals: Totals;
  readonly openOrders: readonly ExchangeOrder[];
  readonly openPositions: readonly ExchangePosition[];
  readonly account: Account;
}

/** A flow in memory, and its exchange, that outlive their bots. */
async function memoryFlow(market: Market): Promise<{
  live(dieAt: number): Promise<number>;
  state(): Promise<Remembered>;
  checks(): Promise<Check[]>;
}> {
  const clock: FlowClock = { now: market.minutes[0]?.time ?? 0 };
  const manager = await StateManager.open(FLOW, RULES, { clock: () => clock.now, instanceId: "bot" });
  const exchange = new PaperExchange({ ...ACCOUNT, clock: () => clock.now });
  const totals = async () => totalsOf(await stateTotals(manager), await eventsOf(manager));
  return {
    /** Trades until the bot's step number `dieAt`; answers how many steps there were. */
    async live(dieAt) {
      let steps = 0;
      const onPoint = (point: KillPoint): void => {
        if (point !== "minute_over" && ++steps === dieAt) throw new Killed(point);
      };
      const feed = new Feed(exchange, clock, onPoint);
      const listeners = { onRecovery() {}, onMinute() {}, onDeed() {}, onPoint, isStopped: () => false };
      const setup = { recovery: "sync", approve: undefined } as const;
      await tradeAlone({ manager, feed, clock, market }, setup, listeners).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
      return steps;
    },
    async state() {
      // A bot that died before it knew the answer asks again, and is told and counted as a duplicate.
      const { epoch, instances, admissions, ...rest } = await manager.snapshot();
      const openOrders = await exchange.fetchOpenOrders();
      const openPositions = await exchange.fetchPositions();
      return { ...rest, totals: await totals(), openOrders, openPositions, account: await accountOf(exchange, market) };
    },
    async checks() {
      const plan = await planRecovery(manager, exchange, { confirmDelay: 1, settle: 0 });
      const account = await accountOf(exchange, market);
      return agreement({ account, events: await eventsOf(manager), totals: await totals(), plan });
    },
  };
}

/** Some hours of four pairs, with trades, and a position that stays open. */
function someHours(): Market {
  const market = syntheticMarket(3, 1);
  return { ...market, minutes: market.minutes.slice(0, 276) };
}

test("a bot that dies at any single step, and once more soon after, leaves state and exchange of one that never died", async () => {
  const market = someHours();
  const alive = await memoryFlow(market);
  const steps = await alive.live(0);
  const expected = await alive.state();
  assertHolds(await alive.checks());
  assert.ok(steps > 100, `${steps} steps`);
  assert.ok(expected.totals.trades > 0 && expected.totals.openPositions.length > 0);

  for (const first of some(numbers(1, steps), 15)) {
    // The second one dies while it recovers, or when it has just begun to trade.
    for (const second of [0, 1 + (first % 40)]) {
      const flow = await memoryFlow(market);
      await flow.live(first);
      if (second > 0) await flow.live(second);
      await flow.live(0);
      const when = `died at step ${first}, then at ${second}`;
      assert.equal(await flow.state(), expected, when);
      assert.equal(
        (await flow.checks()).flatMap(({ faults }) => faults),
        [],
        when,
      );
    }
  }
});

test("a bot that dies at random steps all day leaves state and exchange of one that never died", async () => {
  const market = syntheticMarket(1, 1);
  const alive = await memoryFlow(market);
  await alive.live(0);
  const expected = await alive.state();
  assert.ok(expected.totals.breakerTrips.length > 0 && expected.totals.openPositions.length > 0);
  const random = seededRandom(SEED, 1);
  for (let day = 0; day < (LONG ? 10 : 3); day++) {
    const flow = await memoryFlow(market);
    for (let lives = 0; lives < 40; lives++) await flow.live(1 + Math.floor(random() * 60));
    await flow.live(0);
    assert.equal(await flow.state(), expected, `DEMO_TEST_SEED=${SEED}`);
  }
});

test("an entry at the close of a minute does not leave within that minute, traded again or not", async () => {
  const clock: FlowClock = { now: Date.parse("2024-03-04T10:00Z") };
  const manager = await StateManager.open(FLOW, RULES, { clock: () => clock.now });
  const exchange = new PaperExchange({ ...ACCOUNT, clock: () => clock.now });
  const wild = { open: 100, high: 200, low: 50, close: 100, volume: 1 };
  const proposal = { signalId, pair: "BTC/USDT", side: "long", size: 1, price: 100, tp: 110, sl: 90 } as const;
  const minutes = [0, 60_000].map((later) => ({ time: clock.now + later, candles: new Map([["BTC/USDT", wild]]) }));
  const market = { name: "wild", pairs: ["BTC/USDT"], minutes, remarks: [] };
  const deeds: string[] = [];
  const live = () => {
    const feed = new Feed(exchange, clock, () => {});
    const tell = ({ did }: Deed) => deeds.push(did);
    return { feed, desk: new Desk({ manager, exchange, clock, settle: feed.settle, tell, pass() {} }) };
  };
  const first = live();
  await first.feed.resume(market);
  await tradeMinute(first.desk, first.feed.traded, [proposal]);
  const second = live();
  assert.is(await second.feed.resume(market), 0);
  await tradeMinute(second.desk, second.feed.traded, [proposal]);
  assert.equal(deeds, ["won", "opened"]);
  if (minutes[1]) second.feed.walk(minutes[1]);
  await tradeMinute(second.desk, second.feed.traded, []);
  assert.equal(deeds, ["won", "opened", "closed"]);
  assert.equal(await exchange.fetchOpenOrders(), []);
  assert.equal(await manager.getPendingOrders(), []);
});

// --- candles

test("candles are read as they are: repeated minutes once, missing ones not made up", async () => {
  const file = join(await folder(), "btc 1m.csv");
  const rows = [
    "timestamp,open,high,low,close,volume",
    "2022-01-01 00:00:00.000000,10,12,9,11,5",
    "2022-01-01T00:01:00Z,11,13,10,12,0",
    "2022-01-01 00:01:00,1,1,1,1,1",
    "",
    "2022-01-01 00:04,12,12,12,12,1e3",
  ];
  await writeFile(file, `\uFEFF${rows.join("\r\n")}\r\n`);
  const market = await readCandles(file, "BTC/USDT");
  assert.is(market.name, "btc-1m");
  assert.equal(
    market.minutes.map(({ time, candles }) => [new Date(time).toISOString(), candles.get("BTC/USDT")?.close]),
    [
      ["2022-01-01T00:00:00.000Z", 11],
      ["2022-01-01T00:01:00.000Z", 12],
      ["2022-01-01T00:04:00.000Z", 12],
    ],
  );
  assert.equal(market.remarks, [
    "1 repeated minute left out (the first row of a minute counts)",
    "2 minutes are missing (none is made up)",
  ]);
});

const HEADER = "timestamp,open,high,low,close,volume\n";
const ROW = "2022-01-01 00:05,10,12,9,11,5\n";

const BAD_CANDLES: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ["an empty file", "", /:1: expected the header "timestamp,open,high,low,close,volume", got ""/],
  ["another header", "time,open,high,low,close,volume\n", /:1: expected the header .*, got "time,open/],
  ["a header alone", HEADER, /expected candles below the header, found none/],
  ["NaN", `${HEADER}${ROW}2022-01-01 00:06,10,12,NaN,11,5\n`, /:3: low: expected a positive number, got "NaN"/],
  ["an empty cell", `${HEADER}2022-01-01 00:06,10,,9,11,5\n`, /:2: high: expected a positive number, got ""/],
  ["a negative price", `${HEADER}2022-01-01 00:06,-10,12,9,11,5\n`, /:2: open: expected a positive number, got "-10"/],
  [
    "a negative volume",
    `${HEADER}2022-01-01 00:06,10,12,9,11,-5\n`,
    /:2: volume: expected a number of 0 or more, got "-5"/,
  ],
  ["a missing column", `${HEADER}2022-01-01 00:06,10,12,9,11\n`, /:2: expected 6 columns, got 5/],
  [
    "a high below the close",
    `${HEADER}2022-01-01 00:06,10,12,9,13,5\n`,
    /:2: open and close must lie between low 9 and high 12/,
  ],
  [
    "a step back in time",
    `${HEADER}${ROW}2022-01-01 00:04,10,12,9,11,5\n`,
    /:3: 2022-01-01T00:04 comes after 2022-01-01T00:05: sort the rows/,
  ],
  ["a local time", `${HEADER}2022-01-01 00:06+02:00,10,12,9,11,5\n`, /:2: timestamp: expected a UTC time/],
  ["a day that is not", `${HEADER}2022-13-01 00:06,10,12,9,11,5\n`, /:2: timestamp: expected a UTC time/],
  ["seconds", `${HEADER}2022-01-01 00:06:30,10,12,9,11,5\n`, /:2: timestamp: expected a whole minute/],
];

for (const [what, text, message] of BAD_CANDLES) {
  test(`a file of candles with ${what} is refused with file and line`, async () => {
    const file = join(await folder(), "bad.csv");
    await writeFile(file, text);
    const refusal = await readCandles(file, undefined).then(
      () => "none",
      (error: unknown) => (error instanceof BadInputError ? error.message : `not a BadInputError: ${error}`),
    );
    assert.match(refusal, message);
    assert.ok(refusal.startsWith(file), refusal);
  });
}

test("a run on real candles goes on when rows were added, and refuses another file of the same name", async () => {
  const state = await folder();
  const file = join(await folder(), "mine.csv");
  const rows = syntheticMarket(7, 1).minutes.map(({ time, candles }) => {
    const candle = candles.get("BTC/USDT");
    const cells = [candle?.open, candle?.high, candle?.low, candle?.close, candle?.volume];
    return [new Date(time).toISOString().slice(0, 19), ...cells].join(",");
  });
  const args = ["--state", state, "--candles", file, "--pair", "BTC/USDT", "--json"];
  await writeFile(file, HEADER + rows.slice(0, 900).join("\n"));
  assert.equal(printed(await run(args)).minutes, { all: 900, before: 0, now: 900 });
  await writeFile(file, HEADER + rows.join("\n"));
  assert.equal(printed(await run(args)).minutes, { all: 1440, before: 900, now: 540 });

  await writeFile(file, HEADER + rows.map((row) => row.replace(/^2024/, "2031")).join("\n"));
  const other = await run(args);
  assert.is(other.code, 2);
  assert.match(
    other.stderr,
    /the state stands at 2024-03-04 23:59, which is not in mine: another market\? Start afresh with --reset/,
  );
});

// --- what cannot be done

const BAD_OPTIONS: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [["--bogus"], /Unknown option '--bogus'; see npm run demo -- --help/],
  [["--days", "zero"], /--days: expected a whole number from 1 to 366, got "zero"/],
  [["--backend", "mysql"], /--backend: expected one of duckdb, redis, memory, got "mysql"/],
  [["--bots", "4"], /--bots: many processes share Redis only: add --backend redis/],
  [["--seed", "4", "--candles", "x.csv"], /--seed: a file of candles has no seed/],
  [
    ["--url", "localhost:6379", "--backend", "redis"],
    /--url: expected a redis:\/\/ or rediss:\/\/ URL, got "localhost:6379"/,
  ],
  [["--kill", "4"], /--kill: needs --bots 2 or more/],
  [["--recovery", "guess"], /--recovery: expected one of sync, restore, close_all, manual, got "guess"/],
  [["--approve", "abc"], /--approve: approves a plan of --recovery manual; give both/],
  [["--chaos", "0"], /--chaos: expected a whole number from 1 to 10000, got "0"/],
  [["--chaos", "--backend", "memory"], /--chaos: memory does not survive a kill/],
  [["--chaos", "--recovery", "restore"], /--chaos: recovers in mode sync/],
  [["--chaos", "--backend", "redis", "--bots", "4"], /--chaos: kills one bot/],
];

for (const [args, message] of BAD_OPTIONS) {
  test(`${args.join(" ")} is refused`, () => {
    assert.throws(
      () => readOptions(args),
      (error: unknown) => error instanceof BadInputError && message.test(error.message),
    );
  });
}

test("--chaos without a number is a hundred kills", () => {
  assert.is(readOptions(["--chaos", "--json"]).chaos, 100);
  assert.is(readOptions(["--json", "--chaos", "7"]).chaos, 7);
  assert.is(readOptions([]).chaos, 0);
});

test("what cannot be done is exit code 2, in a line, on stderr", async () => {
  const { code, stderr, stdout } = await run(["--candles", "/nowhere/x.csv"]);
  assert.is(code, 2);
  assert.is(stdout, "");
  assert.is(stderr, "BadInputError: --candles: there is no file /nowhere/x.csv");
});

test("--help shows examples", async () => {
  const { code, stdout } = await run(["--help"]);
  assert.is(code, 0);
  assert.match(stdout, /npm run demo -- --backend redis --bots 8 --kill 20/);
});

test("a file that another process holds, and a Redis that is not there, are exit code 1 without a stack trace", async () => {
  const state = await folder();
  const path = join(state, `${FLOW}.db`);
  const holder = await StateManager.open(FLOW, { backend: "duckdb", duckdb: { path } });
  const held = await run(duckdb(state));
  await holder.close();
  assert.is(held.code, 1);
  assert.match(held.stderr, /LockedError: /);

  const away = await run(["--backend", "redis", "--url", "redis://127.0.0.1:1", "--days", "1"]);
  assert.is(away.code, 1);
  assert.match(away.stderr, /ConnectionError: /);
  assert.not.match(held.stderr + away.stderr, /\n\s+at /);
});

// --- eight bots

test("bots that race on one Redis flow, each killed when it has won, all at once too, lose and double nothing", async () => {
  const args = ["--backend", "redis", "--bots", "4", "--days", "1", "--state", await folder(), "--json"];
  // Every bot dies the first time it has won a signal, before it opens the position.
  const env = { SF_DEMO_KILL: "admitted:1" };
  const first = await run([...args, "--verbose"], {
    env,
    onLine: (line, _, child) => /bot-\d was killed/.test(line) && child.kill("SIGKILL"),
  });
  assert.is(first.signal, "SIGKILL", first.stderr);

  const { totals, minutes, proof } = printed(await run([...args, "--kill", "2"], { env }));
  assert.ok(minutes.before > 0 && minutes.now > 0, JSON.stringify(minutes));
  assertHolds(proof);
  assert.is(proof.length, 9);
  const alone = printed(await run(["--backend", "memory", "--days", "1", "--json"]));
  assert.equal(totals, alone.totals);
});

// --- the proof itself

const AT = new Date("2024-03-04T10:00Z");

const ENTRY: PendingOrder = {
  id: position,
  pair: "BTC/USDT",
  side: "buy",
  orderType: "market",
  price: 1,
  size: 1,
  status: "filled",
  createdAt: AT,
  filled: 1,
  intent: "entry",
  positionId: position,
  version: 1,
};
const EXIT: PendingOrder = { ...ENTRY, id: `${position}-tp`, side: "sell", intent: "exit" };

const OPEN: Snapshot["positions"][number] = {
  id: position,
  pair: "BTC/USDT",
  side: "long",
  size: 1,
  entryPrice: 1,
  entryTs: new Date(0),
  realised: 0,
  fees: 0,
  cash: 0,
  metadata: {},
  openedBy: "fills",
  version: 1,
};

/** The booking of an order's only fill. */
function booking(order: PendingOrder, instance: string, fillId: string, pnl: number): StateEvent {
  const risk = {
    day: "2024-03-04",
    dailyPnl: pnl,
    dailyTrades: 0,
    consecutiveLosses: 0,
    currentDrawdown: 0,
    peakEquity: 0,
    tripped: false,
  };
  return {
    id: `1-${fillId}`,
    at: AT,
    instance,
    type: "fill_recorded",
    orderId: order.id,
    fillId,
    price: 1,
    size: 1,
    fee: 0,
    ts: AT,
    pnl,
    order,
    positionId: position,
    ...(order.intent === "entry" && { position: OPEN }),
    risk,
  };
}

function evidence(): Evidence & { events: StateEvent[] } {
  const totals: Totals = {
    trades: 1,
    won: 1,
    pnl: "0.30000000",
    days: [{ day: "2024-03-04", trades: 1, won: 1, pnl: "0.30000000" }],
    breakerTrips: [],
    openPositions: [],
  };
  const admitted = { type: "entry_admitted", signalId, pair: "BTC/USDT", side: "long", order: ENTRY } as const;
  return {
    reports: new Map([
      ["a", [{ did: "started" }, { did: "won", id: signalId }, { did: "opened", id: position }, { did: "finished" }]],
      ["b", [{ did: "started" }, { did: "closed", id: position }, { did: "finished" }]],
    ]),
    events: [
      { id: "1-0", at: AT, instance: "a", ...admitted },
      booking(ENTRY, "a", "f1", 0),
      booking(EXIT, "b", "f2", 0.3),
    ],
    recoverer: "conductor",
    snapshot: { positions: [], orders: [] },
    totals,
    alone: totals,
  };
}

function faultsOf(given: Evidence): string {
  return prove(given)
    .flatMap(({ faults }) => faults)
    .join("\n");
}

test("the proof holds where all agree", () => {
  assert.is(faultsOf(evidence()), "");
});

test("the proof fails when a signal is won twice, a position is opened or closed twice, or by another than says so", () => {
  for (const [at, event] of evidence().events.entries()) {
    const given = evidence();
    given.events.push({ ...event, instance: "b" });
    assert.match(faultsOf(given), /(won|opened|closed) 2 times/);

    const swapped = evidence();
    swapped.events[at] = { ...event, instance: "c" };
    assert.match(faultsOf(swapped), /says that it (won|opened|closed) it, the log says c/);
  }
});

test("the proof fails when a position is lost, still there, or never opened", () => {
  const lost = evidence();
  lost.events.splice(2, 1);
  assert.match(faultsOf(lost), new RegExp(`a position that is neither closed nor open: ${position}`));
  const left = { ...evidence(), snapshot: { positions: [OPEN], orders: [] } };
  assert.match(faultsOf(left), new RegExp(`an open position that was closed, or never opened: ${position}`));
  const unopened = evidence();
  unopened.events.splice(1, 1);
  assert.match(faultsOf(unopened), new RegExp(`a signal without a position: ${position}`));
});

test("the proof fails when an order is left over, and not when it waits to close an open position", () => {
  const waiting = { ...EXIT, status: "open", filled: 0 } as const;
  const left = { ...evidence(), snapshot: { positions: [], orders: [waiting] } };
  assert.match(faultsOf(left), new RegExp(`an order left over: ${waiting.id}`));
  const held = evidence();
  held.events.splice(2, 1);
  const open = { ...held, snapshot: { positions: [OPEN], orders: [waiting] } };
  assert.not.match(faultsOf(open), /an order left over/);
});

test("the proof lets a death take one answer with it, and not two", () => {
  const died: Evidence = {
    ...evidence(),
    reports: new Map([
      ["a", [{ did: "started" }, { did: "won", id: signalId }]],
      ["b", evidence().reports.get("b") ?? []],
    ]),
  };
  assert.is(faultsOf(died), "");
  const silent: Evidence = {
    ...died,
    reports: new Map([
      ["a", [{ did: "started" }]],
      ["b", evidence().reports.get("b") ?? []],
    ]),
  };
  assert.match(faultsOf(silent), new RegExp(`a died 1 times, and never reported s won, ${position} opened`));
});

test("what the recovery of a fleet booked needs no report of a bot", () => {
  const given = evidence();
  given.events[2] = booking(EXIT, "conductor", "f2", 0.3);
  const reports = new Map([...given.reports, ["b", [{ did: "started" }, { did: "finished" }]] as const]);
  assert.is(faultsOf({ ...given, reports }), "");
});

// --- state and exchange

function sides() {
  const { events } = evidence();
  const fill = { pair: "BTC/USDT", price: 1, size: 1, fee: 0, ts: AT };
  const fills: readonly ExchangeFill[] = [
    { ...fill, fillId: "f1", clientOrderId: ENTRY.id, side: "buy" },
    { ...fill, fillId: "f2", clientOrderId: EXIT.id, side: "sell" },
  ];
  return {
    account: { fills, taken: [ENTRY.id, EXIT.id], realised: 0.5, fees: 0.2 },
    events,
    totals: { pnl: "0.30000000" },
    plan: { actions: [], failures: [], waiting: [], foreign: [] },
  };
}

function speaksAgainst(given: Parameters<typeof agreement>[0]): string {
  return agreement(given)
    .flatMap(({ faults }) => faults)
    .join("\n");
}

test("state and exchange agree where they do", () => {
  assert.is(speaksAgainst(sides()), "");
});

test("state and exchange disagree when a hundred-millionth is missing", () => {
  assert.is(speaksAgainst({ ...sides(), totals: { pnl: "0.30000001" } }), "they differ by -0.00000001");
});

test("state and exchange disagree when a fill is not booked, booked twice, at another price, or never made", () => {
  const missing = sides();
  missing.events.pop();
  assert.match(speaksAgainst(missing), /^not booked: .* f2 of \S+-tp: 1 at 1, fee 0$/);
  const twice = sides();
  twice.events.push(booking(EXIT, "a", "f2", 0));
  assert.match(speaksAgainst(twice), /^booked twice: .* f2 /);
  const dearer = sides();
  dearer.events[2] = { ...booking(EXIT, "a", "f2", 0), price: 2 } as StateEvent;
  assert.match(speaksAgainst(dearer), /not booked: .* at 1,.*\nbooked, and not made: .* at 2,/);
});

test("state and exchange disagree when an order is taken twice, and when a recovery would have something to do", () => {
  const given = sides();
  const taken = [...given.account.taken, ENTRY.id];
  assert.is(
    speaksAgainst({ ...given, account: { ...given.account, taken } }),
    `the exchange took more than one order ${ENTRY.id}`,
  );
  const evidence = ["it was seen"];
  const why = "it never arrived";
  const action = {
    type: "end_order",
    key: "k",
    pair: "BTC/USDT",
    orderId: "o",
    as: "cancelled",
    why,
    evidence,
  } as const;
  assert.is(
    speaksAgainst({ ...given, plan: { ...given.plan, actions: [action] } }),
    "order o is over: it never arrived (it was seen)",
  );
  const waiting = [{ pair: "BTC/USDT", subject: "o", why, harmless: true }];
  assert.is(speaksAgainst({ ...given, plan: { ...given.plan, waiting } }), "o: it never arrived");
});

test("two runs are told apart by a day's PnL, a trip, an open position, and a single execution", () => {
  const { totals } = evidence();
  const { account } = sides();
  const run = { totals, account };
  const faults = (other: typeof run) =>
    sameRun({ killed: other, undisturbed: run }).map((check) => check.faults.length > 0);
  assert.equal(faults(run), [false, false, false]);
  const day = { day: "2024-03-04", trades: 1, won: 1, pnl: "0.30000001" };
  assert.equal(faults({ ...run, totals: { ...totals, days: [day] } }), [true, false, false]);
  const trip = { at: AT.toISOString(), reason: "r" };
  assert.equal(faults({ ...run, totals: { ...totals, breakerTrips: [trip] } }), [false, true, false]);
  assert.equal(faults({ ...run, totals: { ...totals, openPositions: [OPEN] } }), [false, true, false]);
  assert.equal(faults({ ...run, account: { ...account, fills: account.fills.slice(1) } }), [false, false, true]);
});

test.run();
