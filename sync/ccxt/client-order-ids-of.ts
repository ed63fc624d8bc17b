import { InvalidArgumentError } from "../../src/errors.js";
import * as check from "../../src/manager/check.js";
import { ClientOrderIds } from "./client-order-ids.js";
import { dialectOf } from "./dialect.js";

/** Client order ids there and back, as one exchange takes them. */
export interface ClientOrderIdForm {
  /**
   * What the exchange is to be given for an id of the flow, 1 to 32 of `[A-Za-z0-9_-]`: the id itself where the exchange takes that,
   * else a digest, which is the same in every process. Throws an InvalidArgumentError for any other id.
   */
  theirs(id: string): string;
  /**
   * The flow's id of what the exchange answers. A digest is told as what it stands for once `theirs` was asked for that in this process, or
   * `recognise` was given it; else as it is.
   */
  ours(theirs: string): string;
  /** Makes `ours` know the digests of these ids, such as those of the flow's pending orders after a restart. */
  recognise(ids: Iterable<string>): void;
}

/**
 * For a bot that submits through its own ccxt client: the client order id under which `ccxtExchange`, and so `recover`, will look for an
 * order. `exchange` is ccxt's id of the class, `client.id`.
 *
 *     const ids = clientOrderIdsOf(client.id);
 *     await client.createOrder(pair, "market", "buy", 1, undefined, { clientOrderId: ids.theirs(entry.order.id) });
 *
 * Ids that `admit` makes are letters and digits: OKX takes them as they are; hyperliquid (128 bits in hex) and gate (28 characters)
 * get a digest. Pure: nothing is asked.
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
