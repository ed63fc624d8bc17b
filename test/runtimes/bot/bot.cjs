// The bot of somebody whose project is CommonJS.
const signalflow = require("signalflow-state");

async function main() {
  const { trade } = await import("./trade.mjs");
  for (const backend of ["memory", "redis", "duckdb"]) console.log(await trade(signalflow, backend));
}

main();
