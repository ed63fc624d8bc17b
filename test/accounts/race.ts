/** What the bots of a race, and those who look on, have to know. */
import type { Config } from "../../src/index.js";

export const PAIRS = ["BTC/USDT", "ETH/USDT", "SOL/USDT"] as const;

export const ACCOUNTS = ["one", "two"] as const;

/** Three flows of two accounts. */
export const FLOWS = [
  { flowId: "a", account: "one" },
  { flowId: "b", account: "one" },
  { flowId: "c", account: "two" },
] as const;

/**
 * The flow that leaves its account and joins it again, and is restored from backups wherever it is; its managers name no account, or they would join it
 * when they connect.
 */
export const MOVER = "b";

/** The flow that is copied under another name, in no account, and replaced by its copy. */
export const COPIED = "a";
export const COPY = "a-copy";

/** The flow that is restored from its backups, always in its account. */
export const RESTORED = "c";

export interface Assignment {
  readonly flowId: string;
  readonly config: Config;
  readonly instance: string;
  readonly seed: number;
  readonly steps: number;
}

/** Limits of each flow and of each account. A day's loss goes on from limit to limit: each reset raises them. */
export const OF_FLOW = { max_open_positions: 5, max_positions_per_pair: 3, max_exposure: 700 } as const;
export const OF_ACCOUNT = { max_open_positions: 6, max_positions_per_pair: 4, max_exposure: 800 } as const;
export const FLOW_LOSS = 2;
export const ACCOUNT_LOSS = 2;
export const STARTING_EQUITY = 1_000;

/** Of a day that began a minute ago, so that none begins during the race. */
const DAY_START = new Date(Date.now() - 60_000).toISOString().slice(11, 16);

export function configOf(flowId: string, redis: NonNullable<Config["redis"]>, commandTimeout: "2s" | "10s"): Config {
  const name = FLOWS.find((flow) => flow.flowId === flowId)?.account ?? "";
  const own: Config = {
    backend: "redis",
    redis: { ...redis, command_timeout: commandTimeout },
    risk: { ...OF_FLOW, currency: "USDT", breaker_duration: "until_reset", day_start: DAY_START },
    events: { max_length: 1_000_000 },
  };
  if (flowId === MOVER) return own;
  return {
    ...own,
    account: {
      name,
      currency: "USDT",
      day_start: DAY_START,
      starting_equity: STARTING_EQUITY,
      breaker_duration: "until_reset",
      ...OF_ACCOUNT,
    },
  };
}

/** A signal says what is asked for it, so that who reads a refusal knows what was refused. */
export function signalOf(instance: string, step: number, size: number, price: number): string {
  return `${instance}:${step}:${size}:${price}`;
}

/** All fills of an order come at one price, a little beside the one that it asks. */
export function fillPrice(orderId: string, price: number): number {
  let sum = 0;
  for (const letter of orderId) sum += letter.charCodeAt(0);
  return price + ((sum % 5) - 2) * 0.25;
}

/** Whose a key is, and which: `sf:a:events:log` is the log of a, `sf:@one:events` that of account one. */
export interface KeyOwner {
  /** A flow, or an account with its `@`. */
  readonly owner: string;
  readonly name: string;
  /** In a cluster the account at whose place the flow is; "" = at its own. */
  readonly place: string;
}

/** In a cluster the keys are `sf:{a}:events:log`, in an account `sf:{one}:a:events:log`, and `sf:@{one}:events`. */
export function ownerOf(key: string): KeyOwner | undefined {
  const [, at, account, name] = /^sf:(?:(@)\{?(\w+)\}?):(.*)$/.exec(key) ?? [];
  if (at !== undefined && account !== undefined && name !== undefined) return { owner: at + account, name, place: "" };
  const [, place, flow, log] = /^sf:(?:\{(one|two)\}:)?\{?([^:{}]+)\}?:(.*)$/.exec(key) ?? [];
  return flow === undefined || log === undefined ? undefined : { owner: flow, name: log, place: place ?? "" };
}
