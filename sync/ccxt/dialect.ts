/** Which dialect each of ccxt's classes uses: one for each family of classes. */

import { binance } from "./dialects/binance.js";
import { bitget } from "./dialects/bitget.js";
import { bybit } from "./dialects/bybit.js";
import { coinbase } from "./dialects/coinbase.js";
import { gate } from "./dialects/gate.js";
import { htx } from "./dialects/htx.js";
import { hyperliquid } from "./dialects/hyperliquid.js";
import { kraken } from "./dialects/kraken.js";
import { kucoin } from "./dialects/kucoin.js";
import { mexc } from "./dialects/mexc.js";
import { okx } from "./dialects/okx.js";
import { othersDialect } from "./dialects/others.js";
import { phemex } from "./dialects/phemex.js";
import { refused } from "./dialects/refused.js";
import type { Dialect, IdForm } from "./language/dialect.js";

/** Every dialect, in the order of the table in sync/README.md. */
export const DIALECTS: readonly Dialect[] = [
  binance,
  bybit,
  okx,
  gate,
  bitget,
  kucoin,
  kraken,
  coinbase,
  hyperliquid,
  mexc,
  htx,
  phemex,
  ...refused,
];

/** The dialect together with its form of ids. */
export type SpokenDialect = Dialect & { readonly idForm: IdForm | undefined };

/** The dialect of an exchange. An exchange that no dialect names is asked by ccxt's unified methods alone. */
export function dialectOf(exchange: string, hasClientOrderIdQuery: boolean): SpokenDialect {
  const dialect =
    DIALECTS.find(({ classes }) => classes.includes(exchange)) ?? othersDialect(exchange, hasClientOrderIdQuery);
  return { ...dialect, idForm: dialect.ids.form };
}
