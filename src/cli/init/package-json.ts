/** The text of a `package.json` for a bot that has none. */
import { createRequire } from "node:module";
import * as z from "zod";
import type { Template } from "./exchange-ts.js";

const OURS = z.object({ version: z.string(), peerDependencies: z.record(z.string(), z.string()) });

export function packageJson(template: Template, backend: "duckdb" | "redis"): string {
  const found: unknown = createRequire(import.meta.url)("signalflow-state/package.json");
  const { version, peerDependencies: peers } = OURS.parse(found);
  const dependencies = {
    ...(backend === "duckdb" && { "@duckdb/node-api": peers["@duckdb/node-api"] ?? "*" }),
    ...(template === "ccxt" && { ccxt: peers.ccxt ?? "*" }),
    "signalflow-state": `^${version}`,
    tsx: "^4.0.0",
  };
  const text = { name: "bot", private: true, type: "module", scripts: { start: "tsx bot.ts" }, dependencies };
  return `${JSON.stringify(text, null, 2)}\n`;
}
