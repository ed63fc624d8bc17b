/**
 * Eight bots of three flows in two accounts, each behind a proxy that loses requests and replies, race under the limits of both; some are killed.
 * An operator resets what trips, raises the limits of the day's loss, and trips breakers by hand. Judged by `judge.ts`.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { resolveConfig } from "../../src/config/schema.js";
import { CorruptStateError, StateLostError, StateManager } from "../../src/index.js";
import { BackupFile } from "../../src/transfer/backup-file.js";
import { copyFlow } from "../../src/transfer/copy-flow.js";
import { RedisPlace } from "../../src/transfer/redis-place.js";
import { seededRandom } from "../../sync/demo/seeded-random.js";
import { bundle } from "../bundle.js";
import { makeFolder, removeFolder } from "../servers/folder.js";
import { type FaultProxy, startProxy } from "../servers/proxy.js";
import type { RedisServer } from "../servers/redis.js";
import { judge, type Race, type Verdict } from "./judge.js";
import { ACCOUNT_LOSS, ACCOUNTS, type Assignment, configOf, FLOW_LOSS, FLOWS, MOVER } from "./race.js";
import { Witness } from "./witness.js";

export interface RacePlan {
  readonly seed: number;
  /** What each bot does so many times. */
  readonly steps: number;
  readonly kills: number;
}

export interface RaceReport {
  readonly verdict: Verdict;
  readonly race: Race;
  readonly kills: number;
  readonly moves: number;
  readonly lostReplies: number;
  readonly lostRequests: number;
}

const BOTS = 8;
/** Rounds of what becomes of the flow that moves. */
const MOVES = 2;
const RATES = { refuse: 0.1, dropRequest: 0.004, dropReply: 0.01, swallowReply: 0.001, delayReply: 0.02, delayMs: 20 };

const PROGRAM = await bundle(new URL("racer.ts", import.meta.url));

/** The server must be empty. */
export async function playRace(redis: RedisServer, { seed, steps, kills }: RacePlan): Promise<RaceReport> {
  const random = seededRandom(seed, 0);
  using witness = new Witness(redis.url);
  await witness.begin();
  const proxies: FaultProxy[] = [];
  for (let bot = 0; bot <= BOTS; bot++) proxies.push(await startProxy(redis.port));
  const crowd = new Crowd(seed, steps, proxies);
  const closing = new AbortController();
  const operators: StateManager[] = [];
  const folder = await makeFolder();
  try {
    for (const { flowId, account } of FLOWS) {
      const operator = await StateManager.open(flowId, configOf(flowId, redis.url, "10s"), { instanceId: "operator" });
      operators.push(operator);
      if (flowId === MOVER) await operator.joinAccount(account);
    }
    const watched = new Map<string, string[]>();
    const watchers: Promise<void>[] = [];
    // The watchers have lost replies, too.
    const url = proxies[BOTS]?.url ?? redis.url;
    for (const { flowId } of FLOWS) {
      if (flowId === MOVER) continue;
      const watcher = await StateManager.open(flowId, configOf(flowId, url, "10s"), { instanceId: "watcher" });
      operators.push(watcher);
      const seen: string[] = [];
      watched.set(flowId, seen);
      watchers.push(watch(watcher, closing.signal, seen));
    }
    const lossOf = new Map<string, number>();
    for (const [at, { flowId, account }] of FLOWS.entries()) {
      lossOf.set(flowId, FLOW_LOSS).set(`@${account}`, ACCOUNT_LOSS);
      await operators[at]?.setRiskLimits({ max_daily_loss: FLOW_LOSS });
      await operators[at]?.setAccountLimits({ max_daily_loss: ACCOUNT_LOSS });
    }
    for (const [at, proxy] of proxies.entries()) {
      proxy.chaos(seed * 100 + at, { rates: RATES });
      proxy.dropReplies(1, "evalsha");
    }

    const looks = new Map<string, { account: string; hashes: Map<string, string>[] }>();
    const look = async (account: string) => {
      const ids = FLOWS.filter((flow) => flow.account === account).map(({ flowId }) => flowId);
      const keys = ids.flatMap((flowId) => [`sf:${flowId}:risk:exposure`, `sf:${flowId}:risk:daily`]);
      const found = await witness.look([`sf:@${account}:risk`, ...keys]);
      looks.set(found.look, { account, hashes: found.hashes });
      return found.hashes[0] ?? new Map<string, string>();
    };

    const mover = operators[FLOWS.findIndex(({ flowId }) => flowId === MOVER)];
    if (!mover) throw new Error(`nobody operates flow ${MOVER}`);
    /** By a call of the operator's, who connects again where another flow is in the place of the one that it had opened. */
    const operate = async (operator: StateManager | undefined, act: (on: StateManager) => Promise<unknown>) => {
      if (!operator) throw new Error("nobody operates the flow");
      try {
        await act(operator);
      } catch (error) {
        if (!(error instanceof StateLostError)) throw error;
        await operator.close();
        await operator.connect();
        await act(operator);
      }
    };
    const backups: number[] = [];
    using place = await RedisPlace.connect(resolveConfig({ backend: "redis", redis: { url: redis.url } }).redis, MOVER);
    let backup: BackupFile | undefined;
    const moves: (() => Promise<unknown>)[] = [];
    const { account: home } = FLOWS.find(({ flowId }) => flowId === MOVER) ?? FLOWS[0];
    for (let round = 0; round < MOVES; round++) {
      const takeBackup = async () => {
        backup = new BackupFile(join(folder, `${backups.length}.json`));
        await copyFlow(place, backup, { replace: false });
        backups.push((await backup.read())?.layout.entries["events:log"].length ?? 0);
      };
      const restore = async () => {
        if (!backup) throw new Error("there is no backup");
        try {
          await copyFlow(backup, place, { replace: true });
        } catch (error) {
          // It is in its place, and bots trade on it already.
          if (!(error instanceof CorruptStateError && error.message.includes("holds the copy"))) throw error;
        }
      };
      const leave = () => operate(mover, (on) => on.leaveAccount());
      const enter = () => operate(mover, (on) => on.joinAccount(home));
      // Restored inside, and outside: each time from a backup that was taken elsewhere, or in the same place.
      moves.push(takeBackup, restore, leave, ...[takeBackup, enter], restore, leave, takeBackup, restore, enter);
    }

    crowd.start();
    let killed = 0;
    let moved = 0;
    while (crowd.running > 0) {
      for (const account of ACCOUNTS) {
        const isTripped = (await look(account)).has("breaker_reason");
        const operator = operators[FLOWS.findIndex((flow) => flow.account === account)];
        if (isTripped) {
          // In either order: with the limit still reached, the next loss is due again.
          if (random() < 0.5)
            await raise(`@${account}`, (max_daily_loss) => operator?.setAccountLimits({ max_daily_loss }));
          await operator?.resetAccountBreaker("on with it");
          await raise(`@${account}`, (max_daily_loss) => operator?.setAccountLimits({ max_daily_loss }));
        } else if (random() < 0.01) await operator?.triggerAccountBreaker("by hand", { duration: "until_reset" });
      }
      for (const [at, { flowId }] of FLOWS.entries()) {
        await operate(operators[at], async (operator) => {
          if (!(await operator.getCircuitBreaker()).active) return;
          await operator.resetCircuitBreaker("on with it");
          await raise(flowId, (max_daily_loss) => operator.setRiskLimits({ max_daily_loss }));
        });
      }
      if (moved < moves.length && crowd.done > ((moved + 1) * BOTS * steps) / (moves.length + 2)) {
        await moves[moved++]?.();
      }
      if (killed < kills && crowd.done > ((killed + 1) * BOTS * steps) / (kills + 2)) {
        crowd.replace(Math.floor(random() * BOTS));
        killed++;
      }
    }
    await crowd.over();
    for (const proxy of proxies) proxy.calm();
    for (const account of ACCOUNTS) await look(account);
    const race = { steps: await witness.steps(), looks, told: crowd.told, watched, backups };
    await seenAll(race);
    closing.abort();
    await Promise.all(watchers);
    const lost = (of: (proxy: FaultProxy) => number) => proxies.reduce((sum, proxy) => sum + of(proxy), 0);
    return {
      verdict: judge(race),
      race,
      kills: killed,
      moves: moved,
      lostReplies: lost(({ stats }) => stats.lostReplies),
      lostRequests: lost(({ stats }) => stats.lostRequests),
    };

    /** A limit of the day's loss goes up. */
    async function raise(of: string, set: (limit: number) => Promise<unknown> | undefined): Promise<void> {
      const limit = (lossOf.get(of) ?? 0) + 1;
      lossOf.set(of, limit);
      await set(limit);
    }
  } finally {
    closing.abort();
    crowd.end();
    for (const proxy of proxies) proxy.calm();
    for (const operator of operators) await operator.close();
    for (const proxy of proxies) await proxy.stop();
    await removeFolder(folder);
  }
}

async function watch(watcher: StateManager, signal: AbortSignal, seen: string[]): Promise<void> {
  for await (const event of watcher.watch({ after: "0-0", signal }))
    if (event.type.startsWith("account_")) seen.push(event.id);
}

/** Resolves when each watcher has seen the account's last event, or has had ten seconds for it. */
async function seenAll({ steps, watched }: Race): Promise<void> {
  const all = steps.flatMap(({ entries }) => entries);
  for (const { flowId, account } of FLOWS) {
    if (flowId === MOVER) continue;
    const last = all.findLast(({ key }) => key === `sf:@${account}:events`)?.id ?? "";
    await until(() => watched.get(flowId)?.includes(last) === true);
  }
}

async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!holds() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** The bots, and what they were told. */
class Crowd {
  readonly told = new Map<string, string>();
  running = 0;
  /** Steps of all bots. */
  done = 0;
  #started = 0;
  readonly #bots: ChildProcess[] = [];
  readonly #killed = new WeakSet<ChildProcess>();
  readonly #exits: Promise<void>[] = [];

  constructor(
    private readonly seed: number,
    private readonly steps: number,
    private readonly proxies: readonly FaultProxy[],
  ) {}

  start(): void {
    for (let at = 0; at < BOTS; at++) this.#employ(at);
  }

  /** Kills a bot with SIGKILL; another takes its place. */
  replace(at: number): void {
    const bot = this.#bots[at];
    if (bot) this.#killed.add(bot);
    bot?.kill("SIGKILL");
    this.#employ(at);
  }

  /** Rejects with what a bot printed that failed. */
  async over(): Promise<void> {
    await Promise.all(this.#exits);
  }

  end(): void {
    for (const bot of this.#bots) bot.kill("SIGKILL");
  }

  #employ(at: number): void {
    const { flowId } = FLOWS[at % FLOWS.length] ?? FLOWS[0];
    const number = this.#started++;
    const config = configOf(flowId, this.proxies[at]?.url ?? "", "2s");
    const instance = `bot-${at}.${number}`;
    const assignment: Assignment = { flowId, config, instance, seed: this.seed * 100 + number, steps: this.steps };
    const bot = fork(PROGRAM, [JSON.stringify(assignment)], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      execArgv: [],
    });
    let errors = "";
    bot.stderr?.on("data", (data) => (errors += String(data)));
    bot.on("message", (message: { step?: number; signalId?: string; told?: string }) => {
      if (message.signalId !== undefined) this.told.set(message.signalId, message.told ?? "");
      else this.done++;
    });
    this.running++;
    this.#bots[at] = bot;
    const exit = once(bot, "close").then(([code]) => {
      this.running--;
      if (code !== 0 && !this.#killed.has(bot))
        throw new Error(`${instance} of ${flowId} ended with ${code}: ${errors}`);
    });
    exit.catch(() => {}); // told by `over`
    this.#exits.push(exit);
  }
}
