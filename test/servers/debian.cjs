"use strict";
/** Packages of Debian and Ubuntu, fetched and unpacked without installing them. */

const { chmodSync, mkdirSync, mkdtempSync, readdirSync } = require("node:fs");
const { join, resolve } = require("node:path");
const { run } = require("./command.cjs");

const CACHE = resolve(__dirname, "../../node_modules/.cache");

/** Fetches the packages, and unpacks them into `tree`; `place` is a folder for what is needed meanwhile. Throws an Error that says what failed. */
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

module.exports = { CACHE, addPackages };
