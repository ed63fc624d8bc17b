/**
 * Stamps the text that several scripts need (`lua/shared/*.lua`) into each of them, between its markers, so that every script
 * runs as it is. `npm run stamp` writes; the test suite calls `staleStamps` and fails when a stamp is not current.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = new URL("./", import.meta.url);
const STAMP = /^-- >>> (\w+)\.lua, stamped from lua\/shared\n(?:[\s\S]*?\n)??-- <<< \1\.lua$/gm;

function scripts(): string[] {
  return readdirSync(FOLDER).filter((name) => name.endsWith(".lua"));
}

function stamped(source: string): string {
  return source.replace(STAMP, (_, name: string) => {
    const shared = readFileSync(new URL(`shared/${name}.lua`, FOLDER), "utf8").trimEnd();
    return `-- >>> ${name}.lua, stamped from lua/shared\n${shared}\n-- <<< ${name}.lua`;
  });
}

/** The scripts whose stamped text differs from `lua/shared`. */
export function staleStamps(): string[] {
  return scripts().filter((name) => {
    const source = readFileSync(new URL(name, FOLDER), "utf8");
    return stamped(source) !== source;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of staleStamps()) {
    const file = new URL(name, FOLDER);
    writeFileSync(file, stamped(readFileSync(file, "utf8")));
    console.log(`stamped ${name}`);
  }
}
