import { suite } from "uvu";
import * as assert from "uvu/assert";
import { coloursOf } from "../../src/cli/colours.js";
import { printable, printableJson, printableLines, unsigned } from "../../src/words/printable.js";

const test = suite("printable");

/** What steers a terminal, or is not seen on it. */
const HOSTILE = [
  "\u001b[31m", // a colour
  "\u001b[8m", // concealed from here on
  "\u001b[2J",
  "\u001b]0;title\u0007",
  "\u009b31m", // the same sequence as one character
  "\u202e", // from right to left
  "\u2066",
  "\u200b", // zero width
  "\u2060",
  "\ufeff",
  "\u00ad",
  "\u2028",
  "\u{e0041}", // a tag
  "\ufe0f",
  "\u0000",
  "\r",
  "\b",
  "\ud800",
];

test("nothing that steers a terminal or is not seen is left of a text, and the rest is", () => {
  for (const hostile of HOSTILE) {
    const shown = unsigned(printable(`before${hostile}after`));
    assert.match(shown, /^before\ufffd.*after$/u, JSON.stringify(hostile));
    assert.not.match(
      shown,
      /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u,
      JSON.stringify(hostile),
    );
  }
  assert.is(printable("Zürich 東京 😀 e\u0301 a b"), "Zürich 東京 😀 e\u0301 a b");
});

test("our own colours stay, and a stored text cannot bring colours of its own, signed or not", () => {
  const { red } = coloursOf(true);
  assert.is(unsigned(printable(red("loss"))), "\u001b[31mloss\u001b[39m");
  assert.is(unsigned(printable(red("a\u001b[32mb"))), "\u001b[31ma\ufffd[32mb\u001b[39m");
  for (const guess of ["100000000", "999999999", "0", ""]) {
    const shown = unsigned(printable(`\u001b[${guess};31mx`));
    assert.not.ok(shown.includes("\u001b"), shown);
  }
  assert.is(coloursOf(false).red("plain"), "plain");
});

test("line breaks stay where there are lines, and nowhere else", () => {
  assert.is(printableLines("a\nb\u001b[1m"), "a\nb\ufffd[1m");
  assert.is(printable("a\nb"), "a\ufffdb");
});

test("JSON means the same without what is not seen", () => {
  for (const hostile of HOSTILE) {
    const value = { [`key${hostile}`]: `text${hostile}` };
    const shown = printableJson(JSON.stringify(value, null, 2));
    assert.equal(JSON.parse(shown), value);
    assert.not.match(shown.replaceAll("\n", ""), /[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/u);
  }
});

test.run();
