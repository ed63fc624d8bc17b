import * as signalflow from "signalflow-state";
import { trade } from "./trade.mjs";

test("trades", async () => {
  const lines = [];
  for (const backend of ["memory", "redis", "duckdb"]) lines.push(await trade(signalflow, backend));
  process.stdout.write(`${lines.join("\n")}\n`);
});
