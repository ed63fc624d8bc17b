import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type Config, type OrderInput, StateManager } from "../../src/index.js";
import { bundle } from "../bundle.js";
import { newFlowId } from "../contract/backends.js";
import { Child } from "../duckdb/child.js";
import { sfState } from "./command.js";
import { PseudoTerminal } from "./pseudo-terminal.js";
import type { Stand, Test } from "./stand.js";

const BOT = await bundle(new URL("./held-bot.ts", import.meta.url));
const PAIR = "BTC/USDT";
const ENTRY: OrderInput = { id: "in", pair: PAIR, side: "buy", size: 1, price: 100, signalId: "s-1" };

/** What an operator does about orders, on a Redis, on a DuckDB file, and through the bot that has such a file open. */
export function orders(test: Test, stand: Stand): void {
  /** A flow of its own on Redis: its words on the command line, and a manager of it. */
  async function onRedis(more: Config = {}) {
    const flow = newFlowId();
    const config: Config = { ...more, backend: "redis", redis: { url: stand.url } };
    const manager = await StateManager.open(flow, config, { instanceId: "bot-1" });
    const run = (...args: string[]) => sfState(["orders", ...args, "--flow", flow, "--url", stand.url]);
    return { flow, manager, run, said: ["--flow", flow, "--url", stand.url] };
  }

  async function newFile(): Promise<string> {
    const folder = join(stand.folder, newFlowId());
    await mkdir(folder);
    return join(folder, "bot.db");
  }

  test("show tells an order, what is reserved, and everything the log tells of it; an unknown outcome ends with 1", async () => {
    const { manager, run } = await onRedis();
    await using _ = manager;
    await manager.saveOrder({ ...ENTRY, status: "unknown", tp: 120, metadata: { strategy: "trend" } });
    await manager.saveOrder({ ...ENTRY, id: "other" });
    const { code, stdout, stderr } = await run("show", "in");
    assert.is(code, 1, stderr);
    for (const words of [
      /^order +entry buy 1 BTC\/USDT at 100 \(limit\), unknown, 0 filled$/m,
      /^signal +s-1$/m,
      /^tp, sl +120, none$/m,
      /^metadata +\{"strategy":"trend"\}$/m,
      /^state +pending: what is not filled of it is reserved$/m,
      /sf-state orders resolve in$/m,
      /order_saved +in BTC\/USDT buy 1 @ 100 unknown {2}bot-1/,
    ]) {
      assert.match(stdout, words);
    }
    assert.not.match(stdout, "order_saved +other");
    await manager.recordFill("in", { fillId: "1", price: 99, size: 1 });
    const json = await run("show", "in", "--json");
    assert.is(json.code, 0, json.stderr);
    const { status, filled, pending, events } = JSON.parse(json.stdout);
    assert.equal(
      [status, filled, pending, events.map(({ type }: { type: string }) => type)],
      ["filled", 1, false, ["order_saved", "fill_recorded"]],
    );
    assert.match((await run("show", "in")).stdout, /^state +over: it reserves nothing$/m);
    const none = await run("show", "nowhere", "--json");
    assert.is(none.code, 1);
    assert.match(JSON.parse(none.stdout).error.message, 'knows no order "nowhere"');
  });

  test("--closed lists orders that are over, from the log of events, in the order in which they ended", async () => {
    const { manager, run } = await onRedis();
    await using _ = manager;
    assert.is((await run("--closed")).stdout, "no orders that are over\n");
    await manager.saveOrder(ENTRY);
    await manager.saveOrder({ ...ENTRY, id: "gone", pair: "ETH/USDT" });
    await manager.saveOrder({ ...ENTRY, id: "forgotten" });
    await manager.saveOrder({ ...ENTRY, id: "pending" });
    await manager.cancelOrder("gone");
    await manager.recordFill("in", { fillId: "1", price: 99, size: 1 });
    await manager.removeOrder("forgotten");
    const { code, stdout } = await run("--closed");
    assert.is(code, 0);
    assert.match(
      stdout,
      /ETH\/USDT .* 0 +cancelled +gone\n.*BTC\/USDT .* 1 +filled +in\n.*BTC\/USDT .* 0 +removed +forgotten\n$/,
    );
    assert.not.match(stdout, "pending");
    assert.match(
      (await run("--closed", "--limit", "1")).stdout,
      /forgotten\nthe newest 1 of 3 orders; more: --limit\n$/,
    );
    const json = JSON.parse((await run("--closed", "--pair", "ETH/USDT", "--json")).stdout);
    assert.equal(
      json.map(({ id, status, endedAt }: { id: string; status: string; endedAt: string }) => [
        id,
        status,
        endedAt > "2026",
      ]),
      [["gone", "cancelled", true]],
    );
    assert.match((await run("--limit", "1")).stderr, "--limit is for --closed");
    const pending = JSON.parse((await run("--pair", PAIR, "--json")).stdout);
    assert.equal(
      pending.map(({ id }: { id: string }) => id),
      ["pending"],
    );
  });

  test("cancel asks first, and says that it does nothing at the exchange; --release-signal gives the signal back", async () => {
    const { flow, manager, run, said } = await onRedis();
    await using _ = manager;
    const asked = await manager.admit({
      signalId: "s-1",
      pair: PAIR,
      side: "long",
      size: 1,
      price: 100,
      orderId: "in",
    });
    assert.is(asked.admitted, true);
    const args = ["orders", "cancel", "in", "--release-signal", ...said];
    {
      using person = new PseudoTerminal(args);
      await person.says(`Cancel order in of flow ${flow} at redis`);
      await person.says("nothing is done at the exchange");
      person.type("n");
      assert.is(await person.ended(), 1);
      assert.is((await manager.getPendingOrders()).length, 1);
    }
    const alone = await run("cancel", "in");
    assert.is(alone.code, 2);
    assert.match(alone.stderr, /Its slot and exposure are free again\..*There is nobody to ask here: say --yes/);
    using person = new PseudoTerminal(args);
    await person.says("Its signal s-1 may be acted on again");
    person.type("y");
    assert.is(await person.ended(), 0, person.text);
    assert.match(person.prose, "in is cancelled in state");
    assert.equal(await manager.getPendingOrders(), []);
    assert.is(await manager.isSignalProcessed("s-1"), false);
    const event = (await manager.getEvents()).at(-1);
    assert.is(event?.type, "order_cancelled");
    assert.match(event?.instance ?? "", /^sf-state@/);
    const again = await run("cancel", "in", "--yes");
    assert.is(again.code, 1);
    assert.match(again.stderr, "order in is cancelled already; nothing was done");
  });

  test("a fill that the exchange tells is booked once, and moves the order and its position", async () => {
    const { manager, run } = await onRedis();
    await using _ = manager;
    await manager.saveOrder({ ...ENTRY, status: "unknown" });
    const resolve = (...more: string[]) => run("resolve", "in", ...more, "--yes");
    const first = await resolve("--filled", "0.4", "--price", "99", "--fill-id", "e-1", "--fee", "0.5");
    assert.is(first.code, 0, first.stderr);
    assert.is(
      first.stdout,
      "in: a fill of 0.4 at 99 (e-1) booked, -0.50; the order is partially_filled, 0.4 of 1 filled\ntoday -0.50\n",
    );
    const again = await resolve("--filled", "0.4", "--price", "99", "--fill-id", "e-1", "--fee", "0.5");
    assert.is(again.stdout, "e-1 of in was booked before; nothing was done\n");
    const last = await resolve("--filled", "0.1", "--price", "98", "--fill-id", "e-2", "--cancelled", "--json");
    assert.is(last.code, 0, last.stderr);
    assert.equal([JSON.parse(last.stdout).order.status, JSON.parse(last.stdout).order.filled], ["cancelled", 0.5]);
    const [position] = await manager.getPositions();
    assert.equal([position?.size, position?.entryPrice, position?.fees], [0.5, 98.8, 0.5]);
    assert.equal(await manager.getPendingOrders(), []);
    const late = await resolve("--filled", "0.5", "--price", "98", "--fill-id", "e-3");
    assert.match(late.stdout, "the order is filled, 1 of 1 filled");
  });

  test("a fill of an exit ends its position, and a loss that trips the breaker ends with 1", async () => {
    const { manager, said } = await onRedis({ risk: { max_daily_loss: 5 } });
    await using _ = manager;
    await manager.saveOrder(ENTRY);
    await manager.recordFill("in", { fillId: "1", price: 100, size: 1 });
    await manager.saveOrder({
      id: "out",
      pair: PAIR,
      side: "sell",
      size: 1,
      intent: "exit",
      positionId: "in",
      status: "unknown",
      reason: "sl",
    });
    using person = new PseudoTerminal([
      ..."orders resolve out --filled 1 --price 90 --fill-id e-1".split(" "),
      ...said,
    ]);
    await person.says("Book a fill of 1 at 90 (e-1) on order out");
    await person.says("It reduces position in (long 1 BTC/USDT at 100)");
    person.type("y");
    assert.is(await person.ended(), 1, person.text);
    assert.match(person.prose, "trade in ended: long 1 BTC/USDT, -10.00");
    assert.match(person.prose, "today -10.00; the breaker tripped");
    assert.is(await manager.checkCircuitBreaker(), true);
  });

  test("an order that was cancelled there, never arrived, or rests there becomes so; what contradicts the state is refused", async () => {
    const { manager, run } = await onRedis();
    await using _ = manager;
    for (const id of ["c", "n", "o", "p"]) {
      await manager.admit({ signalId: `s-${id}`, pair: PAIR, side: "long", size: 1, price: 100, orderId: id });
      await manager.updateOrder(id, { status: "unknown" });
    }
    const resolve = (...words: string[]) => run("resolve", ...words, "--yes");
    assert.is((await resolve("c", "--cancelled")).stdout, "c is cancelled: it was cancelled at the exchange\n");
    assert.is(
      (await resolve("n", "--never-arrived", "--release-signal")).stdout,
      "n is cancelled: it never arrived at the exchange\n",
    );
    assert.equal([await manager.isSignalProcessed("s-c"), await manager.isSignalProcessed("s-n")], [true, false]);
    assert.is((await resolve("o", "--open")).stdout, "o is open\n");
    await manager.recordFill("p", { fillId: "1", price: 100, size: 0.5 });
    await manager.updateOrder("p", { status: "unknown" });
    const never = await resolve("p", "--never-arrived");
    assert.equal([never.code, /did arrive: 0\.5 of it was filled/.test(never.stderr)], [1, true], never.stderr);
    assert.is((await resolve("p", "--open")).stdout, "p is partially_filled\n");
    const over = await resolve("c", "--open");
    assert.equal([over.code, /order c is cancelled already/.test(over.stderr)], [1, true], over.stderr);
    assert.equal(
      (await manager.getPendingOrders()).map(({ id, status }) => [id, status]),
      [
        ["o", "open"],
        ["p", "partially_filled"],
      ],
    );
    for (const [words, complaint] of [
      ["o", /what does the exchange say\?/],
      ["o --open --cancelled", /give one of --filled, --cancelled/],
      ["o --open --release-signal", /--release-signal goes with --never-arrived/],
      ["o --cancelled --price 3", /--price goes with --filled SIZE/],
      ["o --filled 1 --price 3", /say the price and the exchange's id/],
      ["o --filled 1 --price 3 --fill-id x --fee-currency BNB", /--fee-currency and --fee-rate go with --fee/],
      ["o --filled 2 --price 3 --fill-id x", /if the exchange's own order says so, give overfill: true/],
    ] as const) {
      const wrong = await resolve(...words.split(" "));
      assert.is(wrong.code, 2, `${words}: ${wrong.stderr}`);
      assert.match(wrong.stderr, complaint);
    }
    const more = await resolve(
      ..."o --filled 2 --price 3 --fill-id x --overfill --fee 0.001 --fee-currency BNB --fee-rate 600".split(" "),
    );
    assert.match(more.stdout, "-0.60; the order is filled, 2 of 1 filled");
  });

  test("through the bot that has the file open, and on the file once it is gone", async () => {
    if (process.platform === "win32") return;
    const path = await newFile();
    using bot = new Child(BOT, [path]);
    assert.is(await bot.line(), "open");
    const tell = async (line: string) => {
      bot.say(line);
      return bot.line();
    };
    for (const id of ["a", "b", "c"]) assert.is(await tell(`submit ${id}`), "unknown");
    const run = (...args: string[]) => sfState(["orders", ...args, "--duckdb", path]);
    assert.match(
      (await run("show", "a")).stdout,
      /^order +entry buy 1 BTC\/USDT at 100 \(limit\), unknown, 0 filled$/m,
    );
    const filled = await run(..."resolve a --filled 1 --price 99 --fill-id e-1 --yes".split(" "));
    assert.is(filled.code, 0, filled.stderr);
    assert.is(await tell("order a"), "filled 1");
    assert.is((await run("cancel", "b", "--yes")).code, 0);
    assert.is(await tell("order b"), "cancelled 0");
    const closed = JSON.parse((await run("--closed", "--json")).stdout);
    assert.equal(
      closed.map(({ id }: { id: string }) => id),
      ["a", "b"],
    );
    bot.kill();
    await bot.end();
    assert.is((await run("resolve", "c", "--never-arrived", "--yes")).code, 0);
    assert.equal(JSON.parse((await run("--json")).stdout), []);
  });
}
