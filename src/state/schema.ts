import { SchemaVersionError } from "../errors.js";
import { SCHEMA_IN_ACCOUNT, SCHEMA_VERSION } from "./flow-state.js";

/** The error for `what`, which has another schema than this version, with what to do. */
export function otherSchema(what: string, schema: number): SchemaVersionError {
  return new SchemaVersionError(
    schema > SCHEMA_VERSION
      ? `${what} was written by schema ${schema}, this version knows ${SCHEMA_VERSION}: upgrade signalflow-state`
      : `${what} is of schema ${schema}, this version works on ${SCHEMA_VERSION}: stop its bots, then run sf-state migrate`,
  );
}

/** Throws a SchemaVersionError unless `what` has this version's schema. */
export function checkSchema(what: string, schema: number): void {
  if (layoutSchema(schema) !== SCHEMA_VERSION) throw otherSchema(what, schema);
}

/** The layout's schema of a flow that states this schema: a flow in an account states another one. */
export function layoutSchema(schema: number): number {
  return schema === SCHEMA_IN_ACCOUNT ? SCHEMA_VERSION : schema;
}
