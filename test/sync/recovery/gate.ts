import type { Exchange } from "../../../sync/index.js";

type Gated = "fetchOpenOrders" | "createOrder";

/** An exchange of which the first call of a method waits, before it is made, until the gate opens. */
export interface Gate {
  readonly exchange: Exchange;
  /** Resolves when the call has come to the gate. */
  readonly reached: Promise<void>;
  open(): void;
}

export function gateAt(exchange: Exchange, method: Gated): Gate {
  let arrive = () => {};
  let open = () => {};
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const gated: Exchange = {
    name: exchange.name,
    fetchPositions: () => exchange.fetchPositions(),
    fetchOpenOrders: () => pass("fetchOpenOrders", () => exchange.fetchOpenOrders()),
    fetchOrder: (id, pair) => exchange.fetchOrder(id, pair),
    fetchFills: (pair, since) => exchange.fetchFills(pair, since),
    createOrder: (request) => pass("createOrder", () => exchange.createOrder(request)),
    cancelOrder: (id, pair) => exchange.cancelOrder(id, pair),
  };
  return { exchange: gated, reached, open };

  async function pass<T>(at: Gated, call: () => Promise<T>): Promise<T> {
    if (at === method) {
      arrive();
      await opened;
    }
    return call();
  }
}
