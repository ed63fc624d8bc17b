/** Limits and one circuit breaker over all flows of an exchange account. */
import { randomBytes } from "node:crypto";
import * as assert from "uvu/assert";
import {
  type AccountStatus,
  type Admission,
  type Config,
  ConfigError,
  InvalidArgumentError,
  MemoryAccounts,
  type StateEvent,
  StateLostError,
  type StateManager,
} from "../../src/index.js";
import { Clock, DAY, HOUR, NOON, SECOND } from "./clock.js";
import { failure } from "./expect.js";
import type { Open, OpenOptions, Theme } from "./open.js";

type AccountSettings = NonNullable<Config["account"]>;

function newAccount(settings: Omit<AccountSettings, "name"> = {}): { account: AccountSettings } {
  return { account: { name: `account-${randomBytes(6).toString("hex")}`, currency: "USDT", ...settings } };
}

const ENTRY = { pair: "BTC/USDT", side: "long", size: 1, price: 100 } as const;

let signals = 0;

function enter(mgr: StateManager, more: Partial<Parameters<StateManager["admit"]>[0]> = {}): Promise<Admission> {
  return mgr.admit({ ...ENTRY, signalId: `account-signal-${++signals}`, ...more });
}

async function entered(mgr: StateManager, more: Parameters<typeof enter>[1] = {}): Promise<string> {
  const answer = await enter(mgr, more);
  if (!answer.admitted) throw new Error(answer.message);
  return answer.order.id;
}

/** A refusal: reason, message and when to ask again. */
async function refused(mgr: StateManager, more: Parameters<typeof enter>[1] = {}): Promise<unknown[]> {
  const answer = await enter(mgr, more);
  if (answer.admitted) throw new Error("it was admitted");
  return [answer.reason, answer.message, answer.retryAt];
}

async function statusOf(mgr: StateManager): Promise<AccountStatus> {
  const status = await mgr.getAccount();
  if (!status) throw new Error("the flow is in no account");
  return status;
}

/** That the account's sums are those of its flows, exactly. */
export function assertSums(status: AccountStatus): void {
  const { flows, slots, exposure, dailyPnl, slotsByPair } = status;
  // Told as doubles; all amounts here are whole hundredths.
  const sum = (of: (flow: (typeof flows)[number]) => number) =>
    Math.round(flows.reduce((total, flow) => total + of(flow), 0) * 1e8) / 1e8;
  assert.is(
    slots,
    sum((flow) => flow.slots),
    "slots",
  );
  assert.is(
    exposure,
    sum((flow) => flow.exposure),
    "exposure",
  );
  assert.is(
    dailyPnl,
    sum((flow) => flow.dailyPnl),
    "daily pnl",
  );
  const byPair: Record<string, number> = {};
  for (const flow of flows) {
    for (const [pair, count] of Object.entries(flow.slotsByPair)) byPair[pair] = (byPair[pair] ?? 0) + count;
  }
  assert.equal(slotsByPair, byPair, "slots by pair");
}

export const accountLimits: Theme = (test, anyOpen) => {
  /** Opens flows that may share accounts. */
  function opening(): Open {
    const accounts = new MemoryAccounts();
    return (config = {}, options: OpenOptions = {}) => anyOpen(config, { accounts, ...options });
  }

  function kept(name: string, run: (open: Open) => Promise<void>): void {
    test(name, () => run(opening()));
  }

  /** A test of those backends on which an account can have several flows: a file has one. */
  function shared(name: string, run: (open: Open) => Promise<void>): void {
    test(name, async () => {
      await using probe = await anyOpen();
      if (probe.config.backend !== "duckdb") await run(opening());
    });
  }

  shared("two flows share the slots, the slots of a pair and the exposure of their account", async (open) => {
    const config = newAccount({ max_open_positions: 3, max_positions_per_pair: 2, max_exposure: 500 });
    await using a = await open(config);
    await using b = await open(config);
    const { name } = config.account;
    await entered(a);
    const order = await entered(b, { side: "short" });
    assert.equal(await refused(a), [
      "account_max_positions_per_pair",
      `2 positions and entries are open on BTC/USDT in account ${name}, the limit is 2`,
      undefined,
    ]);
    assert.equal(await refused(a, { pair: "ETH/USDT", size: 3.00000001 }), [
      "account_max_exposure",
      `exposure of account ${name} would be 500.000001, the limit is 500`,
      undefined,
    ]);
    await entered(b, { pair: "ETH/USDT", size: 3 });
    assert.equal(await refused(a, { pair: "SOL/USDT" }), [
      "account_max_open_positions",
      `3 positions and entries are open in account ${name}, the limit is 3`,
      undefined,
    ]);
    assert.equal(
      (await b.getAdmissionStats())[0]?.refused.account_max_open_positions,
      0,
      "counted by the flow that asked",
    );
    const status = await statusOf(b);
    assert.equal([status.slots, status.exposure, status.slotsByPair], [3, 500, { "BTC/USDT": 2, "ETH/USDT": 1 }]);
    assertSums(status);
    await b.cancelOrder(order);
    await entered(a);
    assertSums(await statusOf(a));
  });

  kept("each reason of an account is counted by the day, and listed with what was asked", async (open) => {
    const limits = { max_open_positions: 2, max_positions_per_pair: 1, max_exposure: 500, max_daily_loss: 50 };
    const config = newAccount(limits);
    await using a = await open({ ...config, events: { max_length: 0 } });
    const expected: Record<string, number> = {};
    const refuses = async (reason: string, more: Parameters<typeof enter>[1] = {}) => {
      assert.is((await refused(a, more))[0], reason);
      expected[reason] = (expected[reason] ?? 0) + 1;
    };
    await refuses("account_max_exposure", { size: 6 });
    await entered(a);
    await refuses("account_max_positions_per_pair");
    await refuses("account_max_positions_per_pair", { side: "short" });
    const second = await entered(a, { pair: "ETH/USDT" });
    await refuses("account_max_open_positions", { pair: "SOL/USDT" });
    await a.cancelOrder(second);
    await a.updateDailyPnl(-50);
    await refuses("account_circuit_breaker", { pair: "SOL/USDT" });
    await a.resetAccountBreaker("seen to");
    await refuses("account_daily_loss", { pair: "SOL/USDT" });
    const [day, ...others] = await a.getAdmissionStats();
    assert.equal([day?.admitted, others], [2, []]);
    const counted = Object.entries(day?.refused ?? {}).filter(([, times]) => times > 0);
    assert.equal(Object.fromEntries(counted), expected);
    const listed = await a.getRefusals();
    assert.equal(
      listed.map(({ reason }) => reason),
      [
        ...["account_max_exposure", "account_max_positions_per_pair", "account_max_positions_per_pair"],
        ...["account_max_open_positions", "account_circuit_breaker", "account_daily_loss"],
      ],
    );
    assert.equal([listed[0]?.pair, listed[3]?.pair, listed[0]?.side], ["BTC/USDT", "SOL/USDT", "long"]);
    assert.match(listed[0]?.message ?? "", new RegExp(`exposure of account ${config.account.name} would be 600`));
  });

  kept("the flow's own reason of a kind comes before the account's", async (open) => {
    const config = newAccount({ max_open_positions: 0, max_exposure: 0 });
    await using a = await open({ ...config, risk: { max_exposure: 0 } });
    assert.is((await refused(a))[0], "account_max_open_positions");
    await a.setRiskLimits({ max_open_positions: 0 });
    assert.is((await refused(a))[0], "max_open_positions");
    await a.triggerAccountBreaker("a look");
    assert.is((await refused(a))[0], "account_circuit_breaker");
    await a.triggerCircuitBreaker("a look");
    assert.is((await refused(a))[0], "circuit_breaker");
    assert.equal(
      (await a.getAdmissionStats()).map(({ refused: counts }) => counts.account_max_open_positions),
      [1],
    );
  });

  shared(
    "losses of two flows trip the account's breaker once, in the step that reaches its limit, for both",
    async (open) => {
      const clock = new Clock(NOON);
      const config = newAccount({ max_daily_loss: 50, breaker_duration: "2h" });
      await using a = await open(config, { clock: clock.read });
      await using b = await open(config, { clock: clock.read });
      await a.updateDailyPnl(-30.1);
      assert.is((await statusOf(a)).breaker.active, false);
      const { tripped } = await b.updateDailyPnl(-19.9);
      assert.is(tripped, false, "the flow's own breaker is another one");
      const message = `the circuit breaker of account ${config.account.name} is active: daily loss of 50 reached the limit of 50`;
      const until = new Date(NOON + 2 * HOUR);
      for (const mgr of [a, b]) assert.equal(await refused(mgr), ["account_circuit_breaker", message, until]);
      assert.equal((await a.getCircuitBreaker()).active, false);
      clock.now += SECOND;
      await a.updateDailyPnl(-1);
      assert.equal((await statusOf(b)).breaker.until, new Date(clock.now + 2 * HOUR), "worse makes it last longer");
      clock.now += 3 * HOUR;
      assert.equal(await refused(b), [
        "account_daily_loss",
        `today's loss of 51 of account ${config.account.name} reached the limit of 50`,
        new Date(Date.UTC(2024, 2, 6)),
      ]);
      clock.now += DAY;
      assert.is((await enter(b)).admitted, true);
      const status = await statusOf(a);
      assert.equal(
        [status.day, status.dailyPnl, status.flows.map(({ dailyPnl }) => dailyPnl)],
        ["2024-03-06", 0, [0, 0]],
      );
      assert.equal(status.flows.map(({ booked }) => booked).sort(), [-19.9, -31.1]);
    },
  );

  kept("exits always work while the account's breaker is tripped", async (open) => {
    await using a = await open(newAccount({}));
    const order = await entered(a);
    await a.recordFill(order, { fillId: "in", price: 100, size: 1 });
    await a.triggerAccountBreaker("the exchange misbehaves", "until_reset");
    await a.saveOrder({ id: "out", pair: "BTC/USDT", side: "sell", size: 1, intent: "exit", positionId: order });
    const { trades } = await a.recordFill("out", { fillId: "f", price: 90, size: 1 });
    assert.equal(
      trades.map(({ pnl }) => pnl),
      [-10],
    );
    const status = await statusOf(a);
    assert.equal([status.slots, status.exposure, status.dailyPnl], [0, 0, -10]);
    assert.is(await a.resetAccountBreaker("over"), true);
    assert.is(await a.resetAccountBreaker(), false);
    assert.is((await enter(a)).admitted, true);
  });

  shared("the account's equity follows what its flows book and transfer, not what they report", async (open) => {
    const config = newAccount({ starting_equity: 10_000, max_drawdown: 0.1 });
    await using a = await open(config);
    await using b = await open(config);
    await a.updateDailyPnl(-400, { equity: 5 });
    await b.updateDailyPnl(-500);
    let status = await statusOf(a);
    assert.equal(
      [status.equity, status.peakEquity, status.currentDrawdown, status.breaker.active],
      [9_100, 10_000, 0.09, false],
    );
    // A withdrawal moves the peak in proportion: no drawdown comes of it.
    await b.recordTransfer(-4_550, { id: "t" });
    status = await statusOf(a);
    assert.equal([status.equity, status.peakEquity, status.currentDrawdown], [4_550, 5_000, 0.09]);
    await b.updateEquity(1);
    await a.bookCash(-50, { id: "c", kind: "funding", pair: "BTC/USDT" });
    status = await statusOf(b);
    assert.equal([status.equity, status.breaker.source], [4_500, "drawdown"]);
    assert.equal(status.flows.map(({ booked, transferred }) => booked + transferred).sort(), [-450, -5_050]);
    assert.is(await b.resetAccountBreaker(), true);
    status = await statusOf(b);
    assert.equal([status.equity, status.peakEquity, status.currentDrawdown], [4_500, 4_500, 0], "acknowledged");
    assertSums(status);
  });

  kept("a booking into an earlier day moves the account's equity, and not its day", async (open) => {
    const clock = new Clock(NOON);
    const config = newAccount({ starting_equity: 1_000, max_daily_loss: 5 });
    await using a = await open(config, { clock: clock.read });
    await a.updateDailyPnl(-10, { ts: new Date(NOON - DAY) });
    const status = await statusOf(a);
    assert.equal([status.dailyPnl, status.equity, status.breaker.active], [0, 990, false]);
  });

  shared(
    "an account and its flows book to the same day: one that opened the next has opened it for all",
    async (open) => {
      const midnight = Date.UTC(2024, 2, 6);
      const clock = new Clock(midnight - 10 * SECOND);
      const config = newAccount();
      await using a = await open(config, { clock: clock.read });
      await using b = await open(config, { clock: clock.read });
      await a.updateDailyPnl(-1);
      await a.updateDailyPnl(-2, { ts: new Date(midnight + SECOND) });
      await b.updateDailyPnl(-4);
      assert.equal([(await a.getRiskState()).day, (await b.getRiskState()).day], ["2024-03-06", "2024-03-06"]);
      const status = await statusOf(b);
      assert.equal([status.day, status.dailyPnl], ["2024-03-06", -6]);
      assertSums(status);
    },
  );

  kept(
    "a limit that is set at or beyond where its number stands trips in that step, and an entry sees it",
    async (open) => {
      const config = newAccount();
      await using a = await open(config);
      await a.updateDailyPnl(-20);
      assert.equal(await a.setAccountLimits({ max_daily_loss: 20, max_exposure: 1_000 }), {
        max_daily_loss: 20,
        max_exposure: 1_000,
      });
      assert.is((await refused(a))[0], "account_circuit_breaker");
      assert.equal(await a.setAccountLimits({ max_daily_loss: null }), { max_exposure: 1_000 });
      const wrong = await failure(a.setAccountLimits({ max_exposure: -1 }));
      assert.match(wrong.message, /^max_exposure: expected a number, 0/);
    },
  );

  shared(
    "connect joins a flow that has nothing open; one that has, joins by a call, and takes along what it has open",
    async (open) => {
      const { account } = newAccount({ max_open_positions: 1 });
      await using a = await open({ risk: { currency: "USDT" } });
      await a.updateDailyPnl(-5);
      await a.savePosition({ id: "p", pair: "BTC/USDT", side: "short", size: 2, entryPrice: 50 });
      await a.saveOrder({ id: "o", pair: "ETH/USDT", side: "buy", size: 1, price: 10 });
      assert.is(await a.getAccount(), undefined);
      if (a.config.backend === "redis") {
        const error = await failure(open({ account }, { flowId: a.flowId }));
        assert.instance(error, ConfigError);
        assert.match(error.message, /has open positions or pending entries: joinAccount, or sf-state account join/);
      }
      await using b = await open({ account });
      await a.joinAccount(account.name);
      const status = await statusOf(b);
      assert.equal([status.slots, status.exposure, status.slotsByPair], [2, 110, { "BTC/USDT": 1, "ETH/USDT": 1 }]);
      assert.is(status.dailyPnl, 0, "what was booked before stays the flow's own");
      assertSums(status);
      assert.is((await refused(a, { pair: "SOL/USDT" }))[0], "account_max_open_positions");
      await a.removePosition("p");
      await a.cancelOrder("o");
      assert.is((await statusOf(b)).slots, 0);
    },
  );

  shared("who leaves takes slots and exposure along, and what it booked stays", async (open) => {
    const config = newAccount({ starting_equity: 100, max_open_positions: 1 });
    await using a = await open(config);
    await using b = await open(config);
    await entered(a);
    await a.updateDailyPnl(-7);
    assert.is(await a.leaveAccount(), true);
    assert.is(await a.leaveAccount(), false);
    assert.is(await a.getAccount(), undefined);
    assert.is((await enter(a)).admitted, true, "no limit of the account binds it");
    await a.updateDailyPnl(-1);
    let status = await statusOf(b);
    assert.equal([status.slots, status.exposure, status.dailyPnl, status.equity], [0, 0, -7, 93]);
    assertSums(status);
    await a.joinAccount(config.account.name);
    status = await statusOf(b);
    assert.equal([status.slots, status.dailyPnl], [2, -7]);
    assertSums(status);
  });

  shared(
    "a flow that counts in another currency or day cannot join, nor one that is in another account",
    async (open) => {
      const config = newAccount();
      await using a = await open(config);
      const { name } = config.account;
      const differs = async (with_: Omit<Config, "account">, account: Partial<AccountSettings>) =>
        (await failure(open({ ...with_, account: { name, ...account } }))).message;
      assert.is(
        await differs({}, { currency: "EUR" }),
        `account ${name}: its currency is USDT, this flow's EUR: a flow that differs cannot join`,
      );
      assert.is(
        await differs({}, { currency: "USDT", day_start: "01:00" }),
        `account ${name}: its day_start is 0 ms, this flow's 3600000 ms: a flow that differs cannot join`,
      );
      assert.is(
        await differs({}, { currency: "USDT", same_currency: ["USDC"] }),
        `account ${name}: its same_currency is [], this flow's [USDC]: a flow that differs cannot join`,
      );
      const error = await failure(a.joinAccount("another"));
      assert.instance(error, ConfigError);
      assert.match(error.message, new RegExp(`is in account ${name}: it has to leave that first`));
      assert.equal(
        (await statusOf(a)).flows.map(({ flowId }) => flowId),
        [a.flowId],
        "who was refused is no part of it",
      );
    },
  );

  shared("a flow that is there is not forgotten by its account: it leaves by itself", async (open) => {
    const config = newAccount();
    await using a = await open(config);
    await using b = await open(config);
    const { name } = config.account;
    await entered(b);
    for (const mgr of [a, b]) {
      const error = await failure(mgr.forgetAccountPart(b.flowId));
      assert.instance(error, InvalidArgumentError);
      assert.is(
        error.message,
        `flowId: flow ${b.flowId} is there, and in account ${name}: it leaves with sf-state account leave --flow ${b.flowId}`,
      );
    }
    let status = await statusOf(a);
    assert.equal([status.slots, status.exposure, status.flows.length], [1, 100, 2]);
    assert.is(await a.forgetAccountPart(`${a.flowId}-never`), undefined);
    await b.leaveAccount();
    assert.is(await a.forgetAccountPart(b.flowId), undefined, "it left with all that it had");
    status = await statusOf(a);
    assert.equal([status.slots, status.exposure], [0, 0]);
    assertSums(status);
  });

  kept("without an account its calls are refused by name", async (open) => {
    await using mgr = await open();
    for (const call of [
      mgr.triggerAccountBreaker("x"),
      mgr.resetAccountBreaker(),
      mgr.setAccountLimits({ max_exposure: 1 }),
    ]) {
      const error = await failure(call);
      assert.instance(error, InvalidArgumentError);
      assert.is(error.message, "the flow is in no account: joinAccount puts it into one");
    }
    assert.match((await failure(mgr.joinAccount("a b"))).message, /^name: expected a name of 1 to 64 letters/);
  });

  shared("bots that open a new flow of an account at the same moment all get it", async (open) => {
    const config = newAccount({ max_open_positions: 2 });
    await using first = await open();
    if (first.config.backend !== "redis") return;
    for (let round = 0; round < 5; round++) {
      const flowId = `${first.flowId}-${round}`;
      const bots = await Promise.all(Array.from({ length: 6 }, () => open(config, { flowId })));
      const ids = await Promise.all(bots.map(async (mgr) => (await statusOf(mgr)).flows.map((flow) => flow.flowId)));
      for (const found of ids) assert.ok(found.includes(flowId));
      for (const mgr of bots) await mgr.close();
    }
  });

  shared("joining and leaving are noticed by the flow's other managers", async (open) => {
    const config = newAccount();
    await using a = await open({ risk: { currency: "USDT" } });
    if (a.config.backend !== "redis") return;
    await using same = await open({ risk: { currency: "USDT" } }, { flowId: a.flowId });
    await a.joinAccount(config.account.name);
    assert.instance(
      await failure(same.savePosition({ id: "p", pair: "BTC/USDT", side: "long", size: 1, entryPrice: 1 })),
      StateLostError,
    );
    await same.close();
    await same.connect();
    await same.savePosition({ id: "p", pair: "BTC/USDT", side: "long", size: 1, entryPrice: 1 });
    assert.is((await statusOf(a)).slots, 1);
  });

  shared("what happens to the account reaches the watchers of all its flows, and that it trips once", async (open) => {
    const config = newAccount({ max_daily_loss: 10, breaker_duration: "1h" });
    const clock = new Clock(NOON);
    await using a = await open(config, { clock: clock.read });
    await using b = await open(config, { clock: clock.read });
    const seen = [a, b].map(async (mgr) => {
      const told: StateEvent[] = [];
      for await (const event of mgr.watch()) {
        if (event.type.startsWith("account_")) told.push(event);
        if (event.type === "account_breaker_reset") return told;
      }
      return told;
    });
    // A watcher begins where the log is when it first asks.
    await Promise.all([a, b].map((mgr) => mgr.getEvents()));
    await a.updateDailyPnl(-10);
    await b.updateDailyPnl(-1);
    clock.now += SECOND;
    await b.updateDailyPnl(-1);
    await a.triggerAccountBreaker("all stop", { duration: "until_reset" });
    await a.resetAccountBreaker("seen to");
    for (const told of await Promise.all(seen)) {
      const changes = told.flatMap((event) =>
        event.type === "account_breaker_tripped" || event.type === "account_breaker_extended"
          ? [[event.type, event.flowId, event.breaker.reason, event.breaker.trippedAt, event.breaker.until]]
          : [],
      );
      const loss = (sum: number) => `daily loss of ${sum} reached the limit of 10`;
      const at = new Date(NOON);
      assert.equal(changes, [
        ["account_breaker_tripped", a.flowId, loss(10), at, new Date(NOON + HOUR)],
        ["account_breaker_extended", b.flowId, loss(12), at, new Date(NOON + HOUR + SECOND)],
        ["account_breaker_extended", undefined, "all stop", at, undefined],
      ]);
      const last = told.at(-1);
      assert.is(last?.type === "account_breaker_reset" && last.reason, "seen to");
      assert.ok(told.every((event) => "account" in event && event.account === config.account.name));
    }
  });
};
