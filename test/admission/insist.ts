import { ConnectionError, UnknownOutcomeError } from "../../src/errors.js";

/** Enough for any fault that ends; a call that never succeeds is a fault of its own. */
const ATTEMPTS = 1_000;

/** Makes a call until it is answered: again when it did not happen, by its own `retry` when it may have. `doubt` is told of the latter. */
export async function insist<T>(call: () => Promise<T>, doubt: () => void = () => {}): Promise<T> {
  let next = call;
  for (let attempt = 1; ; attempt++) {
    try {
      return await next();
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      if (error instanceof UnknownOutcomeError) {
        doubt();
        next = error.retry;
      } else if (!(error instanceof ConnectionError)) throw error;
    }
  }
}
