import { dayOf } from "../state/day.js";
import type { Metadata, Position, Trade } from "../types.js";

export const GROUPINGS = ["pair", "side", "day", "month", "signal", "reason", "strategy"] as const;
/** How a report may be grouped. */
export type Grouping = (typeof GROUPINGS)[number];

export interface GroupKeys {
  readonly by: Grouping;
  /** ms after midnight UTC. */
  readonly dayStart: number;
  /** The key of the metadata that `strategy` reads. */
  readonly strategyKey: string;
}

/** The group of a trade; undefined if the trade does not say it. */
export function groupOf(trade: Trade, { by, dayStart, strategyKey }: GroupKeys): string | undefined {
  switch (by) {
    case "pair":
    case "side":
    case "reason":
      return trade[by];
    case "signal":
      return trade.signalId;
    case "day":
      return dayOf(trade.exitTs.getTime(), dayStart);
    case "month":
      return dayOf(trade.exitTs.getTime(), dayStart).slice(0, 7);
    case "strategy":
      return told(trade.metadata, strategyKey);
  }
}

/** The group of an open position; undefined also if only trades have such a group. */
export function groupOfOpen(position: Position, { by, strategyKey }: GroupKeys): string | undefined {
  if (by === "pair" || by === "side") return position[by];
  return by === "strategy" ? told(position.metadata, strategyKey) : undefined;
}

/** A text or number in the metadata. */
export function told(metadata: Metadata, key: string): string | undefined {
  const value = Object.hasOwn(metadata, key) ? metadata[key] : undefined;
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}
