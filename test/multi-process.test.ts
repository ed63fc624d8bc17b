import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { seededRandom } from "../sync/demo/seeded-random.js";
import { audit } from "./faults/audit.js";
import { type Crew, work } from "./faults/crew.js";
import { flowConfig, prepareFlow } from "./faults/flow.js";
import { type Plan, tasksOf } from "./faults/plan.js";
import { type FlowRecord, readRecord } from "./faults/record.js";
import { makeFolder, removeFolder } from "./servers/folder.js";
import { startRedis } from "./servers/redis.js";

const SEED = 1;
const PLAN: Plan = { seed: SEED, workers: 8, tasks: 500 };
const LANES = 4;

/** Workers are killed this often, at random moments of the first four fifths. */
const KILLS = 12;

const redis = await startRedis();
const folder = await makeFolder();
const config = flowConfig(redis.url, "10s");

const test = suite("many processes on one flow");

test.after(async () => {
  await redis.stop();
  await removeFolder(folder);
});

async function run(flowId: string, disturb?: (crew: Crew) => void) {
  const journals = await mkdtemp(join(folder, `${flowId}-`));
  await prepareFlow(flowId, config, PLAN);
  const assignment = { plan: PLAN, flowId, folder: journals, lanes: LANES, configOf: () => config };
  const outcomes = await work(assignment, disturb);
  const record = await readRecord(redis.port, flowId);
  return { outcomes, record, findings: audit(PLAN, outcomes, record) };
}

const plain = await run("plain");

test("eight processes with 500 operations each: totals to the last decimal, one winner each, nothing lost", () => {
  assert.equal(plain.findings.discrepancies, []);
  assert.is(plain.findings.tasks, 4_000);
  assert.is(plain.findings.untold, 0);
  assert.is(plain.findings.signals, 125);
});

test("every process wins signals, so they did compete", () => {
  const winners = plain.record.events.filter(({ type }) => type === "signal_processed").map(({ instance }) => instance);
  assert.is(new Set(winners).size, PLAN.workers);
});

test("the breaker trips again after each reset, and never twice in between", () => {
  const story = plain.record.events.flatMap(({ type, tripped }) =>
    tripped === "1" ? ["tripped"] : type === "breaker_reset" ? ["reset"] : [],
  );
  assert.ok(story.length >= 4, `${story.length} trips and resets`);
  for (const [index, what] of story.entries()) assert.is(what, index % 2 === 0 ? "tripped" : "reset");
});

test("Redis remembers no more answers than there were calls in flight at a time", () => {
  assert.ok(plain.record.answers > 0);
  assert.ok(plain.record.answers <= PLAN.workers * LANES + 1, `${plain.record.answers} answers`);
});

test("processes killed by SIGKILL at any moment double nothing and lose nothing that was told", async () => {
  const random = seededRandom(SEED, 1_000);
  const last = PLAN.workers * PLAN.tasks * 0.8;
  const due = Array.from({ length: KILLS }, () => random() * last).sort((a, b) => a - b);
  let kills = 0;
  const { findings, outcomes } = await run("killed", (crew) => {
    const isDue = crew.done > (due[kills] ?? Number.POSITIVE_INFINITY);
    if (isDue && crew.kill(Math.floor(random() * PLAN.workers))) kills += 1;
  });
  assert.equal(findings.discrepancies, []);
  assert.is(findings.tasks, 4_000);
  assert.is(kills, KILLS);
  assert.ok(findings.untold > 0, "no kill met a call in flight");
  assert.ok(findings.untold <= kills * LANES, `${findings.untold} tasks in flight at ${kills} kills`);
  const instances = new Set(outcomes.flatMap((ofWorker) => [...ofWorker.values()].map(({ instance }) => instance)));
  assert.ok(instances.size > PLAN.workers, "the killed were replaced");
});

/** What the audit of the plain run says when the record is as it would be after a fault. */
function complaints(change: Partial<FlowRecord>): string {
  return audit(PLAN, plain.outcomes, { ...plain.record, ...change }).discrepancies.join("\n");
}

test("the audit notices a booking that happened twice, and one that was lost", () => {
  const { events } = plain.record;
  const booking = events.findIndex(({ type }) => type === "pnl_booked");
  const [event] = events.slice(booking, booking + 1);
  assert.ok(event);
  assert.match(complaints({ events: [...events, event] }), `trade ${event.pnl} happened 2 times`);
  assert.match(complaints({ events: events.toSpliced(booking, 1) }), `trade ${event.pnl} did not happen`);
});

test("the audit notices a total that is off by the last decimal, and a trade that is not counted", () => {
  const { daily_pnl, daily_trades } = plain.record.risk;
  assert.ok(daily_pnl && daily_trades);
  const nearly = `${daily_pnl.slice(0, -1)}${(Number(daily_pnl.at(-1)) + 1) % 10}`;
  assert.match(complaints({ risk: { daily_pnl: nearly, daily_trades } }), `the day's PnL is ${nearly}`);
  assert.match(complaints({ risk: { daily_pnl, daily_trades: "1" } }), "the day has 1 trades");
});

test("the audit notices a signal that another process won than was told so", () => {
  const events = plain.record.events.map((event) => ({ ...event }));
  const win = events.find(({ type }) => type === "signal_processed");
  assert.ok(win);
  win.instance = win.instance === "worker-0.0" ? "worker-1.0" : "worker-0.0";
  assert.match(complaints({ events }), `signal ${win.signal_id} was won by ${win.instance}, which was told otherwise`);
});

test("the audit notices a position that is lost, and one that was saved twice", () => {
  const own = tasksOf(PLAN, 0).find(({ kind }) => kind === "save");
  assert.ok(own && "id" in own);
  const { [own.id]: json = "", ...others } = plain.record.positions;
  assert.match(complaints({ positions: others }), `position ${own.id} was saved 1 times and is lost`);
  const again = json.replace('"version":1', '"version":2');
  assert.match(complaints({ positions: { ...others, [own.id]: again } }), `position ${own.id} has version 2`);
});

test("the audit notices a breaker that tripped too early, and one that did not trip", () => {
  const { events } = plain.record;
  const flipped = (at: number, tripped: string) =>
    events.map((event, index) => (index === at ? { ...event, tripped } : event));
  const first = events.findIndex(({ tripped }) => tripped === "1");
  const early = events.findIndex(({ type }) => type === "pnl_booked");
  assert.ok(early < first);
  assert.match(complaints({ events: flipped(early, "1") }), /the breaker tripped/);
  assert.match(complaints({ events: flipped(first, "0") }), /the breaker did not trip/);
});

test.run();
