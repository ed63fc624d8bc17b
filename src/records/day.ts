import { money, type Row, text, whole } from "./field.js";

/** A day that is over. Redis keeps it as JSON without `day`, which is its key. */
export const day = { day: text, pnl: money, trades: whole };

export type DailyRow = Row<typeof day>;
