/** Writes the files that are generated from the records; `npm run stamp` runs it first. A test compares them with the declarations. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { generated } from "./generated.js";

const ROOT = new URL("../../../", import.meta.url);

/** The generated files that differ from what the declarations give. */
export function staleFiles(): string[] {
  return [...generated()]
    .filter(([path, text]) => readFileSync(new URL(path, ROOT), "utf8") !== text)
    .map(([path]) => path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of generated()) {
    writeFileSync(new URL(path, ROOT), text);
    console.log(`generated ${path}`);
  }
}
