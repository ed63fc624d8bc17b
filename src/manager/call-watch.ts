/** Calls back after every call of a manager, with its duration and its outcome. */
import { StateLostError, UnknownOutcomeError } from "../errors.js";

/** One call of a manager, or one `retry()` of it. */
export interface CallTold {
  /** Name of the operation, such as `record_fill`; one method may call several. */
  readonly operation: string;
  readonly seconds: number;
  /** `failed` is any other rejection, for instance of an argument. */
  readonly outcome: "done" | "unknown" | "state_lost" | "failed";
  /** Whether this is a repetition by `retry()`. */
  readonly isRetry: boolean;
}

export type CallListener = (told: CallTold) => void;

/** Runs a call and tells the listeners about it, and about its retries. */
export async function watched<Result>(
  operation: string,
  listeners: Iterable<CallListener>,
  call: () => Promise<Result>,
  isRetry = false,
): Promise<Result> {
  const began = performance.now();
  const tell = (outcome: CallTold["outcome"]) => {
    const seconds = (performance.now() - began) / 1000;
    for (const listener of listeners) listener({ operation, seconds, outcome, isRetry });
  };
  try {
    const result = await call();
    tell("done");
    return result;
  } catch (error) {
    if (error instanceof UnknownOutcomeError) {
      tell("unknown");
      const again = () => watched<Result>(operation, listeners, () => error.retry(), true);
      throw new UnknownOutcomeError(error.message, again, { cause: error.cause });
    }
    tell(error instanceof StateLostError ? "state_lost" : "failed");
    throw error;
  }
}
