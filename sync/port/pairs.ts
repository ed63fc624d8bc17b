/** Names of pairs: a bot may say `BTC/USDT` where the exchange says `BTC/USDT:USDT`. */

/** One name for both: a contract that settles in its quote currency goes by `BASE/QUOTE`. */
export function canonicalPair(pair: string): string {
  const [market = "", settle] = pair.split(":");
  return settle !== undefined && market.endsWith(`/${settle}`) ? market : pair;
}

/** Key of a position as exchanges count them. */
export function sideKey(pair: string, side: string): string {
  return `${canonicalPair(pair)} ${side}`;
}
