/** What this package is, as its heartbeats tell. */

import type { ClientRow } from "./records/client.js";
import { SCHEMA_VERSION } from "./state/flow-state.js";

/** That of package.json, written here because a bot may be bundled into one file; a test compares the two. */
export const VERSION = "0.5.0";

export const CLIENT: ClientRow = { version: VERSION, schema: SCHEMA_VERSION };
