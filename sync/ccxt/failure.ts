/** What an error of ccxt says about what happened. ccxt is not imported: its classes are known by their names. */
import { ExchangeError, type ExchangeFailure } from "../port/exchange-error.js";
import type { CcxtClient } from "./ccxt-client.js";
import { Unreadable } from "./row.js";
import { withoutSecrets } from "./without-secrets.js";

/**
 * The most particular class that is listed decides. What is not listed here (ccxt's plain ExchangeError, a TypeError inside its
 * parser, a broken connection) leaves it open whether anything happened.
 */
const BY_CLASS: Readonly<Record<string, ExchangeFailure>> = {
  AuthenticationError: "authentication",
  DuplicateOrderId: "duplicate_order_id",
  OrderNotFound: "no_answer",
  InsufficientFunds: "rejected",
  InvalidOrder: "rejected",
  InvalidAddress: "rejected",
  BadRequest: "rejected",
  OperationRejected: "rejected",
  ArgumentsRequired: "rejected",
  NotSupported: "unsupported",
  OperationFailed: "no_answer",
  NetworkError: "no_answer",
  BadResponse: "no_answer",
};

/** How exchanges say that there is no position left to reduce, by the start of their ccxt id. */
const NOTHING_TO_REDUCE_CODES: readonly (readonly [exchange: string, ...codes: string[]])[] = [
  ["binance", "-2022", "-4112", "-4118"],
  ["okx", "51023", "51112", "51169"],
  ["myokx", "51023", "51112", "51169"],
  ["bybit", "110017", "140017", "30063"],
  ["kucoin", "300009"],
  ["bitget", "22002"],
  ["phemex", "11011", "11057"],
  ["mexc", "2009"],
  ["woo", "302138"],
];

const NOTHING_TO_REDUCE =
  /reduce[- ]?only order (?:is rejected|failed|would increase)|reduce-only rule not satisfied|no (?:open )?positions? (?:to close|found)|current position is zero|don.t have any positions? |would ?not ?reduce ?position|POSITION_EMPTY|position (?:does not exist|is not exists?)/i;

const DUPLICATE_CODES: readonly (readonly [exchange: string, ...codes: string[]])[] = [
  ["binance", "-4116", "-20132"],
  ["okx", "51016"],
  ["myokx", "51016"],
  ["bybit", "110072", "170141", "12141"],
  ["kucoin", "126044"],
  ["bitget", "40786"],
];

const DUPLICATE =
  /duplicate order sent|duplicat\w* (?:client|order.?link|cloid)|(?:client.?order.?id|client.?oid|order.?linked.?id|cl.?ord.?id|cloid) (?:is |has |was |been |already )*(?:duplicat|exist|repeat|used)/i;

/** The names of an error's classes, the most particular first. */
function classesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const names = [error.name];
  for (
    let proto: unknown = Object.getPrototypeOf(error);
    proto instanceof Object;
    proto = Object.getPrototypeOf(proto)
  ) {
    names.push(proto.constructor.name);
  }
  return names;
}

/** True when the exchange says that it does not know the order. Also answers for the ExchangeError made of it. */
export function isUnknownOrder(error: unknown): boolean {
  const classes = error instanceof ExchangeError ? (classesBefore.get(error) ?? []) : classesOf(error);
  return classes.includes("OrderNotFound");
}

/** What an error means for what was asked: for an order, the exchange's own words where it has answered; else the class. */
export function failureOf(error: unknown, exchange: string, isOrder: boolean): ExchangeFailure {
  if (error instanceof Unreadable) return error.failure;
  const classes = classesOf(error);
  const message = error instanceof Error ? error.message : String(error);
  // Network errors carry the request, reduceOnly=true and all, in their message: it says nothing.
  if (isOrder && classes.includes("ExchangeError") && !classes.includes("AuthenticationError")) {
    if (says(message, exchange, NOTHING_TO_REDUCE_CODES) || NOTHING_TO_REDUCE.test(message)) return "nothing_to_reduce";
    if (says(message, exchange, DUPLICATE_CODES) || DUPLICATE.test(message)) return "duplicate_order_id";
  }
  return classes.map((name) => BY_CLASS[name]).find((failure) => failure !== undefined) ?? "no_answer";
}

function says(message: string, exchange: string, table: typeof DUPLICATE_CODES): boolean {
  const codes = table.filter(([start]) => exchange.startsWith(start)).flatMap(([, ...found]) => found);
  return codes.some((code) => new RegExp(`"\\w*code"\\s*:\\s*"?${code}"?\\s*[,}]`, "i").test(message));
}

/** Of each ExchangeError, the classes of the error that it was made of. */
const classesBefore = new WeakMap<ExchangeError, readonly string[]>();

/** The error a user of the port sees: who was asked what, and why it failed; without keys and signed URLs, in its cause too. */
export function exchangeErrorOf(error: unknown, client: CcxtClient, asked: string, isOrder: boolean): ExchangeError {
  if (error instanceof ExchangeError) return error;
  const failure = failureOf(error, client.id, isOrder);
  const classes = classesOf(error);
  const reason = withoutSecrets(error instanceof Error ? error.message : String(error), client);
  const kind = error instanceof Error && !(error instanceof Unreadable) ? `${classes.at(1) ?? error.name}: ` : "";
  const cause = new Error(reason);
  if (error instanceof Error) {
    cause.name = classes.at(1) ?? error.name;
    if (error.stack !== undefined) cause.stack = withoutSecrets(error.stack, client);
  }
  const made = new ExchangeError(failure, `${client.id}: ${asked}: ${kind}${reason}`, { cause });
  classesBefore.set(made, classes);
  return made;
}
