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
    assert.match(
      want.sentence,
      /^The circuit breaker is tripped \(manual\): too hot\. Since .* UTC\. Entries are refused until somebody resets it\. When the cause is gone: sf-state breaker reset --flow tripped\.$/,
    );
  });
}
