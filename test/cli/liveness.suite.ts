import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type Config, type ManagerOptions, StateManager } from "../../src/index.js";
import { bundle } from "../bundle.js";
import { newFlowId } from "../contract/backends.js";
import { Child } from "../duckdb/child.js";
import { until } from "../servers/until.js";
import { sfState } from "./command.js";
import { PseudoTerminal } from "./pseudo-terminal.js";
import type { Stand, Test } from "./stand.js";

const BOT = await bundle(new URL("./held-bot.ts", import.meta.url));
const MINUTE = 60_000;

/** Dead bots, and what they hold. */
export function liveness(test: Test, stand: Stand): void {
  async function onRedis(more: object = {}) {
    const { file, config } = await stand.ownConfig(more);
    await stand.flow("bot", config);
    /** Bots that give a heartbeat before each command: how long commands take does not make them dead. */
    const living: StateManager[] = [];
    const run = async (...args: string[]) => {
      for (const bot of living) await bot.heartbeat();
      return await sfState([...args, "--config", file]);
    };
    return { file, config, run, living };
  }

  /** A bot of the flow, as of some minutes ago: it gave a heartbeat then. The server's clock knows how long ago that is. */
  async function silent(config: Config, instanceId: string, minutes: number, more: ManagerOptions = {}) {
    const bot = await StateManager.open("bot", config, {
      ...more,
      instanceId,
      clock: () => Date.now() - minutes * MINUTE,
    });
    await bot.heartbeat();
    return bot;
  }

  test("ls, status and doctor say how many bots are alive, and raise an alarm for one that is dead; a closed bot is no dead one", async () => {
    const { config, run, living } = await onRedis();
    await using alive = await StateManager.open("bot", config, { instanceId: "bot-a" });
    living.push(alive);
    for (const command of ["ls", "status"]) assert.is((await run(command)).code, 0, command);
    {
      await using _ = await silent(config, "bot-b", 5);
      const status = await run("status");
      assert.is(status.code, 1);
      assert.match(
        status.stdout,
        /^instances +1 of 2 alive: bot-b \(dead\) \d+\.\d+\.\d+, [5-9] min \d* ?s? ?ago, bot-a /m,
      );
      assert.equal(JSON.parse((await run("status", "--json")).stdout).alarms, ["dead"]);
      const list = await run("ls");
      assert.is(list.code, 1);
      assert.match(list.stdout, /1 of 2 alive/);
      assert.equal(JSON.parse((await run("ls", "--json")).stdout)[0].dead, ["bot-b"]);
      const doctor = await run("doctor");
      assert.match(
        doctor.stdout,
        /problem +instances +1 of 2 alive; silent: bot-b, for [5-9] min\n +start what is down again; sf-state instances --prune/,
      );
      assert.not.match(doctor.stdout, /problem +heartbeat/, "the state is not stale");
    }
    assert.is((await run("status")).code, 0);
  });

  test("dead_after of the configuration says after how long a silent bot is dead", async () => {
    const { config, run } = await onRedis({ execution: { dead_after: "10m" } });
    await using _ = await silent(config, "bot-b", 5);
    assert.is((await run("status")).code, 0);
    await using __ = await silent(config, "bot-c", 11);
    assert.equal(JSON.parse((await run("ls", "--json")).stdout)[0].dead, ["bot-c"]);
  });

  test("instances lists who is alive and who is dead; --prune asks, and forgets the dead", async () => {
    const { file, config, run, living } = await onRedis();
    await using alive = await StateManager.open("bot", config, { instanceId: "bot-a" });
    living.push(alive);
    const dead = await silent(config, "bot-b", 5);
    const { code, stdout } = await run("instances");
    assert.is(code, 1);
    assert.match(
      stdout,
      /^bot-b +dead +5 min .*ago .*\nbot-a +alive .*\n1 of 2 alive \(dead: silent for more than 1 min\); --prune forgets the dead\n$/m,
    );
    assert.equal(
      JSON.parse((await run("instances", "--json")).stdout).map(({ id, alive: is }: { id: string; alive: boolean }) => [
        id,
        is,
      ]),
      [
        ["bot-b", false],
        ["bot-a", true],
      ],
    );
    const alone = await run("instances", "--prune");
    assert.is(alone.code, 2);
    using person = new PseudoTerminal(["instances", "--prune", "--config", file]);
    await person.says("Forget 1 dead bot of flow bot");
    await person.says("bot-b (5 min");
    person.type("y");
    assert.is(await person.ended(), 0, person.text);
    assert.equal(
      (await alive.getInstances()).map(({ id }) => id),
      ["bot-a"],
    );
    assert.is((await run("instances", "--prune")).stdout, "no bot is dead; nothing was done\n");
    assert.is((await run("instances")).code, 0);
    await dead.close();
  });

  test("a lease of a dead holder is told as such by status, doctor and lease show, and broken; one of a live holder is not, but by force", async () => {
    const { config, run, living } = await onRedis();
    assert.is((await run("lease", "show")).stdout, "the lease is free\n");
    await using bot = await StateManager.open("bot", config, { instanceId: "bot-a" });
    living.push(bot);
    const lease = await bot.acquireLease({ ttl: "1h" });
    const shown = await run("lease", "show");
    assert.equal([shown.code, /^held by bot-a; 59 min .* left/.test(shown.stdout)], [0, true], shown.stdout);
    const refused = await run("lease", "break", "--yes", "--json");
    assert.is(refused.code, 1);
    assert.match(JSON.parse(refused.stdout).error.message, /bot-a holds the lease, and is alive; nothing was done/);
    assert.is(lease.lost.aborted, false);
    const forced = await run("lease", "break", "--yes", "--force", "it hangs");
    assert.is(forced.stdout, "bot-a holds the lease no more\n", forced.stderr);
    const event = (await bot.getEvents()).at(-1);
    assert.equal(event?.type === "lease_released" && [event.holder, event.reason], ["bot-a", "it hangs"]);
    await assert.not.throws(() => lease.release());

    await using dead = await StateManager.open("bot", config, { instanceId: "bot-b" });
    await dead.acquireLease({ ttl: "1h" });
    const quiet = await run("lease", "break", "--yes");
    assert.match(quiet.stderr, /gives no heartbeats: it may be alive; nothing was done/);
    await using _ = await silent(config, "bot-b", 5);
    const told = await run("lease", "show");
    assert.is(told.code, 1);
    assert.match(
      told.stdout,
      /^held by bot-b, which is dead; .*\nanother bot may take over at once: sf-state lease break\n$/,
    );
    assert.match((await run("status")).stdout, /^lease +bot-b, .* which is dead: sf-state lease break frees it$/m);
    assert.match(
      (await run("doctor")).stdout,
      /problem +lease +bot-b holds it, which is dead; .*\n +sf-state lease break lets/,
    );
    const alone = await run("lease", "break");
    assert.match(alone.stderr, /Take the lease of flow bot at redis \S+ off bot-b \(which is dead\)\? .*say --yes/);
    assert.is((await run("lease", "break", "--yes")).code, 0);
    assert.is(await dead.getLease(), undefined);
    assert.is((await run("lease", "break", "--yes")).stdout, "the lease is free; nothing was done\n");
  });

  test("a recovery of a dead holder is told as such and ended; one that is held, or has orders under way, is not, but by force", async () => {
    const { file, config, run, living } = await onRedis();
    await using bot = await StateManager.open("bot", config, { instanceId: "bot-a" });
    living.push(bot);
    const recovery = await bot.beginRecovery("after a crash", { ttl: "1h" });
    const shown = JSON.parse((await run("recovery", "show", "--json")).stdout);
    assert.equal([shown.holder, shown.life, shown.journal], ["bot-a", "alive", {}]);
    const refused = await run("recovery", "end", "--yes");
    assert.is(refused.code, 1);
    assert.match(
      refused.stderr,
      /bot-a works on it and is alive: .*nothing was done\. If it has to be, say --force WHY/,
    );
    await recovery.note("orphan x-1", JSON.stringify({ pair: "ETH/USDT", side: "short", attempt: 1 }));
    await recovery.leave();
    const sent = await run("recovery", "end", "--yes");
    assert.equal(
      [sent.code, /x-1 \(closes short ETH\/USDT\)\. sf-state recover goes on with it/.test(sent.stderr)],
      [1, true],
      sent.stderr,
    );
    assert.match((await run("recovery", "show")).stdout, /^noted +orphan x-1: \{"pair":"ETH\/USDT"/m);
    const forced = await run("recovery", "end", "--yes", "--force", "looked: it was cancelled");
    assert.is(forced.code, 0, forced.stderr);
    const event = (await bot.getEvents()).at(-1);
    assert.equal(event?.type === "recovery_ended" && event.reason, "looked: it was cancelled");

    await using dead = await StateManager.open("bot", config, { instanceId: "bot-b" });
    await dead.beginRecovery("once more", { ttl: "1h" });
    assert.match(
      (await run("recovery", "show")).stdout,
      /^ +which gives no heartbeats: whether it is alive is not known$/m,
    );
    assert.match(
      (await run("recovery", "end", "--yes")).stderr,
      /gives no heartbeats: it may still work on it; nothing was done/,
    );
    await using _ = await silent(config, "bot-b", 5);
    assert.match(
      (await run("recovery", "show")).stdout,
      /^held by +bot-b, .* which is dead: sf-state recovery end frees entries$/m,
    );
    assert.match(
      (await run("status")).stdout,
      /^recovering +entries are refused: once more\n +begun .*; held by bot-b, which is dead: sf-state recovery end frees entries$/m,
    );
    assert.match((await run("doctor")).stdout, /problem +recovery +.*once more; bot-b holds it, which is dead\n/);
    using person = new PseudoTerminal(["recovery", "end", "--config", file]);
    await person.says("End the recovery of flow bot, once more?");
    await person.says("left undone: what it was about to do is not known");
    person.type("y");
    assert.is(await person.ended(), 0, person.text);
    assert.is(await bot.getRecovery(), undefined);
    const asked = await bot.admit({ signalId: "s-9", pair: "SOL/USDT", side: "long", size: 1, price: 1 });
    assert.is(asked.admitted, true);
  });

  test("a limit that is another one in the flow than in the configuration is shown with who set it", async () => {
    const { run, config } = await onRedis({ risk: { max_daily_loss: 400 } });
    assert.match((await run("risk")).stdout, /^max_daily_loss +300 /m);
    const words =
      /max_daily_loss is 300 in the flow, set by a call of bot-1 at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, and 400 in the configuration/;
    for (const command of ["risk", "status"])
      assert.match((await run(command)).stdout, new RegExp(`^differs +${words.source}$`, "m"));
    assert.match((await run("doctor")).stdout, new RegExp(`note +limits +${words.source}\n +sf-state risk unset`));
    assert.equal(JSON.parse((await run("risk", "--json")).stdout).differing.length, 1);
    assert.is((await run("risk", "unset", "max_daily_loss", "--yes")).code, 0);
    assert.not.match((await run("risk")).stdout, /differs/);
    assert.is(
      (await sfState(["status", "--url", stand.url, "--flow", await stand.flow()])).code,
      0,
      "without a configuration there is no difference",
    );
    assert.ok(config);
  });

  test("through the bot that has a DuckDB file open, and after kill -9 of it", async () => {
    if (process.platform === "win32") return;
    const folder = join(stand.folder, newFlowId());
    await mkdir(folder);
    const path = join(folder, "bot.db");
    const file = await stand.file(
      `${newFlowId()}.json`,
      JSON.stringify({ backend: "duckdb", duckdb: { path }, execution: { dead_after: "1s" } }),
    );
    const run = (...args: string[]) => sfState([...args, "--flow", "bot", "--config", file]);
    using bot = new Child(BOT, [path]);
    assert.is(await bot.line(), "open");
    for (const [line, answer] of [
      ["beat", "beat"],
      ["lease", "leased"],
      ["beat", "beat"],
    ] as const) {
      bot.say(line);
      assert.is(await bot.line(), answer);
    }
    assert.match((await run("lease", "show")).stdout, /^held by the bot/);
    assert.match((await run("instances")).stdout, /^the bot +(?:alive|dead)/m);
    bot.kill();
    await bot.end();
    await until("the bot is dead", async () => (await run("instances")).code === 1);
    assert.is((await run("lease", "break", "--yes")).code, 0);
    assert.is((await run("lease", "show")).stdout, "the lease is free\n");
    assert.is((await run("instances", "--prune", "--yes")).stdout, "forgot the bot\n");
    assert.is((await run("ls")).code, 2, "ls lists all flows");
    assert.is((await sfState(["ls", "--config", file])).code, 0);
  });

  test("ls --watch sees that a bot in a file died, though the file stays as it is", async () => {
    if (process.platform === "win32") return;
    const folder = join(stand.folder, newFlowId());
    await mkdir(folder);
    const file = await stand.file(
      `${newFlowId()}.json`,
      JSON.stringify({
        backend: "duckdb",
        duckdb: { path: join(folder, "{flow_id}.db") },
        execution: { dead_after: "3s" },
      }),
    );
    using bot = new Child(BOT, [join(folder, "bot.db")]);
    assert.is(await bot.line(), "open");
    using terminal = new PseudoTerminal(["ls", "--watch", "--config", file], {}, { cols: 80, rows: 24 });
    await until("the bot is shown alive", async () => {
      bot.say("beat");
      assert.is(await bot.line(), "beat");
      return /bot +fine/.test(terminal.text);
    });
    bot.kill();
    await bot.end();
    const before = terminal.text.length;
    await until("the bot is shown dead", () => /bot +dead/.test(terminal.text.slice(before)));
    terminal.type("\u0003");
    assert.is(await terminal.ended(), 0);
  });
}
