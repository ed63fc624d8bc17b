import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { StateManager } from "../../src/manager/state-manager.js";
import { RISK } from "./flow.js";
import type { Stand } from "./stand.js";

const UPSERT = "INSERT INTO raw VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET value = excluded.value";

/** Files in one temporary folder: the flows', and one of its own for the raw upserts. */
export async function duckdbStand(): Promise<Stand> {
  const folder = await mkdtemp(join(tmpdir(), "sf-bench-"));
  const instance = await DuckDBInstance.create(join(folder, "raw.db"));
  const connection = await instance.connect();
  await connection.run("CREATE TABLE raw (id VARCHAR PRIMARY KEY, value DOUBLE)");
  const upsert = await connection.prepare(UPSERT);
  const version = (await connection.runAndReadAll("SELECT version()")).getRows()[0]?.[0];
  let value = 0;

  return {
    backend: "duckdb",
    server: `DuckDB ${version}, files in ${tmpdir()}`,
    inFlight: 64,
    sequential: {
      name: "upsert of one row, prepared",
      async call() {
        upsert.bindVarchar(1, `row-${++value % 100}`);
        upsert.bindDouble(2, value);
        await upsert.run();
      },
    },
    concurrent: [],
    others: [
      {
        name: "upsert of one row, SQL text",
        call: () => connection.run(UPSERT, [`row-${++value % 100}`, value]),
      },
    ],
    open: (flowId) =>
      StateManager.open(flowId, { backend: "duckdb", duckdb: { path: join(folder, "{flow_id}.db") }, risk: RISK }),
    async [Symbol.asyncDispose]() {
      connection.closeSync();
      instance.closeSync();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
