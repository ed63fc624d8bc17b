/** What wants a person: each fact made by real calls on each backend, and by hand where no call makes it. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { buildProgram } from "../../src/cli/commands/program.js";
import { declaredBy } from "../../src/cli/completion/declared.js";
import { processTerminal } from "../../src/cli/terminal.js";
import { resolveConfig } from "../../src/config/schema.js";
import { MemoryAccounts, type StateManager } from "../../src/index.js";
import { readFlow } from "../../src/wants/flow-reading.js";
import { unreadable, type Want, wantsOf, wantText } from "../../src/wants/wants.js";
import { watchedOf } from "../../src/wants/watched.js";
import { EXCHANGE_COMMANDS } from "../../sync/commands/exchange-commands.js";
import { BACKENDS } from "../contract/backends.js";

const T0 = Date.UTC(2026, 10, 25, 12, 0, 0);
const watched = { ...watchedOf(resolveConfig({})), maxAge: 3_600_000, deadAfter: 60_000 };

const all: Want[] = [];

async function wants(manager: StateManager, now: number): Promise<Want[]> {
  const found = wantsOf(await readFlow(manager), new Date(now), watched);
  all.push(...found);
  return found;
}

const kindsOf = (found: readonly Want[]) => found.map(({ kind }) => kind);

for (const [name, start] of Object.entries(BACKENDS)) {
  const test = suite(`wants: ${name}`);
  let backend: Awaited<ReturnType<typeof start>>;
  test.before(async () => {
    backend = await start();
  });
  test.after(async () => {
    await backend[Symbol.asyncDispose]();
  });

  test("nothing wants a person of a flow that is well", async () => {
    await using manager = await backend.open({}, { clock: () => T0 });
    await manager.heartbeat();
    await manager.savePosition({ id: "p-1", pair: "BTC/USDT", side: "long", size: 1, entryPrice: 100 });
    assert.equal(await wants(manager, T0 + 59_000), []);
  });

  test("a breaker is told with its source and its end, once until it is over; one that trips again is another", async () => {
    let now = T0;
    await using manager = await backend.open({}, { clock: () => now });
    await manager.triggerCircuitBreaker("exchange\nmisbehaves", { duration: "2h" });
    const [first, ...others] = await wants(manager, now + 1000);
    assert.equal(others, []);
    assert.is(first?.kind, "breaker");
    assert.is(first?.urgency, "critical");
    assert.equal(first?.since, new Date(T0));
    assert.is(
      first && wantText(first),
      `The circuit breaker is tripped (manual): exchange\nmisbehaves. Since 2026-11-25 12:00:00 UTC. Entries are refused until 2026-11-25 14:00:00 UTC. When the cause is gone: sf-state breaker reset --flow ${manager.flowId}.`,
    );
    assert.is((await wants(manager, now + 60_000))[0]?.id, first?.id, "it is the same one a minute later");
    assert.equal(await wants(manager, T0 + 7_200_000), [], "it is over by itself");
    await manager.resetCircuitBreaker();
    now += 1000;
    await manager.triggerCircuitBreaker("again");
    const [second] = await wants(manager, now);
    assert.is.not(second?.id, first?.id);
  });

  test("a dead bot is told, one each, by the last heartbeat it gave; what signed off is not", async () => {
    const options = { clock: () => T0, flowId: `dead-${name}` };
    await using looker = await backend.open({}, { ...options, instanceId: "looker" });
    await looker.heartbeat();
    const found = await wants(looker, T0 + 60_001);
    assert.equal(
      found.map(({ kind, what, since }) => [kind, what, since]),
      [["dead", "Bot looker gives no heartbeat and did not sign off", new Date(T0)]],
    );
    assert.is(found[0]?.blocks, "no bot works on this flow");
    assert.equal(kindsOf(await wants(looker, T0 + 3_600_001)), ["dead", "stale"]);
  });

  test("a recovery that is under way is told with who holds it, and one that was left with what to do", async () => {
    await using manager = await backend.open({}, { clock: () => T0, instanceId: "bot-1" });
    await manager.beginRecovery("after a crash", { ttl: "1m" });
    const [held] = await wants(manager, T0);
    assert.is(held?.kind, "recovering");
    assert.match(
      held?.what ?? "",
      /^A recovery is under way: after a crash; bot-1 holds it, which gives no heartbeats/,
    );
    const [left] = await wants(manager, T0 + 61_000);
    assert.match(left?.what ?? "", /nobody holds it, bot-1 left it unfinished$/);
    assert.is(left?.id, held?.id);
    await manager.endRecovery({ unlessHeldAfter: T0 + 61_000 });
    assert.equal(await wants(manager, T0), []);
  });

  test("an order of which nobody knows what became, and a trade whose result nobody told", async () => {
    await using manager = await backend.open({}, { clock: () => T0 });
    await manager.saveOrder({ id: "o-1", pair: "BTC/USDT", side: "buy", size: 1, price: 100, status: "unknown" });
    await manager.savePosition({ id: "p-1", pair: "ETH/USDT", side: "long", size: 2, entryPrice: 10 });
    await manager.removePosition("p-1", { untold: true, reason: "external" });
    const found = await wants(manager, T0);
    assert.equal(kindsOf(found), ["untold", "unknown_order"], "the worst first");
    assert.match(found[1]?.what ?? "", /order o-1 of BTC\/USDT/);
    assert.match(found[0]?.what ?? "", /^Nobody told the result of p-1 \(2 ETH\/USDT\)$/);
  });

  test("a limit is near from four fifths of it on, and no more once its breaker is tripped", async () => {
    await using manager = await backend.open({ risk: { max_daily_loss: 100 } }, { clock: () => T0 });
    await manager.updateDailyPnl(-79.99, { tradeId: "a" });
    assert.equal(kindsOf(await wants(manager, T0)), []);
    await manager.updateDailyPnl(-0.01, { tradeId: "b" });
    const [near] = await wants(manager, T0);
    assert.is(near?.kind, "limit_near");
    assert.is(near?.what, "max_daily_loss is near: a loss of 80.00 today of 100.00");
    await manager.updateDailyPnl(-20, { tradeId: "c" });
    assert.equal(kindsOf(await wants(manager, T0)), ["breaker"]);
    await manager.triggerCircuitBreaker("by hand, too", { duration: "2h" });
    assert.equal(kindsOf(await wants(manager, T0)), ["breaker"], "what is reached is not near, whatever tripped last");
    await manager.resetCircuitBreaker();
    const [reached] = await wants(manager, T0);
    assert.is(reached?.what, "max_daily_loss is reached: a loss of 100.00 today of 100.00");
  });

  test("what is an account's has one id, whichever of its flows tells it", async () => {
    const accounts = new MemoryAccounts();
    const config = { account: { name: `acc-${name}`, currency: "USDT", max_daily_loss: 100 } };
    const ids: string[] = [];
    for (const flowId of name === "duckdb" ? ["a"] : ["a", "b"]) {
      const options = { clock: () => T0, accounts, flowId: `${name}-of-account-${flowId}` };
      await using manager = await backend.open(config, options);
      if (flowId === "a") await manager.triggerAccountBreaker("exchange misbehaves");
      const [want, ...others] = await wants(manager, T0);
      assert.equal(others, []);
      assert.is(want?.account, `acc-${name}`);
      assert.match(want?.blocks ?? "", /^entries are refused in all its flows until /);
      ids.push(want?.id ?? "");
    }
    assert.is(new Set(ids).size, 1);
  });

  test("one loss before the streak's limit it is near; of a limit of one nothing is near before the first loss", async () => {
    await using manager = await backend.open({ risk: { max_consecutive_losses: 3 } }, { clock: () => T0 });
    await manager.updateDailyPnl(-1, { tradeId: "a" });
    assert.equal(kindsOf(await wants(manager, T0)), []);
    await manager.updateDailyPnl(-1, { tradeId: "b" });
    assert.equal(kindsOf(await wants(manager, T0)), ["limit_near"]);
    await manager.setRiskLimits({ max_consecutive_losses: null });
    assert.equal(kindsOf(await wants(manager, T0)), ["limits_differ"].slice(1));
  });

  test("a drawdown without an equity limits nothing, and what is not priced is in no sum: good to know", async () => {
    await using manager = await backend.open({ risk: { max_drawdown: 0.2 } }, { clock: () => T0 });
    await manager.saveOrder({ id: "in", pair: "BTC/USDT", side: "buy", size: 1, price: 100 });
    await manager.recordFill("in", { fillId: "1", price: 100, size: 1, fee: { amount: 0.005, currency: "BNB" } });
    const found = await wants(manager, T0);
    assert.equal(kindsOf(found).sort(), ["blind_limit", "unpriced"]);
    assert.ok(found.every(({ urgency }) => urgency === "note"));
  });

  test.run();
}

const test = suite("wants: by hand");

test("every command that cures something is a command, with options that it has", async () => {
  const declared = declaredBy(await buildProgram(processTerminal(), async () => {}, EXCHANGE_COMMANDS));
  const global = declared.find(({ at }) => at === "")?.options.map(({ name }) => name) ?? [];
  let seen = 0;
  for (const { cure } of [...all, unreadable("bot", "x")]) {
    for (const [line] of cure.matchAll(/sf-state [^;,]*/g)) {
      seen += 1;
      const words = line.trim().split(/\s+/).slice(1);
      let at = "";
      for (const word of words) {
        if (!declared.some((command) => command.at === `${at}/${word}`)) break;
        at += `/${word}`;
      }
      const command = declared.find((each) => each.at === at);
      assert.ok(at !== "" && command, line);
      const options = words.filter((word) => word.startsWith("--"));
      for (const option of options) {
        assert.ok(global.includes(option) || command.options.some(({ name }) => name === option), `${line}: ${option}`);
      }
    }
  }
  assert.ok(seen > 10, `${seen} commands were looked at`);
});

test("a flow id is quoted for the shell, and ids of facts hold no line break", () => {
  const hostile = "a b'; rm -rf ~ #\n";
  const { cure, id } = unreadable(hostile, "why");
  assert.ok(cure.includes(`--flow 'a b'\\''; rm -rf ~ #\n'`), cure);
  assert.not(id.includes("\n"));
});

test.run();
