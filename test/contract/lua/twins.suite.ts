import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readSharedText } from "../../../lua/shared-text.js";
import { withShared } from "../../../lua/stamp.js";
import { averagePrice } from "../../../src/exact/average-price.js";
import * as decimal from "../../../src/exact/decimal.js";
import { minus, plus } from "../../../src/exact/double.js";
import { kept, quotient } from "../../../src/exact/kept.js";
import * as money from "../../../src/exact/money.js";
import { dayEnd, dayOf } from "../../../src/state/day.js";
import { drawdownOf } from "../../../src/state/equity.js";
import { notionalOf } from "../../../src/state/exposure.js";
import { readMarket } from "../../../src/words/pair-name.js";
import { big, bigMoney, bigText } from "../../exact/big.js";
import { LONG } from "../../long.js";
import { DAY, MINUTE } from "../clock.js";
import { DOUBLES, EXOTIC_NAMES } from "../samples.js";
import type { Stand } from "./flow.js";

/** How many cases one EVAL works on. */
const BATCH = 4_000;

/** How many times the cases of the short form. */
const TIMES = LONG ? 4 : 1;

const seed = Number(process.env.SEED ?? Date.now());

function sample<T>(arbitrary: fc.Arbitrary<T>, count: number): T[] {
  return fc.sample(arbitrary, { seed, numRuns: count });
}

/** What the answers must be; on a difference the message has the first case and the seed. */
function assertTwins<T>(cases: readonly T[], answers: readonly string[], twin: (value: T) => string): void {
  assert.is(answers.length, cases.length);
  for (const [i, value] of cases.entries()) {
    const [lua, expected] = [answers[i], twin(value)];
    if (lua !== expected) {
      const of = JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? `${inner}n` : inner));
      throw new Error(`${of}: Lua says ${lua}, TypeScript ${expected}; SEED=${seed} repeats it`);
    }
  }
}

const double = fc.double({ noNaN: true, noDefaultInfinity: true });
/** Numbers as people and exchanges write them. */
const written = fc
  .tuple(fc.integer({ min: -99_999_999, max: 99_999_999 }), fc.integer({ min: 0, max: 20 }))
  .map(([digits, places]) => Number(`${digits}e-${places}`) + 0);
const anyNumber = fc.oneof(double, written, fc.constantFrom(...DOUBLES)).map((value) => value + 0);
const amount = fc.oneof(
  fc.bigInt({ min: -money.MAX_MONEY, max: money.MAX_MONEY }),
  fc.bigInt({ min: -300_000_000n, max: 300_000_000n }),
  fc.constantFrom(0n, 1n, -1n, 99_999_999n, 100_000_000n, -99_999_999n, -100_000_000n),
  fc.constantFrom(money.MAX_MONEY, -money.MAX_MONEY, money.MAX_MONEY - 1n, 1n - money.MAX_MONEY),
);

/** Amounts next to those up to which a double says all that is written: 2^26, a million, and 0.0001, below which it is written otherwise. */
const EDGES_OF_MONEY = [2n ** 26n * 100_000_000n, 100_000_000_000_000n, 10_000n, 99_990_000n]
  .flatMap((edge) => [edge - 10_000n, edge - 1n, edge, edge + 1n, edge + 10_000n])
  .flatMap((edge) => [edge, -edge]);

/** Numbers as they are written, next to those up to which a double holds all of their digits. */
const EDGES_OF_DECIMALS = [
  ...["0", "1", "0.5", "9", "99999999999999", "100000000000000", "999999999999999", "1000000000000000"],
  ...["9007199254740991", "9007199254740992", "9007199254740993", "90071992547409930", "9000000000000000"],
  ...["0.00000001", "12345678.90123456", "123456789.0123456", "1234567.89012345", "67108864.00000001"],
  ...["0.00000000000000000001", "0.99999999999999999999", "0.0001", "0.00009999", "0.00000000000001"],
  ...["1e-7", "1.5e-7", "2.5e+3", "1e+21", "1e+22", "1.5e+23", "5e-324", "0.10", "1.00", "0.000000005", "0.0000000049"],
].flatMap((text) => [text, `-${text}`]);

/** The functions of `lua/shared` and their TypeScript twins give the same answers. */
export function luaTwins({ client }: Stand): void {
  const test = suite("lua: twins");
  const shared = readSharedText();

  /** Evaluates a Lua expression for each case, whose texts are `arg[1]`, `arg[2]`..., after own statements. */
  async function evaluate(
    expression: string,
    cases: readonly (readonly string[])[],
    statements = "",
    opening = "",
  ): Promise<string[]> {
    const width = cases[0]?.length ?? 1;
    const loop = `
      local answers = {}
      for i = 1, #ARGV, ${width} do
        local arg = {}
        for j = 1, ${width} do arg[j] = ARGV[i + j - 1] end
        ${statements}
        answers[#answers + 1] = ${expression}
      end
      return answers`;
    const program = withShared(loop, opening, shared);
    const answers: string[] = [];
    for (let i = 0; i < cases.length; i += BATCH) {
      const reply = await client.eval(program, 0, ...cases.slice(i, i + BATCH).flat());
      assert.ok(Array.isArray(reply));
      answers.push(...reply);
    }
    return answers;
  }

  test("number_text writes a double as JavaScript does", async () => {
    const powers = Array.from({ length: 2_098 }, (_, i) => 2 ** (i - 1074));
    const decimals = Array.from({ length: 660 }, (_, i) => Number(`1e${i - 340}`));
    const edges = EDGES_OF_DECIMALS.map(Number);
    const values = [...powers, ...decimals, ...edges, ...sample(anyNumber, 10_000 * TIMES)]
      .flatMap((value) => [value, -value, value * 1.1, value + 1, value / 3])
      .filter(Number.isFinite)
      .map((value) => value + 0);
    const texts = values.map((value) => [String(value)]);
    const answers = await evaluate("number_text(tonumber(arg[1]))", texts);
    assertTwins(values, answers, String);
  });

  test("money is added, negated, written and kept in range alike", async () => {
    const edges = EDGES_OF_MONEY.flatMap((a) => EDGES_OF_MONEY.map((b): [bigint, bigint] => [a, b]));
    const cases = [...edges, ...sample(fc.tuple(amount, amount), 5_000 * TIMES)];
    const texts = cases.map((pair) => pair.map(money.formatMoney));
    const ask = (expression: string) =>
      evaluate(expression, texts, "local u, p = money_parse(arg[1])\nlocal v, q = money_parse(arg[2])");
    assertTwins(cases, await ask("money_text(u, p)"), ([a]) => money.formatMoney(a));
    assertTwins(cases, await ask("money_text(money_negate(u, p))"), ([a]) => money.formatMoney(-a));
    const sums = await ask("money_text(money_add(u, p, v, q))");
    const fits = await ask("tostring(money_fits(money_add(u, p, v, q)))");
    assertTwins(cases, fits, ([a, b]) => String(money.withinMoney(a + b)));
    // A sum beyond 9e15 is refused, so it need not be exact there.
    const within = cases.flatMap(([a, b], i) => (money.withinMoney(a + b) ? [{ sum: a + b, lua: sums[i] ?? "" }] : []));
    assert.ok(within.length > cases.length / 2);
    assertTwins(
      within,
      within.map(({ lua }) => lua),
      ({ sum }) => money.formatMoney(sum),
    );
  });

  test("an amount reads as the money that was written", () => {
    for (const each of sample(amount, 10_000)) assert.is(money.parseMoney(money.formatMoney(each)), each);
  });

  test("decimals are read, added, negated, multiplied and written alike", async () => {
    const cases = sample(fc.tuple(anyNumber, anyNumber), 2_000 * TIMES);
    const texts = cases.map((pair) => pair.map(String));
    const ask = (expression: string) => evaluate(expression, texts, "local a, b = decimal(arg[1]), decimal(arg[2])");
    const { addDecimal, decimalText, multiplyDecimal, negateDecimal, toDecimal } = decimal;
    assertTwins(cases, await ask("decimal_text(a)"), ([a]) => decimalText(toDecimal(a)));
    assertTwins(cases, await ask("decimal_text(decimal_negate(a))"), ([a]) => decimalText(negateDecimal(toDecimal(a))));
    const sums = await ask("decimal_text(decimal_add(a, b))");
    assertTwins(cases, sums, ([a, b]) => decimalText(addDecimal(toDecimal(a), toDecimal(b))));
    assertTwins(cases, sums, ([a, b]) => bigText(big(a).plus(big(b))));
    const products = await ask("decimal_text(decimal_multiply(a, b))");
    assertTwins(cases, products, ([a, b]) => decimalText(multiplyDecimal(toDecimal(a), toDecimal(b))));
    assertTwins(cases, products, ([a, b]) => bigText(big(a).times(big(b))));
  });

  test("decimals at the edge of what a double holds are reckoned with as exactly as others", async () => {
    const cases = EDGES_OF_DECIMALS.flatMap((a) => EDGES_OF_DECIMALS.map((b): [string, string] => [a, b]));
    const ask = (expression: string) =>
      evaluate(
        expression,
        cases,
        `local a, b = decimal(arg[1]), decimal(arg[2])
local function shown(d) return d and decimal_text(d) or "none" end`,
      );
    const { addDecimal, compareDecimal, decimalText, multiplyDecimal, negateDecimal, subtractDecimal, toNumber } =
      decimal;
    const twin = (work: (a: decimal.Decimal, b: decimal.Decimal) => string) => (texts: readonly [string, string]) =>
      work(plainDecimal(texts[0]), plainDecimal(texts[1]));
    const same = async (expression: string, work: (a: decimal.Decimal, b: decimal.Decimal) => string) =>
      assertTwins(cases, await ask(expression), twin(work));
    await same("decimal_text(a)", (a) => decimalText(a));
    await same("decimal_text(decimal_negate(a))", (a) => decimalText(negateDecimal(a)));
    await same("tostring(decimal_sign(a))", (a) => String(compareDecimal(a, ZERO)));
    await same('string.format("%.17g", decimal_value(a)) + 0 == tonumber(decimal_text(a)) and "1" or "0"', () => "1");
    await same("decimal_text(decimal_add(a, b))", (a, b) => decimalText(addDecimal(a, b)));
    await same("decimal_text(decimal_subtract(a, b))", (a, b) => decimalText(subtractDecimal(a, b)));
    await same("decimal_text(decimal_multiply(a, b))", (a, b) => decimalText(multiplyDecimal(a, b)));
    await same("shown(kept_decimal(decimal_multiply(a, b)))", (a, b) => {
      const rounded = kept(multiplyDecimal(a, b));
      return rounded ? decimalText(rounded) : "none";
    });
    await same('decimal_money(decimal_add(a, b)) or "none"', (a, b) => {
      const rounded = money.roundDecimal(addDecimal(a, b));
      return money.withinMoney(rounded) ? money.formatMoney(rounded) : "none";
    });
    assert.is(toNumber(plainDecimal("9007199254740993")), 9007199254740992);
  });

  test("sizes are added and subtracted alike, and the average price is the same double", async () => {
    const size = fc.oneof(anyNumber, written).map(Math.abs);
    const edges = EDGES_OF_DECIMALS.map(Number).map(Math.abs);
    const cases: [number, number][] = [
      ...edges.flatMap((a) => edges.map((b): [number, number] => [a, b])),
      ...sample(fc.tuple(size, size), 5_000 * TIMES),
    ];
    const ask = (expression: string, of: readonly (readonly number[])[]) =>
      evaluate(
        expression,
        of.map((each) => each.map(String)),
        "local a, b = arg[1], arg[2]",
      );
    const finite = cases.filter(([a, b]) => Number.isFinite(a + b));
    assertTwins(finite, await ask("size_sum(a, b)", finite), ([a, b]) => String(plus(a, b)));
    assertTwins(finite, await ask("size_less(a, b)", finite), ([a, b]) => String(minus(a, b)));
    const divisible = finite.filter(([a, b]) => b > 0 && Number.isFinite(a / b));
    const averages = await ask('string.format("%.17g", average_price(decimal(a), tonumber(b)))', divisible);
    assertTwins(
      divisible,
      averages.map((text) => String(Number(text))),
      ([a, b]) => String(averagePrice(decimal.toDecimal(a), b)),
    );
  });

  test("a decimal is rounded to money alike, half away from zero, and refused beyond 9e15", async () => {
    const halves = sample(
      fc.tuple(fc.integer({ min: -1e6, max: 1e6 }), fc.constantFrom("5", "49", "51", "4999999")),
      5_000,
    );
    const products = sample(fc.tuple(anyNumber, anyNumber), 4_000 * TIMES);
    const cases: [string, string][] = [
      ...products.map(([a, b]): [string, string] => [String(a), String(b)]),
      ...halves.map(([units, tail]): [string, string] => [`${units}.12345678${tail}`, "1"]),
      ...halves.map(([units, tail]): [string, string] => [`${units}${tail}`, "1e-9"]),
      ["9000000000000000.000000004", "1"],
      ["9000000000000000.000000005", "1"],
      ["-9000000000000000.000000005", "1"],
    ];
    const answers = await evaluate(
      'decimal_money(decimal_multiply(decimal(arg[1]), decimal(arg[2]))) or "none"',
      cases,
    );
    assertTwins(cases, answers, ([a, b]) => {
      const product = decimal.multiplyDecimal(plainDecimal(a), plainDecimal(b));
      const rounded = money.roundDecimal(product);
      return money.withinMoney(rounded) ? money.formatMoney(rounded) : "none";
    });
    assertTwins(cases, answers, ([a, b]) => {
      const rounded = bigMoney(big(a).times(big(b)));
      return rounded.abs().gt("9e15") ? "none" : bigText(rounded);
    });
  });

  test("what a position takes of the exposure is worked out alike", async () => {
    const size = anyNumber.map(Math.abs).filter((value) => value > 0);
    const whole = fc.integer({ min: 1, max: 1e9 });
    const cases: [number, number][] = [
      ...sample(fc.tuple(size, anyNumber), 5_000 * TIMES),
      ...DOUBLES.flatMap((a) => DOUBLES.map((b): [number, number] => [a, b])),
      ...sample(fc.tuple(whole, whole), 5_000).map(([a, b]): [number, number] => [a / 1e8, b / 1e4]),
      [1, 0.999999995],
      [1, 0.9999999949],
      [3, 2999999999999.9995],
    ];
    const texts = cases.map((pair) => pair.map(String));
    assertTwins(cases, await evaluate("notional_of(arg[1], arg[2])", texts), ([a, b]) =>
      money.formatMoney(notionalOf(a, b)),
    );
  });

  test("what a position keeps is rounded and divided alike, to 20 places or 34 digits", async () => {
    const products = sample(fc.tuple(anyNumber, anyNumber, anyNumber), 1_500 * TIMES);
    const near = fc.double({ noNaN: true, min: -1e9, max: 1e9 }).map((value) => value + 0);
    const doubles = sample(fc.tuple(near, near, near), 750 * TIMES);
    const cases = [...products, ...doubles, ...doubles.map(([a, b, c]) => [b, c, a])];
    const texts = cases.map((triple) => triple.map(String));
    const ask = (expression: string) =>
      evaluate(
        expression,
        texts,
        `local a, b, c = decimal(arg[1]), decimal(arg[2]), decimal(arg[3])
local function shown(d) return d and decimal_text(d) or "none" end`,
      );
    const shown = (found: decimal.Decimal | undefined) => (found ? decimal.decimalText(found) : "none");
    const read = (triple: readonly (number | undefined)[]) => triple.map((each = 0) => decimal.toDecimal(each));
    const product = ([a, b, c]: readonly (number | undefined)[]) => {
      const [x = ZERO, y = ZERO, z = ZERO] = read([a, b, c]);
      return decimal.addDecimal(decimal.multiplyDecimal(x, y), z);
    };
    const sums = await ask("shown(kept_decimal(decimal_add(decimal_multiply(a, b), c)))");
    assertTwins(cases, sums, (triple) => shown(kept(product(triple))));
    const divisible = cases.flatMap((triple, i) => (triple[2] === 0 ? [] : [i]));
    const quotients = await ask('decimal_sign(c) == 0 and "" or shown(quotient(decimal_multiply(a, b), c))');
    assertTwins(
      divisible.map((i) => cases[i] ?? []),
      divisible.map((i) => quotients[i] ?? ""),
      ([a, b, c]) => {
        const [x = ZERO, y = ZERO, z = ZERO] = read([a, b, c]);
        return shown(quotient(decimal.multiplyDecimal(x, y), z));
      },
    );
  });

  test("a drawdown is the double next to what equity has lost of its peak, as big decimals have it", async () => {
    // The smallest doubles have too few digits to be mended.
    const near = fc
      .double({ noNaN: true, min: -9e15, max: 9e15 })
      .filter((value) => value === 0 || Math.abs(value) > 1e-280)
      .map((value) => value + 0);
    const cents = fc.integer({ min: -1e9, max: 1e9 }).map((value) => value / 100);
    const cases: [number, number][] = [
      // Equity above its peak would set a new one, at a time that only scripts have.
      ...sample(fc.tuple(cents, cents), 5_000 * TIMES).map(([a, b]): [number, number] => [
        Math.max(a, b),
        Math.min(a, b),
      ]),
      ...sample(fc.tuple(near, near), 2_500 * TIMES).map(([a, b]): [number, number] => [
        Math.max(a, b),
        Math.min(a, b),
      ]),
      [100.1, 75.075],
      [5e-324, -9e15],
      [0, -50],
      [-1, -2],
    ];
    const answers = await evaluate(
      "risk.drawdown",
      cases.map((pair) => pair.map(String)),
      `local risk = { peak = decimal_text(decimal(arg[1])) }
move_equity(risk, "start", arg[2])`,
    );
    const read = decimal.toDecimal;
    assertTwins(cases, answers, ([peak, equity]) => String(drawdownOf(read(peak), read(equity))));
    assertTwins(cases, answers, ([peak, equity]) => {
      if (peak <= 0 || equity >= peak) return "0";
      return String(Math.min(Number(big(peak).minus(big(equity)).div(big(peak)).toFixed()), 1e15));
    });
  });

  test("the market of a pair is read from its name alike, whatever stands in it", async () => {
    const part = fc.constantFrom(
      "A",
      "BTC",
      "USDT",
      "USD",
      "USDC",
      "/",
      "/",
      ":",
      ":",
      "-",
      " ",
      "\n",
      ".",
      "X".repeat(33),
    );
    const end = fc.constantFrom("", "-260101", "-260101-50000-C", "-260101-1.5-P", "-260101-1-X", ":", "-");
    const coin = fc.constantFrom("BTC", "USDT", "USD", "USDC", "EUR");
    const cases = [
      ...sample(fc.tuple(fc.array(part, { maxLength: 7 }), end), 10_000).map(([parts, last]) => parts.join("") + last),
      ...sample(fc.tuple(coin, coin, coin, end), 2_000).map(([a, b, c, last]) => `${a}/${b}:${c}${last}`),
      ...sample(fc.tuple(coin, coin, end), 500).map(([a, b, last]) => `${a}/${b}${last}`),
    ];
    const own = ["USDT", "USD", "USDC"];
    const answers = await evaluate(
      `fault or table.concat({ market.base or "", market.quote or "", market.settle or "", tostring(market.inverse or false),
        tostring(market.spot or false) }, " ")`,
      cases.map((pair) => [pair]),
      "local market, fault = market_of(arg[1])",
      'local flow_currency, same_currency, meta_key = "USDT", "USD USDC", ""',
    );
    assertTwins(cases, answers, (pair) => {
      const market = readMarket(pair, (a, b) => a === b || (own.includes(a) && own.includes(b)));
      if (typeof market === "string") return `pair: ${market}`;
      const { base = "", quote = "", settle = "" } = market.coins ?? {};
      return [base, quote, settle, market.inverse, market.spot].join(" ");
    });
  });

  test("days and their ends are the same to the millisecond, in every year", async () => {
    const turns = Array.from({ length: 8_029 }, (_, i) => 1970 + i).flatMap((year) =>
      [Date.UTC(year, 0, 1), Date.UTC(year, 1, 28), Date.UTC(year, 2, 1), Date.UTC(year, 11, 31)].flatMap((ms) => [
        ms - 1,
        ms,
        ms + DAY - 1,
      ]),
    );
    const start = fc.integer({ min: 0, max: DAY / MINUTE - 1 }).map((minutes) => minutes * MINUTE);
    const time = fc.oneof(fc.integer({ min: 0, max: 253_402_300_799_999 }), fc.integer({ min: 0, max: 4e12 }));
    const boundary = fc
      .tuple(fc.integer({ min: 0, max: 36_524 }), start, fc.integer({ min: -1, max: 1 }))
      .map(([day, at, off]): [number, number] => [Math.max(0, day * DAY + at + off), at]);
    const cases: [number, number][] = [
      ...turns.map((ms): [number, number] => [Math.max(ms, 0), 0]),
      ...sample(fc.tuple(time, start), 5_000 * TIMES),
      ...sample(boundary, 5_000 * TIMES),
    ];
    const answers = await evaluate(
      'day_of(ms, day_start) .. " " .. string.format("%.0f", day_end(day_of(ms, day_start), day_start))',
      cases.map((pair) => pair.map(String)),
      "local ms, day_start = tonumber(arg[1]), tonumber(arg[2])",
    );
    assertTwins(cases, answers, ([ms, dayStart]) => `${dayOf(ms, dayStart)} ${dayEnd(dayOf(ms, dayStart), dayStart)}`);
  });

  test("a quoted name is JSON that reads back as the name", async () => {
    const names = [...EXOTIC_NAMES, ...sample(fc.string({ unit: "binary", minLength: 1 }), 2_500 * TIMES)];
    const allowed = names.filter((name) => !name.includes("\0"));
    const quoted = await evaluate(
      "quote(arg[1])",
      allowed.map((name) => [name]),
    );
    assertTwins(
      allowed,
      quoted.map((json) => String(JSON.parse(json))),
      (name) => name,
    );
  });

  test("a record is cut where its metadata begins, whatever its names and its metadata say", async () => {
    const metadata = sample(fc.dictionary(fc.string(), fc.jsonValue()), 3_000).map((value) => JSON.stringify(value));
    const cases = [...metadata, "{}", '{"a":",\\"metadata\\":{}}"}'].map((json, i) => [
      EXOTIC_NAMES[i % EXOTIC_NAMES.length] ?? "",
      json,
    ]);
    const answers = await evaluate(
      'head.id .. "\\n" .. metadata',
      cases,
      `local head, metadata = record_parse('{"id":' .. quote(arg[1]) .. ',"metadata":' .. arg[2] .. '}')`,
    );
    assertTwins(cases, answers, ([id, json]) => `${id}\n${json}`);
  });

  test.run();
}

const ZERO: decimal.Decimal = { digits: 0, scale: 0 };

/** A decimal as it is written, which a double may not hold. */
function plainDecimal(text: string): decimal.Decimal {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(text) ?? [];
  const scale = fraction.length - Number(exponent);
  const digits = BigInt(`${sign}${whole}${fraction}`);
  return scale < 0 ? { digits: digits * 10n ** BigInt(-scale), scale: 0 } : { digits, scale };
}
