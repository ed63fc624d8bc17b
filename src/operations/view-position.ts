/** A position as callers see it, from its row and from its JSON in Redis. */
import { compareBytes, inOrder } from "../state/ranking.js";
import type { PositionRow } from "../state/rows.js";
import type { Metadata, Position, PositionSide } from "../types.js";
import { list, type Reply, text } from "./operation.js";
import { metadataView } from "./view-metadata.js";

interface StoredPosition {
  id: string;
  pair: string;
  side: PositionSide;
  size: number;
  entry_price: number;
  entry_ts: number;
  tp?: number | null;
  sl?: number | null;
  cooldown?: number | null;
  version: number;
}

function view(stored: StoredPosition, metadata: Metadata): Position {
  const position: Position = {
    id: stored.id,
    pair: stored.pair,
    side: stored.side,
    size: stored.size,
    entryPrice: stored.entry_price,
    entryTs: new Date(stored.entry_ts),
    metadata,
    version: stored.version,
  };
  if (typeof stored.tp === "number") position.tp = stored.tp;
  if (typeof stored.sl === "number") position.sl = stored.sl;
  if (typeof stored.cooldown === "number") position.cooldown = stored.cooldown;
  return position;
}

export function positionFromRow(row: PositionRow): Position {
  return view(row, metadataView(row.metadata));
}

function positionFromJson(json: string): Position {
  const stored: StoredPosition & { metadata: Metadata } = JSON.parse(json);
  return view(stored, stored.metadata);
}

export function positionFromReply(reply: Reply, at: number): Position {
  return positionFromJson(text(reply, at));
}

/** By entry time, then by id. */
export function sortedPositions(positions: Position[]): Position[] {
  return inOrder(positions, (a, b) => a.entryTs.getTime() - b.entryTs.getTime() || compareBytes(a.id, b.id));
}

export function positionsFromReply(reply: Reply, at: number): Position[] {
  return sortedPositions(list(reply, at).map(positionFromJson));
}
