import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import * as assert from "uvu/assert";
import { StateManager } from "../../src/index.js";
import { newFlowId } from "../contract/backends.js";
import { refused } from "../contract/expect.js";
import { startCluster } from "../servers/cluster.js";
import { sfState } from "./command.js";
import { ESCAPE } from "./escape.js";
import type { Stand, Test } from "./stand.js";

/** status, ls and the tables. */
export function looking(test: Test, stand: Stand): void {
  test("status tells everything about a flow, and changes nothing in Redis", async () => {
    const flow = await stand.flow();
    const config = { backend: "redis", redis: { url: stand.url } } as const;
    const manager = await StateManager.open(flow, config, { instanceId: "bot-1" });
    await manager.heartbeat();
    await manager.setCooldown("*", "2h", { side: "short" });
    await manager.acquireLease({ ttl: "1h" });
    await manager.beginRecovery("after a crash");
    const events = await manager.getEvents();
    const { code, stdout, stderr } = await sfState(["status", "--flow", flow, "--url", stand.url]);
    assert.equal(await manager.getEvents(), events);
    await manager.endRecovery();
    await manager.close();
    assert.is(code, 1, stderr);
    for (const words of [
      new RegExp(`^${flow}  redis 127\\.0\\.0\\.1:${stand.server.port}`),
      /^recovering +entries are refused: after a crash$/m,
      /^breaker +quiet$/m,
      /^pnl today +-20\.50, 1 trade \(\d{4}-\d\d-\d\d\)$/m,
      /^streak +1 loss$/m,
      /^drawdown +0% of a peak of 9979\.50$/m,
      /^cooldowns +.*\*\|short 1 h 59 min/m,
      /^cooldowns +.*BTC\/USDT 14 min \d+ s/m,
      /^entries +1 admitted, 0 refused$/m,
      /^limits +max_daily_loss 300 \(call, bot-1, \d+ s ago\)$/m,
      /^heartbeat +\d+ s ago$/m,
      /^instances +bot-1 \d+\.\d+\.\d+, \d+ s ago$/m,
      /^lease +\S+, 59 min \d+ s left \(token \d+\)$/m,
      /^1 position\nID +PAIR .*\np-1 +ETH\/USDT +short +2 +3000\.5 +6001 +2900 +\d+ s$/m,
      /^1 pending order\nID +PAIR .*\nsf\S+ +BTC\/USDT +entry +buy +limit +60000 +0\.1 +0 +intent/m,
    ]) {
      assert.match(stdout, words);
    }
    assert.not(stdout.includes(ESCAPE), "colours without a terminal");
  });

  test("status says what of open positions nobody could price", async () => {
    const flow = await stand.flow();
    await using manager = await StateManager.open(flow, { backend: "redis", redis: { url: stand.url } });
    await manager.saveOrder({ id: "in", pair: "BTC/USDT", side: "buy", size: 1, price: 100 });
    await manager.recordFill("in", { fillId: "1", price: 100, size: 1, fee: { amount: 0.005, currency: "BNB" } });
    const { stdout } = await sfState(["status", "--flow", flow, "--url", stand.url]);
    assert.match(stdout, /^unpriced +fee of 0\.005 BNB on in: in no sum until bookCash prices it$/m);
  });

  test("status, ls and doctor raise an alarm for a trade whose result nobody told, until a person has seen it", async () => {
    const { file, config } = await stand.ownConfig();
    const flow = await stand.flow(undefined, config);
    const said = ["--flow", flow, "--config", file];
    const before = await sfState(["status", ...said]);
    assert.is(before.code, 0, before.stderr);
    await using manager = await StateManager.open(flow, config);
    await manager.removePosition("p-1", { untold: true, reason: "external" });
    const { code, stdout } = await sfState(["status", ...said]);
    assert.is(code, 1);
    assert.match(
      stdout,
      /^untold +nobody told the result of p-1 \(2 ETH\/USDT\): .*sf-state cash book AMOUNT --kind correction/m,
    );
    const json = JSON.parse((await sfState(["status", ...said, "--json"])).stdout);
    assert.equal([json.alarms, json.untold.map(({ id }: { id: string }) => id)], [["untold"], ["p-1"]]);
    const list = await sfState(["ls", "--config", file]);
    assert.is(list.code, 1);
    assert.match(list.stdout, /untold results/);
    assert.match(
      (await sfState(["doctor", ...said])).stdout,
      /problem +money +1 trade with a result that nobody told: p-1/,
    );

    const seen = await sfState([
      "cash",
      "book",
      "0",
      "--kind",
      "correction",
      "--position",
      "p-1",
      "--id",
      "seen-1",
      "--yes",
      ...said,
    ]);
    assert.is(seen.code, 0, seen.stderr);
    const after = await sfState(["status", ...said]);
    assert.is(after.code, 0, after.stdout);
    assert.not.match(after.stdout, /untold/);
    assert.match((await sfState(["doctor", ...said])).stdout, /ok +money/);
  });

  test("account show lists the flows of an account; forget takes one off, on consent", async () => {
    const { file, config } = await stand.ownConfig({ recovery: { account: "main" } });
    const [a, b] = [await stand.flow(undefined, config), await stand.flow(undefined, config)];
    const shown = await sfState(["account", "show", "--config", file]);
    assert.is(shown.code, 0, shown.stderr);
    for (const flow of [a, b]) assert.match(shown.stdout, new RegExp(`^${flow}  1 position, 1 pending order$`, "m"));
    const url = ["--account", "main", "--config", (await stand.ownConfig()).file];
    assert.match((await sfState(["account", "show", ...url])).stdout, /^account main has no flows$/m);

    const doctor = async () => (await sfState(["doctor", "--flow", a, "--config", file])).stdout;
    assert.match(await doctor(), /ok +account +1 other flow of account main can be read/);
    await stand.server.cli("hset", `${config.redis?.key_prefix}:${b}:flow:meta`, "schema", "3");
    assert.match(await doctor(), new RegExp(`problem +account +flow ${b} of account main cannot be read: .*schema 3`));
    const unread = await sfState(["account", "show", "--config", file]);
    assert.equal([unread.code, /cannot be read: .*schema 3/.test(unread.stdout)], [1, true], unread.stdout);
    await stand.server.cli("hset", `${config.redis?.key_prefix}:${b}:flow:meta`, "schema", "4");

    const alone = await sfState(["account", "forget", b, "--config", file]);
    assert.is(alone.code, 2);
    assert.match(alone.stderr, /Forget flow \S+ of account main \(1 position, 1 pending order\)\?.*say --yes to agree/);
    const forgotten = await sfState(["account", "forget", b, "--config", file, "--yes"]);
    assert.is(forgotten.code, 0, forgotten.stderr);
    assert.equal(
      JSON.parse((await sfState(["account", "show", "--config", file, "--json"])).stdout).map(
        ({ flowId }: { flowId: string }) => flowId,
      ),
      [a],
    );
    const again = await sfState(["account", "forget", b, "--config", file, "--yes"]);
    assert.is(again.code, 1);
    assert.match(again.stderr, /account main has no flow .*; nothing was done/);
  });

  test("an account needs Redis and a name", async () => {
    const { file } = await stand.ownConfig();
    const nameless = await sfState(["account", "show", "--config", file]);
    assert.equal([nameless.code, /which account\?/.test(nameless.stderr)], [2, true], nameless.stderr);
    const bad = await sfState(["account", "show", "--account", "a:b", "--config", file]);
    assert.equal([bad.code, /recovery\.account: expected a name/.test(bad.stderr)], [2, true], bad.stderr);
    const elsewhere = await sfState(["account", "show", "--account", "a", "--duckdb", stand.folder]);
    assert.equal([elsewhere.code, /in Redis only/.test(elsewhere.stderr)], [2, true], elsewhere.stderr);
  });

  test("status --json is the snapshot, the lease and the alarms", async () => {
    const flow = await stand.flow();
    await using manager = await StateManager.open(flow, { backend: "redis", redis: { url: stand.url } });
    const { code, stdout } = await sfState(["status", "--flow", flow, "--url", stand.url, "--json"]);
    assert.is(code, 0);
    const { place, alarms, guards, untold, at: _, ...shown } = JSON.parse(stdout);
    const { at: __, ...snapshot } = await manager.snapshot();
    assert.equal(shown, JSON.parse(JSON.stringify(snapshot)));
    assert.equal([alarms, untold], [[], []]);
    assert.equal(guards, { guards: [], blocks: [] });
    assert.match(place, /^redis /);
  });

  test("status, risk and doctor tell the guards, and what they block now", async () => {
    const flow = await stand.flow();
    const url = ["--flow", flow, "--url", stand.url];
    const status = async () => (await sfState(["status", ...url])).stdout;
    assert.match(await status(), /^guards +none$/m);
    await using manager = await StateManager.open(flow, { backend: "redis", redis: { url: stand.url } });
    await manager.setGuards([
      { kind: "stop_losses", within: "1h", block: "side", for: "2h" },
      { kind: "drawdown", within: "1d", count: 3, limit: 0.2, for: "90s" },
    ]);
    const all =
      /^guards +stop_losses: 1 within 1h block the side for 2h, drawdown above 0\.2: 3 within 1d block all for 90s$/m;
    assert.match(await status(), all);
    await manager.closePosition("p-1", { pnl: -60, reason: "sl" });
    assert.match(
      await status(),
      /^guards +entries are refused: guard stop_losses: 1 losing stop of ETH\/USDT short within 1h, it blocks at 1 \(1 h 59 min left\)$/m,
    );
    const { stdout } = await sfState(["risk", ...url]);
    assert.match(stdout, /^stop_losses: 1 within 1h block the side for 2h +ETH\/USDT short, 1 h 59 min left$/m);
    assert.match(stdout, /^drawdown above 0\.2: 3 within 1d block all for 90s +nothing$/m);
    const { risk, blocks } = JSON.parse((await sfState(["risk", ...url, "--json"])).stdout);
    assert.equal([risk.dailyPnl, blocks[0].pair, blocks[0].side], [-80.5, "ETH/USDT", "short"]);
    assert.match((await sfState(["doctor", ...url])).stdout, /guards.*1 losing stop of ETH\/USDT short/);
  });

  test("guards that cannot be read are told by status, doctor and an entry, and are set anew by the next that sets some", async () => {
    const flow = await stand.flow();
    await using manager = await StateManager.open(flow, { backend: "redis", redis: { url: stand.url } });
    const client = new Redis(stand.url);
    try {
      await client.hset(`sf:${flow}:flow:meta`, "guards", "[{");
    } finally {
      client.disconnect();
    }
    const url = ["--flow", flow, "--url", stand.url];
    assert.match(
      (await sfState(["status", ...url])).stdout,
      /^guards +.*guards: those that the flow stores cannot be read/m,
    );
    assert.match((await sfState(["doctor", ...url])).stdout, /guards.*those in flow:meta cannot be read/);
    const entry = { signalId: "s-2", pair: "ETH/USDT", side: "long", size: 1, price: 1 } as const;
    await refused(manager.admit(entry), "guards");
    assert.is((await manager.closePosition("p-1", { pnl: 1 })).closed, true);
    await manager.setGuards([]);
    assert.is((await manager.admit(entry)).admitted, true);
  });

  test("status ends with 1 when the breaker is tripped, or the last heartbeat is older than --max-age", async () => {
    const flow = await stand.flow();
    const status = (...more: string[]) => sfState(["status", "--flow", flow, "--url", stand.url, ...more]);
    assert.is((await status()).code, 0);
    const stale = await status("--max-age", "1ms");
    assert.is(stale.code, 1);
    assert.match(stale.stdout, /^heartbeat +\d+ s ago, stale$/m);
    await using manager = await StateManager.open(flow, { backend: "redis", redis: { url: stand.url } });
    await manager.triggerCircuitBreaker("all hands", { duration: "until_reset" });
    const tripped = await status();
    assert.is(tripped.code, 1);
    assert.match(tripped.stdout, /^breaker +TRIPPED all hands \(manual\), until it is reset$/m);
  });

  test("a flow need not be named where there is only one; where there are more, they are listed", async () => {
    const { file, config } = await stand.ownConfig();
    const none = await sfState(["status", "--config", file]);
    assert.is(none.code, 1);
    assert.match(none.stderr, /no flow at redis/);
    await stand.flow("one", config);
    assert.match((await sfState(["status", "--config", file])).stdout, /^one /);
    await stand.flow("two", config);
    const several = await sfState(["status", "--config", file]);
    assert.is(several.code, 2);
    assert.match(several.stderr, /--flow with one of one, two/);
  });

  test("ls lists the flows of the key prefix and no others, one a line", async () => {
    const { file, config } = await stand.ownConfig();
    const prefix = config.redis?.key_prefix;
    const empty = await sfState(["ls", "--config", file]);
    assert.is(empty.code, 0);
    assert.match(empty.stdout, /^0 flows /);
    for (const flow of ["alpha", "beta"]) await stand.flow(flow, config);
    await stand.flow("other", { ...config, redis: { ...config.redis, key_prefix: `${prefix}x` } });
    const { code, stdout } = await sfState(["ls", "--config", file]);
    assert.is(code, 0);
    assert.match(stdout, /^2 flows .*\nFLOW +BREAKER .*\nalpha +quiet +-20\.50 .*\nbeta +quiet +-20\.50 .*\n$/);
    const json = JSON.parse((await sfState(["ls", "--config", file, "--json"])).stdout);
    assert.equal(
      json.map(({ flowId }: { flowId: string }) => flowId),
      ["alpha", "beta"],
    );
  });

  test("ls finds the flows of all masters of a cluster, and a part that is down is told", async () => {
    await using cluster = await startCluster();
    // By default a cluster without one of its masters answers nobody.
    for (const node of cluster.nodes) await node.cli("config", "set", "cluster-require-full-coverage", "no");
    const config = { backend: "redis", redis: { url: cluster.urls[0] ?? "", cluster: true } } as const;
    const file = await stand.file("cluster.json", JSON.stringify(config));
    const flows = Array.from({ length: 6 }, (_, i) => `flow-${i}`);
    const homes = await Promise.all(flows.map((flow) => cluster.masterOf(`sf:{${flow}}:flow:meta`)));
    assert.is(new Set(homes).size, 3, "the flows are spread over the masters");
    for (const flow of flows) await stand.flow(flow, config);
    const whole = await sfState(["ls", "--config", file, "--json"]);
    assert.is(whole.code, 0, whole.stderr);
    const ids = (text: string) => JSON.parse(text).map(({ flowId }: { flowId: string }) => flowId);
    assert.equal(ids(whole.stdout), flows);
    const status = await sfState(["status", "--flow", "flow-3", "--config", file]);
    assert.match(status.stdout, /^flow-3 .*cluster/);

    const down = cluster.nodes[2];
    await down?.kill();
    const rest = flows.filter((_, i) => homes[i] !== down);
    const partly = await sfState(["ls", "--config", file, "--json"]);
    assert.is(partly.code, 1);
    assert.equal(ids(partly.stdout), rest);
    assert.match(partly.stderr, `${down?.port}`);
  });

  test("a flow that cannot be read does not keep ls from the others", async () => {
    const { file, config } = await stand.ownConfig();
    for (const flow of ["good", "spoilt"]) await stand.flow(flow, config);
    await stand.server.cli("del", `${config.redis?.key_prefix}:spoilt:positions:open`);
    await stand.server.cli("set", `${config.redis?.key_prefix}:spoilt:positions:open`, "foreign");
    const { code, stdout } = await sfState(["ls", "--config", file]);
    assert.is(code, 1);
    assert.match(stdout, /^good +quiet/m);
    assert.match(stdout, /^spoilt +\? +cannot be read$/m);
    assert.match(stdout, /^spoilt: .*another type/m);
  });

  test("the tables show what the flow holds, and say so when there is nothing", async () => {
    const flow = await stand.flow();
    const empty = newFlowId();
    await using manager = await StateManager.open(empty, { backend: "redis", redis: { url: stand.url } });
    await manager.heartbeat();
    for (const [args, words, none] of [
      [["positions"], /^p-1 +ETH\/USDT +short/m, /^no open positions\n$/],
      [["orders"], /^sf\S+ +BTC\/USDT +entry/m, /^no pending orders\n$/],
      [
        ["signals"],
        /^last: s-1 \(BTC\/USDT\), of .* UTC\n\nREMEMBERED, NEWEST FIRST\ns-1\n$/,
        /^no signal was processed\n$/,
      ],
      [["cooldowns"], /^BTC\/USDT +both +14 min/m, /^no cooldowns\n$/],
      [["risk"], /^pnl today +-20\.50$[\s\S]*^max_daily_loss +300 +call +bot-1 /m, /^max_daily_loss +none *$/m],
      [
        ["refusals"],
        /^DAY +ENTRIES\n\d{4}-\d\d-\d\d +1 admitted, 0 refused\n\nno refusals\n$/,
        /^no entry asked to go ahead\n\nno refusals\n$/,
      ],
      [["history"], /^\d{4}-\d\d-\d\d +-20\.50 +1 +so far$/m, /^\d{4}-\d\d-\d\d +0\.00 +0 +so far$/m],
      [["breaker"], /^quiet\n$/, /^quiet\n$/],
      [
        ["events", "--limit", "2"],
        /^\S+ \S+ +position_saved +p-1 .*\n\S+ \S+ +pnl_booked +-20\.50, today -20\.50 .*\n$/,
        /^$/,
      ],
    ] as const) {
      const full = await sfState([...args, "--flow", flow, "--url", stand.url]);
      assert.is(full.code, 0, full.stderr);
      assert.match(full.stdout, words);
      const nothing = await sfState([...args, "--flow", empty, "--url", stand.url]);
      assert.is(nothing.code, 0, nothing.stderr);
      assert.match(nothing.stdout, none);
      const json = await sfState([...args, "--flow", flow, "--url", stand.url, "--json"]);
      assert.ok(JSON.parse(json.stdout), args.join(" "));
    }
  });

  test("refusals counts entries by day and reason, and lists the newest, with who asked and why", async () => {
    const flow = await stand.flow();
    await using manager = await StateManager.open(
      flow,
      { backend: "redis", redis: { url: stand.url } },
      { instanceId: "bot-2" },
    );
    await manager.setRiskLimits({ max_exposure: 0 });
    for (const signalId of ["s-1", "s-2", "s-3"]) {
      await manager.admit({ signalId, pair: "ETH/USDT", side: "short", size: 1, price: 10 });
    }
    const where = ["--flow", flow, "--url", stand.url];
    const { stdout } = await sfState(["refusals", "--limit", "2", ...where]);
    assert.match(stdout, /1 admitted, 3 refused \(duplicate_signal 1, max_exposure 2\)$/m);
    assert.match(stdout, / s-2 +ETH\/USDT +short +max_exposure +exposure would be \S+, the limit is 0 +bot-2$/m);
    assert.not.match(stdout, / s-1 /);
    const json = JSON.parse((await sfState(["refusals", "--json", ...where])).stdout);
    assert.equal(
      json,
      JSON.parse(JSON.stringify({ stats: await manager.getAdmissionStats(), refusals: await manager.getRefusals() })),
    );
    assert.match((await sfState(["status", ...where])).stdout, /^entries +1 admitted, 3 refused \(dup/m);
  });

  test("a reason that would steer the terminal is shown without its control characters", async () => {
    const flow = await stand.flow();
    await using manager = await StateManager.open(flow, { backend: "redis", redis: { url: stand.url } });
    await manager.triggerCircuitBreaker(`harmless${ESCAPE}[2J${ESCAPE}]0;title\u0007\r\nnot so`);
    for (const command of ["status", "events", "breaker", "ls"]) {
      const flowOf = command === "ls" ? [] : ["--flow", flow];
      const { stdout } = await sfState([command, ...flowOf, "--url", stand.url]);
      assert.not(stdout.includes(ESCAPE));
      assert.not(stdout.includes("\r"));
    }
  });

  test("events after one are all that came later, also more than a page of them", async () => {
    const { file, config } = await stand.ownConfig({ events: { max_length: 5000 } });
    await using manager = await StateManager.open("bot", { ...config, events: { max_length: 5000 } });
    for (let made = 0; made < 2500; made += 100) {
      await Promise.all(Array.from({ length: 100 }, () => manager.updateDailyPnl(1)));
    }
    const all = await manager.getEvents({ limit: 10_000 });
    const ids = (text: string) => JSON.parse(text).map(({ id }: { id: string }) => id);
    const after = await sfState(["events", "--after", all[9]?.id ?? "", "--config", file, "--json"]);
    assert.equal(
      ids(after.stdout),
      all.slice(10).map(({ id }) => id),
    );
    const newest = await sfState(["events", "--limit", "3", "--config", file, "--json"]);
    assert.equal(
      ids(newest.stdout),
      all.slice(-3).map(({ id }) => id),
    );
  });

  test("init writes a configuration that loads, and overwrites nothing unless told to", async () => {
    const folder = join(stand.folder, "fresh");
    assert.is((await sfState(["init", folder, "--flow", "mine"])).code, 0);
    const { loadConfig } = await import("../../src/index.js");
    const config = await loadConfig(join(folder, "bot.yaml"));
    assert.is(config.backend, "duckdb");
    assert.is(config.duckdb.snapshot_every, 10_000);
    assert.is(config.risk.max_daily_loss, 300);
    const yaml = await readFile(join(folder, "bot.yaml"), "utf8");
    const webhook = "http://127.0.0.1/hook"; // alerts are none until it is said where they go
    const inUse = yaml
      .replace(/^ {2}#webhook:$/m, `  webhook: ${webhook}`)
      .replace(/^ {2}#(\w+:)$/gm, "  # $1")
      .replace(/^ {2}#(\w+:)/gm, "  $1");
    const everything = await loadConfig(await stand.file("everything.yaml", inUse));
    const alerts = await loadConfig(await stand.file("alerts.yaml", `alerts: { webhook: "${webhook}" }`));
    assert.equal(everything, { ...config, alerts: alerts.alerts }, "what is commented out are the defaults");
    assert.match(await readFile(join(folder, "bot.ts"), "utf8"), 'StateManager.open("mine"');
    const again = await sfState(["init", folder, "--backend", "redis"]);
    assert.is(again.code, 2);
    assert.is(await readFile(join(folder, "bot.yaml"), "utf8"), yaml);
    assert.is((await sfState(["init", folder, "--backend", "redis", "--force"])).code, 0);
    assert.is((await loadConfig(join(folder, "bot.yaml"))).backend, "redis");
  });
}
