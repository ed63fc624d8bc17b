/** A question to an exchange and its outcome: a failed reading cannot be mistaken for an empty one. */
import { ExchangeError, type ExchangeFailure } from "./exchange-error.js";

/** An answer that may be acted on. `reads`: how many agreeing answers it rests on. */
export interface Complete<T> {
  readonly status: "complete";
  readonly asked: string;
  readonly value: T;
  readonly reads: number;
}

/**
 * No answer to act on. `failed`: there was none. `partial`: parts of the answer contradict each other. `empty_unconfirmed`: the answer is empty where
 * something is expected, and was not confirmed.
 */
export interface Incomplete {
  readonly status: "failed" | "partial" | "empty_unconfirmed";
  readonly asked: string;
  readonly why: string;
  readonly failure?: ExchangeFailure;
  /** The exchange must not be asked again before this time. */
  readonly retryAt?: Date;
}

export type Reading<T> = Complete<T> | Incomplete;

/** Asks once. An ExchangeError becomes a failed reading; any other error is thrown on. */
export async function ask<T>(asked: string, question: () => Promise<T>): Promise<Reading<T>> {
  try {
    return { status: "complete", asked, value: await question(), reads: 1 };
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error;
    return {
      status: "failed",
      asked,
      why: error.message,
      failure: error.failure,
      ...(error.retryAt && { retryAt: error.retryAt }),
    };
  }
}

export function isComplete<T>(reading: Reading<T>): reading is Complete<T> {
  return reading.status === "complete";
}
