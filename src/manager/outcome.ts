import { UnknownOutcomeError } from "../errors.js";

/** How a method reads an operation's result. */
export interface ResultReader<Result, Value> {
  value(result: Result): Value | Promise<Value>;
  /** Turns an error into a value, or throws it. */
  error?(error: unknown): Value;
}

/** Reads the result of a call. If its outcome is unknown, the error's `retry()` reads the late result in the same way. */
export async function read<Result, Value>(call: Promise<Result>, reading: ResultReader<Result, Value>): Promise<Value> {
  let result: Result;
  try {
    result = await call;
  } catch (error) {
    if (isUnknown<Result>(error)) {
      throw new UnknownOutcomeError(error.message, () => read(error.retry(), reading), { cause: error.cause });
    }
    if (reading.error) return reading.error(error);
    throw error;
  }
  return reading.value(result);
}

/** A backend's `retry()` resolves to the same result as its `execute`. */
export function isUnknown<Result>(error: unknown): error is UnknownOutcomeError<Result> {
  return error instanceof UnknownOutcomeError;
}
