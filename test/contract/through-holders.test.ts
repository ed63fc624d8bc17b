/**
 * The contract of `StateManager` for a visitor, whose calls a bot that has the DuckDB file open interprets. A visitor writes nothing of its configuration when it
 * connects, so what is about that is left out.
 */
import { throughHolders } from "./backends.js";
import { contractOf, PARTS, type Part } from "./contract.suite.js";

const ABOUT_CONNECTING: ReadonlySet<Part> = new Set<Part>(["lifecycle", "risk", "limits", "equity", "guards"]);

await contractOf(
  "through holders",
  await throughHolders(),
  new Set(PARTS.filter((part) => !ABOUT_CONNECTING.has(part))),
);
