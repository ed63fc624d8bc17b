import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as money from "../../src/state/money.js";

const test = suite("money");
const UNITS = 100_000_000n;

const amount = fc.bigInt({ min: -money.MAX_MONEY, max: money.MAX_MONEY });
const double = fc.double({ noNaN: true, noDefaultInfinity: true });

/** Rounds `digits` x 10^-`scale` to whole units of 1e-8, half away from zero, the schoolbook way. */
function rounded(digits: bigint, scale: number): bigint {
  const negative = digits < 0n;
  const text = (negative ? -digits : digits).toString().padStart(scale + 1, "0");
  const whole = text.slice(0, text.length - scale);
  const fraction = text.slice(text.length - scale).padEnd(9, "0");
  const up = Number(fraction[8]) >= 5 ? 1n : 0n;
  const units = BigInt(whole) * UNITS + BigInt(fraction.slice(0, 8)) + up;
  return negative ? -units : units;
}

test("an amount is written as a plain decimal and reads back as it was", () => {
  for (const [units, text] of [
    [0n, "0"],
    [1n, "0.00000001"],
    [-1n, "-0.00000001"],
    [10n, "0.0000001"],
    [UNITS, "1"],
    [-UNITS / 2n, "-0.5"],
    [123_456_789_012n, "1234.56789012"],
    [money.MAX_MONEY, "9000000000000000"],
    [1n - money.MAX_MONEY, "-8999999999999999.99999999"],
  ] as const) {
    assert.is(money.formatMoney(units), text);
    assert.is(money.parseMoney(text), units);
  }
  fc.assert(fc.property(amount, (units) => money.parseMoney(money.formatMoney(units)) === units));
});

test("a text that is no amount is refused", () => {
  for (const text of ["", "-", ".5", "1.", "1e3", "+1", " 1", "1.123456789", "NaN", "1,5", "--1", "0x1"]) {
    assert.throws(() => money.parseMoney(text), /not an amount of money/);
  }
});

test("a number is rounded as its shortest decimal says, half away from zero", () => {
  const written = fc.tuple(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), fc.integer({ min: 0, max: 15 }));
  fc.assert(
    fc.property(written, ([digits, scale]) => {
      // 15 digits are always given back by a double, so this is what it shows.
      assert.is(money.toMoney(Number(`${digits}e-${scale}`)), rounded(digits, scale));
    }),
    { numRuns: 2_000 },
  );
});

test("only finite numbers up to 9e15 are amounts", () => {
  assert.is(money.toMoney(9e15), money.MAX_MONEY);
  assert.is(money.toMoney(-9e15), -money.MAX_MONEY);
  for (const value of [9000000000000001, -9000000000000001, Number.MAX_VALUE, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.is(money.toMoney(value), undefined);
  }
  assert.is(money.withinMoney(money.MAX_MONEY), true);
  assert.is(money.withinMoney(-money.MAX_MONEY), true);
  assert.is(money.withinMoney(money.MAX_MONEY + 1n), false);
  assert.is(money.withinMoney(-money.MAX_MONEY - 1n), false);
});

test("an amount of up to 15 digits is the double that people would write", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 15n) + 1n, max: 10n ** 15n - 1n }), (units) => {
      assert.is(money.toMoney(money.fromMoney(units)), units);
    }),
  );
  assert.is(money.fromMoney(30_000_000n), 0.3);
  assert.ok(Object.is(money.fromMoney(0n), 0));
});

test("a double is the decimal that String shows, exactly", () => {
  for (const [value, digits, scale] of [
    [0.1, 1n, 1],
    [-12.5, -125n, 1],
    [1e21, 10n ** 21n, 0],
    [5e-324, 5n, 324],
    [1.5e-7, 15n, 8],
    [123456789, 123456789n, 0],
  ] as const) {
    assert.equal(money.toDecimal(value), { digits, scale });
  }
  fc.assert(fc.property(double, (value) => Number(money.decimalText(money.toDecimal(value))) === value));
  assert.throws(() => money.toDecimal(Number.NaN), /not a finite number/);
});

test("decimals are added and multiplied without any loss", () => {
  const { addDecimal, decimalText, multiplyDecimal, negateDecimal, toDecimal } = money;
  assert.is(decimalText(addDecimal(toDecimal(0.1), toDecimal(0.2))), "0.3");
  assert.is(decimalText(addDecimal(toDecimal(1e21), toDecimal(5e-10))), "1000000000000000000000.0000000005");
  assert.is(decimalText(multiplyDecimal(toDecimal(0.1), toDecimal(-0.3))), "-0.03");
  assert.is(decimalText(addDecimal(toDecimal(0.1), negateDecimal(toDecimal(0.1)))), "0");
  const written = fc.record({ digits: fc.bigInt(), scale: fc.nat({ max: 40 }) });
  fc.assert(
    fc.property(written, written, written, (a, b, c) => {
      const left = multiplyDecimal(addDecimal(a, b), c);
      const right = addDecimal(multiplyDecimal(a, c), multiplyDecimal(b, c));
      assert.is(decimalText(left), decimalText(right));
    }),
  );
});

test("a decimal text reads back as the decimal", () => {
  const written = fc.record({ digits: fc.bigInt(), scale: fc.nat({ max: 40 }) });
  fc.assert(
    fc.property(written, (decimal) => {
      const text = money.decimalText(decimal);
      assert.not.match(text, /e|\.\d*0$|\.$/);
      assert.is(money.decimalText(money.parseDecimal(text)), text);
      assert.is(money.roundDecimal(money.parseDecimal(text)), rounded(decimal.digits, decimal.scale));
    }),
  );
});

test.run();
