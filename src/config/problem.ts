/** Problems of a configuration and their places: zod's issues in this library's words. */

import * as z from "zod";
import { bareWord, nearest } from "./nearest.js";
import { kindOf, show } from "./show.js";

export type Path = readonly (string | number)[];

export interface Problem {
  path: Path;
  /** Whether the key or the value is wrong: where an editor should point. */
  at: "key" | "value";
  /** What was expected and what was found, without the path. */
  text: string;
  /** The same, but with only the kind of the value, if `text` quotes it. */
  unquoted?: string;
}

/** One line: `risk.max_daily_loss: expected a positive number, got "5%"`. `root` stands for the empty path. */
export function formatProblem(problem: Problem, root: string): string {
  return `${formatPath(problem.path) || root}: ${problem.text}`;
}

/** `redis.sentinels[0].host`. A key that is no plain word is quoted, and shortened if it is long. */
export function formatPath(path: Path): string {
  let text = "";
  for (const segment of path) {
    if (typeof segment === "number") text += `[${segment}]`;
    else if (/^[\w-]{1,60}$/.test(segment)) text += text === "" ? segment : `.${segment}`;
    else text += `[${show(segment)}]`;
  }
  return text;
}

/** Leaves out each problem that only follows from an earlier one at the same place or around it. */
export function withoutConsequences(problems: readonly Problem[]): Problem[] {
  const places = new Set<string>();
  return problems.filter(({ path }) => {
    const around = Array.from({ length: path.length + 1 }, (_, length) => JSON.stringify(path.slice(0, length)));
    if (around.some((place) => places.has(place))) return false;
    places.add(JSON.stringify(path));
    return true;
  });
}

/**
 * The problems that `schema` found in `input`. Every leaf of the schema has an error text that says what is expected, such as "a positive number"; this
 * adds what was found instead.
 */
export function problemsOf(issues: readonly z.core.$ZodIssue[], schema: z.core.$ZodType, input: unknown): Problem[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map((segment) => (typeof segment === "symbol" ? String(segment) : segment));
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key, at): Problem => {
        const text = at < MOST_MEANT ? unknownKey(key, path, schema) : UNKNOWN_KEY;
        return { path: [...path, key], at: "key", text };
      });
    }
    const value = valueAt(input, path);
    const holdsOthers = issue.code === "invalid_type" && (issue.expected === "object" || issue.expected === "array");
    const got = holdsOthers ? kindOf(value) : show(value, path.at(-1));
    const kind = value === "" ? '""' : kindOf(value);
    const expected = `expected ${issue.message}`;
    return [{ path, at: "value", text: `${expected}, got ${got}`, unquoted: `${expected}, got ${kind}` }];
  });
}

const UNKNOWN_KEY = "unknown key";

/** At most so many are looked up: each is compared with every known key. */
const MOST_MEANT = 100;

function unknownKey(key: string, path: Path, schema: z.core.$ZodType): string {
  const meant = nearest(key, keysAt(schema, path)) ?? elsewhere(key, schema);
  return meant === undefined ? UNKNOWN_KEY : `${UNKNOWN_KEY}; did you mean ${meant}?`;
}

/** The path of the only key with this name that is directly in a section. */
function elsewhere(key: string, schema: z.core.$ZodType): string | undefined {
  const paths = keysInSections(schema).get(bareWord(key)) ?? [];
  return paths.length === 1 ? paths[0] : undefined;
}

/** By schema: a file may have thousands of unknown keys. */
const inSections = new WeakMap<z.core.$ZodType, ReadonlyMap<string, readonly string[]>>();

/** The places of keys directly in sections, by their bare name. */
function keysInSections(schema: z.core.$ZodType): ReadonlyMap<string, readonly string[]> {
  const known = inSections.get(schema);
  if (known) return known;
  const found = new Map<string, string[]>();
  for (const section of keysAt(schema, [])) {
    for (const key of keysAt(schema, [section])) {
      const name = bareWord(key);
      // An account's keys have the names of the flow's own, which are mostly meant.
      if (section === "account" && found.has(name)) continue;
      found.set(name, [...(found.get(name) ?? []), `${section}.${key}`]);
    }
  }
  inSections.set(schema, found);
  return found;
}

/** The keys that the object at `path` may have; empty if there is no object. */
function keysAt(schema: z.core.$ZodType, path: Path): string[] {
  const inner = unwrapped(schema);
  const [first, ...rest] = path;
  if (inner instanceof z.ZodArray) return keysAt(inner.element, rest);
  if (!(inner instanceof z.ZodObject)) return [];
  if (first === undefined) return Object.keys(inner.shape);
  const child: unknown = Object.hasOwn(inner.shape, first) ? inner.shape[first] : undefined;
  return child instanceof z.ZodType ? keysAt(child, rest) : [];
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodPipe) return unwrapped(schema.in);
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  ) {
    return unwrapped(schema.unwrap());
  }
  return schema;
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const segment of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Reflect.get(value, segment);
  }
  return value;
}
