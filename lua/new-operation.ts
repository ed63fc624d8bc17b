/**
 * `npm run new:operation NAME [-- --kind read|change] [--key KEY]`: writes a new operation that runs: its script, its twin, its
 * entry in the list of all, its sample call for the tests. It counts what stands at a key (default: `positions:open`); write what
 * it is to do in place of that. A change also leaves an event. `src/README.md` says what comes next.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { KEYS, type KeyName } from "../src/layout/keys.js";
import type { KeyType } from "../src/layout/table-forms.js";
import { type AnyOperation, COMMON_KEYS } from "../src/operations/operation.js";
import { readSharedText } from "./shared-text.js";
import { stamped } from "./stamp.js";

/** What the skeleton is to be. */
export interface Wish {
  /** As in `mark_signal_processed`. */
  readonly name: string;
  readonly kind: "read" | "change";
  readonly key: Exclude<KeyName, "execution:call">;
}

/** How many entries a key of the type has. */
const COUNT: Readonly<Record<KeyType, string>> = { hash: "HLEN", zset: "ZCARD", string: "EXISTS", stream: "XLEN" };

/** Writes the operation into the repository at `root`, and answers the files written or changed. Throws where the name is taken. */
export function writeOperation(wish: Wish, root: URL): string[] {
  const { name } = wish;
  if (!/^[a-z]+(_[a-z]+)*$/.test(name))
    throw new Error(`expected a name such as get_order, got ${JSON.stringify(name)}`);
  const lua = `lua/${name}.lua`;
  const twin = `src/operations/${dashed(name)}.ts`;
  const file = (path: string) => new URL(path, root);
  for (const path of [lua, twin]) if (existsSync(file(path))) throw new Error(`${path} is there already`);

  writeFileSync(file(lua), scriptOf(wish));
  writeFileSync(file(twin), twinOf(wish));
  const changed = {
    "src/operations/all.ts": withEntry,
    "test/contract/calls.ts": withSample,
  };
  for (const [path, change] of Object.entries(changed)) {
    writeFileSync(file(path), change(readFileSync(file(path), "utf8"), wish));
  }
  return [lua, twin, ...Object.keys(changed)];
}

function scriptOf(wish: Wish): string {
  const { name, kind, key } = wish;
  const own = ownKeys(wish);
  const place = [...COMMON_KEYS[kind], ...own].indexOf(key) + 1;
  const errors = kind === "read" ? "SFSTATELOST, SFSCHEMA" : "SFSTATELOST, SFSCHEMA, SFSTALECALL, SFWENTBACK, SFFENCED";
  const event = `event("difference_found", "subject", "${key}", "found", count .. " entries", "reads", "1")`;
  const source = `#!lua flags=${kind === "read" ? "no-writes" : "allow-oom"}
-- ${name}: how many entries ${key} has.
--
-- KEYS[1] flow:meta
-- Reply {"count", entries, call}
-- Errors: ${errors}

local function run()
  local key = KEYS[${place}]

  -- Read.
  local count = string.format("%.0f", redis.call("${COUNT[KEYS[key].type]}", key))
${kind === "change" ? `\n  -- Write.\n  ${event}\n` : ""}
  return answer({ "count", count })
end
`;
  return stamped(name, source, readSharedText(), described(wish));
}

function twinOf(wish: Wish): string {
  const { name, kind, key } = wish;
  const keys = ownKeys(wish).map((each) => `"${each}"`);
  const event = `
    state.emit(call, "difference_found", () => ({
      subject: "${key}",
      found: \`\${count} entries\`,
      reads: "1",
    }));
`;
  return `import { KEY_LAYOUTS } from "../layout/key-layouts.js";
import { type Operation, text } from "./operation.js";

/** How many entries ${key} has. */
export const ${camel(name)}: Operation<void, number> = {
  name: "${name}",
  kind: "${kind}",
  keys: [${keys.join(", ")}],
  args: {},
  decode: (reply) => Number(text(reply, 1)),
  apply(state${kind === "change" ? ", _, call" : ""}) {
    const count = KEY_LAYOUTS.find((layout) => layout.key === "${key}")?.render(state).length ?? 0;
${kind === "change" ? event : ""}
    return count;
  },
};
`;
}

/** The list of all operations with one more, in the order of the names. */
function withEntry(source: string, { name }: Wish): string {
  const added = `import { ${camel(name)} } from "./${dashed(name)}.js";`;
  const lines = source.split("\n");
  const from = (line: string) => /from "(.*)"/.exec(line)?.[1] ?? "";
  const isImport = (line: string) => line.startsWith("import ");
  const next = lines.findIndex((line) => isImport(line) && from(line) > from(added));
  lines.splice(next === -1 ? lines.findLastIndex(isImport) + 1 : next, 0, added);
  const begin = lines.findIndex((line) => line.startsWith("export const operations"));
  const entry = `  ${camel(name)},`;
  lines.splice(
    placeOf(lines, begin, (line) => line > entry),
    0,
    entry,
  );
  return lines.join("\n");
}

/** The sample calls with one more. The manager has no method yet: the sample reads what stands there, until it has. */
function withSample(source: string, { name }: Wish): string {
  const lines = source.split("\n");
  const begin = lines.findIndex((line) => line.startsWith("export const SAMPLE_CALLS"));
  const sample = `  ${name}: { argv: [], call: (m) => m.exportFlow() },`;
  const next = placeOf(lines, begin, (line) => (/^ {2}(\w+): \{/.exec(line)?.[1] ?? "") > name);
  lines.splice(next, 0, sample);
  return lines.join("\n");
}

/** The first line of a list after `begin` that comes later, or the list's end. */
function placeOf(lines: readonly string[], begin: number, isLater: (line: string) => boolean): number {
  return lines.findIndex((line, i) => i > begin && (isLater(line) || /^[\]}]/.test(line)));
}

function described({ name, kind, ...wish }: Wish): AnyOperation {
  return {
    name,
    kind,
    keys: ownKeys({ name, kind, ...wish }),
    args: {},
    decode: () => undefined,
    apply: () => undefined,
  };
}

function ownKeys({ kind, key }: Wish): KeyName[] {
  const common: readonly KeyName[] = COMMON_KEYS[kind];
  return common.includes(key) ? [] : [key];
}

function camel(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function dashed(name: string): string {
  return name.replaceAll("_", "-");
}

/** What the words of the command line ask for. */
function wishOf(words: readonly string[]): Wish {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: { kind: { type: "string", default: "read" }, key: { type: "string", default: "positions:open" } },
  });
  const [name] = positionals;
  if (name === undefined)
    throw new Error("say its name: npm run new:operation get_something -- --kind read --key orders:pending");
  const kind = (["read", "change"] as const).find((each) => each === values.kind);
  if (kind === undefined) throw new Error(`--kind: expected read or change, got ${values.kind}`);
  const stored = Object.keys(KEYS).filter((each) => each !== "execution:call");
  if (!isStored(values.key)) throw new Error(`--key: expected one of ${stored.join(", ")}, got ${values.key}`);
  return { name, kind, key: values.key };
}

function isStored(key: string): key is Wish["key"] {
  return key !== "execution:call" && Object.hasOwn(KEYS, key);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const path of writeOperation(wishOf(process.argv.slice(2)), new URL("../", import.meta.url))) console.log(path);
}
