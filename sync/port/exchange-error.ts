import { StateError } from "../../src/errors.js";

/**
 * Why an exchange did not do what it was asked.
 * - `no_answer`: network, timeout, rate limit, 5xx, half an answer: it is not known whether it happened.
 * - `authentication`: it does not let this account in. Asking again is of no use.
 * - `duplicate_order_id`: an order of this client order id was taken before: proof of an earlier submit.
 * - `nothing_to_reduce`: a reduce-only order found no position.
 * - `rejected`: it understood and refused; nothing happened.
 * - `other_id`: it took the order under another client order id than it was given: it cannot be found again, nothing may be sent twice.
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
  /** Before that the exchange does not want to be asked again: it was asked too often, and says until when. */
  declare readonly retryAt?: Date;

  constructor(failure: ExchangeFailure, message: string, options: ErrorOptions & { readonly retryAt?: Date } = {}) {
    super(message, options);
    this.failure = failure;
    if (options.retryAt) this.retryAt = options.retryAt;
  }
}
