import { isUnknown } from "../../src/manager/outcome.js";

/** The answer of a call. If the answer was lost, the call is repeated under the same token. */
export async function settled<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isUnknown<T>(error)) throw error;
    return await error.retry();
  }
}
