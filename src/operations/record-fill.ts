import { InvalidArgumentError } from "../errors.js";
import { averagePrice } from "../exact/average-price.js";
import {
  addDecimal,
  decimalText,
  multiplyDecimal,
  negateDecimal,
  parseDecimal,
  subtractDecimal,
  toDecimal,
  toNumber,
} from "../exact/decimal.js";
import { minus } from "../exact/double.js";
import { quotient } from "../exact/kept.js";
import { formatMoney, fromMoney, type Money, roundDecimal, withinMoney } from "../exact/money.js";
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
import { compareBytes, inOrder } from "../state/ranking.js";
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
  readonly taken: number;
  readonly realised: Money;
}

/** What a fill does to all positions. */
interface Effects {
  readonly effects: readonly [Effect, ...Effect[]];
  /** What of an exit no position holds. */
  readonly over: number;
}

/** Where the reply tells the other positions that remain; booked and over stand before. */
const FIRST_OTHER = 15;

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
  decode(reply) {
    const applied = reply[0] === "recorded";
    const position = text(reply, 2) === "" ? undefined : positionFromReply(reply, 2);
    const others = reply.slice(FIRST_OTHER).map((_, at) => positionFromReply(reply, FIRST_OTHER + at));
    const over = applied ? Number(text(reply, FIRST_OTHER - 1)) : 0;
    return {
      applied,
      ...(text(reply, 1) !== "" && { order: orderFromReply(reply, 1) }),
      ...(position && { position }),
      positions: position ? [position, ...others] : others,
      booked: applied ? Number(text(reply, FIRST_OTHER - 2)) : 0,
      ...(over > 0 && { over }),
      risk: riskFromReply(reply, 4),
      tripped: reply[3] === "1",
    };
  },
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
        positions: held ? [positionFromRow(held)] : [],
        booked: 0,
        risk: riskView(state, call.now, a.dayStart),
        tripped: false,
      };
    }
    if (!stored) throw new InvalidArgumentError(`orderId: no order ${a.orderId}, pending or lately closed`);
    const cooling = state.cooldowns.get(stored.pair) ?? 0;
    const signal = releasedSignal(state, stored);

    const order = filledOrder(stored, a, positionId);
    const { effects, over } =
      positionId !== undefined && stored.intent === "entry"
        ? entry(a, ts, stored, positionId, held)
        : exit(state, a, ts, stored, held);
    const booked = effects.reduce((sum, { realised }) => inRange(sum + realised), 0n);
    const flat = effects.map(({ position }) => position).filter(({ size }) => size === 0);
    const rests = flat.flatMap(({ id }) => entryRest(state, id) ?? []);
    const risk = decideRisk(
      state,
      call.now,
      {
        booking: { pnl: booked, ts: a.ts },
        trades: flat.map(({ realised, last_fill_ts }) => ({
          result: realised,
          ts: a.ts === undefined ? undefined : (last_fill_ts ?? ts),
        })),
      },
      a,
    );
    const coolUntil = flat.reduce(
      (until, { cooldown, last_fill_ts }) => Math.max(until, cooldown === null ? 0 : (last_fill_ts ?? ts) + cooldown),
      0,
    );

    remember(state.fills, fill, call.now, window, max, stored.fills_since ?? 0);
    writeOrder(state, order, call.now);
    for (const { position } of effects) {
      if (position.size === 0) state.positions.delete(position.id);
      else state.positions.set(position.id, position);
    }
    for (const rest of rests) state.orders.set(rest.id, rest);
    writeRisk(state, risk);
    if (coolUntil > cooling) state.cooldowns.set(order.pair, coolUntil);
    if (signal !== undefined) remember(state.processed, signal, call.now, a.dedupWindow, a.maxIds);
    const [first, ...others] = effects;
    state.emit(call, "fill_recorded", () => ({
      order_id: a.orderId,
      fill_id: a.fillId,
      price: String(a.price),
      size: String(a.size),
      fee: String(a.fee),
      ts: String(ts),
      pnl: formatMoney(booked),
      order: orderJson(order),
      position_id: first.position.id,
      position: first.position.size === 0 ? "" : positionJson(first.position),
      cooldown_until: coolUntil > cooling ? String(coolUntil) : "",
      ...riskEvent(risk),
      ...(signal !== undefined && { signal_marked: signal }),
      ...(others.length > 0 && { others: `[${others.map(otherJson).join(",")}]` }),
      ...(over > 0 && { over: String(over) }),
    }));

    const positions = effects
      .filter(({ position }) => position.size !== 0)
      .map((each) => positionFromRow(each.position));
    const [position] = first.position.size === 0 ? [] : positions;
    return {
      applied: true,
      order: orderFromRow(order),
      ...(position && { position }),
      positions,
      booked: fromMoney(booked),
      ...(over > 0 && { over }),
      risk: riskView(state, call.now, a.dayStart),
      tripped: risk.tripped,
    };
  },
};

/** What a fill did to another position than its first, as the event tells it. */
function otherJson({ position, taken, realised }: Effect): string {
  const rest = position.size === 0 ? "" : `,"position":${positionJson(position)}`;
  return `{"position_id":${JSON.stringify(position.id)},"size":${taken},"pnl":"${formatMoney(realised)}"${rest}}`;
}

/** An entry opens or grows the position at the size-weighted price; it books its fee. */
function entry(a: Args, ts: number, order: OrderRow, positionId: string, held: PositionRow | undefined): Effects {
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
  if (held) return { effects: [{ position: positionWith(held, grown), taken: a.size, realised }], over: 0 };
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
    opened_by: "fills",
    version: grown.version,
    metadata: order.metadata ?? "{}",
  });
  return { effects: [{ position, taken: a.size, realised }], over: 0 };
}

/** An exit reduces its position, then the pair's others of that side, oldest first. The fee is split by size; the last part takes the rest. */
function exit(state: FlowState, a: Args, ts: number, order: OrderRow, held: PositionRow | undefined): Effects {
  const [named, ...others] = positionsToReduce(state, a, order, held);
  const parts: [Taken, ...Taken[]] = [takenOf(named, a.size)];
  let total = toDecimal(parts[0].taken);
  let over = leftOf(a.size, a.size, parts[0].taken);
  for (const position of others) {
    if (over === 0) break;
    const part = takenOf(position, over);
    parts.push(part);
    total = addDecimal(total, toDecimal(part.taken));
    over = leftOf(a.size, over, part.taken);
  }

  let unpaid = toDecimal(a.fee);
  const reduced = ({ position, taken, isFlat }: Taken, at: number): Effect => {
    let fee = unpaid;
    if (at < parts.length - 1) {
      const exact = quotient(multiplyDecimal(toDecimal(a.fee), toDecimal(taken)), total);
      if (!exact) throw outOfRange();
      fee = parseDecimal(formatMoney(inRange(roundDecimal(exact))));
      unpaid = subtractDecimal(unpaid, fee);
    }
    const rise = subtractDecimal(toDecimal(a.price), toDecimal(position.entry_price));
    const move = position.side === "short" ? negateDecimal(rise) : rise;
    const realised = inRange(roundDecimal(subtractDecimal(multiplyDecimal(move, toDecimal(taken)), fee)));
    const size = isFlat ? 0 : minus(position.size, taken);
    return {
      taken,
      realised,
      position: positionWith(position, {
        size,
        cost: null,
        notional: notionalOf(size, position.entry_price),
        realised: inRange(position.realised + realised),
        last_fill_ts: Math.max(ts, position.last_fill_ts ?? 0),
        version: position.version + 1,
      }),
    };
  };
  const [first, ...rest] = parts;
  return { effects: [reduced(first, 0), ...rest.map((part, at) => reduced(part, at + 1))], over };
}

/** What an exit takes of a position. */
interface Taken {
  readonly position: PositionRow;
  readonly taken: number;
  readonly isFlat: boolean;
}

function takenOf(position: PositionRow, left: number): Taken {
  const isFlat = left > position.size || sameSize(left, position.size);
  return { position, taken: Math.min(left, position.size), isFlat };
}

/** What is left of an exit; a rest of rounding is nothing. */
function leftOf(executed: number, before: number, taken: number): number {
  const left = minus(before, taken);
  return sameSize(executed - left, executed) ? 0 : left;
}

/** The order's own position and, where that holds less, the pair's others of that side, oldest first. */
function positionsToReduce(
  state: FlowState,
  a: Args,
  order: OrderRow,
  held: PositionRow | undefined,
): [PositionRow, ...PositionRow[]] {
  checkPair(order, held);
  const side = order.side === "sell" ? "long" : "short";
  if (held && held.side !== side) {
    throw new InvalidArgumentError(`orderId: a ${order.side} exit cannot reduce the ${held.side} position ${held.id}`);
  }
  const named = order.position_id;
  if (named !== null && !held && order.filled === 0) {
    throw new InvalidArgumentError(`orderId: no open position ${named} for exit order ${order.id}`);
  }
  if (held && !exceeds(a.size, held.size)) return [held];
  const others = [...state.positions.values()].filter(
    (each) => each.pair === order.pair && each.side === side && each.id !== named,
  );
  const oldest = inOrder(others, (x, y) => x.entry_ts - y.entry_ts || compareBytes(x.id, y.id));
  if (held) return [held, ...oldest];
  const [first, ...rest] = oldest;
  if (!first) {
    const which = named ?? `of ${order.pair} ${side}`;
    throw new InvalidArgumentError(`orderId: no open position ${which} for exit order ${order.id}`);
  }
  return [first, ...rest];
}

/** The order as the fill leaves it. Of an entry, more than its size is mostly one execution under a second id. */
function filledOrder(stored: OrderRow, a: Args, positionId: string | undefined): OrderRow {
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
    position_id: positionId ?? null,
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
  if (!withinMoney(amount)) throw outOfRange();
  return amount;
}

function outOfRange(): InvalidArgumentError {
  return new InvalidArgumentError("price: the result would leave +-9e15; nothing was booked");
}
