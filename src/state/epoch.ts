import { randomUUID } from "node:crypto";
import { SCHEMA_VERSION } from "./flow-state.js";

/** An epoch that no flow ever had. It begins with the schema, so that whoever names an epoch names the schema, too. */
export function newEpoch(): string {
  return `${SCHEMA_VERSION}.${randomUUID()}`;
}
