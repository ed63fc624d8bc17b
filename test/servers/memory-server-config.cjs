"use strict";
/**
 * redis-memory-server's `configProvider` (package.json): which server that package starts.
 * It is evaluated whenever the package is imported, so it only looks at what is already here. Where nothing is, it names a
 * launcher that fetches a server when one is first started.
 */

const { join } = require("node:path");
const { knownRedisBinary } = require("./redis-binary.cjs");

module.exports = { systemBinary: knownRedisBinary() ?? join(__dirname, "redis-server.sh") };
