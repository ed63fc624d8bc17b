/** Generates the Lua of a record that is kept as JSON: how a script writes it and reads it. */
import { formatMoney } from "../../exact/money.js";
import { type Field, type Fields, fieldsStored } from "../field.js";

const LINE = 130;

/** A record and its name in words (`An order`). */
export interface LuaRecord {
  readonly name: string;
  readonly words: string;
  readonly fields: Fields;
}

/** The text of `lua/shared/<name>.lua`. */
export function luaJsonOf({ name, words, fields }: LuaRecord): string {
  const it = name.charAt(0);
  const parts = [constant("{")];
  for (const [at, [field, of]] of fieldsStored(fields).entries()) {
    const start = `${at === 0 ? "" : ","}"${field}":`;
    const value = `${it}.${field}`;
    if (of.presence === "always") parts.push(constant(start), ...written(value, of));
    else
      parts.push(expression(`(${value} and ${joined([constant(start), ...written(value, of)]).join(" .. ")} or "")`));
  }
  parts.push(constant("}"));
  return `-- ${words} as it is stored: numbers as texts that read back as the same double. Generated from src/records/${name}.ts.
local function ${name}_json(${it})
${wrapped(joined(parts))}
end
`;
}

/** The text of `lua/shared/<name>_parse.lua`. */
export function luaParseOf({ name, words, fields }: LuaRecord): string {
  const it = name.charAt(0);
  const [json] = fieldsStored(fields).filter(([, { kind }]) => kind === "json");
  const lines = Object.entries(fields).flatMap(([field, of]) => readBack(`${it}.${field}`, of));
  if (json !== undefined) lines.push(`  ${it}.${json[0]} = metadata`);
  return `-- ${words.replace(/^An? /, (article) => `${article}stored `).replace("An stored", "A stored")}, its numbers as the texts they are written with. Generated from src/records/${name}.ts.
local function ${name}_parse(json)
  local ${it}${json === undefined ? "" : ", metadata"} = record_parse(json)
${lines.join("\n")}
  return ${it}
end
`;
}

interface Part {
  /** Text as it is, or a Lua expression. */
  readonly constant: boolean;
  readonly text: string;
}

const constant = (text: string): Part => ({ constant: true, text });
const expression = (text: string): Part => ({ constant: false, text });

/** A value, given as text of its kind, in JSON. */
function written(value: string, { kind }: Field): Part[] {
  switch (kind) {
    case "name":
    case "text":
    case "unpriced":
      return [expression(`quote(${value})`)];
    case "word":
    case "decimal":
    case "money":
      return [constant('"'), expression(value), constant('"')];
    case "json":
    case "double":
    case "whole":
    case "flag":
    case "duration":
    case "time":
      return [expression(value)];
  }
}

/** Joins Lua expressions; neighbouring constants become one. */
function joined(parts: readonly Part[]): string[] {
  const expressions: string[] = [];
  let text = "";
  for (const part of [...parts, expression("")]) {
    if (part.constant) {
      text += part.text;
      continue;
    }
    if (text !== "") expressions.push(`'${text}'`);
    if (part.text !== "") expressions.push(part.text);
    text = "";
  }
  return expressions;
}

function wrapped(expressions: readonly string[]): string {
  const lines: string[] = [];
  let line = "  return";
  for (const [at, each] of expressions.entries()) {
    const next = at === 0 ? ` ${each}` : ` .. ${each}`;
    if (line.length + next.length > LINE) {
      lines.push(line);
      line = "   ";
    }
    line += next;
  }
  return [...lines, line].join("\n");
}

/** A number of the parsed JSON becomes its text again. A field that a record of an earlier version lacks is filled in. */
function readBack(value: string, { kind, presence, was }: Field): string[] {
  const text = numberText(value, kind);
  if (was !== undefined) return [`  ${value} = ${value} ${text === value ? "" : `and ${text} `}or ${luaText(was)}`];
  if (text === value) return [];
  return [`  ${value} = ${presence === "always" ? text : `${value} and ${text}`}`];
}

function numberText(value: string, kind: Field["kind"]): string {
  if (kind === "double") return `number_text(${value})`;
  return kind === "whole" || kind === "flag" || kind === "duration" || kind === "time"
    ? `string.format("%d", ${value})`
    : value;
}

/** The text that a script would have read. */
function luaText(was: string | number | bigint): string {
  return JSON.stringify(typeof was === "bigint" ? formatMoney(was) : String(was));
}
