import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as assert from "uvu/assert";
import { type Config, StateManager } from "../../src/index.js";
import { eventsOf } from "../../sync/demo/flow-log.js";
import { moneyText, sumOf } from "../../sync/demo/money.js";
import { PaperExchange, planRecovery, recover } from "../../sync/index.js";
import { bundle } from "../bundle.js";
import { newFlowId } from "../contract/backends.js";
import { accountOf } from "../demo/account.js";
import { agreement } from "../demo/agreement.js";
import { LONG } from "../long.js";
import { until } from "../servers/until.js";
import { ExchangeServer } from "../sync/ccxt/exchange-server.js";
import { WIRES } from "../sync/exchanges/all-wires.js";
import { Venue, type VenueOrder } from "../sync/exchanges/venue.js";
import { sfState } from "./command.js";
import type { Stand, Test } from "./stand.js";
import { Started } from "./started.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PAIRS = ["BTC/USDT", "ETH/USDT"];
const KILLS = 3;
const ETH = "ETH/USDT:USDT";

/** The bots that init writes: they fit the package's types, and the paper one loses and doubles nothing when it is killed. */
export function template(test: Test, stand: Stand): void {
  const folders: string[] = [];
  test.after(async () => {
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

  for (const name of LONG ? ["binanceusdm", "bybit", "okx"] : ["binanceusdm"]) {
    test(`a ccxt bot at ${name} that was down finds its stop fired, its entry filled, its position liquidated, and goes on`, async () => {
      await using world = await CcxtWorld.start(name, written);
      const { venue } = world;
      {
        using bot = world.bot();
        await world.entry(bot);
        await bot.end("SIGKILL");
      }
      const stop = world.exits("market");
      assert.is(stop.length, 1);
      for (const order of stop) venue.trigger(order);
      assert.equal(venue.positions(), []);
      {
        venue.fillsAtOnce = 0.5;
        using bot = world.bot();
        await world.entry(bot);
        assert.match(bot.stderr, /recovered: /);
        assert.is(world.exits("limit").length, 1, "the exits of the first position are gone");
        await bot.end("SIGKILL");
      }
      const [entry, ...more] = venue.live().filter(({ reduceOnly }) => !reduceOnly);
      assert.equal([entry?.filled, more], [(entry?.size ?? 0) / 2, []]);
      if (entry) venue.fill(entry, entry.size / 2, venue.price(ETH));
      {
        venue.fillsAtOnce = 1;
        using bot = world.bot();
        await until("target and stop cover the whole position", () =>
          ["limit", "market"].every(
            (type) => sumOf(world.exits(type).map(({ size }) => size)) === sumOf([entry?.size ?? 0]),
          ),
        );
        await bot.end("SIGKILL");
      }
      venue.liquidate(ETH, "long", venue.price(ETH) * 0.9);
      using bot = world.bot();
      await world.entry(bot);
      assert.match(bot.stderr, /recovered: /);
      const [target] = world.exits("limit");
      if (target?.price) venue.fill(target, target.size, target.price);
      await bot.says(/closed ETH\/USDT:USDT \(tp\)/);
      await until("nothing is left at the exchange", () => venue.live().length === 0);
      assert.is(await bot.end("SIGTERM"), 0, bot.stderr);

      await using state = await world.state();
      assert.equal(await state.getPositions(), []);
      assert.equal(await state.getPendingOrders(), []);
      assert.equal(
        (await state.getTrades()).map(({ reason }) => reason),
        ["sl", "external", "tp"],
      );
      const days = await state.getDailyHistory();
      const { day, dailyPnl } = await state.getRiskState();
      const booked = sumOf([...days.filter((past) => past.day !== day).map(({ pnl }) => pnl), dailyPnl]);
      assert.is(moneyText(booked), moneyText(world.earned()));
    });
  }

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

/** A bot of the ccxt template at an exchange that is simulated behind that exchange's own format. */
class CcxtWorld implements AsyncDisposable {
  private constructor(
    readonly venue: Venue,
    readonly server: ExchangeServer,
    private readonly flow: string,
    private readonly folder: string,
    private readonly program: readonly string[],
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  static async start(exchange: string, written: (args: readonly string[]) => Promise<string>): Promise<CcxtWorld> {
    const wire = WIRES.find((each) => each.exchange === exchange);
    assert.ok(wire);
    const refusesIds = wire.refusesIds === "answers" ? undefined : wire.refusesIds;
    const venue = new Venue({
      markets: wire.markets.linear ?? [],
      mode: "netting",
      ...(refusesIds && { refusesIds }),
    });
    venue.prices.set("BTC/USDT:USDT", 60_000).set(ETH, 3_000);
    const server = await ExchangeServer.start((asked) =>
      asked.path === "/price" ? { json: venue.price(asked.fields.pair ?? "") } : wire.answer(asked, venue),
    );
    const flow = newFlowId();
    const folder = await written(["--template", "ccxt", "--flow", flow]);
    const change = async (name: string, from: RegExp, to: string) => {
      const text = await readFile(join(folder, name), "utf8");
      assert.match(text, from);
      await writeFile(join(folder, name), text.replace(from, to));
    };
    await change("exchange.ts", /ccxt\.binanceusdm/, `ccxt.${exchange}`);
    // A fill of this moment is waited for: positions of an exchange may lag behind it, and these do not.
    await change("bot.ts", /recover\(state, exchange, \{/, "recover(state, exchange, { settle: 0, confirmDelay: 1,");
    const preload = await bundle(new URL("./ccxt-at-server.ts", import.meta.url));
    const program = [
      process.execPath,
      "--import",
      pathToFileURL(preload).href,
      await bundle(pathToFileURL(join(folder, "bot.ts"))),
    ];
    return new CcxtWorld(venue, server, flow, folder, program, {
      TICK: "20",
      EXCHANGE: exchange,
      EXCHANGE_URL: server.url,
    });
  }

  bot(): Started {
    return new Started([], this.folder, this.program, this.env);
  }

  /** The bot has seen both prices, and the next one is higher: its averages cross, it enters, and protects what it has. */
  async entry(bot: Started): Promise<void> {
    const before = this.server.asked.length;
    const looks = () => this.server.asked.slice(before).filter(({ path }) => path === "/price").length;
    await until("the bot looks at the prices", () => looks() >= 4).catch((cause: unknown) => {
      throw new Error(`${bot.stdout}${bot.stderr}`, { cause });
    });
    this.venue.prices.set(ETH, this.venue.price(ETH) + 3);
    await bot.says(/opened long \S+ ETH/);
    await until("target and stop are at the exchange", () =>
      ["limit", "market"].every((type) => this.exits(type).length === 1),
    );
  }

  /** Live orders that reduce: targets are limit orders, stops become market orders. */
  exits(type: string): VenueOrder[] {
    return this.venue.live(ETH).filter((order) => order.reduceOnly && order.type === type);
  }

  /** What all executions have brought, less their fees. */
  earned() {
    const { contractSize } = this.venue.market(ETH);
    return sumOf(
      this.venue.fills.map(
        ({ side, size, price, fee }) => (side === "sell" ? 1 : -1) * size * contractSize * price - fee.amount,
      ),
    );
  }

  state(): Promise<StateManager> {
    const path = join(this.folder, "state", `${this.flow}.db`);
    return StateManager.open(this.flow, { backend: "duckdb", duckdb: { path } }, { existing: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }
}
