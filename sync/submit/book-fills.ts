/** Books the fills that an exchange tells of one order of the flow. */
import { minus, plus, same } from "../../src/exact/double.js";
import { exceeds } from "../../src/exact/size.js";
import type { StateManager } from "../../src/manager/state-manager.js";
import type { FillResult, PendingOrder } from "../../src/types.js";
import type { ExchangeFill, ExchangeOrder } from "../port/exchange.js";
import { fillInput, type Worth } from "./fill-of.js";
import { settled } from "./settled.js";
import type { Desk } from "./timely.js";

/** Sizes that differ by less than this fraction are the same. */
export const TOLERANCE = 1e-9;

/** Fills are asked for from this long before the order, ms: the clocks of exchange and state differ. */
const MARGIN = 60_000;

/** The most fills that one call asks the state about. */
const LOT = 1_000;

export interface Booking {
  readonly state: StateManager;
  readonly desk: Desk;
  /** The exchange's name of the pair. */
  readonly pair: string;
  readonly worth: Worth;
}

/** The booked fills. `lacking`: why that is not all yet. */
export interface BookedFills {
  readonly fills: readonly FillResult[];
  readonly lacking?: string;
}

/** Books the fills of an order that are not booked yet. The last one ends the order, if the exchange says that it is over. */
export async function bookFills(
  { state, desk, pair, worth }: Booking,
  { id, createdAt }: PendingOrder,
  known: ExchangeOrder,
): Promise<BookedFills> {
  if (known.filled === 0) return { fills: [] };
  const [before] = await state.findOrders([id]);
  if (before && same(before.filled, known.filled, TOLERANCE)) return { fills: [] };
  const since = Math.min(createdAt.getTime(), known.createdAt?.getTime() ?? Number.POSITIVE_INFINITY) - MARGIN;
  const own = ownFills(await desk.fetchFills(pair, new Date(Math.max(0, since))), id, known);
  const isBooked = await recorded(state, id, own);
  // The order is read after the booked fills: a fill that is in neither is new.
  const [order] = await state.findOrders([id]);
  if (!order) return { fills: [], lacking: `the state does not know order ${id} any more` };
  const fresh = own.filter((_, i) => !isBooked[i]);
  const missing = minus(known.filled, order.filled);
  const told = plus(...fresh.map(({ size }) => size));
  const isAll = same(told, missing, TOLERANCE);
  if (told > missing && !isAll) {
    const lacking = `${told} of its fills are not booked under the exchange's ids, but only ${missing} is missing: some were booked under other ids, or are not in the order's filled size yet`;
    return { fills: [], lacking };
  }
  const fills: FillResult[] = [];
  let reached = order.filled;
  for (const [i, fill] of fresh.entries()) {
    reached = plus(reached, fill.size);
    const input = await fillInput(fill, worth);
    const done = isAll && known.status !== "open" && i === fresh.length - 1;
    const overfill = order.intent === "entry" && exceeds(reached, order.size);
    fills.push(await settled(() => state.recordFill(id, { ...input, done, ...(overfill && { overfill }) })));
  }
  if (isAll) return { fills };
  return { fills, lacking: `${known.filled} of it is filled, and the exchange tells fills of ${reached}` };
}

/** The executions of the order, oldest first. Both sides of a self-trade have one id. */
function ownFills(fills: readonly ExchangeFill[], id: string, known: ExchangeOrder): ExchangeFill[] {
  const own = new Map<string, ExchangeFill>();
  for (const fill of fills) {
    const isOwn = fill.clientOrderId === undefined ? fill.orderId === known.id : fill.clientOrderId === id;
    if (isOwn && fill.side === known.side) own.set(fill.fillId, fill);
  }
  return [...own.values()].sort((a, b) => a.ts.getTime() - b.ts.getTime());
}

async function recorded(state: StateManager, orderId: string, fills: readonly ExchangeFill[]): Promise<boolean[]> {
  const found: boolean[] = [];
  for (let i = 0; i < fills.length; i += LOT) {
    const lot = fills.slice(i, i + LOT).map(({ fillId }) => ({ orderId, fillId }));
    found.push(...(await state.getRecordedFills(lot)));
  }
  return found;
}
