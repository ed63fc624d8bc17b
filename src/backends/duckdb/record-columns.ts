/** The SQL columns of a record, made from its declaration. */
import { type Field, type Fields, type Kind, madeOf, type Row } from "../../records/field.js";
import { type Column, type Columns, double, json, money, oneOf, optional, text, time, whole } from "./columns.js";

/** A column that is never null, and the same with null allowed. */
interface BothColumns {
  readonly always: { fromJson(value: unknown): unknown };
  readonly nullable: unknown;
}

function both<Value>(column: Column<Value>): BothColumns {
  return { always: column, nullable: optional(column) };
}

const OF_KIND: Readonly<Record<Exclude<Kind, "word">, BothColumns>> = {
  name: both(text),
  text: both(text),
  json: both(json),
  decimal: both(text),
  unpriced: both(text),
  double: both(double),
  whole: both(whole),
  flag: both(whole),
  duration: both(whole),
  time: both(time),
  money: both(money),
};

/** A column for every field, in the order of the declaration. */
export function columnsOf<F extends Fields>(fields: F): Columns<Row<F>> {
  const columns = new Map(Object.entries(fields).map(([name, field]) => [name, columnOf(field)]));
  return madeOf<Columns<Row<F>>>([...columns.keys()], (name) => columns.get(name));
}

function columnOf({ kind, words, presence, was }: Field): unknown {
  const { always, nullable } = kind === "word" ? both(oneOf(words)) : OF_KIND[kind];
  if (presence !== "always") return nullable;
  if (was === undefined) return always;
  // The journal of an earlier version does not have the field.
  return { ...always, fromJson: (value: unknown) => (value === null ? was : always.fromJson(value)) };
}
