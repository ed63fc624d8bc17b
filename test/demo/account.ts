import type { Market } from "../../sync/demo/market.js";
import type { ExchangeFill, PaperExchange } from "../../sync/index.js";

/** What the exchange says of the account: the witness that is asked about the state. */
export interface Account {
  readonly fills: readonly ExchangeFill[];
  /** The client order ids it took orders under, one for each order. */
  readonly taken: readonly string[];
  /** What positions gained and lost, before fees. */
  readonly realised: number;
  readonly fees: number;
}

export async function accountOf(exchange: PaperExchange, { pairs }: Pick<Market, "pairs">): Promise<Account> {
  const fills: ExchangeFill[] = [];
  for (const pair of pairs) fills.push(...(await exchange.fetchFills(pair, new Date(0))));
  const taken = exchange.seen.flatMap((call) =>
    call.method === "createOrder" && call.accepted ? [call.clientOrderId] : [],
  );
  return { fills, taken, realised: exchange.realised, fees: exchange.fees };
}
