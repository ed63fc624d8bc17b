import { ConnectionError, UnknownOutcomeError } from "../../src/index.js";

/** Makes a call until it is answered: again when it did not happen, by its own `retry` when it may have. */
export async function known<Result>(call: () => Promise<Result>): Promise<Result> {
  let next = call;
  for (;;) {
    try {
      return await next();
    } catch (error) {
      if (error instanceof UnknownOutcomeError) next = error.retry;
      else if (!(error instanceof ConnectionError)) throw error;
    }
  }
}
