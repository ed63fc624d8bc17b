import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { keyOf } from "../../src/cli/top/key.js";
import { StateManager } from "../../src/index.js";
import { PaperExchange, recover } from "../../sync/index.js";
import { until } from "../servers/until.js";
import { sfState } from "./command.js";
import { ESCAPE } from "./escape.js";
import { PseudoTerminal } from "./pseudo-terminal.js";
import type { Stand, Test } from "./stand.js";
import { Started } from "./started.js";

const NORMAL_SCREEN = `${ESCAPE}[?1049l`;
const SIZES = [
  { cols: 80, rows: 24 },
  { cols: 200, rows: 50 },
];

/** The fleet and its flows, live, in a pseudo-terminal. */
export function top(test: Test, stand: Stand): void {
  for (const size of SIZES) {
    test(`top at ${size.cols} x ${size.rows}: the fleet, a flow, its breaker tripped and reset on a yes only`, async () => {
      const { file, config } = await stand.ownConfig();
      for (const flow of ["alpha", "beta", "gamma"]) await stand.flow(flow, config);
      await using beta = await StateManager.open("beta", config);
      using terminal = new PseudoTerminal(["top", "--config", file], {}, size);
      await terminal.shows(/3 flows[\s\S]*>1[\s\S]*alpha[\s\S]*beta[\s\S]*gamma[\s\S]*q: quit/);
      terminal.type("2");
      await terminal.shows(
        /beta {2}fine[\s\S]*breaker quiet[\s\S]*ETH\/USDT[\s\S]*BTC\/USDT[\s\S]*entry_admitted[\s\S]*t: trip/,
      );
      terminal.type("t");
      await terminal.shows(/Trip the breaker of beta at redis .*\? y\/n/);
      terminal.type("n");
      await terminal.shows("nothing was done");
      assert.is(await beta.checkCircuitBreaker(), false);
      terminal.type("t");
      await until("it asks again", () => terminal.text.split("y/n").length > 2);
      terminal.type("y");
      await until("the breaker is tripped", () => beta.checkCircuitBreaker());
      await terminal.shows(/beta {2}breaker[\s\S]*TRIPPED by hand, in sf-state top/);
      terminal.type("r");
      await terminal.shows(/Reset the breaker of beta/);
      terminal.type("y");
      await until("the breaker is reset", async () => !(await beta.checkCircuitBreaker()));
      terminal.type("p");
      await terminal.shows("no recovery is under way");
      terminal.type("b");
      await beta.triggerCircuitBreaker("from elsewhere");
      await terminal.shows(/1 needs you[\s\S]*beta +breaker/);
      terminal.type("q");
      assert.is(await terminal.ended(), 0);
      assert.ok(terminal.written.endsWith(NORMAL_SCREEN), "the last thing is the normal screen");
      for (const frame of terminal.written.split(`${ESCAPE}[?2026h`).slice(1)) {
        assert.ok((frame.split("\n").length ?? 0) <= size.rows, "no frame is higher than the screen");
      }
    });
  }

  test("top shows a bot that holds its DuckDB file, and trips its breaker through it", async () => {
    const folder = await mkdtemp(join(stand.folder, "top-"));
    using bot = new Started(["demo", "--live", "--speed", "50", "--duckdb", folder], folder);
    await bot.says(/until Ctrl-C/);
    using terminal = new PseudoTerminal(["top", "--duckdb", folder], {}, { cols: 80, rows: 24 });
    await terminal.shows(/1 flow[\s\S]*demo-live/);
    terminal.type("\r");
    await terminal.shows(/demo-live {2}fine[\s\S]*breaker quiet/);
    terminal.type("t");
    await terminal.shows(/Trip the breaker of demo-live/);
    terminal.type("y");
    await terminal.shows(/TRIPPED by hand/);
    const seen = await sfState(["breaker", "--duckdb", folder, "--json"]);
    assert.is(JSON.parse(seen.stdout).active, true);
    terminal.type("\u0003");
    assert.is(await terminal.ended(), 0);
    assert.is(await bot.end("SIGTERM"), 0, bot.stderr);
  });

  test("top shows the plan that waits for a person, and approves it on a yes only", async () => {
    const { file, config } = await stand.ownConfig();
    await stand.flow("waiting", config);
    await using manager = await StateManager.open("waiting", config);
    await using exchange = new PaperExchange();
    const { status, plan } = await recover(manager, exchange, {
      mode: "manual",
      settle: 0,
      confirmDelay: 1,
      deadline: 1,
    });
    assert.is(status, "awaiting_approval");
    const approved = async () => (await manager.getRecovery())?.journal.get("approved");
    using terminal = new PseudoTerminal(["top", "--config", file], {}, { cols: 80, rows: 24 });
    await terminal.shows(/waiting +recovering/);
    terminal.type("1");
    await terminal.shows(/recovery by .*\(p: show\)/);
    terminal.type("p");
    await terminal.shows(`Approve plan ${plan.hash} of waiting? y/n`);
    terminal.type("x");
    await terminal.shows("nothing was done");
    assert.is(await approved(), undefined);
    terminal.type("p");
    await until("it asks again", () => terminal.text.split("y/n").length > 2);
    terminal.type("y");
    await until("the plan is approved", async () => (await approved()) === plan.hash);
    terminal.type("q");
    assert.is(await terminal.ended(), 0);
  });

  test("nothing that is stored steers the terminal", async () => {
    const { file, config } = await stand.ownConfig();
    await stand.flow("hostile", config);
    await using manager = await StateManager.open("hostile", config);
    const evil = `${ESCAPE}]0;owned\u0007${ESCAPE}[31m\u202e\u009b2J`;
    await manager.savePosition({ id: `p${evil}`, pair: `X${evil}/USDT`, side: "long", size: 1, entryPrice: 1 });
    await manager.triggerCircuitBreaker(`why${evil}`);
    using terminal = new PseudoTerminal(["top", "--config", file], { NO_COLOR: "1" }, { cols: 120, rows: 30 });
    await terminal.shows("hostile");
    terminal.type("1");
    await terminal.shows(/TRIPPED why/);
    terminal.type("q");
    assert.is(await terminal.ended(), 0);
    for (const part of [`${ESCAPE}]0`, `${ESCAPE}[31m`, "\u0007", "\u202e", "\u009b"]) {
      assert.not.ok(terminal.written.includes(part), JSON.stringify(part));
    }
  });

  test("the terminal is as it was after kill -TERM", async () => {
    const { file, config } = await stand.ownConfig();
    await stand.flow("alpha", config);
    using terminal = new PseudoTerminal(["top", "--config", file]);
    await terminal.shows("alpha");
    terminal.kill("SIGTERM");
    assert.is(await terminal.ended(), 0);
    assert.ok(terminal.written.endsWith(NORMAL_SCREEN));
  });

  test("without a terminal top says so and ends with 2", async () => {
    const { code, stderr } = await sfState(["top", "--url", stand.url]);
    assert.is(code, 2);
    assert.match(stderr, /top needs a terminal/);
  });

  test("keys mean what the foot says", () => {
    assert.equal(keyOf("7"), { kind: "number", number: 7 });
    assert.equal(keyOf(`${ESCAPE}[B`), { kind: "down" });
    assert.equal(keyOf("\u0003"), { kind: "quit" });
    assert.equal(keyOf("Y"), { kind: "other" });
  });
}
