"use strict";
/**
 * redis-memory-server's own way to a server: it downloads a pinned source release and builds it.
 * Run as a program, this file does that; required, it says where the result lies and starts the program synchronously.
 */

const { spawnSync } = require("node:child_process");
const { existsSync } = require("node:fs");
const { connect } = require("node:net");
const { homedir } = require("node:os");
const { join, resolve } = require("node:path");
const { isExecutable, onPath } = require("./executable.cjs");

const PINNED_VERSION = "7.2.11";
const ROOT = resolve(__dirname, "../..");
const BUILD_LIMIT_MS = 15 * 60_000;
const REACH_LIMIT_MS = 3_000;

/** Where redis-memory-server keeps what it built: by the same rules as that package, seen from this project's root. */
function downloadDir() {
  const shared = join(homedir(), ".cache/redis-binaries");
  if (process.env.REDISMS_DOWNLOAD_DIR) return resolve(process.env.REDISMS_DOWNLOAD_DIR);
  return existsSync(shared) ? shared : join(ROOT, "node_modules/.cache/redis-memory-server/redis-binaries");
}

/** The server that redis-memory-server built earlier, or undefined. */
function builtServer() {
  const server = join(downloadDir(), PINNED_VERSION, "redis-server");
  return isExecutable(server) ? server : undefined;
}

/** Downloads and builds the pinned version. Answers the server's path, or throws an Error that says what was in the way. */
function buildServer() {
  if (!onPath("make")) throw new Error("make is not installed");
  if (!onPath("cc", "gcc", "clang")) throw new Error("no C compiler is installed");
  const withTls = spawnSync("pkg-config", ["--exists", "openssl"]).status === 0;
  const build = spawnSync(process.execPath, [__filename], {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", 2, "pipe"],
    timeout: BUILD_LIMIT_MS,
    // redis-memory-server checks the host's certificate only when npm was told to be strict.
    env: { ...process.env, npm_config_strict_ssl: "true", ...(withTls ? { BUILD_TLS: "yes" } : {}) },
  });
  const server = builtServer();
  if (server) return server;
  throw new Error(build.error?.message ?? (build.stderr.trim().split("\n").pop() || "the build failed"));
}

/** What a download talks to first: a proxy, a mirror that was chosen, or Redis's own host. */
function firstHop() {
  const { env } = process;
  const proxy = env.https_proxy || env.http_proxy || env.HTTPS_PROXY || env.HTTP_PROXY;
  return new URL(proxy || env.REDISMS_DOWNLOAD_URL || env.REDISMS_DOWNLOAD_MIRROR || "https://download.redis.io");
}

/** Resolves when the host accepts a connection; rejects within seconds when it does not. */
function reach({ hostname, port, protocol }) {
  return new Promise((done, fail) => {
    const socket = connect(Number(port) || (protocol === "http:" ? 80 : 443), hostname, () => {
      socket.destroy();
      done();
    });
    const giveUp = (why) => {
      socket.destroy();
      fail(new Error(`${hostname} cannot be reached (${why})`));
    };
    socket.on("error", (error) => giveUp(error.code ?? error.message));
    socket.setTimeout(REACH_LIMIT_MS, () => giveUp(`no answer within ${REACH_LIMIT_MS / 1000} s`));
  });
}

async function main() {
  await reach(firstHop());
  console.log(`Building Redis ${PINNED_VERSION} for the tests: once, a minute or two.`);
  const { RedisBinary } = require("redis-memory-server");
  await RedisBinary.getPath({ version: PINNED_VERSION, downloadDir: downloadDir(), systemBinary: "" });
}

if (require.main === module) {
  main().catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
}

module.exports = { PINNED_VERSION, builtServer, buildServer };
