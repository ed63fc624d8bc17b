/** Everything a plan rests on: the flow's state and the exchange's answers, read around the same moment. */
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
  /** The flow's state. It was read before and after the exchange was asked, and was the same both times. */
  readonly snapshot: Snapshot;
  readonly recovery: RecoveryState | undefined;
  readonly positions: Complete<readonly ExchangePosition[]>;
  readonly openOrders: Complete<readonly ExchangeOrder[]>;
  /**
   * The exchange's answer for each order, by client order id: pending orders, orders that an earlier try sent, and orders that the state gave up, if a fill
   * without a client order id may be theirs.
   */
  readonly orders: ReadonlyMap<string, Complete<ExchangeOrder | undefined>>;
  /** By canonical pair. */
  readonly fills: ReadonlyMap<string, Complete<readonly ExchangeFill[]>>;
  /** Orders of the flow that are over, by client order id, as far as the exchange named them or was asked about them. */
  readonly closedOrders: ReadonlyMap<string, PendingOrder>;
  /** `order id|fill id` of the fills that the flow has booked. */
  readonly recorded: ReadonlySet<string>;
  /** The booked size of fills that name no order of the flow, by `fillName`, as far as events tell it. */
  readonly booked: ReadonlyMap<string, number>;
  /** The flow's currency and those that count as it; empty if nothing says it yet. */
  readonly currencies?: readonly string[];
  /** How the account counts positions; undefined: not known. */
  readonly positionMode: PositionMode | undefined;
  /** How far the exchange's clock is ahead of the flow's, ms; undefined: the exchange does not tell its time. */
  readonly clockAhead: number | undefined;
  /** By how much exchange times and flow times may still differ after that correction, ms. */
  readonly margin: number;
  /** By canonical pair; undefined: the exchange tells no terms. */
  readonly markets: ReadonlyMap<string, MarketTerms | undefined>;
  /** Pairs that cannot be read (delisted, renamed), by canonical pair, with the reason. Nothing is decided about them. */
  readonly unreadable: ReadonlyMap<string, Incomplete>;
  /** `unproven`: nothing shows that the exchange's answers are understood correctly. */
  readonly level?: ExchangeLevel | undefined;
  /** What the exchange can prove by client order ids. */
  readonly proof: ClientOrderIdProof;
  /** Orders that were looked up by the exchange's own id because a fill does not name its order, by `orderName`. */
  readonly ordersById: ReadonlyMap<string, Complete<ExchangeOrder | undefined>>;
  /** The other flows of the same `recovery.account`; the same before and after the exchange was asked. */
  readonly accountFlows: readonly AccountFlow[];
  /** Trades of the flow that ended lately in these pairs, oldest first. */
  readonly trades: readonly Trade[];
  /** Value of one unit of a currency in the flow's currency, by `rateKey(currency, time)`; absent: not known. */
  readonly rates: ReadonlyMap<string, number>;
  /** The same at the time of reading, for the settle currencies of positions whose fills do not say when they were entered. */
  readonly ratesNow?: ReadonlyMap<string, number>;
  /** What the exchange cannot tell, and findings that a person should know, such as a clock that is off. */
  readonly limitations: readonly string[];
  /** The exchange's name of each pair, by canonical pair. */
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

/** Names an execution within its pair. The two sides of a self-trade carry the same fill id. */
export function fillKey({ orderId, clientOrderId, side, fillId }: ExchangeFill): string {
  return JSON.stringify([orderId ?? clientOrderId ?? "", side, fillId]);
}

/** Names an execution whose order is not known, or has another name in state. */
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
