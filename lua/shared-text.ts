/** The files of `lua/shared`, taken apart into what a script can carry by itself. */
import { readdirSync, readFileSync } from "node:fs";
import { fieldsOf, freeNames, statementsOf } from "./free-names.js";

/**
 * Tables of functions that few calls need. `rare.quotient(a, b)` calls the shared function quotient; those that a script asks a table
 * for are made together when it first asks for one, and cost nothing until then.
 */
export const MADE_WHEN_ASKED = {
  rare: "what few calls need",
  long: "the arithmetic of numbers that no double holds",
  in_account: "what a flow in an account needs",
  at_end: "what the end of a trade needs",
} as const;

export type TableName = keyof typeof MADE_WHEN_ASKED;

const TABLES = ["rare", "long", "in_account", "at_end"] as const satisfies readonly TableName[];

/** What a piece of Lua needs of others. */
export interface Needs {
  /** The names that it uses and does not declare. */
  readonly names: ReadonlySet<string>;
  /** What it asks tables for that are made when asked. */
  readonly asked: readonly (readonly [TableName, string])[];
}

export function needsOf(lua: string): Needs {
  const names = freeNames(lua);
  const asked = TABLES.filter((table) => names.has(table)).flatMap((table) =>
    [...fieldsOf(table, lua)].map((name) => [table, name] as const),
  );
  return { names, asked };
}

/** A function or a constant with the comment above it. */
export interface Definition {
  readonly names: readonly string[];
  readonly text: string;
  readonly isFunction: boolean;
  readonly needs: Needs;
}

export interface SharedFile {
  readonly name: string;
  /** What a script that carries any of the file carries always: its first comment; in a file that opens scripts, statements too. */
  readonly opening: string;
  /** The locals of the opening. */
  readonly values: readonly string[];
  /** Each uses only what stands above it, here or in another file. */
  readonly definitions: readonly Definition[];
}

const FOLDER = new URL("shared/", import.meta.url);

/** What every script of a kind begins with. These files have statements that are run; the others only define. */
const OPENINGS = ["change", "read"] as const;
export type Opening = (typeof OPENINGS)[number];

export interface SharedText {
  readonly openings: Readonly<Record<Opening, SharedFile>>;
  /** A file stands after those that it needs. */
  readonly libraries: readonly SharedFile[];
}

export function readSharedText(): SharedText {
  const names = readdirSync(FOLDER).map((each) => each.replace(/\.lua$/, ""));
  const sources = names.map((name) => [name, readFileSync(new URL(`${name}.lua`, FOLDER), "utf8")] as const);
  return sharedText(Object.fromEntries(sources));
}

/** From the files' texts by their names. */
export function sharedText(sources: Readonly<Record<string, string>>): SharedText {
  const file = (name: string) => sharedFile(name, sources[name] ?? "");
  const libraries = Object.keys(sources).filter((name) => !OPENINGS.some((opening) => opening === name));
  return { openings: { change: file("change"), read: file("read") }, libraries: inOrder(libraries.sort().map(file)) };
}

function sharedFile(name: string, source: string): SharedFile {
  const lines = source.trimEnd().split("\n");
  const statements = statementsOf(source);
  const lastRun = statements.findLastIndex(({ names }) => names.length === 0);
  const firstDefinition = statements.findIndex(({ isFunction }, at) => at > lastRun && (lastRun < 0 || isFunction));
  const definitions = firstDefinition < 0 ? [] : statements.slice(firstDefinition);
  if (definitions.length === 0) throw new Error(`lua/shared/${name}.lua defines nothing`);
  const starts = definitions.map(({ from }) => commentAbove(lines, from));
  const texts = definitions.map(({ to }, at) => lines.slice(starts[at], to + 1).join("\n"));
  const needs = texts.map(needsOf);
  for (const [at, { names }] of definitions.entries()) {
    const early = names.find((each) => needs.slice(0, at).some((above) => above.names.has(each)));
    if (early !== undefined) throw new Error(`lua/shared/${name}.lua uses ${early} above its definition`);
  }
  return {
    name,
    opening: lines.slice(0, starts[0]).join("\n").trimEnd(),
    values: statements.slice(0, firstDefinition).flatMap(({ names }) => names),
    definitions: definitions.map(({ names, isFunction }, at) => {
      const text = texts[at] ?? "";
      return { names, isFunction, text, needs: needs[at] ?? needsOf(text) };
    }),
  };
}

/** The line where the comment begins that stands on a statement, without an empty line between the two. */
function commentAbove(lines: readonly string[], statement: number): number {
  let first = statement;
  while (lines[first - 1]?.startsWith("--")) first--;
  return first;
}

function inOrder(files: readonly SharedFile[]): SharedFile[] {
  const homes = new Map<string, SharedFile>();
  for (const file of files) {
    for (const name of file.definitions.flatMap(({ names }) => names)) {
      const other = homes.get(name);
      if (other) throw new Error(`lua/shared/${file.name}.lua and ${other.name}.lua both define ${name}`);
      homes.set(name, file);
    }
  }
  const ordered: SharedFile[] = [];
  const place = (file: SharedFile, above: readonly SharedFile[]) => {
    if (ordered.includes(file)) return;
    if (above.includes(file)) {
      throw new Error(`files of lua/shared need each other: ${[...above, file].map(({ name }) => name).join(", ")}`);
    }
    for (const name of file.definitions.flatMap(({ needs }) => [...needs.names])) {
      const home = homes.get(name);
      if (home && home !== file) place(home, [...above, file]);
    }
    ordered.push(file);
  };
  for (const file of files) place(file, []);
  return ordered;
}
