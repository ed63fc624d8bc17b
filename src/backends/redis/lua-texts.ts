import { readFileSync } from "node:fs";
import { errorCode } from "../../error-code.js";
import { LUA_FOLDER } from "./lua-folder.js";

/**
 * The text of `lua/{name}.lua`, byte for byte; undefined if there is no such file. The build replaces this module by one that contains the texts of all
 * files (`.ci/lua-texts.mjs`), since a bundle has no folder to read from.
 */
export function luaText(name: string): string | undefined {
  try {
    return readFileSync(`${LUA_FOLDER}${name}.lua`, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
