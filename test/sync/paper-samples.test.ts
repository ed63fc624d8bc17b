/** The samples in the comments of the paper exchange run, and give what they say. */
import { readFileSync } from "node:fs";
import { transform } from "esbuild";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PaperExchange } from "../../sync/index.js";

const test = suite("samples of the paper exchange");

const SOURCE = readFileSync(new URL("../../sync/paper/paper-exchange.ts", import.meta.url), "utf8");

/** The code blocks of the comments. */
const SAMPLES = [...SOURCE.matchAll(/^ \* ```ts\n((?: \*.*\n)*?) \* ```$/gm)].map(([, block = ""]) =>
  block.replaceAll(/^ \* ?/gm, ""),
);

/** The last line is an expression, and what it gives is behind it in a comment, as JSON. */
const LAST = /^(.*); \/\/ (.+)\n$/m;

test("there is a sample of each way to count, and of an inverse contract", () => {
  assert.equal(
    SAMPLES.map((sample) => /new PaperExchange\((.*)\);/.exec(sample)?.[1]),
    [
      '{ mode: "netting" }',
      '{ mode: "hedge" }',
      '{ market: "spot", balance: 1_000, fees: { maker: 0.001, taker: 0.001 } }',
      "{ fees: { maker: 0, taker: 0 } }",
    ],
  );
});

for (const sample of SAMPLES) {
  const [, expression = "", told = ""] = LAST.exec(sample.slice(sample.lastIndexOf("\n", sample.length - 2) + 1)) ?? [];
  test(`the sample that ends in ${told} does`, async () => {
    const body = sample.slice(0, sample.lastIndexOf("\n", sample.length - 2) + 1);
    const { code } = await transform(`async function run() { ${body} return ${expression}; }`, { loader: "ts" });
    const run: unknown = Reflect.construct(Function, ["PaperExchange", `${code} return run();`]);
    assert.ok(typeof run === "function");
    const given: unknown = await Reflect.apply(run, undefined, [PaperExchange]);
    assert.equal(given, JSON.parse(told));
  });
}

test.run();
