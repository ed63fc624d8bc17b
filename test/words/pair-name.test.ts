/** What the name of a pair says, by the one rule that manager and recovery share. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { baseOf, quoteOf, settleOf } from "../../src/words/pair-name.js";

const test = suite("pair names");

test("a pair is named by base, quote and what it settles in", () => {
  for (const [pair, base, quote, settle] of [
    ["BTC/USDT", "BTC", "USDT", "USDT"],
    ["BTC/USDT:USDT", "BTC", "USDT", "USDT"],
    ["BTC/USD:BTC", "BTC", "USD", "BTC"],
    ["BTC/USD:BTC-240628", "BTC", "USD", "BTC"],
    ["ETH/USD:BTC", "ETH", "USD", "BTC"],
    ["1000PEPE/USDC:USDC", "1000PEPE", "USDC", "USDC"],
  ] as const) {
    assert.equal([baseOf(pair), quoteOf(pair), settleOf(pair)], [base, quote, settle], pair);
  }
});

test("a name in another form, and an option, say nothing: no part of them is taken for a coin", () => {
  for (const pair of ["BTCUSDT", "BTC", "", "/USDT", "BTC/", "BTC/USD:-240628", "BTC/USD:BTC-240628-50000-C"]) {
    assert.equal([baseOf(pair), quoteOf(pair), settleOf(pair)], ["", "", ""], pair);
  }
});

test.run();
