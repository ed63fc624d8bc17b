/**
 * A process that moves a flow of a cluster into an account, or out of it, and dies by SIGKILL: `killed-move.ts STEP WAY URL FLOW ACCOUNT`, a step being
 * a script that a server has run, WAY `in` or `out`. It prints how many steps there are when it lives to the end.
 */
import { RedisFlow } from "../../src/backends/redis/flow.js";
import { resolveConfig } from "../../src/config/schema.js";
import { moveIn, moveOut } from "../../src/transfer/move-flow.js";
import { SETTINGS } from "./moving-stand.js";

const [step = "", way = "", url = "", flowId = "", account = ""] = process.argv.slice(2);

let steps = 0;
const { run } = RedisFlow.prototype;
RedisFlow.prototype.run = async function (...asked) {
  const reply = await run.apply(this, asked);
  if (steps++ === Number(step)) process.kill(process.pid, "SIGKILL");
  return reply;
};

const { redis: config } = resolveConfig({ backend: "redis", redis: { url, cluster: true } });
const mover = { config, flowId, account, instance: "mover", maxEvents: 10_000, lease: "" };
await (way === "in" ? moveIn(mover, SETTINGS) : moveOut(mover));
console.log(steps);
process.exit(0);
