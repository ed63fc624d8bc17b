import { name, type Row, whole } from "./field.js";

/** The package of a bot, as its heartbeat tells it. Redis keeps it as JSON by instance. */
export const client = { version: name, schema: whole };

export type ClientRow = Row<typeof client>;
