/** The operator's currency and rates: `--currency USDT`, `--rate BTC=60000`. */
import { isCurrency } from "../words/pair-name.js";
import type { Told } from "./migration.js";

/** Value of one unit of each currency in the flow's. */
export type Rates = ReadonlyMap<string, number>;

/** Undefined if none was given. A text that cannot be used is reported to `stop`. */
export function toldCurrency(told: Told, stop: (why: string) => void): string | undefined {
  const said = [...new Set(told.get("currency"))];
  if (said.length > 1) stop(`--currency is said as ${said.join(" and as ")}: a flow is counted in one`);
  const [currency] = said;
  if (currency === undefined || isCurrency(currency)) return currency;
  stop(`--currency: expected a currency such as USDT, got ${JSON.stringify(currency)}`);
  return undefined;
}

/** The rates that can be used; others are reported to `stop`. */
export function toldRates(told: Told, stop: (why: string) => void): Rates {
  const rates = new Map<string, number>();
  for (const said of told.get("rate") ?? []) {
    const at = said.lastIndexOf("=");
    const [currency, number] = [said.slice(0, Math.max(at, 0)), said.slice(at + 1)];
    const rate = /^\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(number) ? Number(number) : Number.NaN;
    const before = rates.get(currency);
    if (at === -1 || !isCurrency(currency)) {
      stop(`--rate: expected a currency and a number such as BTC=60000, got ${JSON.stringify(said)}`);
    } else if (!(rate > 0 && Number.isFinite(rate))) {
      stop(`--rate ${currency}: expected a number above 0, got ${JSON.stringify(number)}`);
    } else if (before !== undefined && before !== rate) {
      stop(`--rate ${currency} is said twice, as ${before} and as ${rate}`);
    } else {
      rates.set(currency, rate);
    }
  }
  return rates;
}
