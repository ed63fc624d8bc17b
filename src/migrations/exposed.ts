/** The open positions and pending entries of a flow of schema 3, as far as schema 4 computes them anew. */
import * as z from "zod";
import { type Decimal, multiplyDecimal, toDecimal } from "../exact/decimal.js";
import { quotient } from "../exact/kept.js";
import { formatMoney, roundDecimal } from "../exact/money.js";
import { type Settlement, settlementOf } from "./settlement.js";
import { scalarsOf } from "./stored-scalars.js";

/** A position or order that takes exposure. */
export interface Exposed {
  /** In messages: `position eth (ETH/BTC)`. */
  readonly name: string;
  /** Undefined if the pair's name does not say it: then it counts in the flow's currency. */
  readonly settlement: Settlement | undefined;
  readonly size: number;
  /** Null for an order without a price. */
  readonly price: number | null;
  /** The rate that was given with an order. */
  readonly rate: number | undefined;
  readonly notional: string;
}

const positionFields = z.looseObject({
  id: z.string(),
  pair: z.string(),
  size: z.number(),
  entry_price: z.number(),
  notional: z.string(),
  realised: z.string(),
  cost: z.string().optional(),
  exited: z.number().optional(),
  proceeds: z.string().optional(),
});

export interface ExposedPosition extends Exposed {
  readonly price: number;
  readonly realised: string;
  readonly cost: string | undefined;
  readonly exited: number | undefined;
  readonly proceeds: string | undefined;
}

/** Undefined if the record cannot be read: the next reader of the flow reports it. */
export function exposedPosition(text: string): ExposedPosition | undefined {
  const { success, data } = positionFields.safeParse(scalarsOf(text));
  if (!success) return undefined;
  const { id, pair, size, entry_price: price, notional, realised, cost, exited, proceeds } = data;
  const settlement = settled(pair, price);
  return {
    name: `position ${id} (${pair})`,
    settlement,
    size,
    price,
    rate: undefined,
    notional,
    realised,
    cost,
    exited,
    proceeds,
  };
}

const orderFields = z.looseObject({
  id: z.string(),
  pair: z.string(),
  intent: z.enum(["entry", "exit"]),
  size: z.number(),
  filled: z.number(),
  closes: z.number().optional(),
  price: z.number().optional(),
  rate: z.number().optional(),
  notional: z.string(),
});

export interface ExposedOrder extends Exposed {
  readonly intent: "entry" | "exit";
}

/** The unfilled rest of a pending order. Undefined where the record cannot be read. */
export function exposedOrder(text: string): ExposedOrder | undefined {
  const { success, data } = orderFields.safeParse(scalarsOf(text));
  if (!success) return undefined;
  const { id, pair, intent, filled, closes = 0, price = null, rate, notional } = data;
  const size = Math.max(data.size - Math.max(filled, closes), 0);
  return { name: `order ${id} (${pair})`, settlement: settled(pair, price), intent, size, price, rate, notional };
}

function settled(pair: string, price: number | null): Settlement | undefined {
  const settlement = settlementOf(pair);
  if (!settlement?.inverse || price === null || price > 0) return settlement;
  return { ...settlement, unsupported: `is an inverse contract at a price of ${price}, which there cannot be` };
}

/** A single position counts for at most this, in the flow's currency. */
const MOST = 900_000_000_000_000_000_000n;

/** Its exposure at a rate: size x price x rate, or size / price x rate for an inverse contract; to 8 places. */
export function notionalAt({ settlement, size, price }: Exposed, rate: number): string {
  if (price === null) return "0";
  const worth = settlement?.inverse
    ? worthOfInverse(toDecimal(size), toDecimal(price))
    : multiplyDecimal(toDecimal(size), toDecimal(price));
  const amount = worth && roundDecimal(multiplyDecimal(worth, toDecimal(rate)));
  const positive = amount === undefined ? MOST : amount < 0n ? -amount : amount;
  return formatMoney(positive > MOST ? MOST : positive);
}

/** size / price, rounded as costs are stored; undefined if that has no value. */
export function worthOfInverse(size: Decimal, price: Decimal): Decimal | undefined {
  return price.digits > 0 ? quotient(size, price) : undefined;
}
