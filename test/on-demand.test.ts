/** Which libraries a process has loaded: those of the backend that it opened, and no other. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startRedis } from "./servers/redis.js";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const run = promisify(execFile);
const LIMIT_MS = 2 * 60_000;

/** Says which libraries this process has loaded: DuckDB by its native part, ioredis by its modules. */
const LOADED = `
  import { createRequire } from "node:module";
  function loaded() {
    const loaded = [...process.report.getReport().sharedObjects, ...Object.keys(createRequire(import.meta.url).cache)];
    const has = (part) => loaded.some((path) => path.replaceAll("\\\\", "/").includes(part));
    return { duckdb: has("/node-bindings"), ioredis: has("/node_modules/ioredis/") };
  }
`;

interface Loaded {
  readonly duckdb: boolean;
  readonly ioredis: boolean;
}

async function loadedBy(code: string): Promise<Loaded> {
  return lastLine(`${code}\nconsole.log(JSON.stringify(loaded()));`);
}

/** Runs code in a process of its own, which may ask what is loaded(); resolves to the JSON in the last line that it prints. */
async function lastLine<T>(code: string): Promise<T> {
  const args = ["--import", "tsx", "--input-type=module", "--eval", `${LOADED}\n${code}`];
  const { stdout } = await run(process.execPath, args, { cwd: ROOT, timeout: LIMIT_MS });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

function bot(config: object): string {
  return `
    import { StateManager } from "./src/index.ts";
    const bot = await StateManager.open("bot", ${JSON.stringify(config)});
    await bot.markSignalProcessed("s", "BTC/USDT");
    await bot.close();
  `;
}

const test = suite("backends on demand");
const home = await mkdtemp(join(tmpdir(), "sf-on-demand-"));
const redis = await startRedis();
test.after(async () => {
  await redis.stop();
  await rm(home, { recursive: true, force: true });
});

test("a memory bot loads neither DuckDB nor ioredis", async () => {
  assert.equal(await loadedBy(bot({ backend: "memory" })), { duckdb: false, ioredis: false });
});

test("a Redis bot loads ioredis, and no DuckDB", async () => {
  assert.equal(await loadedBy(bot({ backend: "redis", redis: { url: redis.url } })), { duckdb: false, ioredis: true });
});

test("a DuckDB bot loads DuckDB, and no ioredis", async () => {
  const config = { backend: "duckdb", duckdb: { path: join(home, "bot.db") } };
  assert.equal(await loadedBy(bot(config)), { duckdb: true, ioredis: false });
});

test("a manager that is made from a configuration, and not connected, loads neither", async () => {
  const code = `
    import { StateManager } from "./src/index.ts";
    for (const backend of ["redis", "duckdb"]) StateManager.fromConfig("bot", { backend });
  `;
  assert.equal(await loadedBy(code), { duckdb: false, ioredis: false });
});

test("sf-state on Redis loads no DuckDB", async () => {
  const commands = ["status", "doctor", "ls", "events", "positions"];
  const code = `
    import { runProgram } from "./src/cli/commands/program.ts";
    import { processTerminal } from "./src/cli/terminal.ts";
    import { EXCHANGE_COMMANDS } from "./sync/commands/exchange-commands.ts";
    const after = {};
    for (const command of ${JSON.stringify(commands)}) {
      const words = [command, "--url", ${JSON.stringify(redis.url)}, "--flow", "bot", "--json"];
      await runProgram(words, processTerminal(), EXCHANGE_COMMANDS);
      after[command] = loaded();
    }
    console.log(JSON.stringify(after));
  `;
  const expected = commands.map((command) => [command, { duckdb: false, ioredis: true }]);
  assert.equal(await lastLine<Record<string, Loaded>>(code), Object.fromEntries(expected));
});

test("a manager that is closed while it opens for the first time is closed in the end", async () => {
  const code = `
    import { StateManager } from "./src/index.ts";
    const bot = StateManager.fromConfig("bot", { backend: "redis", redis: { url: ${JSON.stringify(redis.url)} } });
    const opening = bot.connect();
    await bot.close();
    await opening;
    await bot.getPositions().then(() => console.log("open"), (error) => console.log(error.code));
  `;
  const args = ["--import", "tsx", "--input-type=module", "--eval", code];
  const { stdout } = await run(process.execPath, args, { cwd: ROOT, timeout: LIMIT_MS });
  assert.is(stdout, "CONNECTION\n");
});

test.run();
