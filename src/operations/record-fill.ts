import { InvalidArgumentError } from "../errors.js";
import { averagePrice } from "../exact/average-price.js";
import {
  addDecimal,
  decimalText,
  multiplyDecimal,
  negateDecimal,
  parseDecimal,
  toDecimal,
  toNumber,
} from "../exact/decimal.js";
import { minus } from "../exact/double.js";
import { formatMoney, type Money, roundDecimal, withinMoney } from "../exact/money.js";
import { exceeds, sameSize } from "../exact/size.js";
import { orderJson, orderWith } from "../records/generated/order.js";
import { positionJson, positionRow, positionWith } from "../records/generated/position.js";
import type { OrderRow } from "../records/order.js";
import type { PositionRow } from "../records/position.js";
import type { RiskPolicy } from "../state/breaker.js";
import { notionalOf, orderNotional } from "../state/exposure.js";
import type { FlowState } from "../state/flow-state.js";
import { fillKey, remember, remembers, TRADE_MEMORY } from "../state/memory.js";
import { entryRest, findOrder, writeOrder } from "../state/order-life.js";
import { isDone } from "../state/order-status.js";
import { decideRisk, writeRisk } from "../state/risk.js";
import type { FillResult, OrderStatus } from "../types.js";
import { type Operation, text } from "./operation.js";
import { orderFromReply, orderFromRow } from "./view-order.js";
import { positionFromReply, positionFromRow } from "./view-position.js";
import { riskEvent, riskFromReply, riskView } from "./view-risk.js";

interface Args extends RiskPolicy {
  readonly orderId: string;
  readonly fillId: string;
  readonly price: number;
  readonly size: number;
  readonly fee: number;
  readonly ts: number | undefined;
  readonly done: boolean;
  readonly overfill: boolean;
  /** ms */
  readonly dedupWindow: number;
  readonly maxIds: number;
}

/** What a fill does to a position, before it is written. */
interface Effect {
  readonly position: PositionRow;
  readonly realised: Money;
}

export const recordFill: Operation<Args, FillResult> = {
  name: "record_fill",
  kind: "change",
  keys: [
    "orders:pending",
    "orders:closed",
    "orders:closed_at",
    "orders:fills",
    "positions:open",
    "risk:exposure",
    "risk:daily",
    "risk:history",
    "risk:circuit_breaker",
    "risk:limits",
    "signals:cooldowns",
    "signals:processed",
  ],
  args: {
    order_id: (a) => a.orderId,
    fill_id: (a) => a.fillId,
    price: (a) => a.price,
    size: (a) => a.size,
    fee: (a) => a.fee,
    ts: (a) => a.ts,
    done: (a) => a.done,
    overfill: (a) => a.overfill,
    day_start: (a) => a.dayStart,
    breaker_duration: (a) => a.breakerDuration,
    fill_window: () => TRADE_MEMORY.window,
    max_fills: () => TRADE_MEMORY.max,
    dedup_window: (a) => a.dedupWindow,
    max_ids: (a) => a.maxIds,
  },
  words: {
    ts: 'ms of the execution; "" = now',
  },
  decode: (reply) => ({
    applied: reply[0] === "recorded",
    ...(text(reply, 1) !== "" && { order: orderFromReply(reply, 1) }),
    ...(text(reply, 2) !== "" && { position: positionFromReply(reply, 2) }),
    risk: riskFromReply(reply, 4),
    tripped: reply[3] === "1",
  }),
  apply(state, a, call) {
    const { window, max } = TRADE_MEMORY;
    const fill = fillKey(a.orderId, a.fillId);
    const ts = a.ts ?? call.now;

    const stored = findOrder(state, a.orderId);
    const positionId = stored && (stored.position_id ?? (stored.intent === "entry" ? stored.id : undefined));
    const held = positionId === undefined ? undefined : state.positions.get(positionId);
    if (remembers(state.fills, fill, call.now, window, stored?.fills_since ?? 0)) {
      return {
        applied: false,
        ...(stored && { order: orderFromRow(stored) }),
        ...(held && { position: positionFromRow(held) }),
        risk: riskView(state, call.now, a.dayStart),
        tripped: false,
      };
    }
    if (!stored) throw new InvalidArgumentError(`orderId: no order ${a.orderId}, pending or lately closed`);
    if (positionId === undefined) throw new InvalidArgumentError(`orderId: exit order ${a.orderId} has no positionId`);
    const cooling = state.cooldowns.get(stored.pair) ?? 0;
    const signal = releasedSignal(state, stored);

    const order = filledOrder(stored, a, positionId);
    const { position, realised } =
      stored.intent === "entry" ? entry(a, ts, stored, positionId, held) : exit(a, ts, stored, positionId, held);
    const flat = position.size === 0;
    const rest = flat ? entryRest(state, positionId) : undefined;
    const lastTs = position.last_fill_ts ?? ts;
    const risk = decideRisk(
      state,
      call.now,
      {
        booking: { pnl: realised, ts: a.ts },
        trade: flat ? { result: position.realised, ts: a.ts === undefined ? undefined : lastTs } : undefined,
      },
      a,
    );
    const coolUntil = flat && position.cooldown !== null ? lastTs + position.cooldown : 0;

    remember(state.fills, fill, call.now, window, max, stored.fills_since ?? 0);
    writeOrder(state, order, call.now);
    if (flat) state.positions.delete(positionId);
    else state.positions.set(positionId, position);
    if (rest) state.orders.set(rest.id, rest);
    writeRisk(state, risk);
    if (coolUntil > cooling) state.cooldowns.set(order.pair, coolUntil);
    if (signal !== undefined) remember(state.processed, signal, call.now, a.dedupWindow, a.maxIds);
    state.emit(call, "fill_recorded", () => ({
      order_id: a.orderId,
      fill_id: a.fillId,
      price: String(a.price),
      size: String(a.size),
      fee: String(a.fee),
      ts: String(ts),
      pnl: formatMoney(realised),
      order: orderJson(order),
      position_id: positionId,
      position: flat ? "" : positionJson(position),
      cooldown_until: coolUntil > cooling ? String(coolUntil) : "",
      ...riskEvent(risk),
      ...(signal !== undefined && { signal_marked: signal }),
    }));

    const result: FillResult = {
      applied: true,
      order: orderFromRow(order),
      risk: riskView(state, call.now, a.dayStart),
      tripped: risk.tripped,
    };
    if (!flat) result.position = positionFromRow(position);
    return result;
  },
};

/** An entry opens or grows the position at the size-weighted price; it books its fee. */
function entry(a: Args, ts: number, order: OrderRow, positionId: string, held: PositionRow | undefined): Effect {
  checkPair(order, held);
  const side = order.side === "buy" ? "long" : "short";
  if (held && held.side !== side) {
    throw new InvalidArgumentError(
      `orderId: a ${order.side} entry cannot grow the ${held.side} position ${positionId}`,
    );
  }
  const realised = inRange(roundDecimal(negateDecimal(toDecimal(a.fee))));
  let cost = multiplyDecimal(toDecimal(a.size), toDecimal(a.price));
  let total = toDecimal(a.size);
  if (held) {
    const heldCost =
      held.cost === null ? multiplyDecimal(toDecimal(held.size), toDecimal(held.entry_price)) : parseDecimal(held.cost);
    cost = addDecimal(cost, heldCost);
    total = addDecimal(total, toDecimal(held.size));
  }
  const size = toNumber(total);
  const average = held ? averagePrice(cost, size) : a.price;
  if (!Number.isFinite(size) || !Number.isFinite(average)) {
    throw new InvalidArgumentError(`size: position ${positionId} would grow beyond what a double holds`);
  }
  const grown = {
    size,
    entry_price: average,
    entry_ts: Math.min(held?.entry_ts ?? ts, ts),
    cost: decimalText(cost),
    notional: notionalOf(size, average),
    realised: inRange((held?.realised ?? 0n) + realised),
    last_fill_ts: Math.max(ts, held?.last_fill_ts ?? 0),
    version: (held?.version ?? 0) + 1,
  };
  if (held) return { position: positionWith(held, grown), realised };
  // Written out: fields added to a spread cost more than the rest of the fill.
  const position = positionRow({
    id: positionId,
    pair: order.pair,
    side,
    size: grown.size,
    entry_price: grown.entry_price,
    entry_ts: grown.entry_ts,
    tp: order.tp,
    sl: order.sl,
    cooldown: order.cooldown,
    cost: grown.cost,
    notional: grown.notional,
    realised: grown.realised,
    last_fill_ts: grown.last_fill_ts,
    version: grown.version,
    metadata: order.metadata ?? "{}",
  });
  return { position, realised };
}

/** An exit reduces the position; it books (exit price - entry price) x size x direction - fee. */
function exit(a: Args, ts: number, order: OrderRow, positionId: string, held: PositionRow | undefined): Effect {
  checkPair(order, held);
  if (!held) throw new InvalidArgumentError(`orderId: no open position ${positionId} for exit order ${order.id}`);
  if ((order.side === "sell") !== (held.side === "long")) {
    throw new InvalidArgumentError(
      `orderId: a ${order.side} exit cannot reduce the ${held.side} position ${positionId}`,
    );
  }
  if (exceeds(a.size, held.size)) {
    throw new InvalidArgumentError(`size: an exit of ${a.size} is larger than position ${positionId} of ${held.size}`);
  }
  const taken = Math.min(a.size, held.size);
  const rise = addDecimal(toDecimal(a.price), negateDecimal(toDecimal(held.entry_price)));
  const move = held.side === "short" ? negateDecimal(rise) : rise;
  const gain = addDecimal(multiplyDecimal(move, toDecimal(taken)), negateDecimal(toDecimal(a.fee)));
  const realised = inRange(roundDecimal(gain));
  const size = sameSize(a.size, held.size) ? 0 : minus(held.size, taken);
  const position = positionWith(held, {
    size,
    cost: null,
    notional: notionalOf(size, held.entry_price),
    realised: inRange(held.realised + realised),
    last_fill_ts: Math.max(ts, held.last_fill_ts ?? 0),
    version: held.version + 1,
  });
  return { position, realised };
}

/** The order as the fill leaves it. Of an entry, more than its size is mostly one execution under a second id. */
function filledOrder(stored: OrderRow, a: Args, positionId: string): OrderRow {
  const filled = toNumber(addDecimal(toDecimal(stored.filled), toDecimal(a.size)));
  if (!Number.isFinite(filled)) {
    throw new InvalidArgumentError(`size: order ${stored.id} would be filled beyond what a double holds`);
  }
  if (stored.intent === "entry" && exceeds(filled, stored.size) && !a.overfill) {
    throw new InvalidArgumentError(
      `size: entry order ${stored.id} of ${stored.size} would be filled by ${filled}; if the exchange's own order says so, give overfill: true`,
    );
  }
  let status: OrderStatus = stored.status;
  if (filled >= stored.size || sameSize(filled, stored.size)) status = "filled";
  else if (!isDone(stored.status)) status = a.done ? "cancelled" : "partially_filled";
  return orderWith(stored, {
    status,
    filled,
    position_id: positionId,
    notional: orderNotional({ intent: stored.intent, status, size: stored.size, filled, price: stored.price }),
  });
}

/** The signal of an entry that was cancelled before anything was filled, if it was given free and nobody has won it since. */
function releasedSignal(state: FlowState, { intent, status, filled, signal_id }: OrderRow): string | undefined {
  if (intent !== "entry" || status !== "cancelled" || filled !== 0 || signal_id === null) return undefined;
  return state.processed.get(signal_id) === undefined ? signal_id : undefined;
}

function checkPair(order: OrderRow, held: PositionRow | undefined): void {
  if (held && held.pair !== order.pair) {
    throw new InvalidArgumentError(
      `orderId: order ${order.id} is for ${order.pair}, position ${held.id} is ${held.pair}`,
    );
  }
}

function inRange(amount: Money): Money {
  if (!withinMoney(amount)) throw new InvalidArgumentError("price: the result would leave +-9e15; nothing was booked");
  return amount;
}
