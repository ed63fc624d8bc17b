/** Eight flows on a real Redis and one in a DuckDB file, each with its bots, and the real `sf-state serve` over them. */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildPage } from "../../../.ci/build-page.mjs";
import { type Config, StateManager } from "../../../src/index.js";
import { PaperExchange, recover } from "../../../sync/index.js";
import { bundle } from "../../bundle.js";
import { Started } from "../../cli/started.js";
import { Child } from "../../duckdb/child.js";
import { freePort } from "../../servers/ports.js";
import { type RedisServer, startRedis } from "../../servers/redis.js";
import { enter, playRound } from "./trading.js";

const FILE_BOT = await bundle(new URL("./file-bot.ts", import.meta.url));
/** Where a server that runs from source finds the page. */
const APP = fileURLToPath(new URL("../../../.cache/page/", import.meta.url));

/** A bot whose newest heartbeat is older is dead. */
export const DEAD_AFTER_MS = 5_000;
const BEAT_MS = 500;

export class Fleet implements AsyncDisposable {
  readonly token = randomBytes(24).toString("hex");
  readonly name = "production";
  #server: Started | undefined;

  private constructor(
    readonly redis: RedisServer,
    readonly folder: string,
    readonly port: number,
    readonly bots: ReadonlyMap<string, readonly Bot[]>,
    readonly fileBot: Child,
  ) {}

  static async start(): Promise<Fleet> {
    const [redis, folder, port] = await Promise.all([startRedis(), newFolder(), freePort(), buildPage(APP)]);
    const files = join(folder, "flows");
    await mkdir(files);
    const fileBot = new Child(FILE_BOT, [join(files, "carry-arb.db")]);
    const [bots, line] = await Promise.all([startBots(redis.url, folder), fileBot.line()]);
    if (line !== "open") throw new Error(`the bot with the file said ${line}`);
    const fleet = new Fleet(redis, folder, port, bots, fileBot);
    await fleet.serve();
    return fleet;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The link that carries the token. */
  get link(): string {
    return `${this.origin}/#token=${this.token}`;
  }

  /** The first bot of a flow. */
  bot(flowId: string): Bot {
    const bot = this.bots.get(flowId)?.[0];
    if (!bot) throw new Error(`no bot of ${flowId}`);
    return bot;
  }

  /** Starts the server, on the same port as before. */
  async serve(): Promise<void> {
    const [config, token] = [join(this.folder, "bot.json"), join(this.folder, "token")];
    const settings: Config = {
      backend: "redis",
      redis: { url: this.redis.url },
      execution: { dead_after: DEAD_AFTER_MS },
    };
    await writeFile(config, JSON.stringify(settings));
    await writeFile(token, this.token, { mode: 0o600 });
    const places = ["--config", config, "--url", this.redis.url, "--folder", join(this.folder, "flows")];
    const door = ["--listen", `127.0.0.1:${this.port}`, "--token-file", token, "--name", this.name];
    this.#server = new Started(["serve", ...places, ...door], this.folder);
    await this.#server.says(/Ctrl-C ends it/);
  }

  /** kill -9. */
  async killServer(): Promise<void> {
    await this.#server?.end("SIGKILL");
  }

  /** What the server has said, on both. */
  get said(): string {
    return `${this.#server?.stdout}${this.#server?.stderr}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.end("SIGTERM");
    this.fileBot.kill();
    await Promise.allSettled([...this.bots.values()].flat().map((bot) => bot.stop()));
    await this.redis.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A bot that gives heartbeats until it is stopped, or dies. */
export class Bot {
  #beats: ReturnType<typeof setInterval> | undefined;

  constructor(readonly manager: StateManager) {}

  async begin(): Promise<this> {
    await this.manager.heartbeat();
    this.#beats = setInterval(() => this.manager.heartbeat().catch(() => {}), BEAT_MS);
    return this;
  }

  /** It says nothing any more, as after kill -9. */
  die(): void {
    clearInterval(this.#beats);
  }

  async stop(): Promise<void> {
    this.die();
    await this.manager.close();
  }
}

async function newFolder(): Promise<string> {
  return mkdtemp(join(await realpath(tmpdir()), "sf-page-test-"));
}

async function startBots(url: string, folder: string): Promise<Map<string, Bot[]>> {
  const bots = new Map<string, Bot[]>();
  const start = async (
    flow: string,
    names: readonly string[],
    risk: Config["risk"] = {},
    more: Partial<Config> = {},
  ) => {
    const config: Config = { backend: "redis", redis: { url }, risk, ...more };
    const started = names.map(async (instanceId) =>
      new Bot(await StateManager.open(flow, config, { instanceId })).begin(),
    );
    const list = await Promise.all(started);
    bots.set(flow, list);
    const [first] = list;
    if (!first) throw new Error(`${flow} without a bot`);
    return first.manager;
  };
  await Promise.all([
    trendBtc(
      await start("trend-btc", ["trend-1", "trend-2", "trend-3", "trend-4"], {
        starting_equity: 25_000,
        max_daily_loss: 600,
        max_open_positions: 3,
        max_exposure: 20_000,
      }),
    ),
    scalpSol(
      await start("scalp-sol", ["scalp-1", "scalp-2"], {
        starting_equity: 5_000,
        max_daily_loss: 300,
        max_consecutive_losses: 5,
        max_drawdown: 0.1,
        breaker_duration: "until_day_end",
      }),
    ),
    gridEth(
      await start("grid-eth", ["grid-1"], {
        starting_equity: 12_000,
        max_daily_loss: 300,
        max_open_positions: 3,
        max_exposure: 20_000,
      }),
      folder,
    ),
    start(
      "meanrev-eu",
      ["meanrev-1", "meanrev-2"],
      { starting_equity: 8_000, max_daily_loss: 250, max_daily_trades: 40 },
      { account: { name: "binance-main", currency: "USDT", max_exposure: 30_000, max_daily_loss: 900 } },
    ).then(async (bot) => {
      await playRound(bot, {
        id: "m-1",
        pair: "ADA/USDT",
        side: "short",
        size: 4000,
        entry: 0.4812,
        exit: 0.4779,
        fee: 0.77,
      });
      await enter(bot, { id: "m-2", pair: "XRP/USDT", side: "long", size: 2500, entry: 0.6134, fee: 0.6 });
    }),
    start(
      "breakout-asia",
      ["breakout-1"],
      { starting_equity: 15_000, max_open_positions: 5, max_exposure: 18_000 },
      { account: { name: "binance-main", currency: "USDT", max_exposure: 30_000, max_daily_loss: 900 } },
    ).then(async (bot) => {
      await playRound(bot, {
        id: "b-1",
        pair: "BTC/USDT",
        side: "long",
        size: 0.08,
        entry: 60_910,
        exit: 61_480,
        fee: 1.9,
      });
      await enter(bot, { id: "b-2", pair: "BTC/USDT", side: "long", size: 0.1, entry: 61_420, fee: 2.4 });
      await bot.admit({
        signalId: "b-3",
        pair: "LINK/USDT",
        side: "long",
        size: 120,
        price: 14.2,
        cooldown: "45m",
        orderId: "breakout-asia-b-3",
      });
    }),
    start("funding-perp", ["funding-1"], { starting_equity: 30_000, max_drawdown: 0.08, max_exposure: 60_000 }).then(
      async (bot) => {
        const position = await enter(bot, {
          id: "f-1",
          pair: "ETH/USDT:USDT",
          side: "short",
          size: 8,
          entry: 3_061.5,
          fee: 4.9,
        });
        await bot.bookCash(3.42, { id: "funding-1", kind: "funding", positionId: position });
      },
    ),
    start("pairs-l2", ["pairs-1", "pairs-2"], {
      starting_equity: 6_000,
      max_daily_loss: 200,
      max_positions_per_pair: 1,
    }).then(async (bot) => {
      await playRound(bot, {
        id: "p-1",
        pair: "ARB/USDT",
        side: "long",
        size: 900,
        entry: 0.812,
        exit: 0.8087,
        fee: 0.4,
        reason: "sl",
      });
      await playRound(bot, {
        id: "p-2",
        pair: "OP/USDT",
        side: "long",
        size: 500,
        entry: 1.604,
        exit: 1.6333,
        fee: 0.4,
      });
    }),
    start("dca-sol", ["dca-1"], { starting_equity: 4_000, max_exposure: 3_000, max_open_positions: 1 }).then(
      async (bot) => {
        await enter(bot, { id: "d-1", pair: "SOL/USDT", side: "long", size: 6, entry: 148.3, fee: 0.5 });
      },
    ),
  ]);
  return bots;
}

async function trendBtc(bot: StateManager): Promise<void> {
  await playRound(bot, { id: "t-1", pair: "BTC/USDT", side: "long", size: 0.1, entry: 60_400, exit: 61_130, fee: 2.4 });
  await playRound(bot, {
    id: "t-2",
    pair: "BTC/USDT",
    side: "short",
    size: 0.1,
    entry: 61_200,
    exit: 61_420,
    fee: 2.4,
    reason: "sl",
  });
  await enter(bot, { id: "t-3", pair: "BTC/USDT", side: "long", size: 0.15, entry: 61_050, fee: 3.6 });
  // Nobody knows what became of it.
  await bot.admit({ signalId: "t-4", pair: "ETH/USDT", side: "long", size: 1, price: 3_055, orderId: "trend-btc-t-4" });
  await bot.updateOrder("trend-btc-t-4", { status: "unknown" });
}

async function scalpSol(bot: StateManager): Promise<void> {
  await playRound(bot, {
    id: "s-1",
    pair: "SOL/USDT",
    side: "long",
    size: 60,
    entry: 149.1,
    exit: 147.2,
    fee: 3,
    reason: "sl",
  });
  await playRound(bot, {
    id: "s-2",
    pair: "SOL/USDT",
    side: "long",
    size: 60,
    entry: 147.4,
    exit: 144.5,
    fee: 3,
    reason: "sl",
  });
  for (let at = 0; at < 4; at++) {
    await bot.admit({ signalId: `s-late-${at}`, pair: "SOL/USDT", side: "long", size: 10, price: 145 });
  }
}

async function gridEth(bot: StateManager, folder: string): Promise<void> {
  await playRound(bot, { id: "g-1", pair: "ETH/USDT", side: "long", size: 1, entry: 3_021, exit: 3_064.5, fee: 2.43 });
  await bot.admit({
    signalId: "g-2",
    pair: "ETH/USDT",
    side: "long",
    size: 1.2,
    price: 3_060,
    orderId: "grid-eth-g-2",
  });
  await waitForPerson(bot, folder, "grid-eth-g-2");
}

/** A position that nobody made, and an entry that was filled while nobody looked: what to do about them waits for a person. */
export async function waitForPerson(bot: StateManager, folder: string, entry?: string): Promise<void> {
  const file = join(folder, `paper-${bot.flowId}.jsonl`);
  await using exchange = new PaperExchange({ file, clock: () => Date.now() - 60_000 });
  await exchange.setPrice("ETH/USDT", 3_060);
  await exchange.setPrice("LTC/USDT", 84);
  if (entry !== undefined) {
    const order = { clientOrderId: entry, pair: "ETH/USDT", side: "buy", size: 1.2, type: "market" } as const;
    await exchange.createOrder({ ...order, reduceOnly: false });
  }
  await exchange.trade({ pair: "LTC/USDT", side: "sell", size: 40 });
  await recover(bot, exchange, { mode: "manual" });
}
