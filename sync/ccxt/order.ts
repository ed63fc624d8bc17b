/** Reads ccxt's orders, in base currency. */

import { minus, plus, times } from "../../src/exact/double.js";
import type { ExchangeFill, ExchangeOrder, ExchangeOrderStatus, OrderRequest } from "../port/exchange.js";
import type { RawOrder } from "./language/dialect.js";
import {
  infoOf,
  isYes,
  numberOf,
  priceOf,
  type Row,
  requiredText,
  sideOf,
  textOf,
  timeOf,
  Unreadable,
  unreadable,
} from "./language/row.js";
import type { Market } from "./market.js";

export interface OrderContext {
  readonly marketOf: (pair: string) => Market;
  /** Converts the exchange's client order id to the bot's. */
  readonly clientOrderIdOf: (theirs: string) => string;
  /** The list holds waiting (stop) orders only. */
  readonly stop: boolean;
  /** The list holds open orders only: a row without a status is open. */
  readonly open: boolean;
  /** Fields of the raw row that ccxt reads in another way. */
  readonly raw?: (info: Row, pair: string) => RawOrder;
}

const STATUSES: Readonly<Record<string, "open" | "closed" | "cancelled" | "rejected">> = {
  open: "open",
  canceling: "open",
  closed: "closed",
  canceled: "cancelled",
  cancelled: "cancelled",
  expired: "cancelled",
  rejected: "rejected",
};

/** Reads one order. Throws an Unreadable that names the row if it has no id, pair, side, size or status. */
export function readOrder(row: Row, context: OrderContext): ExchangeOrder {
  const pair = requiredText(row, "symbol");
  const raw = context.raw?.(infoOf(row), pair) ?? {};
  const id = raw.id ?? requiredText(row, "id");
  const market = context.marketOf(pair);
  const stop = context.stop || (raw.stop ?? waits(row));
  const { amount, filled } = amountsOf(row, stop);
  const side = raw.side ?? sideOf(row);
  const status = statusOf(row, { amount, filled, open: context.open });
  // OKX keeps the id of a stop order in a field of its own, and ccxt leaves it there.
  const told = raw.clientOrderId ?? textOf(row, "clientOrderId") ?? textOf(infoOf(row), "algoClOrdId");
  const theirs = raw.clientOrderId === null ? undefined : told;
  const createdAt = timeOf(row);
  return {
    ...(theirs === undefined ? {} : { clientOrderId: context.clientOrderIdOf(theirs) }),
    id,
    pair,
    side,
    size: times(amount, market.contractSize),
    filled: times(filled, market.contractSize),
    price: limitPriceOf(row, stop, raw.type),
    ...averageOf(row),
    status,
    reduceOnly: raw.reduceOnly ?? reducesOnly(row),
    stop,
    ...(createdAt === undefined ? {} : { createdAt }),
  };
}

/**
 * The order that an exchange returned for a submit. Many say little more than an id: what is missing is taken from the request, with nothing filled, open
 * until it is read again. A returned client order id is kept, even if it is not the one that was given. Undefined if the answer has not even an id.
 */
export function readSubmitted(
  answer: Row,
  request: OrderRequest,
  market: Market,
  clientOrderIdOf: OrderContext["clientOrderIdOf"] = (theirs) => theirs,
): ExchangeOrder | undefined {
  const id = textOf(answer, "id");
  const theirs = textOf(answer, "clientOrderId");
  if (id === undefined) return undefined;
  const stop = request.type === "stop";
  const told = numberOf(answer, "filled");
  const filled = told === undefined ? 0 : times(told, market.contractSize);
  const createdAt = timeOf(answer);
  return {
    clientOrderId: theirs === undefined ? request.clientOrderId : clientOrderIdOf(theirs),
    id,
    pair: request.pair,
    side: request.side,
    size: request.size,
    filled,
    price: request.type === "market" ? null : (request.price ?? null),
    ...averageOf(answer),
    status: submittedStatus(textOf(answer, "status"), filled, request.size),
    reduceOnly: request.reduceOnly,
    stop,
    ...(createdAt === undefined ? {} : { createdAt }),
  };
}

function submittedStatus(word: string | undefined, filled: number, size: number): ExchangeOrderStatus {
  if (filled >= size) return "filled";
  const status = word === undefined ? "open" : (STATUSES[word] ?? "open");
  // For a market order whose fills are not counted yet, some answer "closed" and nothing filled.
  if (status === "closed") return filled > 0 ? "cancelled" : "open";
  return status;
}

/** The exchange's id of the order that a stop became when it was triggered; undefined while it waits. */
export function triggeredOrderId(row: Row): string | undefined {
  const info = infoOf(row);
  const id =
    textOf(info, "actualOrderId") ?? (textOf(info, "algoId") === undefined ? undefined : textOf(info, "ordId"));
  return id === "0" ? undefined : id;
}

/** Whether the order waits for a trigger. A stop loss attached to a limit order (stopLossPrice) does not make the order itself wait. */
function waits(row: Row): boolean {
  if (priceOf(row, "triggerPrice") !== undefined || priceOf(row, "stopPrice") !== undefined) return true;
  if (isYes(infoOf(row).isTrigger)) return true;
  return /stop|trigger|take.?profit/i.test(textOf(row, "type") ?? "");
}

function amountsOf(row: Row, stop: boolean): { amount: number; filled: number } {
  const amount = numberOf(row, "amount");
  const filled = numberOf(row, "filled");
  const remaining = numberOf(row, "remaining");
  for (const [key, value] of Object.entries({ amount, filled, remaining })) {
    if (value !== undefined && value < 0) throw unreadable(row, `${key} is ${value}`);
  }
  if (amount !== undefined) {
    // A stop that closes the whole position has no size of its own.
    if (amount === 0 && !stop) throw unreadable(row, "it has no size (amount is 0)");
    if (filled !== undefined) return { amount, filled };
    if (remaining !== undefined) return { amount, filled: minus(amount, remaining) };
    // A stop that has not become an order yet, or never will.
    if (stop && row.status !== "closed") return { amount, filled: 0 };
    throw unreadable(row, "it does not say how much is filled");
  }
  if (filled !== undefined && remaining !== undefined) return { amount: plus(filled, remaining), filled };
  if (filled !== undefined && filled > 0 && row.status === "closed") return { amount: filled, filled };
  if (stop) return { amount: 0, filled: filled ?? 0 };
  throw unreadable(row, "it has no size (amount)");
}

function statusOf(
  row: Row,
  { amount, filled, open }: { amount: number; filled: number; open: boolean },
): ExchangeOrderStatus {
  const word = textOf(row, "status")?.toLowerCase();
  const full = amount > 0 && filled >= amount;
  if (word === undefined) {
    if (full) return "filled";
    if (open) return "open";
    throw unreadable(row, "it has no status");
  }
  const status = STATUSES[word];
  if (status === undefined) throw unreadable(row, `its status ${JSON.stringify(word)} is not known`);
  if (status === "closed") return full ? "filled" : "cancelled";
  return status;
}

/** The limit price; for a stop that becomes a market order, the trigger price. */
function limitPriceOf(row: Row, stop: boolean, told: RawOrder["type"]): number | null {
  const type = told ?? textOf(row, "type")?.toLowerCase();
  const price = type === "market" ? undefined : priceOf(row, "price");
  if (price !== undefined || !stop) return price ?? null;
  const trigger = ["triggerPrice", "stopPrice", "stopLossPrice", "takeProfitPrice"];
  return trigger.map((key) => priceOf(row, key)).find((found) => found !== undefined) ?? null;
}

function averageOf(row: Row): { average?: number } {
  const average = priceOf(row, "average");
  return average === undefined ? {} : { average };
}

function reducesOnly(row: Row): boolean {
  const info = infoOf(row);
  return [row.reduceOnly, info.reduceOnly, info.reduce_only, info.closePosition].some(isYes);
}

/** An order of which only its fills are left. It is over: no list of open orders has it. */
export function orderOfFills(
  clientOrderId: string,
  pair: string,
  fills: readonly ExchangeFill[],
): ExchangeOrder | undefined {
  const own = fills.filter((fill) => fill.clientOrderId === clientOrderId);
  const [first] = own;
  if (first === undefined) return undefined;
  if (first.orderId === undefined) throw new Unreadable(`the fills of ${clientOrderId} do not say the order's id`);
  const size = own.reduce((sum, fill) => plus(sum, fill.size), 0);
  const cost = own.reduce((sum, fill) => plus(sum, times(fill.size, fill.price)), 0);
  return {
    clientOrderId,
    id: first.orderId,
    pair,
    side: first.side,
    size,
    filled: size,
    price: null,
    average: cost / size,
    status: "filled",
    reduceOnly: false,
    stop: false,
    createdAt: first.ts,
  };
}
