/** A bot that alerts by itself, over a real Redis and a real DuckDB file, to a real HTTP server. */
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Claim } from "../../src/alerts/claim.js";
import { type Config, resolveConfig } from "../../src/config/schema.js";
import { StateManager } from "../../src/index.js";
import { BACKENDS, newFlowId } from "../contract/backends.js";
import { startRedis } from "../servers/redis.js";
import { until } from "../servers/until.js";
import { receiver } from "./receiver.js";

const folder = await mkdtemp(join(tmpdir(), "sf-bot-alerts-"));
const file = join(folder, "{flow_id}.json");
const quick = { file, every: "100ms", settle: 0 } as const;

function told(hook: Awaited<ReturnType<typeof receiver>>) {
  return hook.got.flatMap(({ alerts }) => alerts.map(({ kind, state }) => `${kind} ${state}`));
}

for (const name of ["redis", "duckdb"] as const) {
  const test = suite(`a bot's alerts: ${name}`);
  let backend: Awaited<ReturnType<(typeof BACKENDS)[typeof name]>>;
  test.before(async () => {
    backend = await BACKENDS[name]();
  });
  test.after(async () => {
    await backend[Symbol.asyncDispose]();
  });

  test("once per change, and that it is over, until it closes", async () => {
    await using hook = await receiver();
    const state = await backend.open({ alerts: { ...quick, webhook: hook.url }, risk: { max_daily_loss: 100 } });
    await state.updateDailyPnl(-100);
    await until("it is told", () => hook.got.length > 0);
    await state.resetCircuitBreaker();
    await until("it is over", () => hook.got.length > 1);
    assert.is(hook.got[0]?.alerts[0]?.flow, state.flowId);
    await state.triggerCircuitBreaker("the last thing");
    await state.close();
    // The loss of the day is what it was: the limit is near once the breaker is quiet.
    const ofBreaker = told(hook).filter((each) => each.startsWith("breaker"));
    assert.equal(ofBreaker, ["breaker new", "breaker resolved", "breaker new"]);
    const sent = told(hook).length;
    await state.connect();
    await state.close();
    assert.equal(
      told(hook)
        .slice(sent)
        .filter((each) => each.startsWith("breaker")),
      [],
      "the file remembers",
    );
    assert.is((await readdir(folder)).filter((each) => each.endsWith(".owner")).length, 0, "others may tell");
  });

  test("a receiver that is down breaks nothing, and gets it from the next process", async () => {
    await using hook = await receiver([503], [503], [503], [503], [503], [503]);
    const flowId = newFlowId();
    const warnings: string[] = [];
    const logger = { info() {}, warn: (message: string) => warnings.push(message) };
    const config: Config = { alerts: { ...quick, webhook: hook.url } };
    const state = await backend.open(config, { flowId, logger });
    await state.triggerCircuitBreaker("x");
    await until("it was tried", () => warnings.some((each) => each.includes("503")));
    await state.savePosition({ id: "p", pair: "BTC/USDT", side: "long", size: 1, entryPrice: 100 });
    assert.is((await state.getPositions()).length, 1);
    await state.close();
    assert.not(warnings.join().includes("very-secret"));
    const [first] = hook.got;
    await using up = await receiver();
    await (await backend.open({ alerts: { ...quick, webhook: up.url } }, { flowId })).close();
    assert.equal(up.got[0]?.alerts[0]?.id, first?.alerts[0]?.id);
    assert.equal(told(up), ["breaker new"]);
  });

  test("a missing file of the webhook, and one of what was told that is none, are told to the logger", async () => {
    await using hook = await receiver();
    const flowId = newFlowId();
    const path = join(folder, `${flowId}.json`);
    const url = join(folder, `${flowId}.url`);
    await writeFile(path, "{");
    const warnings: string[] = [];
    const logger = { info() {}, warn: (message: string) => warnings.push(message) };
    const state = await backend.open({ alerts: { ...quick, webhook_file: url } }, { flowId, logger });
    await state.triggerCircuitBreaker("x");
    await until("the file is missed", () => warnings.some((each) => each.includes("alerts.webhook_file: ENOENT")));
    assert.match(warnings.join("\n"), /is not a file of sf-state alert\. The file is .* now, and alerts begin anew/);
    await writeFile(url, `${hook.url}\n`);
    await until("it is told once the file is there", () => hook.got.length === 1);
    await state.close();
    const kept = (await readdir(folder)).find((each) => each.startsWith(`${flowId}.json.unreadable-`)) ?? "";
    assert.is(await readFile(join(folder, kept), "utf8"), "{");
  });

  test.run();
}

const test = suite("a bot's alerts: several bots");
let server: Awaited<ReturnType<typeof startRedis>>;
test.before(async () => {
  server = await startRedis();
});
test.after(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

test("of the bots of a flow that share a file one tells, and another one when it closed or was killed", async () => {
  await using hook = await receiver();
  const config: Config = {
    backend: "redis",
    redis: { url: server.url, command_timeout: "200ms" },
    alerts: { ...quick, webhook: hook.url },
  };
  const owner = join(folder, "shared.json.owner");
  await using first = await StateManager.open("shared", config);
  await until("the first has the claim", async () => (await readFile(owner, "utf8")) !== "");
  const others = await Promise.all([1, 2].map(() => StateManager.open("shared", config)));
  await first.triggerCircuitBreaker("x");
  await until("it is told", () => hook.got.length === 1);
  await first.close();
  await Promise.all(others.map((bot) => bot.resetCircuitBreaker()));
  await until("another tells that it is over", () => hook.got.length === 2);
  // A process that was killed leaves its claim, which nobody touches.
  await Promise.all(others.map((bot) => bot.close()));
  await writeFile(owner, "killed");
  await using bot = await StateManager.open("shared", config);
  await bot.triggerCircuitBreaker("y");
  const before = new Date(Date.now() - 31_000);
  assert.equal(told(hook), ["breaker new", "breaker resolved"], "it may still be telling");
  await utimes(owner, before, before);
  await until("it is taken over", () => hook.got.length === 3);
  await server.cli("CLIENT", "PAUSE", "3000", "ALL");
  await until("its server is away", () => told(hook).includes("unreadable new"));
  await until("it is back", () => told(hook).includes("unreadable resolved"));
});

test("a claim has one owner; an owner that comes back late finds another", async () => {
  const path = join(folder, "claim");
  const claims = ["a", "b", "c"].map((owner) => new Claim(path, owner, 30_000));
  const [a, b] = claims;
  assert.ok(a && b);
  const taken = await Promise.all(claims.map((claim) => claim.take()));
  assert.is(taken.filter(Boolean).length, 1);
  await rm(path);
  assert.is(await a.take(), true);
  assert.is(await b.take(), false);
  const before = new Date(Date.now() - 30_001);
  await utimes(path, before, before);
  assert.is(await b.take(), true);
  assert.is(await a.take(), false);
  await a.release();
  assert.is(await readFile(path, "utf8"), "b");
  await b.release();
  assert.is(await a.take(), true);
});

test("what is wrong in alerts is named by its path, and no secret is told", () => {
  const said = (alerts: unknown): string => {
    try {
      // biome-ignore lint/suspicious/noExplicitAny: what a file may say
      resolveConfig({ alerts } as any);
      return "";
    } catch (error) {
      return error instanceof Error ? error.message : "";
    }
  };
  const webhook = "https://hooks.example.com/T1/s3cret";
  assert.is(said({ webhook }), "");
  assert.is(said({}), "alerts.webhook: missing: where alerts go; or webhook_file, or exec");
  const http = said({ webhook: "http://hooks.example.com/s3cret" });
  assert.match(http, /^alerts\.webhook: expected an https:\/\/ URL; http:\/\/ only on this machine, got /);
  assert.not(http.includes("s3cret"));
  assert.match(said({ webhook, exec: "/bin/true" }), /^alerts\.exec: cannot be used with alerts\.webhook/);
  assert.match(said({ webhook, template: "telegram" }), /^alerts\.chat: missing/);
  assert.match(said({ webhook, chat: "1" }), /^alerts\.chat: is only used with template: telegram/);
  assert.match(said({ exec: "x", secret_file: "y" }), /^alerts\.secret_file: is only used with a webhook/);
  assert.match(said({ webhook, on: ["braker"] }), /^alerts\.on\[0\]: expected one of "unreadable", .*, got "braker"/);
  assert.match(said({ webhook, on: [] }), /^alerts\.on: expected a list of one or more of /);
  assert.match(said({ webhook, quiet_hours: "22-7" }), /^alerts\.quiet_hours: expected hours in UTC/);
  assert.match(said({ webhook, again: "1ms" }), /^alerts\.again: expected a duration of at least 1s/);
  assert.match(said({ webhook, file: "a/" }), /^alerts\.file: expected a file path/);
  assert.match(said({ webhok: webhook }), /alerts\.webhok: unknown key; did you mean webhook\?/);
  const { alerts } = resolveConfig({ alerts: { webhook } });
  assert.is(alerts?.again, 3_600_000);
  assert.is(alerts?.settle, 30_000);
  assert.not("alerts" in resolveConfig({}));
  assert.equal(resolveConfig(resolveConfig({ alerts: { webhook } })).alerts, alerts);
});

test.run();
