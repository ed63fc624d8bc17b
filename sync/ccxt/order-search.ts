/** Finds an order by the bot's client order id. */
import type { ExchangeOrder } from "../port/exchange.js";
import type { CcxtAccount } from "./account.js";
import { LOOK_BACK_DAYS } from "./capabilities.js";
import { can } from "./ccxt-client.js";
import { isUnknownOrder } from "./failure.js";
import type { ListLookup, Lookup, OrderList } from "./language/dialect.js";
import { kindOf } from "./language/kind.js";
import { type Row, rowOf, Unreadable } from "./language/row.js";
import { orderOfFills, readOrder, triggeredOrderId } from "./order.js";

export interface FoundOrder {
  readonly order: ExchangeOrder;
  /** Params that cancel the order. */
  readonly params: Readonly<Record<string, unknown>>;
}

/** The order, open or over; undefined if the exchange says that it does not know it, or if no list has it. */
export async function findOrder(account: CcxtAccount, id: string, pair: string): Promise<FoundOrder | undefined> {
  await account.market(pair);
  const lookups = account.dialect.lookups(account.ids.theirs(id), kindOf(pair));
  const canAsk = lookups.length > 0 && lookups.every(({ method }) => can(account.client, method));
  const found = canAsk ? await lookUpAll(account, lookups, id, pair) : await scan(account, id, pair);
  const params = found && account.dialect.cancelParams?.(found.order, kindOf(pair));
  return found && params ? { ...found, params } : found;
}

async function lookUpAll(
  account: CcxtAccount,
  lookups: readonly Lookup[],
  id: string,
  pair: string,
): Promise<FoundOrder | undefined> {
  for (const lookup of lookups) {
    const found = await lookUp(account, lookup, id, pair);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The order with the exchange's own id, open or over; undefined if the exchange says that it does not know it. */
export async function findOrderById(
  account: CcxtAccount,
  orderId: string,
  pair: string,
): Promise<ExchangeOrder | undefined> {
  await account.market(pair);
  const lookups = account.dialect.lookupsById?.(orderId, kindOf(pair));
  if (lookups !== undefined) return findInLists(account, orderId, pair, lookups);
  const what = `order ${orderId} of ${pair}, by the exchange's id`;
  const row = await known(account, what, async () => account.client.fetchOrder?.(orderId, pair));
  if (row === undefined) return undefined;
  return account.ask(what, async () => {
    const order = readOrder(row, account.orderContext({ open: false, stop: false }));
    if (order.id !== orderId) throw new Unreadable(`it answered with the order ${order.id}`);
    return order;
  });
}

async function findInLists(
  account: CcxtAccount,
  orderId: string,
  pair: string,
  lookups: readonly ListLookup[],
): Promise<ExchangeOrder | undefined> {
  for (const { method, params } of lookups) {
    const order = (await account.orders(method, { pair, params })).find(({ id }) => id === orderId);
    if (order !== undefined) return order;
  }
  return undefined;
}

async function lookUp(account: CcxtAccount, lookup: Lookup, id: string, pair: string): Promise<FoundOrder | undefined> {
  const { method, params, stop } = lookup;
  const cancelParams = stop ? { trigger: true } : {};
  if (method !== "fetchOrder" && method !== "fetchOrderWithClientOrderId") {
    const order = (await account.orders(method, { pair, params })).find(({ clientOrderId }) => clientOrderId === id);
    return order && { order, params: cancelParams };
  }
  const { client } = account;
  const what = `order ${id} of ${pair}`;
  // The exchange's own id is not known: params, or the client order id, name the order.
  const row = await known(account, what, async () =>
    method === "fetchOrder"
      ? client.fetchOrder?.("", pair, { ...params })
      : client.fetchOrderWithClientOrderId?.(account.ids.theirs(id), pair, { ...params }),
  );
  if (row === undefined) return undefined;
  const became = stop ? triggeredOrderId(row) : undefined;
  if (became !== undefined) return { order: await triggered(account, became, row, id, pair), params: {} };
  const order = await account.ask(what, async () => {
    const read = readOrder(row, account.orderContext({ open: false, stop }));
    if (read.clientOrderId !== undefined && read.clientOrderId !== id) {
      throw new Unreadable(`it answered with the order ${read.clientOrderId}`);
    }
    return read;
  });
  return { order, params: cancelParams };
}

/** The exchange's answer about an order; undefined if it says that it does not know it. */
async function known(account: CcxtAccount, what: string, call: () => Promise<unknown>): Promise<Row | undefined> {
  try {
    return await account.ask(what, async () => rowOf(await call()));
  } catch (error) {
    if (isUnknownOrder(error, account.dialect.errors)) return undefined;
    throw error;
  }
}

/** The order that a stop became: from then on its size, fills and exchange id count. */
async function triggered(
  account: CcxtAccount,
  became: string,
  waited: Row,
  id: string,
  pair: string,
): Promise<ExchangeOrder> {
  const what = `order ${id} of ${pair}, triggered as ${became}`;
  const row = await known(account, what, async () => account.client.fetchOrder?.(became, pair));
  // The exchange has forgotten the order: it was cancelled without a fill.
  const told = row ?? { ...waited, status: "canceled", filled: 0 };
  const order = await account.ask(what, async () =>
    readOrder(told, account.orderContext({ open: false, stop: false })),
  );
  return { ...order, clientOrderId: id };
}

/** Searches all lists, and finally the fills, which may name the order. For exchanges that cannot be asked for one order. */
async function scan(account: CcxtAccount, id: string, pair: string): Promise<FoundOrder | undefined> {
  const since = Date.now() - LOOK_BACK_DAYS * 86_400_000;
  const lists = [
    () => account.openOrders(pair),
    ...historyLists(account).map((list) => () => account.pastOrders(list, pair, since)),
    async () => [orderOfFills(id, pair, await account.fills(pair, since))],
  ];
  for (const list of lists) {
    const order = (await list()).find((found) => found?.clientOrderId === id);
    if (order === undefined) continue;
    return { order, params: order.stop && listsStopsApart(account, pair) ? { trigger: true } : {} };
  }
  return undefined;
}

function historyLists({ client }: CcxtAccount): OrderList[] {
  if (can(client, "fetchOrders")) return ["fetchOrders"];
  if (can(client, "fetchCanceledAndClosedOrders")) return ["fetchCanceledAndClosedOrders"];
  return (["fetchClosedOrders", "fetchCanceledOrders"] as const).filter((list) => can(client, list));
}

function listsStopsApart(account: CcxtAccount, pair: string): boolean {
  return account.dialect.stopLists(kindOf(pair)).length > 0;
}
