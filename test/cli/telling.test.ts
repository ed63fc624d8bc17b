/** `sf-state alert` and `sf-state metrics` as processes, on a real Redis and on a DuckDB file. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Alert } from "../../src/alerts/alert.js";
import { StateManager } from "../../src/index.js";
import { receiver } from "../alerts/receiver.js";
import { newFlowId } from "../contract/backends.js";
import { until } from "../servers/until.js";
import { sfState } from "./command.js";
import { Stand } from "./stand.js";
import { Started } from "./started.js";

const stand = await Stand.start();
const test = suite("cli: alert and metrics as processes");
test.after(() => stand[Symbol.asyncDispose]());

const words = ["alert", "--on", "breaker", "--every", "100ms"];

test("alert: each trip once, also over a kill -9 of the alerter; what is over after it", async () => {
  await using hook = await receiver();
  const { file, config } = await stand.ownConfig();
  await using first = await StateManager.open("first", config);
  await using second = await StateManager.open("second", config);
  const told = (): string[] =>
    hook.got.flatMap(({ alerts }) => alerts.map(({ flow, kind, state }) => `${flow} ${kind} ${state}`));
  const args = [...words, "--config", file, "--webhook", hook.url, "--state", `${file}.alerts`];
  await first.triggerCircuitBreaker("exchange misbehaves");
  using killed = new Started(args, stand.folder);
  await until("the first is told", () => told().length > 0);
  // The file says that it was sent: from here on it is not told again.
  await until("it is noted", async () => !(await readFile(`${file}.alerts`, "utf8")).includes('"queue":[{'));
  await killed.end("SIGKILL");
  await second.triggerCircuitBreaker("again");
  using later = new Started(args, stand.folder);
  await until("the second is told", () => told().length > 1);
  await first.resetCircuitBreaker();
  await until("what is over is told", () => told().length > 2);
  assert.is(await later.end("SIGINT"), 0);
  assert.equal(told(), ["first breaker new", "second breaker new", "first breaker resolved"]);
});

test("alert: what was sent when it was killed comes again, under the same id", async () => {
  const got: Alert[] = [];
  let mayAnswer = false;
  const server: Server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    got.push(...JSON.parse(body).alerts);
    if (mayAnswer) response.writeHead(200).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  try {
    const { file, config } = await stand.ownConfig();
    await using manager = await StateManager.open("only", config);
    await manager.triggerCircuitBreaker("exchange misbehaves");
    const args = [...words, "--config", file, "--webhook", `http://127.0.0.1:${port}/`, "--state", `${file}.alerts`];
    using killed = new Started(args, stand.folder);
    await until("it is sent, and not answered", () => got.length > 0);
    await killed.end("SIGKILL");
    mayAnswer = true;
    const { code, stderr } = await sfState([...args.slice(0, 3), ...args.slice(5), "--once"], {}, stand.folder);
    assert.is(code, 0, stderr);
    assert.equal(
      got.map(({ flow, state }) => `${flow} ${state}`),
      ["only new", "only new"],
    );
    assert.is(got[0]?.id, got[1]?.id);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("alert --once and metrics on a DuckDB file, and metrics --listen on Redis", async () => {
  await using hook = await receiver();
  const path = join(stand.folder, `${newFlowId()}.db`);
  {
    await using manager = await StateManager.open("in-a-file", { backend: "duckdb", duckdb: { path } });
    await manager.updateDailyPnl(-20.5, { tradeId: "t-1" });
    await manager.triggerCircuitBreaker("exchange misbehaves");
  }
  const args = [
    "alert",
    "--on",
    "breaker",
    "--duckdb",
    path,
    "--webhook",
    hook.url,
    "--state",
    `${path}.alerts`,
    "--once",
  ];
  const alerted = await sfState(args);
  assert.is(alerted.code, 0, alerted.stderr);
  assert.equal(
    hook.got.flatMap(({ alerts }) => alerts.map(({ flow, kind }) => `${flow} ${kind}`)),
    ["in-a-file breaker"],
  );
  const { code, stdout, stderr } = await sfState(["metrics", "--duckdb", path]);
  assert.is(code, 0, stderr);
  assert.match(stdout, /^sf_daily_pnl\{flow="in-a-file"\} -20\.5$/m);
  assert.match(stdout, /^sf_breaker_active\{flow="in-a-file",source="manual"\} 1$/m);

  const { file, config } = await stand.ownConfig();
  await using manager = await StateManager.open("on-redis", config);
  await manager.updateDailyPnl(7.25, { tradeId: "t-1" });
  using listening = new Started(["metrics", "--config", file, "--listen", "127.0.0.1:0"], stand.folder);
  await until("it listens", () => /at http:\S+/.test(listening.stderr));
  const [, url = ""] = /at (http:\S+)/.exec(listening.stderr) ?? [];
  const scrape = async () => (await fetch(url)).text();
  assert.match(await scrape(), /^sf_daily_pnl\{flow="on-redis"\} 7\.25$/m);
  await manager.updateDailyPnl(-10, { tradeId: "t-2" });
  assert.match(await scrape(), /^sf_daily_pnl\{flow="on-redis"\} -2\.75$/m);
  assert.is(await listening.end("SIGINT"), 0);
});

test.run();
