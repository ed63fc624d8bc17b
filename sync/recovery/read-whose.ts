/** Looks up orders of the exchange's own ids: whose a fill is that does not say so. */
import type { Evidence } from "../plan/evidence.js";
import { exchangeOrderName, recordedKey } from "../plan/evidence.js";
import { externalOrderId } from "../plan/external-order.js";
import { exchangeIdOf } from "../plan/order-ids.js";
import type { ExchangeOrder } from "../port/exchange.js";
import { canonicalPair } from "../port/pairs.js";
import type { Complete } from "../port/reading.js";
import type { Asking } from "./asking.js";

/** No more orders than this are looked up in one reading, the newest first: whose the others are stays unknown. */
const MOST = 200;

type Told = Pick<Evidence, "snapshot" | "orders" | "fills" | "recorded" | "proof">;

export async function readOrdersById(
  asking: Asking,
  told: Told,
  symbolOf: (pair: string) => string,
): Promise<ReadonlyMap<string, Complete<ExchangeOrder | undefined>>> {
  const { exchange } = asking;
  const found = new Map<string, Complete<ExchangeOrder | undefined>>();
  if (!exchange.fetchOrderById) return found;
  for (const { pair, orderId } of wanted(told).slice(0, MOST)) {
    const name = exchangeOrderName(pair, orderId);
    if (found.has(name)) continue;
    const order = await asking.ofPair(pair, () =>
      asking.pair(`order ${orderId} in ${pair}, by the exchange's id`, () =>
        exchange.fetchOrderById?.(orderId, symbolOf(pair)),
      ),
    );
    if (order) found.set(name, order);
  }
  return found;
}

/** Newest first: orders that state knows by the exchange's id only, and those of fills that do not tell whose they are. */
function wanted({ snapshot, orders, fills, recorded, proof }: Told): { pair: string; orderId: string }[] {
  const own = new Set([...orders.values()].flatMap(({ value }) => (value ? [value.id] : [])));
  const stored = snapshot.orders.flatMap((order) => {
    const orderId = orders.get(order.id)?.value ? undefined : exchangeIdOf(order);
    return orderId === undefined ? [] : [{ pair: order.pair, orderId }];
  });
  // Where every fill says its order's id, one without is of an order that had none.
  if (proof.inFills) return stored;
  const { flowId, positions } = snapshot;
  const isRecorded = (pair: string, fillId: string) =>
    positions.some(
      (position) =>
        canonicalPair(position.pair) === canonicalPair(pair) &&
        recorded.has(recordedKey(externalOrderId(flowId, position.id), fillId)),
    );
  const anonymous = [...fills.values()].flatMap(({ value }) =>
    value.filter(({ clientOrderId, pair, fillId }) => clientOrderId === undefined && !isRecorded(pair, fillId)),
  );
  const newest = anonymous.sort((a, b) => b.ts.getTime() - a.ts.getTime());
  const unnamed = newest.flatMap(({ pair, orderId }) =>
    orderId === undefined || own.has(orderId) ? [] : [{ pair, orderId }],
  );
  return [...stored, ...unnamed];
}
