/** What is expected of an outcome or a state: the fields that are named, and only those. */

/** Lists must have the same length; an expected `undefined` says that the field is absent. */
export type Expected<Value> = Value extends readonly (infer Item)[]
  ? readonly Expected<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value]?: Expected<Value[Key]> | undefined }
    : Value;

/** Where `actual` is not as expected, as lines `path: expected ..., got ...`. */
export function differences(expected: unknown, actual: unknown, path = ""): string[] {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) return [line(path, expected, actual)];
    return expected.flatMap((item, index) => differences(item, actual[index], `${path}[${index}]`));
  }
  if (typeof expected === "object" && expected !== null) {
    if (typeof actual !== "object" || actual === null) return [line(path, expected, actual)];
    const fields = new Map(Object.entries(actual));
    return Object.entries(expected).flatMap(([name, value]) => differences(value, fields.get(name), `${path}.${name}`));
  }
  return Object.is(expected, actual) ? [] : [line(path, expected, actual)];
}

function line(path: string, expected: unknown, actual: unknown): string {
  return `${path}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`;
}
