import type { Exchange, RequestLimits } from "./exchange.js";
import { ExchangeError } from "./exchange-error.js";

/**
 * The same exchange within these limits. An adapter that can bound each of its requests does so itself (`bounded`). For any other, a call without an answer
 * after `timeout` ms, or when `signal` aborts, is a `no_answer`; a later answer is ignored. Nothing is asked once `signal` has aborted.
 */
export function timedExchange(exchange: Exchange, limits: RequestLimits): Exchange {
  if (exchange.bounded) return exchange.bounded(limits);
  const { timeout, signal, onRequest } = limits;
  const { name, resolvePair, minSize, positionMode, fetchTime, fetchMarket, fetchOrderById } = exchange;
  return {
    name,
    ...(exchange.level && { level: exchange.level }),
    // Read each time: an adapter learns some of them while it reads.
    get limitations() {
      return exchange.limitations ?? [];
    },
    ...(resolvePair && { resolvePair: (pair) => timed(`the pair ${pair}`, () => resolvePair.call(exchange, pair)) }),
    ...(minSize && { minSize: (pair) => minSize.call(exchange, pair) }),
    ...(exchange.clientOrderIds && { clientOrderIds: exchange.clientOrderIds }),
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
    const stopped = () =>
      new ExchangeError("no_answer", `${name} was asked for ${what}, and it was stopped before that`);
    if (signal?.aborted) throw stopped();
    onRequest?.(`${name}: ${what}`);
    let end = () => {};
    const over = new Promise<never>((_, reject) => {
      const late = new ExchangeError("no_answer", `${name} was asked for ${what} and did not answer in ${timeout} ms`);
      const timer = setTimeout(() => reject(late), timeout);
      const stop = () => reject(stopped());
      signal?.addEventListener("abort", stop, { once: true });
      end = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", stop);
      };
    });
    try {
      return await Promise.race([call(), over]);
    } finally {
      end();
    }
  }
}
