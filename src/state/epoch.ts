import { randomUUID } from "node:crypto";
import { SCHEMA_VERSION } from "./flow-state.js";

/** A new, unique epoch. It begins with the schema, so that a call that names the epoch also names the schema. */
export function newEpoch(): string {
  return `${SCHEMA_VERSION}.${randomUUID()}`;
}
