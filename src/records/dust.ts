import { decimal, double, optional, type Row, since, text } from "./field.js";

/** What ended trades left and cannot be sold, by `pair|side`. Redis keeps it as JSON. */
export const dust = {
  pair_side: text,
  size: double,
  cost: decimal,
  /** The last rate of the position that left it. */
  rate: since(4, optional(double)),
};

export type DustRow = Row<typeof dust>;
