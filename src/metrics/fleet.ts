/** Flows as metrics. */
import { fromMoney } from "../exact/money.js";
import { notionalAt, orderNotional } from "../state/exposure.js";
import { livenessOf } from "../state/liveness.js";
import type { AccountStatus, CircuitBreaker, PendingOrder, Position } from "../types.js";
import type { FlowReading } from "../wants/flow-reading.js";
import type { LogCounts } from "../wants/log-follower.js";
import { isActive, unreadable, WANT_KINDS, type Want, wantsOf } from "../wants/wants.js";
import type { Watched } from "../wants/watched.js";
import { type Market, readMarket } from "../words/pair-name.js";
import {
  BREAKER_SOURCES,
  COUNTED_REFUSALS,
  ORDER_STATUSES,
  type OrderStatus,
  POSITION_SIDES,
} from "../words/word-lists.js";
import { type Label, METRICS, type MetricName } from "./definitions.js";
import type { PromClient } from "./load.js";

/** A flow with its reading, or with the error that it could not be read. */
export type MeasuredFlow = { readonly flowId: string; readonly counts?: LogCounts } & (
  | { readonly reading: FlowReading; readonly now: Date }
  | { readonly error: string }
);

/** INFO of a server, or of each master of a cluster; undefined for one that cannot be asked. */
export type ServerInfos = readonly (ReadonlyMap<string, string> | undefined)[];

type Labels = { readonly [label in Label]?: string };

/** Statuses of orders that are pending. */
const PENDING = ORDER_STATUSES.filter((status) => !["filled", "cancelled", "rejected"].includes(status));

/** The metrics of the flows, as text. Built anew each time, so a flow that is gone leaves nothing behind. */
export async function fleetText(
  { Registry, Gauge, Counter }: PromClient,
  flows: readonly MeasuredFlow[],
  watched: Watched,
  servers?: ServerInfos,
): Promise<string> {
  const samples = new Samples();
  const accounts = new Map<string, { readonly account: AccountStatus; readonly at: Date }>();
  for (const flow of flows) {
    addFlow(samples, flow, watched);
    if (!("reading" in flow)) continue;
    const { account } = flow.reading.snapshot;
    const known = account && accounts.get(account.name);
    if (account && !(known && known.account.at >= account.at)) accounts.set(account.name, { account, at: flow.now });
  }
  for (const { account, at } of accounts.values()) addAccount(samples, account, at);
  if (servers) addServers(samples, servers);
  const registry = new Registry();
  for (const [name, found] of samples.byName) {
    const { type, help, labels } = METRICS[name];
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    const add = type === "gauge" ? settingOf(new Gauge(options)) : countingOf(new Counter(options));
    for (const { labels: of, value } of found) add(of, value);
  }
  return registry.metrics();
}

function settingOf(gauge: { set(labels: Labels, value: number): void }) {
  return (labels: Labels, value: number) => gauge.set(labels, value);
}

function countingOf(counter: { inc(labels: Labels, value: number): void }) {
  return (labels: Labels, value: number) => counter.inc(labels, value);
}

interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

class Samples {
  readonly byName = new Map<MetricName, Sample[]>();

  /** A value that is no number, such as a limit that is not set, gives no sample. */
  add(name: MetricName, labels: Labels, value: number | undefined): void {
    if (value === undefined || !Number.isFinite(value)) return;
    const found = this.byName.get(name) ?? [];
    this.byName.set(name, found);
    found.push({ labels, value });
  }

  time(name: MetricName, labels: Labels, at: Date | undefined): void {
    this.add(name, labels, at && at.getTime() / 1000);
  }
}

function addFlow(samples: Samples, flow: MeasuredFlow, watched: Watched): void {
  const { flowId, counts } = flow;
  const of = { flow: flowId };
  if (counts) addCounts(samples, of, counts);
  samples.add("sf_up", of, "reading" in flow ? 1 : 0);
  if (!("reading" in flow)) {
    addWants(samples, of, [unreadable(flowId, flow.error)]);
    return;
  }
  const { reading, now } = flow;
  const { snapshot, lease, untold } = reading;
  addWants(samples, of, wantsOf(reading, now, watched));
  const { risk, limits, positions, orders, breaker, heartbeat, instances, admissions, recovering, at } = snapshot;
  samples.time("sf_reading_timestamp_seconds", of, at);

  samples.add("sf_daily_pnl", of, risk.dailyPnl);
  samples.add("sf_daily_loss_limit", of, limits.max_daily_loss);
  samples.add("sf_daily_trades", of, risk.dailyTrades);
  samples.add("sf_daily_trades_limit", of, limits.max_daily_trades);
  samples.add("sf_consecutive_losses", of, risk.consecutiveLosses);
  samples.add("sf_consecutive_losses_limit", of, limits.max_consecutive_losses);
  const isKnown = risk.peakEquity > 0;
  samples.add("sf_equity", of, isKnown ? equityOf(risk.peakEquity, risk.currentDrawdown) : undefined);
  samples.add("sf_peak_equity", of, isKnown ? risk.peakEquity : undefined);
  samples.add("sf_drawdown_ratio", of, risk.currentDrawdown);
  samples.add("sf_drawdown_limit_ratio", of, limits.max_drawdown);
  const part = snapshot.account?.flows.find((each) => each.flowId === flowId);
  samples.add("sf_exposure", of, part?.exposure ?? exposureOf(positions, orders));
  samples.add("sf_exposure_limit", of, limits.max_exposure);
  samples.add("sf_slots", of, part?.slots ?? slotsOf(positions, orders));
  samples.add("sf_slots_limit", of, limits.max_open_positions);
  samples.add("sf_slots_per_pair_limit", of, limits.max_positions_per_pair);

  for (const pair of new Set(positions.map((position) => position.pair))) {
    for (const side of POSITION_SIDES) {
      const those = positions.filter((position) => position.pair === pair && position.side === side);
      if (those.length === 0) continue;
      samples.add("sf_positions", { ...of, pair, side }, those.length);
      samples.add(
        "sf_position_size",
        { ...of, pair, side },
        those.reduce((sum, { size }) => sum + size, 0),
      );
    }
  }
  const many = (status: OrderStatus) => orders.filter((order) => order.status === status).length;
  for (const status of PENDING) samples.add("sf_orders", { ...of, status }, many(status));
  const oldest = Math.min(...orders.map(({ createdAt }) => createdAt.getTime()));
  samples.add("sf_oldest_order_timestamp_seconds", of, oldest / 1000);
  samples.add("sf_untold_trades", of, untold?.length);

  const isTripped = addBreaker(samples, "sf_breaker_active", of, breaker, now);
  samples.time("sf_breaker_tripped_timestamp_seconds", of, isTripped ? breaker.trippedAt : undefined);
  samples.time("sf_breaker_until_timestamp_seconds", of, isTripped ? breaker.until : undefined);
  samples.add("sf_recovering", of, recovering === undefined ? 0 : 1);
  samples.time("sf_heartbeat_timestamp_seconds", of, heartbeat);
  const { alive, dead } = livenessOf(instances, now, watched.deadAfter);
  samples.add("sf_instances", { ...of, status: "alive" }, alive.length);
  samples.add("sf_instances", { ...of, status: "dead" }, dead.length);
  const held = lease && lease.until > now ? lease : undefined;
  samples.add("sf_lease_held", of, held ? 1 : 0);
  samples.time("sf_lease_until_timestamp_seconds", of, held?.until);

  samples.add("sf_admitted_entries_total", of, admissions?.admitted);
  for (const reason of COUNTED_REFUSALS) {
    samples.add("sf_refused_entries_total", { ...of, reason }, admissions?.refused[reason]);
  }
}

function addCounts(samples: Samples, of: Labels, counts: LogCounts): void {
  samples.add("sf_fills_total", of, counts.fills);
  samples.add("sf_closed_trades_total", of, counts.closedTrades);
  samples.add("sf_trade_fees_total", of, counts.feesPaid);
  samples.add("sf_trade_rebates_total", of, counts.feesRebated);
  samples.add("sf_differences_total", of, counts.differences);
  samples.add("sf_epochs_total", of, counts.epochs);
  for (const source of BREAKER_SOURCES) {
    samples.add("sf_breaker_trips_total", { ...of, source }, counts.trips.get(source) ?? 0);
  }
}

function addWants(samples: Samples, of: Labels, wants: readonly Want[]): void {
  for (const kind of WANT_KINDS) {
    samples.add("sf_wants", { ...of, kind }, wants.filter((want) => want.kind === kind).length);
  }
}

/** One sample for each source, so that rules see 0 rather than nothing. Returns whether the breaker is tripped. */
function addBreaker(samples: Samples, name: MetricName, of: Labels, breaker: CircuitBreaker, now: Date): boolean {
  const isTripped = isActive(breaker, now);
  for (const source of BREAKER_SOURCES) {
    samples.add(name, { ...of, source }, isTripped && breaker.source === source ? 1 : 0);
  }
  return isTripped;
}

function addAccount(samples: Samples, account: AccountStatus, now: Date): void {
  const of = { account: account.name };
  const { limits, peakEquity } = account;
  samples.add("sf_account_daily_pnl", of, account.dailyPnl);
  samples.add("sf_account_daily_loss_limit", of, limits.max_daily_loss);
  samples.add("sf_account_equity", of, account.equity);
  samples.add("sf_account_peak_equity", of, peakEquity > 0 ? peakEquity : undefined);
  samples.add("sf_account_drawdown_ratio", of, account.currentDrawdown);
  samples.add("sf_account_drawdown_limit_ratio", of, limits.max_drawdown);
  samples.add("sf_account_exposure", of, account.exposure);
  samples.add("sf_account_exposure_limit", of, limits.max_exposure);
  samples.add("sf_account_slots", of, account.slots);
  samples.add("sf_account_slots_limit", of, limits.max_open_positions);
  addBreaker(samples, "sf_account_breaker_active", of, account.breaker, now);
}

function addServers(samples: Samples, servers: ServerInfos): void {
  const known = servers.filter((info) => info !== undefined);
  samples.add("sf_redis_up", {}, known.length === servers.length ? 1 : 0);
  if (known.length < servers.length || known.length === 0) return;
  const numbers = (field: string) => known.map((info) => Number(info.get(field)));
  const all = (field: string, value: string) => (known.every((info) => info.get(field) === value) ? 1 : 0);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  samples.add("sf_redis_memory_used_bytes", {}, sum(numbers("used_memory")));
  const limits = numbers("maxmemory");
  samples.add("sf_redis_memory_limit_bytes", {}, limits.every((limit) => limit > 0) ? sum(limits) : undefined);
  samples.add("sf_redis_last_save_timestamp_seconds", {}, Math.min(...numbers("rdb_last_save_time")));
  samples.add("sf_redis_last_save_ok", {}, all("rdb_last_bgsave_status", "ok"));
  const appends = all("aof_enabled", "1");
  samples.add("sf_redis_append_only_file", {}, appends);
  samples.add("sf_redis_append_only_file_ok", {}, appends === 1 ? all("aof_last_write_status", "ok") : undefined);
}

/** Stored as a peak and a fraction of it; rounded to 8 places, as equity is booked. */
function equityOf(peak: number, drawdown: number): number {
  return Number((peak * (1 - drawdown)).toFixed(8));
}

/** The exposure of positions and pending entries, each at its latest rate in the snapshot. */
function exposureOf(positions: readonly Position[], orders: readonly PendingOrder[]): number {
  const held = positions.map(({ pair, size, entryPrice, rate }) =>
    notionalAt(marketOf(pair), size, entryPrice, rate ?? null),
  );
  const pending = orders.map((order) =>
    orderNotional(marketOf(order.pair), {
      ...order,
      rate: order.rate ?? null,
      closes: positions.find(({ id }) => id === order.flip)?.size ?? null,
    }),
  );
  return fromMoney([...held, ...pending].reduce((sum, each) => sum + each, 0n));
}

function slotsOf(positions: readonly Position[], orders: readonly PendingOrder[]): number {
  const open = new Set(positions.map(({ id }) => id));
  const own = orders.filter(
    ({ intent, positionId }) => intent === "entry" && (positionId === undefined || !open.has(positionId)),
  );
  return positions.length + own.length;
}

function marketOf(pair: string): Market {
  const market = readMarket(pair, (a, b) => a === b);
  return typeof market === "string" ? { coins: undefined, inverse: false, spot: false } : market;
}
