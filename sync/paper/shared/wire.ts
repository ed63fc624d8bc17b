/** Values as they go between processes: one line of JSON that keeps dates, numbers that JSON does not know, and `undefined`. */
import * as z from "zod";

const marked = z.object({ $: z.tuple([z.string(), z.unknown()]) }).strict();

export function wireLine(value: unknown): string {
  return `${JSON.stringify(packed(value))}\n`;
}

/** Throws a SyntaxError if the line was not made by `wireLine`. */
export function readWireLine(line: string): unknown {
  return unpacked(JSON.parse(line));
}

function packed(value: unknown): unknown {
  if (value === undefined) return { $: ["undefined", null] };
  if (typeof value === "number" && !Number.isFinite(value)) return { $: ["number", String(value)] };
  if (typeof value === "bigint") return { $: ["bigint", String(value)] };
  if (typeof value === "function" || typeof value === "symbol") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return { $: ["date", value.getTime()] };
  if (Array.isArray(value)) return value.map(packed);
  const fields = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, packed(each)]));
  return Object.hasOwn(fields, "$") ? { $: ["object", fields] } : fields;
}

function unpacked(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(unpacked);
  if (!Object.hasOwn(value, "$")) return fieldsOf(value);
  const mark = marked.safeParse(value);
  const [kind, of] = mark.success ? mark.data.$ : [];
  if (kind === "undefined") return undefined;
  if (kind === "number") return Number(of);
  if (kind === "bigint" && typeof of === "string") return BigInt(of);
  if (kind === "date") return new Date(typeof of === "number" ? of : Number.NaN);
  if (kind === "object" && typeof of === "object" && of !== null) return fieldsOf(of);
  throw new SyntaxError("a mark that is not ours");
}

function fieldsOf(value: object): unknown {
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, unpacked(each)]));
}
