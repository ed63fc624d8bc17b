import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const VERSION = "26.10.0";
const HOME = fileURLToPath(new URL(`../node_modules/.cache/node-${VERSION}/`, import.meta.url));

/** A Node newer than the one that runs the tests: fetched once from the npm registry, which has it as a package. */
export function newestNode(): string {
  const name = `node-${process.platform}-${process.arch}`;
  const program = join(HOME, "node_modules", name, process.platform === "win32" ? "bin/node.exe" : "bin/node");
  if (!existsSync(program)) {
    const options = ["--prefix", HOME, "--no-save", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"];
    execFileSync("npm", ["install", ...options, `${name}@${VERSION}`], { stdio: ["ignore", "ignore", "inherit"] });
  }
  return program;
}
