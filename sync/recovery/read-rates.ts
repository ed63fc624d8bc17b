/** Asks the option `rates` what other currencies were worth when fills were made. */
import { type Evidence, fillName, rateKey, recordedKey } from "../plan/evidence.js";
import type { ResolvedOptions } from "../plan/options.js";
import type { ExchangeFill } from "../port/exchange.js";
import { baseOf, settleOf } from "../port/pairs.js";

type Told = Pick<Evidence, "fills" | "recorded" | "booked" | "snapshot">;

export async function readRates(
  { fills, recorded, booked }: Told,
  { rates, currency, sameCurrency }: ResolvedOptions,
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  if (!rates) return found;
  const isBooked = (fill: ExchangeFill) => {
    const { pair, side, fillId, clientOrderId, size } = fill;
    const isOwn = clientOrderId !== undefined && recorded.has(recordedKey(clientOrderId, fillId));
    return isOwn || (booked.get(fillName(pair, side, fillId)) ?? 0) >= size;
  };
  const asked = new Map<string, { currency: string; at: Date }>();
  for (const fill of [...fills.values()].flatMap(({ value }) => value)) {
    if (isBooked(fill)) continue;
    for (const coin of coinsOf(fill)) {
      if (coin === currency || sameCurrency.includes(coin)) continue;
      asked.set(rateKey(coin, fill.ts), { currency: coin, at: fill.ts });
    }
  }
  for (const [key, { currency: coin, at }] of asked) {
    const rate = await rates(coin, at);
    if (rate !== undefined && Number.isFinite(rate) && rate > 0) found.set(key, rate);
  }
  return found;
}

/** The currencies of a fill that may need a rate: what it settles in, and what its fees were paid in, but for the coin itself. */
function coinsOf({ pair, feeOther, fees = [] }: ExchangeFill): string[] {
  const base = baseOf(pair);
  const paid = [...fees.map(({ currency }) => currency), ...(feeOther ? [feeOther.currency] : [])];
  const isInverse = settleOf(pair) === base;
  return [settleOf(pair), ...paid.filter((coin) => isInverse || coin !== base)].filter((coin) => coin !== "");
}
