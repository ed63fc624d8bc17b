import type { Exchange } from "./exchange.js";
import { ExchangeError } from "./exchange-error.js";

/** The same exchange; a call that has no answer after `timeout` ms is a `no_answer`. What it answers later is not listened to. */
export function timedExchange(exchange: Exchange, timeout: number): Exchange {
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
    const late = new Promise<never>((_, reject) => {
      const error = new ExchangeError("no_answer", `${name} was asked for ${what} and did not answer in ${timeout} ms`);
      timer = setTimeout(() => reject(error), timeout);
    });
    try {
      return await Promise.race([call(), late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
