/** The line for a shell that `scripts call` prints: a shell reads back what it was made of, and a person sees all of it. */
import { execFileSync } from "node:child_process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { shellLine } from "../../src/words/shell-line.js";

const test = suite("cli: shell lines");

const WORDS = [
  "",
  "plain",
  "it's",
  "$(touch /tmp/no)`id`",
  "two\nlines\n",
  "\u001b[2J",
  "a\u202eb\u200bc\ufeffd",
  "\u009b31m",
  "'\u0007'",
  "%s%n\\x41\u0001",
  "\t",
  "trailing\r",
  "\r\n",
  "\u{e0041}",
  "-n",
  "*",
];

for (const shell of ["sh", "bash"]) {
  test(`${shell} reads every word back as it was`, () => {
    const program = "process.stdout.write(JSON.stringify(process.argv.slice(1)))";
    const line = shellLine([process.execPath, "-e", program, "--", ...WORDS]);
    assert.equal(JSON.parse(execFileSync(shell, ["-c", line], { encoding: "utf8" })), WORDS);
  });
}

test("nothing in it is unseen but line breaks", () => {
  const line = shellLine(WORDS).replaceAll("\n", "");
  assert.not.match(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u);
  assert.is(shellLine(["\u001b[2J"]), `"$(printf '\\033')"'[2J'`);
});

test.run();
