/** A record as a hash of texts, as Redis keeps it. */
import { formatMoney } from "../exact/money.js";
import type { Fields, Row } from "./field.js";

/** The texts of a row by field. A field that is left out when it is null is left out here. */
export function hashOf<F extends Fields>(fields: F, row: Row<F>): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, { presence }] of Object.entries(fields)) {
    const value: unknown = row[name];
    if (value !== null) texts[name] = typeof value === "bigint" ? formatMoney(value) : String(value);
    else if (presence === "empty") texts[name] = "";
  }
  return texts;
}
