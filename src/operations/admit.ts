import { InvalidArgumentError } from "../errors.js";
import { plus } from "../exact/double.js";
import { formatMoney, type Money, toMoney } from "../exact/money.js";
import { exceeds } from "../exact/size.js";
import { orderJson, orderRow } from "../records/generated/order.js";
import type { RiskRow } from "../records/risk.js";
import type { AccountState } from "../state/account.js";
import { activeBreaker } from "../state/breaker.js";
import { coolDown } from "../state/cooldowns.js";
import { adoptCurrency, checkPrice, entryRate, marketOf, rateKept } from "../state/currency.js";
import { dayEnd } from "../state/day.js";
import { orderNotional } from "../state/exposure.js";
import type { FlowState } from "../state/flow-state.js";
import { guardBlock } from "../state/guards.js";
import { fillsSince, remember, remembers } from "../state/memory.js";
import { closedOrder, forgetClosed } from "../state/order-life.js";
import { countAdmission, REFUSALS_KEPT } from "../state/outcomes.js";
import { riskAt } from "../state/risk.js";
import type { Admission } from "../types.js";
import { type CountedRefusal, type OppositeSide, type PositionSide, REFUSALS, wordOf } from "../words/word-lists.js";
import { type Call, type Operation, optionalTime, text } from "./operation.js";
import { orderFromReply, orderFromRow } from "./view-order.js";
import { cooldownField } from "./view-signals.js";

interface Args {
  readonly signalId: string;
  readonly pair: string;
  readonly side: PositionSide;
  readonly size: number;
  readonly price: number;
  readonly orderId: string;
  readonly orderType: string;
  /** ms */
  readonly cooldown: number | null;
  readonly tp: number | null;
  readonly sl: number | null;
  readonly metadata: string | null;
  readonly dayStart: number;
  readonly dedupWindow: number;
  readonly maxIds: number;
  /** The caller derived `orderId` from the signal. If that id is taken, another is derived. */
  readonly derived?: boolean;
  /** The open position that the entry adds to. */
  readonly positionId: string | undefined;
  /** The open position of the other side that the entry turns around. */
  readonly flip: string | undefined;
  /** Empty: not given. */
  readonly reason: string;
  readonly rate: number | undefined;
  readonly oppositeSide: OppositeSide;
}

/** How an entry belongs to an open position. For a flip, `closes` is the size of the other side. */
interface Belonging {
  readonly positionId: string | undefined;
  readonly closes: number | undefined;
}

type Refused = Extract<Admission, { admitted: false }> & { readonly reason: CountedRefusal };

export const admit: Operation<Args, Admission> = {
  name: "admit",
  kind: "change",
  keys: [
    "orders:pending",
    "orders:closed",
    "risk:exposure",
    "risk:daily",
    "risk:circuit_breaker",
    "risk:limits",
    "signals:processed",
    "signals:last",
    "signals:cooldowns",
    "positions:open",
    "orders:fills",
    "orders:by_position",
    "orders:closed_at",
    "risk:guard_trades",
    "admission:stats",
    "admission:refusals",
  ],
  args: {
    signal_id: (a) => a.signalId,
    pair: (a) => a.pair,
    side: (a) => a.side,
    size: (a) => a.size,
    price: (a) => a.price,
    order_id: (a) => a.orderId,
    order_type: (a) => a.orderType,
    cooldown: (a) => a.cooldown,
    tp: (a) => a.tp,
    sl: (a) => a.sl,
    metadata: (a) => a.metadata,
    day_start: (a) => a.dayStart,
    dedup_window: (a) => a.dedupWindow,
    max_ids: (a) => a.maxIds,
    derived: (a) => a.derived,
    position_id: (a) => a.positionId,
    flip: (a) => a.flip,
    reason: (a) => a.reason,
    rate: (a) => a.rate,
    opposite_side: (a) => a.oppositeSide,
  },
  words: {
    position_id: 'the open position that it adds to; "" = none',
    flip: 'the open position of the other side that it turns around; "" = none',
  },
  decode(reply) {
    if (reply[0] === "admitted") return { admitted: true, order: orderFromReply(reply, 1) };
    const reason = wordOf(REFUSALS, reply[1]);
    if (!reason) throw new TypeError(`unknown reason of a refusal: ${JSON.stringify(reply[1])}`);
    const retryAt = optionalTime(reply, 3);
    return { admitted: false, reason, message: text(reply, 2), ...(retryAt && { retryAt }) };
  },
  apply(state, a, call) {
    const market = marketOf(state, a.pair);
    checkPrice(market, "price", a.price);
    const rate = rateKept(state, market, entryRate(state, market, a.rate, a.price), null);
    const risk = riskAt(state, call.now, a.dayStart);
    const early = entriesRefused(state, a, call, risk);
    if (early) return counted(state, a, call, risk.day, early);
    const { positionId, closes } = belonging(state, a);
    const notional = orderNotional(market, {
      intent: "entry",
      status: "intent",
      size: a.size,
      filled: 0,
      price: a.price,
      closes: closes ?? 0,
      rate,
    });
    const refusal = limitReached(state, a, notional);
    if (refusal) return counted(state, a, call, risk.day, refusal);
    const order = orderRow({
      id: freeId(state, a, call.now),
      pair: a.pair,
      side: a.side === "long" ? "buy" : "sell",
      order_type: a.orderType,
      price: a.price,
      size: a.size,
      status: "intent",
      created_at: call.now,
      filled: 0,
      intent: "entry",
      position_id: positionId,
      signal_id: a.signalId,
      tp: a.tp,
      sl: a.sl,
      cooldown: a.cooldown,
      metadata: a.metadata,
      notional,
      fills_since: fillsSince(state.fills),
      version: 1,
      reason: a.reason === "" ? null : a.reason,
      rate,
      flip: a.flip,
      closes,
    });

    adoptCurrency(state, market);
    countAdmission(state, risk.day, "admitted", call.now, a.dayStart);
    state.lastSignal.value = { id: a.signalId, pair: a.pair, ts: call.now };
    remember(state.processed, a.signalId, call.now, a.dedupWindow, a.maxIds);
    forgetClosed(state, order.id);
    state.orders.set(order.id, order);
    const coolUntil = a.cooldown ? call.now + a.cooldown : undefined;
    if (coolUntil !== undefined) coolDown(state, a.pair, coolUntil, call.now);
    state.emit(call, "entry_admitted", () => ({
      signal_id: a.signalId,
      pair: a.pair,
      side: a.side,
      order: orderJson(order),
      cooldown_until: String(coolUntil ?? ""),
    }));

    return { admitted: true, order: orderFromRow(order) };
  },
};

/**
 * The order's id: the given one. If a derived id is taken by an earlier order or position, its last digits are replaced by the time: the length and the
 * flow's digest stay.
 */
function freeId(state: FlowState, { orderId, derived }: Args, now: number): string {
  let id = orderId;
  const isTaken = (name: string) =>
    state.orders.get(name) ?? closedOrder(state, name, now) ?? state.positions.get(name);
  for (let ms = now; isTaken(id); ms++) {
    if (!derived) throw new InvalidArgumentError(`orderId: an order or a position ${orderId} exists already`);
    id = `${orderId.slice(0, 17)}${String(ms).padStart(15, "0")}`;
  }
  return id;
}

/** The position that the entry adds to, or turns around. */
function belonging(state: FlowState, { positionId, flip, pair, side, size }: Args): Belonging {
  if (positionId !== undefined) {
    const position = state.positions.get(positionId);
    if (position?.pair !== pair || position.side !== side) {
      throw new InvalidArgumentError(`positionId: expected an open ${side} position of ${pair}, got ${positionId}`);
    }
    return { positionId, closes: undefined };
  }
  if (flip === undefined) return { positionId: undefined, closes: undefined };
  const other = side === "long" ? "short" : "long";
  const turned = state.positions.get(flip);
  if (turned?.pair !== pair || turned.side !== other) {
    throw new InvalidArgumentError(`flip: expected an open ${other} position of ${pair}, got ${flip}`);
  }
  const sizes: number[] = [];
  for (const each of state.positions.values()) if (each.pair === pair && each.side === other) sizes.push(each.size);
  const closes = plus(...sizes);
  if (!exceeds(size, closes)) {
    throw new InvalidArgumentError(
      `size: expected more than the ${closes} that the ${other} side of ${pair} holds, got ${size}; an exit order closes it`,
    );
  }
  return { positionId: flip, closes };
}

/** The first reason against any entry of this signal, pair and side, in the order of the contract. */
function entriesRefused(state: FlowState, a: Args, { now }: Call, risk: RiskRow): Refused | undefined {
  const recovering = state.meta.value?.recovering;
  if (recovering) return refused("recovering", `a recovery is under way: ${recovering}`);

  const breaker = activeBreaker(state, now);
  if (breaker) {
    return refused("circuit_breaker", `the circuit breaker is active: ${breaker.reason}`, breaker.until ?? undefined);
  }

  const { account } = state;
  const accountBreaker = account?.activeBreaker(now);
  if (account && accountBreaker) {
    const message = `the circuit breaker of account ${account.name} is active: ${accountBreaker.reason}`;
    return refused("account_circuit_breaker", message, accountBreaker.until ?? undefined);
  }

  const maxLoss = moneyLimit(state, "max_daily_loss");
  if (maxLoss !== undefined && risk.daily_pnl <= -maxLoss) {
    const message = `today's loss of ${formatMoney(-risk.daily_pnl)} reached the limit of ${formatMoney(maxLoss)}`;
    return refused("daily_loss", message, dayEnd(risk.day, a.dayStart));
  }
  const accountLoss = account && moneyLimit(account, "max_daily_loss");
  const accountPnl = account?.pnlOn(risk.day) ?? 0n;
  if (accountLoss !== undefined && accountPnl <= -accountLoss) {
    const message = `today's loss of ${formatMoney(-accountPnl)} of account ${account?.name} reached the limit of ${formatMoney(accountLoss)}`;
    return refused("account_daily_loss", message, dayEnd(risk.day, a.dayStart));
  }
  const maxTrades = state.limit("max_daily_trades");
  if (maxTrades !== undefined && risk.daily_trades >= maxTrades) {
    const message = `${risk.daily_trades} trades today, the limit is ${maxTrades}`;
    return refused("max_daily_trades", message, dayEnd(risk.day, a.dayStart));
  }

  if (remembers(state.processed, a.signalId, now, a.dedupWindow)) {
    return refused("duplicate_signal", `signal ${a.signalId} was acted on before`);
  }
  const coolUntil = cooledUntil(state, a);
  if (coolUntil > now) return refused("cooldown", `${a.pair} ${a.side} is cooling down`, coolUntil);
  const block = guardBlock(state, a, now);
  if (block) return refused("guard", block.message, block.until);
  return undefined;
}

/**
 * The first limit that the entry would exceed. An entry that belongs to a position takes no slot: it may go ahead if slots are at their limit, but not if
 * they are above it.
 */
function limitReached(state: FlowState, a: Args, notional: Money): Refused | undefined {
  const { account, exposure } = state;
  const other = a.side === "long" ? "short" : "long";
  if (a.oppositeSide === "refuse" && a.flip === undefined && exposure.onSide(a.pair, other) > 0) {
    return refused("opposite_side", `${a.pair} has a ${other} position or entry, and risk.opposite_side is refuse`);
  }

  const taken = a.positionId === undefined && a.flip === undefined ? 1 : 0;
  const maxOpen = state.limit("max_open_positions");
  if (maxOpen !== undefined && exposure.slots + taken > maxOpen) {
    return refused("max_open_positions", `${exposure.slots} positions and entries are open, the limit is ${maxOpen}`);
  }
  const accountOpen = account?.limit("max_open_positions");
  if (account && accountOpen !== undefined && account.slots + taken > accountOpen) {
    const message = `${account.slots} positions and entries are open in account ${account.name}, the limit is ${accountOpen}`;
    return refused("account_max_open_positions", message);
  }
  const inPair = exposure.slotsIn(a.pair);
  const maxInPair = state.limit("max_positions_per_pair");
  if (maxInPair !== undefined && inPair + taken > maxInPair) {
    const message = `${inPair} positions and entries are open on ${a.pair}, the limit is ${maxInPair}`;
    return refused("max_positions_per_pair", message);
  }
  const accountInPair = account?.limit("max_positions_per_pair");
  if (account && accountInPair !== undefined && account.slotsIn(a.pair) + taken > accountInPair) {
    const message = `${account.slotsIn(a.pair)} positions and entries are open on ${a.pair} in account ${account.name}, the limit is ${accountInPair}`;
    return refused("account_max_positions_per_pair", message);
  }
  const maxExposure = moneyLimit(state, "max_exposure");
  const wanted = exposure.notional + notional;
  if (maxExposure !== undefined && wanted > maxExposure) {
    return refused(
      "max_exposure",
      `exposure would be ${formatMoney(wanted)}, the limit is ${formatMoney(maxExposure)}`,
    );
  }
  const accountExposure = account && moneyLimit(account, "max_exposure");
  const accountWanted = (account?.notional ?? 0n) + notional;
  if (accountExposure !== undefined && accountWanted > accountExposure) {
    return refused(
      "account_max_exposure",
      `exposure of account ${account?.name} would be ${formatMoney(accountWanted)}, the limit is ${formatMoney(accountExposure)}`,
    );
  }
  return undefined;
}

/** When the last cooldown that applies to the entry ends. */
function cooledUntil({ cooldowns }: FlowState, { pair, side }: Args): number {
  let until = 0;
  for (const field of [pair, "*", cooldownField(pair, side), cooldownField("*", side)]) {
    until = Math.max(until, cooldowns.get(field) ?? 0);
  }
  return until;
}

/** Counts and stores the refusal, and returns it. */
function counted(state: FlowState, a: Args, { now, instance }: Call, day: string, refusal: Refused): Refused {
  const { reason, message } = refusal;
  countAdmission(state, day, reason, now, a.dayStart);
  const key = state.refusals.nextKey(now);
  const row = { key, at: now, instance, signal_id: a.signalId, pair: a.pair, side: a.side, reason, message };
  state.refusals.append(row, REFUSALS_KEPT);
  return refusal;
}

function refused(reason: CountedRefusal, message: string, retryAt?: number): Refused {
  return { admitted: false, reason, message, ...(retryAt !== undefined && { retryAt: new Date(retryAt) }) };
}

function moneyLimit(of: FlowState | AccountState, name: "max_daily_loss" | "max_exposure") {
  const limit = of.limit(name);
  return limit === undefined ? undefined : toMoney(limit);
}
