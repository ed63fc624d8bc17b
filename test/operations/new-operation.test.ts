/** `npm run new:operation`, in a copy of the repository. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify, stripVTControlCharacters } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const COPIED = ["src", "sync", "test", "lua", "package.json", "tsconfig.json", "biome.json", ".gitignore"];

const copy = await mkdtemp(join(tmpdir(), "new-operation-"));
for (const name of COPIED) await cp(join(ROOT, name), join(copy, name), { recursive: true });
await symlink(join(ROOT, "node_modules"), join(copy, "node_modules"));
await run("git", ["init", "--quiet"], { cwd: copy });

const node = (...words: string[]) => run(process.execPath, words, { cwd: copy, maxBuffer: 1e8 });
const create = (...words: string[]) => node("--import", "tsx", "lua/new-operation.ts", ...words);

const test = suite("new operation");

test("writes a read and a change that compile, are formatted, and whose heads and stamps are current", async () => {
  await create("count_lately_closed", "--key", "orders:closed");
  const { stdout } = await create("zero_in", "--kind", "change", "--key", "execution:heartbeat");
  assert.equal(stdout.trim().split("\n"), [
    "lua/zero_in.lua",
    "src/operations/zero-in.ts",
    "src/operations/all.ts",
    "test/contract/calls.ts",
  ]);
  const written = [...stdout.trim().split("\n").slice(1), "src/operations/count-lately-closed.ts"];
  // The rest of the repository knows operations by these files.
  const files = [...written, "src/index.ts", "lua/stamp.ts", "test/contract/lua/files.suite.ts"];
  const project = JSON.stringify({ extends: "./tsconfig.json", include: [], files });
  await writeFile(join(copy, "tsconfig.operations.json"), project);
  await node("node_modules/typescript/bin/tsc", "-p", "tsconfig.operations.json");
  await node("node_modules/@biomejs/biome/bin/biome", "check", ...written);
  const stamps = await node("--import", "tsx", "lua/stamp.ts");
  assert.is(stamps.stdout, "");
  const { operations } = await import(pathToFileURL(join(copy, "src/operations/all.ts")).href);
  const names = operations.map(({ name }: { name: string }) => name);
  assert.equal(names, names.toSorted());
  assert.ok(names.includes("count_lately_closed") && names.includes("zero_in"));
});

test("what it wrote passes the tests of the scripts' heads", async () => {
  const { stdout } = await node(
    "--import",
    "tsx",
    "--eval",
    'import("./test/contract/lua/files.suite.ts").then((m) => m.luaFiles())',
  );
  const [, total, passed] = /Total:\s+(\d+)\s+Passed:\s+(\d+)/.exec(stripVTControlCharacters(stdout)) ?? [];
  assert.ok(Number(total) > 200, stdout);
  assert.is(passed, total, stdout);
});

test("a name that is taken, or is none, and a key that no flow has are refused", async () => {
  const before = await readFile(join(copy, "src/operations/all.ts"), "utf8");
  for (const [words, said] of [
    [["get_order"], /lua\/get_order\.lua is there already/],
    [["getOrder"], /expected a name such as get_order, got "getOrder"/],
    [[], /say its name/],
    [["count_it", "--key", "nowhere"], /--key: expected one of flow:meta/],
    [["count_it", "--kind", "write"], /--kind: expected read or change, got write/],
  ] as const) {
    const message = await create(...words).then(
      () => "",
      ({ stderr }: { stderr: string }) => stderr,
    );
    assert.match(message, said);
  }
  assert.is(await readFile(join(copy, "src/operations/all.ts"), "utf8"), before);
});

test.after(() => rm(copy, { recursive: true, force: true }));
test.run();
