/** Metadata as callers see it, made from its JSON: each caller gets a copy of its own. */
import type { Metadata } from "../types.js";

/** How many texts are cached, and how long they may be. */
const MOST = 1000;
const LONGEST = 1024;

/** Parsed texts. A bot stores the same few again and again, and copying costs a tenth of parsing. */
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
