/** The kinds of markets, told by a pair's name. */

export type MarketKind = "spot" | "linear" | "inverse";

/** `BTC/USD:BTC` is inverse: it settles in its base coin. */
export function kindOf(pair: string): MarketKind {
  if (!isContractPair(pair)) return "spot";
  const [base = "", rest = ""] = pair.split("/");
  return rest.split(":")[1]?.split("-")[0] === base ? "inverse" : "linear";
}

/** `BTC/USDT:USDT` is a contract, `BTC/USDT` is not. */
export function isContractPair(pair: string): boolean {
  return pair.includes(":");
}
