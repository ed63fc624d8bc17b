/**
 * The checker's own arithmetic, exact: a decimal is a whole number of 1e-20, a product of two a whole number of 1e-40, money a
 * whole number of 1e-8.
 */

const DIGITS = 20;
const MONEY_STEP = 10n ** 32n;

/** A plain decimal or a number as JavaScript writes it, in 1e-20, or in 10^-`digits`. */
export function exact(number: string | number, digits = DIGITS): bigint {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(String(number));
  if (!match) throw new Error(`not a number: ${JSON.stringify(number)}`);
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  const shift = digits - fraction.length + Number(exponent);
  if (shift < 0) throw new Error(`${number} has more than ${digits} decimals`);
  const value = BigInt(whole + fraction) * 10n ** BigInt(shift);
  return sign === "-" ? -value : value;
}

/** The same in 1e-40, as a product is. */
export function exactProduct(number: string | number): bigint {
  return exact(number, 2 * DIGITS);
}

/** Money as a whole number of 1e-8. */
export function exactMoney(number: string | number): bigint {
  return exact(number, 8);
}

/** A product as money: rounded to 8 decimals, half away from zero. */
export function asMoney(product: bigint): bigint {
  const rounded = (magnitude(product) + MONEY_STEP / 2n) / MONEY_STEP;
  return product < 0n ? -rounded : rounded;
}

/** Money as a product, to be compared with one. */
export function ofMoney(money: bigint): bigint {
  return money * MONEY_STEP;
}

/** Money as the library writes it: no trailing zeros. */
export function moneyText(money: bigint): string {
  const digits = magnitude(money).toString().padStart(9, "0");
  const fraction = digits.slice(-8).replace(/0+$/, "");
  return `${money < 0n ? "-" : ""}${digits.slice(0, -8)}${fraction && `.${fraction}`}`;
}

/** A size in 1e-20 as JavaScript writes it. */
export function sizeText(size: bigint): string {
  const digits = magnitude(size)
    .toString()
    .padStart(DIGITS + 1, "0");
  return String(Number(`${size < 0n ? "-" : ""}${digits.slice(0, -DIGITS)}.${digits.slice(-DIGITS)}`));
}

/** Money over sizes: each part is rounded to 8 places, half away from zero, and the last takes the rest. */
export function split(money: bigint, sizes: readonly bigint[]): bigint[] {
  const total = sizes.reduce((sum, size) => sum + size, 0n);
  let left = money;
  return sizes.map((size, at) => {
    const doubled = 2n * magnitude(money) * size + total;
    const share = at === sizes.length - 1 ? left : (doubled / (2n * total)) * (money < 0n ? -1n : 1n);
    left -= share;
    return share;
  });
}

export function magnitude(number: bigint): bigint {
  return number < 0n ? -number : number;
}
