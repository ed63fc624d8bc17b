import { name, type Row, time } from "./field.js";

/** The signal that was marked last. Redis keeps it as a hash. */
export const lastSignal = { id: name, pair: name, ts: time };

export type LastSignalRow = Row<typeof lastSignal>;
