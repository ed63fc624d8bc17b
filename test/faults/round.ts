import type { Duration } from "../../src/config/duration.js";
import { seededRandom } from "../../sync/demo/seeded-random.js";
import { makeFolder, removeFolder } from "../servers/folder.js";
import { type FaultProxy, startProxy } from "../servers/proxy.js";
import type { RedisServer } from "../servers/redis.js";
import { audit, type Findings } from "./audit.js";
import { work } from "./crew.js";
import { flowConfig, prepareFlow } from "./flow.js";
import type { Plan } from "./plan.js";
import { readRecord } from "./record.js";
import { type Trouble, Troublemaker } from "./trouble.js";

export interface Round {
  readonly plan: Plan;
  readonly flowId: string;
  /** What strikes besides what befalls single requests and replies; one that stands here twice is twice as likely. */
  readonly troubles: readonly Trouble[];
  onProgress?(done: number): void;
}

/** What was found, and how often what went wrong. */
export interface RoundReport extends Findings {
  readonly faults: ReadonlyMap<string, number>;
}

const COMMAND_TIMEOUT: Duration = "2s";

/** Tasks that each worker has in flight. */
const LANES = 4;

const RATES = { refuse: 0.1, dropRequest: 0.004, dropReply: 0.008, swallowReply: 0.002, delayReply: 0.02, delayMs: 30 };

/**
 * Lets the plan's workers loose on a flow, each behind a proxy of its own that loses, delays and refuses at random, one reply at least,
 * while troubles strike. What goes wrong is drawn from the plan's seed; when, depends on the machine, too. Audits the outcome.
 */
export async function playRound(redis: RedisServer, round: Round): Promise<RoundReport> {
  const { plan, flowId, troubles, onProgress } = round;
  const folder = await makeFolder();
  const proxies: FaultProxy[] = [];
  try {
    for (let worker = 0; worker < plan.workers; worker++) {
      const proxy = await startProxy(redis.port);
      proxies.push(proxy);
      proxy.chaos(plan.seed * 100 + worker, { rates: RATES });
      proxy.dropReplies(1, "evalsha");
    }
    await prepareFlow(flowId, flowConfig(redis.url, "10s"), plan);
    const troublemaker = new Troublemaker(redis, proxies, troubles, seededRandom(plan.seed, 1_000));
    const configOf = (worker: number) => flowConfig(proxies[worker]?.url ?? "", COMMAND_TIMEOUT);
    const outcomes = await work({ plan, flowId, folder, lanes: LANES, configOf }, (crew) => {
      onProgress?.(crew.done);
      troublemaker.maybeStrike(crew);
    });
    await troublemaker.over();
    const { discrepancies, ...findings } = audit(plan, outcomes, await readRecord(redis.port, flowId));
    const killed = (troublemaker.counts.get("kill a process") ?? 0) * LANES;
    const untold =
      findings.untold > killed ? [`${findings.untold} tasks untold, and ${killed} in flight at kills`] : [];
    const faults = new Map([...lossesOf(proxies), ...troublemaker.counts]);
    return { ...findings, discrepancies: [...discrepancies, ...untold], faults };
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    await removeFolder(folder);
  }
}

function lossesOf(proxies: readonly FaultProxy[]): [string, number][] {
  const sum = (of: (stats: FaultProxy["stats"]) => number) =>
    proxies.reduce((total, { stats }) => total + of(stats), 0);
  return [
    ["lose a request", sum((stats) => stats.lostRequests)],
    ["lose a reply", sum((stats) => stats.lostReplies)],
    ["refuse a connection", sum((stats) => stats.refused)],
  ];
}
