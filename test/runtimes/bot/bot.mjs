import * as signalflow from "signalflow-state";
import { trade } from "./trade.mjs";

async function main() {
  for (const backend of ["memory", "redis", "duckdb"]) console.log(await trade(signalflow, backend));
}

main();
