import type { Exchange } from "../../../sync/index.js";
import { delegate } from "./delegate.js";

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
  const gated = delegate(exchange, {
    fetchOpenOrders: () => pass("fetchOpenOrders", () => exchange.fetchOpenOrders()),
    createOrder: (request) => pass("createOrder", () => exchange.createOrder(request)),
  });
  return { exchange: gated, reached, open };

  async function pass<T>(at: Gated, call: () => Promise<T>): Promise<T> {
    if (at === method) {
      arrive();
      await opened;
    }
    return call();
  }
}
