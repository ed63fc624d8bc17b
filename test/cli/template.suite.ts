import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import * as assert from "uvu/assert";
import { type Config, StateManager } from "../../src/index.js";
import { eventsOf } from "../../sync/demo/flow-log.js";
import { moneyText, sumOf } from "../../sync/demo/money.js";
import { PaperExchange, planRecovery, recover } from "../../sync/index.js";
import { bundle } from "../bundle.js";
import { newFlowId } from "../contract/backends.js";
import { accountOf } from "../demo/account.js";
import { agreement } from "../demo/agreement.js";
import { until } from "../servers/until.js";
import { ExchangeServer } from "../sync/ccxt/exchange-server.js";
import { Venue } from "../sync/exchanges/venue.js";
import { wires } from "../sync/exchanges/wires/binance.js";
import { sfState } from "./command.js";
import type { Stand, Test } from "./stand.js";
import { Started } from "./started.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PAIRS = ["BTC/USDT", "ETH/USDT"];
const KILLS = 3;

/** The bots that init writes: they fit the package's types, and the paper one loses and doubles nothing when it is killed. */
export function template(test: Test, stand: Stand): void {
  const folders: string[] = [];
  const servers: ExchangeServer[] = [];
  test.after(async () => {
    for (const server of servers) await server.close();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });

  /** Inside of the checkout, where the packages are found that a bot needs. */
  async function written(args: readonly string[]): Promise<string> {
    const cache = join(ROOT, ".cache");
    await mkdir(cache, { recursive: true });
    const folder = await mkdtemp(join(cache, "template-"));
    folders.push(folder);
    const { code, stderr } = await sfState(["init", folder, ...args]);
    assert.is(code, 0, stderr);
    return folder;
  }

  for (const backend of ["duckdb", "redis"] as const) {
    test(`a paper bot on ${backend} that is killed, and killed again, does nothing twice and forgets nothing`, async () => {
      const flow = newFlowId();
      const folder = await written(["--template", "paper", "--backend", backend, "--flow", flow]);
      const yaml = join(folder, "bot.yaml");
      await writeFile(yaml, (await readFile(yaml, "utf8")).replace("redis://localhost:6379", stand.url));
      const program = [process.execPath, await bundle(pathToFileURL(join(folder, "bot.ts")))];
      const env = { TICK: "20" };
      for (let kill = 0; kill < KILLS; kill++) {
        using bot = new Started([], folder, program, env);
        await bot.says(/opened[\s\S]*closed[\s\S]*opened/);
        await bot.end("SIGKILL");
      }
      using bot = new Started([], folder, program, env);
      await bot.says(/closed/);
      const seen = await sfState(["status", "--config", "bot.yaml", "--json"], {}, folder);
      assert.is(JSON.parse(seen.stdout).flowId, flow, seen.stderr);
      assert.is(await bot.end("SIGTERM"), 0, bot.stderr);

      const config: Config =
        backend === "redis"
          ? { backend, redis: { url: stand.url } }
          : { backend, duckdb: { path: join(folder, "state", `${flow}.db`) } };
      await using exchange = new PaperExchange({ file: join(folder, "state", "paper.jsonl") });
      await using state = await StateManager.open(flow, config, { existing: true });
      // Killed before it sent an order, the bot leaves one that the exchange does not know: after a while a recovery gives it up.
      const { status } = await recover(state, exchange, { grace: 1, settle: 0, confirmDelay: 1 });
      assert.is(status, "recovered");
      const { day, dailyPnl } = await state.getRiskState();
      const before = (await state.getDailyHistory()).filter((past) => past.day !== day);
      const checks = agreement({
        account: await accountOf(exchange, { pairs: PAIRS }),
        events: await eventsOf(state),
        totals: { pnl: moneyText(sumOf([...before.map(({ pnl }) => pnl), dailyPnl])) },
        plan: await planRecovery(state, exchange, { mode: "sync", confirmDelay: 1, settle: 0 }),
      });
      for (const { what, faults } of checks) assert.equal(faults, [], what);
      const entered = (await eventsOf(state)).flatMap((event) =>
        event.type === "entry_admitted" ? [event.signalId] : [],
      );
      assert.is(new Set(entered).size, entered.length);
      assert.ok(entered.length > KILLS);
    });
  }

  test("a ccxt bot enters, is killed, finds its stop filled when it comes back, enters again and takes its profit", async () => {
    const wire = wires.find(({ exchange }) => exchange === "binanceusdm");
    assert.ok(wire);
    const venue = new Venue({ markets: wire.markets.linear ?? [], mode: "netting", refusesIds: "open" });
    const [btc, eth] = ["BTC/USDT:USDT", "ETH/USDT:USDT"];
    venue.prices.set(btc, 60_000).set(eth, 3_000);
    const server = await ExchangeServer.start((asked) =>
      asked.path.endsWith("/ticker/24hr")
        ? {
            json: {
              symbol: asked.fields.symbol,
              lastPrice: String(venue.price(venue.market(asked.fields.symbol ?? "").pair)),
              closeTime: venue.now(),
            },
          }
        : wire.answer(asked, venue),
    );
    servers.push(server);
    const flow = newFlowId();
    const folder = await written(["--template", "ccxt", "--flow", flow]);
    const preload = await bundle(new URL("./ccxt-at-server.ts", import.meta.url));
    const program = [
      process.execPath,
      "--import",
      pathToFileURL(preload).href,
      await bundle(pathToFileURL(join(folder, "bot.ts"))),
    ];
    const start = () => new Started([], folder, program, { TICK: "20", EXCHANGE_URL: server.url });
    /** The bot has seen both prices, and the next one is higher: its averages cross. */
    const rise = async (bot: Started) => {
      const before = server.asked.length;
      const looks = () => server.asked.slice(before).filter(({ path }) => path.endsWith("/ticker/24hr")).length;
      await until("the bot looks at the prices", () => looks() >= 4).catch((cause: unknown) => {
        throw new Error(`${bot.stdout}${bot.stderr}`, { cause });
      });
      venue.prices.set(eth, venue.price(eth) + 3);
    };
    const exits = () => venue.live(eth).filter(({ reduceOnly }) => reduceOnly);
    {
      using bot = start();
      await rise(bot);
      await bot.says(/opened long \S+ ETH/);
      await until("target and stop are at the exchange", () => exits().length === 2);
      await bot.end("SIGKILL");
    }
    const stop = exits().find(({ trigger }) => trigger !== undefined);
    assert.ok(stop);
    venue.trigger(stop);
    assert.equal(venue.positions(), []);
    using bot = start();
    await rise(bot);
    await bot.says(/opened long \S+ ETH/);
    assert.match(bot.stderr, /recovered: /);
    await until("target and stop are at the exchange, and no others", () => exits().length === 2);
    const target = exits().find(({ type }) => type === "limit");
    assert.ok(target?.price);
    venue.fill(target, target.size, target.price);
    await bot.says(/closed ETH\/USDT:USDT \(tp\)/);
    await until("nothing is left at the exchange", () => venue.live().length === 0);
    assert.is(await bot.end("SIGTERM"), 0, bot.stderr);

    const path = join(folder, "state", `${flow}.db`);
    await using state = await StateManager.open(flow, { backend: "duckdb", duckdb: { path } }, { existing: true });
    assert.equal(await state.getPositions(), []);
    assert.equal(await state.getPendingOrders(), []);
    assert.is(venue.fills.length, 4);
    const truth = sumOf(
      venue.fills.map(({ side, size, price, fee }) => (side === "sell" ? 1 : -1) * size * price - fee.amount),
    );
    const days = await state.getDailyHistory();
    const { day, dailyPnl } = await state.getRiskState();
    const booked = sumOf([...days.filter((past) => past.day !== day).map(({ pnl }) => pnl), dailyPnl]);
    assert.is(moneyText(booked), moneyText(truth));
  });

  test("both templates fit the types of the package, strictly", async () => {
    const folders = [await written(["--template", "paper"]), await written(["--template", "ccxt"])];
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noEmit: true,
      skipLibCheck: true,
      module: "nodenext",
      target: "es2022",
      lib: ["es2023", "es2024.string", "esnext.disposable"],
      types: ["node"],
      paths: {
        "signalflow-state": [join(ROOT, "src/index.ts")],
        "signalflow-state/sync": [join(ROOT, "sync/index.ts")],
      },
    };
    const [project = ""] = folders;
    const files = folders.map((folder) => join(folder, "bot.ts"));
    await writeFile(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
    const tsgo = join(ROOT, "node_modules/.bin/tsgo");
    await promisify(execFile)(tsgo, ["-p", project]).catch((error: { stdout: string }) => {
      throw new Error(error.stdout);
    });
  });

  test("a package.json that is there is left alone; files that are there are not overwritten", async () => {
    const folder = await mkdtemp(join(stand.folder, "init-"));
    await writeFile(join(folder, "package.json"), "{}");
    const first = await sfState(["init", folder, "--template", "ccxt", "--json"]);
    assert.equal(
      JSON.parse(first.stdout).map((path: string) => path.slice(folder.length + 1)),
      ["bot.yaml", "bot.ts", "exchange.ts"],
    );
    assert.is(await readFile(join(folder, "package.json"), "utf8"), "{}");
    const again = await sfState(["init", folder, "--template", "paper"]);
    assert.is(again.code, 2);
    assert.match(again.stderr, /is there already; --force overwrites it\. Nothing was written/);
    assert.match(await readFile(join(folder, "exchange.ts"), "utf8"), /binanceusdm/);
  });
}
