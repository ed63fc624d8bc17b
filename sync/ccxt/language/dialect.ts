/** What an exchange may do its own way beneath ccxt's unified methods. */
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
  /** Answers waiting (stop) orders; the same params cancel what it finds. */
  readonly stop: boolean;
}

export type ListLookup = Lookup & { readonly method: OrderList };

export interface IdForm {
  /** Ids that the exchange takes as they are. */
  readonly fits: RegExp;
  /** What is sent in place of others, of 32 hex digits. */
  readonly digest: (hex: string) => string;
  /** Put before every id by ccxt or the exchange. */
  readonly prefix?: string;
}

/** A class of ccxt's, and what of it the suite in `test/sync/exchanges` has played. */
export interface Proof {
  readonly class: string;
  readonly kinds: readonly MarketKind[];
}

/** How an exchange takes the bot's ids, and what it proves by them. */
export interface DialectIds {
  /** Absent: it takes 1 to 32 of `[A-Za-z0-9_-]` as they are. */
  readonly form?: IdForm;
  /** The param of ccxt's createOrder that reaches the exchange; default `clientOrderId`. */
  readonly param?: string;
  /** A further param of createOrder that reaches the exchange where a stop's id has a name of its own. */
  readonly stopParam?: string;
  /** Names under which the exchange reads the id in a request for an order: `newClientOrderId`. */
  readonly sentAs: readonly string[];
  /** Whether a request that ccxt makes within createOrder submits the order. Default: it is a POST. */
  readonly isSubmit?: (request: { readonly url: string; readonly method: string }) => boolean;
  /** Whether each fill says the id of its order, where that had one. */
  readonly inFills: (kind: MarketKind) => boolean;
  /** For so long after its end an order is found by its id, ms; absent: not proven. */
  readonly foundFor?: (kind: MarketKind) => number | undefined;
  /** Whether an id is of the kind that the exchange itself makes: its pages, its app, a liquidation. */
  readonly madeByExchange?: (theirs: string) => boolean;
  /** Whether an id is of the kind that it gives the order which a fired stop became, whoever sent the stop. */
  readonly namesFiredStop?: (theirs: string) => boolean;
}

/** What ccxt does not read, or reads otherwise, of a fill's raw row. */
export interface RawFill {
  readonly side?: OrderSide;
  /** Of the position that it changed, in hedge mode. */
  readonly positionSide?: PositionSide;
  readonly orderId?: string;
  readonly clientOrderId?: string;
  /** In which the fee was paid; ccxt's word counts where it is absent. */
  readonly feeCurrency?: string;
  /** What was paid; a rebate is negative. ccxt's number counts where it is absent. */
  readonly feeCost?: number;
  /** When it was executed, ms; ccxt's time counts where it is absent. */
  readonly ts?: number;
  /** False for rows that are no executions: funding, settlements. They are left out. */
  readonly isExecution?: boolean;
}

/** What ccxt does not read, or reads otherwise, of a position's raw row. */
export interface RawPosition {
  readonly side?: PositionSide;
  readonly markPrice?: number;
}

/** What ccxt reads otherwise of an order's raw row. */
export interface RawOrder {
  /** The exchange's own id. */
  readonly id?: string;
  /** Null: it has none, whatever ccxt says. */
  readonly clientOrderId?: string | null;
  readonly side?: OrderSide;
  readonly type?: "market" | "limit";
  readonly reduceOnly?: boolean;
  /** It waits for a price, or did. */
  readonly stop?: boolean;
}

/** A row as the exchange wrote it, whatever pair it is of. */
export interface RawRow {
  readonly id: string;
  /** ms. */
  readonly at: number;
}

export interface DialectFills {
  /** Several lists that together are all fills, each with these params: bybit keeps liquidations apart. Default: one, without params. */
  readonly asks?: (kind: MarketKind) => readonly Params[];
  readonly read?: (info: Row, kind: MarketKind) => RawFill;
  /** Every row of an answer to fetchMyTrades, where ccxt drops some of them (those of other pairs): a page is full by these. */
  readonly rawRows?: (answer: unknown) => readonly RawRow[];
  /** Params of a list that ends at that time, ms. Default: ccxt's `until`. */
  readonly until?: (ms: number) => Params;
  /** The most rows that are asked for as a page, where 100 would make ccxt drop what it has. */
  readonly page?: number;
}

/** A stop as ccxt's createOrder is told it; the client order id is added to the params. */
export interface SentStop {
  readonly type: string;
  readonly price?: number;
  readonly params: Params;
}

/** What an error says, by the exchange's own codes: `"code": -2022`, `"label": "POSITION_EMPTY"`. */
export interface DialectErrors {
  /** An order of this client order id was taken before. */
  readonly duplicate: readonly string[];
  /** No such order. */
  readonly unknown: readonly string[];
  /** There is no position left to reduce. */
  readonly nothingToReduce: readonly string[];
  /** The account cannot pay for it: nothing was taken. */
  readonly insufficient: readonly string[];
  /** Where there are no codes. */
  readonly words?: {
    readonly duplicate?: RegExp;
    readonly unknown?: RegExp;
    readonly nothingToReduce?: RegExp;
    /** It was not taken, for whatever reason. */
    readonly rejected?: RegExp;
  };
}

/** How an exchange that was asked too often says when to ask again, beside `Retry-After`. */
export interface AskedToWait {
  /** Its codes for that, where ccxt has no class of error for them. */
  readonly codes?: readonly string[];
  /** A header, in lower case. */
  readonly header?: string;
  /** What the header tells: for how long, ms; or when, in seconds or ms since 1970. Default: when. */
  readonly tells?: "ms" | "time";
  /** What in its words is the end of a ban. */
  readonly banned?: RegExp;
}

/** A sort of account that ccxt finds out. */
export interface FindsOut {
  readonly kinds: readonly MarketKind[];
  /** The client's option that tells it. */
  readonly option: string;
  /** ccxt's method that asks for it and sets the option. */
  readonly method: string;
}

/** What an amount is of. */
export type AmountOf = "order" | "fill" | "position";

/** In what ccxt counts an amount: contracts, or the contract's own unit (base coins of a linear one, quote coins of an inverse one). */
export type Amounts = "contracts" | "units";

export interface Dialect {
  readonly name: string;
  /** ccxt's ids of the classes that speak it. */
  readonly classes: readonly string[];
  /** Only what the suite has played; everything else is `unproven`. */
  readonly proven: readonly Proof[];
  /**
   * Why an account is of a sort that the suite has not played, by the client's options. ccxt finds some sorts out at its first request and then
   * speaks another API: so this is asked before every request.
   */
  readonly notPlayed?: (options: Row, kinds: readonly MarketKind[]) => string | undefined;
  /**
   * What ccxt asks while it loads markets, and then speaks by: where the markets were set by hand nobody has asked, and ccxt takes the option that is
   * absent for an answer. It is asked then.
   */
  readonly findsOut?: FindsOut;
  /** Why a kind of market cannot be used at all, not even unproven. */
  readonly refused?: (kind: MarketKind) => string | undefined;
  readonly ids: DialectIds;
  /** Default: contracts. They may differ for orders, fills and positions. */
  readonly amounts?: (kind: MarketKind, of: AmountOf) => Amounts;
  /** Ways to ask for one order by client order id, each to be tried when the one before does not know it; empty: none. */
  readonly lookups: (clientOrderId: string, kind: MarketKind) => readonly Lookup[];
  /** Lists in which an order of the exchange's own id is to be found. Default: ccxt's fetchOrder is asked. */
  readonly lookupsById?: (orderId: string, kind: MarketKind) => readonly ListLookup[];
  /** Params that cancel an order. Default: what found a stop among stops cancels it. */
  readonly cancelParams?: (order: ExchangeOrder, kind: MarketKind) => Params;
  /** Params of the further calls that list stop orders. */
  readonly stopLists: (kind: MarketKind) => readonly Params[];
  /** fetchPositions takes any pairs at once; elsewhere ccxt looks at the first one's market, or takes no more than one. */
  readonly positionsTogether?: boolean;
  readonly readPosition?: (info: Row, kind: MarketKind) => RawPosition;
  /** fetchOpenOrders answers no more rows than this; undefined: all of them. */
  readonly openOrdersPage?: number | ((kind: MarketKind) => number | undefined);
  /** Params of every call of fetchOpenOrders, such as the size of a page where ccxt does not send its limit. */
  readonly openOrdersParams?: Params;
  /**
   * Params of the page after a full one, from that one's rows as ccxt tells them and the params that it was asked with; undefined: it was the
   * last. Absent: a full page is no answer.
   */
  readonly openOrdersNext?: (rows: readonly Row[], asked: Params) => Params | undefined;
  /** ccxt asks for the open orders of all pairs and shows one: they are asked for whole, with these params, so that a page is judged by all of it. */
  readonly openOrdersTogether?: (kind: MarketKind) => Params | undefined;
  /** No account is ever in hedge mode. */
  readonly hedges?: false;
  /** Whether a pair is in hedge mode, by its rows of fetchPositions, empty ones among them; undefined: they do not say. Where ccxt does not tell the mode. */
  readonly hedgedByPositions?: (rows: readonly Row[]) => boolean | undefined;
  /** The longest span of executions that is answered at once, ms. */
  readonly fillsSpan: (kind: MarketKind) => number;
  readonly fills?: DialectFills;
  readonly readOrder?: (info: Row, kind: MarketKind) => RawOrder;
  /** How a stop is sent; absent or undefined: not at all, it is `unsupported`. A stop is never sent as a plain order. */
  readonly stop?: (request: OrderRequest, kind: MarketKind, hedged: boolean) => SentStop | undefined;
  /** Why `stop` is absent, where it is known: said with the limitations. */
  readonly noStops?: string;
  /** Params of any order of an account in hedge mode. Default: `hedged: true`, from which ccxt finds the position's side. */
  readonly hedge?: (request: OrderRequest) => Params;
  /** Orders of an account in hedge mode were not played: they are `unsupported`. */
  readonly hedgeOrders?: false;
  /** Params of an order that only reduces, not of a stop. Default: `reduceOnly: true`. */
  readonly reduceOnly?: (request: OrderRequest, kind: MarketKind, hedged: boolean) => Params;
  readonly errors: DialectErrors;
  readonly askedToWait?: AskedToWait;
  /** A market order is a limit order far through the price: the price must be given. */
  readonly marketNeedsPrice?: boolean;
  /** A market order that buys on spot names what is to be spent, not a size: it is `unsupported`. */
  readonly spotBuysInQuote?: true;
  /** Params of fetchBalance. */
  readonly balanceParams?: Params;
  /** What every answer has, whatever was asked. */
  readonly isAnswer?: (answer: unknown) => boolean;
  readonly limitations: readonly string[];
}
