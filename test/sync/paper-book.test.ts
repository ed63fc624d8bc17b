/** What a paper exchange remembers, and how it parts an order: the pieces that nothing else can see. */
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { toMoney } from "../../src/exact/money.js";
import { Book } from "../../sync/paper/book.js";
import type { PaperOrder, PaperPosition } from "../../sync/paper/paper-rows.js";
import { rulesOf } from "../../sync/paper/rules.js";
import { piecesOf, touchedPart } from "../../sync/paper/split.js";
import { BTC, ETH } from "./paper/samples.js";

const test = suite("the paper exchange's book");

const RULES = rulesOf({});

function newBook(): Book {
  const book = new Book();
  book.begin(RULES);
  return book;
}

function order(id: string, clientOrderId: string): PaperOrder {
  return {
    ...{ id, clientOrderId, pair: BTC, side: "buy", type: "limit", size: "1", filled: "0", cost: "0", price: 90 },
    ...{ status: "open", reduceOnly: false, positionSide: null, waits: null, createdAt: 0, endedAt: null },
  };
}

function position(pair: string, size = "1"): PaperPosition {
  return { pair, side: "long", size, entryPrice: 100, cost: null };
}

test("what is taken back was never there, in no index either", () => {
  const book = newBook();
  book.setOrder(order("o1", "taken-back"));
  book.setPosition(position(BTC));
  book.rollback();
  book.setOrder(order("o1", "kept"));
  assert.is(book.order("taken-back"), undefined);
  assert.is(book.order("kept")?.id, "o1");
  assert.equal(book.positions(), []);
  assert.is(book.openOrders().length, 1);
});

test("open orders are told oldest first, the tenth after the ninth", () => {
  const book = newBook();
  for (const id of ["o10", "o9", "o11"]) book.setOrder(order(id, id));
  assert.equal(
    book.openOrders().map(({ id }) => id),
    ["o9", "o10", "o11"],
  );
});

test("a book that is read back from what changed is written like the one that changed", () => {
  const book = newBook();
  const again = newBook();
  const keep = () => again.load(book.commit());
  book.setPosition(position(BTC));
  book.setPosition(position(ETH));
  keep();
  book.removePosition(BTC, "long");
  book.setPosition(position(BTC, "2")); // behind the other now, but for one who reads only what came of it
  keep();
  assert.equal(again.written(), book.written());
  assert.equal(book.commit(), []);
});

test("rows that are not ours are refused", () => {
  assert.throws(() => newBook().load([["trades", "t1", {}]]), /unknown table trades/);
  assert.throws(() => newBook().load([["orders", "o1", { ...order("o1", "a"), size: 1 }]]), /size/);
});

function units(size: string): bigint {
  return toMoney(Number(size)) ?? 0n;
}

test("the pieces of an order are multiples of the step, above zero, and add up to it; a touch fills less than all", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 1, max: 500 }),
      fc.boolean(),
      fc.string(),
      (seed, steps, stepped, occasion) => {
        const rules = rulesOf({ seed, fills: "partial", ...(stepped && { sizeStep: 0.01 }) });
        const size = String(steps / 100);
        const pieces = piecesOf(rules, BTC, size, occasion);
        assert.is(
          pieces.reduce((sum, piece) => sum + units(piece), 0n),
          units(size),
        );
        const touched = touchedPart(rules, BTC, size, occasion);
        for (const piece of [...pieces, touched]) {
          assert.ok(units(piece) > 0n, piece);
          if (stepped) assert.is(units(piece) % units("0.01"), 0n);
        }
        assert.is(units(touched) < units(size), !stepped || steps > 1);
      },
    ),
    { numRuns: 1000 },
  );
});

test("an order that is no multiple of the step, and one of whole fills, is not parted", () => {
  assert.equal(piecesOf(rulesOf({ fills: "partial", sizeStep: 0.1 }), BTC, "0.25", "x"), ["0.25"]);
  assert.is(touchedPart(rulesOf({ fills: "partial", sizeStep: 0.1 }), BTC, "0.25", "x"), "0.25");
  assert.equal(piecesOf(RULES, BTC, "5", "x"), ["5"]);
});

test.run();
