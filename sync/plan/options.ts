import type { Duration } from "../../src/config/duration.js";
import { InvalidArgumentError } from "../../src/errors.js";
import * as check from "../../src/manager/check.js";
import type { StateManager } from "../../src/manager/state-manager.js";
import {
  ORPHAN_ACTIONS,
  type OrphanAction,
  RECOVERY_MODES,
  type RecoveryMode,
  UNEXPLAINED_ACTIONS,
  type UnexplainedAction,
} from "../../src/words/word-lists.js";

export type { OrphanAction, RecoveryMode, UnexplainedAction };

/** Which pairs and ids of the account are the flow's. Absent: all. */
export interface Ours {
  /** Only these pairs are looked at. */
  readonly pairs?: readonly string[];
  /** Client order ids that begin so are the flow's: for ids from before flows had digests. */
  readonly clientOrderIdPrefix?: string;
}

export type Rates = (currency: string, at: Date) => number | undefined | Promise<number | undefined>;

/** What a recovery is doing. */
export interface Progress {
  /**
   * `lease`: another process recovers; `asking`: a request to the exchange; `acting` and `done`: an action begins and ends; `waiting`: for something that
   * is not settled yet, or for a person.
   */
  readonly at: "lease" | "asking" | "acting" | "done" | "waiting";
  /** In words: `binance: fills of BTC/USDT since ...`. */
  readonly what: string;
  /** ms since the recovery was called. */
  readonly elapsed: number;
}

export interface RecoveryOptions {
  /** Default: `recovery.mode` of the configuration. */
  readonly mode?: RecoveryMode;
  /** Default: `recovery.orphan_positions` of the configuration. */
  readonly orphanPositions?: OrphanAction;
  /** Default: `recovery.max_state_age` of the configuration. */
  readonly maxStateAge?: Duration;
  /** Only plan: change neither state nor exchange. */
  readonly dryRun?: boolean;
  /** How many readings of the positions have to agree; default and least 2. */
  readonly confirmations?: number;
  /** Pause between two such readings; default 250ms. */
  readonly confirmDelay?: Duration;
  /**
   * A request that has no answer after this time has failed; default 30s, at most 24h. A walk over many pages may take longer. If the adapter does not
   * bound its requests (`Exchange.bounded`), this is the time of each call.
   */
  readonly timeout?: Duration;
  /** Positions can lag behind fills: a difference that fills younger than this could explain waits. Default 10s. */
  readonly settle?: Duration;
  /** Sizes that differ by less than this fraction are the same; default 1e-9. */
  readonly tolerance?: number;
  /** The smallest size of an order, base currency; default: the exchange's own. Smaller positions are dust. */
  readonly minSize?: number | Readonly<Record<string, number>>;
  /** An order that the exchange does not know is given up once it is older than this; default 60s. */
  readonly grace?: Duration;
  /** Default: `recovery.ours` of the configuration. */
  readonly ours?: Ours;
  /** The account is this flow's alone; default `recovery.exclusive_account` of the configuration. */
  readonly exclusiveAccount?: boolean;
  /** What happens to a position that is gone and that no fill explains; default `recovery.unexplained` of the configuration. */
  readonly unexplained?: UnexplainedAction;
  /**
   * Value of one unit of a currency in the flow's currency at that time; undefined: not known. Asked for each fill to be booked whose result or fee is in
   * another currency.
   */
  readonly rates?: Rates;
  /** Aborts the recovery, which rejects with the signal's reason: nothing more is sent, the recovery stays unfinished, entries stay blocked. */
  readonly signal?: AbortSignal;
  /** Called with what the recovery does and what it waits for. */
  readonly onProgress?: (progress: Progress) => void;
  /** Hash of a plan that a person has approved. */
  readonly approve?: string;
  /** How long to wait for another process's recovery, for instance of a process that died; default 15s. */
  readonly wait?: Duration;
  /** Another process may resume the recovery this long after its process died; default 10s. */
  readonly ttl?: Duration;
  /** How long to go on while the plan stays the same. Default 60s. */
  readonly deadline?: Duration;
}

/** The options, checked and with their defaults; times in ms. */
export interface ResolvedOptions {
  readonly mode: RecoveryMode;
  readonly orphanPositions: OrphanAction;
  readonly maxStateAge: number;
  readonly dryRun: boolean;
  readonly confirmations: number;
  readonly confirmDelay: number;
  readonly timeout: number;
  readonly settle: number;
  readonly tolerance: number;
  readonly minSize: number | Readonly<Record<string, number>> | undefined;
  readonly grace: number;
  readonly ours: Ours;
  readonly exclusiveAccount: boolean;
  readonly unexplained: UnexplainedAction;
  readonly rates: Rates | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (progress: Progress) => void;
  readonly approve: string | undefined;
  readonly wait: number;
  readonly ttl: number;
  readonly deadline: number;
}

/** Throws an InvalidArgumentError that names the option and what was expected. */
export function resolveOptions(mgr: StateManager, options: RecoveryOptions): ResolvedOptions {
  const o = check.fields("options", options, [
    "mode",
    "orphanPositions",
    "maxStateAge",
    "dryRun",
    "confirmations",
    "confirmDelay",
    "timeout",
    "settle",
    "tolerance",
    "minSize",
    "grace",
    "ours",
    "exclusiveAccount",
    "unexplained",
    "rates",
    "signal",
    "onProgress",
    "approve",
    "wait",
    "ttl",
    "deadline",
  ]);
  const { recovery } = mgr.config;
  const duration = (name: string, value: Duration | undefined, usual: number) =>
    check.optionalDuration(`options.${name}`, value) ?? usual;
  const confirmations =
    o.confirmations === undefined ? 2 : check.optionalCount("options.confirmations", o.confirmations);
  if (confirmations < 2 || confirmations > 20) bad("confirmations", "2 to 20", confirmations);
  const tolerance = check.notNegative("options.tolerance", o.tolerance ?? 1e-9);
  if (tolerance > 0.01) bad("tolerance", "a fraction of at most 0.01", tolerance);
  return {
    mode: oneOf("mode", RECOVERY_MODES, o.mode ?? recovery.mode),
    orphanPositions: oneOf("orphanPositions", ORPHAN_ACTIONS, o.orphanPositions ?? recovery.orphan_positions),
    maxStateAge: duration("maxStateAge", o.maxStateAge, recovery.max_state_age),
    dryRun: check.flag("options.dryRun", o.dryRun),
    confirmations,
    confirmDelay: duration("confirmDelay", o.confirmDelay, 250),
    timeout: callTimeout(duration("timeout", o.timeout, 30_000)),
    settle: duration("settle", o.settle, 10_000),
    tolerance,
    minSize: minSizes(o.minSize),
    grace: duration("grace", o.grace, 60_000),
    ours: ours(o.ours) ?? configuredOurs(recovery.ours),
    exclusiveAccount:
      o.exclusiveAccount === undefined ? recovery.exclusive_account : flag("exclusiveAccount", o.exclusiveAccount),
    unexplained: oneOf("unexplained", UNEXPLAINED_ACTIONS, o.unexplained ?? recovery.unexplained),
    rates: functionIfGiven("rates", o.rates),
    signal: o.signal,
    onProgress: functionIfGiven("onProgress", o.onProgress) ?? (() => {}),
    approve: check.optionalId("options.approve", o.approve),
    wait: duration("wait", o.wait, 15_000),
    ttl: duration("ttl", o.ttl, 10_000),
    deadline: duration("deadline", o.deadline, 60_000),
  };
}

function callTimeout(ms: number): number {
  return ms >= 1 && ms <= 86_400_000 ? ms : bad("timeout", "1ms to 24h", ms);
}

function minSizes(value: RecoveryOptions["minSize"]): ResolvedOptions["minSize"] {
  if (value === undefined) return undefined;
  if (typeof value === "number") return check.notNegative("options.minSize", value);
  for (const [pair, size] of Object.entries(check.fields("options.minSize", value, Object.keys(value)))) {
    check.notNegative(`options.minSize.${pair}`, size);
  }
  return value;
}

function configuredOurs({ pairs, client_order_id_prefix: prefix }: StateManager["config"]["recovery"]["ours"]): Ours {
  return { ...(pairs !== undefined && { pairs }), ...(prefix !== undefined && { clientOrderIdPrefix: prefix }) };
}

function flag(name: string, value: boolean): boolean {
  return check.flag(`options.${name}`, value);
}

function functionIfGiven<F>(name: string, value: F | undefined): F | undefined {
  return value === undefined || typeof value === "function" ? value : bad(name, "a function", typeof value);
}

function ours(value: Ours | undefined): Ours | undefined {
  if (value === undefined) return undefined;
  const { pairs, clientOrderIdPrefix } = check.fields("options.ours", value, ["pairs", "clientOrderIdPrefix"]);
  return {
    ...(pairs !== undefined && { pairs: check.list("options.ours.pairs", pairs, check.pair) }),
    ...(clientOrderIdPrefix !== undefined && {
      clientOrderIdPrefix: check.id("options.ours.clientOrderIdPrefix", clientOrderIdPrefix),
    }),
  };
}

function oneOf<T extends string>(name: string, known: readonly T[], value: T): T {
  return known.includes(value) ? value : bad(name, `one of ${known.join(", ")}`, value);
}

function bad(name: string, expected: string, got: unknown): never {
  throw new InvalidArgumentError(`options.${name}: expected ${expected}, got ${JSON.stringify(got)}`);
}
