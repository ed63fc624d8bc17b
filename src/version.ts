/** What this package is, as its heartbeats tell. */
import { SCHEMA_VERSION } from "./state/flow-state.js";
import type { ClientRow } from "./state/rows.js";

/** That of package.json, written here because a bot may be bundled into one file; a test compares the two. */
export const VERSION = "0.1.0";

export const CLIENT: ClientRow = { version: VERSION, schema: SCHEMA_VERSION };
