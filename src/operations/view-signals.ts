/** The state of signals and cooldowns as callers see it, from rows and from replies. */

import type { FlowState } from "../state/flow-state.js";
import { inOrder } from "../state/ranking.js";
import type { SignalState } from "../types.js";
import { pairsOf } from "../words/pairs.js";
import { list, type Reply } from "./operation.js";

const RECENT = 100;

export function signalsView(state: FlowState, now: number, dedupWindow: number): SignalState {
  const last = state.lastSignal.value;
  const running: [string, number][] = [];
  for (const entry of state.cooldowns.entries()) if (entry[1] > now) running.push(entry);
  const cooldowns = sortedCooldowns(running);
  const recentSignalIds: string[] = [];
  for (const { id, score } of state.processed.newest(RECENT)) if (score > now - dedupWindow) recentSignalIds.push(id);
  return last
    ? {
        lastProcessedTs: new Date(last.ts),
        lastProcessedPair: last.pair,
        lastProcessedId: last.id,
        cooldowns,
        recentSignalIds,
      }
    : { cooldowns, recentSignalIds };
}

/** `recent`: newest first. */
export function signalsFromReply(
  last: readonly string[],
  cooldowns: readonly string[],
  recent: readonly string[],
): SignalState {
  const [id = "", pair = "", ts = ""] = last;
  const expiries = pairsOf(cooldowns).map(([field, expiry]): [string, number] => [field, Number(expiry)]);
  return {
    ...(id !== "" && { lastProcessedTs: new Date(Number(ts)), lastProcessedPair: pair, lastProcessedId: id }),
    cooldowns: sortedCooldowns(expiries),
    recentSignalIds: recent.toReversed(),
  };
}

function sortedCooldowns(expiries: [string, number][]): Record<string, Date> {
  return Object.fromEntries(
    inOrder(expiries, ([a], [b]) => (a < b ? -1 : 1)).map(([field, expiry]) => [field, new Date(expiry)]),
  );
}

/** The field of a cooldown: the pair, or the pair and a side. */
export function cooldownField(pair: string, side: string): string {
  return side === "" ? pair : `${pair}|${side}`;
}

/** Pairs from a list in a reply: instance and ms, limit and number. */
export function pairsFromReply(reply: Reply, at: number): [string, string][] {
  return pairsOf(list(reply, at));
}
