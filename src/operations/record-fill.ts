import { InvalidArgumentError } from "../errors.js";
import { type Decimal, subtractDecimal, toDecimal } from "../exact/decimal.js";
import { minus, plus } from "../exact/double.js";
import { formatMoney, fromMoney, type Money, withinMoney } from "../exact/money.js";
import { exceeds, sameSize } from "../exact/size.js";
import type { AmendmentRow } from "../records/amendment.js";
import type { DustRow } from "../records/dust.js";
import { orderJson, orderWith } from "../records/generated/order.js";
import { positionJson, positionRow, positionWith } from "../records/generated/position.js";
import { tradeJson } from "../records/generated/trade.js";
import type { OrderRow } from "../records/order.js";
import type { PositionRow } from "../records/position.js";
import type { TradeRow } from "../records/trade.js";
import { unpricedView } from "../records/unpriced-view.js";
import { amended, writeAmendment } from "../state/amendment.js";
import type { RiskPolicy } from "../state/breaker.js";
import { coolDown } from "../state/cooldowns.js";
import {
  adoptCurrency,
  checkPrice,
  entryRate,
  exitRate,
  marketStored,
  type Rate,
  rateKept,
} from "../state/currency.js";
import { openedBy } from "../state/day.js";
import { dustKey, dustLeft, dustTaken, dustWith, writeDust } from "../state/dust.js";
import { notionalAt, orderNotional, positionNamed } from "../state/exposure.js";
import { type Fee, type FeePart, feeInBase, priceFees, splitFees } from "../state/fee.js";
import type { FlowState } from "../state/flow-state.js";
import {
  atRate,
  type Execution,
  gainOf,
  grown,
  leftOf,
  moneyOf,
  movedResult,
  outOfRange,
  reduced,
  worthOf,
} from "../state/holding.js";
import { fillKey, remember, remembers, TRADE_MEMORY } from "../state/memory.js";
import { closedOrder, writeOrder } from "../state/order-life.js";
import { isDone } from "../state/order-status.js";
import { compareBytes, inOrder } from "../state/ranking.js";
import { decideRisk, writeRisk } from "../state/risk.js";
import { decideEnd, ENDED_MEMORY, type EndedPosition, endedTrade, isDust, writeEnd } from "../state/trade-end.js";
import { type Unpriced, unpricedSince, withAllUnpriced } from "../state/unpriced.js";
import type { FillResult, OrderStatus } from "../types.js";
import type { Market } from "../words/pair-name.js";
import { feesText } from "./fees-text.js";
import { type Call, type Operation, text } from "./operation.js";
import { orderFromReply, orderFromRow, ordersFromJson } from "./view-order.js";
import { positionFromReply, positionFromRow, positionsFromJson } from "./view-position.js";
import { riskEvent, riskFromReply, riskView } from "./view-risk.js";
import { tradeFromRow, tradesFromJson } from "./view-trade.js";

interface Args extends RiskPolicy {
  readonly orderId: string;
  readonly fillId: string;
  readonly price: number;
  readonly size: number;
  readonly fees: readonly Fee[];
  readonly rate: Rate;
  readonly ts: number | undefined;
  readonly done: boolean;
  readonly dust: number | undefined;
  readonly overfill: boolean;
  /** ms */
  readonly dedupWindow: number;
  readonly maxIds: number;
  readonly maxTrades: number;
}

/** The target of a part of a fill: an open position, an end that it explains, or dust. */
type Part =
  | { readonly to: "reduce"; readonly size: number; readonly position: PositionRow; readonly isFlat: boolean }
  | { readonly to: "grow"; readonly size: number; readonly position: PositionRow | undefined }
  | { readonly to: "explain"; readonly size: number; readonly trade: TradeRow }
  | { readonly to: "dust"; readonly size: number; readonly dust: DustRow };

/** What a fill changes in a position, before it is written. */
interface Effect {
  readonly position: PositionRow;
  readonly taken: number;
  readonly booked: Money;
  /** The size that an exit left when it made the position flat, within the tolerance. */
  readonly untaken: number;
}

/** What a fill changes, before it is written. */
interface Booked {
  readonly effects: readonly Effect[];
  readonly amendments: readonly { readonly trade: TradeRow; readonly row: AmendmentRow; readonly pnl: Money }[];
  readonly dust: DustRow | undefined;
  readonly dustSold: { readonly size: number; readonly pnl: Money } | undefined;
  /** The amounts of the fill that could not be priced. */
  readonly unpriced: string | null;
}

/** What the fill changed, and whether it reduced a position whose result had been told before: then it booked only its fee. */
export interface Filling {
  readonly result: FillResult;
  readonly wasTold: boolean;
}

export const recordFill: Operation<Args, Filling> = {
  name: "record_fill",
  kind: "change",
  keys: [
    "orders:pending",
    "orders:closed",
    "orders:closed_at",
    "orders:fills",
    "orders:fills_told",
    "orders:by_position",
    "positions:open",
    "positions:dust",
    "trades:closed",
    "trades:ended",
    "trades:amendments",
    "risk:exposure",
    "risk:daily",
    "risk:history",
    "risk:circuit_breaker",
    "risk:limits",
    "signals:cooldowns",
    "signals:processed",
    "risk:guard_trades",
  ],
  args: {
    order_id: (a) => a.orderId,
    fill_id: (a) => a.fillId,
    price: (a) => a.price,
    size: (a) => a.size,
    fee: (a) => feesText(a.fees),
    rate: (a) => a.rate,
    ts: (a) => a.ts,
    done: (a) => a.done,
    dust: (a) => a.dust,
    overfill: (a) => a.overfill,
    day_start: (a) => a.dayStart,
    breaker_duration: (a) => a.breakerDuration,
    fill_window: () => TRADE_MEMORY.window,
    max_fills: () => TRADE_MEMORY.max,
    dedup_window: (a) => a.dedupWindow,
    max_ids: (a) => a.maxIds,
    max_trades: (a) => a.maxTrades,
  },
  words: {
    max_trades: "how many trades are kept",
    fee: "settle currency of the pair; or amount, currency and rate (- = none) of each, separated by spaces",
    ts: 'ms of the execution; "" = now',
    dust: 'a rest of up to this size cannot be sold; "" = none',
  },
  decode(reply) {
    const applied = reply[0] === "recorded";
    const over = Number(text(reply, 5));
    const result: FillResult = {
      applied,
      ...(text(reply, 1) !== "" && { order: orderFromReply(reply, 1) }),
      ...(text(reply, 2) !== "" && { position: positionFromReply(reply, 2) }),
      positions: positionsFromJson(text(reply, 6)),
      trades: tradesFromJson(text(reply, 7)),
      booked: Number(text(reply, 4)),
      ...(text(reply, 10) !== "" && { unpriced: unpricedView(text(reply, 10)) }),
      ...(over > 0 && { over }),
      exitsLeft: ordersFromJson(text(reply, 8)),
      risk: riskFromReply(reply, 11),
      tripped: reply[3] === "1",
    };
    return { result, wasTold: text(reply, 9) === "1" };
  },
  apply(state, a, call) {
    const { window } = TRADE_MEMORY;
    const fill = fillKey(a.orderId, a.fillId);
    const ts = a.ts ?? call.now;

    const stored = state.orders.get(a.orderId) ?? closedOrder(state, a.orderId, call.now);
    if (remembers(state.fills, fill, call.now, window, stored?.fills_since ?? 0)) {
      checkRepeated(state, a, fill);
      return { result: repeated(state, a, stored, call.now), wasTold: false };
    }
    if (!stored)
      throw new InvalidArgumentError(
        `orderId: the flow knows no order ${a.orderId}: save it first; closed ones are forgotten after seven days`,
      );
    openedBy(a.ts, call.now);
    const market = marketStored(state, stored.pair);
    checkPrice(market, "price", a.price);
    const cooling = state.cooldowns.get(stored.pair) ?? 0;
    const signal = releasedSignal(state, stored);

    const filled = filledOrder(market, stored, a);
    const moved = sizeMoved(market, stored, a);
    const { all, over } =
      stored.intent === "entry"
        ? entryParts(state, stored, moved.size, call.now)
        : exitParts(state, market, stored, moved, call.now);
    const { effects, amendments, dust, dustSold, unpriced } = book(state, market, stored, a, call, all);
    const opened = effects.find(({ position }) => position.size !== 0 && position.side === sideEntered(stored));
    const flat = effects.filter(({ position }) => position.size === 0);
    const order =
      stored.intent === "entry"
        ? entryAfter(filled, opened?.position, flat)
        : exitAfter(filled, effects.at(-1)?.position);
    const dusty = effects.filter(({ position }) => endsAsDust(state, position, order, a));
    const ends: EndedPosition[] = [];
    for (const { position, untaken } of [...flat, ...dusty]) {
      const rest = position.size;
      ends.push(
        decideEnd(
          state,
          position,
          {
            how: rest === 0 ? "fills" : "dust",
            ts: a.ts === undefined ? undefined : (position.last_fill_ts ?? ts),
            reason: stored.reason ?? "exit",
            dust: rest,
            unexplained: rest + untaken,
            exitAsked: stored.price,
            order,
          },
          call.now,
          ends.length,
        ),
      );
    }
    const dustAfter = dusty.reduce(
      (sum, { position }) => dustWith(market, sum, position),
      dust ?? state.dust.get(dustKey(stored)),
    );
    const open = effects.reduce((sum, effect) => inRange(sum + effect.booked), 0n);
    const later = amendments.reduce((sum, { pnl }) => inRange(sum + pnl), 0n);
    const cash = dustSold?.pnl ?? 0n;
    const booked = inRange(inRange(open + later) + cash);
    const risk = decideRisk(
      state,
      call.now,
      { booking: { ts: a.ts, open, later, cash }, trades: ends.map(({ counted }) => counted) },
      a,
    );
    const coolUntil = ends.reduce((until, end) => Math.max(until, end.coolUntil), 0);

    adoptCurrency(state, market);
    rememberFill(state, fill, a, call.now, stored.fills_since ?? 0);
    writeOrder(state, order, call.now);
    for (const { position } of effects) state.positions.set(position.id, position);
    for (const end of ends) writeEnd(state, end, { maxTrades: a.maxTrades, now: call.now });
    for (const { row } of amendments) writeAmendment(state, row);
    if (dustAfter && (dust || dusty.length > 0)) writeDust(state, dustAfter);
    writeRisk(state, risk);
    if (coolUntil > cooling) coolDown(state, order.pair, coolUntil, call.now);
    if (signal !== undefined) remember(state.processed, signal, call.now, a.dedupWindow, a.maxIds);
    const ended = new Set(ends.map(({ trade }) => trade.id));
    const [first, ...others] = effects;
    state.emit(call, "fill_recorded", () => ({
      order_id: a.orderId,
      fill_id: a.fillId,
      price: String(a.price),
      size: String(a.size),
      fee: feesText(a.fees),
      ts: String(ts),
      pnl: formatMoney(booked),
      order: orderJson(order),
      position_id: first?.position.id ?? "",
      position: !first || ended.has(first.position.id) ? "" : positionJson(first.position),
      cooldown_until: coolUntil > cooling ? String(coolUntil) : "",
      ...riskEvent(risk),
      ...(signal !== undefined && { signal_marked: signal }),
      ...(others.length > 0 && { others: `[${others.map((each) => otherJson(each, ended)).join(",")}]` }),
      ...(ends.length > 0 && { trades: `[${ends.map(({ trade }) => tradeJson(trade)).join(",")}]` }),
      ...(amendments.length > 0 && { amendments: `[${amendments.map(laterJson).join(",")}]` }),
      ...(dustSold && { dust_sold: String(dustSold.size) }),
      ...(a.rate !== undefined && { rate: String(a.rate) }),
      ...(unpriced !== null && { unpriced }),
      ...(over > 0 && { over: String(over) }),
    }));

    const remaining = effects.map(({ position }) => position).filter(({ id }) => !ended.has(id));
    const positions = remaining.map(positionFromRow);
    const result: FillResult = {
      applied: true,
      order: orderFromRow(order),
      ...(first && !ended.has(first.position.id) && { position: positionFromRow(first.position) }),
      positions,
      trades: ends.map(({ trade }) => tradeFromRow(trade)),
      booked: fromMoney(booked),
      ...(unpriced !== null && { unpriced: unpricedView(unpriced) }),
      ...(over > 0 && { over }),
      exitsLeft: ends.flatMap(({ exitsLeft }) => exitsLeft).map(orderFromRow),
      risk: riskView(state, call.now, a.dayStart),
      tripped: risk.tripped,
    };
    return { result, wasTold: all.some((part) => part.to === "reduce" && part.position.told !== null) };
  },
};

/** A repeated fill must have its first size and price. Fills from before these were stored count as equal. */
function checkRepeated(state: FlowState, a: Args, fill: string): void {
  const told = state.fillsTold.get(fill);
  if (told === undefined) return;
  const [price = "", size = ""] = told.split(" ");
  if (!sameSize(Number(size), a.size)) throw toldOtherwise("size", a, size, a.size);
  if (!sameAmount(Number(price), a.price)) throw toldOtherwise("price", a, price, a.price);
}

function sameAmount(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
}

function toldOtherwise(field: string, { orderId, fillId }: Args, before: string, now: number): InvalidArgumentError {
  return new InvalidArgumentError(
    `${field}: fill ${fillId} of order ${orderId} was booked with a ${field} of ${before}, now it has ${now}`,
  );
}

function repeated(state: FlowState, a: Args, stored: OrderRow | undefined, now: number): FillResult {
  const held = stored && state.positions.get(stored.position_id ?? stored.id);
  const position = held && positionFromRow(held);
  return {
    applied: false,
    ...(stored && { order: orderFromRow(stored) }),
    ...(position && { position }),
    positions: position ? [position] : [],
    trades: [],
    booked: 0,
    exitsLeft: [],
    risk: riskView(state, now, a.dayStart),
    tripped: false,
  };
}

function rememberFill(state: FlowState, fill: string, a: Args, now: number, since: number): void {
  const { window, max } = TRADE_MEMORY;
  remember(state.fills, fill, now, window, max, since, (id) => state.fillsTold.delete(id));
  state.fillsTold.set(fill, `${a.price} ${a.size}`);
}

function sideEntered({ side }: OrderRow): PositionRow["side"] {
  return side === "buy" ? "long" : "short";
}

function sideReduced({ side }: OrderRow): PositionRow["side"] {
  return side === "sell" ? "long" : "short";
}

/** How a fill changes sizes; `fee`: the part that is a sell's fee in the base coin. */
interface Moved {
  readonly size: number;
  readonly fee: number;
}

/** A fee in the base coin changes the size: a buy adds less, a sell takes more. */
function sizeMoved(market: Market, { side }: OrderRow, { size, fees }: Args): Moved {
  const fee = feeInBase(market, fees);
  if (fee === 0) return { size, fee: 0 };
  const moved = side === "buy" ? minus(size, fee) : plus(size, fee);
  if (moved > 0) return { size: moved, fee: side === "sell" ? fee : 0 };
  throw new InvalidArgumentError(`fee: expected less than the size of ${size} that was filled, got ${fee}`);
}

/** An entry opens or grows a position. An entry that turns a position around reduces the other side first. */
function entryParts(state: FlowState, order: OrderRow, size: number, now: number): { all: Part[]; over: number } {
  const position = positionEntered(state, order);
  if (order.flip === null) return { all: [{ to: "grow", size, position }], over: 0 };
  const held = state.positions.get(order.flip);
  const explained = held ? undefined : endedTrade(state, order.flip, now);
  const first = explained && explained.ending !== "fills" ? explainedBy(state, explained, size) : undefined;
  const left = first ? leftOf(size, size, first.size) : size;
  const { all, over } = spread(size, [...(held ? [held] : []), ...otherPositions(state, order, order.flip)], left);
  const parts = first ? [first, ...all] : all;
  if (over > 0) parts.push({ to: "grow", size: over, position });
  return { all: parts, over: 0 };
}

/** The open position that an entry's fills go into. */
function positionEntered(state: FlowState, order: OrderRow): PositionRow | undefined {
  const named = positionNamed(order);
  const own = named === null || named === order.flip ? order.id : named;
  const held = state.positions.get(own);
  if (!held) return undefined;
  if (held.pair !== order.pair) {
    throw new InvalidArgumentError(`orderId: order ${order.id} is for ${order.pair}, position ${own} is ${held.pair}`);
  }
  if (held.side !== sideEntered(order)) {
    throw new InvalidArgumentError(`orderId: a ${order.side} entry cannot grow the ${held.side} position ${own}`);
  }
  return held;
}

/** An exit reduces its position, then the pair's others of that side, oldest first, then the dust of that side. */
function exitParts(
  state: FlowState,
  market: Market,
  order: OrderRow,
  { size, fee }: Moved,
  now: number,
): { all: Part[]; over: number } {
  const named = order.position_id;
  const held = named === null ? undefined : state.positions.get(named);
  if (held) checkReducible(order, held);
  if (held && !exceeds(size, held.size)) return spread(size, [held]);

  const ended = named === null || held ? undefined : endOf(state, order, named, now);
  const first = ended && ended.ending !== "fills" ? explainedBy(state, ended, size) : undefined;
  const positions = [...(held ? [held] : []), ...otherPositions(state, order, named)];
  const { all, over } = spread(size, positions, first ? leftOf(size, size, first.size) : size);
  const parts = first ? [first, ...all] : all;
  // The part of the dust that the fill takes by explaining its end is not available any more.
  const kept = state.dust.get(dustKey(order));
  const inDust = first?.trade.ending === "dust" ? dustLeft(market, kept, first.trade, first.size) : kept;
  let rest = over;
  if (rest > 0 && inDust && inDust.size > 0) {
    const taken = Math.min(rest, inDust.size);
    parts.push({ to: "dust", size: taken, dust: inDust });
    rest = leftOf(size, rest, taken);
  }
  // The size that the fill left when it made the position flat, within the tolerance.
  const untaken = parts.length === 0 && ended?.ending === "fills" ? explainedBy(state, ended, size) : undefined;
  if (untaken && leftOf(size, size, untaken.size) === 0) return { all: [untaken], over: 0 };
  if (parts.length === 0) {
    const which = named ?? `of ${order.pair} ${sideReduced(order)}`;
    throw new InvalidArgumentError(`orderId: no open position ${which} for exit order ${order.id}`);
  }
  // The fee is taken along with what was sold, never more than the side holds.
  return { all: parts, over: fee === 0 ? rest : Math.max(0, minus(rest, fee)) };
}

function checkReducible(order: OrderRow, { id, pair, side }: Pick<PositionRow, "id" | "pair" | "side">): void {
  if (pair !== order.pair) {
    throw new InvalidArgumentError(`orderId: order ${order.id} is for ${order.pair}, position ${id} is ${pair}`);
  }
  if (side !== sideReduced(order)) {
    throw new InvalidArgumentError(`orderId: a ${order.side} exit cannot reduce the ${side} position ${id}`);
  }
}

/** How the named position ended. Throws if it has not opened yet. */
function endOf(state: FlowState, order: OrderRow, named: string, now: number): TradeRow | undefined {
  const trade = endedTrade(state, named, now);
  if (!trade) {
    // The position ended before ends were remembered: the fills of this order used it up.
    if (order.filled > 0) return undefined;
    throw new InvalidArgumentError(
      `orderId: no open position ${named} for exit order ${order.id}; if its entry is not booked yet, give this fill again after it`,
    );
  }
  checkReducible(order, trade);
  return trade;
}

/** The part of a fill that explains how a trade ended; undefined if fills have explained all of it. */
function explainedBy(state: FlowState, trade: TradeRow, size: number): Extract<Part, { to: "explain" }> | undefined {
  const left = minus(trade.unexplained ?? 0, state.amendments.get(trade.key)?.explained ?? 0);
  if (left <= 0) return undefined;
  return { to: "explain", size: exceeds(size, left) ? left : size, trade };
}

/** The pair's positions on the side that an order reduces, oldest first, without `except`. */
function otherPositions(state: FlowState, order: OrderRow, except: string | null): PositionRow[] {
  const side = sideReduced(order);
  const others = [...state.positions.values()].filter(
    (each) => each.pair === order.pair && each.side === side && each.id !== except,
  );
  return inOrder(others, (x, y) => x.entry_ts - y.entry_ts || compareBytes(x.id, y.id));
}

/** Divides the rest of a fill over positions, in order. */
function spread(whole: number, positions: readonly PositionRow[], from = whole): { all: Part[]; over: number } {
  const all: Part[] = [];
  let over = from;
  for (const position of positions) {
    if (over === 0) break;
    const isFlat = over > position.size || sameSize(over, position.size);
    const size = Math.min(over, position.size);
    all.push({ to: "reduce", size, position, isFlat });
    over = isFlat ? leftOf(whole, over, size) : 0;
  }
  return { all, over };
}

/** Books the parts of a fill, each with its share of the fees. */
function book(state: FlowState, market: Market, order: OrderRow, a: Args, call: Call, all: readonly Part[]): Booked {
  const ts = a.ts ?? call.now;
  const fees = splitFees(
    a.fees,
    all.map(({ size }) => size),
  );
  const effects: Effect[] = [];
  const amendments: { trade: TradeRow; row: AmendmentRow; pnl: Money }[] = [];
  let dust: DustRow | undefined;
  let dustSold: { size: number; pnl: Money } | undefined;
  let unpriced: string | null = null;
  for (const [at, part] of all.entries()) {
    const own = fees[at] ?? [];
    if (part.to === "reduce") {
      const before = part.position;
      const { rate, assumed } = exitRate(state, market, a.rate, a.price, before.rate);
      const { paid, unpriced: open } = priceFees(state, market, own, a.price, rate);
      const exit = { market, price: a.price, fee: paid, unpriced: open, rate, assumed };
      const after = reduced(before, part.size, part.isFlat, exit);
      unpriced = withAllUnpriced(unpriced, unpricedSince(before.unpriced, after.unpriced));
      effects.push(effectOf(before, touched(after, ts), part.size));
    } else if (part.to === "grow") {
      const before = part.position;
      const rate = entryRate(state, market, a.rate, a.price, order.rate);
      const { paid, unpriced: open } = priceFees(state, market, own, a.price, rate);
      const entry = { market, price: a.price, fee: paid, unpriced: open };
      const after = before
        ? orderedIn(grown(before, part.size, entry, rateKept(state, market, rate, before.rate)), ts)
        : opened(state, order, { entry, rate, size: part.size, ts, instance: call.instance }, call.now);
      unpriced = withAllUnpriced(unpriced, open);
      effects.push(effectOf(before, touched(after, ts), part.size));
    } else if (part.to === "explain") {
      const explained = explain(state, market, part.trade, part.size, a, own);
      unpriced = withAllUnpriced(unpriced, explained.unpriced);
      amendments.push(explained);
      if (part.trade.ending === "dust") {
        dust = dustLeft(market, state.dust.get(dustKey(order)), part.trade, part.size);
      }
    } else {
      const { rate } = exitRate(state, market, a.rate, a.price, part.dust.rate);
      const { paid, unpriced: open } = priceFees(state, market, own, a.price, rate);
      const taken = dustTaken(part.dust, part.size);
      const gain = gainOf(market, sideReduced(order), taken.cost, worthOf(market, part.size, a.price));
      const priced = pricedResult(market, gain, rate);
      unpriced = withAllUnpriced(unpriced, [...open, ...priced.unpriced]);
      dust = taken.left;
      dustSold = { size: part.size, pnl: moneyOf(subtractDecimal(priced.gain, paid)) };
    }
  }
  return { effects, amendments, dust, dustSold, unpriced };
}

/** A result in the flow's currency; without a rate it is not priced. */
function pricedResult(market: Market, gain: Decimal, rate: Rate): { gain: Decimal; unpriced: readonly Unpriced[] } {
  if (rate !== undefined) return { gain: atRate(gain, rate), unpriced: [] };
  return { gain: toDecimal(0), unpriced: [{ kind: "result", currency: market.coins?.settle ?? "", amount: gain }] };
}

function inRange(amount: Money): Money {
  if (!withinMoney(amount)) throw outOfRange();
  return amount;
}

function effectOf(before: PositionRow | undefined, position: PositionRow, taken: number): Effect {
  const booked = position.realised - (before?.realised ?? 0n);
  return { position, taken, booked, untaken: before && position.size === 0 ? minus(before.size, taken) : 0 };
}

function touched(position: PositionRow, ts: number): PositionRow {
  return positionWith(position, {
    last_fill_ts: Math.max(ts, position.last_fill_ts ?? 0),
    version: position.version + 1,
  });
}

/** A position counts as open since its earliest entry. */
function orderedIn(position: PositionRow, ts: number): PositionRow {
  return ts < position.entry_ts ? positionWith(position, { entry_ts: ts }) : position;
}

/** The position that an entry opens. */
function opened(
  state: FlowState,
  order: OrderRow,
  { entry, rate, size, ts, instance }: { entry: Execution; rate: number; size: number; ts: number; instance: string },
  now: number,
): PositionRow {
  const { market, price, fee, unpriced } = entry;
  worthOf(market, size, price); // refuses what a cost cannot hold
  const kept = rateKept(state, market, rate, null);
  // Written out: adding fields to a spread costs more than the rest of the fill.
  const position = positionRow({
    id: nameFor(state, order, now),
    pair: order.pair,
    side: sideEntered(order),
    size,
    entry_price: price,
    entry_ts: ts,
    tp: order.tp,
    sl: order.sl,
    cooldown: order.cooldown,
    notional: notionalAt(market, size, price, kept),
    realised: 0n,
    fees: "0",
    cash: "0",
    rate: kept,
    signal_id: order.signal_id,
    entry_instance: instance,
    entry_asked: order.price,
    opened_by: "fills",
    version: 0,
    metadata: order.metadata ?? "{}",
  });
  return positionWith(position, movedResult(position, { fee, unpriced }));
}

/** The position's id: the one that the order names, else the order's own; if a position or a trade has that id, `id~2`, `id~3`. */
function nameFor(state: FlowState, order: OrderRow, now: number): string {
  const hasEnded = (id: string) => remembers(state.ended, id, now, ENDED_MEMORY.window);
  const said = positionNamed(order);
  if (said !== null && said !== order.flip && !hasEnded(said)) return said;
  let name = order.id;
  for (let n = 2; state.positions.get(name) !== undefined || hasEnded(name); n++) name = `${order.id}~${n}`;
  return name;
}

/** Books, later, on a trade that ended without this fill, the part of its result that was not known. */
function explain(
  state: FlowState,
  market: Market,
  trade: TradeRow,
  size: number,
  a: Args,
  fees: readonly FeePart[],
): { trade: TradeRow; row: AmendmentRow; pnl: Money; unpriced: readonly Unpriced[] } {
  if (trade.told !== null) return { trade, row: amended(state, trade, { explained: size }), pnl: 0n, unpriced: [] };
  const { rate, assumed } = exitRate(state, market, a.rate, a.price, trade.rate);
  const { paid, unpriced: open } = priceFees(state, market, fees, a.price, rate);
  // The fill that made the position flat took the whole cost.
  const cost = trade.ending === "fills" ? toDecimal(0) : worthOf(market, size, trade.entry_price);
  const gain = gainOf(market, trade.side, cost, worthOf(market, size, a.price));
  const priced = pricedResult(market, gain, rate);
  const unpriced = [...open, ...priced.unpriced];
  const pnl = moneyOf(subtractDecimal(priced.gain, paid));
  return {
    trade,
    row: amended(state, trade, { explained: size, pnl, fees: moneyOf(paid), unpriced, assumed }),
    pnl,
    unpriced,
  };
}

/** Whether the rest of a position cannot be sold, and no other exit is pending. */
function endsAsDust(state: FlowState, position: PositionRow, order: OrderRow, { dust }: Args): boolean {
  if (dust === undefined || position.size === 0 || !isDone(order.status)) return false;
  return position.side === sideReduced(order) && isDust(state, position, dust, order);
}

/** An exit that names no position, or another one, remembers the position that it reduced last: its rest may be dust. */
function exitAfter(order: OrderRow, last: PositionRow | undefined): OrderRow {
  const reduces = last && last.size > 0 && last.id !== order.position_id ? last.id : null;
  return reduces === order.reduces ? order : orderWith(order, { reduces });
}

/** An entry names the position that it fills. An entry that turned its position around then takes a slot of its own, which the old position frees. */
function entryAfter(order: OrderRow, entered: PositionRow | undefined, flat: readonly Effect[]): OrderRow {
  if (entered) return orderWith(order, { position_id: entered.id, slot: null });
  return flat.some(({ position }) => position.id === positionNamed(order)) ? orderWith(order, { slot: 1 }) : order;
}

/** The order after the fill. More than an entry's size is mostly one execution told under a second id. */
function filledOrder(market: Market, stored: OrderRow, a: Args): OrderRow {
  const filled = plus(stored.filled, a.size);
  if (!Number.isFinite(filled)) {
    throw new InvalidArgumentError(`size: order ${stored.id} would be filled by more than a double holds`);
  }
  if (stored.intent === "entry" && exceeds(filled, stored.size) && !a.overfill) {
    throw new InvalidArgumentError(
      `size: entry order ${stored.id} of ${stored.size} would be filled by ${filled}; if the exchange's own order says so, give overfill: true`,
    );
  }
  let status: OrderStatus = stored.status;
  if (filled >= stored.size || sameSize(filled, stored.size)) status = "filled";
  else if (!isDone(stored.status)) status = a.done ? "cancelled" : "partially_filled";
  const order = orderWith(stored, { status, filled, version: stored.version + 1 });
  return orderWith(order, { notional: orderNotional(market, order) });
}

/** The signal of an entry that was cancelled before any fill, if the signal was released and nobody has won it since. */
function releasedSignal(state: FlowState, { intent, status, filled, signal_id }: OrderRow): string | undefined {
  if (intent !== "entry" || status !== "cancelled" || filled !== 0 || signal_id === null) return undefined;
  return state.processed.get(signal_id) === undefined ? signal_id : undefined;
}

/** What a fill changed in a position other than its first, as JSON for the event. */
function otherJson({ position, taken, booked }: Effect, ended: ReadonlySet<string>): string {
  const rest = ended.has(position.id) ? "" : `,"position":${positionJson(position)}`;
  return `{"position_id":${JSON.stringify(position.id)},"size":${taken},"pnl":"${formatMoney(booked)}"${rest}}`;
}

/** What a fill booked on an ended trade, as JSON for the event. */
function laterJson({ trade, row, pnl }: { trade: TradeRow; row: AmendmentRow; pnl: Money }): string {
  return `{"key":"${trade.key}","trade_id":${JSON.stringify(trade.id)},"pnl":"${formatMoney(pnl)}","explained":${row.explained}}`;
}
