import type { Entry } from "../layout/flow-layout.js";
import type { OpenedBy } from "../words/word-lists.js";
import type { Migration } from "./migration.js";

/** The caller's metadata is last in a stored record: our own fields end here. */
const METADATA = ',"metadata":';

/**
 * Schema 3 distinguishes positions that fills opened from those that were merely saved, and counts slots by pair and side. Its other fields may be absent;
 * sums are computed anew when the flow is stored.
 */
export const toSchema3: Migration = {
  to: 3,
  summary: "positions know whether fills opened them, slots are counted by pair and side",
  options: [],
  migrate(layout) {
    const found: Record<OpenedBy, number> = { saved: 0, fills: 0 };
    const positions = layout.entries["positions:open"].map(([id = "", json = ""]): Entry => {
      const openedBy = openedByOf(json);
      if (openedBy === undefined) return [id, json];
      found[openedBy]++;
      return [id, json.replace(METADATA, () => `,"opened_by":"${openedBy}"${METADATA}`)];
    });
    return {
      layout: { ...layout, entries: { ...layout.entries, "positions:open": positions } },
      notes: notesOf(found),
      stops: [],
    };
  },
};

/** Undefined if the record cannot be read: the next reader of the flow reports it. */
function openedByOf(json: string): OpenedBy | undefined {
  const at = json.indexOf(METADATA);
  if (at === -1) return undefined;
  try {
    const fields: unknown = JSON.parse(`${json.slice(0, at)}}`);
    return typeof fields === "object" && fields !== null && "last_fill_ts" in fields ? "fills" : "saved";
  } catch {
    return undefined;
  }
}

function notesOf({ fills, saved }: Readonly<Record<OpenedBy, number>>): string[] {
  if (fills + saved === 0) return [];
  return [`positions taken as opened by fills, since a fill was booked on them: ${fills}; as merely saved: ${saved}`];
}
