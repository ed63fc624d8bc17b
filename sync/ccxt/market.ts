/** What the adapter needs to know about a market. */
import { type Decimal, multiplyDecimal, toDecimal, toNumber } from "../../src/exact/decimal.js";
import { times } from "../../src/exact/double.js";
import { stepsIn, timesStep } from "../../src/exact/step.js";
import type { MarketTerms } from "../port/exchange.js";
import type { CcxtClient } from "./ccxt-client.js";
import { isContractPair } from "./language/kind.js";
import { isRow, isYes, numberOf, type Row, rowOf, textOf, Unreadable } from "./language/row.js";

/** ccxt's `precisionMode`: what `market.precision.amount` means. */
const DECIMAL_PLACES = 2;
const TICK_SIZE = 4;

/** Enough places for any amount, if the exchange does not tell its step. */
const FREE_STEP: Decimal = { digits: 1n, scale: 18 };

export interface Market {
  readonly pair: string;
  readonly spot: boolean;
  /** The contract settles in its base coin: sizes are in quote currency. */
  readonly inverse: boolean;
  readonly base: string;
  /** The currencies that count as quote: fees in them need no price. */
  readonly quotes: readonly string[];
  /** What one of ccxt's amounts is worth: base currency of one contract, quote currency of an inverse one; 1 in spot. */
  readonly contractSize: number;
  /** The smallest difference of two amounts, in contracts; undefined when the exchange does not say. */
  readonly step?: number;
  /** The smallest amount of an order, in contracts. */
  readonly minAmount?: number;
}

/** Which contracts can be read, and whether ccxt's amounts count contracts or their content. */
export interface MarketReading {
  /** Inverse contracts are known to be read correctly. */
  readonly inverse: boolean;
  /** ccxt's amounts count what is in the contracts. */
  readonly units: boolean;
}

const CONTRACTS: MarketReading = { inverse: false, units: false };

/** The market of a pair. Needs the client's markets to be loaded. */
export function marketOf(client: CcxtClient, pair: string, reading: MarketReading = CONTRACTS): Market {
  const found = client.markets?.[pair];
  if (!isRow(found)) {
    throw new Unreadable(
      `${client.id} has no market ${JSON.stringify(pair)}; pairs are in ccxt's form, BTC/USDT:USDT`,
      "unsupported",
    );
  }
  return readMarket(found, pair, client.precisionMode, reading);
}

/** The market under a pair's name; undefined if the client knows no such market. Its markets have to be loaded. */
export function termsOf(client: CcxtClient, pair: string, reading: MarketReading = CONTRACTS): MarketTerms | undefined {
  const row = client.markets?.[pair];
  if (!isRow(row)) return undefined;
  const settle = textOf(row, "settle") ?? textOf(row, "quote");
  if (settle === undefined) throw new Unreadable(`the market ${pair} does not say what it settles in`);
  const expiry = numberOf(row, "expiry");
  const inverse = isYes(row.inverse);
  return {
    settle,
    inverse,
    contractSize: numberOf(row, "contractSize") ?? 1,
    minSize: inverse && !reading.inverse ? 0 : (minSizeOf(readMarket(row, pair, client.precisionMode, reading)) ?? 0),
    ...(expiry !== undefined && expiry > 0 && { expires: new Date(expiry) }),
  };
}

export function readMarket(
  row: Row,
  pair: string,
  precisionMode: number | undefined,
  reading: MarketReading = CONTRACTS,
): Market {
  const base = textOf(row, "base");
  const quote = textOf(row, "quote");
  if (base === undefined || quote === undefined) throw new Unreadable(`the market ${pair} has no base or no quote`);
  const contract = isYes(row.contract) || isContractPair(pair);
  const settle = textOf(row, "settle");
  const step = stepOf(row, precisionMode);
  const minAmount = minAmountOf(row);
  return {
    pair,
    spot: !contract,
    inverse: contract && isYes(row.inverse),
    base,
    quotes: settle === undefined || settle === base ? [quote] : [quote, settle],
    contractSize: contract ? contractSizeOf(row, pair, reading) : 1,
    ...(step === undefined ? {} : { step }),
    ...(minAmount === undefined ? {} : { minAmount }),
  };
}

/** A contract whose worth in base currency moves with the price has no size in base currency. */
function contractSizeOf(row: Row, pair: string, { inverse, units }: MarketReading): number {
  const isInverse = isYes(row.inverse);
  if (isYes(row.option)) throw noSize(pair, "an option");
  if (isInverse ? !inverse : row.linear === false) {
    throw noSize(pair, isInverse ? "an inverse contract, and they are not proven here" : "a quanto contract");
  }
  const contractSize = numberOf(row, "contractSize");
  if (contractSize === undefined || contractSize <= 0) throw new Unreadable(`the market ${pair} has no contract size`);
  return units ? 1 : contractSize;
}

function noSize(pair: string, kind: string): Unreadable {
  return new Unreadable(
    `${pair} is ${kind}: its size cannot be computed. Name the pairs that you trade (\`pairs\`) to leave it out`,
    "unsupported",
  );
}

function stepOf(row: Row, precisionMode: number | undefined): number | undefined {
  const amount = isRow(row.precision) ? numberOf(row.precision, "amount") : undefined;
  if (amount === undefined) return undefined;
  if (precisionMode === TICK_SIZE) return amount > 0 ? amount : undefined;
  return precisionMode === DECIMAL_PLACES ? Number(`1e${-amount}`) : undefined;
}

function minAmountOf(row: Row): number | undefined {
  const amount = isRow(row.limits) && isRow(row.limits.amount) ? numberOf(row.limits.amount, "min") : undefined;
  return amount === undefined || amount <= 0 ? undefined : amount;
}

/** The smallest size of an order in base currency; undefined when the exchange does not say. */
export function minSizeOf({ minAmount, step, contractSize }: Market): number | undefined {
  const least = minAmount ?? step;
  return least === undefined ? undefined : times(least, contractSize);
}

/** Whether the account is in hedge mode, from an answer of fetchPositionMode. */
export function hedgedOf(answer: unknown): boolean {
  const hedged = rowOf(answer).hedged;
  if (typeof hedged !== "boolean") throw new Unreadable("the answer does not say whether the account is in hedge mode");
  return hedged;
}

/** The largest whole number of steps whose size is not above `size`, in contracts and in base currency. */
export function wholeSteps(
  size: number,
  { contractSize, step }: Pick<Market, "contractSize" | "step">,
): { readonly contracts: number; readonly size: number } {
  const inContracts = step === undefined ? FREE_STEP : toDecimal(step);
  const inBase = multiplyDecimal(inContracts, toDecimal(contractSize));
  const { count } = stepsIn(toDecimal(size), inBase);
  return { contracts: toNumber(timesStep(count, inContracts)), size: toNumber(timesStep(count, inBase)) };
}
