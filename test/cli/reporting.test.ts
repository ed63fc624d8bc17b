/** The command sf-state: trades, report, sql, export. */
import { reporting } from "./reporting.suite.js";
import { onStand } from "./stand.js";

await onStand("reporting", reporting);
