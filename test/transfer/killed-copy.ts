/**
 * A process that copies a flow and dies by SIGKILL at a step: `killed-copy.ts STEP REPLACE FROM TO`, places as
 * `redis:URL:FLOW`, `duckdb:PATH` or `file:PATH`. It prints how many steps there are when it lives to the end.
 */
import { resolveConfig } from "../../src/config/schema.js";
import { BackupFile } from "../../src/transfer/backup-file.js";
import { copyFlow } from "../../src/transfer/copy-flow.js";
import { DuckdbPlace } from "../../src/transfer/duckdb-place.js";
import type { FlowPlace } from "../../src/transfer/flow-place.js";
import { RedisPlace } from "../../src/transfer/redis-place.js";

const [step = "", replace = "", from = "", to = ""] = process.argv.slice(2);

async function placeAt(text: string): Promise<FlowPlace> {
  const [, kind, rest = ""] = /^(\w+):(.*)$/.exec(text) ?? [];
  if (kind === "duckdb") return new DuckdbPlace(rest, undefined);
  if (kind === "file") return new BackupFile(rest);
  const at = rest.lastIndexOf(":");
  const { redis } = resolveConfig({ backend: "redis", redis: { url: rest.slice(0, at) } });
  return RedisPlace.connect(redis, rest.slice(at + 1));
}

let steps = 0;
const report = await copyFlow(await placeAt(from), await placeAt(to), {
  replace: replace === "replace",
  progress: () => {
    if (steps++ === Number(step)) process.kill(process.pid, "SIGKILL");
  },
});
console.log(JSON.stringify({ steps, outcome: report.outcome }));
process.exit(0);
