import * as assert from "uvu/assert";
import { StateManager } from "../../src/index.js";
import { sfState } from "../cli/command.js";
import type { Stand, Test } from "../cli/stand.js";
import { PageStand } from "./page-stand.js";

/** What the page is told, beside what the command line says of the same. */
export function looking(test: Test, stand: Stand): void {
  test("the fleet has every flow of a Redis, worst first, as ls has it", async () => {
    const { file, config } = await stand.ownConfig();
    await stand.flow("quiet", config);
    await stand.flow("tripped", config);
    await using bot = await StateManager.open("tripped", config, { instanceId: "bot-1" });
    await bot.triggerCircuitBreaker("too hot", "until_reset");
    await using page = await PageStand.start({ url: stand.url, config: file });
    const { status, json } = await page.ask("/api/fleet");
    assert.is(status, 200);
    assert.equal(
      json.flows.map((flow: { flowId: string; alarms: string[] }) => [flow.flowId, flow.alarms]),
      [
        ["tripped", ["breaker"]],
        ["quiet", []],
      ],
    );
    const { stdout } = await sfState(["ls", "--config", file, "--json"]);
    const [quiet] = JSON.parse(stdout);
    const { risk, breaker, epoch, positions, orders } = quiet;
    const [, found] = json.flows;
    assert.equal(
      {
        risk: found.risk,
        breaker: found.breaker,
        epoch: found.epoch,
        positions: found.positions,
        orders: found.orders,
      },
      { risk, breaker, epoch, positions: positions.length, orders: orders.length },
    );
    assert.is(found.equity, 9_979.5);
    // 2 ETH at 3000.5 and an entry of 0.1 BTC at 60,000
    assert.is(found.exposure, 12_001);
    assert.equal(found.budgets, [
      { of: "flow", name: "max_daily_loss", unit: "money", limit: 300, used: 20.5, left: 279.5 },
    ]);
    assert.is(found.entry.may, true);
    assert.is(json.flows[0].entry.reason, "circuit_breaker");
    const [want, ...others] = json.wants;
    assert.equal(
      [want.kind, want.urgency, want.place, want.flowId, want.section, others],
      ["breaker", 0, "redis", "tripped", "breaker", []],
    );
    assert.equal(
      { what: want.what, since: want.since, blocks: want.blocks, cure: want.cure },
      {
        what: "The circuit breaker is tripped (manual): too hot",
        since: (await bot.snapshot()).breaker.trippedAt?.toISOString(),
        blocks: "entries are refused until somebody resets it",
        cure: "when the cause is gone: sf-state breaker reset --flow tripped",
      },
    );
  });

  test("the page's report and its curve have the figures of sf-state report, for a whole life and for a period", async () => {
    const { file, config } = await stand.ownConfig({ risk: { starting_equity: 10_000 } });
    let now = Date.now() - 40 * 86_400_000;
    await using bot = await StateManager.open("earns", config, { instanceId: "bot-1", clock: () => now });
    for (let n = 0; n < 30; n++) {
      const id = `p-${n}`;
      await bot.savePosition({
        id,
        pair: n % 3 === 0 ? "BTC/USDT" : "ETH/USDT",
        side: "long",
        size: 1,
        entryPrice: 100,
      });
      now += 3 * 3_600_000;
      await bot.closePosition(id, { pnl: n % 4 === 0 ? -7.25 : 3.1, reason: n % 4 === 0 ? "sl" : "tp" });
      now += 20 * 3_600_000;
    }
    await using page = await PageStand.start({ url: stand.url, config: file });
    const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
    const period = { from: day(now - 20 * 86_400_000), to: day(now - 5 * 86_400_000) };
    for (const asked of [{ to: day(now + 86_400_000) }, { ...period, by: "pair", year: "252" }]) {
      const options = Object.entries(asked).flatMap(([name, value]) => [`--${name}`, String(value)]);
      const { stdout, stderr, code } = await sfState([
        "report",
        "--flow",
        "earns",
        "--config",
        file,
        "--json",
        ...options,
      ]);
      assert.is(code, 0, stderr);
      const told = JSON.parse(stdout);
      const query = String(new URLSearchParams(Object.entries(asked)));
      const { json } = await page.ask(`/api/flow/redis/earns/report?${query}`);
      assert.equal(json, told);
      const { json: curve } = await page.ask(`/api/flow/redis/earns/equity?${query}`);
      assert.equal([curve.days, curve.drawdown, curve.curve], [told.days, told.drawdown, told.curve]);
      const html = (await page.ask(`/api/flow/redis/earns/report.html?${query}`)).text;
      assert.match(html, told.figures.net.toFixed(2));
    }
    const { json } = await page.ask("/api/flow/redis/earns/report");
    // 8 losses of 7.25 and 22 wins of 3.1
    assert.equal([json.figures.trades, json.figures.net, json.figures.losses], [30, 10.2, 8]);
  });
}
