import type { Exchange, ExchangeFill, ExchangeOrder, PaperExchange } from "../../../sync/index.js";

/** A paper exchange that proves nothing by client order ids: as it is, or telling less. */
export function unproven(paper: PaperExchange, changes: Partial<Exchange> = {}): Exchange {
  return {
    name: paper.name,
    resolvePair: (pair) => paper.resolvePair(pair),
    minSize: (pair) => paper.minSize(pair),
    fetchPositions: () => paper.fetchPositions(),
    fetchOpenOrders: () => paper.fetchOpenOrders(),
    fetchOrder: (id, pair) => paper.fetchOrder(id, pair),
    fetchFills: (pair, since) => paper.fetchFills(pair, since),
    createOrder: (request) => paper.createOrder(request),
    cancelOrder: (id, pair) => paper.cancelOrder(id, pair),
    ...changes,
  };
}

/** One that forgets orders once they are over, and whose fills do not say the client order id (Gate, without its text). */
export function forgetful(paper: PaperExchange): Exchange {
  return unproven(paper, {
    fetchOrder: async (id, pair) => {
      const order = await paper.fetchOrder(id, pair);
      return order?.status === "open" ? order : undefined;
    },
    fetchFills: async (pair, since) => (await paper.fetchFills(pair, since)).map(anonymous),
  });
}

/** One that drops the client order ids that it is given: it knows no order by them, and shows none. */
export function dropsIds(paper: PaperExchange): Exchange {
  return unproven(paper, {
    fetchOrder: async () => undefined,
    fetchOpenOrders: async () => (await paper.fetchOpenOrders()).map(anonymous),
    fetchFills: async (pair, since) => (await paper.fetchFills(pair, since)).map(anonymous),
    createOrder: async (request) => anonymous(await paper.createOrder(request)),
  });
}

export function anonymous<T extends ExchangeFill | ExchangeOrder>({
  clientOrderId: _,
  ...rest
}: T): Omit<T, "clientOrderId"> {
  return rest;
}

/** How many orders of somebody's client order ids reached the exchange and were taken. */
export function sent(paper: PaperExchange): string[] {
  return paper.seen.flatMap((call) => (call.method === "createOrder" && call.accepted ? [call.clientOrderId] : []));
}
