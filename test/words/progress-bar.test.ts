import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ProgressBar } from "../../src/words/progress-bar.js";

const test = suite("progress bar");

function screen(isScreen: boolean) {
  const written: string[] = [];
  return { written, isScreen, err: (text: string) => void written.push(text) };
}

test("where there is no terminal, every tenth after the first one is a line, once", () => {
  const to = screen(false);
  using bar = new ProgressBar(to, { tenthsAfter: 0.25 });
  for (let done = 26; done <= 100; done++) bar.at(done, 100, `at ${done}`);
  assert.equal(
    to.written,
    [30, 40, 50, 60, 70, 80, 90, 100].map((tenth) => `${String(tenth).padStart(3)}%  at ${tenth}\n`),
  );
});

test("where there is no terminal and nobody asked for tenths, nothing is said", () => {
  const to = screen(false);
  {
    using bar = new ProgressBar(to, { words: "copying" });
    bar.at(1, 2);
    bar.at(2, 2);
  }
  assert.equal(to.written, []);
});

test("on a terminal it is painted over in place, lines go above it, and it is gone in the end", () => {
  const to = screen(true);
  {
    using bar = new ProgressBar(to, { words: "copying" });
    bar.at(1, 2);
    bar.line("a trade");
    bar.at(2, 2);
  }
  const clear = "\r\u001b[2K";
  assert.equal(to.written, [
    `${clear}${"█".repeat(15)}${"░".repeat(15)}  50%  copying`,
    `${clear}a trade\n`,
    `${clear}${"█".repeat(30)} 100%  copying`,
    clear,
  ]);
});

test("while the total is not known, only words are painted, and on a terminal only", () => {
  const clear = "\r\u001b[2K";
  for (const [isScreen, written] of [
    [true, [`${clear}reading trades: 1000`, clear]],
    [false, []],
  ] as const) {
    const to = screen(isScreen);
    {
      using bar = new ProgressBar(to, { words: "reading" });
      bar.words("reading trades: 1000");
    }
    assert.equal(to.written, written);
  }
});

test("more steps than were announced fill the bar, and no more", () => {
  const to = screen(true);
  using bar = new ProgressBar(to);
  bar.at(5, 4);
  assert.match(to.written.join(""), /█{30} 100%/);
});

test.run();
