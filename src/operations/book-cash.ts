import { InvalidArgumentError } from "../errors.js";
import { negateDecimal, toDecimal } from "../exact/decimal.js";
import { formatMoney, type Money, roundDecimal, withinMoney } from "../exact/money.js";
import type { AmendmentRow } from "../records/amendment.js";
import { positionJson, positionWith } from "../records/generated/position.js";
import type { PositionRow } from "../records/position.js";
import type { TradeRow } from "../records/trade.js";
import { amended, isUntold, writeAmendment, writeSeen } from "../state/amendment.js";
import type { RiskPolicy } from "../state/breaker.js";
import { adoptCurrency, currencyOf, inFlow, marketOf, marketStored } from "../state/currency.js";
import { openedBy } from "../state/day.js";
import type { FlowState } from "../state/flow-state.js";
import { movedResult } from "../state/holding.js";
import { checkRemembered, remember, remembers, TRADE_MEMORY } from "../state/memory.js";
import { type Booking, decideRisk, writeRisk } from "../state/risk.js";
import { endedTrade, newestTrade } from "../state/trade-end.js";
import { paidOff, unpricedOf, withAllUnpriced } from "../state/unpriced.js";
import type { CashResult } from "../types.js";
import type { Market } from "../words/pair-name.js";
import type { CashKind } from "../words/word-lists.js";
import { type Operation, text } from "./operation.js";
import { cashPlace } from "./view-cash.js";
import { positionFromReply, positionFromRow } from "./view-position.js";
import { riskEvent, riskFromReply, riskView } from "./view-risk.js";

interface Args extends RiskPolicy {
  /** As it changes the account: below 0 = paid. */
  readonly amount: number;
  readonly id: string;
  readonly kind: CashKind;
  readonly pair: string | undefined;
  readonly positionId: string | undefined;
  readonly currency: string | undefined;
  readonly rate: number | undefined;
  readonly ts: number | undefined;
  readonly note: string;
}

/** Where cash is booked: on an open position, on an ended trade, or on the day alone. */
type Place =
  | { readonly to: "position"; readonly position: PositionRow }
  | { readonly to: "trade"; readonly trade: TradeRow }
  | { readonly to: "forgotten"; readonly trade: TradeRow | undefined }
  | { readonly to: "day" };

/** What the cash changes, before it is written. */
interface Booked {
  readonly pnl: Money;
  readonly booking: Booking;
  readonly position?: PositionRow;
  readonly later?: { readonly trade: TradeRow; readonly row: AmendmentRow };
  /** The market of a pair that comes with an amount. */
  readonly market: Market | undefined;
}

export const bookCash: Operation<Args, CashResult> = {
  name: "book_cash",
  kind: "change",
  keys: [
    "risk:daily",
    "risk:history",
    "risk:circuit_breaker",
    "risk:limits",
    "risk:cash",
    "positions:open",
    "trades:closed",
    "trades:ended",
    "trades:amendments",
  ],
  args: {
    amount: (a) => a.amount,
    id: (a) => a.id,
    kind: (a) => a.kind,
    pair: (a) => a.pair,
    position_id: (a) => a.positionId,
    currency: (a) => a.currency,
    rate: (a) => a.rate,
    ts: (a) => a.ts,
    note: (a) => a.note,
    day_start: (a) => a.dayStart,
    breaker_duration: (a) => a.breakerDuration,
    cash_window: () => TRADE_MEMORY.window,
    max_cash: () => TRADE_MEMORY.max,
  },
  words: {
    id: "of the booking",
    pair: '"" = none',
    ts: 'ms of the booking; "" = now',
  },
  decode(reply) {
    return {
      applied: reply[0] === "booked",
      to: cashPlace(text(reply, 1)),
      ...(text(reply, 2) !== "" && { position: positionFromReply(reply, 2) }),
      risk: riskFromReply(reply, 4),
      tripped: reply[3] === "1",
    };
  },
  apply(state, a, call) {
    const { window, max } = TRADE_MEMORY;
    const place = placeOf(state, a.positionId, call.now);
    if (remembers(state.cash, a.id, call.now, window)) return resultOf(state, a, call.now, place, undefined, false);
    checkRemembered(a.ts, call.now, window);
    openedBy(a.ts, call.now);
    if (place.to === "forgotten" && state.ended.get(a.positionId ?? "") === undefined) {
      throw new InvalidArgumentError(
        `positionId: the flow knows no position ${a.positionId}; leave positionId out to book on the day alone`,
      );
    }
    const { pnl, booking, position, later, market } = book(state, place, a);
    const seen = a.kind === "correction" ? untoldTrade(state, place, a.positionId) : undefined;
    const risk = decideRisk(state, call.now, { booking }, a);

    state.emit(call, "cash_booked", () => ({
      id: a.id,
      kind: a.kind,
      amount: String(a.amount),
      currency: a.currency ?? "",
      rate: String(a.rate ?? ""),
      pair: a.pair ?? "",
      position_id: a.positionId ?? "",
      to: place.to,
      ts: String(a.ts ?? call.now),
      note: a.note,
      pnl: formatMoney(pnl),
      ...(position && { position: positionJson(position) }),
      ...(later && { amends: later.trade.key }),
      ...(seen && { seen: seen.key }),
      ...riskEvent(risk),
    }));
    if (market) adoptCurrency(state, market);
    remember(state.cash, a.id, call.now, window, max);
    if (position) state.positions.set(position.id, position);
    if (later) writeAmendment(state, later.row);
    if (seen) writeSeen(state, seen);
    writeRisk(state, risk);

    return resultOf(state, a, call.now, place, position, true, risk.tripped);
  },
};

function placeOf(state: FlowState, positionId: string | undefined, now: number): Place {
  if (positionId === undefined) return { to: "day" };
  const position = state.positions.get(positionId);
  if (position) return { to: "position", position };
  const trade = endedTrade(state, positionId, now);
  return trade && trade.forgotten === null ? { to: "trade", trade } : { to: "forgotten", trade };
}

/** The untold trade: whoever books a correction on it has seen it, however late. */
function untoldTrade(state: FlowState, { to }: Place, positionId: string | undefined): TradeRow | undefined {
  if (positionId === undefined || to === "position") return undefined;
  const trade = newestTrade(state, positionId);
  return trade && isUntold(state, trade) ? trade : undefined;
}

/** The market of the cash: its position's, else that of the given pair. */
function marketOfCash(state: FlowState, known: PositionRow | TradeRow | undefined, pair: string | undefined) {
  if (known) return marketStored(state, known.pair);
  return pair === undefined ? undefined : marketOf(state, pair);
}

/** Fees and rebates count in `fees`, everything else in `cash`. What a position books is the change of its rounded result. */
function book(state: FlowState, place: Place, { amount: told, kind, pair, currency, rate, ts }: Args): Booked {
  const known = place.to === "position" ? place.position : place.to === "day" ? undefined : place.trade;
  if (known && pair !== undefined && pair !== known.pair) {
    throw new InvalidArgumentError(`pair: position ${known.id} is of ${known.pair}, got ${pair}`);
  }
  const market = marketOfCash(state, known, pair);
  const settle = currencyOf(state) === "" ? undefined : market?.coins?.settle;
  const amount = inFlow(state, toDecimal(told), currency ?? settle, rate);
  const isFee = kind === "fee" || kind === "rebate";
  const paidFor = (unpriced: string | null) => {
    if (currency === undefined || !(isFee || kind === "correction")) return [];
    const exact = toDecimal(told);
    return isFee
      ? paidOff(unpriced, "fee", currency, negateDecimal(exact))
      : paidOff(unpriced, "result", currency, exact);
  };
  const pnl = roundDecimal(amount);
  if (!withinMoney(pnl)) throw new InvalidArgumentError("amount: it would exceed +-9e15; nothing was booked");
  if (place.to === "position") {
    const before = place.position;
    const moved = movedResult(before, isFee ? { fee: negateDecimal(amount) } : { cash: amount });
    const position = positionWith(positionWith(before, moved), {
      unpriced: withAllUnpriced(before.unpriced, paidFor(before.unpriced)),
      version: before.version + 1,
    });
    const change = position.realised - before.realised;
    return { pnl: change, booking: { open: change, ts }, position, market };
  }
  if (place.to === "trade") {
    const { trade } = place;
    const kept = withAllUnpriced(trade.unpriced, unpricedOf(state.amendments.get(trade.key)?.unpriced ?? null));
    const row = amended(state, trade, { pnl, unpriced: paidFor(kept), ...(isFee ? { fees: -pnl } : { cash: pnl }) });
    return { pnl, booking: { later: pnl, ts }, later: { trade, row }, market };
  }
  return { pnl, booking: { cash: pnl, ts }, market };
}

function resultOf(
  state: FlowState,
  { dayStart }: Args,
  now: number,
  place: Place,
  after: PositionRow | undefined,
  applied: boolean,
  tripped = false,
): CashResult {
  const position = after ?? (place.to === "position" ? place.position : undefined);
  return {
    applied,
    to: place.to,
    ...(position && { position: positionFromRow(position) }),
    risk: riskView(state, now, dayStart),
    tripped,
  };
}
