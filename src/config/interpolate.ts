/** `${NAME}` and `${NAME:-default}` in a configuration's strings. `$${` stands for a literal `${`. */

import { isPlainObject } from "./plain.js";
import type { Path, Problem } from "./problem.js";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A string that consists of one `${NAME}`, so that it may become a number or a boolean. */
export interface Reference {
  path: Path;
  name: string;
}

/** A string with references. If values of variables were put into it, it is never quoted: it may hold a secret. */
export interface Source {
  path: Path;
  names: string[];
  /** The values of variables; defaults are not included. */
  values: string[];
}

export interface Interpolated {
  sources: Source[];
  value: unknown;
  problems: Problem[];
  references: Reference[];
}

const TOKEN = /\$\$\{|\$\{(?:([A-Za-z_]\w*)(?::-((?:(?!\$\{)[^}])*))?\})?/g;
const WHOLE = /^\$\{([A-Za-z_]\w*)(?::-(?:(?!\$\{)[^}])*)?\}$/;
const NUMBER = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/;

/**
 * Replaces the references in every string of plain data; keys stay as they are. A value is taken as text, whatever it contains: a reference inside a value
 * is not followed. A default is used if the variable is unset or empty.
 *
 * A reference at one of the `typed` paths that is the whole string becomes the number or boolean that its text spells.
 */
export function interpolate(input: unknown, environment: Environment, typed: readonly Path[] = []): Interpolated {
  const problems: Problem[] = [];
  const references: Reference[] = [];
  const sources: Source[] = [];
  const asTyped = new Set(typed.map((path) => JSON.stringify(path)));

  const visit = (value: unknown, path: Path): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]));
    if (typeof value === "string") {
      const text = replaced(value, path);
      const name = WHOLE.exec(value)?.[1];
      if (name !== undefined) references.push({ path, name });
      return name !== undefined && asTyped.has(JSON.stringify(path)) ? scalar(text) : text;
    }
    if (typeof value !== "object" || value === null || !isPlainObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item, [...path, key])]));
  };

  const replaced = (text: string, path: Path): string => {
    const source: Source = { path, names: [], values: [] };
    const result = text.replace(TOKEN, (token: string, name: string | undefined, fallback: string | undefined) => {
      if (token === "$${") return "${";
      if (name === undefined) {
        problems.push({ path, at: "value", text: MALFORMED });
        return token;
      }
      const found = Object.hasOwn(environment, name) ? environment[name] : undefined;
      if (found === undefined && fallback === undefined) {
        problems.push({ path, at: "value", text: missing(name) });
        return token;
      }
      source.names.push(name);
      if (found === undefined || (found === "" && fallback !== undefined)) return fallback ?? "";
      source.values.push(found);
      return found;
    });
    if (source.names.length > 0) sources.push(source);
    return result;
  };

  return { value: visit(input, []), problems, references, sources };
}

const MALFORMED = `"\${" begins \${NAME} or \${NAME:-default}; a literal one is written "$\${"`;

function missing(name: string): string {
  return `the environment variable ${name} is not set; set it, or give a default as in \${${name}:-default}`;
}

function scalar(text: string): string | number | boolean {
  if (/^(?:true|True|TRUE)$/.test(text)) return true;
  if (/^(?:false|False|FALSE)$/.test(text)) return false;
  return NUMBER.test(text) ? Number(text) : text;
}
