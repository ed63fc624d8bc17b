/** How far the exchange's clock is from the flow's. */
import type { StateManager } from "../../src/manager/state-manager.js";
import type { Snapshot } from "../../src/types.js";
import type { Asking } from "./asking.js";

/** A clock that is so far off is named, ms. */
const FAR_OFF = 60_000;

export interface FlowReading {
  readonly snapshot: Snapshot;
  /** When, on this process's monotonic clock: half way between question and answer, ms. */
  readonly seenAt: number;
}

export async function readFlow(mgr: StateManager): Promise<FlowReading> {
  const asked = performance.now();
  const snapshot = await mgr.snapshot();
  return { snapshot, seenAt: (asked + performance.now()) / 2 };
}

/** ms by which the exchange's clock is ahead of the flow's; undefined where the exchange does not tell its time. */
export async function readClockAhead(asking: Asking, { snapshot, seenAt }: FlowReading): Promise<number | undefined> {
  const { exchange } = asking;
  if (!exchange.fetchTime) return undefined;
  const asked = performance.now();
  const { value } = await asking.all("its time", () => exchange.fetchTime?.() ?? snapshot.at);
  const elapsed = (asked + performance.now()) / 2 - seenAt;
  return Math.round(value.getTime() - snapshot.at.getTime() - elapsed);
}

export function clockNote(exchange: string, clockAhead: number | undefined): string | undefined {
  if (clockAhead === undefined || Math.abs(clockAhead) < FAR_OFF) return undefined;
  const [seconds, where] = [Math.round(Math.abs(clockAhead) / 1000), clockAhead > 0 ? "ahead of" : "behind"];
  return `the clock of ${exchange} is ${seconds} s ${where} the flow's: one of the two is wrong. Set it right (NTP)`;
}
