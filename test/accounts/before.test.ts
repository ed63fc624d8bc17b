/** A bot of version 0.4.0, which knows no accounts, and a flow that joins one: it is refused by name, and never changes the flow without the sums. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { StateManager } from "../../src/index.js";
import { failure } from "../contract/expect.js";
import { startRedis } from "../servers/redis.js";
import * as before from "./before/signalflow-state.mjs";
import { AccountServer } from "./server.js";

const test = suite("accounts, and bots of before");
const redis = await startRedis();
const server = new AccountServer(redis.url);

test.after(async () => {
  server[Symbol.dispose]();
  await redis.stop();
});

const CONFIG = { backend: "redis", redis: { url: redis.url }, risk: { currency: "USDT" } } as const;
const LONG = { pair: "BTC/USDT", side: "long", size: 1, entryPrice: 100 } as const;

async function refusedAs(call: Promise<unknown>, code: string): Promise<string> {
  const error = await failure(call);
  assert.is("code" in error && error.code, code, error.message);
  return error.message;
}

test("its next change is refused, and then its connect; once the flow has left the account it works on it as before", async () => {
  const flowId = "of-both";
  const old = await before.StateManager.open(flowId, CONFIG, { instanceId: "old" });
  await old.savePosition({ id: "p", ...LONG });
  await using mgr = await StateManager.open(flowId, CONFIG, { instanceId: "new" });
  await old.savePosition({ id: "q", ...LONG });

  await mgr.joinAccount("main");
  const sums = await server.fields("main");
  for (const call of [
    () => old.savePosition({ id: "r", ...LONG }),
    () => old.updateDailyPnl(-5),
    () => old.closePosition("p", { pnl: -5 }),
    () => old.getPositions(),
  ]) {
    await refusedAs(call(), "STATE_LOST");
  }
  await old.close();
  assert.is(
    await refusedAs(old.connect(), "SCHEMA_VERSION"),
    `flow ${flowId} was written by schema 5, this version knows 4: upgrade signalflow-state`,
  );
  assert.equal(await server.fields("main"), sums);
  assert.equal(await server.differences("main", [flowId]), []);
  await mgr.savePosition({ id: "r", ...LONG });
  assert.is((await mgr.getAccount())?.slots, 3);

  assert.is(await mgr.leaveAccount(), true);
  await old.connect();
  assert.equal((await old.getPositions()).map(({ id }) => id).sort(), ["p", "q", "r"]);
  await old.removePosition("r");
  await old.close();
});

test("whoever looks at such a flow with it is refused the same way", async () => {
  const flowId = "looked-at";
  await using mgr = await StateManager.open(flowId, CONFIG);
  await mgr.joinAccount("other");
  const looking = before.StateManager.open(flowId, CONFIG, { existing: true });
  assert.match(await refusedAs(looking, "SCHEMA_VERSION"), /was written by schema 5, this version knows 4/);
});

test.run();
