/** What a call rejects with, which must be an ExchangeError. */
import { ExchangeError } from "../../../sync/port/exchange-error.js";

export async function failing(call: Promise<unknown>): Promise<ExchangeError> {
  try {
    const value = await call;
    throw new Error(`expected a failure, got ${JSON.stringify(value)}`);
  } catch (error) {
    if (error instanceof ExchangeError) return error;
    throw error;
  }
}
