import { type Chunk, type Node, type Options, parse } from "luaparse";

const OPTIONS: Partial<Options> = { luaVersion: "5.1", scope: true, ranges: true, locations: true };

/** What Redis gives every script. */
const GIVEN = new Set(
  "KEYS ARGV redis cjson string table math assert ipairs next pairs rawget select setmetatable tonumber tostring type unpack pcall".split(
    " ",
  ),
);

/** A statement of a file's outermost block. */
export interface Statement {
  /** The first and the last line, from 0. */
  readonly from: number;
  readonly to: number;
  /** The locals that it declares. */
  readonly names: readonly string[];
  readonly isFunction: boolean;
}

export function statementsOf(lua: string): Statement[] {
  return parse(lua, OPTIONS).body.map((statement) => {
    if (!statement.loc) throw new Error("luaparse gave a statement without its place");
    const lines = { from: statement.loc.start.line - 1, to: statement.loc.end.line - 1 };
    const isFunction = statement.type === "FunctionDeclaration";
    if (statement.type === "LocalStatement") {
      return { ...lines, isFunction, names: statement.variables.map(({ name }) => name) };
    }
    const named = statement.type === "FunctionDeclaration" && statement.isLocal ? statement.identifier : null;
    return { ...lines, isFunction, names: named?.type === "Identifier" ? [named.name] : [] };
  });
}

/** The names that a piece of Lua uses and neither declares nor has from Redis. */
export function freeNames(lua: string): Set<string> {
  const chunk: Chunk = parse(lua, OPTIONS);
  if (!("globals" in chunk) || !Array.isArray(chunk.globals)) throw new Error("luaparse told no globals");
  const globals: Node[] = chunk.globals;
  const names = globals.flatMap((each) => (each.type === "Identifier" ? [each.name] : []));
  return new Set(names.filter((name) => !GIVEN.has(name)));
}

/** The names of the fields that a piece of Lua asks of a table, as in `rare.quotient`. */
export function fieldsOf(table: string, lua: string): Set<string> {
  const names = new Set<string>();
  const onCreateNode = (node: Node) => {
    if (node.type !== "MemberExpression" || node.base.type !== "Identifier") return;
    if (node.base.name === table) names.add(node.identifier.name);
  };
  parse(lua, { ...OPTIONS, onCreateNode });
  return names;
}
