/** What an error of ccxt means. ccxt is not imported: its classes are known by their names. */
import { ExchangeError, type ExchangeFailure } from "../port/exchange-error.js";
import type { DialectErrors } from "./language/dialect.js";
import { Unreadable } from "./language/row.js";
import { errorWithoutSecrets, withoutSecrets } from "./redact.js";

/**
 * The most specific class in this list decides. For a class that is not listed (ccxt's plain ExchangeError, a TypeError inside its parser, a broken
 * connection) it is not known whether anything happened.
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

/** The names of an error's classes, the most specific first. */
export function classesOf(error: unknown): string[] {
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

/** True if the exchange says that it does not know the order. Also works for the ExchangeError made from such an error. */
export function isUnknownOrder(error: unknown, { unknown, words }: DialectErrors): boolean {
  const said = error instanceof ExchangeError ? error.cause : error;
  return classesOf(said).includes("OrderNotFound") || (isAnswered(said) && says(said, unknown, words?.unknown));
}

/** What an error means: for an order, by the exchange's own words if it has answered; otherwise by the class. */
export function failureOf(error: unknown, errors: DialectErrors, isOrder: boolean): ExchangeFailure {
  if (error instanceof Unreadable) return error.failure;
  if (isOrder && isAnswered(error)) {
    const { nothingToReduce, duplicate, insufficient, words } = errors;
    if (says(error, nothingToReduce, words?.nothingToReduce)) return "nothing_to_reduce";
    if (says(error, duplicate, words?.duplicate)) return "duplicate_order_id";
    if (says(error, insufficient, words?.rejected)) return "rejected";
  }
  const failures = classesOf(error).map((name) => BY_CLASS[name]);
  return failures.find((failure) => failure !== undefined) ?? "no_answer";
}

/** Whether the exchange has answered. A network error's message holds the request, reduceOnly=true and all, so its words prove nothing. */
function isAnswered(error: unknown): error is Error {
  const classes = classesOf(error);
  return classes.includes("ExchangeError") && !classes.includes("AuthenticationError");
}

function says({ message }: Error, codes: readonly string[], words: RegExp | undefined): boolean {
  return codes.some((code) => codeIn(code).test(message)) || words?.test(message) === true;
}

/** `"code": -2022`, `"sCode":"51169"`, `"label":"POSITION_EMPTY"`, `"error":["EOrder:Unknown order"]`. */
export function codeIn(code: string): RegExp {
  const literal = code.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`"(?:\\w*code|err-code|label|reason|status|error)"\\s*:\\s*\\[?\\s*"?${literal}"?\\s*[,}\\]]`, "i");
}

export interface Asked {
  /** ccxt's id of the exchange. */
  readonly exchange: string;
  /** In words for people: `positions`. */
  readonly asked: string;
  readonly errors: DialectErrors;
  /** The call submits an order: then different refusals of orders are told apart. */
  readonly isOrder: boolean;
  /** When the exchange may be asked again, as it says. */
  readonly retryAt?: Date;
}

/** The error that a user of the port gets: who was asked what, and why it failed. */
export function exchangeErrorOf(error: unknown, { exchange, asked, errors, isOrder, retryAt }: Asked): ExchangeError {
  if (error instanceof ExchangeError) return error;
  const failure = failureOf(error, errors, isOrder);
  const reason = error instanceof Error ? error.message : String(error);
  const kind =
    error instanceof Error && !(error instanceof Unreadable) ? `${classesOf(error).at(1) ?? error.name}: ` : "";
  const until = retryAt && failure === "no_answer" ? `; it asks to be left alone until ${retryAt.toISOString()}` : "";
  const said = withoutSecrets(`${exchange}: ${asked}: ${kind}${reason}${until}`);
  const options = { cause: errorWithoutSecrets(error), ...(until !== "" && retryAt && { retryAt }) };
  return new ExchangeError(failure, said, options);
}
