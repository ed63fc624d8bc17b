import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { addDecimal, decimalText, toDecimal } from "../../src/exact/decimal.js";
import { minus } from "../../src/exact/double.js";
import { toMoney } from "../../src/exact/money.js";
import { share } from "../../src/exact/share.js";

const test = suite("share");

/** What falls to each size, taken one after the other until nothing is left of them. */
function shares(amount: number, sizes: readonly number[]): number[] {
  const whole = sum(sizes);
  let left = whole;
  return sizes.map((size, i) => {
    const taken = i === sizes.length - 1 ? left : size;
    const part = share(amount, { taken, left, whole });
    left = minus(left, taken);
    return part;
  });
}

function sum(amounts: readonly number[]): number {
  return Number(exactSum(amounts));
}

function exactSum(amounts: readonly number[]): string {
  return decimalText(amounts.map(toDecimal).reduce(addDecimal, toDecimal(0)));
}

/** A decimal of at most 15 digits, as an exchange tells it. */
const amounts = fc
  .tuple(fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 }), fc.integer({ min: 0, max: 18 }))
  .map(([digits, scale]) => Number(`${digits}e-${scale}`) + 0);
const sizes = fc.array(
  fc
    .tuple(fc.integer({ min: 1, max: 99_999_999 }), fc.integer({ min: 0, max: 8 }))
    .map(([digits, scale]) => Number(`${digits}e-${scale}`)),
  { minLength: 1, maxLength: 9 },
);

test("a fee of 0.1 over three equal parts is booked as 0.1", () => {
  assert.equal(shares(0.1, [1, 1, 1]), [0.03333333, 0.03333334, 0.03333333]);
});

test("whatever is split over whatever sizes, the parts add up to the whole, to the last place", () => {
  fc.assert(
    fc.property(amounts, sizes, (amount, parts) => {
      assert.is(exactSum(shares(amount, parts)), decimalText(toDecimal(amount)));
    }),
    { numRuns: 5_000 },
  );
});

test("each part is within a unit of its last place of what falls to it", () => {
  fc.assert(
    fc.property(fc.integer({ min: -(10 ** 9), max: 10 ** 9 }), sizes, (units, parts) => {
      const amount = units / 1e5;
      const whole = sum(parts);
      for (const [i, part] of shares(amount, parts).entries()) {
        const due = (amount * (parts[i] ?? 0)) / whole;
        assert.ok(Math.abs(part - due) <= 1.0001e-8 + 1e-15 * Math.abs(amount), `${part} of ${amount}, due ${due}`);
      }
    }),
  );
});

test("an amount of more digits than a double keeps apart adds up as money", () => {
  fc.assert(
    fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), sizes, (amount, parts) => {
      const booked = shares(amount, parts).reduce((total, part) => total + (toMoney(part) ?? 0n), 0n);
      const difference = booked - (toMoney(amount) ?? 0n);
      assert.ok(difference >= -1n && difference <= 1n, `${amount}: ${difference}`);
    }),
  );
});

test("all of it falls to the only part", () => {
  assert.is(share(0.123456789012, { taken: 0.3, left: 0.3, whole: 0.3 }), 0.123456789012);
});

test("a part of a fill that was booked in part before gets what is left", () => {
  assert.is(share(0.1, { taken: 1, left: 1, whole: 3 }), 0.03333333);
  assert.is(share(-0.1, { taken: 2, left: 2, whole: 3 }), -0.06666667);
});

test.run();
