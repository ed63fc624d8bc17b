"use strict";
/**
 * Debian's and Ubuntu's redis-server without installing it: the packages are fetched and unpacked under node_modules/.cache,
 * and small wrappers run the programs with the libraries that came along.
 */

const { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } = require("node:fs");
const { join, relative } = require("node:path");
const { run } = require("./command.cjs");
const { CACHE, addPackages } = require("./debian.cjs");
const { isExecutable, onPath, versionOf } = require("./executable.cjs");

const HOME = join(CACHE, "redis-debian");
const PACKAGES = ["redis-server", "redis-tools"];
const LIBRARY_ROUNDS = 3;

/** The unpacked server, or undefined. */
function unpackedServer() {
  return existing(join(HOME, "redis-server"));
}

/** The unpacked redis-cli, or undefined. */
function unpackedCli() {
  return existing(join(HOME, "redis-cli"));
}

function existing(path) {
  return isExecutable(path) ? path : undefined;
}

/** Fetches and unpacks the packages; safe when several processes do so at once. Throws an Error that says what failed. */
function unpackServer() {
  if (!onPath("apt-get") || !onPath("dpkg-deb")) throw new Error("this machine has no apt-get and dpkg-deb");
  mkdirSync(CACHE, { recursive: true });
  const place = mkdtempSync(join(CACHE, "redis-debian-"));
  try {
    const tree = join(place, "tree");
    mkdirSync(tree);
    addPackages(PACKAGES, place, tree);
    addMissingLibraries(place, tree);
    wrap(tree, "redis-server");
    wrap(tree, "redis-cli");
    if (!versionOf(join(tree, "redis-server"))) throw new Error("the unpacked redis-server does not run");
    moveHome(tree);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** Installs the package for the whole machine, which only root can: the last resort when unpacking is impossible. */
function installServer() {
  if (process.getuid?.() !== 0) throw new Error("only root can install packages");
  if (!onPath("apt-get")) throw new Error("this machine has no apt-get");
  console.error("Installing redis-server with apt-get, because its package could not be unpacked here.");
  const install = () =>
    run("apt-get", ["install", "-y", "--no-install-recommends", "redis-server"], { limit: 180_000 });
  try {
    install();
  } catch {
    run("apt-get", ["update"], { limit: 120_000 });
    install();
  }
}

/** Adds the libraries that the loader does not find: the packages' own dependencies, then theirs, but never another libc. */
function addMissingLibraries(place, tree) {
  const added = new Set();
  let dependents = PACKAGES;
  for (let round = 0; round < LIBRARY_ROUNDS && missingLibraries(tree).length > 0; round++) {
    const listing = run("apt-cache", ["depends", "--important", ...dependents]);
    const names = [...listing.matchAll(/^\s*\|?(?:Pre)?Depends: (lib[a-z0-9.+-]+)/gm)].map((match) => match[1]);
    dependents = [...new Set(names)].filter((name) => !added.has(name) && !/^libc6|^libgcc|^libelogind/.test(name));
    if (dependents.length === 0) break;
    addPackages(dependents, place, tree);
    for (const name of dependents) added.add(name);
  }
  const missing = missingLibraries(tree);
  if (missing.length > 0) throw new Error(`these libraries are missing: ${missing.join(", ")}`);
}

function missingLibraries(tree) {
  const env = { ...process.env, LD_LIBRARY_PATH: libraryFolders(tree).join(":") };
  const programs = ["redis-server", "redis-cli"].map((name) => join(tree, "usr/bin", name));
  const listing = programs.map((program) => run("ldd", [program], { env })).join("\n");
  return [...new Set([...listing.matchAll(/^\s*(\S+) => not found/gm)].map((match) => match[1]))];
}

function libraryFolders(tree) {
  const holdsLibraries = (folder) => readdirSync(folder).some((name) => /\.so(\.|$)/.test(name));
  const folders = readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  return folders.filter(holdsLibraries);
}

function wrap(tree, name) {
  const folders = libraryFolders(tree).map((folder) => `$here/${relative(tree, folder)}`);
  const path = join(tree, name);
  const script = [
    "#!/bin/sh",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell expands it
    'here="${0%/*}"',
    ...(folders.length > 0
      ? [`export LD_LIBRARY_PATH="${folders.join(":")}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"`]
      : []),
    `exec "$here/usr/bin/${name}" "$@"`,
    "",
  ].join("\n");
  writeFileSync(path, script, { mode: 0o755 });
}

function moveHome(tree) {
  try {
    renameSync(tree, HOME);
  } catch (error) {
    // Another process was first: its tree is as good as ours. A broken one is replaced.
    if (unpackedServer() && versionOf(unpackedServer())) return;
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    rmSync(HOME, { recursive: true, force: true });
    renameSync(tree, HOME);
  }
}

module.exports = { unpackedServer, unpackedCli, unpackServer, installServer };
