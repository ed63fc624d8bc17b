"use strict";
/**
 * Programs of Debian's and Ubuntu's packages without installing them: the packages are fetched and unpacked, and small wrappers run the
 * programs with the libraries that came along.
 */

const { spawnSync } = require("node:child_process");
const { chmodSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } = require("node:fs");
const { dirname, join, relative } = require("node:path");
const { run } = require("./command.cjs");
const { onPath } = require("./executable.cjs");

const LIBRARY_ROUNDS = 3;

/**
 * Makes the folder `home` with a wrapper for each of `programs`, which are paths in the packages by name; safe when several processes do so at
 * once. Throws an Error that says what failed.
 */
function unpackDebian({ home, packages, programs }) {
  if (!onPath("apt-get") || !onPath("dpkg-deb")) throw new Error("this machine has no apt-get and dpkg-deb");
  mkdirSync(dirname(home), { recursive: true });
  const place = mkdtempSync(`${home}-`);
  try {
    const tree = join(place, "tree");
    mkdirSync(tree);
    addPackages(packages, place, tree);
    addMissingLibraries(packages, programs, place, tree);
    for (const [name, path] of Object.entries(programs)) wrap(tree, name, path);
    const first = Object.keys(programs)[0];
    if (!starts(join(tree, first))) throw new Error(`the unpacked ${first} does not run`);
    moveHome(tree, home, first);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function starts(program) {
  return spawnSync(program, ["--version"], { stdio: "ignore", timeout: 30_000 }).status === 0;
}

function addPackages(names, place, tree) {
  const folder = mkdtempSync(join(place, "deb-"));
  chmodSync(folder, 0o755);
  try {
    run("apt-get", ["download", ...names], { cwd: folder });
  } catch {
    // No package lists, or stale ones: fetch fresh ones into a private place, which needs no rights.
    const lists = freshLists(place);
    run("apt-get", [...lists, "download", ...names], { cwd: folder });
  }
  for (const file of readdirSync(folder)) run("dpkg-deb", ["-x", join(folder, file), tree]);
}

function freshLists(place) {
  const lists = join(place, "lists");
  const cache = join(place, "cache");
  mkdirSync(join(lists, "partial"), { recursive: true });
  mkdirSync(join(cache, "archives/partial"), { recursive: true });
  const options = ["-o", `Dir::State::lists=${lists}`, "-o", `Dir::Cache=${cache}`, "-o", "APT::Sandbox::User="];
  run("apt-get", [...options, "update"], { limit: 120_000 });
  return options;
}

/** Adds the libraries that the loader does not find: the packages' own dependencies, then theirs, but never another libc. */
function addMissingLibraries(packages, programs, place, tree) {
  const added = new Set();
  let dependents = packages;
  for (let round = 0; round < LIBRARY_ROUNDS && missingLibraries(programs, tree).length > 0; round++) {
    const listing = run("apt-cache", ["depends", "--important", ...dependents]);
    const names = [...listing.matchAll(/^\s*\|?(?:Pre)?Depends: (lib[a-z0-9.+-]+)/gm)].map((match) => match[1]);
    dependents = [...new Set(names)].filter((name) => !added.has(name) && !/^libc6|^libgcc|^libelogind/.test(name));
    if (dependents.length === 0) break;
    addPackages(dependents, place, tree);
    for (const name of dependents) added.add(name);
  }
  const missing = missingLibraries(programs, tree);
  if (missing.length > 0) throw new Error(`these libraries are missing: ${missing.join(", ")}`);
}

function missingLibraries(programs, tree) {
  const env = { ...process.env, LD_LIBRARY_PATH: libraryFolders(tree).join(":") };
  const paths = Object.values(programs).map((path) => join(tree, path));
  const listing = paths.map((program) => run("ldd", [program], { env })).join("\n");
  return [...new Set([...listing.matchAll(/^\s*(\S+) => not found/gm)].map((match) => match[1]))];
}

function libraryFolders(tree) {
  const holdsLibraries = (folder) => readdirSync(folder).some((name) => /\.so(\.|$)/.test(name));
  const folders = readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  return folders.filter(holdsLibraries);
}

function wrap(tree, name, program) {
  const folders = libraryFolders(tree).map((folder) => `$here/${relative(tree, folder)}`);
  const path = join(tree, name);
  const script = [
    "#!/bin/sh",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell expands it
    'here="${0%/*}"',
    ...(folders.length > 0
      ? [`export LD_LIBRARY_PATH="${folders.join(":")}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"`]
      : []),
    `exec "$here/${program}" "$@"`,
    "",
  ].join("\n");
  writeFileSync(path, script, { mode: 0o755 });
}

function moveHome(tree, home, program) {
  try {
    renameSync(tree, home);
  } catch (error) {
    // Another process was first: its tree is as good as ours. A broken one is replaced.
    if (starts(join(home, program))) return;
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    rmSync(home, { recursive: true, force: true });
    renameSync(tree, home);
  }
}

module.exports = { unpackDebian };
