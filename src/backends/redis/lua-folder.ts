import { fileURLToPath } from "node:url";

/** The folder of the Lua files, as Redis runs them. */
export const LUA_FOLDER = fileURLToPath(new URL("../../../lua/", import.meta.url));
