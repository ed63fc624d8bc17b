import type { Dialect } from "../language/dialect.js";
import { bareDialect } from "./bare.js";

/** Classes without a dialect of their own, each with the documented names under which ccxt sends the client order id. */
const SENT_AS: Readonly<Record<string, readonly string[]>> = {
  alpaca: ["client_order_id"],
  aster: ["newClientOrderId"],
  bitstamp: ["client_order_id"],
  blofin: ["clientOrderId"],
  coinbaseexchange: ["client_oid"],
  coinex: ["client_id"],
  delta: ["client_order_id"],
  hashkey: ["newClientOrderId", "clientOrderId"],
  poloniex: ["clientOrderId", "clOrdId"],
  upbit: ["identifier"],
  whitebit: ["clientOrderId"],
  woo: ["clientOrderId"],
};

/** An exchange that is asked by ccxt's unified methods alone, and only if the client order id is sent under a known name. */
export function othersDialect(exchange: string, hasClientOrderIdQuery: boolean): Dialect {
  const sentAs = SENT_AS[exchange];
  return {
    ...bareDialect(exchange),
    ...(sentAs === undefined && {
      refused: () =>
        "it is not known under which name ccxt sends a client order id to it, and an order without one cannot be found again",
    }),
    ids: { sentAs: sentAs ?? [], inFills: () => false },
    lookups: () => (hasClientOrderIdQuery ? [{ method: "fetchOrderWithClientOrderId", params: {}, stop: false }] : []),
    limitations: ["stop orders are seen only if fetchOpenOrders lists them by itself"],
  };
}
