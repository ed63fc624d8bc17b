/** How much of each limit is left, and whether entries may go ahead, computed from one snapshot with the same sums as `admit`. */
import { ACCOUNT_LIMITS } from "../config/account.js";
import { RISK_LIMITS, type RiskLimitName } from "../config/risk-limits.js";
import { formatMoney, fromMoney, type Money, seenMoney, toMoney } from "../exact/money.js";
import type { SnapshotTold } from "../snapshot-file.js";
import { dayEnd } from "../state/day.js";
import { notionalAt, orderNotional } from "../state/exposure.js";
import { isDone } from "../state/order-status.js";
import type { AccountStatus, CircuitBreaker, GuardStatus, PendingOrder, Position } from "../types.js";
import { readMarket } from "../words/pair-name.js";
import type { Refusal } from "../words/word-lists.js";
import type { Budget, EntryAnswer } from "./wire.js";

/** What open positions and pending entries take. */
export interface Taken {
  readonly slots: number;
  readonly slotsByPair: ReadonlyMap<string, number>;
  readonly exposure: Money;
  readonly ofPosition: ReadonlyMap<string, Money>;
  readonly ofOrder: ReadonlyMap<string, Money>;
}

/** `same`: currencies that count as one (`risk.same_currency`). */
export function takenBy(
  { positions, orders }: Pick<SnapshotTold, "positions" | "orders">,
  same: readonly string[],
): Taken {
  const ofPosition = new Map(positions.map((position) => [position.id, worthOf(position, same)]));
  const ofOrder = new Map(orders.map((order) => [order.id, reservedBy(order, positions, same)]));
  const slotted = orders.filter(
    ({ intent, status, positionId }) =>
      intent === "entry" && !isDone(status) && (positionId === undefined || !ofPosition.has(positionId)),
  );
  const slotsByPair = new Map<string, number>();
  for (const { pair } of [...positions, ...slotted]) slotsByPair.set(pair, (slotsByPair.get(pair) ?? 0) + 1);
  const exposure = [...ofPosition.values(), ...ofOrder.values()].reduce((sum, each) => sum + each, 0n);
  return { slots: positions.length + slotted.length, slotsByPair, exposure, ofPosition, ofOrder };
}

function worthOf({ pair, size, entryPrice, rate }: Position, same: readonly string[]): Money {
  return notionalAt(marketOf(pair, same), size, entryPrice, rate ?? null);
}

/**
 * What an order reserves. An order that turns a position around reserves only what goes beyond it: the rest closes what is left of the position, and what it
 * has closed so far.
 */
function reservedBy(order: PendingOrder, positions: readonly Position[], same: readonly string[]): Money {
  const { flip, filled, rate } = order;
  const turned = flip === undefined ? undefined : positions.find(({ id }) => id === flip);
  return orderNotional(marketOf(order.pair, same), {
    ...order,
    rate: rate ?? null,
    closes: turned === undefined ? 0 : turned.size + filled,
  });
}

function marketOf(pair: string, same: readonly string[]) {
  const market = readMarket(pair, (a, b) => a === b || (same.includes(a) && same.includes(b)));
  return typeof market === "string" ? { coins: undefined, inverse: false, spot: false } : market;
}

/** The flow's equity, from its peak and drawdown; null if it is not known. To 8 places, below ten million. */
export function equityOf({ risk }: Pick<SnapshotTold, "risk">): number | null {
  const { peakEquity, currentDrawdown } = risk;
  return peakEquity > 0 ? seenMoney((peakEquity * (1 - currentDrawdown)).toFixed(8)) : null;
}

/** Each limit that is set: the flow's, then its account's. */
export function budgetsOf(snapshot: SnapshotTold, taken: Taken): Budget[] {
  const { risk, limits, account } = snapshot;
  const used = {
    max_daily_loss: lossOf(risk.dailyPnl),
    max_daily_trades: risk.dailyTrades,
    max_consecutive_losses: risk.consecutiveLosses,
    max_drawdown: equityOf(snapshot) === null ? null : risk.currentDrawdown,
    max_open_positions: taken.slots,
    ...mostIn([...taken.slotsByPair]),
    max_exposure: fromMoney(taken.exposure),
  };
  return [
    ...RISK_LIMITS.flatMap((name) => budget("flow", name, limits[name], used[name], used.pair)),
    ...(account ? accountBudgets(account) : []),
  ];
}

export function accountBudgets(account: AccountStatus): Budget[] {
  const used = {
    max_daily_loss: lossOf(account.dailyPnl),
    max_drawdown: account.equity === undefined ? null : account.currentDrawdown,
    max_open_positions: account.slots,
    ...mostIn(Object.entries(account.slotsByPair)),
    max_exposure: account.exposure,
  };
  return ACCOUNT_LIMITS.flatMap((name) => budget("account", name, account.limits[name], used[name], used.pair));
}

/** Today's loss; below 0 for a gain, which leaves more than the limit. */
function lossOf(pnl: number): number {
  return pnl === 0 ? 0 : -pnl;
}

function mostIn(counts: readonly (readonly [string, number])[]) {
  const [pair, most] = counts.reduce<readonly [string | undefined, number]>(
    (found, each) => (each[1] > found[1] ? each : found),
    [undefined, 0],
  );
  return { max_positions_per_pair: most, pair };
}

const UNITS: Readonly<Record<RiskLimitName, Budget["unit"]>> = {
  max_daily_loss: "money",
  max_daily_trades: "count",
  max_consecutive_losses: "count",
  max_drawdown: "share",
  max_open_positions: "count",
  max_positions_per_pair: "count",
  max_exposure: "money",
};

function budget(
  of: Budget["of"],
  name: RiskLimitName,
  limit: number | undefined,
  used: number | null,
  pair: string | undefined,
): Budget[] {
  if (limit === undefined) return [];
  const unit = UNITS[name];
  const left = used === null ? null : Math.max(0, unit === "money" ? moneyLeft(limit, used) : limit - used);
  const at = name === "max_positions_per_pair" && pair !== undefined ? { pair } : {};
  return [{ of, name, unit, limit, used: used ?? 0, left, ...at }];
}

function moneyLeft(limit: number, used: number): number {
  return fromMoney((toMoney(limit) ?? 0n) - (toMoney(used) ?? 0n));
}

/** Whether an entry may go ahead now, checked in the order of `admit`. Checks that depend on the entry (its pair, signal, size) are left out. */
export function entryOf(
  snapshot: SnapshotTold,
  taken: Taken,
  guards: GuardStatus | { readonly unreadable: string } | undefined,
  now: Date,
  dayStart: number,
): EntryAnswer {
  const { recovering, breaker, account, risk, limits, signals } = snapshot;
  const no = (reason: Refusal, sentence: string, until?: Date): EntryAnswer => ({
    may: false,
    reason,
    sentence,
    ...(until && { until: until.toISOString() }),
  });
  const endOfDay = () => new Date(dayEnd(risk.day, dayStart));

  if (recovering !== undefined) return no("recovering", `Entries wait for a recovery: ${recovering}`);
  if (isOn(breaker, now))
    return no("circuit_breaker", `The breaker is tripped: ${breaker.reason ?? ""}`, breaker.until);
  if (account && isOn(account.breaker, now)) {
    const { reason = "", until } = account.breaker;
    return no("account_circuit_breaker", `The breaker of account ${account.name} is tripped: ${reason}`, until);
  }
  if (isLost(risk.dailyPnl, limits.max_daily_loss)) {
    return no(
      "daily_loss",
      `Today's loss of ${-risk.dailyPnl} reached the limit of ${limits.max_daily_loss}`,
      endOfDay(),
    );
  }
  if (account && account.day === risk.day && isLost(account.dailyPnl, account.limits.max_daily_loss)) {
    const words = `Today's loss of ${-account.dailyPnl} of account ${account.name} reached the limit of ${account.limits.max_daily_loss}`;
    return no("account_daily_loss", words, endOfDay());
  }
  if (limits.max_daily_trades !== undefined && risk.dailyTrades >= limits.max_daily_trades) {
    return no(
      "max_daily_trades",
      `Trades today: ${risk.dailyTrades}, the limit is ${limits.max_daily_trades}`,
      endOfDay(),
    );
  }
  const cooldown = signals.cooldowns["*"];
  if (cooldown && cooldown > now) return no("cooldown", "All pairs are cooling down", cooldown);
  const block =
    guards && "blocks" in guards
      ? guards.blocks.find(({ pair, side, until }) => pair === undefined && side === undefined && until > now)
      : undefined;
  if (block) return no("guard", `A guard blocks all entries: ${block.message}`, block.until);
  if (limits.max_open_positions !== undefined && taken.slots >= limits.max_open_positions) {
    return no(
      "max_open_positions",
      `Open positions and entries: ${taken.slots}, the limit is ${limits.max_open_positions}`,
    );
  }
  const accountSlots = account?.limits.max_open_positions;
  if (account && accountSlots !== undefined && account.slots >= accountSlots) {
    const words = `Open positions and entries in account ${account.name}: ${account.slots}, the limit is ${accountSlots}`;
    return no("account_max_open_positions", words);
  }
  const most = limits.max_exposure === undefined ? undefined : toMoney(limits.max_exposure);
  if (most !== undefined && taken.exposure >= most) {
    return no("max_exposure", `The exposure is ${formatMoney(taken.exposure)}: the limit is ${limits.max_exposure}`);
  }
  const accountMost = account?.limits.max_exposure;
  if (account && accountMost !== undefined && account.exposure >= accountMost) {
    const words = `The exposure of account ${account.name} is ${account.exposure}: the limit is ${accountMost}`;
    return no("account_max_exposure", words);
  }
  return { may: true, sentence: "Entries may go ahead" };
}

function isOn({ active, until }: CircuitBreaker, now: Date): boolean {
  return active && (until === undefined || until > now);
}

function isLost(pnl: number, limit: number | undefined): boolean {
  return limit !== undefined && pnl <= -limit;
}
