import { suite } from "uvu";
import * as assert from "uvu/assert";
import { textTable } from "../../src/words/text-table.js";

const test = suite("text table");
const COLUMNS = [{ title: "Pair" }, { title: "PnL", align: "right" }] as const;

test("numbers stand to the right, titles are capitals, and no line ends with a blank", () => {
  assert.is(
    textTable(COLUMNS, [
      ["BTC/USDT", "-1.50"],
      ["ETH", "12.00"],
    ]),
    "PAIR        PNL\nBTC/USDT  -1.50\nETH       12.00\n",
  );
});

test("a cell that is coloured is as wide as one that is not, and each is told its place", () => {
  const cell = (text: string, row: number, column: number) =>
    row === 1 && column === 1 ? `\u001b[31m${text}\u001b[0m` : text;
  const text = textTable(
    COLUMNS,
    [
      ["BTC/USDT", "-1.50"],
      ["ETH", "2.00"],
    ],
    { heading: (title) => title, cell },
  );
  assert.is(text, "Pair        PnL\nBTC/USDT  -1.50\nETH        \u001b[31m2.00\u001b[0m\n");
});

test.run();
