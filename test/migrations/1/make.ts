/**
 * Makes what is kept in this folder, with the code of a checkout of commit 8556428:
 * `node --import tsx test/migrations/1/make.ts CHECKOUT`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";
import { Redis } from "ioredis";
import { startRedis } from "../../servers/redis.js";
import { fill, goOn, NOON } from "./fill.js";
import { type KeptKey, keptKey } from "./kept-key.js";

const HERE = fileURLToPath(new URL("./", import.meta.url));
const at = (name: string) => join(HERE, name);

/** The scripts as text within the bundle: it stands in one file. */
function inlined(checkout: string): Plugin {
  const lua = join(checkout, "lua");
  const names = readdirSync(lua, { recursive: true, encoding: "utf8" });
  const scripts = names.filter((name) => name.endsWith(".lua") && !name.startsWith("shared"));
  const sources = Object.fromEntries(scripts.map((name) => [name.slice(0, -4), readFileSync(join(lua, name), "utf8")]));
  const contents = `
    import { createHash } from "node:crypto";
    const SOURCES = ${JSON.stringify(sources)};
    export const LUA_FOLDER = "";
    export function script(name) {
      const source = SOURCES[name];
      return { name, source, sha: createHash("sha1").update(source).digest("hex") };
    }`;
  return {
    name: "inlined",
    setup: ({ onLoad }) => void onLoad({ filter: /redis[/\\]scripts\.ts$/ }, () => ({ contents, loader: "js" })),
  };
}

async function bundle(checkout: string): Promise<void> {
  await build({
    entryPoints: [join(checkout, "src/index.ts")],
    outfile: at("signalflow-state.mjs"),
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node20",
    external: ["@duckdb/*"],
    banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' },
    plugins: [inlined(checkout)],
  });
}

async function redisFlow(): Promise<void> {
  const { StateManager } = await import("./signalflow-state.mjs");
  await using server = await startRedis();
  const config = { backend: "redis", redis: { url: server.url } } as const;
  const manager = await StateManager.open("bot", config, { clock: () => NOON, instanceId: "bot-1" });
  await fill(manager);
  await manager.close();
  const client = new Redis(server.url);
  const kept: KeptKey[] = [];
  for (const key of (await client.keys("sf:bot:*")).sort()) {
    if (!key.includes(":execution:call")) kept.push(await keptKey(client, key));
  }
  client.disconnect();
  writeFileSync(at("redis.json"), `${JSON.stringify(kept, null, 1)}\n`);
}

async function duckdbFlow(path: string, crash: boolean): Promise<void> {
  const { StateManager } = await import("./signalflow-state.mjs");
  const config = { backend: "duckdb", duckdb: { path } } as const;
  const options = { clock: () => NOON, instanceId: "bot-1" };
  const manager = await StateManager.open("bot", config, options);
  await fill(manager);
  await manager.close();
  if (!crash) return;
  await manager.connect();
  await goOn(manager);
  process.kill(process.pid, "SIGKILL");
}

const [what = "", path = ""] = process.argv.slice(2);
if (what === "clean" || what === "crashed") await duckdbFlow(path, what === "crashed");
else {
  const checkout = resolve(what);
  await bundle(checkout);
  await redisFlow();
  const folder = mkdtempSync(join(tmpdir(), "sf-schema-1-"));
  const file = join(folder, "bot.db");
  for (const kind of ["clean", "crashed"]) {
    rmSync(file, { force: true });
    spawnSync(process.execPath, ["--import", "tsx", fileURLToPath(import.meta.url), kind, file], { stdio: "inherit" });
    writeFileSync(at(`${kind}.db.gz`), gzipSync(readFileSync(file)));
  }
  writeFileSync(at("crashed.db.wal.gz"), gzipSync(readFileSync(`${file}.wal`)));
  rmSync(folder, { recursive: true });
}
