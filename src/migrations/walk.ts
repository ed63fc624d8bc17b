/** From the schema a flow was written by to the newest, step by step. */
import { CorruptStateError, SchemaVersionError } from "../errors.js";
import { type FlowLayout, metaOf, withMeta } from "../layout/flow-layout.js";
import { SCHEMA_VERSION } from "../state/flow-state.js";
import { layoutSchema, otherSchema } from "../state/schema.js";
import { MIGRATIONS } from "./all.js";
import { type Migrated, type Migration, NOTHING_TOLD, type Told } from "./migration.js";

export interface Walked extends Migrated {
  readonly from: number;
  readonly to: number;
}

/** The schema of a flow. Throws a SchemaVersionError if it is newer than this version. */
export function schemaOf(layout: FlowLayout): number {
  const schema = metaOf(layout, "schema") ?? "";
  if (!/^[1-9]\d*$/.test(schema)) throw new CorruptStateError(`flow:meta: expected a schema, found "${schema}"`);
  if (Number(schema) > SCHEMA_VERSION) throw otherSchema("the flow", Number(schema));
  return Number(schema);
}

/** Stops before the first step that has an obstacle. */
export function walk(layout: FlowLayout, told: Told, migrations: readonly Migration[] = MIGRATIONS): Walked {
  const from = schemaOf(layout);
  const notes: string[] = [];
  let at = layout;
  let to = from;
  for (const migration of migrations) {
    if (migration.to <= from) continue;
    if (layoutSchema(migration.to - 1) !== to) throw new TypeError(`there is no migration from schema ${to}`);
    const step = migration.migrate(at, told);
    notes.push(...step.notes);
    if (step.stops.length > 0) return { from, to, layout: at, notes, stops: step.stops };
    to = migration.to;
    at = withMeta(step.layout, "schema", String(to));
  }
  return { from, to, layout: at, notes, stops: [] };
}

/** The flow in this version's schema. Throws a SchemaVersionError if that needs decisions of an operator. */
export function newest(layout: FlowLayout, told = NOTHING_TOLD): Walked {
  const walked = walk(layout, told);
  if (walked.stops.length === 0) return walked;
  throw new SchemaVersionError(
    `the flow is of schema ${walked.from}, this version works on ${SCHEMA_VERSION}, which takes an operator's word: ${walked.stops.join("; ")}`,
  );
}
