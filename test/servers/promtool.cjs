"use strict";
/** Finds promtool, which checks metrics, rules and their tests: on the PATH, else Debian's package, unpacked under node_modules/.cache. */

const { mkdirSync, mkdtempSync, renameSync, rmSync } = require("node:fs");
const { join } = require("node:path");
const { CACHE, addPackages } = require("./debian.cjs");
const { isExecutable, onPath } = require("./executable.cjs");

const HOME = join(CACHE, "promtool-debian");
const PROGRAM = "usr/bin/promtool";

/** The path of promtool. Throws an Error that says what was tried and what to install. */
function promtool() {
  const found = onPath("promtool") ?? unpacked();
  if (found) return found;
  try {
    unpack();
  } catch (error) {
    throw new Error(
      `No promtool on the PATH, and Debian's package could not be unpacked: ${error.message}\nInstall it: sudo apt-get install prometheus, brew install prometheus, or https://prometheus.io/download`,
    );
  }
  return unpacked();
}

function unpacked() {
  const path = join(HOME, PROGRAM);
  return isExecutable(path) ? path : undefined;
}

function unpack() {
  if (!onPath("apt-get") || !onPath("dpkg-deb")) throw new Error("this machine has no apt-get and dpkg-deb");
  mkdirSync(CACHE, { recursive: true });
  const place = mkdtempSync(join(CACHE, "promtool-debian-"));
  try {
    const tree = join(place, "tree");
    mkdirSync(tree);
    addPackages(["prometheus"], place, tree);
    if (!isExecutable(join(tree, PROGRAM))) throw new Error("the package has no promtool");
    try {
      renameSync(tree, HOME);
    } catch (error) {
      // Another process was first.
      if (!unpacked()) throw error;
    }
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

module.exports = { promtool };
