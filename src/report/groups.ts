import { dayOf } from "../state/day.js";
import type { Metadata, Position, Trade } from "../types.js";

export const GROUPINGS = ["pair", "side", "day", "month", "signal", "reason", "strategy"] as const;
/** What a report may be taken apart by. */
export type Grouping = (typeof GROUPINGS)[number];

export interface GroupKeys {
  readonly by: Grouping;
  /** ms after midnight UTC. */
  readonly dayStart: number;
  /** The metadata that `strategy` reads. */
  readonly strategyKey: string;
}

/** The group of a trade; undefined: it says nothing of that kind. */
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

/** The group of a position that is open; undefined also where that is known only of trades. */
export function groupOfOpen(position: Position, { by, strategyKey }: GroupKeys): string | undefined {
  if (by === "pair" || by === "side") return position[by];
  return by === "strategy" ? told(position.metadata, strategyKey) : undefined;
}

/** A text or a number of the metadata. */
export function told(metadata: Metadata, key: string): string | undefined {
  const value = Object.hasOwn(metadata, key) ? metadata[key] : undefined;
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}
