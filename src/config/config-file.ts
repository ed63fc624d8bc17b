/** Parses a configuration file, and finds the line and column of everything in it. */

import { extname } from "node:path";
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  parseDocument,
  visit,
  type YAMLError,
} from "yaml";
import { ConfigError } from "../errors.js";
import type { Path, Problem } from "./problem.js";

/** More aliases than this are an attack, not a configuration. */
const MOST_ALIASES = 100;

/** Levels of the YAML syntax tree: a few for every level of keys. */
const DEEPEST = 200;

export interface ConfigFile {
  /** The configuration: what is under `state:`, or else everything. An empty one is `{}`. */
  value: unknown;
  /** Whether it is under `state:`. */
  nested: boolean;
  /** `bot.yaml:12:3`, the place of the key or value at `path`, or of the nearest one that exists. */
  locate(path: Path, at: Problem["at"]): Location;
}

export interface Location {
  /** As in `bot.yaml:12:3`. */
  label: string;
  /** Characters from the start of the file. */
  offset: number;
}

/**
 * Reads YAML, or JSON if the name ends in `.json`. `name` is used in error messages, which never quote the text: it may hold passwords. Throws a
 * `ConfigError` with line and column for bad syntax, duplicate keys, unknown tags and alias bombs.
 */
export function parseConfigFile(name: string, text: string): ConfigFile {
  const lines = new LineCounter();
  const locationOf = (offset: number): Location => {
    const { line, col } = lines.linePos(offset);
    return { label: `${name}:${line}:${col}`, offset };
  };
  const fail = (offset: number | undefined, message: string): ConfigError =>
    new ConfigError(`${offset === undefined ? name : locationOf(offset).label}: ${message}`);

  const tooDeep = nestingFault(text, lines);
  if (tooDeep !== undefined) throw fail(tooDeep.offset, tooDeep.message);
  const json = extname(name).toLowerCase() === ".json";
  const document = parseDocument(text, {
    schema: "core",
    merge: !json,
    stringKeys: true,
    uniqueKeys: false, // the parser compares every key with every other: `duplicateFault` does not
    prettyErrors: false, // they quote the source
  });
  const root = document.contents;
  const nested = isMap(root) && root.has("state");
  const part = nested ? root.get("state", true) : root;
  const fault = (json ? jsonFault(text, document) : yamlFault(text, document)) ?? partFault(part, document);
  if (fault !== undefined) throw fail(fault.offset, fault.message);

  let value: unknown;
  try {
    value = isNode(part) ? part.toJS(document, { maxAliasCount: MOST_ALIASES }) : part;
  } catch {
    throw fail(undefined, `aliases (*name) are expanded more than ${MOST_ALIASES} times; write the values out`);
  }
  return {
    value: value ?? {},
    nested,
    locate: (path, at) => locationOf(offsetOf(document, nested ? ["state", ...path] : path, at)),
  };
}

interface Fault {
  offset: number | undefined;
  message: string;
}

/**
 * Finds nesting that would exhaust the stack of the YAML parser. Only the parser's second half is recursive; this runs its first half. Fills `lines` on the
 * way.
 */
function nestingFault(text: string, lines: LineCounter): Fault | undefined {
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme)); // the tokens themselves are of no interest here
    if (parser.stack.length > DEEPEST) return { offset: parser.offset, message: "nested too deeply" };
  }
  return undefined;
}

function yamlFault(text: string, document: Document.Parsed): Fault | undefined {
  const error = document.errors[0];
  const duplicate = duplicateFault(document);
  if (error === undefined) return duplicate;
  if (duplicate?.offset !== undefined && duplicate.offset < error.pos[0]) return duplicate;
  const offset = error.pos[0];
  const reference = text.slice(offset - 1, offset + 1) === "${";
  return { offset, message: reference ? `inside { } or [ ], quote it: "\${NAME}"` : inOurWords(error) };
}

/** Finds what would change the meaning of the part that is read. The rest of the file is ignored. */
function partFault(part: unknown, document: Document.Parsed): Fault | undefined {
  if (!isNode(part)) return undefined;
  const [start, , end] = part.range ?? [0, 0, 0];
  const warning = document.warnings.find(({ pos }) => start <= pos[0] && pos[0] <= end);
  if (warning !== undefined) return { offset: warning.pos[0], message: inOurWords(warning) };
  let fault: Fault | undefined;
  const anchors = new Set<string>();
  // In the order of the text: an alias refers to an anchor above it, which may be outside of the part.
  visit(document, {
    Node(_, node) {
      if ("anchor" in node && typeof node.anchor === "string") anchors.add(node.anchor);
    },
    Alias(_, alias) {
      const at = alias.range?.[0] ?? 0;
      if (at < start || at > end || anchors.has(alias.source)) return;
      fault = { offset: alias.range?.[0], message: "no anchor of this name above; quote a text that begins with *" };
      return visit.BREAK;
    },
  });
  return fault;
}

/** The YAML parser finds the place, since most text that is no JSON is no YAML either; JSON.parse decides. */
function jsonFault(text: string, document: Document.Parsed): Fault | undefined {
  try {
    if (text.trim() !== "") JSON.parse(text);
  } catch (cause) {
    const position = cause instanceof Error ? /at position (\d+)/.exec(cause.message)?.[1] : undefined;
    const offset = position === undefined ? document.errors[0]?.pos[0] : Number(position);
    return { offset, message: "not valid JSON; look for a comma, a quote or a bracket, and for comments" };
  }
  return duplicateFault(document);
}

/** The first key that occurs twice in its map. */
function duplicateFault(document: Document.Parsed): Fault | undefined {
  let fault: Fault | undefined;
  visit(document, {
    Map(_, map) {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        const name = isScalar(key) ? key.value : key;
        const offset = isNode(key) ? key.range?.[0] : undefined;
        if (seen.has(name) && (offset ?? 0) < (fault?.offset ?? Number.POSITIVE_INFINITY)) {
          fault = { offset, message: "this key is there twice" };
        }
        seen.add(name);
      }
    },
  });
  return fault;
}

/** The parser's message without its quotes of the text. */
function inOurWords({ code, message }: YAMLError): string {
  if (code === "MULTIPLE_DOCS") return "a second document begins here; a configuration is one";
  if (code === "TAG_RESOLVE_FAILED") return "unknown tag; quote a text that begins with !";
  if (code === "BAD_DQ_ESCAPE") return "unknown escape sequence; use single quotes for a text with backslashes";
  return message.replace(
    /^(Unexpected [\w-]+ token in YAML \w+|Not a YAML token|Block scalar header [\w ]+): [\s\S]*/,
    "$1",
  );
}

/** The offset of `path` in the text; if the path does not exist, of the last existing node on the way. */
function offsetOf(document: Document.Parsed, path: Path, at: Problem["at"]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const [depth, segment] of path.entries()) {
    const inside = isAlias(node) ? node.resolve(document) : node;
    if (isSeq(inside)) {
      node = inside.items[Number(segment)];
    } else if (isMap(inside)) {
      const pair = inside.items.find((item) => (isScalar(item.key) ? String(item.key.value) : item.key) === segment);
      const wanted = at === "key" && depth === path.length - 1 ? pair?.key : (pair?.value ?? pair?.key);
      if (isNode(pair?.key)) offset = pair.key.range?.[0] ?? offset;
      node = wanted;
    } else {
      break;
    }
    if (!isNode(node)) break;
    offset = node.range?.[0] ?? offset;
  }
  return offset;
}
