/** The real ccxt client of a wire, led to a server of ours, with the wire's markets: nothing is loaded. */
import ccxt, { type Exchange as Client } from "ccxt";
import { KEYS, redirected, SETTLED } from "../ccxt/clients.js";
import type { VenueMarket } from "./venue.js";
import type { Wire } from "./wire.js";

export function wireClient(wire: Wire, url: string): Client {
  const Class: unknown = Reflect.get(ccxt, wire.exchange);
  if (typeof Class !== "function") throw new Error(`ccxt has no class ${wire.exchange}`);
  const client: Client = Reflect.construct(Class, [{ ...KEYS, enableRateLimit: false }]);
  Object.assign(client.options, SETTLED, wire.clientOptions);
  client.urls.api = redirected(client.urls.api, url);
  const markets = Object.values(wire.markets).flat();
  client.setMarkets(markets.map((market) => ccxtMarket(market, wire)));
  wire.settle?.(client);
  return client;
}

/** A market as ccxt loads them. */
function ccxtMarket(market: VenueMarket, { infoOf }: Wire) {
  const { pair, id, kind, base, quote, settle, contractSize, step } = market;
  const contract = kind !== "spot";
  return {
    id,
    symbol: pair,
    base,
    quote,
    settle: contract ? settle : undefined,
    baseId: base,
    quoteId: quote,
    settleId: contract ? settle : undefined,
    type: contract ? "swap" : "spot",
    spot: !contract,
    margin: false,
    swap: contract,
    future: false,
    option: false,
    contract,
    linear: contract ? kind === "linear" : undefined,
    inverse: contract ? kind === "inverse" : undefined,
    subType: contract ? kind : undefined,
    contractSize: contract ? contractSize : undefined,
    active: true,
    precision: { amount: step, price: 0.01 },
    limits: { amount: { min: step }, price: {}, cost: {}, leverage: {} },
    info: infoOf?.(market) ?? {},
    ...market.ccxt,
  };
}
