/** Records as Redis stores them come back as the rows they were; what is not such a record is refused by name. */
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as stored from "../../src/layout/stored-records.js";
import { amendment } from "../../src/records/amendment.js";
import { breaker } from "../../src/records/breaker.js";
import { dust } from "../../src/records/dust.js";
import type { Field, Fields, Row } from "../../src/records/field.js";
import { madeOf } from "../../src/records/field.js";
import { orderRow } from "../../src/records/generated/order.js";
import { hashOf } from "../../src/records/hash.js";
import { lease } from "../../src/records/lease.js";
import { meta } from "../../src/records/meta.js";
import { order } from "../../src/records/order.js";
import { position } from "../../src/records/position.js";
import { recovery } from "../../src/records/recovery.js";
import { risk } from "../../src/records/risk.js";
import { lastSignal } from "../../src/records/signal.js";
import { hashReader } from "../../src/records/stored.js";
import { trade } from "../../src/records/trade.js";

const test = suite("records: stored");

const words = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 });
const double = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);

function valueIn({ kind, words: choices }: Field): fc.Arbitrary<unknown> {
  switch (kind) {
    case "name":
    case "text":
      return words;
    case "word":
      return fc.constantFrom(...choices);
    case "json":
      return fc.dictionary(words, fc.jsonValue()).map((value) => JSON.stringify(value));
    case "decimal":
      return fc.constantFrom("0", "-1.5", "123456789012345678901234567890.5");
    case "unpriced":
      return fc.constantFrom("fee BNB 0.005", "fee BNB 0.005 result BTC -1.25");
    case "flag":
      return fc.constant(1);
    case "double":
      return double;
    case "whole":
    case "duration":
    case "time":
      return fc.nat();
    case "money":
      return fc.bigInt({ min: -(9n * 10n ** 23n), max: 9n * 10n ** 23n });
  }
}

function rowsOf<F extends Fields>(fields: F): fc.Arbitrary<Row<F>> {
  const values: Record<string, fc.Arbitrary<unknown>> = {};
  for (const [name, field] of Object.entries(fields)) {
    values[name] = field.presence === "always" ? valueIn(field) : fc.option(valueIn(field));
  }
  return fc.record(values).map((found) => madeOf<Row<F>>(Object.keys(fields), (name) => found[name]));
}

function comesBack(what: string, fields: Fields): void {
  test(`${what}, a hash, comes back as it was`, () => {
    const read = hashReader(fields);
    fc.assert(fc.property(rowsOf(fields), (row) => assert.equal(read(hashOf(fields, row)), row)));
  });
  test(`${what} with a field that is foreign, missing or of another kind is refused by its name`, () => {
    const read = hashReader(fields);
    const [row] = fc.sample(rowsOf(fields), 1);
    assert.ok(row);
    const texts = hashOf(fields, row);
    assert.throws(() => read({ ...texts, foreign: "1" }), /foreign/);
    for (const [name, { kind, presence, since, was }] of Object.entries(fields)) {
      if (presence === "left out") continue;
      const { [name]: _, ...rest } = texts;
      // A record of before the field has what that meant.
      if (since > 1) assert.equal(read(rest), { ...row, [name]: was ?? null });
      else assert.throws(() => read(rest), new RegExp(`^${name}: `));
      if (kind !== "text" && kind !== "name")
        assert.throws(() => read({ ...texts, [name]: "?" }), new RegExp(`^${name}: `));
    }
  });
}

comesBack("what a flow says of itself", meta);
comesBack("the risk", risk);
comesBack("the breaker", breaker);
comesBack("the last signal", lastSignal);
comesBack("the lease", lease);
comesBack("the recovery", recovery);

test("an order comes back from its JSON as it was", () => {
  fc.assert(fc.property(rowsOf(order), (row) => assert.equal(stored.orderRow(row.id, stored.orderText(row)), row)));
});

test("a position comes back from its JSON as it was", () => {
  fc.assert(
    fc.property(rowsOf(position), (row) => assert.equal(stored.positionRow(row.id, stored.positionText(row)), row)),
  );
});

test("a day comes back from its JSON as it was", () => {
  const parts = { closed: -200_000_000n, later: 10_000_000n, cash: 1n, untied: 0n };
  const row = { day: "2026-11-28", pnl: -150_000_000n, trades: 3, ...parts };
  assert.is(
    stored.dayText(row),
    '{"pnl":"-1.5","trades":3,"closed":"-2","later":"0.1","cash":"0.00000001","untied":"0"}',
  );
  assert.equal(stored.dayRow(row.day, stored.dayText(row)), row);
  const before = stored.dayRow(row.day, '{"pnl":"-1.5","trades":3}');
  assert.equal(before, { ...row, closed: 0n, later: 0n, cash: 0n, untied: 0n }, "one of before schema 3");
});

test("a trade comes back from its JSON as it was", () => {
  fc.assert(fc.property(rowsOf(trade), (row) => assert.equal(stored.tradeRow(row.key, stored.tradeText(row)), row)));
});

test("what was booked on a trade later comes back as it was", () => {
  fc.assert(
    fc.property(rowsOf(amendment), (row) => assert.equal(stored.amendmentRow(row.key, stored.amendmentText(row)), row)),
  );
});

test("dust comes back as it was", () => {
  fc.assert(fc.property(rowsOf(dust), (row) => assert.equal(stored.dustRow(row.pair_side, stored.dustText(row)), row)));
});

test("an order's JSON is, byte for byte, what it always was, and what came with schema 3", () => {
  const full = orderRow({
    id: 'a"1',
    pair: "BTC/USDT",
    side: "buy",
    order_type: "limit",
    price: 40_000.5,
    size: 0.1,
    status: "open",
    created_at: 1_700_000_000_000,
    filled: 0,
    intent: "entry",
    position_id: "p",
    signal_id: "s",
    tp: 1,
    sl: 2,
    cooldown: 3,
    metadata: '{"a":[]}',
    notional: 400_005_000_000n,
    version: 2,
    reason: "tp",
    rate: 1.5,
    flip: "q",
    closes: 0.5,
  });
  assert.is(
    stored.orderText(full),
    '{"id":"a\\u00221","pair":"BTC/USDT","side":"buy","order_type":"limit","price":40000.5,"size":0.1,"status":"open",' +
      '"created_at":1700000000000,"filled":0,"intent":"entry","position_id":"p","signal_id":"s","tp":1,"sl":2,"cooldown":3,' +
      '"notional":"4000.05","version":2,"reason":"tp","rate":1.5,"flip":"q","closes":0.5,"metadata":{"a":[]}}',
  );
  const none = { price: null, position_id: null, signal_id: null, tp: null, sl: null, cooldown: null, metadata: null };
  const newer = { reason: null, rate: null, flip: null, closes: null };
  assert.is(
    stored.orderText({ ...full, ...none, ...newer }),
    '{"id":"a\\u00221","pair":"BTC/USDT","side":"buy","order_type":"limit","size":0.1,"status":"open",' +
      '"created_at":1700000000000,"filled":0,"intent":"entry","notional":"4000.05","version":2}',
  );
});

test("an order with a word that is none, a foreign field, another id or no JSON is refused", () => {
  const orderWith = (change: object) =>
    JSON.stringify({
      id: "o",
      pair: "p",
      side: "buy",
      order_type: "limit",
      size: 1,
      status: "open",
      created_at: 1,
      filled: 0,
      intent: "entry",
      notional: "0",
      ...change,
    });
  assert.is(stored.orderRow("o", orderWith({})).price, null);
  assert.is(stored.orderRow("o", orderWith({})).version, 1, "one of before schema 3");
  assert.throws(() => stored.orderRow("o", orderWith({ status: "opened" })), /^status: /);
  assert.throws(() => stored.orderRow("o", orderWith({ foreign: 1 })), /foreign/);
  assert.throws(() => stored.orderRow("o", orderWith({ notional: 1 })), /^notional: /);
  assert.throws(() => stored.orderRow("x", orderWith({})), /^id: expected "x", found "o"/);
  assert.throws(() => stored.orderRow("o", "nothing"), /^expected JSON, found nothing/);
  assert.throws(() => stored.positionRow("o", orderWith({})), /^metadata: missing/);
});

test.run();
