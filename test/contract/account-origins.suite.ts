/** Whose a limit of an exchange account is, and what setting it does: as `limits.suite.ts` has it of a flow's. */
import { randomBytes } from "node:crypto";
import * as assert from "uvu/assert";
import { type Config, type Logger, MemoryAccounts, type StateManager } from "../../src/index.js";
import { Clock, HOUR, NOON } from "./clock.js";
import { refused } from "./expect.js";
import type { Theme } from "./open.js";

function listening(): Logger & { readonly warnings: string[] } {
  const warnings: string[] = [];
  return { warnings, info() {}, warn: (message) => void warnings.push(message) };
}

function configOf(limits: Omit<NonNullable<Config["account"]>, "name" | "currency">, name?: string) {
  return { account: { name: name ?? `account-${randomBytes(6).toString("hex")}`, currency: "USDT", ...limits } };
}

async function reconnect(mgr: StateManager): Promise<void> {
  await mgr.close();
  await mgr.connect();
}

async function limitsOf(mgr: StateManager) {
  const status = await mgr.getAccount();
  if (!status) throw new Error("the flow is in no account");
  return status;
}

/** The newest event of the account's limits, without its id. */
async function lastSet(mgr: StateManager, act: () => Promise<unknown>) {
  const stop = new AbortController();
  const seen = (async () => {
    for await (const event of mgr.watch({ signal: stop.signal })) {
      if (event.type !== "account_limits_set") continue;
      const { id: _, at: __, ...told } = event;
      return told;
    }
    throw new Error("no limits were set");
  })();
  // A watcher begins where the log is when it first asks.
  await mgr.getEvents();
  await act();
  const told = await seen;
  stop.abort();
  return told;
}

export const accountOrigins: Theme = (test, anyOpen) => {
  const accounts = new MemoryAccounts();
  const open: typeof anyOpen = (config = {}, options = {}) => anyOpen(config, { accounts, ...options });

  /** A test of those backends on which an account can have several flows: a file has one. */
  function shared(name: string, run: () => Promise<void>): void {
    test(name, async () => {
      await using probe = await anyOpen();
      if (probe.config.backend !== "duckdb") await run();
    });
  }

  test("each limit of an account keeps who set it, when, and whether a configuration or a call", async () => {
    const clock = new Clock();
    const config = configOf({ max_daily_loss: 300, max_exposure: 10 });
    await using mgr = await open(config, { clock: clock.read, instanceId: "bot-1" });
    const configured = { by: "config", who: "bot-1", at: new Date(NOON) } as const;
    assert.equal((await limitsOf(mgr)).limitOrigins, {
      max_daily_loss: { value: 300, ...configured },
      max_exposure: { value: 10, ...configured },
    });
    clock.now += HOUR;
    const call = { by: "call", who: "bot-1", at: new Date(NOON + HOUR) } as const;
    await mgr.setAccountLimits({ max_exposure: 5, max_open_positions: 3 });
    const origins = {
      max_daily_loss: { value: 300, ...configured },
      max_open_positions: { value: 3, ...call },
      max_exposure: { value: 5, ...call },
    };
    assert.equal((await limitsOf(mgr)).limitOrigins, origins);
    assert.equal((await mgr.snapshot()).account?.limitOrigins, origins);
    clock.now += HOUR;
    assert.equal(await mgr.setAccountLimits({ max_exposure: 5 }), {
      max_daily_loss: 300,
      max_open_positions: 3,
      max_exposure: 5,
    });
    assert.equal((await limitsOf(mgr)).limitOrigins, origins, "the same once more is nothing new");
  });

  test("a connect leaves what a call made tighter, and says so with both values, who and when", async () => {
    const clock = new Clock();
    const logger = listening();
    const config = configOf({ max_daily_loss: 300, max_exposure: 10 });
    const { name } = config.account;
    await using mgr = await open(config, { clock: clock.read, instanceId: "bot-1", logger });
    await reconnect(mgr);
    assert.equal(logger.warnings, []);
    await mgr.setAccountLimits({ max_exposure: 5 });
    clock.now += HOUR;
    await reconnect(mgr);
    const { limits, limitOrigins } = await limitsOf(mgr);
    assert.equal(limits, { max_daily_loss: 300, max_exposure: 5 });
    assert.equal(limitOrigins.max_exposure, { value: 5, by: "call", who: "bot-1", at: new Date(NOON) });
    assert.equal(logger.warnings, [
      `flow ${mgr.flowId}: account ${name}: max_exposure is 5, set by bot-1 at 2024-03-05T12:00:00.000Z; account.max_exposure of the configuration, 10, does not loosen it: sf-state account unset max_exposure --account ${name} does`,
    ]);
  });

  test("a connect makes tighter what a call had made looser, and a removed limit is the configuration's again", async () => {
    const config = configOf({ max_daily_loss: 300, max_exposure: 10 });
    await using mgr = await open(config, { instanceId: "bot-1" });
    await mgr.setAccountLimits({ max_exposure: 20, max_daily_loss: null });
    assert.equal((await limitsOf(mgr)).limits, { max_exposure: 20 });
    await reconnect(mgr);
    const { limits, limitOrigins } = await limitsOf(mgr);
    assert.equal(limits, { max_daily_loss: 300, max_exposure: 10 });
    assert.equal([limitOrigins.max_daily_loss?.by, limitOrigins.max_exposure?.by], ["config", "config"]);
  });

  test("unset gives limits back to the configuration: what that says, or none", async () => {
    const config = configOf({ max_daily_loss: 300, max_exposure: 10 });
    await using mgr = await open(config, { instanceId: "bot-1" });
    const set = await lastSet(mgr, () => mgr.setAccountLimits({ max_exposure: 5, max_open_positions: 3 }));
    const { name: account } = config.account;
    const told = { type: "account_limits_set", instance: "bot-1", account } as const;
    assert.equal(set, { ...told, limits: { max_open_positions: 3, max_exposure: 5 }, by: "call" });
    const unset = await lastSet(mgr, () => mgr.unsetAccountLimits(["max_exposure", "max_open_positions"]));
    assert.equal(unset, { ...told, limits: { max_open_positions: null, max_exposure: 10 }, by: "config" });
    const { limits, limitOrigins } = await limitsOf(mgr);
    assert.equal(limits, { max_daily_loss: 300, max_exposure: 10 });
    assert.equal(limitOrigins.max_exposure?.by, "config");
    await refused(Reflect.apply(mgr.unsetAccountLimits, mgr, [["max_daily_trades"]]), "names[0]");
  });

  test("unset takes nothing from what is configured for another account than the flow is in", async () => {
    const config = configOf({ max_exposure: 10, max_daily_loss: 7, breaker_duration: "2h" });
    await using mgr = await open({ ...config, risk: { breaker_duration: "30m" } });
    assert.is(await mgr.leaveAccount(), true);
    await mgr.joinAccount(`${config.account.name}-other`);
    await mgr.setAccountLimits({ max_exposure: 5, max_open_positions: 3, breaker_duration: "4h" });
    assert.equal(await mgr.unsetAccountLimits(["max_exposure", "max_daily_loss", "breaker_duration"]), {
      max_open_positions: 3,
    });
    const { name, breakerDuration } = await limitsOf(mgr);
    assert.equal([name, breakerDuration.value], [`${config.account.name}-other`, HOUR / 2]);
  });

  shared(
    "bots of an account with other configurations: a looser one takes nothing back that a call tightened",
    async () => {
      const clock = new Clock();
      const tight = configOf({ max_exposure: 100 });
      const { name } = tight.account;
      await using a = await open(tight, { clock: clock.read, instanceId: "bot-a" });
      const logger = listening();
      const loose = { clock: clock.read, instanceId: "bot-b", logger };
      await using b = await open(configOf({ max_exposure: 400 }, name), loose);
      // What only configurations said, the one that connected last says.
      assert.equal((await limitsOf(a)).limitOrigins.max_exposure, {
        ...{ value: 400, by: "config", who: "bot-b", at: new Date(NOON) },
      });
      assert.equal(logger.warnings, []);
      await a.setAccountLimits({ max_exposure: 200 });
      clock.now += HOUR;
      await reconnect(a);
      assert.equal((await limitsOf(b)).limitOrigins.max_exposure, {
        ...{ value: 100, by: "config", who: "bot-a", at: new Date(NOON + HOUR) },
      });
      const returned = await lastSet(a, () => reconnect(b));
      assert.equal([returned.limits, returned.returned], [{ max_exposure: 200 }, ["max_exposure"]]);
      assert.equal((await limitsOf(b)).limitOrigins.max_exposure, {
        ...{ value: 200, by: "call", who: "bot-a", at: new Date(NOON) },
      });
      assert.equal(logger.warnings, [
        `flow ${b.flowId}: account ${name}: max_exposure is 200, set by bot-a at 2024-03-05T12:00:00.000Z; account.max_exposure of the configuration, 400, does not loosen it: sf-state account unset max_exposure --account ${name} does`,
      ]);
    },
  );

  test("how long the breaker holds: a new account begins with what risk says, and a connect that says nothing leaves it", async () => {
    const clock = new Clock();
    const config = { ...configOf({}), risk: { breaker_duration: "2h" } } as const;
    const { name } = config.account;
    await using mgr = await open(config, { clock: clock.read, instanceId: "bot-1" });
    const begun = { value: 2 * HOUR, by: "config", who: "bot-1", at: new Date(NOON) } as const;
    assert.equal((await limitsOf(mgr)).breakerDuration, begun);
    assert.equal((await mgr.snapshot()).account?.breakerDuration, begun);
    clock.now += HOUR;
    await reconnect(mgr);
    assert.equal((await limitsOf(mgr)).breakerDuration, begun);
    const told = await lastSet(mgr, () => mgr.setAccountLimits({ breaker_duration: "30m" }));
    assert.equal(told, {
      ...{ type: "account_limits_set", instance: "bot-1", account: name, limits: {}, by: "call" },
      breakerDuration: HOUR / 2,
    });
    assert.equal((await limitsOf(mgr)).breakerDuration, {
      ...{ value: HOUR / 2, by: "call", who: "bot-1", at: new Date(NOON + HOUR) },
    });
    await mgr.triggerAccountBreaker("a look");
    assert.equal((await limitsOf(mgr)).breaker.until, new Date(NOON + HOUR + HOUR / 2));
    await mgr.unsetAccountLimits(["breaker_duration"]);
    assert.equal((await limitsOf(mgr)).breakerDuration, { ...begun, at: new Date(NOON + HOUR) });
    for (const bad of [0, "soon", null, -5]) {
      await refused(Reflect.apply(mgr.setAccountLimits, mgr, [{ breaker_duration: bad }]), "breaker_duration");
    }
  });

  test("a configuration that says how long the breaker holds replaces another's, not what a call set, and tells the difference", async () => {
    const clock = new Clock();
    const logger = listening();
    const config = configOf({ breaker_duration: "until_reset" });
    const { name } = config.account;
    const options = { clock: clock.read, instanceId: "bot-1", logger };
    await using mgr = await open(config, options);
    assert.equal((await limitsOf(mgr)).breakerDuration, {
      ...{ value: "until_reset", by: "config", who: "bot-1", at: new Date(NOON) },
    });
    await mgr.close();
    await using other = await open(configOf({ breaker_duration: "4h" }, name), { ...options, flowId: mgr.flowId });
    assert.is((await limitsOf(other)).breakerDuration.value, 4 * HOUR);
    assert.equal(logger.warnings, []);
    await other.setAccountLimits({ breaker_duration: "until_day_end" });
    clock.now += HOUR;
    await reconnect(other);
    assert.equal((await limitsOf(other)).breakerDuration, {
      ...{ value: "until_day_end", by: "call", who: "bot-1", at: new Date(NOON) },
    });
    assert.equal(logger.warnings, [
      `flow ${other.flowId}: account ${name}: breaker_duration is until_day_end, set by bot-1 at 2024-03-05T12:00:00.000Z; account.breaker_duration of the configuration, 4 h, does not replace it: sf-state account unset breaker_duration --account ${name} does`,
    ]);
    await other.unsetAccountLimits(["breaker_duration"]);
    const { value, by } = (await limitsOf(other)).breakerDuration;
    assert.equal([value, by], [4 * HOUR, "config"]);
    await reconnect(other);
    assert.is(logger.warnings.length, 1);
  });

  test("a connect that makes a limit tighter trips the account's breaker; one that writes the same does not", async () => {
    const config = configOf({ max_daily_loss: 40 });
    await using mgr = await open(config);
    await mgr.setAccountLimits({ max_daily_loss: 100 });
    await mgr.updateDailyPnl(-50);
    assert.is((await limitsOf(mgr)).breaker.active, false);
    await reconnect(mgr);
    assert.is((await limitsOf(mgr)).breaker.reason, "daily loss of 50 reached the limit of 40");
    await mgr.resetAccountBreaker();
    await reconnect(mgr);
    assert.is((await limitsOf(mgr)).breaker.active, false);
  });

  shared("a starting equity that is not the account's, and a drawdown that nothing can reach, are told", async () => {
    const logger = listening();
    const config = configOf({ max_drawdown: 0.1 });
    const { name } = config.account;
    await using a = await open(config, { logger });
    assert.equal(logger.warnings, [
      `flow ${a.flowId}: account ${name}: account.max_drawdown limits nothing as long as account.starting_equity is not set`,
    ]);
    await using b = await open(configOf({ max_drawdown: 0.1, starting_equity: 100 }, name), { logger });
    assert.is(logger.warnings.length, 1);
    await using c = await open(configOf({ max_drawdown: 0.1, starting_equity: 200 }, name), { logger });
    assert.equal(logger.warnings.slice(1), [
      `flow ${c.flowId}: account ${name}: account.starting_equity: 200 changes nothing, 100 was set before; a deposit is a recordTransfer`,
    ]);
    assert.is((await limitsOf(b)).startingEquity, 100);
  });
};
