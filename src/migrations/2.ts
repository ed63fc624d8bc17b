import type { Migration } from "./migration.js";

/** Schema 2 adds what migrations themselves need; no record of schema 1 changes. */
export const toSchema2: Migration = {
  to: 2,
  summary: "epochs name their schema, a flow knows the epoch it came from, heartbeats tell the package's version",
  options: [],
  migrate: (layout) => ({ layout, notes: [], stops: [] }),
};
