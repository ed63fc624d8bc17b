import { SchemaVersionError } from "../errors.js";
import { SCHEMA_IN_ACCOUNT, SCHEMA_VERSION } from "./flow-state.js";

/** Why this version does not work on `what`, which is of another schema, and what to do. */
export function otherSchema(what: string, schema: number): SchemaVersionError {
  return new SchemaVersionError(
    schema > SCHEMA_VERSION
      ? `${what} was written by schema ${schema}, this version knows ${SCHEMA_VERSION}: upgrade signalflow-state`
      : `${what} is of schema ${schema}, this version works on ${SCHEMA_VERSION}: stop its bots, then run sf-state migrate`,
  );
}

/** Throws a SchemaVersionError unless `what` is of this version's schema. */
export function checkSchema(what: string, schema: number): void {
  if (layoutSchema(schema) !== SCHEMA_VERSION) throw otherSchema(what, schema);
}

/** The schema of the layout of a flow that says this one: it says another one while it is in an account. */
export function layoutSchema(schema: number): number {
  return schema === SCHEMA_IN_ACCOUNT ? SCHEMA_VERSION : schema;
}
