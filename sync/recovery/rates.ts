/** Rates into the flow's currency, at the times of the fills that are not booked yet. */
import { InvalidArgumentError } from "../../src/errors.js";
import type { Snapshot, Trade } from "../../src/types.js";
import { baseOf, quoteOf, settleOf } from "../../src/words/pair-name.js";
import { type Evidence, fillName, rateKey, recordedKey } from "../plan/evidence.js";
import { externalOrderId } from "../plan/external-order.js";
import type { Rates } from "../plan/options.js";
import type { ExchangeFill } from "../port/exchange.js";

interface Configured {
  readonly currency?: string | undefined;
  readonly same_currency: readonly string[];
}

/**
 * The flow's currency and those that count as it: as configured, else as its trades say, else the settle currency of a position or order that needed no
 * rate. Empty if nothing says it.
 */
export function currenciesOf(
  { currency, same_currency: others }: Configured,
  { positions, orders }: Snapshot,
  trades: readonly Trade[],
): readonly string[] {
  const entered = [...positions, ...orders.filter(({ intent }) => intent === "entry")];
  const plain = entered.filter(({ rate }) => rate === undefined).map(({ pair }) => settleOf(pair));
  const told = [currency, ...trades.map((trade) => trade.currency), ...plain];
  const own = told.find((name) => name !== undefined && name !== "");
  return own === undefined ? [] : [own, ...others];
}

type Known = Pick<Evidence, "snapshot" | "fills" | "recorded" | "booked" | "orders" | "closedOrders">;

/** Asks for the rate of every foreign currency in which an unbooked fill is settled or charged. */
export async function ratesOf(
  rates: Rates | undefined,
  currencies: readonly string[],
  known: Known,
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  if (!rates || currencies.length === 0) return found;
  const asked = new Set<string>();
  for (const { value } of known.fills.values()) {
    for (const fill of value) {
      if (isBooked(fill, known)) continue;
      for (const currency of foreignTo(currencies, fill)) {
        const key = rateKey(currency, fill.ts);
        if (asked.has(key)) continue;
        asked.add(key);
        const rate = await rates(currency, fill.ts);
        if (rate !== undefined) found.set(key, checked(rate, currency, fill.ts));
      }
    }
  }
  return found;
}

/** Present rates of the foreign currencies in which the rows are settled. */
export async function ratesNowOf(
  rates: Rates | undefined,
  currencies: readonly string[],
  { rows, at }: { readonly rows: readonly { readonly pair: string }[]; readonly at: Date },
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  if (!rates || currencies.length === 0) return found;
  const settled = new Set(rows.map(({ pair }) => settleOf(pair)));
  for (const currency of settled) {
    if (currency === "" || currencies.includes(currency)) continue;
    const rate = await rates(currency, at);
    if (rate !== undefined) found.set(currency, checked(rate, currency, at));
  }
  return found;
}

function isBooked(fill: ExchangeFill, { snapshot, orders, closedOrders, recorded, booked }: Known): boolean {
  const { clientOrderId, orderId, fillId, pair, side, size } = fill;
  const own = clientOrderId ?? [...orders].find(([, { value }]) => value !== undefined && value.id === orderId)?.[0];
  if (own !== undefined && (orders.has(own) || closedOrders.has(own))) return recorded.has(recordedKey(own, fillId));
  if ((booked.get(fillName(pair, side, fillId)) ?? 0) >= size) return true;
  return snapshot.positions.some(({ id }) => recorded.has(recordedKey(externalOrderId(snapshot.flowId, id), fillId)));
}

/** The foreign currencies of a fill. The base coin is valued at the fill's price. */
function foreignTo(own: readonly string[], { pair, feeOther, fees = [] }: ExchangeFill): ReadonlySet<string> {
  const [settle, base, quote] = [settleOf(pair), baseOf(pair), quoteOf(pair)];
  const needed = new Set<string>();
  // For an inverse contract whose quote is the flow's currency, the price is the rate.
  const isPriced = settle === "" || own.includes(settle) || (settle === base && own.includes(quote));
  if (!isPriced) needed.add(settle);
  for (const { currency } of [...fees, ...(feeOther ? [feeOther] : [])]) {
    if (currency !== settle && currency !== base && !own.includes(currency)) needed.add(currency);
  }
  return needed;
}

function checked(rate: number, currency: string, at: Date): number {
  if (typeof rate === "number" && Number.isFinite(rate) && rate > 0) return rate;
  throw new InvalidArgumentError(
    `options.rates: expected a rate above zero, or undefined, of ${currency} at ${at.toISOString()}, got ${JSON.stringify(rate)}`,
  );
}
