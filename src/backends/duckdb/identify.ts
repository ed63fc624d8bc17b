import type { DuckDBConnection } from "@duckdb/node-api";
import { ConfigError } from "../../errors.js";
import { SCHEMA_VERSION } from "../../state/flow-state.js";
import { layoutSchema, otherSchema } from "../../state/schema.js";
import { text, whole } from "./columns.js";
import { SqlTable } from "./sql-table.js";

/** The part of `flow_meta` that every version of this library can read. */
const identity = new SqlTable<{ flow_id: string; schema: number }>("flow_meta", { flow_id: text, schema: whole });

/** The flow that the file holds. Throws a StateError, or what DuckDB throws, when it holds none that can be read. */
export async function flowIdIn(connection: DuckDBConnection): Promise<string> {
  return (await theFlow(connection)).flow_id;
}

/**
 * Checks whether the file holds this flow (without a `flowId`: any flow), in a version that can be read. Returns the flow's id and its schema, which may be
 * older. This runs before anything else is read, so that a file of another flow or of a newer version is not mistaken for a damaged one. Throws a
 * StateError that says so.
 */
export async function identify(
  connection: DuckDBConnection,
  path: string,
  flowId: string | undefined,
): Promise<{ readonly flowId: string; readonly schema: number }> {
  const flow = await theFlow(connection);
  if (flow.schema < 1) throw new TypeError(`flow_meta.schema: there was no schema ${flow.schema}`);
  if (layoutSchema(flow.schema) > SCHEMA_VERSION) throw otherSchema(path, flow.schema);
  if (flowId !== undefined && flow.flow_id !== flowId) {
    throw anotherFlow(path, flow.flow_id, flowId);
  }
  return { flowId: flow.flow_id, schema: flow.schema };
}

export function anotherFlow(path: string, found: string, flowId: string): ConfigError {
  return new ConfigError(
    `duckdb.path: ${path} holds the flow "${found}", not "${flowId}"; give each flow a file of its own, as in state/{flow_id}.db`,
  );
}

async function theFlow(connection: DuckDBConnection): Promise<{ flow_id: string; schema: number }> {
  const found: { flow_id: string; schema: number }[] = [];
  for await (const rows of identity.read(connection)) found.push(...rows);
  const [flow] = found;
  if (!flow || found.length > 1) throw new TypeError(`flow_meta: expected one row, found ${found.length}`);
  return flow;
}
