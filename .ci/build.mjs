// Builds the package into dist/: JavaScript, the types of what is public, the Lua files as Redis runs them and as a module, the
// JSON Schema of the configuration, and the command in few files.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildPage } from "./build-page.mjs";
import { luaNames, luaTextsModule } from "./lua-texts.mjs";
import { reachableTypes } from "./reachable-types.mjs";

const root = new URL("../", import.meta.url);
const at = (path) => fileURLToPath(new URL(path, root));

const compiler = at("node_modules/typescript/bin/tsc");
if (!existsSync(compiler)) {
  console.error("the build needs the development packages: npm ci");
  process.exit(1);
}
rmSync(at("dist"), { recursive: true, force: true });
execFileSync(process.execPath, [compiler, "-p", at("tsconfig.build.json")], { stdio: "inherit" });

const entries = ["dist/src/index.d.ts", "dist/sync/index.d.ts"].map((path) => new URL(path, root));
const isPublic = reachableTypes(entries);
for (const name of readdirSync(at("dist"), { recursive: true })) {
  const file = new URL(`dist/${name.replaceAll("\\", "/")}`, root);
  if (name.endsWith(".d.ts") && !isPublic.has(file.href)) rmSync(file);
}

for (const name of luaNames(new URL("lua/", root))) cpSync(at(`lua/${name}.lua`), at(`dist/lua/${name}.lua`));
writeFileSync(at("dist/src/backends/redis/lua-texts.js"), luaTextsModule(new URL("lua/", root)));

await buildPage(at("dist/page"));

const { configFileJsonSchema } = await import(new URL("dist/src/config/json-schema.js", root).href);
writeFileSync(at("dist/config.schema.json"), `${JSON.stringify(configFileJsonSchema(), null, 2)}\n`);

const { bundleCommand } = await import("./command.mjs"); // which needs the development packages
await bundleCommand(root);
