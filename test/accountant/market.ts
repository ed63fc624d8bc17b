/** What the name of a pair says about its money (money.md 1). */

export interface Market {
  readonly name: string;
  /** Absent where the name is not BASE/QUOTE[:SETTLE[-...]]: its money is then the flow's. */
  readonly coins?: { readonly base: string; readonly quote: string; readonly settle: string };
  readonly inverse: boolean;
  /** Only a pair without a colon lets a fee in base move size. */
  readonly spot: boolean;
}

const COIN = "[^\\s/:]{1,32}";
const FORM = new RegExp(`^(${COIN})/(${COIN})(?::(${COIN}))?$`);
const OPTION = /-\d{6}-[\d.]+-[CP]$/;

/** The market of a name; undefined where the name is one that is refused. `same` says which currencies are one. */
export function marketOf(name: string, same: (a: string, b: string) => boolean): Market | undefined {
  const form = FORM.exec(name);
  if (form === null) return { name, inverse: false, spot: false };
  const [, base = "", quote = "", behind] = form;
  if (behind === undefined) return { name, coins: { base, quote, settle: quote }, inverse: false, spot: true };
  if (OPTION.test(behind)) return undefined;
  const settle = behind.split("-", 1)[0] ?? behind;
  const coins = { base, quote, settle };
  if (settle === base || (settle !== quote && same(settle, base))) return { name, coins, inverse: true, spot: false };
  if (same(settle, quote)) return { name, coins, inverse: false, spot: false };
  return undefined;
}
