/** A position as callers see it, from its row and from its JSON in Redis. */
import type { Seeable } from "../records/field.js";
import { positionView } from "../records/generated/position.js";
import type { PositionRow, position } from "../records/position.js";
import { compareBytes, inOrder } from "../state/ranking.js";
import type { Metadata, Position } from "../types.js";
import { list, type Reply, text } from "./operation.js";
import { metadataView } from "./view-metadata.js";

export function positionFromRow(row: PositionRow): Position {
  return positionView(row, metadataView(row.metadata));
}

type StoredPosition = Seeable<typeof position> & { readonly metadata: Metadata };

function positionFromJson(json: string): Position {
  const stored: StoredPosition = JSON.parse(json);
  return positionView(stored, stored.metadata);
}

/** Positions from a JSON list, in the list's order. */
export function positionsFromJson(json: string): Position[] {
  const all: StoredPosition[] = JSON.parse(json);
  return all.map((stored) => positionView(stored, stored.metadata));
}

export function positionFromReply(reply: Reply, at: number): Position {
  return positionFromJson(text(reply, at));
}

/** Sorted by entry time, then by id. */
export function sortedPositions(positions: Position[]): Position[] {
  return inOrder(positions, (a, b) => a.entryTs.getTime() - b.entryTs.getTime() || compareBytes(a.id, b.id));
}

export function positionsFromReply(reply: Reply, at: number): Position[] {
  return sortedPositions(list(reply, at).map(positionFromJson));
}
