/**
 * Reads records strictly as Redis stores them: a field that is missing, unknown or of another kind is an error. Only code that moves or checks a flow reads
 * in this way, so it need not be fast.
 */
import * as z from "zod";
import { parseMoney } from "../exact/money.js";
import { type Field, type Fields, type Kind, madeOf, type Row } from "./field.js";

const money = z
  .string()
  .regex(/^-?\d+(?:\.\d{1,8})?$/, "expected an amount of money")
  .transform(parseMoney);
const decimal = z.string().regex(/^-?\d+(?:\.\d+)?$/, "expected a plain decimal");
const unpriced = z
  .string()
  .regex(/^(?:(?:fee|result) \S+ -?\d+(?:\.\d+)?(?: (?!$)|$))+$/, "expected amounts by currency");
const wholeText = z
  .string()
  .regex(/^-?\d+$/, "expected a whole number")
  .transform(Number);
const numberText = z
  .string()
  .regex(/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/, "expected a number")
  .transform(Number);

/** A field of a JSON object. */
const IN_JSON: Readonly<Record<Exclude<Kind, "word">, z.ZodType>> = {
  name: z.string().min(1),
  text: z.string(),
  json: z.string(),
  decimal,
  unpriced,
  double: z.number(),
  whole: z.int(),
  flag: z.literal(1),
  duration: z.number(),
  time: z.number(),
  money,
};

/** A field of a hash, where everything is text. */
const IN_HASH: Readonly<Record<Exclude<Kind, "word">, z.ZodType>> = {
  name: z.string().min(1),
  text: z.string(),
  json: z.string(),
  decimal,
  unpriced,
  double: numberText,
  whole: wholeText,
  flag: wholeText,
  duration: wholeText,
  time: wholeText,
  money,
};

/** Reads a record from the text of its JSON. Throws a TypeError that names the first field that is wrong. */
export function jsonReader<F extends Fields>(fields: F): (text: string) => Row<F> {
  const json = Object.entries(fields).find(([, { kind }]) => kind === "json");
  if (json === undefined) {
    const reader = readerOf(fields, IN_JSON);
    return (text) => reader(parsed(text), {});
  }
  const [name, { presence }] = json;
  const reader = readerOf(fields, IN_JSON, name);
  return (text) => {
    const { scalars, callers } = split(text, name);
    if (callers === null && presence === "always") throw new TypeError(`${name}: missing`);
    return reader(scalars, { [name]: callers });
  };
}

/** Reads a record from the fields of a hash. Throws a TypeError that names the first field that is wrong. */
export function hashReader<F extends Fields>(fields: F): (texts: object) => Row<F> {
  const reader = readerOf(fields, IN_HASH);
  return (texts) => reader(texts, {});
}

/** Reads all fields except one, whose value is known. */
function readerOf<F extends Fields>(
  fields: F,
  kinds: typeof IN_JSON,
  known?: string,
): (stored: unknown, values: Readonly<Record<string, unknown>>) => Row<F> {
  const shape: Record<string, z.ZodType> = {};
  for (const [name, field] of Object.entries(fields)) if (name !== known) shape[name] = schemaOf(field, kinds);
  const schema = z.strictObject(shape);
  const names = Object.keys(fields);
  return (stored, values) => {
    const found = { ...read(schema, stored), ...values };
    return madeOf<Row<F>>(names, (name) => found[name] ?? null);
  };
}

/** Separates a record's own fields from the text of the caller's JSON, which is always last. Lua twin: `record_parse`. */
function split(text: string, name: string): { scalars: unknown; callers: string | null } {
  const start = `,${JSON.stringify(name)}:`;
  const at = text.indexOf(start);
  if (at === -1) return { scalars: parsed(text), callers: null };
  const callers = text.slice(at + start.length, -1);
  const value = parsed(callers);
  if (typeof value !== "object" || value === null) throw new TypeError(`${name}: expected an object`);
  if (!text.endsWith("}")) throw new TypeError("expected a JSON object");
  return { scalars: parsed(`${text.slice(0, at)}}`), callers };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new TypeError(`expected JSON, found ${json.length > 60 ? `${json.slice(0, 60)}...` : json}`);
  }
}

function schemaOf(field: Field, kinds: typeof IN_JSON): z.ZodType {
  const plain = field.kind === "word" ? z.enum(field.words) : kinds[field.kind];
  if (field.presence === "left out") return plain.optional();
  if (field.presence === "empty") {
    const orEmpty = plain.or(z.literal("").transform(() => null));
    return field.since === 1 ? orEmpty : orEmpty.optional();
  }
  return field.was === undefined ? plain : plain.default(field.was);
}

/** The value as the schema reads it. Throws a TypeError that names the first wrong field. */
function read<Output>(schema: z.ZodType<Output>, value: unknown): Output {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path.join(".") ?? "";
  throw new TypeError(`${path === "" ? "" : `${path}: `}${issue?.message}`);
}

/** Reads a time, a score or a limit. */
export function numberOf(text: string): number {
  return read(numberText, text);
}
