import * as assert from "uvu/assert";
import { type Config, StateManager } from "../../src/index.js";
import { startCluster } from "../servers/cluster.js";
import { sfState } from "./command.js";
import type { Stand, Test } from "./stand.js";

/** What changes a flow, and the kill switch. */
export function steering(test: Test, stand: Stand): void {
  const open = (flow: string, config: Config = { backend: "redis", redis: { url: stand.url } }) =>
    StateManager.open(flow, config);

  test("positions close books the PnL once, on behalf of the operator", async () => {
    const flow = await stand.flow();
    const close = () =>
      sfState([
        "positions",
        "close",
        "p-1",
        "--pnl",
        "-12.5",
        "--reason",
        "by hand",
        "--yes",
        "--flow",
        flow,
        "--url",
        stand.url,
      ]);
    const first = await close();
    assert.is(first.code, 0, first.stderr);
    assert.is(first.stdout, "closed p-1: short 2 ETH/USDT, booked -12.50; today -33.00\n");
    const second = await close();
    assert.is(second.code, 1);
    assert.match(second.stderr, 'no open position "p-1"; nothing was booked');
    await using manager = await open(flow);
    assert.is((await manager.getRiskState()).dailyPnl, -33);
    const event = (await manager.getEvents()).at(-1);
    assert.is(event?.type, "position_closed");
    assert.match(event?.instance ?? "", /^sf-state@/);
  });

  test("what the command line changes trims no log, whatever the bots keep", async () => {
    const flow = await stand.flow();
    await using manager = await StateManager.open(flow, {
      backend: "redis",
      redis: { url: stand.url },
      events: { max_length: 20_000 },
    });
    for (let made = 0; made < 10_500; made += 500) {
      await Promise.all(Array.from({ length: 500 }, () => manager.updateDailyPnl(1)));
    }
    await sfState(["cooldowns", "set", "ADA/USDT", "5m", "--yes", "--flow", flow, "--url", stand.url]);
    const [first] = await manager.getEvents({ limit: 1 });
    assert.is(first?.type, "limits_set");
  });

  test("cash is booked once, on the position that it names", async () => {
    const flow = await stand.flow();
    const run = (...args: string[]) => sfState(["cash", "book", ...args, "--yes", "--flow", flow, "--url", stand.url]);
    const book = () => run("-0.42", "--id", "f-1", "--kind", "funding", "--position", "p-1", "--note", "8 h");
    const first = await book();
    assert.equal([first.code, first.stdout], [0, "f-1: -0.42 booked on the open position\n"], first.stderr);
    assert.equal((await book()).stdout, "f-1: was booked before\n");
    const json = await run("-1", "--id", "i-1", "--kind", "interest", "--ts", "2026-01-07T12:00Z", "--json");
    assert.match(json.stderr, /ts: expected a time after \d+, since older ids are forgotten/);
    const fee = await run("1", "--id", "x", "--kind", "fee");
    assert.match(fee.stderr, /amount: expected a fee as it moves the account, not above 0, got 1/);
    await using manager = await open(flow);
    assert.is((await manager.getPosition("p-1"))?.cash, -0.42);
  });

  test("a transfer moves equity and peak, once", async () => {
    const flow = await stand.flow();
    await using manager = await open(flow);
    const { peakEquity } = await manager.getRiskState();
    const args = ["transfer", `-${peakEquity / 2}`, "--id", "w-1", "--yes", "--flow", flow, "--url", stand.url];
    assert.is((await sfState(args)).code, 0);
    assert.match((await sfState(args)).stdout, /^w-1: was recorded before$/m);
    const after = await manager.getRiskState();
    assert.equal([after.peakEquity, after.currentDrawdown], [peakEquity / 2, 0]);
  });

  test("a drawdown limit without an equity is told by status and doctor", async () => {
    const { file, config } = await stand.ownConfig({});
    const flow = `blind-${Date.now()}`;
    await using manager = await StateManager.open(flow, config);
    const told = async () =>
      (await sfState(["status", "--config", file, "--flow", flow])).stdout +
      (await sfState(["doctor", "--config", file, "--flow", flow])).stdout;
    const blind = /max_drawdown limits nothing/g;
    assert.is((await told()).match(blind), null);
    await manager.setRiskLimits({ max_drawdown: 0.2 });
    assert.is((await told()).match(blind)?.length, 2);
    await manager.updateEquity(100);
    assert.is((await told()).match(blind), null);
  });

  test("risk set changes the limits it names, and an empty value removes one", async () => {
    const flow = await stand.flow();
    const set = await sfState([
      "risk",
      "set",
      "max_daily_loss=",
      "max_exposure=5000.5",
      "--yes",
      "--flow",
      flow,
      "--url",
      stand.url,
    ]);
    assert.is(set.code, 0, set.stderr);
    assert.match(set.stdout, /^max_exposure +5000\.5 +call +sf-state@\S+ +\d{4}-\d\d-\d\d /m);
    await using manager = await open(flow);
    assert.equal(await manager.getRiskLimits(), { max_exposure: 5000.5 });
  });

  test("risk clear-guards removes the guards of a flow", async () => {
    const flow = await stand.flow();
    await using manager = await open(flow);
    await manager.setGuards([{ kind: "drawdown", within: "1d", for: "1h" }]);
    const { code, stdout, stderr } = await sfState([
      "risk",
      "clear-guards",
      "--yes",
      "--flow",
      flow,
      "--url",
      stand.url,
    ]);
    assert.is(code, 0, stderr);
    assert.is(stdout, "The flow has no guards now.\n");
    assert.equal(await manager.getGuards(), { guards: [], blocks: [] });
  });

  test("risk unset gives limits back: what --config says of them, or none", async () => {
    const { file, config } = await stand.ownConfig({ risk: { max_daily_loss: 400 } });
    await stand.flow("bot", config);
    const set = ["risk", "set", "max_daily_loss=200", "max_exposure=7", "--yes", "--config", file];
    assert.is((await sfState(set)).code, 0);
    const unset = await sfState(["risk", "unset", "max_daily_loss", "max_exposure", "--yes", "--config", file]);
    assert.is(unset.code, 0, unset.stderr);
    assert.match(unset.stdout, /^max_daily_loss +400 +config +sf-state@/m);
    assert.match(unset.stdout, /^max_exposure +none *$/m);
    const wrong = await sfState(["risk", "unset", "max_everything", "--config", file]);
    assert.is(wrong.code, 2);
    assert.match(wrong.stderr, /expected one of "max_daily_loss".*got "max_everything"/);
  });

  test("limits of a configuration are not written by looking at a flow with it", async () => {
    const { file, config: withLimits } = await stand.ownConfig({ risk: { max_daily_loss: 1 } });
    const { risk: _, ...config } = withLimits;
    await stand.flow("bot", config);
    assert.is((await sfState(["status", "--config", file])).code, 0);
    await using manager = await open("bot", config);
    assert.equal(await manager.getRiskLimits(), { max_daily_loss: 300 });
  });

  test("cooldowns set and clear", async () => {
    const flow = await stand.flow();
    const run = (...args: string[]) => sfState(["cooldowns", ...args, "--yes", "--flow", flow, "--url", stand.url]);
    const set = await run("set", "SOL/USDT", "3h", "--side", "long", "--reason", "news");
    assert.match(set.stdout, /^SOL\/USDT long cools down until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n$/);
    await using manager = await open(flow);
    assert.is(await manager.isOnCooldown("SOL/USDT", "long"), true);
    assert.is(await manager.isOnCooldown("SOL/USDT", "short"), false);
    assert.is((await run("clear", "SOL/USDT", "--side", "long")).stdout, "SOL/USDT long cools down no more\n");
    assert.is(await manager.isOnCooldown("SOL/USDT", "long"), false);
    assert.is((await run("clear", "SOL/USDT")).stdout, "SOL/USDT had no cooldown\n");
  });

  test("the breaker is tripped for as long as said, and reset", async () => {
    const flow = await stand.flow();
    const run = (...args: string[]) => sfState(["breaker", ...args, "--flow", flow, "--url", stand.url]);
    const trip = await run("trip", "exchange misbehaves", "--for", "2h", "--yes");
    assert.is(trip.code, 0, trip.stderr);
    await using manager = await open(flow);
    const { active, reason, source, trippedAt, until } = await manager.getCircuitBreaker();
    assert.equal([active, reason, source], [true, "exchange misbehaves", "manual"]);
    assert.is(Number(until) - Number(trippedAt), 2 * 3_600_000);
    assert.is((await run()).code, 1);
    assert.is((await run("reset", "--reason", "better", "--yes")).stdout, `${flow}: entries may go ahead\n`);
    assert.is(await manager.checkCircuitBreaker(), false);
  });

  test("where nobody can be asked, nothing is tripped without --yes", async () => {
    const flow = await stand.flow();
    const { code, stderr } = await sfState(["breaker", "trip", "x", "--flow", flow, "--url", stand.url]);
    assert.is(code, 2);
    assert.match(stderr, /say --yes to agree; nothing was done/);
    await using manager = await open(flow);
    assert.is(await manager.checkCircuitBreaker(), false);
  });

  test("every command that changes a flow asks first: where nobody can be asked it says what it would do, and does nothing", async () => {
    const flow = await stand.flow();
    await using manager = await open(flow);
    const events = await manager.getEvents();
    for (const [words, question] of [
      [
        "positions close p-1 --pnl 3",
        /Close position p-1 of flow \S+ in state \(short 2 ETH\/USDT\) and book \+3\.00\?/,
      ],
      ["cash book -1 --id c --kind fee --position p-1", /Book -1\.00 of fee \(c\) on position p-1 of flow/],
      ["transfer -5 --id t", /Record a withdrawal of -5\.00 \(t\) in flow/],
      ["risk set max_daily_loss=200", /max_daily_loss 300 to 200\?/],
      ["risk unset max_daily_loss", /Give limits of flow \S+ back .*: max_daily_loss 300 to none\?/],
      ["risk clear-guards", /Remove all guards of flow/],
      ["cooldowns set BTC/USDT 2h", /Refuse entries of BTC\/USDT in flow \S+ for 2 h/],
      ["cooldowns clear BTC/USDT", /End the cooldown of BTC\/USDT in flow/],
    ] as const) {
      const { code, stdout } = await sfState([...words.split(" "), "--flow", flow, "--url", stand.url, "--json"]);
      assert.is(code, 2, words);
      const { error } = JSON.parse(stdout);
      assert.is(error.code, "USAGE");
      assert.match(error.message, question);
      assert.match(error.message, /say --yes to agree; nothing was done/);
    }
    assert.equal(await manager.getEvents(), events);
  });

  test("the operator trips a breaker though another holds the lease of a single_active flow", async () => {
    const { file, config } = await stand.ownConfig({ execution: { single_active: true } });
    await using manager = await open("bot", { ...config, execution: { single_active: true } });
    const lease = await manager.acquireLease();
    const { code, stderr } = await sfState(["breaker", "trip", "stop", "--config", file, "--yes"]);
    assert.is(code, 0, stderr);
    assert.is(await manager.checkCircuitBreaker(), true);
    await lease.release();
  });

  test("the kill switch trips every flow it can reach, and says which it could not", async () => {
    const { file, config } = await stand.ownConfig();
    const flows = ["a", "b", "c", "d"];
    for (const flow of flows) await stand.flow(flow, config);
    const spoilt = `${config.redis?.key_prefix}:b:risk:circuit_breaker`;
    await stand.server.cli("set", spoilt, "foreign");
    const { code, stdout, stderr } = await sfState(["breaker", "trip", "all stop", "--all", "--yes", "--config", file]);
    assert.is(code, 1);
    assert.match(stdout, /^a +entries are blocked until .*\nb +FAILED\nc +entries .*\nd +entries .*$/m);
    assert.match(stderr, /^sf-state: b: .*another type/m);
    assert.match(stderr, /^sf-state: failed for b$/m);
    await stand.server.cli("del", spoilt);
    for (const flow of flows) {
      await using manager = await open(flow, config);
      assert.is(await manager.checkCircuitBreaker(), flow !== "b", flow);
    }
    const reset = await sfState(["breaker", "reset", "--all", "--yes", "--json", "--config", file]);
    assert.is(reset.code, 0, reset.stderr);
    assert.equal(
      JSON.parse(reset.stdout),
      flows.map((flowId) => ({ flowId, reset: flowId !== "b" })),
    );
  });

  test("the kill switch works on what is left of a cluster", async () => {
    await using cluster = await startCluster();
    // By default a cluster without one of its masters answers nobody.
    for (const node of cluster.nodes) await node.cli("config", "set", "cluster-require-full-coverage", "no");
    const config = { backend: "redis", redis: { url: cluster.urls[0] ?? "", cluster: true } } as const;
    const file = await stand.file("kill.json", JSON.stringify(config));
    const flows = Array.from({ length: 6 }, (_, i) => `flow-${i}`);
    for (const flow of flows) await stand.flow(flow, config);
    const down = cluster.nodes[1];
    const homes = await Promise.all(flows.map((flow) => cluster.masterOf(`sf:{${flow}}:flow:meta`)));
    await down?.kill();
    const { code, stderr, stdout } = await sfState([
      "breaker",
      "trip",
      "x",
      "--all",
      "--yes",
      "--config",
      file,
      "--json",
    ]);
    assert.is(code, 1);
    assert.match(stderr, `:${down?.port}`);
    const tripped = JSON.parse(stdout).flatMap((row: { flowId: string; until?: string }) =>
      row.until ? [row.flowId] : [],
    );
    assert.equal(
      tripped,
      flows.filter((_, i) => homes[i] !== down),
    );
  });

  test("a breaker is tripped on a server that is at its maxmemory", async () => {
    const flow = await stand.flow();
    await stand.server.cli("config", "set", "maxmemory", "1");
    try {
      const { code, stderr } = await sfState(["breaker", "trip", "x", "--yes", "--flow", flow, "--url", stand.url]);
      assert.is(code, 0, stderr);
    } finally {
      await stand.server.cli("config", "set", "maxmemory", "0");
    }
  });
}
