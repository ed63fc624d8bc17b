/**
 * A process that migrates a flow and dies by SIGKILL: `killed-migration.ts STEP PLACE TOLD`, PLACE as `redis:URL:FLOW` (a step is a script
 * that Redis has run) or `duckdb:PATH`, TOLD as JSON of names and what was said. It prints how many steps there are when it lives to the end.
 */
import { RedisFlow } from "../../src/backends/redis/flow.js";
import { resolveConfig } from "../../src/config/schema.js";
import type { Told } from "../../src/migrations/migration.js";
import { migrateDuckdb } from "../../src/transfer/migrate-duckdb.js";
import { migrateRedis } from "../../src/transfer/migrate-redis.js";

const [step = "", place = "", said = ""] = process.argv.slice(2);
const told: Told = new Map(JSON.parse(said));
const [, kind, rest = ""] = /^(\w+):(.*)$/.exec(place) ?? [];

let steps = 0;
function countStep(): void {
  if (steps++ === Number(step)) process.kill(process.pid, "SIGKILL");
}

if (kind === "duckdb") await migrateDuckdb(rest, "bot", told, countStep);
else {
  const { run } = RedisFlow.prototype;
  RedisFlow.prototype.run = async function (...asked) {
    const reply = await run.apply(this, asked);
    countStep();
    return reply;
  };
  const at = rest.lastIndexOf(":");
  const { redis } = resolveConfig({ backend: "redis", redis: { url: rest.slice(0, at) } });
  using flow = await RedisFlow.connect(redis, rest.slice(at + 1));
  await migrateRedis(flow, told, () => {});
}
console.log(steps);
process.exit(0);
