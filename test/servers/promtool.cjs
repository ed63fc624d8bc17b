"use strict";
/** Finds promtool, which checks metrics, rules and their tests: on the PATH, else Debian's package, unpacked under node_modules/.cache. */

const { join, resolve } = require("node:path");
const { unpackDebian } = require("./debian.cjs");
const { isExecutable, onPath } = require("./executable.cjs");

const HOME = resolve(__dirname, "../../node_modules/.cache/promtool-debian");

/** The path of promtool. Throws an Error that says what was tried and what to install. */
function promtool() {
  const unpacked = join(HOME, "promtool");
  const found = onPath("promtool") ?? (isExecutable(unpacked) ? unpacked : undefined);
  if (found) return found;
  try {
    unpackDebian({ home: HOME, packages: ["prometheus"], programs: { promtool: "usr/bin/promtool" } });
  } catch (error) {
    throw new Error(
      `No promtool on the PATH, and Debian's package could not be unpacked: ${error.message}\nInstall it: sudo apt-get install prometheus, brew install prometheus, or https://prometheus.io/download`,
    );
  }
  return unpacked;
}

module.exports = { promtool };
