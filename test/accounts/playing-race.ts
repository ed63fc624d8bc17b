/**
 * Bots of three flows in two accounts, each behind proxies that lose requests and replies, race under the limits of both; some are killed.
 * An operator resets what trips, raises the limits of the day's loss, trips breakers by hand, and moves, copies and restores flows. Judged by `judge.ts`.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { resolveConfig } from "../../src/config/schema.js";
import { type Config, CorruptStateError, StateLostError, StateManager } from "../../src/index.js";
import { BackupFile } from "../../src/transfer/backup-file.js";
import { copyFlow } from "../../src/transfer/copy-flow.js";
import type { FlowPlace } from "../../src/transfer/flow-place.js";
import { RedisPlace } from "../../src/transfer/redis-place.js";
import { seededRandom } from "../../sync/demo/seeded-random.js";
import { bundle } from "../bundle.js";
import { makeFolder, removeFolder } from "../servers/folder.js";
import { type FaultProxy, startProxy } from "../servers/proxy.js";
import { judge, type Race, type Verdict } from "./judge.js";
import { known } from "./known.js";
import {
  ACCOUNT_LOSS,
  ACCOUNTS,
  type Assignment,
  COPIED,
  COPY,
  configOf,
  FLOW_LOSS,
  FLOWS,
  MOVER,
  ownerOf,
  RESTORED,
} from "./race.js";
import { Witness } from "./witness.js";

/** Where a race is run: one server, or the masters of a cluster. They must be empty. */
export interface RaceCourse {
  readonly nodes: readonly { readonly port: number; readonly url: string }[];
  /** In a cluster, which of them has a key. */
  readonly nodeOf?: (key: string) => Promise<number>;
}

export interface RacePlan {
  readonly seed: number;
  readonly bots: number;
  /** What each bot does so many times. */
  readonly steps: number;
  readonly kills: number;
  /** Rounds of moves, copies and restores. */
  readonly rounds: number;
}

export interface RaceReport {
  readonly verdict: Verdict;
  readonly race: Race;
  readonly kills: number;
  readonly moves: number;
  /** What was put in the place of a flow that was not the same, in order: `b inside` its account, or outside. */
  readonly putBack: readonly string[];
  readonly lostReplies: number;
  readonly lostRequests: number;
}

type Connection = NonNullable<Config["redis"]>;

const RATES = { refuse: 0.1, dropRequest: 0.004, dropReply: 0.01, swallowReply: 0.001, delayReply: 0.02, delayMs: 20 };

const PROGRAM = await bundle(new URL("racer.ts", import.meta.url));

export async function playRace(
  course: RaceCourse,
  { seed, bots, steps, kills, rounds }: RacePlan,
): Promise<RaceReport> {
  const random = seededRandom(seed, 0);
  const inCluster = course.nodeOf !== undefined;
  const direct: Connection = { url: course.nodes[0]?.url ?? "", ...(inCluster && { cluster: true }) };
  using witness = new Witness(course.nodes.map(({ url }) => url));
  await witness.begin();
  const lines: Line[] = [];
  // The watchers have lost replies, too.
  for (let line = 0; line <= bots; line++) lines.push(await Line.start(course));
  const proxies = lines.flatMap((line) => line.proxies);
  const crowd = new Crowd(seed, steps, lines.slice(0, bots));
  const closing = new AbortController();
  const operators: StateManager[] = [];
  const folder = await makeFolder();
  try {
    for (const { flowId, account } of FLOWS) {
      const operator = await StateManager.open(flowId, configOf(flowId, direct, "10s"), { instanceId: "operator" });
      operators.push(operator);
      if (flowId === MOVER) await operator.joinAccount(account);
    }
    const watched = new Map<string, string[]>();
    const watchers: Promise<void>[] = [];
    const watching = lines[bots]?.connection ?? direct;
    for (const { flowId } of FLOWS) {
      if (flowId === MOVER) continue;
      const watcher = await StateManager.open(flowId, configOf(flowId, watching, "10s"), { instanceId: "watcher" });
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
      const [risk, prefix] = inCluster ? [`sf:@{${account}}:risk`, `sf:{${account}}:`] : [`sf:@${account}:risk`, "sf:"];
      const keys = ids.flatMap((flowId) => [`${prefix}${flowId}:risk:exposure`, `${prefix}${flowId}:risk:daily`]);
      const found = await witness.look((await course.nodeOf?.(risk)) ?? 0, [risk, ...keys]);
      looks.set(found.look, { account, hashes: found.hashes });
      return found.hashes[0] ?? new Map<string, string>();
    };

    const operatorOf = (flowId: string) => {
      const operator = operators[FLOWS.findIndex((flow) => flow.flowId === flowId)];
      if (!operator) throw new Error(`nobody operates flow ${flowId}`);
      return operator;
    };
    /** By a call of the operator's, who connects again where another flow is in the place of the one that it had opened. */
    const operate = async (flowId: string, act: (on: StateManager) => Promise<unknown>) => {
      const operator = operatorOf(flowId);
      try {
        await act(operator);
      } catch (error) {
        if (!(error instanceof StateLostError)) throw error;
        await operator.close();
        await operator.connect();
        await act(operator);
      }
    };
    const backups = new Map<string, number[]>(FLOWS.map(({ flowId }) => [flowId, []]));
    const { redis } = resolveConfig({ backend: "redis", redis: direct });
    /** Copies a flow to another place, whence it is to be put back. */
    const keep = async (flowId: string, aside: FlowPlace, toFlow: string) => {
      using place = await RedisPlace.connect(redis, flowId);
      await copyFlow(place, aside, { replace: true, toFlow });
      backups.get(flowId)?.push((await aside.read())?.layout.entries["events:log"].length ?? 0);
    };
    let moverIs: "inside" | "outside" = "inside";
    const restored: string[] = [];
    const putBack = async (flowId: string, aside: FlowPlace) => {
      using place = await RedisPlace.connect(redis, flowId);
      try {
        const { outcome } = await copyFlow(aside, place, { replace: true, toFlow: flowId });
        // Nothing had been done since.
        if (outcome === "already there") return void backups.get(flowId)?.pop();
      } catch (error) {
        // It is in its place, and bots trade on it already.
        if (!(error instanceof CorruptStateError && error.message.includes("holds the copy"))) throw error;
      }
      restored.push(`${flowId} ${flowId === MOVER ? moverIs : "inside"}`);
    };
    const files = new Map<string, BackupFile>();
    const backUp = async (flowId: string) => {
      const file = new BackupFile(join(folder, `${flowId}-${backups.get(flowId)?.length}.json`));
      await keep(flowId, file, flowId);
      files.set(flowId, file);
    };
    const restore = async (flowId: string) => {
      const file = files.get(flowId);
      if (!file) throw new Error(`there is no backup of ${flowId}`);
      await putBack(flowId, file);
    };
    const copy = async () => {
      using aside = await RedisPlace.connect(redis, COPY);
      await keep(COPIED, aside, COPY);
    };
    const replaceByCopy = async () => {
      using aside = await RedisPlace.connect(redis, COPY);
      await putBack(COPIED, aside);
    };
    const moves: (() => Promise<unknown>)[] = [];
    const { account: home } = FLOWS.find(({ flowId }) => flowId === MOVER) ?? FLOWS[0];
    const leave = async () => {
      await operate(MOVER, (on) => on.leaveAccount());
      moverIs = "outside";
    };
    const enter = async () => {
      await operate(MOVER, (on) => on.joinAccount(home));
      moverIs = "inside";
    };
    const [takeBackup, restoreMover] = [() => backUp(MOVER), () => restore(MOVER)];
    for (let round = 0; round < rounds; round++) {
      moves.push(copy, () => backUp(RESTORED));
      // Restored inside, and outside: each time from a backup that was taken elsewhere, or in the same place.
      moves.push(takeBackup, restoreMover, leave, takeBackup, replaceByCopy, enter, restoreMover);
      moves.push(leave, takeBackup, () => restore(RESTORED), restoreMover, enter);
    }

    crowd.start();
    let killed = 0;
    let moved = 0;
    while (crowd.running > 0) {
      for (const account of ACCOUNTS) {
        const isTripped = (await look(account)).has("breaker_reason");
        const flowId = FLOWS.find((flow) => flow.account === account)?.flowId ?? "";
        const raiseLoss = () => {
          const max_daily_loss = raised(`@${account}`);
          return operate(flowId, (on) => on.setAccountLimits({ max_daily_loss }));
        };
        if (isTripped) {
          // In either order: with the limit still reached, the next loss is due again.
          if (random() < 0.5) await raiseLoss();
          await operate(flowId, (on) => on.resetAccountBreaker("on with it"));
          await raiseLoss();
        } else if (random() < 0.01)
          await operate(flowId, (on) => on.triggerAccountBreaker("by hand", { duration: "until_reset" }));
      }
      for (const { flowId } of FLOWS) {
        let isActive = false;
        await operate(flowId, async (on) => (isActive = (await on.getCircuitBreaker()).active));
        if (!isActive) continue;
        await operate(flowId, (on) => on.resetCircuitBreaker("on with it"));
        const max_daily_loss = raised(flowId);
        await operate(flowId, (on) => on.setRiskLimits({ max_daily_loss }));
      }
      if (moved < moves.length && crowd.done > ((moved + 1) * bots * steps) / (moves.length + 2)) {
        await moves[moved++]?.();
      }
      if (killed < kills && crowd.done > ((killed + 1) * bots * steps) / (kills + 2)) {
        crowd.replace(Math.floor(random() * bots));
        killed++;
      }
    }
    await crowd.over();
    for (const proxy of proxies) proxy.calm();
    for (const account of ACCOUNTS) await look(account);
    const race = { steps: await witness.steps(), looks, told: crowd.told, watched, backups, inCluster };
    await seenAll(race);
    closing.abort();
    await Promise.all(watchers);
    const lost = (of: (proxy: FaultProxy) => number) => proxies.reduce((sum, proxy) => sum + of(proxy), 0);
    return {
      verdict: judge(race),
      race,
      kills: killed,
      moves: moved,
      putBack: restored,
      lostReplies: lost(({ stats }) => stats.lostReplies),
      lostRequests: lost(({ stats }) => stats.lostRequests),
    };

    /** A limit of the day's loss, one higher than it was. */
    function raised(of: string): number {
      const limit = (lossOf.get(of) ?? 0) + 1;
      lossOf.set(of, limit);
      return limit;
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

/** A way to the servers through proxies of its own. */
class Line {
  private constructor(
    readonly proxies: readonly FaultProxy[],
    readonly connection: Connection,
  ) {}

  static async start({ nodes, nodeOf }: RaceCourse): Promise<Line> {
    const proxies: FaultProxy[] = [];
    const natMap: Record<string, string> = {};
    for (const { port } of nodes) {
      const proxy = await startProxy(port);
      proxies.push(proxy);
      natMap[`127.0.0.1:${port}`] = `127.0.0.1:${proxy.port}`;
    }
    const url = proxies[0]?.url ?? "";
    return new Line(proxies, nodeOf ? { url, cluster: true, nat_map: natMap } : { url });
  }
}

/** What comes from an account, from its beginning anew where another flow is in the place of the one that it had opened. */
async function watch(watcher: StateManager, signal: AbortSignal, seen: string[]): Promise<void> {
  while (!signal.aborted) {
    seen.length = 0;
    try {
      for await (const event of watcher.watch({ after: "0-0", signal }))
        if (event.type.startsWith("account_")) seen.push(event.id);
    } catch (error) {
      if (!(error instanceof StateLostError)) throw error;
      await reconnect(watcher);
    }
  }
}

async function reconnect(watcher: StateManager): Promise<void> {
  for (;;) {
    await watcher.close();
    try {
      await known(() => watcher.connect());
      return;
    } catch (error) {
      if (!(error instanceof StateLostError)) throw error;
    }
  }
}

/** Resolves when each watcher has seen the account's last event, or has had ten seconds for it. */
async function seenAll({ steps, watched }: Race): Promise<void> {
  const all = steps.flatMap(({ entries }) => entries);
  for (const { flowId, account } of FLOWS) {
    if (flowId === MOVER) continue;
    const last = all.findLast(({ key }) => ownerOf(key)?.owner === `@${account}`)?.id ?? "";
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
    /** Of each bot. */
    private readonly lines: readonly Line[],
  ) {}

  start(): void {
    for (const at of this.lines.keys()) this.#employ(at);
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
    const config = configOf(flowId, this.lines[at]?.connection ?? {}, "2s");
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
