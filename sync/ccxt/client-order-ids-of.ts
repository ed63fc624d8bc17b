import { InvalidArgumentError } from "../../src/errors.js";
import * as check from "../../src/manager/check.js";
import { ClientOrderIds } from "./client-order-ids.js";
import { dialectOf } from "./dialect.js";

/** Converts client order ids to the form of one exchange, and back. */
export interface ClientOrderIdForm {
  /**
   * The id to give to the exchange for an id of the flow, 1 to 32 of `[A-Za-z0-9_-]`: the id itself if the exchange takes it, else a digest, which is the
   * same in every process. Throws an InvalidArgumentError for any other id.
   */
  theirs(id: string): string;
  /**
   * The flow's id for an id that the exchange returned. A digest can be turned back once this process called `theirs` with the id, or `recognise`;
   * otherwise it is returned as it is.
   */
  ours(theirs: string): string;
  /** Lets `ours` turn back the digests of these ids, such as the flow's pending orders after a restart. */
  recognise(ids: Iterable<string>): void;
}

/**
 * For a bot that submits through its own ccxt client: the client order id under which `ccxtExchange`, and so `recover`, will look for an order. `exchange`
 * is ccxt's id of the class, `client.id`.
 *
 *     const ids = clientOrderIdsOf(client.id);
 *     await client.createOrder(pair, "market", "buy", 1, undefined, { clientOrderId: ids.theirs(entry.order.id) });
 *
 * Ids made by `admit` are letters and digits: OKX takes them as they are; for hyperliquid (128 bits in hex) and gate (28 characters) they become a digest.
 * Pure: nothing is asked.
 */
export function clientOrderIdsOf(exchange: string): ClientOrderIdForm {
  if (typeof exchange !== "string" || !/^[a-z][a-z0-9]*$/.test(exchange)) {
    throw new InvalidArgumentError(
      `exchange: expected ccxt's id of it, such as okx or binanceusdm, got ${JSON.stringify(exchange)}`,
    );
  }
  const ids = new ClientOrderIds(dialectOf(exchange, false).idForm);
  const theirs = (id: string) => ids.theirs(check.orderId("id", id));
  return {
    theirs,
    ours: (id) => ids.ours(check.id("theirs", id)),
    recognise: (all) => ids.recognise([...all].map((id) => check.orderId("id", id))),
  };
}
