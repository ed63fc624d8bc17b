// Builds the package into dist/: JavaScript and types, the Lua files as Redis runs them, the JSON Schema of the configuration.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
const at = (path) => fileURLToPath(new URL(path, root));

rmSync(at("dist"), { recursive: true, force: true });
execFileSync(process.execPath, [at("node_modules/typescript/bin/tsc"), "-p", at("tsconfig.build.json")], { stdio: "inherit" });
for (const folder of ["lua", "lua/import", "lua/migration"]) {
  mkdirSync(at(`dist/${folder}`));
  for (const name of readdirSync(at(folder))) if (name.endsWith(".lua")) cpSync(at(`${folder}/${name}`), at(`dist/${folder}/${name}`));
}
const { configJsonSchema } = await import(new URL("dist/src/config/json-schema.js", root).href);
writeFileSync(at("dist/config.schema.json"), `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
