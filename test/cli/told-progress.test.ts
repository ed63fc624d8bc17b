import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ToldProgress } from "../../sync/commands/told-progress.js";
import { CapturedTerminal } from "./captured-terminal.js";

const test = suite("progress of a recovery");

class Screen extends CapturedTerminal {
  override readonly isScreen = true;
}

test("what a recovery is at is painted over in one line of stderr, no wider than the screen, and taken away", () => {
  const terminal = new Screen();
  {
    using progress = new ToldProgress(terminal);
    progress.tell({ at: "asking", what: "paper: fills of BTC/USDT", elapsed: 1500 });
    progress.tell({ at: "asking", what: "painted too soon", elapsed: 1501 });
    progress.tell({ at: "waiting", what: `for orders ${"x".repeat(200)}\n`, elapsed: 2000 });
  }
  const [, first = "", second = "", last] = terminal.stderr.split("\r\u001b[2K");
  assert.match(first, /^asking: paper: fills of BTC\/USDT \(1 s\)$/);
  assert.match(second, /^waiting: for orders x+$/);
  assert.is(second.length, 79);
  assert.is(last, "");
  assert.is(terminal.stdout, "");
});

test("where there is no screen nothing is painted", () => {
  const terminal = new CapturedTerminal();
  {
    using progress = new ToldProgress(terminal);
    progress.tell({ at: "acting", what: "closing", elapsed: 1 });
  }
  assert.is(terminal.stderr, "");
});

test.run();
