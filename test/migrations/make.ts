/**
 * Makes what is kept of a schema, with the code of a checkout of its time:
 * `node --import tsx test/migrations/make.ts SCHEMA CHECKOUT`; which commit that is stands in the README of the schema's folder.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";
import { Redis } from "ioredis";
import { startRedis } from "../servers/redis.js";
import { type KeptKey, keptKey } from "./kept-key.js";
import { OLD_FLOWS, type OldSchema, oldSchemaOf } from "./old-flows.js";

const at = (schema: OldSchema, name: string) => fileURLToPath(new URL(`${schema}/${name}`, import.meta.url));

const LUA_TEXTS = {
  module: /redis[/\\]lua-texts\.ts$/,
  source: "export const luaText = (name) => SOURCES[name];",
};

/** The module that reads the Lua files, and what stands in its place in the bundle, where they are texts: it is one file. */
const INLINED: Readonly<Record<OldSchema, { readonly module: RegExp; readonly source: string }>> = {
  1: {
    module: /redis[/\\]scripts\.ts$/,
    source: `
      import { createHash } from "node:crypto";
      export const LUA_FOLDER = "";
      export function script(name) {
        const source = SOURCES[name];
        return { name, source, sha: createHash("sha1").update(source).digest("hex") };
      }`,
  },
  2: LUA_TEXTS,
  3: LUA_TEXTS,
};

function inlined(schema: OldSchema, checkout: string): Plugin {
  const lua = join(checkout, "lua");
  const names = readdirSync(lua, { recursive: true, encoding: "utf8" });
  const scripts = names.filter((name) => name.endsWith(".lua") && !name.startsWith("shared"));
  const sources = Object.fromEntries(scripts.map((name) => [name.slice(0, -4), readFileSync(join(lua, name), "utf8")]));
  const { module, source } = INLINED[schema];
  const contents = `const SOURCES = ${JSON.stringify(sources)};\n${source}`;
  return {
    name: "inlined",
    setup: ({ onLoad }) => void onLoad({ filter: module }, () => ({ contents, loader: "js" })),
  };
}

async function bundle(schema: OldSchema, checkout: string): Promise<void> {
  await build({
    entryPoints: [join(checkout, "src/index.ts")],
    outfile: at(schema, "signalflow-state.mjs"),
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node20",
    // The package says of what is built which modules may be left out; these are its sources.
    ignoreAnnotations: true,
    external: ["@duckdb/*"],
    banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' },
    plugins: [inlined(schema, checkout)],
  });
}

async function redisFlow(schema: OldSchema): Promise<void> {
  const { now, fill, library } = OLD_FLOWS[schema];
  const { StateManager } = await library();
  await using server = await startRedis();
  const config = { backend: "redis", redis: { url: server.url } } as const;
  const manager = await StateManager.open("bot", config, { clock: () => now, instanceId: "bot-1" });
  await fill(manager);
  await manager.close();
  const client = new Redis(server.url);
  const kept: KeptKey[] = [];
  for (const key of (await client.keys("sf:bot:*")).sort()) {
    if (!key.includes(":execution:call")) kept.push(await keptKey(client, key));
  }
  client.disconnect();
  writeFileSync(at(schema, "redis.json"), `${JSON.stringify(kept, null, 1)}\n`);
}

async function duckdbFlow(schema: OldSchema, path: string, crash: boolean): Promise<void> {
  const { now, fill, goOn, library } = OLD_FLOWS[schema];
  const { StateManager } = await library();
  const config = { backend: "duckdb", duckdb: { path } } as const;
  const options = { clock: () => now, instanceId: "bot-1" };
  const manager = await StateManager.open("bot", config, options);
  await fill(manager);
  await manager.close();
  if (!crash) return;
  await manager.connect();
  await goOn(manager);
  process.kill(process.pid, "SIGKILL");
}

const [told = "", what = "", path = ""] = process.argv.slice(2);
const schema = oldSchemaOf(told);
if (what === "clean" || what === "crashed") await duckdbFlow(schema, path, what === "crashed");
else {
  const checkout = resolve(what);
  await bundle(schema, checkout);
  await redisFlow(schema);
  const folder = mkdtempSync(join(tmpdir(), `sf-schema-${schema}-`));
  const file = join(folder, "bot.db");
  for (const kind of ["clean", "crashed"]) {
    rmSync(file, { force: true });
    const self = fileURLToPath(import.meta.url);
    spawnSync(process.execPath, ["--import", "tsx", self, told, kind, file], { stdio: "inherit" });
    writeFileSync(at(schema, `${kind}.db.gz`), gzipSync(readFileSync(file)));
  }
  writeFileSync(at(schema, "crashed.db.wal.gz"), gzipSync(readFileSync(`${file}.wal`)));
  rmSync(folder, { recursive: true });
}
