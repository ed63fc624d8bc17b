/**
 * The contract of `StateManager` for a visitor, whose calls a bot that has the DuckDB file open interprets. A visitor writes nothing of its configuration when it
 * connects, so what is about that is left out.
 */
import { LONG } from "../long.js";
import { throughHolders } from "./backends.js";
import { contractOf, PARTS, type Part } from "./contract.suite.js";

const ABOUT_CONNECTING: ReadonlySet<Part> = new Set<Part>(["lifecycle", "risk", "limits", "equity", "guards"]);

/** What travels in every form there is: records, refusals, errors, odd texts, functions of the caller, events. The bot interprets the rest as its own calls. */
const TRAVELS: ReadonlySet<Part> = new Set<Part>(["positions", "refusals", "watching"]);

await contractOf(
  "through holders",
  await throughHolders(),
  new Set(PARTS.filter((part) => (LONG ? !ABOUT_CONNECTING.has(part) : TRAVELS.has(part)))),
);
