import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Config, StateManager } from "../../../src/index.js";
import { heartbeat } from "../../../src/operations/heartbeat.js";
import { newFlowId } from "../backends.js";
import { Clock, DAY, NOON } from "../clock.js";
import { LONG } from "../samples.js";
import type { Stand } from "./flow.js";

/** What a million of everything would take too long to fill: forgetting much at once, and many instances. */
export function luaBounded(stand: Stand): void {
  const test = suite("lua: bounded");
  const { client } = stand;

  test("of instances the ten thousand that were heard of last are known, and what they told", async () => {
    const flowId = await stand.filledFlow();
    const { keys, argv } = stand.request(heartbeat, flowId);
    const beat = (n: number) => {
      const own = [...argv];
      own[0] = ""; // a call that nobody repeats
      own[2] = String(NOON + n);
      own[3] = `instance-${n}`;
      return stand.run(heartbeat, { keys, argv: own });
    };
    for (let first = 0; first < 10_050; first += 1_005) {
      await Promise.all(Array.from({ length: 1_005 }, (_, n) => beat(first + n)));
    }
    assert.is(await client.zcard(`sf:${flowId}:execution:instances`), 10_000);
    assert.is(await client.hlen(`sf:${flowId}:execution:versions`), 10_000);
    assert.is(await client.zscore(`sf:${flowId}:execution:instances`, "instance-49"), null);
    assert.is(await client.hexists(`sf:${flowId}:execution:versions`, "instance-50"), 1);
    await beat(50);
    assert.is(await client.zcard(`sf:${flowId}:execution:instances`), 10_000);
  });

  test("cooldowns that an older version left are forgotten, twenty thousand of them at once", async () => {
    await using manager = await stand.open(await stand.filledFlow());
    const key = `sf:${manager.flowId}:signals:cooldowns`;
    const over = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`OLD${n}/USDT`, String(NOON - n)]));
    await client.hset(key, over);
    for (let n = 0; n < 64; n++) await manager.setCooldown(`NEW${n}/USDT`, "1h");
    const left = Object.keys(await client.hgetall(key));
    assert.ok(left.length <= 64 + 64, `${left.length} are left`);
    for (let n = 0; n < 64; n++) assert.ok(left.includes(`NEW${n}/USDT`));
  });

  test("guards forget twenty thousand pairs at once", async () => {
    const clock = new Clock();
    const config: Config = {
      backend: "redis",
      redis: { url: stand.server.url },
      risk: { guards: [{ kind: "stop_losses", within: "1h", count: 2, for: "1h" }] },
    };
    await using manager = await StateManager.open(newFlowId(), config, { clock: clock.read });
    const key = `sf:${manager.flowId}:risk:guard_trades`;
    const old = NOON - 61 * DAY;
    const memory = `[["${old}-0",${old},"long","-1","100","sl"]]`;
    await client.hset(key, Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`OLD${n}/USDT`, memory])));
    await manager.savePosition(LONG);
    const { closed, trade } = await manager.closePosition(LONG.id, { pnl: -1, reason: "sl" });
    assert.is(closed, true);
    assert.is(trade?.pnl, -1);
    assert.equal(await client.hkeys(key), [LONG.pair]);
  });

  test.run();
}
