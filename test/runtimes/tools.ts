/** Runtimes and tools from the npm registry, each fetched once. Only packages that hold their program: no install script is run. */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandFailed, command } from "./command.js";

const CACHE = fileURLToPath(new URL("../../node_modules/.cache/runtimes/", import.meta.url));

/** There is no such tool for this machine, or it could not be fetched. */
export class NotHere extends Error {}

/** The path of a file in a package, which is fetched if need be. Rejects with a NotHere. */
export async function tool(name: string, version: string, file: string): Promise<string> {
  const home = join(CACHE, `${name.replaceAll("/", "+")}@${version}`);
  const path = join(home, "node_modules", name, file);
  if (existsSync(path)) return path;
  await mkdir(home, { recursive: true });
  await writeFile(join(home, "package.json"), "{}");
  const options = ["--no-audit", "--no-fund", "--ignore-scripts", "--force", "--loglevel", "error"];
  try {
    await command("npm", ["install", ...options, `${name}@${version}`], home);
  } catch (error) {
    if (error instanceof CommandFailed) throw new NotHere(`${name}@${version} cannot be had: ${error.message}`);
    throw error;
  }
  if (!existsSync(path)) throw new NotHere(`${name}@${version} has no ${file}`);
  return path;
}

/** A Node of that version. */
export function node(version: string): Promise<string> {
  const windows = process.platform === "win32";
  return tool(
    `node-${windows ? "win" : process.platform}-${process.arch}`,
    version,
    windows ? "bin/node.exe" : "bin/node",
  );
}
