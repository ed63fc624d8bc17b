import type { KeyName } from "../layout/keys.js";
import type { FlowState } from "../state/flow-state.js";
import type { ArgumentMap, RestArguments } from "./arguments.js";

/** What a script answers: a tag, then strings (and, in a few reads, lists). The call's number, always last, is cut off. */
export type Reply = readonly ReplyPart[];
export type ReplyPart = string | readonly ReplyPart[];

/** Who calls, when, under which lease: the same for every change. */
export interface Call {
  /** The flow's clock, ms. */
  readonly now: number;
  readonly instance: string;
  /** Events kept; 0 = none. */
  readonly maxEvents: number;
  /** Token of the lease the caller acts under; empty when none is asked for. */
  readonly lease: string;
}

/** A script as Redis is asked to run it: `lua/{name}.lua`. */
export interface Script<Args, Result> {
  /** The name of the Lua file. */
  readonly name: string;
  /** `open` makes or finds the flow itself; the others work on a flow that is open. */
  readonly kind: "open" | "read" | "change";
  /** KEYS, after those that every script of this kind has. */
  readonly keys: readonly KeyName[];
  /** The script treats all of `keys` alike, in a loop, and names none: it is about every key of a flow, whichever there are. */
  readonly loopsOverKeys?: true;
  /** It may have to do with the account of its flow, whatever keys it has. */
  readonly asksAccount?: true;
  /** The account whose keys a call has, where it is not the one that the flow is in. */
  accountOf?(args: Args): string;
  /** ARGV, after those that every script of this kind has. */
  readonly args: ArgumentMap<Args>;
  readonly rest?: RestArguments<Args>;
  /** What the head of the script says of an argument whose name means something else here than in `argument-words.ts`. */
  readonly words?: Readonly<Record<string, string>>;
  decode(reply: Reply): Result;
}

/** Asks Redis to run a script that reads. */
export type Ask = <Args, Result>(script: Script<Args, Result>, args: Args) => Promise<Result>;

/**
 * One atomic operation on a flow: a value that a backend interprets. Redis runs `lua/{name}.lua`; memory and DuckDB run `apply`.
 * The two are twins: validate, read, decide, write, reply, in that order.
 */
export interface Operation<Args, Result> extends Script<Args, Result> {
  /**
   * How Redis is asked instead where the flow's clock is the server's: Redis does nothing else while a script runs, and one that
   * tells much runs long. Answers the state at one moment, as the script of the operation does.
   */
  readonly inParts?: (ask: Ask, args: Args) => Promise<Result>;
  /** Throws before it changes anything, or changes everything it decided. */
  apply(state: FlowState, args: Args, call: Call): Result;
}

/** Any operation, to look at and not to call. */
export type AnyOperation = Operation<never, unknown>;

/** KEYS[1..] of every script of the kind. */
export const COMMON_KEYS = {
  open: ["flow:meta"],
  read: ["flow:meta"],
  change: ["flow:meta", "execution:call", "events:log", "execution:lease"],
} as const satisfies Record<string, readonly KeyName[]>;

/** ARGV[1..] of every script of the kind. */
export const COMMON_ARGV = {
  open: ["call", "clock"],
  read: ["call", "epoch", "clock"],
  change: ["call", "epoch", "clock", "instance", "lease", "max_events", "proof"],
} as const;

/** KEYS after its own of a script that may have to do with the account of its flow; only of a flow that is in one. */
export const ACCOUNT_KEYS = ["account:risk", "account:events"] as const satisfies readonly KeyName[];

/** Whether an operation may move, or ask, the account of its flow: by its keys. */
export function mayAskAccount({
  keys,
  loopsOverKeys,
  asksAccount,
}: Pick<AnyOperation, "keys" | "loopsOverKeys" | "asksAccount">): boolean {
  if (loopsOverKeys || keys.includes("account:risk")) return false;
  if (asksAccount) return true;
  return keys.includes("risk:daily") || keys.includes("risk:exposure");
}

/** The text at a place of a reply. */
export function text(reply: Reply, at: number): string {
  const value = reply[at];
  if (typeof value !== "string") throw new TypeError(`reply[${at}]: expected a string, got ${JSON.stringify(value)}`);
  return value;
}

/** The texts of a reply from a place on. */
export function texts(reply: Reply, from: number): readonly string[] {
  return reply.slice(from).map((_, at) => text(reply, from + at));
}

/** The list at a place of a reply. */
export function list(reply: Reply, at: number): readonly string[] {
  return texts(parts(reply, at), 0);
}

/** The list at a place of a reply, of whatever there is in it. */
export function parts(reply: Reply, at: number): Reply {
  const value = reply[at];
  if (typeof value === "object") return value;
  throw new TypeError(`reply[${at}]: expected a list, got ${JSON.stringify(value)}`);
}

/** The time in ms at a place of a reply; undefined where the reply is empty. */
export function optionalTime(reply: Reply, at: number): Date | undefined {
  const value = text(reply, at);
  return value === "" ? undefined : new Date(Number(value));
}
