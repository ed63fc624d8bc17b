import { isUnknown } from "../../src/manager/outcome.js";

/** The answer of a call; one whose answer was lost is asked for again, under the same token. */
export async function settled<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isUnknown<T>(error)) throw error;
    return await error.retry();
  }
}
