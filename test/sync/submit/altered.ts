import type { Exchange } from "../../../sync/index.js";

/** The same exchange, but for the methods that a test makes itself. */
export function altered(exchange: Exchange, methods: Partial<Exchange>): Exchange {
  return {
    name: exchange.name,
    resolvePair: async (pair) => (await exchange.resolvePair?.(pair)) ?? pair,
    positionMode: () => exchange.positionMode?.(),
    fetchPositions: () => exchange.fetchPositions(),
    fetchOpenOrders: () => exchange.fetchOpenOrders(),
    fetchOrder: (id, pair) => exchange.fetchOrder(id, pair),
    fetchFills: (pair, since) => exchange.fetchFills(pair, since),
    createOrder: (request) => exchange.createOrder(request),
    cancelOrder: (id, pair) => exchange.cancelOrder(id, pair),
    ...methods,
  };
}
