"use strict";
/** Running a program to its end. */

const { spawnSync } = require("node:child_process");

/**
 * What the program wrote to its standard output. Throws an Error with the line that says why when it does not end with 0.
 * apt-get gives up on a mirror that does not answer within seconds.
 */
function run(program, args, { limit = 60_000, ...options } = {}) {
  const quick = program === "apt-get" ? ["-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=10"] : [];
  const env = { ...(options.env ?? process.env), DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" };
  const result = spawnSync(program, [...quick, ...args], { encoding: "utf8", timeout: limit, ...options, env });
  if (result.error) throw new Error(`${program}: ${result.error.message}`);
  if (result.status === 0) return result.stdout;
  const reason = result.stderr.split("\n").find((line) => /^E:/.test(line)) ?? result.stderr.trim().split("\n").pop();
  throw new Error(`${program} ${args[0]}: ${reason}`);
}

module.exports = { run };
