import { name, type Row, whole } from "./field.js";

/** What a bot is made of, as its heartbeat tells. Redis keeps it as JSON by instance. */
export const client = { version: name, schema: whole };

export type ClientRow = Row<typeof client>;
