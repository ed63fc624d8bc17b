import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Decimal, decimalText, parseDecimal } from "../../src/exact/decimal.js";
import { kept, quotient } from "../../src/exact/kept.js";
import { exceeds, sameSize } from "../../src/exact/size.js";

const test = suite("kept");

const text = (found: Decimal | undefined) => found && decimalText(found);

test("a number is kept to 34 significant digits where those reach further than 20 places", () => {
  const thirds = parseDecimal(`0.${"3".repeat(60)}`);
  assert.is(text(kept(thirds)), `0.${"3".repeat(34)}`);
  assert.is(text(kept(parseDecimal(`0.000${"6".repeat(60)}`))), `0.000${"6".repeat(33)}7`);
  assert.is(text(kept(parseDecimal(`12345.${"6".repeat(60)}`))), `12345.${"6".repeat(28)}7`);
});

test("a number is kept to 20 places where those reach further than 34 digits", () => {
  assert.is(text(kept(parseDecimal(`123456789012345678.${"1".repeat(40)}`))), `123456789012345678.${"1".repeat(20)}`);
});

test("halves are rounded away from zero", () => {
  assert.is(text(kept(parseDecimal(`-0.${"0".repeat(33)}15`))), `-0.${"0".repeat(33)}15`);
  assert.is(text(kept(parseDecimal(`-1.${"0".repeat(32)}25`))), `-1.${"0".repeat(32)}3`);
  assert.is(text(kept(parseDecimal(`1.${"9".repeat(40)}`))), "2");
});

test("what needs more than 38 digits is refused", () => {
  assert.is(text(kept(parseDecimal(`1234567890123456789.${"1".repeat(20)}`))), undefined);
  assert.is(text(kept(parseDecimal("1234567890123456789.5"))), "1234567890123456789.5");
});

test("a quotient is the nearest of what can be kept", () => {
  assert.is(text(quotient(parseDecimal("1"), parseDecimal("3"))), `0.${"3".repeat(34)}`);
  assert.is(text(quotient(parseDecimal("-2"), parseDecimal("3"))), `-0.${"6".repeat(33)}7`);
  assert.is(text(quotient(parseDecimal("10000"), parseDecimal("40000"))), "0.25");
  const decimal = fc
    .tuple(fc.bigInt({ min: 1n, max: 10n ** 34n }), fc.integer({ min: 0, max: 30 }))
    .map(([digits, scale]): Decimal => ({ digits, scale }));
  fc.assert(
    fc.property(decimal, decimal, (a, b) => {
      const found = quotient(a, b);
      if (found === undefined) return;
      // |a / b - found| is at most half a unit of its last place: multiplied out, all whole numbers.
      const places = Math.max(20, 34 - digitsBeforePoint(a, b));
      const scale = a.scale + places;
      const exact = BigInt(a.digits) * 10n ** BigInt(scale - a.scale) * 10n ** BigInt(b.scale);
      const back = BigInt(found.digits) * BigInt(b.digits) * 10n ** BigInt(scale - found.scale);
      const missed = exact > back ? exact - back : back - exact;
      assert.ok(2n * missed <= BigInt(b.digits) * 10n ** BigInt(scale - places));
    }),
  );
});

/** Of a / b. */
function digitsBeforePoint(a: Decimal, b: Decimal): number {
  const ratio = (BigInt(a.digits) * 10n ** BigInt(b.scale + 80)) / (BigInt(b.digits) * 10n ** BigInt(a.scale));
  return ratio.toString().length - 80;
}

test("sizes within a relative 1e-9 are equal", () => {
  assert.ok(sameSize(0.3, 0.1 + 0.2));
  assert.ok(sameSize(1, 1 - 9e-10));
  assert.not.ok(sameSize(1, 1 - 2e-9));
  assert.ok(exceeds(1.1, 1));
  assert.not.ok(exceeds(1 + 1e-12, 1));
  assert.not.ok(exceeds(1, 2));
});

test.run();
