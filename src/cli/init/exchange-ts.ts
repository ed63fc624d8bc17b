/** The text of `exchange.ts`: where the bot of a template trades, and what it sees. */

const PAPER = `// A paper exchange in a file, with random prices. For real money, replace this file.
import { PaperExchange } from "signalflow-state/sync";

const FIRST_PRICES = { "BTC/USDT": 60_000, "ETH/USDT": 3_000 };

export const PAIRS = Object.keys(FIRST_PRICES);

export const exchange = new PaperExchange({ file: "state/paper.jsonl", balance: 10_000 });

/** The present prices. */
export async function prices(): Promise<Map<string, number>> {
  const now = new Map<string, number>();
  for (const [pair, first] of Object.entries(FIRST_PRICES)) {
    const price = (exchange.price(pair) ?? first) * (1 + 0.004 * (Math.random() - 0.5));
    await exchange.setPrice(pair, Number(price.toPrecision(6)));
    now.set(pair, Number(price.toPrecision(6)));
  }
  return now;
}

export async function close(): Promise<void> {
  await exchange.close();
}
`;

const CCXT = `// A real exchange, by ccxt. Its keys are in the environment. It trades on the exchange's test network until LIVE=yes.
import ccxt from "ccxt";
import { ccxtExchange } from "signalflow-state/sync";

export const PAIRS = ["BTC/USDT:USDT", "ETH/USDT:USDT"];

const { BINANCEUSDM_API_KEY = "", BINANCEUSDM_SECRET = "", LIVE } = process.env;
const client = new ccxt.binanceusdm({ apiKey: BINANCEUSDM_API_KEY, secret: BINANCEUSDM_SECRET });
if (LIVE !== "yes") client.setSandboxMode(true);

export const exchange = ccxtExchange(client, { pairs: PAIRS });
for (const limitation of exchange.limitations ?? []) console.warn(\`to know: \${limitation}\`); // what this account cannot tell

/** The present prices. */
export async function prices(): Promise<Map<string, number>> {
  const now = new Map<string, number>();
  for (const pair of PAIRS) {
    const { last } = await client.fetchTicker(pair);
    if (last !== undefined) now.set(pair, last);
  }
  return now;
}

export async function close(): Promise<void> {
  await client.close();
}
`;

export const TEMPLATES = ["paper", "ccxt"] as const;

export type Template = (typeof TEMPLATES)[number];

export function exchangeTs(template: Template): string {
  return template === "paper" ? PAPER : CCXT;
}
