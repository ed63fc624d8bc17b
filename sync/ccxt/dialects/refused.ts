import type { Dialect } from "../language/dialect.js";
import { bareDialect } from "./bare.js";

/** Exchanges for which it is known why ccxt's answers cannot be trusted with money. */
export const refused: readonly Dialect[] = [
  refusedFor(
    "krakenfutures",
    "ccxt asks it for the newest 100 executions of all markets only: older ones would be missing without a word",
  ),
  refusedFor(
    "deribit",
    "ccxt does not send it a client order id as `label`, its name for it, and counts some of its sizes in contracts and some in coins",
  ),
  refusedFor(
    "bingx",
    "its executions of contracts carry neither an id nor a time that ccxt reads, so that none can be told from another",
  ),
];

function refusedFor(name: string, why: string): Dialect {
  return { ...bareDialect(name), refused: () => why };
}
