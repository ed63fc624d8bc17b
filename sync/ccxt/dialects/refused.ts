import type { Dialect } from "../language/dialect.js";
import { bareDialect } from "./bare.js";

/** Exchanges for which it is known why ccxt's answers cannot be trusted with money. */
export const refused: readonly Dialect[] = [
  refusedFor(
    "krakenfutures",
    "ccxt asks it only for the newest 100 executions of all markets: older ones would be missing without an error",
  ),
  refusedFor(
    "deribit",
    "ccxt does not send a client order id as `label`, the name that the exchange uses, and counts some sizes in contracts and others in coins",
  ),
  refusedFor(
    "bingx",
    "its executions of contracts have neither an id nor a time that ccxt reads, so they cannot be distinguished",
  ),
];

function refusedFor(name: string, why: string): Dialect {
  return { ...bareDialect(name), refused: () => why };
}
