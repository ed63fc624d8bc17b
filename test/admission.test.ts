import { suite } from "uvu";
import * as assert from "uvu/assert";
import { script } from "../src/backends/redis/scripts.js";
import { admit } from "../src/operations/admit.js";
import { recordFill } from "../src/operations/record-fill.js";
import { audit } from "./admission/audit.js";
import type { Kill } from "./admission/crew.js";
import { exactMoney, moneyText } from "./admission/exact.js";
import type { Call } from "./admission/journal.js";
import { type AdmissionPlan, between, faultRandom } from "./admission/plan.js";
import { type Aftermath, DAY_START_MS, play } from "./admission/play.js";
import type { Offered } from "./admission/worker.js";
import type { LoggedEvent } from "./faults/record.js";
import { Troublemaker } from "./faults/trouble.js";
import { LONG } from "./long.js";
import { type FaultProxy, startProxy } from "./servers/proxy.js";
import { startRedis } from "./servers/redis.js";

const SEED = Number(process.env.SEED ?? process.env.SF_SEED ?? Math.floor(Math.random() * 1_000_000));
const PLAN: AdmissionPlan = { seed: SEED, workers: 8, signals: LONG ? 2_000 : 400, beganAt: Date.now() };
const FAULTY_PLAN: AdmissionPlan = { ...PLAN, workers: 4, signals: LONG ? 300 : 120 };

/** Workers are killed this often, at random moments of the first four fifths of the race. */
const KILLS = 8;

/** ms; less than half of what a stall takes on average. */
const COMMAND_TIMEOUT = 500;

const RATES = { refuse: 0.05, dropRequest: 0.005, dropReply: 0.01, swallowReply: 0.003, delayReply: 0.05, delayMs: 20 };

const TROUBLES = ["cut", "stall", "stall replies", "hold requests", "refuse", "flush scripts"] as const;

const redis = await startRedis();

const test = suite(`admission over many processes (SEED=${SEED})`);

test.after(() => redis.stop());

let kills = 0;
const main = await runWithKills();
const mainAudit = audit(PLAN, DAY_START_MS, main.store, main.calls);

test(`eight processes admit ${PLAN.signals} signals and crash: no limit is exceeded at any moment, no signal admitted twice, PnL exact`, () => {
  found(mainAudit.discrepancies);
  assert.is(offersOf(main.calls), PLAN.workers * PLAN.signals);
});

test("each of the limits was reached, and each reason was given", () => {
  const { sights, risk } = mainAudit.replay;
  const lateTrades = [...risk.history.values()].reduce((sum, { trades }) => sum + trades, 0);
  const seen = { ...sights, lateTrades, ...main.deeds };
  for (const [what, times] of Object.entries(seen)) assert.ok(times > 0, `SEED=${SEED}: ${what} never`);
  assert.is(mainAudit.replay.everAdmitted.size, PLAN.signals, `SEED=${SEED}: every signal is admitted in the end`);
  assert.equal(reasonsOf(main.calls), [
    "circuit_breaker",
    "cooldown",
    "daily_loss",
    "duplicate_signal",
    "max_exposure",
    "max_open_positions",
    "max_positions_per_pair",
  ]);
});

test("every process was admitted, killed ones were replaced, and calls were in flight at the kills", () => {
  const instances = new Set(main.calls.map(({ instance }) => instance));
  assert.is(kills, KILLS);
  assert.ok(instances.size > PLAN.workers);
  assert.ok(main.calls.some(({ told }) => told === undefined));
  const makers = main.store.events.filter(({ type }) => type === "entry_admitted").map(({ instance }) => instance);
  assert.is(new Set(makers.map((instance) => instance?.split(".")[0])).size, PLAN.workers);
});

test("a watcher saw every event once, in order", () => {
  assert.equal(main.watched, main.store.ids);
});

const faulty = await runWithFaults();
const faultyAudit = audit(FAULTY_PLAN, DAY_START_MS, faulty.store, faulty.calls);

test("behind proxies that lose, cut, stall and refuse, retry() answers what is unknown, and all of it still holds", () => {
  found(faultyAudit.discrepancies);
  assert.is(offersOf(faulty.calls), FAULTY_PLAN.workers * FAULTY_PLAN.signals);
  assert.not(
    faulty.calls.some(({ told }) => told === undefined),
    "nobody was killed, and everybody was told",
  );
  const doubtful = faulty.calls.filter(({ doubts }) => doubts > 0).map(({ wish }) => wish.split(" ")[0]);
  assert.ok(doubtful.includes("admit"), `SEED=${SEED}: no admission was in doubt`);
  assert.ok(doubtful.includes("fill"), `SEED=${SEED}: no fill was in doubt`);
  assert.equal(faulty.watched, faulty.store.ids);
});

test("the audit notices an admission that happened twice, and one that nobody was told of", () => {
  const { events } = faulty.store;
  const admission = find(events, "entry_admitted");
  const twice = events.flatMap((event) => (event === admission ? [event, event] : [event]));
  assert.match(complaints({ events: twice }), `${admission.signal_id} was admitted before`);
  assert.match(complaints({ events: twice }), `admit ${admission.signal_id} = admitted as`);
  assert.match(complaints({ events: twice }), /and nobody was told/);
});

test("the audit notices an admission that somebody was told of, and that did not happen", () => {
  const { events } = faulty.store;
  const admission = find(events, "entry_admitted");
  const others = events.filter((event) => event !== admission);
  assert.match(complaints({ events: others }), `admit ${admission.signal_id} = admitted as`);
  assert.match(complaints({ events: others }), /the log does not know of it/);
});

test("the audit notices positions and exposure beyond the limits", () => {
  const opened = faulty.store.events.filter(({ type }) => type === "entry_admitted" || type === "limits_set");
  assert.match(complaints({ events: opened }), /15 positions and entries are open\n/);
  assert.match(complaints({ events: opened }), /5 positions and entries are open on/);
  assert.match(complaints({ events: opened }), /admitted to an exposure of \d/);
});

test("the audit notices an admission while the breaker is active, and one at the daily loss limit", () => {
  const { events } = faulty.store;
  const tripped = { ...find(events, "breaker_tripped"), breaker_until: "" };
  assert.match(complaints({ events: [tripped, ...events] }), /admitted while the breaker was active/);
  // A limit that every day has reached, whatever it made.
  const strict = changed(events, find(events, "limits_set", "max_daily_loss"), { max_daily_loss: "-1000000000" });
  assert.match(complaints({ events: strict }), /admitted while the daily loss was at the limit/);
});

test("the audit notices a fill that was booked twice, and one that is off by the last decimal", () => {
  const { events } = faulty.store;
  const fill = find(events, "fill_recorded");
  assert.match(complaints({ events: [...events, fill] }), `fill ${fill.order_id}|${fill.fill_id} was booked before`);
  const { pnl = "" } = fill;
  const nearly = moneyText(exactMoney(pnl) + 1n);
  assert.match(
    complaints({ events: changed(events, fill, { pnl: nearly }) }),
    `the fill books ${nearly}, it made ${pnl}`,
  );
});

test("the audit notices a fill whose share went to another position, and a trade that is not written down", () => {
  const { events, keys } = faulty.store;
  const end = find(events, "fill_recorded", "trades");
  assert.match(
    complaints({ events: changed(events, end, { position_id: "another" }) }),
    /the position filled of .*"another"/,
  );
  assert.match(complaints({ events: changed(events, end, { trades: "[]" }) }), /0 trades ended, not \d/);
  assert.match(complaints({ keys: { ...keys, "trades:closed": {} } }), /trades:closed \d+-\d+ is lost/);
});

test("the audit notices a trade that is not counted, and a total that is not the sum", () => {
  const { events, keys } = faulty.store;
  const close = find(events, "position_closed");
  assert.match(complaints({ events: changed(events, close, { daily_trades: "0" }) }), /daily_trades is 0, not \d+/);
  const daily = { ...keys["risk:daily"], daily_pnl: "0" };
  assert.match(complaints({ keys: { ...keys, "risk:daily": daily } }), /risk:daily daily_pnl is 0; the log says/);
});

test("the audit notices what a refused admission has written, and what a flow that is flat still holds", () => {
  const { keys } = faulty.store;
  const marked = { ...keys["signals:processed"], "signal-x": "1" };
  assert.match(complaints({ keys: { ...keys, "signals:processed": marked } }), "signals:processed signal-x is 1");
  const cooling = { ...keys["signals:cooldowns"], "DOGE/USDT": "1" };
  assert.match(complaints({ keys: { ...keys, "signals:cooldowns": cooling } }), "signals:cooldowns DOGE/USDT is 1");
  const held = { ...keys["risk:exposure"], slots: "1" };
  assert.match(complaints({ keys: { ...keys, "risk:exposure": held } }), "risk:exposure slots is 1; the log says 0");
  const pending = { "orders:pending": { "order-x": "{}" } };
  assert.match(complaints({ keys: { ...keys, ...pending } }), "orders:pending order-x is {}; the log says nothing");
});

test.run();

async function runWithKills(): Promise<Aftermath> {
  const random = faultRandom(PLAN);
  const last = PLAN.workers * PLAN.signals * 0.8;
  const due = Array.from({ length: KILLS }, () => random() * last).sort((a, b) => a - b);
  let settled = 0;
  const offered = (offer: Offered, kill: Kill) => {
    if (offer.settled) settled += 1;
    if (settled > (due[kills] ?? Number.POSITIVE_INFINITY) && kill(between(random, 0, PLAN.workers - 1))) kills += 1;
  };
  return play(redis, { plan: PLAN, flowId: "main", offered });
}

/** A worker's first admission and the first fill that it tells of stay without an answer until what is returned is called. */
function leaveInDoubt(proxy: FaultProxy): () => void {
  let isHeld = false;
  for (const { name } of [admit, recordFill]) {
    proxy.swallowReplies(1, ([, sha]) => {
      if (sha !== script(name).sha) return false;
      isHeld = true;
      proxy.stallReplies();
      return true;
    });
  }
  return () => {
    if (isHeld) proxy.resume();
    isHeld = false;
  };
}

async function runWithFaults(): Promise<Aftermath> {
  const proxies = await Promise.all(Array.from({ length: FAULTY_PLAN.workers }, () => startProxy(redis.port)));
  try {
    const releases = proxies.map(leaveInDoubt);
    const troublemaker = new Troublemaker(redis, proxies, TROUBLES, faultRandom(FAULTY_PLAN));
    const aftermath = await play(redis, {
      plan: FAULTY_PLAN,
      flowId: "faulty",
      connectionOf: (worker) => ({ url: proxies[worker]?.url ?? "", commandTimeout: COMMAND_TIMEOUT }),
      raceBegins() {
        for (const [worker, proxy] of proxies.entries()) proxy.chaos(SEED * 100 + worker, { rates: RATES });
      },
      offered: (_, kill) => troublemaker.maybeStrike({ done: 0, kill }),
      doubted: (worker) => releases[worker]?.(),
    });
    await troublemaker.over();
    return aftermath;
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.stop()));
  }
}

/** Fails with the first of the discrepancies, if there are any. */
function found(discrepancies: readonly string[]): void {
  assert.is(discrepancies.length, 0, `SEED=${SEED}\n${discrepancies.slice(0, 20).join("\n")}`);
}

/** How many signals were offered, each counted once for each worker. */
function offersOf(calls: readonly Call[]): number {
  const offers = calls.filter(({ wish }) => wish.startsWith("admit "));
  return new Set(offers.map(({ wish, instance }) => `${instance.split(".")[0]} ${wish}`)).size;
}

/** Why admissions were refused. */
function reasonsOf(calls: readonly Call[]): string[] {
  const reasons = calls.flatMap(({ wish, told }) =>
    wish.startsWith("admit ") && told?.startsWith("no: ") ? [told.slice("no: ".length)] : [],
  );
  return [...new Set(reasons)].sort();
}

/** What the audit of the faulty run says when Redis has something else than it has. */
function complaints(change: Partial<Aftermath["store"]>): string {
  return audit(FAULTY_PLAN, DAY_START_MS, { ...faulty.store, ...change }, faulty.calls).discrepancies.join("\n");
}

function find(events: readonly LoggedEvent[], type: string, field = "type"): LoggedEvent {
  const event = events.find((candidate) => candidate.type === type && candidate[field] !== undefined);
  assert.ok(event, `SEED=${SEED}: no ${type}`);
  return event;
}

function changed(events: readonly LoggedEvent[], event: LoggedEvent, change: LoggedEvent): LoggedEvent[] {
  return events.map((other) => (other === event ? { ...event, ...change } : other));
}
