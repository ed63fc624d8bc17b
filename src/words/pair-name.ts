/** Reads the name of a pair: BASE/QUOTE, or BASE/QUOTE:SETTLE for a contract, with an expiry and more behind a hyphen. */

export interface Coins {
  readonly base: string;
  readonly quote: string;
  /** The currency of results: the part after the colon, up to the first hyphen, else the quote. */
  readonly settle: string;
}

/** A pair by its name. Lua twin: `market_of` in `lua/shared/currency.lua`. */
export interface Market {
  /** Absent for a name in another form: it then counts in the flow's currency. */
  readonly coins: Coins | undefined;
  /** The contract settles in its base coin: its size is in the quote currency, and its worth is size / price. */
  readonly inverse: boolean;
  /** The name has no colon: a fee in the base coin changes the size. */
  readonly spot: boolean;
}

const COIN = "[^/: \\t\\n\\v\\f\\r]+";
const FORM = new RegExp(`^(${COIN})/(${COIN})(?::(${COIN}))?$`);
const OPTION = /-\d{6}-[\d.]+-[CP]$/;
const MOST_BYTES = 32;
const NAMELESS: Market = { coins: undefined, inverse: false, spot: false };

/** The market of a name; for one that cannot be booked, the reason. `same` says which currencies count as one. */
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

/** Whether the text may be a currency's name. (`-` stands for no rate in the text of fees.) */
export function isCurrency(name: string): boolean {
  return name !== "-" && name.isWellFormed() && !name.includes("\0") && ONE_COIN.test(name) && isCoin(name);
}

/** The settle currency of a pair, by its name; "" for a name in another form, and for an option. */
export function settleOf(pair: string): string {
  return coinsOf(pair)?.settle ?? "";
}

/** The base coin of a pair, by its name; "" as with `settleOf`. */
export function baseOf(pair: string): string {
  return coinsOf(pair)?.base ?? "";
}

/** The quote currency of a pair, by its name; "" as with `settleOf`. */
export function quoteOf(pair: string): string {
  return coinsOf(pair)?.quote ?? "";
}

function coinsOf(pair: string): Coins | undefined {
  const market = readMarket(pair, () => true);
  return typeof market === "string" ? undefined : market.coins;
}

/** Currencies that nobody takes for an asset with a changing price. */
const STABLE = new Set(
  "USD USDT USDC DAI FDUSD TUSD BUSD USDP PYUSD USDE USDS USD1 EUR EURC EURT GBP JPY CHF AUD CAD KRW TRY BRL".split(
    " ",
  ),
);

export function isStable(currency: string): boolean {
  return STABLE.has(currency);
}
