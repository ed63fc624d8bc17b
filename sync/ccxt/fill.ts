/** Reads ccxt's executions, in base and quote currency. */
import { addDecimal, type Decimal, toDecimal, toNumber } from "../../src/exact/decimal.js";
import { times } from "../../src/exact/double.js";
import type { ExchangeFill } from "../port/exchange.js";
import type { RawFill } from "./language/dialect.js";
import { infoOf, isRow, numberOf, type Row, requiredText, sideOf, textOf, timeOf, unreadable } from "./language/row.js";
import type { Market } from "./market.js";
import { sideWord } from "./position.js";

/** Fields in which exchanges write the client order id of an execution; ccxt's unified trades have none for it. */
const CLIENT_ORDER_IDS = [
  "clientOrderId",
  "clOrdId",
  "orderLinkId",
  "cloid",
  "clientOid",
  "cliOrdId",
  "client_order_id",
];

export interface FillContext {
  readonly market: Market;
  readonly clientOrderIdOf: (theirs: string) => string;
  /** Called for a fill that names no fee: it is counted as 0. */
  readonly noteMissingFee: () => void;
  /** Fields of the exchange's own row that ccxt does not read, or reads in another way. */
  readonly readRaw?: (info: Row) => RawFill;
}

/** A row of the history of executions. Some exchanges list funding and settlements in it: those are no fills. */
export interface HistoryRow {
  readonly id: string;
  readonly at: number;
  readonly fill?: ExchangeFill;
}

/** Reads one row. Throws an Unreadable that names the row if it has no id or time, or if an execution has no side, price or size. */
export function readHistoryRow(row: Row, context: FillContext): HistoryRow {
  if (context.readRaw?.(infoOf(row)).isExecution === false) {
    return { id: requiredText(row, "id"), at: requiredTime(row).getTime() };
  }
  const fill = readFill(row, context);
  return { id: fill.fillId, at: fill.ts.getTime(), fill };
}

/** Reads one execution. Throws an Unreadable that names the row if it has no id, side, price, size or time. */
export function readFill(row: Row, context: FillContext): ExchangeFill {
  const { market, clientOrderIdOf, noteMissingFee, readRaw } = context;
  const fillId = requiredText(row, "id");
  const pair = textOf(row, "symbol") ?? market.pair;
  if (pair !== market.pair) throw unreadable(row, `it is of ${pair}, asked was ${market.pair}`);
  const price = numberOf(row, "price");
  if (price === undefined || price <= 0) throw unreadable(row, "it has no price");
  const amount = numberOf(row, "amount");
  if (amount === undefined || amount <= 0) throw unreadable(row, "it has no size (amount)");
  const info = infoOf(row);
  const raw = readRaw?.(info) ?? {};
  const ts = raw.ts === undefined ? requiredTime(row) : new Date(raw.ts);
  const theirs = raw.clientOrderId ?? firstText(info, CLIENT_ORDER_IDS);
  const orderId = raw.orderId ?? textOf(row, "order");
  const positionSide = raw.positionSide ?? hedgeSide(info.positionSide) ?? hedgeSide(info.posSide);
  return {
    fillId,
    ...(theirs === undefined ? {} : { clientOrderId: clientOrderIdOf(theirs) }),
    ...(orderId === undefined ? {} : { orderId }),
    pair,
    side: raw.side ?? sideOf(row),
    ...(positionSide === undefined ? {} : { positionSide }),
    price,
    size: times(amount, market.contractSize),
    ...readFees(row, { price, market, raw, noteMissingFee }),
    ts,
  };
}

function requiredTime(row: Row): Date {
  const ts = timeOf(row);
  if (ts === undefined) throw unreadable(row, "it has no time");
  return ts;
}

function firstText(info: Row, keys: readonly string[]): string | undefined {
  return keys.map((key) => textOf(info, key)).find((found) => found !== undefined);
}

function hedgeSide(value: unknown) {
  return typeof value === "string" && /^(?:long|short)$/i.test(value) ? sideWord(value) : undefined;
}

type Fees = Pick<ExchangeFill, "fee" | "feeBase" | "feeOther" | "fees">;

interface FeeContext {
  readonly price: number;
  readonly market: Market;
  /** What the dialect knows better than ccxt. */
  readonly raw: Pick<RawFill, "feeCurrency" | "feeCost">;
  readonly noteMissingFee: () => void;
}

/** The fees of a fill by currency: quote as it is, base also at the fill's price, a third currency separately. */
function readFees(row: Row, { price, market, raw, noteMissingFee }: FeeContext): Fees {
  let quote: Decimal = { digits: 0n, scale: 0 };
  let base: Decimal = { digits: 0n, scale: 0 };
  let other: { amount: Decimal; currency: string } | undefined;
  const paid = feesOf(row).map(({ cost, currency }) => ({
    cost: raw.feeCost ?? cost,
    currency: raw.feeCurrency ?? currency,
  }));
  if (paid.length === 0) noteMissingFee();
  // An inverse contract does not settle in its quote currency: its fees stay in their own.
  if (market.inverse) return { fee: 0, fees: namedFees(row, paid) };
  for (const { cost, currency } of paid) {
    if (currency === undefined || market.quotes.includes(currency)) {
      quote = addDecimal(quote, toDecimal(cost));
    } else if (currency === market.base) {
      base = addDecimal(base, toDecimal(cost));
      quote = addDecimal(quote, toDecimal(times(cost, price)));
    } else if (other === undefined || other.currency === currency) {
      other = { amount: addDecimal(other?.amount ?? { digits: 0n, scale: 0 }, toDecimal(cost)), currency };
    } else {
      throw unreadable(row, `it has fees in ${other.currency} and in ${currency}`);
    }
  }
  const feeBase = toNumber(base);
  return {
    fee: toNumber(quote),
    // A fee in base currency does not change the size of a contract position.
    ...(feeBase === 0 || !market.spot ? {} : { feeBase }),
    ...(other === undefined ? {} : { feeOther: { amount: toNumber(other.amount), currency: other.currency } }),
  };
}

function namedFees(row: Row, paid: ReturnType<typeof feesOf>): { amount: number; currency: string }[] {
  return paid.flatMap(({ cost, currency }) => {
    if (cost === 0) return [];
    if (currency === undefined) throw unreadable(row, `its fee of ${cost} names no currency`);
    return [{ amount: cost, currency }];
  });
}

function feesOf(row: Row): { cost: number; currency: string | undefined }[] {
  const listed = Array.isArray(row.fees) ? row.fees.filter(isRow) : [];
  const fees = listed.length > 0 ? listed : [row.fee].filter(isRow);
  return fees.flatMap((fee) => {
    const cost = numberOf(fee, "cost");
    if (cost === undefined) return [];
    const currency = textOf(fee, "currency");
    if (currency === undefined && cost !== 0) throw unreadable(row, `its fee of ${cost} names no currency`);
    return [{ cost, currency }];
  });
}
