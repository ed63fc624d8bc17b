import type { Outcomes } from "./crew.js";
import { decimal } from "./decimal.js";
import type { Outcome } from "./journal.js";
import { COUNTER, MAX_DAILY_LOSS, type Plan, sharedPositions, type Task, tasksOf } from "./plan.js";
import type { FlowRecord, LoggedEvent } from "./record.js";

/** What was counted, for the summary. */
export interface Findings {
  readonly discrepancies: readonly string[];
  readonly tasks: number;
  /** Tasks whose workers were killed before they were told. */
  readonly untold: number;
  readonly booked: number;
  readonly signals: number;
  readonly trips: number;
}

/** A task and what became of it. */
type Done<T extends Task = Task> = T & Outcome;

/**
 * Compares what the workers were told with what Redis has. Everything they were told happened exactly once and to them; what was
 * in flight at a kill happened once or not at all; the event log, replayed, gives the totals, and tells when the breaker trips.
 */
export function audit(plan: Plan, outcomes: readonly Outcomes[], record: FlowRecord): Findings {
  const done = outcomes.flatMap((ofWorker, worker) => doneBy(plan, worker, ofWorker));
  const trips = record.events.filter((event) => event.tripped === "1");
  const discrepancies = [
    ...missing(plan, done),
    ...wrongBookings(done, record),
    ...wrongCloses(plan, done, record),
    ...wrongSignals(done, record),
    ...wrongSaves(done, record),
    ...wrongCount(done, record),
    ...wrongCooldowns(done, record),
    ...wrongReplay(record),
    ...wrongTrips(done, trips),
  ];
  return {
    discrepancies,
    tasks: done.length,
    untold: done.filter(({ told }) => told === undefined).length,
    booked: eventsOf(record, "pnl_booked", "position_closed").length,
    signals: eventsOf(record, "signal_processed").length,
    trips: trips.length,
  };
}

function doneBy(plan: Plan, worker: number, outcomes: Outcomes): Done[] {
  return tasksOf(plan, worker).flatMap((task, number) => {
    const outcome = outcomes.get(number);
    return outcome ? [{ ...task, ...outcome }] : [];
  });
}

function missing(plan: Plan, done: readonly Done[]): string[] {
  const expected = plan.workers * plan.tasks;
  return done.length === expected ? [] : [`${done.length} tasks were begun, not ${expected}`];
}

/** Each trade is booked once if anybody was told about it, by the one who was told "booked", under the amount it has. */
function wrongBookings(done: readonly Done[], record: FlowRecord): string[] {
  const events = groups(eventsOf(record, "pnl_booked"), (event) => event.pnl ?? "");
  const tasks = groups(ofKind(done, "book"), (task) => task.amount);
  return wrongWinners("trade", tasks, events, "booked");
}

function wrongCloses(plan: Plan, done: readonly Done[], record: FlowRecord): string[] {
  const events = groups(eventsOf(record, "position_closed"), (event) => `${event.id} ${event.pnl}`);
  const tasks = groups(ofKind(done, "close"), (task) => `${task.id} ${task.amount}`);
  const lost = sharedPositions(plan).filter(
    (id) => id in record.positions === eventsOf(record, "position_closed").some((event) => event.id === id),
  );
  return [
    ...wrongWinners("close", tasks, events, "closed"),
    ...lost.map((id) => `position ${id} is neither open nor closed, or both`),
  ];
}

function wrongSignals(done: readonly Done[], record: FlowRecord): string[] {
  const events = groups(eventsOf(record, "signal_processed"), (event) => event.signal_id ?? "");
  return wrongWinners(
    "signal",
    groups(ofKind(done, "signal"), ({ id }) => id),
    events,
    "won",
  );
}

/** Of those who wanted a thing that happens once: at most one was told `won`, and exactly as the log has it. */
function wrongWinners(
  what: string,
  tasks: ReadonlyMap<string, readonly Done[]>,
  events: ReadonlyMap<string, readonly LoggedEvent[]>,
  won: string,
): string[] {
  const wrong: string[] = [];
  for (const key of events.keys()) if (!tasks.has(key)) wrong.push(`${what} ${key} happened, and nobody wanted it`);
  for (const [key, wanting] of tasks) {
    const happened = events.get(key) ?? [];
    const winners = wanting.filter(({ told }) => told === won);
    const told = wanting.filter((task) => task.told !== undefined);
    const [event] = happened;
    if (happened.length > 1) wrong.push(`${what} ${key} happened ${happened.length} times`);
    if (winners.length > 1) wrong.push(`${what} ${key} has ${winners.length} winners`);
    if (told.length > 0 && !event)
      wrong.push(`${what} ${key} did not happen, and ${told.length} were told that it did`);
    if (!event) continue;
    const owner = wanting.find(
      ({ instance, told }) => instance === event.instance && (told === won || told === undefined),
    );
    if (!owner) wrong.push(`${what} ${key} was won by ${event.instance}, which was told otherwise`);
    if (winners.some(({ instance }) => instance !== event.instance)) {
      wrong.push(`${what} ${key} was won by ${event.instance}, and another was told that it won`);
    }
  }
  return wrong;
}

function wrongSaves(done: readonly Done[], record: FlowRecord): string[] {
  const events = groups(
    eventsOf(record, "position_saved").map((event) => ({ ...event, ...head(event.position) })),
    ({ id }) => id,
  );
  return ofKind(done, "save").flatMap(({ id, told }) => {
    const times = events.get(id)?.length ?? 0;
    const stored = record.positions[id];
    const wrong: string[] = [];
    if (times > 1 || (told !== undefined && times === 0)) wrong.push(`position ${id} was saved ${times} times`);
    if ((stored !== undefined) !== times > 0)
      wrong.push(`position ${id} was saved ${times} times and is ${stored ?? "lost"}`);
    if (stored !== undefined && head(stored).version !== 1)
      wrong.push(`position ${id} has version ${head(stored).version}`);
    if (told !== undefined && told !== `${id} 1`) wrong.push(`the saver of ${id} was told ${told}`);
    return wrong;
  });
}

/** Each count adds one, and no two are told the same number. */
function wrongCount(done: readonly Done[], record: FlowRecord): string[] {
  const tasks = ofKind(done, "count");
  const told = tasks.flatMap((task) => (task.told === undefined ? [] : [task.told]));
  const updates = eventsOf(record, "position_updated").length;
  const count = /"count":(\d+)/.exec(record.positions[COUNTER] ?? "")?.[1] ?? "lost";
  const wrong: string[] = [];
  if (count !== String(updates)) wrong.push(`the counter is ${count} after ${updates} updates`);
  if (updates < told.length || updates > tasks.length) {
    wrong.push(`the counter was updated ${updates} times by ${tasks.length}, of whom ${told.length} were told`);
  }
  if (new Set(told).size !== told.length) wrong.push("two were told the same count");
  return wrong;
}

function wrongCooldowns(done: readonly Done[], record: FlowRecord): string[] {
  return ofKind(done, "cool").flatMap(({ pair, told }) => {
    const until = Number(record.cooldowns[pair] ?? 0);
    return Number(told ?? 0) > until ? [`the cooldown of ${pair} ends at ${until}, before ${told}`] : [];
  });
}

/** Replays the log: each booking adds its amount and a trade, and trips the breaker if and only if it is due. */
function wrongReplay({ events, risk, breaker }: FlowRecord): string[] {
  const limit = decimal(String(MAX_DAILY_LOSS));
  const wrong: string[] = [];
  let [total, trades, active] = [0n, 0, false];
  for (const event of events) {
    if (event.type === "breaker_reset") {
      if (!active) wrong.push("a breaker was reset that was not active");
      active = false;
    }
    if (event.type !== "pnl_booked" && event.type !== "position_closed") continue;
    const amount = decimal(event.pnl ?? "");
    total += amount;
    trades += 1;
    const trips = !active && amount < 0n && total <= -limit;
    active ||= trips;
    if (decimal(event.daily_pnl ?? "") !== total) wrong.push(`after ${event.pnl} the day's PnL is ${event.daily_pnl}`);
    if (event.daily_trades !== String(trades)) wrong.push(`trade ${trades} is counted as ${event.daily_trades}`);
    if ((event.tripped === "1") !== trips)
      wrong.push(`at ${event.daily_pnl} the breaker ${trips ? "did not trip" : "tripped"}`);
  }
  if (decimal(risk.daily_pnl ?? "0") !== total)
    wrong.push(`the day's PnL is ${risk.daily_pnl}; the log says ${total} e-8`);
  if ((risk.daily_trades ?? "0") !== String(trades))
    wrong.push(`the day has ${risk.daily_trades} trades; the log ${trades}`);
  if ((breaker.reason !== undefined) !== active) wrong.push(`the breaker is ${JSON.stringify(breaker)}`);
  return wrong;
}

/** Each trip was told to one caller, unless that one was killed. */
function wrongTrips(done: readonly Done[], trips: readonly LoggedEvent[]): string[] {
  const told = done.filter(({ tripped }) => tripped).length;
  const untold = done.filter((task) => task.told === undefined).length;
  return told > trips.length || told + untold < trips.length
    ? [`the breaker tripped ${trips.length} times, and ${told} were told so`]
    : [];
}

function eventsOf(record: FlowRecord, ...types: string[]): LoggedEvent[] {
  return record.events.filter(({ type }) => type !== undefined && types.includes(type));
}

function ofKind<K extends Task["kind"]>(done: readonly Done[], kind: K): Done<Task & { kind: K }>[] {
  return done.filter((task): task is Done<Task & { kind: K }> => task.kind === kind);
}

function groups<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = found.get(key);
    if (group) group.push(item);
    else found.set(key, [item]);
  }
  return found;
}

function head(json = "{}"): { id: string; version: number } {
  const { id, version } = JSON.parse(json);
  return { id, version };
}
