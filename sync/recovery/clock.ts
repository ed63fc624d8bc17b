/** How the exchange's clock differs from the flow's. */
import type { Snapshot } from "../../src/types.js";
import { isComplete } from "../port/reading.js";
import type { Questions } from "./questions.js";

/** How far exchange times and flow times may differ beyond the measured difference, ms. A clock that is off by as much is noted. */
export const MARGIN = 60_000;

export interface Clocks {
  /** The flow, read right after the exchange told its time. */
  readonly snapshot: Snapshot;
  /** How far the exchange's clock is ahead, ms; undefined: the exchange does not tell its time. */
  readonly ahead: number | undefined;
  /** Why the time is not known although the exchange should tell it; or that a clock is off. */
  readonly notes: readonly string[];
}

/** Reads the flow, and measures how far the exchange's clock is ahead of the flow's. */
export async function readClocks(questions: Questions, snapshotOf: () => Promise<Snapshot>): Promise<Clocks> {
  const { exchange } = questions;
  const { fetchTime } = exchange;
  if (!fetchTime) return { snapshot: await snapshotOf(), ahead: undefined, notes: [] };
  const asked = performance.now();
  const time = await questions.tell("its time", () => fetchTime.call(exchange));
  const told = performance.now();
  const snapshot = await snapshotOf();
  const read = performance.now();
  if (!isComplete(time)) {
    return { snapshot, ahead: undefined, notes: [`${exchange.name} does not tell its time: ${time.why}`] };
  }
  // Each answer is taken as of the middle of its round trip.
  const between = (told + read) / 2 - (asked + told) / 2;
  const ahead = Math.round(time.value.getTime() + between - snapshot.at.getTime());
  return { snapshot, ahead, notes: Math.abs(ahead) < MARGIN ? [] : [offBy(exchange.name, ahead)] };
}

export function offBy(exchange: string, ahead: number): string {
  const seconds = Math.round(Math.abs(ahead) / 1000);
  return `the clock of ${exchange} is ${seconds} s ${ahead > 0 ? "ahead of" : "behind"} the flow's: set the one that is wrong; fills are looked for by the exchange's`;
}
