import { decimal, double, optional, type Row, since, text } from "./field.js";

/** Rests of ended trades that cannot be sold, by `pair|side`. Redis keeps them as JSON. */
export const dust = {
  pair_side: text,
  size: double,
  cost: decimal,
  /** The last rate of the position that left it. */
  rate: since(4, optional(double)),
};

export type DustRow = Row<typeof dust>;
