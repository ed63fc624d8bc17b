/**
 * Currencies: the flow's own, the settle currencies of pairs, and the rates between them (src/manager/README.md, Currency and Fees). Lua twin:
 * `lua/shared/currency.lua`.
 */
import { InvalidArgumentError } from "../errors.js";
import type { Decimal } from "../exact/decimal.js";
import { type Market, readMarket } from "../words/pair-name.js";
import type { OrderIntent } from "../words/word-lists.js";
import type { FlowState } from "./flow-state.js";
import { atRate } from "./holding.js";

/** Flow currency per unit of a pair's settle currency; undefined if nobody told it. */
export type Rate = number | undefined;

/** Whether two currencies count as one: they have the same name, or both count as the flow's. */
export function isSame(state: FlowState, a: string, b: string): boolean {
  return a === b || (isFlows(state, a) && isFlows(state, b));
}

export function isFlows(state: FlowState, currency: string): boolean {
  const meta = state.meta.value;
  return currency === meta?.currency || (meta?.same_currency ?? "").split(" ").includes(currency);
}

/** The flow's currency; "" as long as it is not known. */
export function currencyOf(state: FlowState): string {
  return state.meta.value?.currency ?? "";
}

/** The market of a pair. Throws if its results cannot be booked correctly. */
export function marketOf(state: FlowState, pair: string): Market {
  const market = readMarket(pair, (a, b) => isSame(state, a, b));
  if (typeof market === "string") throw new InvalidArgumentError(`pair: ${market}`);
  return market;
}

/** The market of a stored pair. If it is not supported any more, it is booked as linear, as before. */
export function marketStored(state: FlowState, pair: string): Market {
  const market = readMarket(pair, (a, b) => isSame(state, a, b));
  return typeof market === "string" ? { coins: undefined, inverse: false, spot: false } : market;
}

/** An inverse contract is worth size / price: its price must be above zero. */
export function checkPrice(market: Market, field: string, price: number | null): void {
  if (market.inverse && price !== null && price <= 0) {
    throw new InvalidArgumentError(`${field}: expected a price above 0 of an inverse contract, got ${price}`);
  }
}

/** If the flow's currency is not known yet, the first pair that comes with an amount decides it. */
export function adoptCurrency(state: FlowState, { coins }: Market): void {
  const meta = state.meta.value;
  if (meta && meta.currency === null && coins) state.meta.value = { ...meta, currency: coins.settle };
}

/**
 * The given rate. Otherwise, if the pair settles in the flow's currency: the last known rate, or 1. Otherwise, for an inverse pair whose quote is the
 * flow's currency: the price.
 */
function rateOf(state: FlowState, { coins, inverse }: Market, given: Rate, price: number | null, known: number | null) {
  if (given !== undefined) return given;
  if (!coins || isOwn(state, coins.settle)) return known ?? 1;
  return inverse && price !== null && isOwn(state, coins.quote) ? price : undefined;
}

/** Whether it is the flow's currency, or becomes it by this first pair. */
function isOwn(state: FlowState, currency: string): boolean {
  const own = currencyOf(state);
  return own === "" || isSame(state, currency, own);
}

/** The rate of an entry: the given one, or none if none is needed, or the last known one. Throws if a needed rate is missing. */
export function entryRate(
  state: FlowState,
  market: Market,
  given: Rate,
  price: number | null,
  known: number | null = null,
): number {
  const rate = rateOf(state, market, given, price, known) ?? known;
  if (rate !== null) return rate;
  throw rateMissing(state, market.coins?.settle);
}

function rateMissing(state: FlowState, currency: string | undefined): InvalidArgumentError {
  const own = currencyOf(state);
  return new InvalidArgumentError(
    `rate: expected the price of one ${currency} in ${own}, since the flow counts in ${own}`,
  );
}

/** The rate that an order stores. An entry with a price in another currency needs one; other orders take what there is. */
export function orderRate(
  state: FlowState,
  market: Market,
  order: {
    readonly intent: OrderIntent;
    readonly price: number | null;
    readonly given: Rate;
    readonly known: number | null;
  },
): number | null {
  const { intent, price, given, known } = order;
  if (intent === "entry" && price !== null)
    return rateKept(state, market, entryRate(state, market, given, price, known), known);
  const rate = rateOf(state, market, given, null, known);
  return rate === undefined ? known : rateKept(state, market, rate, known);
}

/**
 * The rate of an exit: the given one, else the position's last one, unless none is needed or the price tells it. An exit is never refused for a missing
 * rate.
 */
export function exitRate(
  state: FlowState,
  market: Market,
  given: Rate,
  price: number | null,
  last: number | null,
): { readonly rate: Rate; readonly assumed: boolean } {
  if (given === undefined && last !== null && (!market.coins || isOwn(state, market.coins.settle))) {
    return { rate: last, assumed: true };
  }
  const rate = rateOf(state, market, given, price, null);
  if (rate !== undefined) return { rate, assumed: false };
  return { rate: last ?? undefined, assumed: last !== null };
}

/** The rate that a position or order stores: null as long as it never needed one and none but 1 was given. */
export function rateKept(state: FlowState, { coins }: Market, rate: number, before: number | null): number | null {
  return rate === 1 && before === null && (!coins || isOwn(state, coins.settle)) ? null : rate;
}

/** The last known rate, as long as the pair still settles in the same currency. */
export function rateKnown(
  state: FlowState,
  { coins }: Market,
  before: { readonly pair: string; readonly rate: number | null } | undefined,
): number | null {
  if (!before) return null;
  return marketStored(state, before.pair).coins?.settle === coins?.settle ? before.rate : null;
}

/** An amount in some currency, converted into the flow's; undefined if a rate is needed and not given. */
export function told(state: FlowState, amount: Decimal, currency: string | undefined, rate: Rate): Decimal | undefined {
  if (currency !== undefined && currencyOf(state) === "") {
    throw new InvalidArgumentError(
      `currency: it is not known yet in which currency the flow counts: set risk.currency; got ${currency}`,
    );
  }
  if (currency === undefined) return amount;
  if (rate !== undefined) return atRate(amount, rate);
  return isSame(state, currency, currencyOf(state)) ? amount : undefined;
}

/** An amount in some currency, converted into the flow's. Throws if that is not possible. */
export function inFlow(state: FlowState, amount: Decimal, currency: string | undefined, rate: Rate): Decimal {
  const inFlows = told(state, amount, currency, rate);
  if (inFlows) return inFlows;
  throw rateMissing(state, currency);
}
