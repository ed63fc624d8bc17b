/** Wraps an exchange: every call has an answer in time, or fails with `no_answer`. */
import type { Exchange } from "../port/exchange.js";
import { ExchangeError } from "../port/exchange-error.js";

/** The methods that `submitAndBook` uses. */
export type Desk = Pick<
  Exchange,
  "name" | "createOrder" | "fetchOrder" | "fetchOrderById" | "fetchFills" | "resolvePair" | "positionMode"
>;

export function timely(exchange: Exchange, timeout: number): Desk {
  if (exchange.bounded) return exchange.bounded({ timeout });
  const { name, resolvePair, positionMode, fetchOrderById } = exchange;
  const within = <T>(what: string, call: () => T | Promise<T>) => inTime(name, what, timeout, call);
  return {
    name,
    createOrder: (request) => within(`order ${request.clientOrderId}`, () => exchange.createOrder(request)),
    fetchOrder: (id, pair) => within(`order ${id}`, () => exchange.fetchOrder(id, pair)),
    fetchFills: (pair, since) => within(`the fills of ${pair}`, () => exchange.fetchFills(pair, since)),
    ...(fetchOrderById && {
      fetchOrderById: (id, pair) => within(`order ${id}`, () => fetchOrderById.call(exchange, id, pair)),
    }),
    ...(resolvePair && { resolvePair: (pair) => within(`the pair ${pair}`, () => resolvePair.call(exchange, pair)) }),
    ...(positionMode && { positionMode: () => within("the position mode", () => positionMode.call(exchange)) }),
  };
}

async function inTime<T>(name: string, what: string, timeout: number, call: () => T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const words = `${name} was asked for ${what} and did not answer in ${timeout} ms`;
    timer = setTimeout(() => reject(new ExchangeError("no_answer", words)), timeout);
  });
  try {
    return await Promise.race([call(), late]);
  } finally {
    clearTimeout(timer);
  }
}
