import type { KeyName } from "../layout/keys.js";
import type { FlowState } from "../state/flow-state.js";
import type { ArgumentMap, RestArguments } from "./arguments.js";

/** A script's reply: a tag, then strings (and, in a few reads, lists). The call's number, always last, is removed. */
export type Reply = readonly ReplyPart[];
export type ReplyPart = string | readonly ReplyPart[];

/** Who calls, when, and under which lease: the same for every change. */
export interface Call {
  /** The flow's clock, ms. */
  readonly now: number;
  readonly instance: string;
  /** Events kept; 0 = none. */
  readonly maxEvents: number;
  /** Token of the lease under which the caller acts; empty if no lease is needed. */
  readonly lease: string;
}

/** A script that Redis runs: `lua/{name}.lua`. */
export interface Script<Args, Result> {
  /** The name of the Lua file. */
  readonly name: string;
  /** `open` makes or finds the flow itself; the others work on an open flow. */
  readonly kind: "open" | "read" | "change";
  /** KEYS, after those that every script of this kind has. */
  readonly keys: readonly KeyName[];
  /** The script handles all of `keys` alike, in a loop, without naming them: it works on every key of a flow. */
  readonly loopsOverKeys?: true;
  /** It may use its flow's account, whatever its keys are. */
  readonly asksAccount?: true;
  /** The account whose keys a call uses, if it is not the flow's own. */
  accountOf?(args: Args): string;
  /** ARGV, after those that every script of this kind has. */
  readonly args: ArgumentMap<Args>;
  readonly rest?: RestArguments<Args>;
  /** Words for arguments whose name means something else here than in `argument-words.ts`. */
  readonly words?: Readonly<Record<string, string>>;
  decode(reply: Reply): Result;
}

/** Has Redis run a script that reads. */
export type Ask = <Args, Result>(script: Script<Args, Result>, args: Args) => Promise<Result>;

/**
 * One atomic operation on a flow, as a value that a backend interprets. Redis runs `lua/{name}.lua`; memory and DuckDB run `apply`. The two are twins, with
 * the same order: validate, read, decide, write, reply.
 */
export interface Operation<Args, Result> extends Script<Args, Result> {
  /**
   * Replaces the script when the flow uses the server's clock: Redis does nothing else while a script runs, and a script with a long answer runs long.
   * Returns the state at one moment, as the operation's script does.
   */
  readonly inParts?: (ask: Ask, args: Args) => Promise<Result>;
  /** Either throws before it changes anything, or makes all its changes. */
  apply(state: FlowState, args: Args, call: Call): Result;
}

/** Any operation, for inspection, not for calling. */
export type AnyOperation = Operation<never, unknown>;

/** The first KEYS of every script of the kind. */
export const COMMON_KEYS = {
  open: ["flow:meta"],
  read: ["flow:meta"],
  change: ["flow:meta", "execution:call", "events:log", "execution:lease"],
} as const satisfies Record<string, readonly KeyName[]>;

/** The first ARGV of every script of the kind. */
export const COMMON_ARGV = {
  open: ["call", "clock"],
  read: ["call", "epoch", "clock"],
  change: ["call", "epoch", "clock", "instance", "lease", "max_events", "proof"],
} as const;

/** KEYS after a script's own, if it may use its flow's account; only for a flow that is in one. */
export const ACCOUNT_KEYS = ["account:risk", "account:events"] as const satisfies readonly KeyName[];

/** Whether an operation may change or read its flow's account, judged by its keys. */
export function mayAskAccount({
  keys,
  loopsOverKeys,
  asksAccount,
}: Pick<AnyOperation, "keys" | "loopsOverKeys" | "asksAccount">): boolean {
  if (loopsOverKeys || keys.includes("account:risk")) return false;
  if (asksAccount) return true;
  return keys.includes("risk:daily") || keys.includes("risk:exposure");
}

/** The text at an index of a reply. */
export function text(reply: Reply, at: number): string {
  const value = reply[at];
  if (typeof value !== "string") throw new TypeError(`reply[${at}]: expected a string, got ${JSON.stringify(value)}`);
  return value;
}

/** The texts of a reply from an index on. */
export function texts(reply: Reply, from: number): readonly string[] {
  return reply.slice(from).map((_, at) => text(reply, from + at));
}

/** The list of texts at an index of a reply. */
export function list(reply: Reply, at: number): readonly string[] {
  return texts(parts(reply, at), 0);
}

/** The list at an index of a reply, with any content. */
export function parts(reply: Reply, at: number): Reply {
  const value = reply[at];
  if (typeof value === "object") return value;
  throw new TypeError(`reply[${at}]: expected a list, got ${JSON.stringify(value)}`);
}

/** The time at an index of a reply, from ms; undefined if the text is empty. */
export function optionalTime(reply: Reply, at: number): Date | undefined {
  const value = text(reply, at);
  return value === "" ? undefined : new Date(Number(value));
}
