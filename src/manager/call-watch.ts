/** Telling somebody in this process of every call of a manager: how long it took, and how it ended. */
import { StateLostError, UnknownOutcomeError } from "../errors.js";

/** One call of a manager, or one `retry()` of it. */
export interface CallTold {
  /** Of the operation, such as `record_fill`; a method may take several. */
  readonly operation: string;
  readonly seconds: number;
  /** `failed` is any other rejection, such as an argument that the flow refused. */
  readonly outcome: "done" | "unknown" | "state_lost" | "failed";
  /** Whether somebody asked again by `retry()`. */
  readonly isRetry: boolean;
}

export type CallListener = (told: CallTold) => void;

/** Runs a call and tells the listeners of it; of its retries, too. */
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
