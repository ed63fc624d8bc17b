/** Which folder may import which: read from the text of every import of src/ and sync/, type-only ones included. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const test = suite("house");

interface Import {
  readonly from: string;
  readonly to: string;
}

const imports = ["src", "sync"].flatMap((top) => filesOf(top).flatMap(importsOf));

function filesOf(top: string): string[] {
  return readdirSync(join(ROOT, top), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(top, name));
}

/** What a file imports of ours: `import`, `export ... from`, `import()`. */
function importsOf(from: string): Import[] {
  const text = readFileSync(join(ROOT, from), "utf8");
  return [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["'](\.[^"']+)\.js["']/g)].map(([, path = ""]) => ({
    from,
    to: `${normalize(join(dirname(from), path))}.ts`,
  }));
}

/** A folder; a file that stands in no folder of src/ or sync/ is a room of its own, as `src/errors.ts` and `src/index.ts` are. */
function roomOf(file: string): string {
  const folder = dirname(file);
  return folder.includes("/") ? folder : file;
}

/** Every way from a room back to itself, as the rooms on it. */
function circles(all: readonly Import[]): string[] {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of all) {
    const [a, b] = [roomOf(from), roomOf(to)];
    if (a !== b) next.set(a, (next.get(a) ?? new Set()).add(b));
  }
  const found: string[] = [];
  const over = new Set<string>();
  const visit = (room: string, way: readonly string[]): void => {
    const at = way.indexOf(room);
    if (at >= 0) found.push([...way.slice(at), room].join(" -> "));
    if (at >= 0 || over.has(room)) return;
    for (const other of next.get(room) ?? []) visit(other, [...way, room]);
    over.add(room);
  };
  for (const room of next.keys()) visit(room, []);
  return found;
}

test("no folder imports one that imports it back, straight or through others", () => {
  assert.ok(imports.length > 1000, `${imports.length} imports were read`);
  assert.equal(circles(imports), []);
});

test("a circle of two folders, and one of three, would be seen", () => {
  const path = (...rooms: string[]) =>
    rooms.slice(1).map((to, i) => ({ from: `src/${rooms[i]}/a.ts`, to: `src/${to}/b.ts` }));
  assert.equal(circles(path("x", "y", "x")), ["src/x -> src/y -> src/x"]);
  assert.equal(circles(path("x", "y", "z", "x")), ["src/x -> src/y -> src/z -> src/x"]);
  assert.equal(circles(path("x", "y", "z")), []);
});

test("nothing in src imports sync", () => {
  assert.equal(
    imports.filter(({ from, to }) => from.startsWith("src/") && to.startsWith("sync/")),
    [],
  );
});

test("the backends know no operation by name but open_flow", () => {
  const known = ["operation.ts", "arguments.ts", "open-flow.ts", "all.ts"].map((name) => `src/operations/${name}`);
  assert.equal(
    imports.filter(
      ({ from, to }) => from.startsWith("src/backends/") && to.startsWith("src/operations/") && !known.includes(to),
    ),
    [],
  );
});

test.run();
