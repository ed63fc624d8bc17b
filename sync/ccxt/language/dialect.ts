/** The form of a dialect: what an exchange does in its own way beneath ccxt's unified methods. */
import type { OrderSide, PositionSide } from "../../../src/types.js";
import type { ExchangeOrder, OrderRequest } from "../../port/exchange.js";
import type { MarketKind } from "./kind.js";
import type { Row } from "./row.js";

export type Params = Readonly<Record<string, unknown>>;

/** Methods that list orders. */
export type OrderList =
  | "fetchOpenOrders"
  | "fetchOrders"
  | "fetchClosedOrders"
  | "fetchCanceledOrders"
  | "fetchCanceledAndClosedOrders";

/** One way to ask for an order by its client order id. */
export interface Lookup {
  readonly method: "fetchOrder" | "fetchOrderWithClientOrderId" | OrderList;
  readonly params: Params;
  /** This finds waiting (stop) orders; the same params cancel an order that it found. */
  readonly stop: boolean;
}

export type ListLookup = Lookup & { readonly method: OrderList };

export interface IdForm {
  /** Ids that the exchange takes as they are. */
  readonly fits: RegExp;
  /** What is sent in place of other ids, made of 32 hex digits. */
  readonly digest: (hex: string) => string;
  /** A prefix that ccxt or the exchange puts before every id. */
  readonly prefix?: string;
}

/** A class of ccxt's, and the kinds of markets of it that the suite in `test/sync/exchanges` has played. */
export interface Proof {
  readonly class: string;
  readonly kinds: readonly MarketKind[];
}

/** How an exchange takes the bot's ids, and what it proves by them. */
export interface DialectIds {
  /** Absent: the exchange takes 1 to 32 of `[A-Za-z0-9_-]` as they are. */
  readonly form?: IdForm;
  /** The param of ccxt's createOrder that reaches the exchange; default `clientOrderId`. */
  readonly param?: string;
  /** One more param of createOrder that reaches the exchange, if a stop's id has a name of its own. */
  readonly stopParam?: string;
  /** Names under which the exchange reads the id in a request for an order: `newClientOrderId`. */
  readonly sentAs: readonly string[];
  /** Whether a request that ccxt makes within createOrder submits the order. Default: a POST does. */
  readonly isSubmit?: (request: { readonly url: string; readonly method: string }) => boolean;
  /** Whether each fill carries the id of its order, if the order had one. */
  readonly inFills: (kind: MarketKind) => boolean;
  /** How long after its end an order is found by its id, ms; absent: not proven. */
  readonly foundFor?: (kind: MarketKind) => number | undefined;
  /** Whether an id is of the kind that the exchange itself makes: its pages, its app, a liquidation. */
  readonly madeByExchange?: (theirs: string) => boolean;
  /** Whether an id is of the kind that it gives the order which a fired stop became, whoever sent the stop. */
  readonly namesFiredStop?: (theirs: string) => boolean;
}

/** Fields of a fill's raw row that ccxt does not read, or reads in another way. */
export interface RawFill {
  readonly side?: OrderSide;
  /** The side of the position that the fill changed, in hedge mode. */
  readonly positionSide?: PositionSide;
  readonly orderId?: string;
  readonly clientOrderId?: string;
  /** Currency of the fee; if absent, ccxt's. */
  readonly feeCurrency?: string;
  /** The paid fee; a rebate is negative. If absent, ccxt's number. */
  readonly feeCost?: number;
  /** When the fill was executed, ms; if absent, ccxt's time. */
  readonly ts?: number;
  /** False for rows that are no executions (funding, settlements): they are left out. */
  readonly isExecution?: boolean;
}

/** Fields of a position's raw row that ccxt does not read, or reads in another way. */
export interface RawPosition {
  readonly side?: PositionSide;
  readonly markPrice?: number;
}

/** Fields of an order's raw row that ccxt reads in another way. */
export interface RawOrder {
  /** The exchange's own id. */
  readonly id?: string;
  /** Null: the order has none, whatever ccxt says. */
  readonly clientOrderId?: string | null;
  readonly side?: OrderSide;
  readonly type?: "market" | "limit";
  readonly reduceOnly?: boolean;
  /** The order waits for a price, or did. */
  readonly stop?: boolean;
}

/** A row as the exchange wrote it, of any pair. */
export interface RawRow {
  readonly id: string;
  readonly at: number;
}

export interface DialectFills {
  /** Lists that together hold all fills, each with its params: bybit keeps liquidations in a list of their own. Default: one list, without params. */
  readonly asks?: (kind: MarketKind) => readonly Params[];
  readonly read?: (info: Row, kind: MarketKind) => RawFill;
  /** Every row of an answer to fetchMyTrades, if ccxt drops some of them (those of other pairs): these rows show whether a page was full. */
  readonly rawRows?: (answer: unknown) => readonly RawRow[];
  /** Params of a list that ends at that time, ms. Default: ccxt's `until`. */
  readonly until?: (ms: number) => Params;
  /** The most rows of a page, if with 100 ccxt would drop some. */
  readonly page?: number;
}

/** The arguments of ccxt's createOrder for a stop; the client order id is added to the params. */
export interface SentStop {
  readonly type: string;
  readonly price?: number;
  readonly params: Params;
}

/** The meaning of errors, by the exchange's own codes: `"code": -2022`, `"label": "POSITION_EMPTY"`. */
export interface DialectErrors {
  /** The exchange took an order of this client order id before. */
  readonly duplicate: readonly string[];
  /** The exchange does not know the order. */
  readonly unknown: readonly string[];
  /** There is no position left to reduce. */
  readonly nothingToReduce: readonly string[];
  /** The account cannot pay for the order: nothing was taken. */
  readonly insufficient: readonly string[];
  /** Words, if there are no codes. */
  readonly words?: {
    readonly duplicate?: RegExp;
    readonly unknown?: RegExp;
    readonly nothingToReduce?: RegExp;
    /** The order was not taken, for whatever reason. */
    readonly rejected?: RegExp;
  };
}

/** How an exchange that was asked too often says when to ask again, apart from `Retry-After`. */
export interface AskedToWait {
  /** Its codes for that, if ccxt has no class of error for them. */
  readonly codes?: readonly string[];
  /** Name of a header, in lower case. */
  readonly header?: string;
  /** What the header holds: a delay in ms, or a time in seconds or ms since 1970. Default: a time. */
  readonly tells?: "ms" | "time";
  /** Matches the end of a ban in its message. */
  readonly banned?: RegExp;
}

/** A sort of account that ccxt detects by asking. */
export interface FindsOut {
  readonly kinds: readonly MarketKind[];
  /** The client's option that holds the answer. */
  readonly option: string;
  /** ccxt's method that asks and sets the option. */
  readonly method: string;
}

/** What an amount belongs to. */
export type AmountOf = "order" | "fill" | "position";

/** The unit of ccxt's amounts: contracts, or the contract's own unit (base coins of a linear one, quote coins of an inverse one). */
export type Amounts = "contracts" | "units";

export interface Dialect {
  readonly name: string;
  /** ccxt's ids of the classes that use this dialect. */
  readonly classes: readonly string[];
  /** Only what the suite has played. Everything else is `unproven`. */
  readonly proven: readonly Proof[];
  /**
   * Why an account is of a sort that the suite has not played, by the client's options. ccxt detects some sorts at its first request and then uses another
   * API, so this is checked before every request.
   */
  readonly notPlayed?: (options: Row, kinds: readonly MarketKind[]) => string | undefined;
  /**
   * What ccxt asks while it loads markets, and which API it uses because of the answer. If the markets were set by hand, nobody has asked, and ccxt takes
   * the absent option for an answer: then it is asked.
   */
  readonly findsOut?: FindsOut;
  /** Why a kind of market cannot be used at all, not even unproven. */
  readonly refused?: (kind: MarketKind) => string | undefined;
  readonly ids: DialectIds;
  /** The unit of amounts, which may differ for orders, fills and positions. Default: contracts. */
  readonly amounts?: (kind: MarketKind, of: AmountOf) => Amounts;
  /** Ways to ask for one order by client order id, tried one after the other until one finds it; empty: there is none. */
  readonly lookups: (clientOrderId: string, kind: MarketKind) => readonly Lookup[];
  /** Lists in which an order can be found by the exchange's own id. Default: ccxt's fetchOrder is asked. */
  readonly lookupsById?: (orderId: string, kind: MarketKind) => readonly ListLookup[];
  /** Params that cancel an order. Default: the params that found a stop cancel it. */
  readonly cancelParams?: (order: ExchangeOrder, kind: MarketKind) => Params;
  /** Params of the further calls that list stop orders. */
  readonly stopLists: (kind: MarketKind) => readonly Params[];
  /** fetchPositions takes any pairs at once. Otherwise ccxt looks at the first one's market, or takes only one. */
  readonly positionsTogether?: boolean;
  readonly readPosition?: (info: Row, kind: MarketKind) => RawPosition;
  /** The most rows that fetchOpenOrders returns; undefined: all. */
  readonly openOrdersPage?: number | ((kind: MarketKind) => number | undefined);
  /** Params of every call of fetchOpenOrders, such as the page size if ccxt does not send its limit. */
  readonly openOrdersParams?: Params;
  /**
   * Params of the page after a full one, derived from that page's rows as ccxt tells them and from its own params; undefined: it was the last page. If this
   * function is absent, a full page counts as no answer.
   */
  readonly openOrdersNext?: (rows: readonly Row[], asked: Params) => Params | undefined;
  /**
   * ccxt asks for the open orders of all pairs and shows one pair. With these params they are asked for as a whole, so that all rows show whether a page
   * was full.
   */
  readonly openOrdersTogether?: (kind: MarketKind) => Params | undefined;
  /** No account is ever in hedge mode. */
  readonly hedges?: false;
  /** If ccxt does not tell the mode: whether a pair is in hedge mode, by its rows of fetchPositions, empty ones included; undefined: they do not say. */
  readonly hedgedByPositions?: (rows: readonly Row[]) => boolean | undefined;
  /** The longest span of executions in one answer, ms. */
  readonly fillsSpan: (kind: MarketKind) => number;
  readonly fills?: DialectFills;
  readonly readOrder?: (info: Row, kind: MarketKind) => RawOrder;
  /** How a stop is sent; absent or undefined: it is `unsupported`. A stop is never sent as a plain order. */
  readonly stop?: (request: OrderRequest, kind: MarketKind, hedged: boolean) => SentStop | undefined;
  /** Why `stop` is absent, if that is known: part of the limitations. */
  readonly noStops?: string;
  /** Params of any order of an account in hedge mode. Default: `hedged: true`, from which ccxt derives the position's side. */
  readonly hedge?: (request: OrderRequest) => Params;
  /** Orders of accounts in hedge mode were not played: they are `unsupported`. */
  readonly hedgeOrders?: false;
  /** Params of an order that only reduces and is no stop. Default: `reduceOnly: true`. */
  readonly reduceOnly?: (request: OrderRequest, kind: MarketKind, hedged: boolean) => Params;
  readonly errors: DialectErrors;
  readonly askedToWait?: AskedToWait;
  /** A market order is a limit order with a price far through the market: the price must be given. */
  readonly marketNeedsPrice?: boolean;
  /** On spot, a market buy names the amount to spend, not a size: it is `unsupported`. */
  readonly spotBuysInQuote?: true;
  /** Params of fetchBalance. */
  readonly balanceParams?: Params;
  /** Whether an answer has what every answer of the exchange has. */
  readonly isAnswer?: (answer: unknown) => boolean;
  readonly limitations: readonly string[];
}
