"use strict";
/** Debian's and Ubuntu's redis-server without installing it, unpacked under node_modules/.cache. */

const { join, resolve } = require("node:path");
const { run } = require("./command.cjs");
const { unpackDebian } = require("./debian.cjs");
const { isExecutable, onPath } = require("./executable.cjs");

const HOME = resolve(__dirname, "../../node_modules/.cache/redis-debian");

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
  unpackDebian({
    home: HOME,
    packages: ["redis-server", "redis-tools"],
    programs: { "redis-server": "usr/bin/redis-server", "redis-cli": "usr/bin/redis-cli" },
  });
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

module.exports = { unpackedServer, unpackedCli, unpackServer, installServer };
