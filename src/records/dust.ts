import { decimal, double, type Row, text } from "./field.js";

/** What ended trades left and cannot be sold, by `pair|side`. Redis keeps it as JSON. */
export const dust = {
  pair_side: text,
  size: double,
  cost: decimal,
};

export type DustRow = Row<typeof dust>;
