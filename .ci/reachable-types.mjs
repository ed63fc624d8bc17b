// Which declaration files a user's compiler can come to: those that the entry points name, and what these name in turn.
import { readFileSync } from "node:fs";

const NAMED = /(?:from|import\()\s*"(\.{1,2}\/[^"]+)\.js"/g;

/** The paths of the declaration files that `entries` lead to, themselves among them. */
export function reachableTypes(entries) {
  const found = new Set(entries.map((url) => url.href));
  for (const href of found) {
    const text = readFileSync(new URL(href), "utf8");
    for (const [, path] of text.matchAll(NAMED)) found.add(new URL(`${path}.d.ts`, href).href);
  }
  return found;
}
