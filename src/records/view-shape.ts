/** Zod schemas for the JSON of a view, made from the record's declaration. */
import * as z from "zod";
import { fromMoney } from "../exact/money.js";
import { camelCase, type Field, type Fields, fieldsSeen, type Kind, madeOf, type View } from "./field.js";

/** A time in JSON. */
export const date = z.iso.datetime().transform((text) => new Date(text));

const OF_KIND: Readonly<Record<Exclude<Kind, "word">, z.ZodType>> = {
  name: z.string(),
  text: z.string(),
  json: z.record(z.string(), z.unknown()),
  decimal: z.number(),
  unpriced: z.array(z.strictObject({ kind: z.enum(["fee", "result"]), currency: z.string(), amount: z.number() })),
  double: z.number(),
  whole: z.number(),
  flag: z.literal(true),
  duration: z.number(),
  time: date,
  money: z.number(),
};

/** A schema for every property of a view. */
export type ViewShape<V> = {
  readonly [Name in keyof V]-?: Record<never, never> extends Pick<V, Name>
    ? z.ZodExactOptional<z.ZodType<Exclude<V[Name], undefined>>>
    : z.ZodType<V[Name]>;
};

/** The schema of a view, in the view's order. */
export function viewShape<F extends Fields>(fields: F): ViewShape<View<F>> {
  const seen = new Map(fieldsSeen(fields).map(([name, field]) => [camelCase(name), schemaOf(field)]));
  return madeOf<ViewShape<View<F>>>([...seen.keys()], (name) => seen.get(name));
}

function schemaOf({ kind, words, seen, was }: Field): z.ZodType {
  const always = kind === "word" ? z.enum(words) : OF_KIND[kind];
  // Views that a bot of an earlier version wrote lack the field.
  const plain = was === undefined ? always : always.default(seenWas(kind, was));
  if (seen === "null") return plain.nullable();
  return seen === "optional" ? plain.exactOptional() : plain;
}

/** The view's value for a record that lacks a field. */
function seenWas(kind: Kind, was: string | number | bigint): unknown {
  if (typeof was === "bigint") return fromMoney(was);
  if (kind === "time") return new Date(was);
  return kind === "decimal" ? Number(was) : was;
}
