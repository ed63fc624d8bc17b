/**
 * Completes every script. Its author writes the title, replies and errors of the head, and `local function run() ... end`; stamped
 * are the keys and arguments of the head (from the operation), the parameters of run, the text of `lua/shared` that the script
 * needs, and the call of run at the end. So a script reads from the top and runs as it is. `npm run stamp` writes; the test suite
 * calls `staleStamps` and fails when a stamp is not current.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { operations } from "../src/operations/all.js";
import type { AnyOperation } from "../src/operations/operation.js";
import { type Carried, carried, type Group } from "./carried.js";
import { withCurrentHead } from "./heads.js";
import {
  type Definition,
  MADE_WHEN_ASKED,
  type Needs,
  needsOf,
  readSharedText,
  type SharedFile,
  type SharedText,
  type TableName,
} from "./shared-text.js";

const FOLDER = new URL("./", import.meta.url);
/** A script without a `#!` line is judged by Redis at its first write, not before it runs. */
const SCRIPT = /^((?:#!lua.*\n)?(?:--.*\n)+\n)local function run\([^)]*\)\n([\s\S]*?)^end\n([\s\S]*)$/m;
const APPENDIX = "-- Stamped from lua/shared, of each file what this script needs, by `npm run stamp`.";
const WIDTH = 130;

/** A script with everything that is stamped into it. `operation` is whose script it is, where it is not in the list of all yet. */
export function stamped(name: string, source: string, shared: SharedText, operation = operationOf(name)): string {
  const [, head, body, rest = ""] = SCRIPT.exec(source) ?? [];
  if (head === undefined || body === undefined) {
    throw new Error(`lua/${name}.lua is not #!lua, a comment, an empty line, and local function run() ... end`);
  }
  if (rest !== "" && !rest.startsWith(`\n${APPENDIX}\n`) && !rest.startsWith("\nreturn run(")) {
    throw new Error(`lua/${name}.lua has text of its own after run, where stamping would write over it`);
  }
  const own = needsOf(`local function run()\n${body}end`);
  const opening = operation.kind === "open" ? undefined : shared.openings[operation.kind];
  const { always, groups } = carried(opening, shared.libraries, own);
  const defined = always.flatMap(({ values, definitions }) => [...values, ...definitions.flatMap(namesOf)]);
  const tables = groups.map(({ table }) => table);
  const offered = [...tables, ...defined];
  for (const each of own.names) {
    if (!offered.includes(each)) throw new Error(`lua/${name}.lua uses ${each}, which nothing in lua/shared defines`);
  }
  const names = offered.filter((each) => own.names.has(each));
  const above = `${withCurrentHead(head, operation)}${call("local function run", names, 4)}\n${body}end\n`;
  const appendix = sharedTexts({ always: withNeededOpening(always, groups, own), groups }, opening !== undefined);
  return `${above}\n${[...appendix, callOfRun(names, offered.length)].join("\n\n")}\n`;
}

/** A chunk with everything of `lua/shared` that a piece of Lua needs which opens itself, and then that piece. */
export function withShared(lua: string, opened: string, shared: SharedText): string {
  const parts = carried(undefined, shared.libraries, needsOf(lua));
  return [opened, ...sharedTexts(parts, false), lua].join("\n");
}

function sharedTexts({ always, groups }: Carried, isOpened: boolean): string[] {
  const tables = groups.length > 0 ? [tablesText(groups.map(({ table }) => table))] : [];
  const texts = always.flatMap((file, at) => [
    partText(file),
    ...(isOpened && at === 0 ? tables : []),
    ...groups.filter(({ after }) => after === at).map(groupText),
  ]);
  if (!isOpened) texts.unshift(...tables);
  return texts.length === 0 ? [] : [APPENDIX, ...texts];
}

/** `local name, name = unpack(redis.call("HMGET", meta_key, "field", "field"))` */
const META_READ = /^local ([\w, ]+) = unpack\(redis\.call\("HMGET", meta_key,\s*((?:"\w+"(?:,\s*)?)+)\)\)/m;

/** The time in a script that only reads. */
const CLOCK = /^local now = tonumber\(clock\)\n[\s\S]*?^end$\n?/m;

/** The opening asks for what the script uses: of flow:meta the epoch, which is the first field, and others; the time, in a script that only reads. */
function withNeededOpening(always: readonly SharedFile[], groups: readonly Group[], own: Needs): readonly SharedFile[] {
  const [opening, ...libraries] = always;
  const [text, names = "", fields = ""] = META_READ.exec(opening?.opening ?? "") ?? [];
  if (opening === undefined || text === undefined) return always;
  const made = [...always, ...groups.flatMap(({ files }) => files)].flatMap(({ definitions }) => definitions);
  const used = new Set([own, ...made.map(({ needs }) => needs)].flatMap((needs) => [...needs.names]));
  const fieldNames = fields.split(/,\s*/);
  const read = names.split(", ").flatMap((name, at) => (at === 0 || used.has(name) ? [[name, fieldNames[at]]] : []));
  const asked = opening.opening.replace(
    text,
    metaRead(
      read.map(([name]) => name).join(", "),
      read.map(([, field]) => field),
    ),
  );
  return [
    { ...opening, opening: opening.name === "read" && !used.has("now") ? asked.replace(CLOCK, "").trimEnd() : asked },
    ...libraries,
  ];
}

function metaRead(locals: string, fields: readonly (string | undefined)[]): string {
  if (fields.length === 1) return `local ${locals} = redis.call("HGET", meta_key, ${fields})`;
  const start = `local ${locals} = unpack(`;
  const asked = `redis.call("HMGET", meta_key, ${fields.join(", ")}))`;
  return `${start}${start.length + asked.length > WIDTH ? "\n  " : ""}${asked}`;
}

function operationOf(name: string): AnyOperation {
  const operation = operations.find((each) => each.name === name);
  if (!operation) throw new Error(`lua/${name}.lua is the script of no operation: add it to src/operations/all.ts`);
  return operation;
}

function namesOf({ names }: Definition): readonly string[] {
  return names;
}

function partText({ name, opening, definitions }: SharedFile): string {
  const texts = [opening, ...definitions.map(({ text }) => text)].filter((text) => text !== "");
  return `-- >>> ${name}.lua\n${texts.join("\n\n")}\n-- <<< ${name}.lua`;
}

function tablesText(tables: readonly TableName[]): string {
  const lines = tables.map((table) => `-- ${table}: ${MADE_WHEN_ASKED[table]}.`);
  const start = `local ${tables.join(", ")} = ${tables.map(() => "{}").join(", ")}`;
  return `-- Tables of functions that are made, below, when a table is first asked for one.\n${lines.join("\n")}\n${start}`;
}

/** The functions of a table, within the one that makes them. */
function groupText({ table, asked, files }: Group): string {
  const parts = files.flatMap((file) => [partText(file), ""]);
  const fields = asked.map((name) => `${table}.${name}`);
  const lines = [...parts, `${list("", fields)} =`, list("  ", asked), `return rawget(${table}, asked)`];
  const indented = lines.join("\n").replace(/^(?=.)/gm, "  ");
  return `setmetatable(${table}, { __index = function(_, asked)\n${indented}\nend })`;
}

/** Lua has 250 registers for the locals of a chunk and the arguments of a call in it. What needs more goes through a list. */
const MOST_REGISTERS = 240;

/** How many a list is begun with, and how many are put into it at a time: each takes a register meanwhile. */
const AT_FIRST = 30;
const AT_ONCE = 4;

function callOfRun(names: readonly string[], locals: number): string {
  if (locals + names.length <= MOST_REGISTERS) return call("return run", names, 2);
  const lines = [`local given = { ${call("", names.slice(0, AT_FIRST), 2).slice(1, -1)} }`];
  for (let at = AT_FIRST; at < names.length; at += AT_ONCE) {
    const next = names.slice(at, at + AT_ONCE);
    lines.push(`${next.map((_, i) => `given[${at + i + 1}]`).join(", ")} = ${next.join(", ")}`);
  }
  return [...lines, `return run(unpack(given, 1, ${names.length}))`].join("\n");
}

/** Names with commas between them, on as many lines as they need. */
function list(indent: string, names: readonly string[]): string {
  return call("", names, indent.length).slice(1, -1).replace(/^/, indent);
}

/** `start(name, name, ...)`, on as many lines as it needs. */
function call(start: string, names: readonly string[], indent: number): string {
  const lines = [`${start}(`];
  for (const [at, name] of names.entries()) {
    const word = name + (at < names.length - 1 ? "," : ")");
    const line = lines.at(-1) ?? "";
    const space = line.endsWith("(") ? "" : " ";
    if (line.length + space.length + word.length <= WIDTH) lines[lines.length - 1] = line + space + word;
    else lines.push(" ".repeat(indent) + word);
  }
  return names.length === 0 ? `${start}()` : lines.join("\n");
}

/** The scripts whose text is not what stamping makes of it. */
export function staleStamps(): string[] {
  return restamped().flatMap(({ name, source, text }) => (source === text ? [] : [name]));
}

function restamped(): { name: string; source: string; text: string }[] {
  const shared = readSharedText();
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".lua"));
  return files.map((file) => {
    const name = file.replace(/\.lua$/, "");
    const source = readFileSync(new URL(file, FOLDER), "utf8");
    return { name, source, text: stamped(name, source, shared) };
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { name, source, text } of restamped()) {
    if (source === text) continue;
    writeFileSync(new URL(`${name}.lua`, FOLDER), text);
    console.log(`stamped ${name}`);
  }
}
