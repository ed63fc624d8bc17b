"use strict";
/** Looking for programs on this machine. */

const { spawnSync } = require("node:child_process");
const { accessSync, constants, statSync } = require("node:fs");
const { delimiter, join } = require("node:path");

/** Whether `path` is a file that this user may execute. */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The first of `names` that is executable in a directory of the PATH, or undefined. Directories count before names. */
function onPath(...names) {
  for (const directory of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of names) {
      const path = join(directory, name);
      if (directory !== "" && isExecutable(path)) return path;
    }
  }
  return undefined;
}

/** The version that a server or client prints, as [major, minor, patch], or undefined if it does not run. */
function versionOf(binary) {
  const { status, stdout } = spawnSync(binary, ["--version"], { encoding: "utf8", timeout: 10_000 });
  const found = status === 0 ? /\b(?:v=|redis-cli |valkey-cli )(\d+)\.(\d+)\.(\d+)/.exec(stdout) : null;
  return found ? found.slice(1).map(Number) : undefined;
}

module.exports = { isExecutable, onPath, versionOf };
