import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../servers/command.cjs";
import { isExecutable, versionOf } from "../servers/executable.cjs";
import { Archive } from "./archive.js";
import { PROGRAMS, type Release } from "./release.js";

const CACHE = fileURLToPath(new URL("../../node_modules/.cache/releases/", import.meta.url));
const LIBRARY = /\.so(?:\.|$)/;
const LOADER = /^ld-linux.*\.so\.\d+$/;

/**
 * The folder that holds the release's redis-server and redis-cli, for the front of a PATH. Fetched once; safe when several
 * processes do so at once. Throws an Error that says what is missing.
 */
export function folderOf(release: Release, cache = CACHE): string {
  const home = join(cache, release.name);
  if (wrongs(release, home).length === 0) return home;
  mkdirSync(cache, { recursive: true });
  const place = mkdtempSync(join(cache, `${release.name}-`));
  try {
    const made = join(place, "made");
    Archive.open(release.suite, place).unpack(release.packages, join(made, "tree"));
    wrap(release, made);
    const [wrong] = wrongs(release, made);
    if (wrong !== undefined) throw new Error(wrong);
    replace(home, made, release);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
  return home;
}

/** What keeps the folder from being that release: none when all programs run and are of its version. */
function wrongs(release: Release, folder: string): string[] {
  return PROGRAMS.flatMap((program) => {
    const path = join(folder, program);
    if (!isExecutable(path)) return [`${release.packages.join(" and ")} of Debian ${release.suite} hold no ${program}`];
    const version = versionOf(path);
    const package_ = `${release.programs[program]} of Debian ${release.suite}`;
    if (version === undefined) return [`${package_} does not run here${unfound(path)}`];
    const isRight = release.version.every((part, index) => part === version[index]);
    return isRight ? [] : [`${package_} is version ${version.join(".")}, not ${release.version.join(".")}`];
  });
}

/** What the program's own loader says when it ends at once. */
function unfound(path: string): string {
  try {
    run(path, ["--version"]);
    return "";
  } catch (error) {
    return `: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/**
 * Small programs beside the tree that run those of the packages with the loader and the C library that came along, since these
 * may be newer than the machine's. Programs that a server starts get the machine's own.
 */
function wrap(release: Release, folder: string): void {
  const files = readdirSync(join(folder, "tree"), { recursive: true, withFileTypes: true }).filter(
    (e) => !e.isDirectory(),
  );
  const pathOf = (parent: string, name: string) => relative(folder, join(parent, name));
  const loader = files.find(({ name }) => LOADER.test(name));
  if (!loader) throw new Error(`Debian ${release.suite} gave no loader (ld-linux)`);
  const libraries = new Set(files.filter(({ name }) => LIBRARY.test(name)).map((file) => pathOf(file.parentPath, "")));
  for (const program of PROGRAMS) {
    const own = release.programs[program];
    const held = files.find(({ name, parentPath }) => name === own && parentPath.endsWith("/usr/bin"));
    if (!held) continue;
    const script = [
      "#!/bin/sh",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell expands it
      'here="${0%/*}"',
      `exec "$here/${pathOf(loader.parentPath, loader.name)}" --argv0 ${own} \\`,
      `  --library-path "${[...libraries].map((each) => `$here/${each}`).join(":")}" \\`,
      `  "$here/${pathOf(held.parentPath, held.name)}" "$@"`,
      "",
    ];
    writeFileSync(join(folder, program), script.join("\n"), { mode: 0o755 });
  }
}

/** Another process may have been first: its folder is as good as ours. */
function replace(home: string, made: string, release: Release): void {
  if (wrongs(release, home).length === 0) return;
  rmSync(home, { recursive: true, force: true });
  try {
    renameSync(made, home);
  } catch (error) {
    if (wrongs(release, home).length > 0) throw error;
  }
}
