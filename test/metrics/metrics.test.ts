/** Metrics over real flows: what they say, that Prometheus's own tool takes them, and who may ask. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { get } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Invocation } from "../../src/cli/invocation.js";
import { FlowReadings } from "../../src/cli/metrics/flow-readings.js";
import { isLoopback, listen, listenAddress, MOST_CONNECTIONS } from "../../src/cli/metrics/listen.js";
import { serverInfos } from "../../src/cli/metrics/server-infos.js";
import { resolveConfig } from "../../src/config/schema.js";
import { metrics, StateManager } from "../../src/index.js";
import { CALL_METRICS, LABELS, METRICS } from "../../src/metrics/definitions.js";
import { fleetText } from "../../src/metrics/fleet.js";
import { loadPromClient } from "../../src/metrics/load.js";
import { watchedOf } from "../../src/wants/watched.js";
import { CapturedTerminal } from "../cli/captured-terminal.js";
import { BACKENDS } from "../contract/backends.js";
import { promtool } from "../servers/promtool.cjs";
import { startRedis } from "../servers/redis.js";
import { until } from "../servers/until.js";

const FOLDER = fileURLToPath(new URL("../../metrics/", import.meta.url));
const T0 = Date.UTC(2026, 10, 25, 12, 0, 0);
const client = await loadPromClient();
const watched = watchedOf(resolveConfig({}));

/** Promtool's complaints about a text; "" = none. */
function complaints(text: string): string {
  const { stdout, stderr, status, error } = spawnSync(promtool(), ["check", "metrics"], {
    input: text,
    encoding: "utf8",
  });
  if (error) throw error;
  return status === 0 ? "" : stdout + stderr;
}

/** By name and labels, as they stand in the text. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}

for (const [name, start] of Object.entries(BACKENDS)) {
  const test = suite(`metrics: ${name}`);
  let backend: Awaited<ReturnType<typeof start>>;
  test.before(async () => {
    backend = await start();
  });
  test.after(async () => {
    await backend[Symbol.asyncDispose]();
  });

  test("a bot's metrics tell its flow, with limits beside values, and its calls by operation", async () => {
    const risk = { max_daily_loss: 300, max_open_positions: 4, max_exposure: 50_000, starting_equity: 10_000 };
    await using state = await backend.open({ risk }, { clock: () => T0, instanceId: "bot-1" });
    const flow = `flow="${state.flowId}"`;
    using told = await metrics(state);
    await told.text(); // from here on the log counts
    await state.heartbeat();
    await state.admit({ signalId: "s", pair: "BTC/USDT", side: "long", size: 0.5, price: 60_000 });
    const refused = await state.admit({ signalId: "t", pair: "BTC/USDT", side: "long", size: 0.5, price: 60_000 });
    assert.is(refused.admitted, false);
    await state.savePosition({ id: "p-1", pair: "ETH/USDT", side: "short", size: 2, entryPrice: 3000 });
    await state.saveOrder({ id: "in", pair: "SOL/USDT", side: "buy", size: 10, price: 100 });
    const fee = { amount: 1.5, currency: "USDT" };
    await state.recordFill("in", { fillId: "1", price: 100, size: 10, fee });
    const exit = {
      id: "out",
      pair: "SOL/USDT",
      side: "sell",
      size: 10,
      price: 90,
      intent: "exit",
      positionId: "in",
    } as const;
    await state.saveOrder(exit);
    await state.recordFill("out", { fillId: "2", price: 90, size: 10, fee });
    await state.reportDifference({ subject: "ETH/USDT", found: "0.1 more", reads: 1 });
    await state.triggerCircuitBreaker("by hand", { duration: "1h" });
    const text = await told.text();
    assert.is(complaints(text), "");
    const samples = samplesOf(text);
    const is = (key: string, value: number) => assert.is(samples.get(key), value, key);
    is(`sf_up{${flow}}`, 1);
    is(`sf_reading_timestamp_seconds{${flow}}`, T0 / 1000);
    is(`sf_heartbeat_timestamp_seconds{${flow}}`, T0 / 1000);
    // 10 x (90 - 100) - 2 x 1.5
    is(`sf_daily_pnl{${flow}}`, -103);
    is(`sf_daily_loss_limit{${flow}}`, 300);
    is(`sf_consecutive_losses{${flow}}`, 1);
    is(`sf_equity{${flow}}`, 9897);
    is(`sf_peak_equity{${flow}}`, 10_000);
    is(`sf_drawdown_ratio{${flow}}`, 0.0103);
    // 0.5 x 60000 pending, 2 x 3000 open
    is(`sf_exposure{${flow}}`, 36_000);
    is(`sf_exposure_limit{${flow}}`, 50_000);
    is(`sf_slots{${flow}}`, 2);
    is(`sf_slots_limit{${flow}}`, 4);
    is(`sf_positions{${flow},pair="ETH/USDT",side="short"}`, 1);
    is(`sf_position_size{${flow},pair="ETH/USDT",side="short"}`, 2);
    is(`sf_orders{${flow},status="intent"}`, 1);
    is(`sf_oldest_order_timestamp_seconds{${flow}}`, T0 / 1000);
    is(`sf_breaker_active{${flow},source="manual"}`, 1);
    is(`sf_breaker_active{${flow},source="daily_loss"}`, 0);
    is(`sf_breaker_until_timestamp_seconds{${flow}}`, T0 / 1000 + 3600);
    is(`sf_instances{${flow},status="alive"}`, 1);
    is(`sf_instances{${flow},status="dead"}`, 0);
    is(`sf_lease_held{${flow}}`, 0);
    is(`sf_admitted_entries_total{${flow}}`, 1);
    is(`sf_refused_entries_total{${flow},reason="max_exposure"}`, 1);
    is(`sf_fills_total{${flow}}`, 2);
    is(`sf_closed_trades_total{${flow}}`, 1);
    is(`sf_trade_fees_total{${flow}}`, 3);
    is(`sf_differences_total{${flow}}`, 1);
    is(`sf_breaker_trips_total{${flow},source="manual"}`, 1);
    is(`sf_wants{${flow},kind="difference"}`, 1);
    is(`sf_operation_duration_seconds_count{${flow},op="admit"}`, 2);
    assert.not(samples.has(`sf_drawdown_limit_ratio{${flow}}`), "a limit that there is not");
    assert.ok([...samples.values()].every(Number.isFinite), "no NaN");
    for (const [, labels = ""] of text.matchAll(/^\w+\{(.*)\} /gm)) {
      const keys = [...labels.matchAll(/(\w+)="/g)].map(([, key]) => key ?? "");
      const others = keys.filter((key) => key !== "le" && !LABELS.some((label) => label === key));
      assert.equal(others, []);
    }
  });

  test("a scrape reads the flow once, however many ask at a time", async () => {
    await using state = await backend.open({});
    using told = await metrics(state);
    const reads: string[] = [];
    const stop = state.onCall(({ operation }) => reads.push(operation));
    const all = await Promise.all(Array.from({ length: 50 }, () => told.text()));
    stop();
    assert.is(new Set(all).size, 1);
    assert.is(reads.filter((each) => each === "snapshot").length, 1);
    await state.close();
    assert.is(samplesOf(await told.text()).get(`sf_up{flow="${state.flowId}"}`), 0, "closed: a scrape does not fail");
  });

  test.run();
}

const test = suite("metrics: all flows of a place");

test("every flow of a Redis is read; one that is gone disappears; a server that is away is told, and fails no scrape", async () => {
  const server = await startRedis();
  const invocation = new Invocation(new CapturedTerminal(), { url: server.url });
  const config = await invocation.config();
  await using readings = new FlowReadings(invocation, watched);
  const text = async () => fleetText(client, (await readings.read()).flows, watched, await serverInfos(config));
  try {
    const own = { backend: "redis", redis: { url: server.url } } as const;
    const hostile = `<img src=x onerror=alert(1)>"\\ \u202e`;
    await using _ = await StateManager.open("bot", own);
    await using other = await StateManager.open("other", own);
    await other.savePosition({ id: "p", pair: hostile, side: "long", size: 1, entryPrice: 1 });
    const first = await text();
    assert.is(complaints(first), "");
    const samples = samplesOf(first);
    assert.is(samples.get('sf_up{flow="bot"}'), 1);
    assert.is(samples.get("sf_redis_up"), 1);
    assert.ok((samples.get("sf_redis_memory_used_bytes") ?? 0) > 100_000);
    assert.is(samples.get("sf_redis_append_only_file"), 0);
    const escaped = hostile.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
    assert.is(samples.get(`sf_positions{flow="other",pair="${escaped}",side="long"}`), 1);
    const keys = (await server.cli("--raw", "KEYS", "sf:*other*")).split("\n").filter((key) => key !== "");
    assert.ok(keys.length > 0);
    await server.cli("DEL", ...keys);
    const second = samplesOf(await text());
    assert.not([...second.keys()].some((key) => key.includes('flow="other"')));
    assert.is(second.get('sf_up{flow="bot"}'), 1);
  } finally {
    await server.stop();
  }
  const away = await text();
  assert.is(complaints(away), "");
  assert.is(samplesOf(away).get('sf_up{flow="bot"}'), 0);
  assert.is(samplesOf(away).get('sf_wants{flow="bot",kind="unreadable"}'), 1);
  assert.is(samplesOf(away).get("sf_redis_up"), 0);
});

test("files in a folder are read through the bots that hold them, and by themselves", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sf-metrics-"));
  try {
    const config = { backend: "duckdb", duckdb: { path: join(folder, "{flow_id}.db") } } as const;
    await (await StateManager.open("idle", config)).close();
    await using bot = await StateManager.open("held", config);
    await bot.triggerCircuitBreaker("x");
    await using readings = new FlowReadings(new Invocation(new CapturedTerminal(), { duckdb: folder }), watched);
    const samples = samplesOf(await fleetText(client, (await readings.read()).flows, watched));
    assert.is(samples.get('sf_up{flow="idle"}'), 1);
    assert.is(samples.get('sf_breaker_active{flow="held",source="manual"}'), 1);
    assert.not(samples.has("sf_redis_up"));
    await bot.saveOrder({ id: "in", pair: "SOL/USDT", side: "buy", size: 1, price: 100 });
    await bot.recordFill("in", { fillId: "1", price: 100, size: 1, fee: 0 });
    const later = samplesOf(await fleetText(client, (await readings.read()).flows, watched));
    assert.is(later.get('sf_fills_total{flow="held"}'), 1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("the listener answers GET /metrics to its own names, and refuses any other Host before anything else", async () => {
  let readings = 0;
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const server = await listen({ host: "127.0.0.1", port: 0 }, ["prom.internal:9464"], async () => {
    readings += 1;
    await gate;
    return "sf_up 1\n";
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const ask = (head: string) =>
    new Promise<string>((resolve, reject) => {
      let said = "";
      const socket = connect(port, "127.0.0.1", () => socket.write(`${head}\r\nConnection: close\r\n\r\n`));
      socket.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
      socket.once("end", () => resolve(said)).once("error", reject);
    });
  const status = async (head: string) => Number((await ask(head)).split(" ")[1]);
  try {
    const get = "GET /metrics HTTP/1.1";
    for (const host of [
      "",
      "\r\nHost: evil.example",
      `\r\nHost: evil.example:${port}`,
      `\r\nHost: LOCALHOST:${port}`,
      `\r\nHost: localhost.:${port}`,
      `\r\nHost: 127.0.0.1.:${port}`,
      "\r\nHost: 127.0.0.1",
      `\r\nHost: 127.0.0.1:${port + 1}`,
      `\r\nHost: 127.0.0.1:${port}, evil.example`,
      `\r\nHost: 127.0.0.1:${port}\r\nHost: 127.0.0.1:${port}`,
      `\r\nHost: 127.0.0.1:${port}\r\nHost: evil.example`,
    ]) {
      // Node itself answers some of them with 400.
      assert.ok([400, 403].includes(await status(get + host)), JSON.stringify(host));
    }
    assert.is(await status(`POST /nowhere HTTP/1.1\r\nHost: evil.example`), 403, "before method and path");
    assert.is(readings, 0);
    const host = `\r\nHost: 127.0.0.1:${port}`;
    for (const method of ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"]) {
      assert.is(await status(`${method} /metrics HTTP/1.1${host}`), 405, method);
    }
    assert.is(await status(`GET / HTTP/1.1${host}`), 404);
    const names = [host, `\r\nHost: localhost:${port}`, `\r\nHost: [::1]:${port}`, "\r\nHost: prom.internal:9464"];
    const arrived = new Promise<void>((resolve) => {
      let left = names.length * 2;
      server.on("request", () => {
        left -= 1;
        if (left === 0) resolve();
      });
    });
    const asked = names.flatMap((name) => [ask(get + name), ask(get + name)]);
    await arrived;
    release();
    for (const answer of await Promise.all(asked)) {
      assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
      assert.match(answer, /\r\nContent-Type: text\/plain; version=0\.0\.4; charset=utf-8\r\n/);
      assert.not.match(answer, /access-control/i);
    }
    assert.is(readings, 1, "scrapes at a time share one reading");
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test("connections that say nothing do not keep Prometheus out for long", async () => {
  const server = await listen({ host: "127.0.0.1", port: 0 }, [], async () => "sf_up 1\n", 200);
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const refused = once(server, "drop"); // one more than it takes
  const silent = Array.from({ length: MOST_CONNECTIONS + 1 }, () => connect(port, "127.0.0.1").on("error", () => {}));
  try {
    await refused;
    await until("there is room again", async () => {
      const [response] = await once(get({ host: "127.0.0.1", port, path: "/metrics", agent: false }), "response");
      response.resume();
      return response.statusCode === 200;
    });
  } finally {
    for (const socket of silent) socket.destroy();
    server.close();
    server.closeAllConnections();
  }
});

test("what --listen may say, and what of it is this machine alone", () => {
  assert.equal(listenAddress("127.0.0.1:9464"), { host: "127.0.0.1", port: 9464 });
  assert.equal(listenAddress("[::1]:1"), { host: "::1", port: 1 });
  assert.equal(listenAddress("localhost"), { host: "localhost", port: 9464 });
  assert.equal(listenAddress("9000"), { host: "127.0.0.1", port: 9000 });
  for (const wrong of ["", ":", "a b:1", "127.0.0.1:99999", "[x]:1", "http://a:1"]) {
    assert.throws(() => listenAddress(wrong), /--listen: expected an address/, wrong);
  }
  assert.equal(["127.0.0.1", "127.9.9.9", "::1", "localhost"].map(isLoopback), [true, true, true, true]);
  assert.equal(["0.0.0.0", "::", "10.0.0.1", "127.evil.example", "bot"].map(isLoopback), Array(5).fill(false));
});

test("the page for operators names every metric as it is defined", () => {
  const page = readFileSync(fileURLToPath(new URL("../../src/metrics/README.md", import.meta.url)), "utf8");
  const told = page.split("\n").filter((line) => line.startsWith("| `sf_"));
  const row = (name: string, labels: readonly string[], help: string) =>
    `| \`${name}\` | ${labels.join(", ")} | ${help} |`;
  assert.equal(told, [
    ...Object.entries(METRICS).map(([name, { labels, help }]) => row(name, labels, help)),
    ...Object.entries(CALL_METRICS).map(([name, help]) => row(name, ["flow", "op"], help)),
  ]);
});

test("the rules hold what their own tests say, and rules and dashboard ask for metrics that there are", () => {
  for (const words of [
    ["check", "rules", "rules.yml"],
    ["test", "rules", "rules.test.yml"],
  ]) {
    const { status, stdout, stderr } = spawnSync(promtool(), words, { cwd: FOLDER, encoding: "utf8" });
    assert.is(status, 0, `${words.join(" ")}: ${stdout}${stderr}`);
  }
  const names = new Set([
    ...Object.keys(METRICS),
    ...Object.keys(CALL_METRICS),
    "sf_operation_duration_seconds_bucket",
  ]);
  const dashboard = JSON.parse(readFileSync(join(FOLDER, "dashboard.json"), "utf8"));
  const asked = [
    ...readFileSync(join(FOLDER, "rules.yml"), "utf8").matchAll(/expr: (.*)/g),
    ...JSON.stringify(dashboard.panels).matchAll(/"expr":"((?:[^"\\]|\\.)*)"/g),
  ].map(([, expr = ""]) => expr);
  assert.ok(asked.length > 40, `${asked.length} queries`);
  const seen = new Set(asked.flatMap((expr) => expr.match(/\bsf_\w+/g) ?? []));
  assert.equal(
    [...seen].filter((each) => !names.has(each)),
    [],
  );
  for (const [name, { type, help }] of Object.entries(METRICS)) {
    assert.is(name.endsWith("_total"), type === "counter", name);
    assert.match(help, /^.{5,}\.$/, name);
  }
});

test.run();
