/** The package as a user gets it: packed, installed into an empty project, imported, type-checked, run. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { newestNode } from "./newest-node.js";
import { figureLine } from "./run/words.js";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "sf-package-"));
/** A project without `@duckdb/node-api`. */
const slim = mkdtempSync(join(tmpdir(), "sf-package-slim-"));
for (const folder of [project, slim]) process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

function run(command: string, args: string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

run("npm", ["run", "--silent", "build"], ROOT);
const [packed] = JSON.parse(
  run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", project], ROOT),
) as [{ filename: string; size: number; files: { path: string }[] }];
install(slim);
install(project, `@duckdb/node-api@${versionHere("@duckdb/node-api")}`);

function install(folder: string, ...others: string[]): void {
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "a-bot", private: true, type: "module" }));
  const options = ["--silent", "--no-audit", "--no-fund", "--prefer-offline"];
  run("npm", ["install", ...options, join(project, packed.filename), ...others], folder);
}

function versionHere(name: string): string {
  return JSON.parse(readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8")).version;
}

const test = suite("package");

test("holds the built library, the Lua files, the schema, and nothing else", () => {
  const paths = packed.files.map(({ path }) => path);
  const extra = paths.filter(
    (path) =>
      !/^(?:dist\/(?:src|sync)\/.+\.(?:js|d\.ts)|dist\/bin\/(?:sf-state|[\w-]+-[0-9A-Z]{8})\.js|dist\/bin\/LICENSES\.txt|dist\/lua\/(?:(?:connecting|export|import|migration|moving)\/)?\w+\.lua|dist\/page\/(?:assets\/)?[\w.-]+|dist\/config\.schema\.json|metrics\/(?:rules(?:\.test)?\.yml|dashboard\.json))$/.test(
        path,
      ) && !["package.json", "README.md", "LICENSE", "CHANGELOG.md"].includes(path),
  );
  assert.equal(extra, []);
  console.log(
    `\n${figureLine(`the package weighs ${Math.ceil(packed.size / 1024)} KiB packed, in ${paths.length} files`)}`,
  );
  const scripts = scriptsIn(join(ROOT, "lua"));
  for (const name of scripts) assert.ok(paths.includes(`dist/lua/${name}`), `${name} is missing`);
});

test("the Lua files inside are, byte for byte, those that a person runs by hand", () => {
  const sha = (file: string) => createHash("sha1").update(readFileSync(file)).digest("hex");
  const installed = join(project, "node_modules/signalflow-state/dist/lua");
  for (const name of scriptsIn(installed)) assert.is(sha(join(installed, name)), sha(join(ROOT, "lua", name)), name);
});

for (const [which, node] of [
  ["the Node that runs the tests", process.execPath],
  ["the newest Node", newestNode()],
] as const) {
  test(`on ${which}, a script of an empty project keeps state in memory and in a DuckDB file`, () => keepsState(node));

  test(`on ${which}, the command and the part for exchanges are there`, () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const command = join(project, "node_modules/.bin/sf-state");
    assert.is(run(node, [command, "--version"], project), `${version}\n`);
    const shown = run(node, [command, "status", "--duckdb", "state/bot.db", "--json"], project);
    assert.is(JSON.parse(shown).flowId, "bot");
    writeFileSync(
      join(project, "sync.js"),
      `import { ExchangeError } from "signalflow-state/sync";
       import { StateError } from "signalflow-state";
       console.log(new ExchangeError("no_answer", "x") instanceof StateError);`,
    );
    assert.is(run(node, ["sync.js"], project), "true\n");
  });
}

test("without @duckdb/node-api, memory works, and duckdb says what to install and leaves nothing behind", () => {
  assert.not.ok(existsSync(join(slim, "node_modules/@duckdb")));
  writeFileSync(
    join(slim, "bot.js"),
    `import { StateManager } from "signalflow-state";
     const memory = await StateManager.open("bot", { backend: "memory" });
     console.log(await memory.markSignalProcessed("s", "p"));
     const file = StateManager.fromConfig("bot", { backend: "duckdb" });
     await file.connect().catch((error) => console.log(error.name, error.code, error.message));`,
  );
  const [won, refusal] = run(process.execPath, ["bot.js"], slim).trim().split("\n");
  assert.is(won, "true");
  assert.match(refusal ?? "", /^ConfigError CONFIG backend: duckdb needs the package @duckdb\/node-api: npm install /);
  assert.not.ok(existsSync(join(slim, "state")));
});

test("without @duckdb/node-api, sf-state says what to install when it is told to look at a file", () => {
  writeFileSync(join(slim, "bot.db"), "");
  const command = join(slim, "node_modules/.bin/sf-state");
  for (const words of [["ls"], ["status", "--flow", "bot"], ["doctor", "--flow", "bot"]]) {
    const { status, stderr } = spawnSync(process.execPath, [command, ...words, "--duckdb", "bot.db"], {
      cwd: slim,
      encoding: "utf8",
    });
    assert.is(status, 2, words[0]);
    assert.match(stderr, /^[^\n]*npm install @duckdb\/node-api[^\n]*\n$/, words[0]);
  }
});

test("npx finds the command", () => {
  assert.match(run("npx", ["--no-install", "sf-state", "--version"], project), /^\d+\.\d+\.\d+\n$/);
});

test("what init writes is a configuration and a bot that run", () => {
  const folder = join(project, "first");
  run("npx", ["--no-install", "sf-state", "init", folder], project);
  const tsx = join(ROOT, "node_modules/tsx/dist/loader.mjs");
  const bot = () => run(process.execPath, ["--import", tsx, "bot.ts"], folder);
  assert.match(bot(), /^opened \w+\ntoday -0\.24, breaker quiet\n$/);
  assert.match(bot(), /^no entry: .+\ntoday -0\.24, breaker quiet\n$/);
  const schema = /\$schema=(\S+)/.exec(readFileSync(join(folder, "bot.yaml"), "utf8"))?.[1] ?? "";
  const { properties, else: flat } = JSON.parse(readFileSync(join(project, schema), "utf8"));
  assert.ok(flat.properties.duckdb && properties.state);
});

function keepsState(node: string): void {
  rmSync(join(project, "state"), { recursive: true, force: true });
  writeFileSync(
    join(project, "bot.js"),
    `import { StateManager } from "signalflow-state";
     for (const backend of ["memory", "duckdb"]) {
       const state = await StateManager.open("bot", { backend });
       const entry = await state.admit({ signalId: "s", pair: "BTC/USDT", side: "long", size: 1, price: 2 });
       console.log(backend, entry.admitted, (await state.getPendingOrders()).length);
       await state.close();
     }`,
  );
  assert.is(run(node, ["bot.js"], project), "memory true 1\nduckdb true 1\n");
  const state = `import { StateManager } from "signalflow-state";
     const state = await StateManager.open("bot", { backend: "duckdb" });
     console.log(await state.isSignalProcessed("s"));
     await state.close();`;
  writeFileSync(join(project, "again.js"), state);
  assert.is(run(node, ["again.js"], project), "true\n");
}

test("its types serve a strict TypeScript project, which has no DuckDB and checks libraries, too", () => {
  writeFileSync(
    join(slim, "bot.ts"),
    `import { type Admission, type Config, StateError, StateManager, type StateEvent } from "signalflow-state";
     import { type Exchange, ExchangeError } from "signalflow-state/sync";
     const flat: Pick<Exchange, "fetchPositions"> = { fetchPositions: () => Promise.reject(new ExchangeError("no_answer", "x")) };
     flat.fetchPositions().catch(() => {});
     const config: Config = { backend: "memory", risk: { max_daily_loss: 300, breaker_duration: "2h" } };
     const state: StateManager = await StateManager.open("bot", config);
     const entry: Admission = await state.admit({ signalId: "s", pair: "p", side: "short", size: 1, price: 2, cooldown: "5m" });
     const why: string = entry.admitted ? entry.order.id : entry.reason;
     for await (const event of state.watch({ after: "0-0" })) {
       const seen: StateEvent = event;
       if (seen.type === "entry_admitted") console.log(seen.order.id, why);
       break;
     }
     try { await state.close(); } catch (error) { if (error instanceof StateError) console.log(error.code); }`,
  );
  const options = [
    "--strict",
    "--exactOptionalPropertyTypes",
    "--noEmit",
    "--skipLibCheck",
    "false",
    "--module",
    "nodenext",
    "--target",
    "es2022",
  ];
  const lib = [
    "--lib",
    "es2023,esnext.disposable",
    "--types",
    "node",
    "--typeRoots",
    join(ROOT, "node_modules/@types"),
  ];
  run(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), ...options, ...lib, "bot.ts"], slim);
});

test("the bots that init writes fit its types, strictly", () => {
  const bots = ["paper", "ccxt"].map((template) => {
    run("npx", ["--no-install", "sf-state", "init", template, "--template", template], project);
    return `${template}/bot.ts`;
  });
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    skipLibCheck: true,
    module: "nodenext",
    target: "es2022",
    lib: ["es2023", "es2024.string", "esnext.disposable"],
    types: ["node"],
    typeRoots: [join(ROOT, "node_modules/@types")],
    paths: { ccxt: [join(ROOT, "node_modules/ccxt/js/ccxt.d.ts")] },
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: bots }));
  run(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", "."], project);
});

test("the schema for editors is there under its export", () => {
  writeFileSync(
    join(project, "schema.js"),
    `import { createRequire } from "node:module";
     const schema = createRequire(import.meta.url)("signalflow-state/config.schema.json");
     console.log(Object.keys(schema.else.properties).includes("risk"));`,
  );
  assert.is(run("node", ["schema.js"], project), "true\n");
});

test.run();

function scriptsIn(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files.filter((name) => name.endsWith(".lua") && !name.startsWith("shared/")); // what is stamped runs where it stands
}
