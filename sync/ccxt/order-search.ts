/** Finds an order by the bot's client order id. */
import type { ExchangeOrder } from "../exchange.js";
import type { CcxtAccount } from "./account.js";
import { LOOK_BACK_DAYS } from "./capabilities.js";
import { can, type OrderList } from "./client.js";
import type { Lookup } from "./dialect.js";
import { isUnknownOrder } from "./failure.js";
import { isContractPair } from "./market.js";
import { orderOfFills, readOrder } from "./order.js";
import { rowOf, Unreadable } from "./row.js";

export interface FoundOrder {
  readonly order: ExchangeOrder;
  /** Params with which it can be cancelled. */
  readonly params: Readonly<Record<string, unknown>>;
}

/** The order, open or over; undefined when the exchange says that it does not know it, or no list has it. */
export async function findOrder(account: CcxtAccount, id: string, pair: string): Promise<FoundOrder | undefined> {
  await account.market(pair);
  const lookups = account.dialect.lookups(account.ids.theirs(id), !isContractPair(pair));
  if (lookups.length === 0 || !lookups.every(({ method }) => can(account.client, method)))
    return scan(account, id, pair);
  for (const lookup of lookups) {
    const order = await lookUp(account, lookup, id, pair);
    if (order !== undefined) return { order, params: cancelParams(order, lookup.stop) };
  }
  return undefined;
}

async function lookUp(
  account: CcxtAccount,
  lookup: Lookup,
  id: string,
  pair: string,
): Promise<ExchangeOrder | undefined> {
  const { method, params, stop } = lookup;
  if (method !== "fetchOrder" && method !== "fetchOrderWithClientOrderId") {
    const orders = await account.orders(method, { pair, params });
    return orders.find(({ clientOrderId }) => clientOrderId === id);
  }
  const { client } = account;
  const theirs = account.ids.theirs(id);
  try {
    return await account.ask(`order ${id} of ${pair}`, async () => {
      // The exchange's own id is not known: params name the order.
      const answer =
        method === "fetchOrder"
          ? await client.fetchOrder?.("", pair, { ...params })
          : await client.fetchOrderWithClientOrderId?.(theirs, pair, { ...params });
      const order = readOrder(rowOf(answer), account.orderContext({ open: false, stop }));
      if (order.clientOrderId !== undefined && order.clientOrderId !== id) {
        throw new Unreadable(`it answered with the order ${order.clientOrderId}`);
      }
      return order;
    });
  } catch (error) {
    if (isUnknownOrder(error)) return undefined;
    throw error;
  }
}

/** Where the exchange cannot be asked for one: all of its lists, and at last the fills, which may name it. */
async function scan(account: CcxtAccount, id: string, pair: string): Promise<FoundOrder | undefined> {
  const since = Date.now() - LOOK_BACK_DAYS * 86_400_000;
  const lists = [
    () => account.openOrders(pair),
    ...historyLists(account).map((list) => () => account.pastOrders(list, pair, since)),
    async () => [orderOfFills(id, pair, await account.fills(pair, since))],
  ];
  for (const list of lists) {
    const order = (await list()).find((found) => found?.clientOrderId === id);
    if (order !== undefined)
      return { order, params: cancelParams(order, order.stop && listsStopsApart(account, pair)) };
  }
  return undefined;
}

function historyLists({ client }: CcxtAccount): OrderList[] {
  if (can(client, "fetchOrders")) return ["fetchOrders"];
  if (can(client, "fetchCanceledAndClosedOrders")) return ["fetchCanceledAndClosedOrders"];
  return (["fetchClosedOrders", "fetchCanceledOrders"] as const).filter((list) => can(client, list));
}

function listsStopsApart(account: CcxtAccount, pair: string): boolean {
  return account.dialect.stopLists(!isContractPair(pair)).length > 0;
}

function cancelParams(order: ExchangeOrder, stop: boolean): Readonly<Record<string, unknown>> {
  return stop && order.status === "open" ? { trigger: true } : {};
}
