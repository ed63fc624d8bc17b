#!/usr/bin/env node
"use strict";
/** Finds a real Redis (or Valkey) server and redis-cli, fetching one if need be. Run as a program it prints the server's path. */

const { realpathSync } = require("node:fs");
const { dirname, join } = require("node:path");
const { isExecutable, onPath, versionOf } = require("./executable.cjs");
const { PINNED_VERSION, builtServer, buildServer } = require("./redis-build.cjs");
const { unpackedServer, unpackedCli, unpackServer, installServer } = require("./redis-debian.cjs");

const FLOOR = 7;
const SERVERS = ["redis-server", "valkey-server"];
const CLIENTS = ["redis-cli", "valkey-cli"];

let server;
let client;

/**
 * The path of a server that runs on this machine. In this order: REDISMS_SYSTEM_BINARY, the PATH, redis-memory-server's earlier
 * build, Debian's earlier unpacked package (all in milliseconds); then a build, Debian's package, its installation (once).
 * Throws an Error that says what was tried and what to install.
 */
function redisBinary() {
  server ??= knownRedisBinary() ?? fetchServer();
  return server;
}

/** The path of a server that is already here, or undefined: takes milliseconds, fetches nothing and never throws. */
function knownRedisBinary() {
  return serverCandidates().find(isUsable);
}

/** The path of redis-cli: on the PATH, beside the server, or from Debian's redis-tools, which is fetched if need be. */
function redisCli() {
  client ??= onPath(...CLIENTS) ?? cliBeside(redisBinary()) ?? unpackedCli() ?? fetchCli();
  return client;
}

function serverCandidates() {
  const chosen = process.env.REDISMS_SYSTEM_BINARY;
  const candidates = [chosen, onPath(...SERVERS), builtServer(), unpackedServer()];
  return candidates.filter((path) => path !== undefined && path !== "" && isExecutable(path));
}

function isUsable(path) {
  const version = versionOf(path);
  return version !== undefined && version[0] >= FLOOR;
}

function unfitness(path) {
  const version = versionOf(path);
  return version ? `version ${version.join(".")} is too old` : "does not run";
}

function fetchServer() {
  const unfit = serverCandidates().map((path) => `${path}: ${unfitness(path)}`);
  const tried = unfit.length > 0 ? unfit : [`PATH: no ${SERVERS.join(" or ")}`];
  const ways = [
    [`build of Redis ${PINNED_VERSION}`, buildServer],
    ["Debian package", unpackServer],
    ["apt-get install", installServer],
  ];
  for (const [name, fetch] of ways) {
    try {
      fetch();
      const found = knownRedisBinary();
      if (found) return found;
      tried.push(`${name}: gives no server of version ${FLOOR}.0 or later`);
    } catch (error) {
      tried.push(`${name}: ${error.message}`);
    }
  }
  throw new Error(advice("redis-server (7.0 or later) or valkey-server (7.2 or later)", tried));
}

function cliBeside(path) {
  const folders = [dirname(path), dirname(realpathSync(path))];
  return folders.flatMap((folder) => CLIENTS.map((name) => join(folder, name))).find(isExecutable);
}

function fetchCli() {
  try {
    unpackServer();
    const found = unpackedCli();
    if (found) return found;
    throw new Error("gives no redis-cli");
  } catch (error) {
    throw new Error(advice("redis-cli", [`PATH: no ${CLIENTS.join(" or ")}`, `Debian package: ${error.message}`]));
  }
}

function advice(what, tried) {
  return [
    `No ${what} was found, and none could be fetched:`,
    ...tried.map((line) => `  ${line}`),
    "Install one, then run this again:",
    "  Debian, Ubuntu  sudo apt-get install redis-server redis-tools",
    "  Fedora          sudo dnf install valkey",
    "  macOS           brew install redis",
    "  elsewhere       build https://redis.io/downloads and set REDISMS_SYSTEM_BINARY=/path/to/redis-server, or use Docker:",
    '                  docker run --rm -v "$PWD:/w" -w /w node:20 sh -c "apt-get update && apt-get install -y redis-server && npm test"',
  ].join("\n");
}

if (require.main === module) {
  try {
    console.log(redisBinary());
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}

module.exports = { redisBinary, redisCli, knownRedisBinary };
