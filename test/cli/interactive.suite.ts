import * as assert from "uvu/assert";
import { StateManager } from "../../src/index.js";
import { ESCAPE } from "./escape.js";
import { PseudoTerminal } from "./pseudo-terminal.js";
import type { Stand, Test } from "./stand.js";

const ALTERNATE_SCREEN = `${ESCAPE}[?1049h`;
const NORMAL_SCREEN = `${ESCAPE}[?1049l`;
const CLEAR_SCREEN = `${ESCAPE}[2J`;

/** What asks, and what paints: in a pseudo-terminal. */
export function interactive(test: Test, stand: Stand): void {
  const open = (flow: string) => StateManager.open(flow, { backend: "redis", redis: { url: stand.url } });

  test("a person is asked before the breaker trips: no, Ctrl-C and Enter leave it, yes trips it", async () => {
    const flow = await stand.flow();
    await using manager = await open(flow);
    const args = ["breaker", "trip", "by hand", "--flow", flow, "--url", stand.url];
    for (const keys of ["n", "\r", "\u0003"]) {
      using terminal = new PseudoTerminal(args);
      await terminal.shows(`Trip the breaker of ${flow} at redis`);
      terminal.type(keys);
      assert.is(await terminal.ended(), 1, terminal.text);
      assert.match(terminal.text, /not confirmed; nothing was done/);
      assert.is(await manager.checkCircuitBreaker(), false);
    }
    using terminal = new PseudoTerminal(args);
    await terminal.shows(`Trip the breaker of ${flow} at redis`);
    terminal.type("y");
    assert.is(await terminal.ended(), 0, terminal.text);
    assert.match(terminal.text, `${flow}: entries are blocked until`);
    assert.is(await manager.checkCircuitBreaker(), true);
  });

  test("colours are on a terminal, and not with NO_COLOR", async () => {
    const flow = await stand.flow();
    const args = ["breaker", "--flow", flow, "--url", stand.url];
    using coloured = new PseudoTerminal(args);
    await coloured.ended();
    assert.match(coloured.written, `${ESCAPE}[32mquiet`);
    using plain = new PseudoTerminal(args, { NO_COLOR: "1" });
    await plain.ended();
    assert.match(plain.text, "quiet");
    assert.not(plain.written.includes(`${ESCAPE}[`), plain.written);
  });

  test("status --watch shows changes by itself, in place, until Ctrl-C gives the screen back", async () => {
    const flow = await stand.flow();
    await using manager = await open(flow);
    using terminal = new PseudoTerminal(["status", "--watch", "--flow", flow, "--url", stand.url]);
    await terminal.shows(/breaker +quiet/);
    assert.ok(terminal.written.includes(ALTERNATE_SCREEN));
    await manager.triggerCircuitBreaker("seen at once");
    await terminal.shows("TRIPPED seen at once");
    await terminal.shows(/59 min (\d+) s left[\s\S]*59 min (?!\1 s)\d+ s left/); // the time left goes down without any change
    assert.not(terminal.written.includes(NORMAL_SCREEN));
    assert.not(terminal.written.includes(CLEAR_SCREEN), "the screen is painted over, never cleared");
    terminal.type("\u0003");
    assert.is(await terminal.ended(), 0);
    assert.ok(terminal.written.endsWith(NORMAL_SCREEN), "the last thing is the normal screen");
    assert.ok(terminal.written.includes(`${ESCAPE}[?25h`), "the cursor is back");
  });

  test("status --watch shows as much as there is room for", async () => {
    const flow = await stand.flow();
    using terminal = new PseudoTerminal(
      ["status", "--watch", "--flow", flow, "--url", stand.url],
      {},
      { cols: 60, rows: 5 },
    );
    await terminal.shows(/streak/);
    assert.not.match(terminal.text, /heartbeat/);
    terminal.resize(100, 40);
    await terminal.shows(/heartbeat/);
    terminal.type("\u0003");
    assert.is(await terminal.ended(), 0);
  });

  test("status --watch keeps the last picture while the server is away, and goes on when it is back", async () => {
    const flow = await stand.flow();
    using terminal = new PseudoTerminal(["status", "--watch", "--flow", flow, "--url", stand.url]);
    await terminal.shows(/breaker +quiet/);
    await stand.server.kill("SIGSTOP");
    try {
      await terminal.shows(/\w+: Redis at .* nothing happened\s+flow-.*\s+breaker +quiet/);
    } finally {
      await stand.server.kill("SIGCONT");
    }
    await using manager = await open(flow);
    await manager.triggerCircuitBreaker("back again");
    await terminal.shows("TRIPPED back again");
    terminal.type("\u0003");
    assert.is(await terminal.ended(), 0);
  });

  test("ls --watch shows a flow that is made meanwhile", async () => {
    const { file, config } = await stand.ownConfig();
    await stand.flow("first", config);
    using terminal = new PseudoTerminal(["ls", "--watch", "--config", file]);
    await terminal.shows(/1 flow /);
    await stand.flow("second", config);
    await terminal.shows(/2 flows /);
    terminal.type("\u0003");
    assert.is(await terminal.ended(), 0);
  });

  test("ls at 80 columns has the alarm second and cuts nothing; --wide and a wide terminal have all columns", async () => {
    const { file, config } = await stand.ownConfig();
    await stand.flow("quiet-one", config);
    const flow = await stand.flow("tripped-one", config);
    await using manager = await StateManager.open(flow, config);
    await manager.triggerCircuitBreaker("by hand");
    for (const [words, cols, isWide] of [
      [["ls"], 80, false],
      [["ls", "--wide"], 80, true],
      [["ls"], 200, true],
    ] as const) {
      using terminal = new PseudoTerminal([...words, "--config", file], {}, { cols, rows: 24 });
      assert.is(await terminal.ended(), 1);
      if (isWide) assert.match(terminal.text, /FLOW +BREAKER .*LEASE +NOTE/);
      else {
        assert.match(terminal.text, /FLOW +ALARM +PNL TODAY .*HEARTBEAT/);
        assert.match(terminal.text, /quiet-one +fine +-20\.50/);
        assert.match(terminal.text, /tripped-one +breaker +-20\.50/);
        const rows = terminal.text.split(/\r?\n/).filter((line) => /ALARM|-one/.test(line));
        for (const line of rows) assert.ok(line.length <= 80, line);
      }
    }
  });

  test("events --follow shows what was, then what comes, until Ctrl-C", async () => {
    const flow = await stand.flow();
    await using manager = await open(flow);
    using terminal = new PseudoTerminal(["events", "--follow", "--limit", "1", "--flow", flow, "--url", stand.url]);
    await terminal.shows(/pnl_booked +-20\.50/);
    assert.not.match(terminal.text, /limits_set/);
    for (const reason of ["one", "two", "three"]) {
      await manager.triggerCircuitBreaker(reason, { duration: "until_reset" });
      await manager.resetCircuitBreaker();
    }
    await terminal.shows(
      /tripped +one,[\s\S]*breaker_reset[\s\S]*tripped +two,[\s\S]*tripped +three,[\s\S]*breaker_reset/,
    );
    terminal.type("\u0003");
    assert.is(await terminal.ended(), 0);
  });
}
