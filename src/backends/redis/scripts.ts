import { createHash } from "node:crypto";
import { luaText } from "./lua-texts.js";

/** A script and its hash: what `sha1sum` of the file prints and what EVALSHA takes. */
export interface Script {
  readonly name: string;
  readonly source: string;
  readonly sha: string;
}

const loaded = new Map<string, Script>();

/** The script of an operation. Throws an Error if its text is missing from the package. */
export function script(name: string): Script {
  let found = loaded.get(name);
  if (!found) {
    const source = luaText(name);
    if (source === undefined) {
      throw new Error(`lua/${name}.lua is missing: signalflow-state is not installed whole; install it again`);
    }
    found = { name, source, sha: createHash("sha1").update(source).digest("hex") };
    loaded.set(name, found);
  }
  return found;
}
