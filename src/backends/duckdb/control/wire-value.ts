/**
 * Values as JSON, and back: times, sets, maps, `undefined`, -0 and numbers that JSON does not have are put into an object with a tag. An object of the
 * caller's that itself has a field of that name is put into one, too.
 */

const TAG = "#";

/** Throws a TypeError for what is no plain value, such as a function. */
export function toWire(value: unknown): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : tagged("number", Object.is(value, -0) ? "-0" : String(value));
    case "bigint":
      return tagged("bigint", String(value));
    case "undefined":
      return tagged("undefined", null);
    case "object":
      return value === null ? null : objectToWire(value);
    default:
      throw new TypeError(`a ${typeof value} cannot be sent`);
  }
}

function objectToWire(value: object): unknown {
  if (Array.isArray(value)) return value.map(toWire);
  if (value instanceof Date) return tagged("date", toWire(value.getTime()));
  if (value instanceof Map) return tagged("map", toWire([...value]));
  if (value instanceof Set) return tagged("set", toWire([...value]));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new TypeError(`a ${value.constructor.name} cannot be sent`);
  if (Object.hasOwn(value, TAG)) return tagged("object", toWire(Object.entries(value)));
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, toWire(field)]));
}

function tagged(kind: string, of: unknown): object {
  return { [TAG]: kind, of };
}

/** Throws a TypeError for what `toWire` did not write. */
export function fromWire(told: unknown): unknown {
  if (Array.isArray(told)) return told.map(fromWire);
  if (typeof told !== "object" || told === null) return told;
  if (!Object.hasOwn(told, TAG)) {
    return Object.fromEntries(Object.entries(told).map(([name, field]) => [name, fromWire(field)]));
  }
  const kind: unknown = Reflect.get(told, TAG);
  const of = fromWire(Reflect.get(told, "of"));
  switch (kind) {
    case "number":
      return Number(of);
    case "bigint":
      return BigInt(String(of));
    case "undefined":
      return undefined;
    case "date":
      return new Date(Number(of));
    case "map":
      return new Map(pairs(of));
    case "set":
      return new Set(list(of));
    case "object":
      return Object.fromEntries(pairs(of).map(([name, field]) => [String(name), field]));
    default:
      throw new TypeError(`no value is told as ${JSON.stringify(kind)}`);
  }
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new TypeError("expected a list");
  return value;
}

function pairs(value: unknown): [unknown, unknown][] {
  return list(value).map((each) => {
    const [name, field]: unknown[] = list(each);
    return [name, field];
  });
}
