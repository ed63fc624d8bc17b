import type { Exchange, RequestLimits } from "./exchange.js";
import { ExchangeError } from "./exchange-error.js";

/**
 * The same exchange within limits: bounded by itself, request by request, where it can be; else a call of a method that has no answer after
 * `timeout` ms is a `no_answer`. What it answers later is not listened to. Rejects with the signal's reason once that is aborted.
 */
export function boundedExchange(exchange: Exchange, limits: RequestLimits): Exchange {
  if (exchange.bounded) return exchange.bounded(limits);
  const { timeout, signal, onRequest = () => {} } = limits;
  const { name, resolvePair, minSize, positionMode, fetchTime, fetchMarket, fetchOrderById } = exchange;
  return {
    name,
    // Asked for each time: an adapter learns some of them while it reads.
    get limitations() {
      return exchange.limitations ?? [];
    },
    ...(resolvePair && { resolvePair: (pair) => timed(`the pair ${pair}`, () => resolvePair.call(exchange, pair)) }),
    ...(minSize && { minSize: (pair) => minSize.call(exchange, pair) }),
    ...(exchange.clientOrderIds && { clientOrderIds: exchange.clientOrderIds }),
    recognise: (ids) => exchange.recognise?.(ids),
    ...(positionMode && {
      positionMode: () => timed("the position mode", async () => positionMode.call(exchange)),
    }),
    ...(fetchTime && { fetchTime: () => timed("its time", () => fetchTime.call(exchange)) }),
    ...(fetchMarket && { fetchMarket: (pair) => timed(`the market ${pair}`, () => fetchMarket.call(exchange, pair)) }),
    ...(fetchOrderById && {
      fetchOrderById: (id, pair) => timed(`order ${id}`, () => fetchOrderById.call(exchange, id, pair)),
    }),
    fetchPositions: () => timed("the positions", () => exchange.fetchPositions()),
    fetchOpenOrders: () => timed("the open orders", () => exchange.fetchOpenOrders()),
    fetchOrder: (id, pair) => timed(`order ${id}`, () => exchange.fetchOrder(id, pair)),
    fetchFills: (pair, since) => timed(`the fills of ${pair}`, () => exchange.fetchFills(pair, since)),
    createOrder: (request) => timed(`order ${request.clientOrderId}`, () => exchange.createOrder(request)),
    cancelOrder: (id, pair) => timed(`the cancellation of order ${id}`, () => exchange.cancelOrder(id, pair)),
  };

  async function timed<T>(what: string, call: () => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    signal?.throwIfAborted();
    onRequest(`${name}: ${what}`);
    let abort = () => {};
    const late = new Promise<never>((_, reject) => {
      abort = () => reject(signal?.reason);
      signal?.addEventListener("abort", abort, { once: true });
      const error = new ExchangeError("no_answer", `${name} was asked for ${what} and did not answer in ${timeout} ms`);
      timer = setTimeout(() => reject(error), timeout);
    });
    try {
      return await Promise.race([call(), late]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }
}
