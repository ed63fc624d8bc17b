import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import * as assert from "uvu/assert";
import { StateManager } from "../../src/index.js";
import { PaperExchange, recover } from "../../sync/index.js";
import { bundle } from "../bundle.js";
import { Child } from "../duckdb/child.js";
import { PseudoTerminal } from "./pseudo-terminal.js";
import type { Stand, Test } from "./stand.js";

const HELD = await bundle(new URL("./held-bot.ts", import.meta.url));
const DYING = await bundle(new URL("./dying-bot.ts", import.meta.url));
const PAIR = "BTC/USDT:USDT";
const STUCK = "8f14e45f-ceea-467f-a9f0-3c1b2d4e5f60";

/** An operator at a terminal of 80 x 24 at three in the morning, with eight bots on Redis and one on DuckDB. */
export function night(test: Test, stand: Stand): void {
  if (process.platform === "win32") return;

  /** Bots that run in this process. */
  class Bots implements AsyncDisposable {
    readonly all: StateManager[] = [];

    async start(bot: StateManager): Promise<void> {
      this.all.push(bot);
      await bot.heartbeat();
    }

    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all(this.all.map((bot) => bot.close()));
    }
  }

  /** Runs the command on the terminal to its end; what it asks is answered with yes. */
  async function operator(args: readonly string[], question?: string): Promise<{ code: number; text: string }> {
    using terminal = new PseudoTerminal(args, {}, { cols: 80, rows: 24 });
    if (question !== undefined) {
      await terminal.says(question);
      terminal.type("y");
    }
    return { code: await terminal.ended(), text: terminal.text.replaceAll("\r\n", "\n") };
  }

  test("a dead bot, all breakers, a refusal, a stuck order, a recovery, a lease, the month's report and its trades: from the terminal alone", async () => {
    const { file, config } = await stand.ownConfig();
    const folder = join(stand.folder, "night");
    await mkdir(folder);
    const onRedis = ["--config", file];
    await using bots = new Bots();
    for (const n of [1, 2, 4, 5, 6, 7, 8]) {
      await bots.start(await StateManager.open(`bot-${n}`, config, { instanceId: `bot-${n}@night` }));
    }
    const [trading, , refusing, ordering, recovering] = bots.all;
    assert.ok(trading && refusing && ordering && recovering);
    using dying = new Child(DYING, [stand.url, config.redis?.key_prefix ?? ""]);
    assert.is(await dying.line(), "alive");
    dying.kill();
    await dying.end();
    using held = new Child(HELD, [join(folder, "bot.db")]);
    assert.is(await held.line(), "open");
    held.say("beat");
    assert.is(await held.line(), "beat");

    // Which one is dead?
    const fleet = await operator(["ls", ...onRedis]);
    assert.is(fleet.code, 1);
    assert.match(fleet.text, /^8 flows/m);
    assert.equal(
      fleet.text.match(/^bot-\d +\S+/gm)?.map((line) => line.replace(/ +/, " ")),
      ["bot-1 fine", "bot-2 fine", "bot-3 dead", ...[4, 5, 6, 7, 8].map((n) => `bot-${n} fine`)],
    );
    const status = await operator(["status", "--flow", "bot-3", ...onRedis]);
    assert.match(status.text, /^instances +0 of 1 alive: bot-3@night \(dead\)/m);
    assert.match(status.text, /^lease +bot-3@night, .*which is dead/m);

    // Its lease is freed.
    const lease = await operator(["lease", "break", "--flow", "bot-3", ...onRedis], "bot-3@night");
    assert.is(lease.code, 0, lease.text);
    {
      await using successor = await StateManager.open("bot-3", config, { instanceId: "bot-3@day" });
      assert.ok(await successor.acquireLease({ ttl: "1m" }));
    }

    // Why was an entry refused at 02:13?
    const at = new Date();
    at.setUTCDate(at.getUTCDate() - 1);
    at.setUTCHours(2, 13, 7, 0);
    {
      await using bot = await StateManager.open(refusing.flowId, config, { clock: () => at.getTime() });
      await bot.setCooldown(PAIR, "15m", { reason: "two losses" });
      const entry = { signalId: "s-213", pair: PAIR, side: "long", size: 1, price: 100 } as const;
      assert.is((await bot.admit(entry)).admitted, false);
    }
    const refusals = await operator(["refusals", "--flow", refusing.flowId, ...onRedis]);
    assert.is(refusals.code, 0, refusals.text);
    assert.match(
      refusals.text.replace(/\s+/g, " "),
      `${at.toISOString().slice(0, 10)} 02:13:07 s-213 ${PAIR} long cooldown`,
    );

    // An order whose outcome nobody knows is closed, by the id that the list shows.
    const order = { pair: PAIR, side: "buy", size: 0.123456789, price: 60123.456789, status: "unknown" } as const;
    await ordering.saveOrder({ ...order, id: STUCK });
    await ordering.saveOrder({ ...order, id: "8f14e45f-0000-467f-a9f0-3c1b2d4e5f60" });
    const orders = await operator(["orders", "--flow", ordering.flowId, ...onRedis]);
    const line = orders.text.split("\n").find((each) => each.includes("8f14e45f-c…"));
    assert.match(
      line ?? orders.text,
      /^BTC\/USDT:USDT +entry buy +60123\.457 +0\.12345679 +unknown +\d+ (?:ms|s) +8f14e45f-c…$/,
    );
    for (const each of orders.text.split("\n")) assert.ok(each.length <= 80, each);
    const closed = await operator(
      ["orders", "resolve", "8f14e45f-c…", "--never-arrived", "--flow", ordering.flowId, ...onRedis],
      STUCK,
    );
    assert.is(closed.code, 0, closed.text);
    assert.equal(
      (await ordering.getPendingOrders()).map(({ id }) => id),
      ["8f14e45f-0000-467f-a9f0-3c1b2d4e5f60"],
    );

    // A recovery waits for a person, who approves it; the bot carries it out.
    await using exchange = new PaperExchange({ clock: () => Date.now() - 60_000 });
    await exchange.setPrice("ETH/USDT", 10);
    await exchange.trade({ pair: "ETH/USDT", side: "sell", size: 3 });
    const how = { mode: "manual", orphanPositions: "adopt", settle: 0, confirmDelay: 1 } as const;
    assert.is((await recover(recovering, exchange, how)).status, "awaiting_approval");
    const said = ["--flow", recovering.flowId, ...onRedis];
    const shown = await operator(["recovery", "show", ...said]);
    const hash = /sf-state recovery approve ([0-9a-f]{16})/.exec(shown.text.replace(/\n/g, " "))?.[1] ?? "";
    assert.match(shown.text, "ETH/USDT");
    assert.is((await operator(["recovery", "approve", hash, ...said], `Approve plan ${hash}`)).code, 0);
    assert.is((await recover(recovering, exchange, how)).status, "recovered");

    // What the month made: a report with plots, and the trades as Parquet.
    const month = `${new Date().toISOString().slice(0, 7)}-01`;
    for (const [n, pnl] of [12.5, -3.25, 0.1, 0.2].entries()) {
      await trading.savePosition({ id: `p-${n}`, pair: PAIR, side: "long", size: 1, entryPrice: 100 });
      assert.is((await trading.closePosition(`p-${n}`, { pnl })).closed, true);
    }
    const [html, parquet] = [join(folder, "month.html"), join(folder, "trades.parquet")];
    const flow = ["--flow", trading.flowId, ...onRedis];
    const report = await operator(["report", "--from", month, "--html", "--out", html, ...flow]);
    assert.is(report.code, 0, report.text);
    assert.equal((await readFile(html, "utf8")).match(/<svg /g)?.length, 3);
    const exported = await operator(["export", "trades", "--to", parquet, ...flow]);
    assert.is(exported.code, 0, exported.text);
    const duckdb = await DuckDBInstance.create(":memory:");
    const connection = await duckdb.connect();
    const read = await connection.runAndReadAll(
      `select count(*)::int as n, sum(pnl::decimal(18, 8))::varchar as pnl from '${parquet}'`,
    );
    assert.equal(read.getRowObjects(), [{ n: 4, pnl: "9.55000000" }]);
    connection.closeSync();
    duckdb.closeSync();

    // All breakers: of those on Redis, and of the bot that has its file open.
    const all = await operator(["breaker", "trip", "enough", "--all", ...onRedis], "8 flows");
    assert.is(all.code, 0, all.text);
    for (const bot of bots.all) assert.is(await bot.checkCircuitBreaker(), true, bot.flowId);
    const alone = await operator(["breaker", "trip", "enough", "--all", "--duckdb", folder], "1 flow");
    assert.is(alone.code, 0, alone.text);
    held.say("admit s-1");
    assert.is(await held.line(), "circuit_breaker");
  });

  test("45 bots are a line, with the dead by name; --wide lists them all", async () => {
    const { file, config } = await stand.ownConfig();
    await using bots = new Bots();
    for (let n = 1; n <= 47; n++) {
      const clock = () => Date.now() - (n <= 45 ? 0 : 300_000);
      await bots.start(await StateManager.open("many", config, { instanceId: `bot-${n}`, clock }));
    }
    const said = ["--flow", "many", "--config", file];
    const words = /45 alive, 2 dead: bot-4[67] \(5 min.* ago\), bot-4[67] \(5 min.* ago\)/;
    const status = await operator(["status", ...said]);
    assert.match(status.text.replace(/\s+/g, " "), words);
    assert.not.match(status.text, /bot-1\b/);
    const list = await operator(["instances", ...said]);
    assert.is(list.code, 1);
    assert.match(list.text.replace(/\s+/g, " "), words);
    assert.ok(list.text.trimEnd().split("\n").length < 10, list.text);
    const wide = await operator(["instances", "--wide", ...said]);
    for (let n = 1; n <= 47; n++) assert.match(wide.text, new RegExp(`^bot-${n} +${n <= 45 ? "alive" : "dead"}`, "m"));
  });
}
