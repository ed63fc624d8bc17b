/** What the page shows of one flow. */
import { FlowKeys } from "../backends/redis/keys.js";
import { eventWords } from "../cli/event-line.js";
import { eventPages, refusalPages } from "../cli/flow-pages.js";
import { periodEnd } from "../cli/period.js";
import { reportSources } from "../cli/report-sources.js";
import type { ResolvedConfig } from "../config/schema.js";
import { differingLimits } from "../doctor/limit-words.js";
import { fromMoney } from "../exact/money.js";
import type { StateManager } from "../manager/state-manager.js";
import { GROUPINGS, type Grouping } from "../report/groups.js";
import { type Report, reportOf } from "../report/report.js";
import { dayStartOf } from "../state/day.js";
import { compareEventIds } from "../state/event-log.js";
import { lifeOf, livenessOf } from "../state/liveness.js";
import { isDone } from "../state/order-status.js";
import type { LogPlace, RecoveryState, RefusedEntry, StateEvent, Trade } from "../types.js";
import { printable } from "../words/printable.js";
import { oneOfWords, wordOf } from "../words/word-lists.js";
import { budgetsOf, entryOf, equityOf, takenBy } from "./budgets.js";
import { currencyOf, type Seen } from "./fleet.js";
import { wire } from "./json.js";
import { Refusal } from "./refusal.js";
import { pageWants } from "./wants.js";
import type {
  EquityAnswer,
  EventAnswer,
  EventsAnswer,
  FlowAnswer,
  PlanAnswer,
  RecoveryAnswer,
  RefusalsAnswer,
  Session,
  TradesAnswer,
} from "./wire.js";

/** The plan that waits in a recovery; undefined if there is none, or if it cannot be read. */
export type PlanOf = (recovery: RecoveryState) => PlanAnswer | undefined;

/** A flow in full, from one reading. `found` and `log` are undefined if only a snapshot file could be read. */
export function flowAnswer(
  seen: Extract<Seen, { status: unknown }>,
  found: RecoveryState | undefined,
  log: LogPlace | undefined,
  planOf: PlanOf,
  session: Session,
): FlowAnswer {
  const { place, flowId, status, now, alarms } = seen;
  const { snapshot, lease, guards, untold = [], snapshotFile } = status;
  const { risk, execution } = place.config;
  const taken = takenBy(snapshot, risk.same_currency);
  const liveness = livenessOf(snapshot.instances, now, execution.dead_after);
  const most = snapshot.limits.max_exposure;
  const { positions, orders, instances } = snapshot;
  return {
    place: place.id,
    flowId,
    now: now.toISOString(),
    session,
    placeName: place.name,
    ...(place.kind === "redis" && { logKey: logKeyOf(place.config.redis, flowId) }),
    isSnapshotFile: snapshotFile !== undefined,
    alarms,
    wants: pageWants([seen]),
    snapshot: wire(snapshot),
    entry: entryOf(snapshot, taken, guards, now, dayStartOf(risk.day_start)),
    budgets: budgetsOf(snapshot, taken),
    exposure: fromMoney(taken.exposure),
    equity: equityOf(snapshot),
    currency: currencyOf(seen),
    positions: positions.map((position) => {
      const exposure = fromMoney(taken.ofPosition.get(position.id) ?? 0n);
      return {
        ...wire(position),
        exposure,
        ...(most !== undefined && most > 0 && { share: exposure / most }),
      };
    }),
    orders: orders.map((order) => ({
      ...wire(order),
      exposure: order.intent === "entry" && !isDone(order.status) ? fromMoney(taken.ofOrder.get(order.id) ?? 0n) : null,
      age: now.getTime() - order.createdAt.getTime(),
    })),
    instances: instances.map((instance) => ({
      ...wire(instance),
      isDead: liveness.dead.includes(instance),
      age: now.getTime() - instance.lastHeartbeat.getTime(),
    })),
    ...(lease && { lease: { ...wire(lease), life: lifeOf(lease, liveness, now) } }),
    ...(guards && { guards: wire(guards) }),
    ...(found && { recovery: recoveryAnswer(found, lifeOf(found, liveness, now), planOf(found)) }),
    untold: untold.map((trade) => wire(trade)),
    differing: differingLimits(place.watched.limits, snapshot.limitOrigins),
    ...(log && { log: wire(log) }),
  };
}

function logKeyOf({ key_prefix, cluster }: ResolvedConfig["redis"], flowId: string): string {
  return new FlowKeys(key_prefix, flowId, cluster).key("events:log");
}

function recoveryAnswer(
  { journal, ...state }: RecoveryState,
  life: RecoveryAnswer["life"],
  plan: PlanAnswer | undefined,
): RecoveryAnswer {
  const hash = journal.get("plan_hash");
  return {
    ...wire(state),
    life,
    ...(hash !== undefined && { hash }),
    approved: hash !== undefined && journal.get("approved") === hash,
    ...(plan && { plan }),
  };
}

/** The first span is one day, each further one twice as long: the newest page does not need everything. */
const DAY = 86_400_000;
const FARTHEST = 4_096 * DAY;
/** Rows of an answer. */
const MOST = 500;
/** A search looks at this many events before it answers. */
const LOOKED_AT = 20_000;

export interface PageAsked {
  readonly before: string | undefined;
  readonly limit: number;
}

/** The parameters `before` and `limit` of a query. Throws a Refusal. */
export function pageAsked(query: URLSearchParams): PageAsked {
  const before = query.get("before") ?? undefined;
  if (before !== undefined && !/^\d{1,15}-\d{1,15}$/.test(before)) {
    throw new Refusal(400, "bad_request", "before: expected an id such as 1767225600000-0");
  }
  const text = query.get("limit") ?? "100";
  const limit = Number(text);
  if (!/^\d{1,4}$/.test(text) || limit < 1 || limit > MOST) {
    throw new Refusal(400, "bad_request", `limit: expected 1 to ${MOST}`);
  }
  return { before, limit };
}

/** Closed trades, newest first. */
export async function tradesPage(
  manager: StateManager,
  { before, limit }: PageAsked,
  pair: string | undefined,
): Promise<TradesAnswer> {
  const end = before === undefined ? undefined : msOf(before);
  const isOlder = ({ key }: Trade) => before === undefined || compareEventIds(key, before) < 0;
  for (let span = DAY; ; span *= 2) {
    const isAll = span > FARTHEST;
    // Trades are kept in the order in which they were booked, which may be later than they ended.
    const since = isAll ? undefined : `${Math.max(0, (end ?? Date.now()) - span)}-0`;
    const found: Trade[] = [];
    for (let after = since; ; ) {
      const page = await manager.getTrades({
        ...(after !== undefined && { after }),
        ...(pair !== undefined && { pair }),
        limit: 1_000,
      });
      found.push(...page.filter(isOlder));
      after = page.at(-1)?.key;
      if (page.length < 1_000 || after === undefined || page.some((trade) => !isOlder(trade))) break;
    }
    if (found.length > limit || isAll) {
      const trades = found.slice(-limit).reverse();
      return {
        trades: trades.map((trade) => wire(trade)),
        before: found.length > limit ? (trades.at(-1)?.key ?? null) : null,
      };
    }
  }
}

/** Refused entries, the newest first; `query` is looked for in signal, pair and reason. */
export async function refusalsPage(
  manager: StateManager,
  { before, limit }: PageAsked,
  query: string,
): Promise<RefusalsAnswer> {
  const found: RefusedEntry[] = [];
  const wanted = query.toLowerCase();
  for await (const page of refusalPages(manager)) {
    for (const refusal of page) {
      if (before !== undefined && compareEventIds(refusal.key, before) >= 0) continue;
      const { signalId, pair, reason, message } = refusal;
      if ([signalId, pair, reason, message].some((text) => text.toLowerCase().includes(wanted))) found.push(refusal);
    }
  }
  const refusals = found.slice(-limit).reverse();
  return {
    refusals: refusals.map((refusal) => wire(refusal)),
    before: found.length > limit ? (refusals.at(-1)?.key ?? null) : null,
  };
}

export function eventAnswer(event: StateEvent): EventAnswer {
  return { event: wire(event), words: printable(eventWords(event)) };
}

/**
 * Events, the newest first. The log is read from a place on, so this looks at pieces of time that double, the newest first: a search answers what it has
 * found after 20,000 events, and where to go on.
 */
export async function eventsPage(
  manager: StateManager,
  { before, limit }: PageAsked,
  query: string,
): Promise<EventsAnswer> {
  const { newest, oldest } = await manager.getLogPlace();
  if (oldest === undefined) return { events: [], before: null, isTrimmed: newest !== "0-0" };
  const wanted = query.toLowerCase();
  const isWanted = (event: StateEvent) => wanted === "" || JSON.stringify(event).toLowerCase().includes(wanted);
  const found: StateEvent[] = []; // oldest first
  let end = before ?? next(newest);
  let looked = 0;
  for (let span = 60_000; ; span *= 2) {
    const begin = msOf(end) - span;
    const isLast = begin <= msOf(oldest);
    const piece = await eventsBetween(manager, isLast ? "0-0" : `${begin - 1}-999999999999999`, end);
    found.unshift(...piece.events.filter(isWanted));
    looked += piece.events.length;
    if (found.length > limit || (found.length === limit && !isLast)) {
      const events = found.slice(-limit).reverse();
      return { events: events.map(eventAnswer), before: events.at(-1)?.id ?? null, isTrimmed: false };
    }
    const events = found.toReversed().map(eventAnswer);
    if (isLast) return { events, before: null, isTrimmed: piece.isTrimmed };
    end = `${begin}-0`;
    if (looked >= LOOKED_AT)
      return { events, before: end, searchedTo: new Date(begin).toISOString(), isTrimmed: false };
  }
}

/** Events after one and before another, oldest first. */
async function eventsBetween(
  manager: StateManager,
  after: string,
  before: string,
): Promise<{ readonly events: readonly StateEvent[]; readonly isTrimmed: boolean }> {
  const events: StateEvent[] = [];
  let isTrimmed = false;
  for (let last = after; ; ) {
    const page = await manager.getEvents({ after: last, limit: 1_000 });
    isTrimmed ||= page[0]?.type === "history_trimmed";
    const told = page.filter(({ type }) => type !== "history_trimmed");
    const inside = told.filter(({ id }) => compareEventIds(id, before) < 0);
    events.push(...inside);
    const end = inside.at(-1)?.id;
    if (end === undefined || inside.length < told.length || told.length < 1_000) return { events, isTrimmed };
    last = end;
  }
}

function next(id: string): string {
  const [ms = "0", seq = "0"] = id.split("-");
  return `${ms}-${Number(seq) + 1}`;
}

function msOf(id: string): number {
  return Number(id.split("-")[0]);
}

/** No bar: nobody sits at the server's terminal. */
const NO_SCREEN = { err() {}, isScreen: false };

/** The report that a query asks for; the same as `sf-state report --json`. Throws a Refusal. */
export async function reportFor(manager: StateManager, query: URLSearchParams): Promise<Report> {
  const { day_start } = manager.config.risk;
  const [from, to] = ["from", "to"].map((name) => periodIn(query, name, day_start));
  if (from !== undefined && to !== undefined && from >= to)
    throw new Refusal(400, "bad_request", "from: expected before to");
  const byText = query.get("by");
  const by: Grouping | undefined = byText === null ? undefined : wordOf(GROUPINGS, byText);
  if (byText !== null && by === undefined)
    throw new Refusal(400, "bad_request", `by: expected ${oneOfWords(GROUPINGS)}`);
  const year = query.get("year") ?? "365";
  if (year !== "365" && year !== "252") throw new Refusal(400, "bad_request", "year: expected 365 or 252");
  const sources = await reportSources(NO_SCREEN, manager, from);
  return reportOf(sources.trades, {
    ...sources.options,
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(by && { by }),
    daysPerYear: year === "252" ? 252 : 365,
    strategyKey: manager.config.report.group_by,
  });
}

function periodIn(query: URLSearchParams, name: string, dayStart: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  try {
    return periodEnd(text)(dayStart);
  } catch (error) {
    throw new Refusal(400, "bad_request", `${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function equityAnswer(report: Report): EquityAnswer {
  const { from, to, currency, curve, days, drawdown, notes, figures } = report;
  return {
    from: from.toISOString(),
    to: to.toISOString(),
    currency,
    curve: curve.map(({ at, equity }) => ({ at: at.toISOString(), equity })),
    days: wire(days),
    drawdown: wire(drawdown),
    isKnown: figures.startEquity !== null,
    notes,
  };
}

/** Lines of JSON, an event each, as `sf-state export events` writes them. */
export async function* eventLines(manager: StateManager, line: (event: StateEvent) => string): AsyncGenerator<string> {
  for await (const { events } of eventPages(manager)) yield events.map(line).join("");
}
