/** The rows of a simulated exchange. They are plain JSON and never changed in place; amounts in quotes are exact decimals. */

import * as z from "zod";
import { ORDER_SIDES, POSITION_SIDES } from "../../src/words/word-lists.js";

const side = z.enum(ORDER_SIDES);
const positionSide = z.enum(POSITION_SIDES);
const decimal = z.string().regex(/^-?\d+(\.\d+)?$/);
const count = z.int().nonnegative();
const type = z.enum(["market", "limit", "stop"]);

/** Amounts of one currency. */
const purse = z.object({ balance: decimal, realised: decimal, fees: decimal });
export type Purse = Readonly<z.infer<typeof purse>>;

export const accountRow = z.object({
  /** Quote currency. */
  balance: decimal,
  /** What positions gained and lost, before fees; none in a spot market. */
  realised: decimal,
  /** Fees taken in quote currency. */
  fees: decimal,
  /** How many orders, fills and calls there ever were. */
  orders: count,
  fills: count,
  calls: count,
  /** How many rows of cash there ever were. */
  cash: count.default(0),
  /** The same three amounts of each coin in which inverse contracts settle. */
  coins: z.record(z.string(), purse).default({}),
  /** The exchange's time at its last change, ms: it never goes back. */
  at: z.number(),
});
export type AccountRow = Readonly<z.infer<typeof accountRow>>;

export const priceRow = z.number();

export const orderRow = z.object({
  id: z.string(),
  clientOrderId: z.string().nullable(),
  pair: z.string(),
  side,
  type,
  /** Base currency. For a reduce-only order, the position's size when it was filled, if that was less. */
  size: decimal,
  filled: decimal,
  /** Sum of size x price over its fills; for an inverse contract, of size / price. */
  cost: decimal,
  price: z.number().nullable(),
  status: z.enum(["open", "filled", "cancelled", "rejected"]),
  reduceOnly: z.boolean(),
  /** In hedge mode: the position that the order is for. */
  positionSide: positionSide.nullable(),
  /** A stop waits for the price to rise to its trigger, or to fall to it. */
  waits: z.enum(["rise", "fall"]).nullable(),
  createdAt: z.number(),
  /** When it was filled or cancelled; null while it is open, and in files of format 1. */
  endedAt: z.number().nullable().default(null),
});
export type PaperOrder = Readonly<z.infer<typeof orderRow>>;

export const positionRow = z.object({
  pair: z.string(),
  side: positionSide,
  size: decimal,
  entryPrice: z.number(),
  /** The cost, as long as nothing was taken from the position. */
  cost: decimal.nullable(),
});
export type PaperPosition = Readonly<z.infer<typeof positionRow>>;

export const fillRow = z.object({
  id: z.string(),
  orderId: z.string(),
  clientOrderId: z.string().nullable(),
  pair: z.string(),
  side,
  positionSide: positionSide.nullable(),
  price: z.number(),
  size: decimal,
  /** Quote currency, or the base coin for an inverse contract. A fee taken in base currency in a spot market is converted at the fill's price. */
  fee: decimal,
  feeBase: decimal.nullable(),
  at: z.number(),
});
export type PaperFill = Readonly<z.infer<typeof fillRow>>;

/** Money that is no trade. */
export const cashRow = z.object({
  id: z.string(),
  kind: z.enum(["funding", "settlement"]),
  pair: z.string(),
  side: positionSide,
  /** The amount as it changed the account. */
  amount: decimal,
  /** Empty if the pair's name does not say it. */
  currency: z.string(),
  at: z.number(),
});
export type PaperCashRow = Readonly<z.infer<typeof cashRow>>;

/** What happened to a pair's market. */
export const marketRow = z.object({ settledAt: z.number().nullable(), delisted: z.boolean() });
export type PaperMarket = Readonly<z.infer<typeof marketRow>>;

const request = z.object({
  clientOrderId: z.string(),
  pair: z.string(),
  side,
  size: z.number(),
  type,
  price: z.number().exactOptional(),
  reduceOnly: z.boolean(),
  positionSide: positionSide.exactOptional(),
});

/** A call that reached the exchange. */
export const callRow = z.discriminatedUnion("method", [
  z.object({
    method: z.literal("createOrder"),
    request,
    /** Why the order was not taken; null if it was taken. */
    failure: z.enum(["duplicate_order_id", "nothing_to_reduce", "rejected"]).nullable(),
    at: z.number(),
  }),
  z.object({
    method: z.literal("cancelOrder"),
    clientOrderId: z.string(),
    pair: z.string(),
    /** Whether the exchange knew the order. */
    known: z.boolean(),
    at: z.number(),
  }),
]);
export type PaperCall = Readonly<z.infer<typeof callRow>>;
