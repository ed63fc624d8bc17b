/** Copies a configuration from a file, a database or code as plain data, without what JSON cannot hold. */

import type { Path, Problem } from "./problem.js";
import { kindOf } from "./show.js";

/** No key of the configuration is deeper than `redis.sentinels[0].host`. */
const DEEPEST = 4;

export interface Plain {
  /** The copy: finite, and without keys whose value is undefined. Instances of classes are kept unchanged in it. */
  value: unknown;
  problems: Problem[];
}

/** Copies plain objects and arrays; reports class instances, cycles, symbol keys and `__proto__`. */
export function plain(input: unknown): Plain {
  const problems: Problem[] = [];
  return { value: copy(input, [], problems), problems };
}

function copy(value: unknown, path: Path, problems: Problem[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (!Array.isArray(value) && !isPlainObject(value)) {
    problems.push({ path, at: "value", text: `expected a plain object, got ${kindOf(value)}` });
    return value;
  }
  if (path.length > DEEPEST) {
    problems.push({ path, at: "value", text: `expected a single value, got ${kindOf(value)}` });
    return undefined;
  }
  if (Array.isArray(value)) return Array.from(value, (item, index) => copy(item, [...path, index], problems));
  const result: Record<string, unknown> = {};
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === "symbol" || key === "__proto__") {
      problems.push({ path: [...path, String(key)], at: "key", text: "unknown key" });
      continue;
    }
    const child = copy(Reflect.get(value, key), [...path, key], problems);
    if (child !== undefined) result[key] = child;
  }
  return result;
}

/** True for `{}`, `Object.create(null)` and such objects of another realm; false for arrays, dates, maps and class instances. */
export function isPlainObject(value: object): boolean {
  if (Object.prototype.toString.call(value) !== "[object Object]") return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
