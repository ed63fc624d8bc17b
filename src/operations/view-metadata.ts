/** Metadata as callers see it, from its JSON: a copy of their own. */
import type { Metadata } from "../types.js";

/** How many texts are remembered, and how long they may be. */
const MOST = 1000;
const LONGEST = 1024;

/** What was read of a text. A bot stores the same few again and again, and a copy costs a tenth of reading one. */
const known = new Map<string, Metadata>();

export function metadataView(json: string): Metadata {
  const read = known.get(json);
  if (read !== undefined) return copyOfFields(read);
  const first: Metadata = JSON.parse(json);
  if (json.length > LONGEST) return first;
  if (known.size >= MOST) known.clear();
  known.set(json, first);
  return copyOfFields(first);
}

function copyOfFields(fields: object): Metadata {
  const copy: Metadata = { ...fields };
  for (const name in copy) {
    const value = copy[name];
    if (typeof value === "object") copy[name] = copyOf(value);
  }
  return copy;
}

function copyOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Array.isArray(value) ? value.map(copyOf) : copyOfFields(value);
}
