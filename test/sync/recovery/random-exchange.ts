import type { Exchange, PaperExchange } from "../../../sync/index.js";
import { delegate } from "./delegate.js";

/** What happens around the calls of a recovery. */
export interface Around {
  /** Whether fills do not say whose order made them. */
  readonly nameless: boolean;
  /** Before each call, which is the nth. */
  before(call: number): Promise<void>;
}

/** A paper exchange as a recovery sees it: things happen while it asks. */
export function seenBy(exchange: PaperExchange, { nameless, before }: Around): Exchange {
  let calls = 0;
  const pass = async <T>(call: () => Promise<T>): Promise<T> => {
    calls += 1;
    await before(calls);
    return call();
  };
  return delegate(exchange, {
    ...(nameless && { clientOrderIds: { ...exchange.clientOrderIds, inFills: false } }),
    fetchPositions: () => pass(() => exchange.fetchPositions()),
    fetchOpenOrders: () => pass(() => exchange.fetchOpenOrders()),
    fetchOrder: (id, pair) => pass(() => exchange.fetchOrder(id, pair)),
    fetchFills: (pair, since) =>
      pass(async () => {
        const fills = await exchange.fetchFills(pair, since);
        return nameless ? fills.map(({ clientOrderId: _, ...fill }) => fill) : fills;
      }),
    createOrder: (request) => pass(() => exchange.createOrder(request)),
    cancelOrder: (id, pair) => pass(() => exchange.cancelOrder(id, pair)),
  });
}
