import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The folder of the Lua files, as Redis runs them. */
export const LUA_FOLDER = fileURLToPath(new URL("../../../lua/", import.meta.url));

/** A script and its hash: what `sha1sum` of the file prints and what EVALSHA takes. */
export interface Script {
  readonly name: string;
  readonly source: string;
  readonly sha: string;
}

const loaded = new Map<string, Script>();

/** The script of an operation. Reads the file once. */
export function script(name: string): Script {
  let found = loaded.get(name);
  if (!found) {
    const source = readFileSync(`${LUA_FOLDER}${name}.lua`, "utf8");
    found = { name, source, sha: createHash("sha1").update(source).digest("hex") };
    loaded.set(name, found);
  }
  return found;
}
