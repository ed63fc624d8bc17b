import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Snapshot, StateManager } from "../src/index.js";
import { BadInputError } from "./demo/bad-input.js";
import { readCandles } from "./demo/candles-csv.js";
import { type Deed, Desk, orderIdOf } from "./demo/desk.js";
import { exitOf } from "./demo/fills.js";
import { type FlowClock, RULES } from "./demo/flow.js";
import { duckdbEvents, type LoggedEvent } from "./demo/flow-log.js";
import { KILL_POINTS, type KillPoint } from "./demo/kill-point.js";
import { moneyText, sumOf } from "./demo/money.js";
import { readOptions } from "./demo/options.js";
import { type Check, type Evidence, prove } from "./demo/prove.js";
import { syntheticMarket } from "./demo/synthetic-market.js";
import { stateTotals, type Totals } from "./demo/totals.js";
import { tradeAlone } from "./demo/trade-alone.js";
import { tradeMinute } from "./demo/trade-minute.js";
import { seededRandom } from "./servers/random.js";

const ROOT = resolve(fileURLToPath(new URL(".", import.meta.url)), "..");
const FLOW = "demo-synthetic-1";
const DAYS = 2;
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
  const child = spawn(process.execPath, ["--import", "tsx", "test/demo/main.ts", ...args], {
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
  readonly events: readonly LoggedEvent[];
}

/** A run that nobody disturbs, made once. */
let reference: Promise<Undisturbed> | undefined;

function undisturbed(): Promise<Undisturbed> {
  reference ??= (async () => {
    const state = await folder();
    const { totals } = printed(await run(duckdb(state)));
    return { totals, events: await duckdbEvents(join(state, `${FLOW}.db`)) };
  })();
  return reference;
}

/** The same totals, and the same changes in the same order: none lost, none doubled, none other. */
async function assertUndisturbed(state: string, { totals }: Printed): Promise<void> {
  const expected = await undisturbed();
  assert.equal(totals, expected.totals);
  assert.equal(await duckdbEvents(join(state, `${FLOW}.db`)), expected.events);
}

// --- one bot on DuckDB

test("a run trades, loses, trips the breaker, and says so exactly", async () => {
  const { totals } = await undisturbed();
  assert.ok(totals.trades > 20, `${totals.trades} trades`);
  assert.ok(totals.breakerTrips.length > 2, `${totals.breakerTrips.length} trips`);
  assert.ok(totals.openPositions.length > 0);
  assert.is(totals.days.length, DAYS);
  assert.is(totals.pnl, moneyText(sumOf(totals.days.map(({ pnl }) => pnl))));
});

test("a run that is killed at every kind of step, one life after another, ends like one that nobody disturbed", async () => {
  const state = await folder();
  for (const point of KILL_POINTS) {
    const { signal, stderr } = await run(duckdb(state), { env: { SF_DEMO_KILL: `${point}:2` } });
    assert.is(signal, "SIGKILL", `${point}: ${stderr}`);
  }
  await assertUndisturbed(state, printed(await run(duckdb(state))));
});

test("a run that is killed again and again at random ends like one that nobody disturbed", async () => {
  const random = seededRandom(SEED, 0);
  const state = await folder();
  for (let kills = 0; kills < 8; kills++) {
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
  assert.match(stdout, /2024-03-04 +15 +5 +-98\.37 +05:58 4 losses in a row reached the limit of 4/);
  assert.match(stdout, /Total .* 3 trips/);
  assert.match(stdout, /State is in .*demo-synthetic-1\.db\. Run again to go on/);
  assert.not.ok((stdout + stderr).includes("\x1b["));
  assert.match(stderr, / 50% {2}2024-03-04 23:59 {2}\d+ trades/);
});

// --- every step, in one process

class Killed extends Error {}

/** A flow in memory that outlives its bots. */
async function memoryFlow(): Promise<{
  live(dieAt: number): Promise<number>;
  state(): Promise<unknown>;
  deeds: Deed[];
}> {
  const market = syntheticMarket(1, 1);
  const clock: FlowClock = { now: 0 };
  const manager = await StateManager.open(FLOW, RULES, { clock: () => clock.now });
  const deeds: Deed[] = [];
  return {
    deeds,
    /** Trades until the bot's step number `dieAt`; answers how many steps there were. */
    async live(dieAt) {
      let steps = 0;
      clock.now = market.minutes[0]?.time ?? 0;
      const onPoint = (point: KillPoint): void => {
        if (point !== "minute_over" && ++steps === dieAt) throw new Killed(point);
      };
      const listeners = {
        onMinute() {},
        onDeed: (deed: Deed) => void deeds.push(deed),
        onPoint,
        isStopped: () => false,
      };
      await tradeAlone(manager, clock, market, listeners).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
      return steps;
    },
    async state() {
      const { epoch, instances, ...rest } = await manager.snapshot();
      return { ...rest, ...(await stateTotals(manager)) };
    },
  };
}

test("a bot that dies at any single step of a day, and once more soon after, leaves the state of one that never died", async () => {
  const alive = await memoryFlow();
  const steps = await alive.live(0);
  const expected = await alive.state();
  assert.ok(steps > 100, `${steps} steps`);
  assert.ok(alive.deeds.some((deed) => deed.did === "closed" && deed.trip !== undefined));

  for (let first = 1; first <= steps; first++) {
    for (const second of [0, 1 + (first % 5)]) {
      const flow = await memoryFlow();
      await flow.live(first);
      if (second > 0) await flow.live(second);
      await flow.live(0);
      assert.equal(await flow.state(), expected, `died at step ${first}, then at ${second}`);
    }
  }
});

test("a bot that dies at random steps all day leaves the state of one that never died", async () => {
  const alive = await memoryFlow();
  await alive.live(0);
  const random = seededRandom(SEED, 1);
  for (let day = 0; day < 20; day++) {
    const flow = await memoryFlow();
    for (let lives = 0; lives < 40; lives++) await flow.live(1 + Math.floor(random() * 15));
    await flow.live(0);
    assert.equal(await flow.state(), await alive.state(), `DEMO_TEST_SEED=${SEED}`);
  }
});

test("an entry at the close of a minute does not leave within that minute, traded again or not", async () => {
  const clock: FlowClock = { now: Date.parse("2024-03-04T10:00Z") };
  const manager = await StateManager.open(FLOW, RULES, { clock: () => clock.now });
  const deeds: string[] = [];
  const desk = new Desk({
    manager,
    clock,
    settle: async () => {},
    tell: ({ did }) => deeds.push(did),
    pass() {},
  });
  const wild = { open: 100, high: 200, low: 50, close: 100, volume: 1 };
  const proposal = { signalId, pair: "BTC/USDT", side: "long", size: 1, price: 100, tp: 110, sl: 90 } as const;
  const minute = () => ({ time: clock.now, candles: new Map([["BTC/USDT", wild]]) });
  await tradeMinute(desk, minute(), [proposal]);
  await tradeMinute(desk, minute(), [proposal]);
  assert.equal(deeds, ["won", "opened", "refused"]);
  clock.now += 60_000;
  await tradeMinute(desk, minute(), []);
  assert.equal(deeds, ["won", "opened", "refused", "closed"]);
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

test("a stop is taken before a target of the same minute, and a minute that opens beyond a level fills there", () => {
  const position = {
    id: "p",
    pair: "BTC/USDT",
    side: "long",
    size: 2,
    entryPrice: 100,
    entryTs: new Date(0),
    tp: 110,
    sl: 95,
    metadata: {},
    version: 1,
  } as const;
  const candle = { open: 100, high: 101, low: 99, close: 100, volume: 1 };
  assert.is(exitOf(position, candle), undefined);
  assert.equal(exitOf(position, { ...candle, high: 111, low: 94 }), { reason: "stop loss", price: 95, pnl: -10.195 });
  assert.equal(exitOf(position, { ...candle, high: 112 }), { reason: "take profit", price: 110, pnl: 19.79 });
  assert.is(exitOf(position, { ...candle, open: 90, low: 90 })?.price, 90);
  const short = { ...position, side: "short", tp: 90, sl: 105 } as const;
  assert.is(exitOf(short, { ...candle, open: 107, high: 108 })?.price, 107);
  assert.equal(exitOf(short, { ...candle, low: 89 }), { reason: "take profit", price: 90, pnl: 19.81 });
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
];

for (const [args, message] of BAD_OPTIONS) {
  test(`${args.join(" ")} is refused`, () => {
    assert.throws(
      () => readOptions(args),
      (error: unknown) => error instanceof BadInputError && message.test(error.message),
    );
  });
}

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
  for (const { what, faults } of proof) assert.equal(faults, [], what);
  assert.is(proof.length, 6);
  const alone = printed(await run(["--backend", "memory", "--days", "1", "--json"]));
  assert.equal(totals, alone.totals);
});

// --- the proof itself

function event(type: string, instance: string, fields: Record<string, string>): LoggedEvent {
  return { at: Date.parse("2024-03-04T10:00Z"), instance, type, fields };
}

function evidence(): Evidence & { events: LoggedEvent[] } {
  const totals: Totals = {
    trades: 1,
    won: 1,
    pnl: "0.30000000",
    days: [{ day: "2024-03-04", trades: 1, won: 1, pnl: "0.30000000" }],
    breakerTrips: [],
    openPositions: [],
  };
  const at = Date.parse("2024-03-04T10:00Z");
  return {
    reports: new Map([
      ["a", [{ did: "started" }, { did: "won", id: signalId }, { did: "opened", id: position }, { did: "finished" }]],
      ["b", [{ did: "started" }, { did: "closed", id: position, at, pnl: "0.3" }, { did: "finished" }]],
    ]),
    events: [
      event("entry_admitted", "a", { signal_id: signalId }),
      event("fill_recorded", "a", { position_id: position }),
      event("position_closed", "b", { id: position, pnl: "0.3" }),
    ],
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

const OPEN: Snapshot["positions"][number] = {
  id: position,
  pair: "BTC/USDT",
  side: "long",
  size: 1,
  entryPrice: 1,
  entryTs: new Date(0),
  metadata: {},
  version: 1,
};

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

test("the proof fails when a hundred-millionth is missing", () => {
  const given = evidence();
  const totals = {
    ...given.totals,
    pnl: "0.30000001",
    days: [{ ...given.totals.days[0], pnl: "0.30000001" }],
  } as Totals;
  assert.match(faultsOf({ ...given, totals }), /reported 0\.30000000, in the state 0\.30000001/);
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

test.run();
