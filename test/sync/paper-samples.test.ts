/** The samples in the comments of the paper exchange run, and give what they say. */
import { readFileSync } from "node:fs";
import { transform } from "esbuild";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PaperExchange, servePaperExchange, sharedPaperExchange } from "../../sync/index.js";
import { makeFolder, removeFolder } from "../servers/folder.js";

const folder = await makeFolder();
const test = suite("samples of the paper exchange");

test.after(() => removeFolder(folder));

/** The code blocks of a file's comments. */
function samplesOf(file: string): string[] {
  const source = readFileSync(new URL(`../../sync/paper/${file}`, import.meta.url), "utf8");
  const blocks = source.matchAll(/^ \* ```ts\n((?: \*.*\n)*?) \* ```$/gm);
  return [...blocks].map(([, block = ""]) => block.replaceAll(/^ \* ?/gm, ""));
}

const COUNTING = samplesOf("paper-exchange.ts");
const SHARING = samplesOf("shared/serve.ts");

/** The last line is an expression, and what it gives is behind it in a comment, as JSON. */
const LAST = /^(.*); \/\/ (.+)\n$/m;

test("there is a sample of each way to count, of an inverse contract, and of an account that is shared", () => {
  assert.is(SHARING.length, 1);
  assert.equal(
    COUNTING.map((sample) => /new PaperExchange\((.*)\);/.exec(sample)?.[1]),
    [
      '{ mode: "netting" }',
      '{ mode: "hedge" }',
      '{ market: "spot", balance: 1_000, fees: { maker: 0.001, taker: 0.001 } }',
      "{ fees: { maker: 0, taker: 0 } }",
    ],
  );
});

for (const sample of [...COUNTING, ...SHARING]) {
  const [, expression = "", told = ""] = LAST.exec(sample.slice(sample.lastIndexOf("\n", sample.length - 2) + 1)) ?? [];
  test(`the sample that ends in ${told} does`, async () => {
    const body = sample.slice(0, sample.lastIndexOf("\n", sample.length - 2) + 1);
    const inFolder = body.replaceAll('"paper.', `"${folder}/paper.`);
    const source = `async function run() { ${inFolder} return ${expression}; }`;
    const { code } = await transform(source, { loader: "ts", target: "node20" });
    const names = { PaperExchange, servePaperExchange, sharedPaperExchange };
    const run: unknown = Reflect.construct(Function, [...Object.keys(names), `${code} return run();`]);
    assert.ok(typeof run === "function");
    const given: unknown = await Reflect.apply(run, undefined, Object.values(names));
    assert.equal(given, JSON.parse(told));
  });
}

test.run();
