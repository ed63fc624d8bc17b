/** Version and schema of this package, as heartbeats tell them. */

import type { ClientRow } from "./records/client.js";
import { SCHEMA_VERSION } from "./state/flow-state.js";

/** The version in package.json. It is repeated here because a bot may be bundled into one file; a test compares the two. */
export const VERSION = "0.5.0";

export const CLIENT: ClientRow = { version: VERSION, schema: SCHEMA_VERSION };
