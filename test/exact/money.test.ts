import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { averagePrice } from "../../src/exact/average-price.js";
import * as decimal from "../../src/exact/decimal.js";
import * as money from "../../src/exact/money.js";
import { big, bigMoney, bigText } from "./big.js";

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
    [0.1, 1, 1],
    [-12.5, -125, 1],
    [-0, 0, 0],
    [1e21, 10n ** 21n, 0],
    [5e-324, 5, 324],
    [1.5e-7, 15, 8],
    [123456789, 123456789, 0],
    [0.1 + 0.2, 30_000_000_000_000_004n, 17],
    [2 ** 53 - 1, 2 ** 53 - 1, 0],
    [2 ** 53, 2n ** 53n, 0],
  ] as const) {
    assert.equal(decimal.toDecimal(value), { digits, scale });
  }
  fc.assert(fc.property(double, (value) => Number(decimal.decimalText(decimal.toDecimal(value))) === value));
  assert.throws(() => decimal.toDecimal(Number.NaN), /not a finite number/);
});

/** Doubles around every bound of the arithmetic in plain numbers: 2^53, 9e15, 8 places, 15 digits, exponents. */
const anyDouble = fc.oneof(
  double,
  fc
    .tuple(fc.maxSafeInteger(), fc.integer({ min: -6, max: 25 }))
    .map(([digits, scale]) => Number(`${digits}e${-scale}`)),
  fc
    .tuple(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.integer({ min: -16, max: 10 }))
    .map(([d, e]) => Number(`${d}e${e}`)),
  fc
    .tuple(
      fc.constantFrom(2 ** 53, 9e15, 1e15, 1e8, 1e7, 1, 1e-6, 1e-8, 2 ** 53 / 1e8),
      fc.constantFrom(1, -1, 1 + Number.EPSILON, 1 - Number.EPSILON, 0.1, 10),
      fc.integer({ min: -2, max: 2 }),
    )
    .map(([bound, factor, steps]) => bound * factor + steps),
);

interface Exact {
  readonly digits: bigint;
  readonly scale: number;
}

/** What `String` shows of a double, in whole numbers of any size. */
function shown(value: number): Exact {
  const [mantissa = "", exponent = "0"] = String(value).split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const scale = fraction.length - Number(exponent);
  const digits = BigInt(whole + fraction);
  return scale < 0 ? { digits: digits * 10n ** BigInt(-scale), scale: 0 } : { digits, scale };
}

function textOf({ digits, scale }: Exact): string {
  const padded = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, "0");
  const [whole, fraction] = [padded.slice(0, padded.length - scale), padded.slice(padded.length - scale)];
  return `${digits < 0n ? "-" : ""}${whole}.${fraction}`.replace(/\.?0*$/, "");
}

function exactSum(a: Exact, b: Exact): Exact {
  const scale = Math.max(a.scale, b.scale);
  const scaled = (each: Exact) => each.digits * 10n ** BigInt(scale - each.scale);
  return { digits: scaled(a) + scaled(b), scale };
}

test("what fits plain numbers comes out as what needs bigints", () => {
  const { addDecimal, decimalText, multiplyDecimal, negateDecimal, toDecimal } = decimal;
  const assertSame = (found: decimal.Decimal, expected: Exact) => {
    const text = textOf(expected);
    assert.is(decimalText(found), text);
    assert.ok(Object.is(decimal.toNumber(found), Number(text)), text);
    assert.is(money.roundDecimal(found), rounded(expected.digits, expected.scale));
    assert.is(decimalText(decimal.parseDecimal(text)), text);
    assert.ok(typeof found.digits === "bigint" || Number.isSafeInteger(found.digits));
  };
  fc.assert(
    fc.property(anyDouble, anyDouble, anyDouble, (a, b, c) => {
      const [x, y, z] = [shown(a), shown(b), shown(c)];
      assertSame(toDecimal(a), x);
      assertSame(negateDecimal(toDecimal(a)), { ...x, digits: -x.digits });
      assertSame(addDecimal(toDecimal(a), toDecimal(b)), exactSum(x, y));
      const product = { digits: x.digits * y.digits, scale: x.scale + y.scale };
      assertSame(multiplyDecimal(toDecimal(a), toDecimal(b)), product);
      const grown = addDecimal(multiplyDecimal(toDecimal(a), toDecimal(b)), toDecimal(c));
      assertSame(grown, exactSum(product, z));
      const fits = Math.abs(a) <= 9e15;
      assert.is(money.toMoney(a), fits ? rounded(x.digits, x.scale) : undefined);
    }),
    { numRuns: 5_000 },
  );
});

test("an amount is written and read as its digits say, on both sides of 2^53 units", () => {
  const near = fc.tuple(
    fc.constantFrom(2n ** 53n, 10n ** 15n, 100n, 0n),
    fc.bigInt({ min: -3n, max: 3n }),
    fc.boolean(),
  );
  const units = fc.oneof(
    amount,
    near.map(([bound, step, negative]) => (negative ? -(bound + step) : bound + step)),
    fc.bigInt({ min: -(2n ** 54n), max: 2n ** 54n }),
  );
  fc.assert(
    fc.property(units, (each) => {
      const text = textOf({ digits: each, scale: 8 });
      assert.is(money.formatMoney(each), text);
      assert.ok(Object.is(money.fromMoney(each), Number(text)));
    }),
    { numRuns: 2_000 },
  );
});

test("decimals are added and multiplied without any loss", () => {
  const { addDecimal, decimalText, multiplyDecimal, negateDecimal, toDecimal } = decimal;
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
    fc.property(written, (each) => {
      const text = decimal.decimalText(each);
      assert.not.match(text, /e|\.\d*0$|\.$/);
      assert.is(decimal.decimalText(decimal.parseDecimal(text)), text);
      assert.is(money.roundDecimal(decimal.parseDecimal(text)), rounded(each.digits, each.scale));
    }),
  );
});

test("big.js reads, adds, multiplies and rounds decimals to the same", () => {
  const { addDecimal, decimalText, multiplyDecimal, toDecimal } = decimal;
  fc.assert(
    fc.property(anyDouble, anyDouble, (a, b) => {
      const [x, y] = [toDecimal(a), toDecimal(b)];
      assert.is(decimalText(x), bigText(big(a)));
      for (const [found, expected] of [
        [addDecimal(x, y), big(a).plus(big(b))],
        [multiplyDecimal(x, y), big(a).times(big(b))],
      ] as const) {
        assert.is(decimalText(found), bigText(expected));
        assert.is(money.roundDecimal(found), BigInt(bigMoney(expected).times(1e8).toFixed()));
      }
    }),
    { numRuns: 3_000 },
  );
});

test("big.js rounds what lies on a half, and next to one, to the same", () => {
  const tail = fc.constantFrom("5", "50", "49999999", "50000001", "4", "6");
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), tail, (units, digits) => {
      const near = { digits: BigInt(`${units}${digits}`), scale: 8 + digits.length };
      assert.is(money.roundDecimal(near), BigInt(bigMoney(big(near)).times(1e8).toFixed()));
    }),
    { numRuns: 2_000 },
  );
});

test("big.js sums amounts of money to the same, in any order", () => {
  fc.assert(
    fc.property(fc.array(amount, { maxLength: 30 }), (amounts) => {
      const sum = amounts.reduce((total, each) => total + each, 0n);
      const backwards = amounts.toReversed().reduce((total, each) => total.plus(money.formatMoney(each)), big(0));
      assert.is(money.formatMoney(sum), bigText(backwards));
    }),
  );
});

test("big.js finds the same double next to an average price", () => {
  const size = fc.integer({ min: 1, max: 1_000_000_000 }).map((digits) => Number(`${digits}e-6`));
  const price = fc.integer({ min: 1, max: 1_000_000_000 }).map((digits) => Number(`${digits}e-5`));
  const fills = fc.array(fc.tuple(size, price), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fills, (each) => {
      const { addDecimal, multiplyDecimal, toDecimal, toNumber } = decimal;
      const none = toDecimal(0);
      const cost = each.reduce((sum, [s, p]) => addDecimal(sum, multiplyDecimal(toDecimal(s), toDecimal(p))), none);
      const held = toNumber(each.reduce((sum, [s]) => addDecimal(sum, toDecimal(s)), none));
      const [bigCost, bigHeld] = each.reduce(
        ([c, h], [s, p]) => [c.plus(big(s).times(big(p))), h.plus(big(s))],
        [big(0), big(0)],
      );
      assert.is(bigText(big(cost)), bigText(bigCost));
      assert.is(averagePrice(cost, held), Number(bigCost.div(bigHeld).toFixed()));
    }),
    { numRuns: 3_000 },
  );
});

test.run();
