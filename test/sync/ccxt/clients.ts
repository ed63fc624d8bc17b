/** Real ccxt clients that speak to a server of ours, with markets made by hand: nothing is loaded. */
import ccxt, { type Exchange as Client } from "ccxt";

interface MarketShape {
  readonly id: string;
  readonly symbol: string;
  readonly contractSize?: number;
  readonly amountStep?: number;
  readonly minAmount?: number;
  readonly inverse?: boolean;
  readonly info?: Record<string, unknown>;
  /** hyperliquid counts its markets. */
  readonly baseId?: string;
}

function market({
  id,
  symbol,
  contractSize,
  amountStep = 0.001,
  minAmount,
  inverse = false,
  info,
  baseId,
}: MarketShape) {
  const [base = "", rest = ""] = symbol.split("/");
  const [quote = "", settle] = rest.split(":");
  const contract = settle !== undefined;
  return {
    id,
    symbol,
    base,
    quote,
    settle,
    baseId: baseId ?? base,
    quoteId: quote,
    settleId: settle,
    type: contract ? "swap" : "spot",
    spot: !contract,
    margin: false,
    swap: contract,
    future: false,
    option: false,
    contract,
    linear: contract ? !inverse : undefined,
    inverse: contract ? inverse : undefined,
    subType: contract ? (inverse ? "inverse" : "linear") : undefined,
    contractSize: contract ? (contractSize ?? 1) : undefined,
    active: true,
    precision: { amount: amountStep, price: 0.01 },
    limits: { amount: { min: minAmount ?? amountStep }, price: {}, cost: {}, leverage: {} },
    info: info ?? { orderTypes: ["LIMIT", "MARKET", "STOP", "STOP_MARKET"] },
  };
}

const BINANCE = [
  market({ id: "BTCUSDT", symbol: "BTC/USDT:USDT" }),
  market({ id: "LTCUSDT", symbol: "LTC/USDT:USDT" }),
  market({ id: "BTCUSD_PERP", symbol: "BTC/USD:BTC", contractSize: 100, amountStep: 1, inverse: true }),
  market({ id: "BCHUSD_241227", symbol: "BCH/USD:BCH", contractSize: 10, amountStep: 1, inverse: true }),
];

const MARKETS: Readonly<Record<string, readonly ReturnType<typeof market>[]>> = {
  binanceusdm: BINANCE,
  binance: [market({ id: "BTCUSDT", symbol: "BTC/USDT", amountStep: 0.00001 }), ...BINANCE],
  okx: [
    // The recorded answers of OKX were parsed with these contract sizes.
    market({ id: "LTC-USDT-SWAP", symbol: "LTC/USDT:USDT", contractSize: 0.001, amountStep: 1 }),
    market({ id: "ADA-USDT-SWAP", symbol: "ADA/USDT:USDT", contractSize: 100, amountStep: 0.1 }),
    market({ id: "SUSHI-USDT-SWAP", symbol: "SUSHI/USDT:USDT", amountStep: 1 }),
    market({ id: "BTC-USD-SWAP", symbol: "BTC/USD:BTC", contractSize: 100, amountStep: 1, inverse: true }),
  ],
  kucoinfutures: [market({ id: "LTCUSDTM", symbol: "LTC/USDT:USDT", contractSize: 0.1, amountStep: 1 })],
  hyperliquid: [
    market({ id: "0", baseId: "SOL", symbol: "SOL/USDC:USDC", amountStep: 0.01 }),
    market({ id: "1", baseId: "ETH", symbol: "ETH/USDC:USDC", amountStep: 0.0001 }),
    market({ id: "2", baseId: "HYPE", symbol: "HYPE/USDC:USDC", amountStep: 0.01 }),
    market({ id: "3", baseId: "ADA", symbol: "ADA/USDC:USDC", amountStep: 1 }),
    market({ id: "110000", baseId: "flx:CRCL", symbol: "FLX-CRCL/USDH:USDH", amountStep: 0.01 }),
  ],
  bybit: [
    market({ id: "BTCUSDT", symbol: "BTC/USDT:USDT" }),
    market({ id: "ETHUSDT", symbol: "ETH/USDT:USDT", amountStep: 0.01 }),
  ],
};

export const EXCHANGES = ["binanceusdm", "okx", "kucoinfutures", "hyperliquid"] as const;
export type ExchangeId = (typeof EXCHANGES)[number] | "binance" | "bybit";

const CLASSES = {
  binanceusdm: ccxt.binanceusdm,
  binance: ccxt.binance,
  okx: ccxt.okx,
  kucoinfutures: ccxt.kucoinfutures,
  hyperliquid: ccxt.hyperliquid,
  bybit: ccxt.bybit,
};

/** Keys that sign well; they open nothing. */
export const KEYS = {
  uid: "1",
  apiKey: "key",
  secret: "c2VjcmV0",
  password: "password",
  walletAddress: `0x${"1".repeat(40)}`,
  privateKey: `0x${"2".repeat(64)}`,
};

/** Clients ask for these once, beside what they are called for. */
export const SETTLED = {
  uta: false,
  leverageBrackets: {},
  unifiedMarginStatus: 6,
  unifiedAccount: false,
  enableUnifiedMargin: false,
  enableUnifiedAccount: true,
  refSet: true,
  approvedBuilderFee: true,
  hip3TokensByName: { "flx:CRCL": { quote: "USDH", code: "FLX-CRCL" } },
};

/** A client whose every URL leads to the server. */
export function clientOf(id: ExchangeId, url: string, options: Record<string, unknown> = {}): Client {
  const client: Client = new CLASSES[id]({ ...KEYS, enableRateLimit: false });
  Object.assign(client.options, SETTLED);
  Object.assign(client.options, options);
  client.urls.api = redirected(client.urls.api, url);
  client.setMarkets([...(MARKETS[id] ?? [])]);
  if (client instanceof ccxt.binance) readErrorsByPath(client);
  return client;
}

/** binance's codes mean different things on its hosts, which ccxt tells by the URL: ours has one host for all, but its paths. */
export function readErrorsByPath(client: InstanceType<typeof ccxt.binance>): void {
  const byUrl = client.getExceptionsByUrl.bind(client);
  client.getExceptionsByUrl = (url: string, kind: string) =>
    byUrl(`https://${/^https?:..[^/]+.([fd]?api)/.exec(url)?.[1] ?? "api"}.binance.com/`, kind);
}

export function redirected<T>(urls: T, to: string): T;
export function redirected(urls: unknown, to: string): unknown {
  if (typeof urls === "string") return urls.replace(/^https?:\/\/[^/]+/, to);
  if (typeof urls !== "object" || urls === null) return urls;
  return Object.fromEntries(Object.entries(urls).map(([key, value]) => [key, redirected(value, to)]));
}
