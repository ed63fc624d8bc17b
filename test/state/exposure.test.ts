import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { toMoney } from "../../src/exact/money.js";
import { positionRow } from "../../src/records/generated/position.js";
import type { PositionRow } from "../../src/records/position.js";
import { Exposure, notionalOf, orderNotional } from "../../src/state/exposure.js";

const test = suite("exposure");

const order = { intent: "entry", status: "open", size: 2, filled: 0.5, price: 100 } as const;

test("a position takes size x price, to 8 places, whatever the sign of the price", () => {
  assert.is(notionalOf(0.5, 40_000), toMoney(20_000));
  assert.is(notionalOf(2, -3), toMoney(6));
  assert.is(notionalOf(1, 0.123456785), toMoney(0.12345679));
  assert.is(notionalOf(1, 0), 0n);
  assert.is(notionalOf(5e-324, 1), 0n);
});

test("no position takes more than 9e12", () => {
  for (const [size, price] of [
    [Number.MAX_VALUE, Number.MAX_VALUE],
    [9e12, 1.01],
    [1e300, 1],
  ] as const) {
    assert.is(notionalOf(size, price), toMoney(9e12));
  }
});

const LINEAR = { coins: undefined, inverse: false, spot: false };

test("an entry without a price takes nothing", () => {
  assert.is(notionalOf(5, null), 0n);
});

test("an entry takes what is left of it, an exit or an order that is over nothing", () => {
  assert.is(orderNotional(LINEAR, order), toMoney(150));
  assert.is(orderNotional(LINEAR, { ...order, filled: 3 }), 0n);
  assert.is(orderNotional(LINEAR, { ...order, price: null }), 0n);
  assert.is(orderNotional(LINEAR, { ...order, intent: "exit" }), 0n);
  for (const status of ["filled", "cancelled", "rejected"] as const)
    assert.is(orderNotional(LINEAR, { ...order, status }), 0n);
  assert.is(orderNotional(LINEAR, { ...order, status: "unknown" }), toMoney(150));
});

test("what a flip closes takes nothing, until more than that is filled", () => {
  const flip = { ...order, size: 5, closes: 2 };
  assert.is(orderNotional(LINEAR, { ...flip, filled: 0 }), toMoney(300));
  assert.is(orderNotional(LINEAR, { ...flip, filled: 2 }), toMoney(300));
  assert.is(orderNotional(LINEAR, { ...flip, filled: 4 }), toMoney(100));
  assert.is(orderNotional(LINEAR, { ...flip, size: 1, filled: 0 }), 0n);
});

const pair = fc.constantFrom("BTC/USDT", "ETH/USDT");
const side = fc.constantFrom("long", "short");
const position = fc.record({ pair, side, notional: fc.bigInt({ min: 0n, max: 10n ** 20n }) }).map(
  (some): PositionRow =>
    positionRow({
      id: "p",
      size: 1,
      entry_price: 1,
      entry_ts: 1,
      realised: 0n,
      fees: "0",
      cash: "0",
      opened_by: "saved",
      version: 1,
      metadata: "{}",
      ...some,
    }),
);

test("the sums are those over the positions that stand, after any changes of them", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.option(position))), (changes) => {
      const exposure = new Exposure();
      const standing = new Map<string, PositionRow>();
      for (const [id, after] of changes) {
        const before = standing.get(id);
        exposure.watchPosition(before, after ?? undefined);
        if (after) standing.set(id, after);
        else standing.delete(id);
      }
      const all = [...standing.values()];
      assert.is(
        exposure.notional,
        all.reduce((sum, { notional }) => sum + notional, 0n),
      );
      assert.is(exposure.slots, all.length);
      for (const side of ["long", "short"] as const) {
        const counted = new Map<string, number>();
        for (const each of all) {
          if (each.side === side) counted.set(each.pair, (counted.get(each.pair) ?? 0) + 1);
        }
        assert.equal(new Map([...exposure.slotsOf[side]].sort()), new Map([...counted].sort()));
        for (const [name, count] of counted) assert.is(exposure.onSide(name, side), count);
      }
    }),
  );
});

test.run();
