import { StateError } from "../../src/errors.js";

/**
 * Why an exchange did not do what it was asked.
 * - `no_answer`: network, timeout, rate limit, 5xx, half an answer. It is not known whether it happened.
 * - `authentication`: the exchange does not let this account in. Asking again is of no use.
 * - `duplicate_order_id`: the exchange took an order of this client order id before: proof of an earlier submit.
 * - `nothing_to_reduce`: a reduce-only order found no position.
 * - `rejected`: the exchange understood and refused; nothing happened.
 * - `other_id`: the exchange took the order under another client order id. The order cannot be found again by its id, so nothing may be sent twice.
 * - `unsupported`: the adapter or the exchange cannot do this at all.
 */
export type ExchangeFailure =
  | "no_answer"
  | "authentication"
  | "duplicate_order_id"
  | "nothing_to_reduce"
  | "rejected"
  | "other_id"
  | "unsupported";

/** An exchange did not answer, or refused. The message says what was asked of whom. */
export class ExchangeError extends StateError {
  readonly code = "EXCHANGE";
  readonly failure: ExchangeFailure;
  /** The exchange was asked too often: it does not want to be asked again before this time. */
  declare readonly retryAt?: Date;

  constructor(failure: ExchangeFailure, message: string, options: ErrorOptions & { readonly retryAt?: Date } = {}) {
    super(message, options);
    this.failure = failure;
    if (options.retryAt) this.retryAt = options.retryAt;
  }
}
