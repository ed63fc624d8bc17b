/**
 * Stamps two things into the scripts, so that each runs and reads as it is: into its head, what the operation says of KEYS and
 * ARGV; between its markers, the text that several scripts need (`lua/shared/*.lua`). `npm run stamp` writes; the test suite
 * calls `staleHeads` and `staleStamps` and fails when either is not current.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { operations } from "../src/operations/all.js";
import { withCurrentHead } from "./heads.js";

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

/** The scripts whose head lists other keys or arguments than their operation has. */
export function staleHeads(): string[] {
  return operations.flatMap((operation) => {
    const name = `${operation.name}.lua`;
    const source = readFileSync(new URL(name, FOLDER), "utf8");
    return withCurrentHead(source, operation) === source ? [] : [name];
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of staleStamps()) {
    const file = new URL(name, FOLDER);
    writeFileSync(file, stamped(readFileSync(file, "utf8")));
    console.log(`stamped ${name}`);
  }
  for (const operation of operations) {
    const file = new URL(`${operation.name}.lua`, FOLDER);
    const source = readFileSync(file, "utf8");
    const current = withCurrentHead(source, operation);
    if (current === source) continue;
    writeFileSync(file, current);
    console.log(`stamped the head of ${operation.name}.lua`);
  }
}
