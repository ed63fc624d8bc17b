/** Everything a plan rests on: what the flow remembers and what its exchange says, read around the same moment. */
import type { AccountFlow, OrderSide, PendingOrder, RecoveryState, Snapshot, Trade } from "../../src/types.js";
import type {
  ClientOrderIdProof,
  ExchangeFill,
  ExchangeLevel,
  ExchangeOrder,
  ExchangePosition,
  MarketTerms,
  PositionMode,
} from "../port/exchange.js";
import { canonicalPair } from "../port/pairs.js";
import type { Complete, Incomplete } from "../port/reading.js";

export interface Evidence {
  readonly exchange: string;
  /** The flow, read before and after the exchange was asked: the same both times. */
  readonly snapshot: Snapshot;
  readonly recovery: RecoveryState | undefined;
  readonly positions: Complete<readonly ExchangePosition[]>;
  readonly openOrders: Complete<readonly ExchangeOrder[]>;
  /**
   * By client order id: what the exchange says of every pending order, of every order that an earlier try sent, and of those that the state gave
   * up, where a fill that does not say whose it is may be theirs.
   */
  readonly orders: ReadonlyMap<string, Complete<ExchangeOrder | undefined>>;
  /** By canonical pair. */
  readonly fills: ReadonlyMap<string, Complete<readonly ExchangeFill[]>>;
  /** Orders of the flow that are over, by client order id, as far as the exchange named them, or was asked for them. */
  readonly closedOrders: ReadonlyMap<string, PendingOrder>;
  /** `order id|fill id` of the fills that the flow has booked. */
  readonly recorded: ReadonlySet<string>;
  /** What is booked of fills that name no order of the flow, whoever it was booked to, by `fillName`; as far as events tell. */
  readonly booked: ReadonlyMap<string, number>;
  /** What the flow is counted in, and what counts as that; empty: nothing says it yet. */
  readonly currencies?: readonly string[];
  /** How the account counts positions; undefined: not known. */
  readonly positionMode: PositionMode | undefined;
  /** By how much the exchange's clock is ahead of the flow's, ms; undefined: the exchange does not tell its time. */
  readonly clockAhead: number | undefined;
  /** By how much times of the exchange and of the flow may still differ after that, ms. */
  readonly margin: number;
  /** By canonical pair; undefined: the exchange tells none. */
  readonly markets: ReadonlyMap<string, MarketTerms | undefined>;
  /** Pairs that cannot be read (delisted, renamed), by canonical pair, with why: nothing is decided about them. */
  readonly unreadable: ReadonlyMap<string, Incomplete>;
  /** `unproven`: nothing shows that what the exchange says is read as it is meant. */
  readonly level?: ExchangeLevel | undefined;
  /** What the exchange proves by client order ids. */
  readonly proof: ClientOrderIdProof;
  /** Orders of the exchange's own ids that were looked up because a fill does not say whose it is, by `orderName`. */
  readonly ordersById: ReadonlyMap<string, Complete<ExchangeOrder | undefined>>;
  /** Other flows of the same `recovery.account`: the same before and after the exchange was asked. */
  readonly accountFlows: readonly AccountFlow[];
  /** Trades of the flow that ended lately in the pairs that are looked at, oldest first. */
  readonly trades: readonly Trade[];
  /** What one unit of a currency was worth in the flow's currency, by `rateKey(currency, time)`; absent: not known. */
  readonly rates: ReadonlyMap<string, number>;
  /** The same of the currencies in which positions are settled, when they were read: for those of which no fill says when they were entered. */
  readonly ratesNow?: ReadonlyMap<string, number>;
  /** What the exchange cannot tell, and what was found out about it that a person should know, such as a clock that is off. */
  readonly limitations: readonly string[];
  /** What the exchange calls a pair, by canonical pair. */
  readonly symbols: ReadonlyMap<string, string>;
  /** The smallest size of an order by canonical pair, base currency; absent: unknown. */
  readonly minSizes: ReadonlyMap<string, number>;
}

/** Why there is no evidence. */
export interface NoEvidence {
  readonly exchange: string;
  readonly snapshot: Snapshot;
  readonly failures: readonly Incomplete[];
}

export function hasFailed(evidence: Evidence | NoEvidence): evidence is NoEvidence {
  return "failures" in evidence;
}

/** Names an execution within its pair: both sides of a self-trade carry one id. */
export function fillKey({ orderId, clientOrderId, side, fillId }: ExchangeFill): string {
  return JSON.stringify([orderId ?? clientOrderId ?? "", side, fillId]);
}

/** Names an execution where the order that made it is not known, or has another name in state. */
export function fillName(pair: string, side: OrderSide, fillId: string): string {
  return JSON.stringify([canonicalPair(pair), side, fillId]);
}

/** Names an order by the exchange's own id. */
export function orderName(pair: string, orderId: string): string {
  return JSON.stringify([canonicalPair(pair), orderId]);
}

export function rateKey(currency: string, at: Date): string {
  return `${currency} ${at.getTime()}`;
}

export function recordedKey(orderId: string, fillId: string): string {
  return JSON.stringify([orderId, fillId]);
}
