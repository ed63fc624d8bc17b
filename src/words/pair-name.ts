/** What the name of a pair says: BASE/QUOTE, or BASE/QUOTE:SETTLE of a contract, with an expiry and more behind a hyphen. */

export interface Coins {
  readonly base: string;
  readonly quote: string;
  /** What results are counted in: what follows the colon, up to the first hyphen, else the quote. */
  readonly settle: string;
}

/** A pair by its name. Lua twin: `market_of` in `lua/shared/currency.lua`. */
export interface Market {
  /** Absent of a name in another form: it is then counted in the flow's currency. */
  readonly coins: Coins | undefined;
  /** It settles in its base coin: its size is counted in the quote, and is worth size / price. */
  readonly inverse: boolean;
  /** Without a colon: a fee in the base coin moves the size. */
  readonly spot: boolean;
}

const COIN = "[^/: \\t\\n\\v\\f\\r]+";
const FORM = new RegExp(`^(${COIN})/(${COIN})(?::(${COIN}))?$`);
const OPTION = /-\d{6}-[\d.]+-[CP]$/;
const MOST_BYTES = 32;
const NAMELESS: Market = { coins: undefined, inverse: false, spot: false };

/** The market of a name; in place of one that cannot be booked, what is wrong with it. `same` says which currencies count as one. */
export function readMarket(pair: string, same: (a: string, b: string) => boolean): Market | string {
  const [, base, quote, behind] = FORM.exec(pair) ?? [];
  if (base === undefined || quote === undefined) return NAMELESS;
  if (behind === undefined) return named({ base, quote, settle: quote }, false, true);
  const at = behind.indexOf("-");
  const settle = at === -1 ? behind : behind.slice(0, at);
  if (settle === "") return NAMELESS;
  const market = named({ base, quote, settle }, settle === base || (settle !== quote && same(settle, base)), false);
  if (!market.coins) return NAMELESS;
  if (OPTION.test(behind)) return `${pair} is an option: options are not supported`;
  if (market.inverse || same(settle, quote)) return market;
  return `${pair} settles in ${settle}, which is neither its base nor its quote: such contracts are not supported`;
}

function named(coins: Coins, inverse: boolean, spot: boolean): Market {
  return isCoin(coins.base) && isCoin(coins.quote) && isCoin(coins.settle) ? { coins, inverse, spot } : NAMELESS;
}

function isCoin(name: string): boolean {
  return name.length <= MOST_BYTES && Buffer.byteLength(name) <= MOST_BYTES;
}

const ONE_COIN = new RegExp(`^${COIN}$`);

/** Whether it may be the name of a currency; `-` stands for none where fees are told. */
export function isCurrency(name: string): boolean {
  return name !== "-" && name.isWellFormed() && !name.includes("\0") && ONE_COIN.test(name) && isCoin(name);
}

/** What a pair settles in, by its name; "" of a name in another form, and of an option. */
export function settleOf(pair: string): string {
  return coinsOf(pair)?.settle ?? "";
}

/** The coin that a pair trades, by its name; "" as with `settleOf`. */
export function baseOf(pair: string): string {
  return coinsOf(pair)?.base ?? "";
}

/** What a pair is priced in, by its name; "" as with `settleOf`. */
export function quoteOf(pair: string): string {
  return coinsOf(pair)?.quote ?? "";
}

function coinsOf(pair: string): Coins | undefined {
  const market = readMarket(pair, () => true);
  return typeof market === "string" ? undefined : market.coins;
}

/** Currencies that nobody takes for an asset whose price moves. */
const STABLE = new Set(
  "USD USDT USDC DAI FDUSD TUSD BUSD USDP PYUSD USDE USDS USD1 EUR EURC EURT GBP JPY CHF AUD CAD KRW TRY BRL".split(
    " ",
  ),
);

export function isStable(currency: string): boolean {
  return STABLE.has(currency);
}
