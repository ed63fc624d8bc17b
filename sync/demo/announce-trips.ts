import type { StateManager } from "../../src/index.js";
import { minuteText } from "./market.js";

/** Tells of every breaker trip of the flow as it happens, whichever process tripped it, until the signal aborts. */
export async function announceTrips(
  manager: StateManager,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  for await (const event of manager.watch({ signal })) {
    if ("risk" in event && event.risk.tripped)
      say(`${minuteText(event.at.getTime())}  TRIP   ${event.risk.breaker?.reason ?? ""}`);
  }
}
