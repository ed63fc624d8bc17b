/**
 * In a cluster, a flow that joins or leaves an account moves to another slot. It is frozen, copied, verified, counted in the account (or removed from it),
 * and opened under a new epoch; then the old place is cleared. An interruption at any step loses nothing: the same call again continues, and until the flow
 * has arrived the move can be undone.
 */
import { RedisFlow } from "../backends/redis/flow.js";
import { accountAt } from "../backends/redis/place.js";
import type { RedisConfig } from "../backends/redis/redis-config.js";
import type { BreakerDuration } from "../config/duration.js";
import {
  ConfigError,
  ConnectionError,
  CorruptStateError,
  InvalidArgumentError,
  LockedError,
  StateLostError,
  UnknownFlowError,
} from "../errors.js";
import { type FlowLayout, withMeta } from "../layout/flow-layout.js";
import { KEY_LAYOUTS } from "../layout/key-layouts.js";
import type { KeyName } from "../layout/keys.js";
import { type ArgumentValue, addArguments } from "../operations/arguments.js";
import { exportFlow } from "../operations/export-flow.js";
import { joinAccount } from "../operations/join-account.js";
import { leaveAccount } from "../operations/leave-account.js";
import { ACCOUNT_KEYS, COMMON_KEYS, type Operation, text } from "../operations/operation.js";
import { newEpoch } from "../state/epoch.js";
import { differences, portable, withoutEpoch } from "./portable.js";
import { stage, stagedKeys } from "./staging.js";

/** The settings of a new account, or those that a flow must share with it. */
export interface AccountSettings {
  readonly currency: string;
  readonly sameCurrency: string;
  readonly dayStart: number;
  readonly breakerDuration: BreakerDuration;
  readonly startingEquity: number | undefined;
}

export interface Mover {
  readonly config: RedisConfig;
  readonly flowId: string;
  /** The account that it joins or leaves. */
  readonly account: string;
  readonly instance: string;
  /** The limit of a log's events. */
  readonly maxEvents: number;
  /** Token of the flow's lease, if the caller holds it; "" = none. */
  readonly lease: string;
  /** The flow's clock, ms; absent = the server's. */
  readonly clock?: () => number;
}

/** The fields of a place's `flow:meta` that moving uses. */
interface Meta {
  readonly epoch: string | undefined;
  /** Key prefix of the place to which the flow moved, or moves. */
  readonly movedTo: string | undefined;
  /** The epoch before the flow began to move away from here. */
  readonly moving: string | undefined;
  /** Key prefix of the place from which the flow comes. */
  readonly arriving: string | undefined;
  readonly account: string | undefined;
}

/** Both places of a flow. */
class Places implements Disposable {
  private constructor(
    readonly mover: Mover,
    readonly own: RedisFlow,
    readonly inAccount: RedisFlow,
  ) {}

  static async connect(mover: Mover): Promise<Places> {
    const { config, flowId, account } = mover;
    const own = await RedisFlow.connectAt(config, flowId, undefined);
    try {
      return new Places(mover, own, await RedisFlow.connectAt(config, flowId, account));
    } catch (error) {
      own[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.own[Symbol.dispose]();
    this.inAccount[Symbol.dispose]();
  }
}

/**
 * Moves a flow, with everything that it has open, to the place of an account, and counts it there. Resolves to false if it was there already. Rejects with
 * a ConfigError if the flow or its account do not allow it: then the flow is as before.
 */
export async function moveIn(mover: Mover, settings: AccountSettings): Promise<boolean> {
  using places = await Places.connect(mover);
  const { own, inAccount } = places;
  const meta = await metaOf(own);
  if (meta.movedTo === undefined && meta.epoch === undefined) throw unknown(mover);
  if (meta.movedTo !== undefined && meta.movedTo !== inAccount.keys.prefix) throw elsewhere(mover, meta);
  if (meta.movedTo !== undefined && meta.moving === undefined) {
    const there = await metaOf(inAccount);
    if (there.moving !== undefined) throw onItsWay(mover, "out of");
    return false;
  }
  if (meta.moving === undefined && (await hasArrived(inAccount))) throw taken(mover, inAccount);
  return await withUndo(places, undoIn, async () => {
    if (meta.moving === undefined) await freeze(own, meta, inAccount.keys.prefix, mover);
    await arrive(own, inAccount);
    if (!(await hasArrived(inAccount))) {
      if ((await metaOf(inAccount)).account === undefined) await count(places, settings);
      await inAccount.run("moving/settle", [inAccount.keys.key("flow:meta")], []);
    }
    await vacate(own);
    return true;
  });
}

/** Moves a flow back to its own place, and removes it from its account; false if it is at its own place already. */
export async function moveOut(mover: Mover): Promise<boolean> {
  using places = await Places.connect(mover);
  const { own, inAccount } = places;
  const meta = await metaOf(inAccount);
  if (meta.epoch === undefined || (meta.movedTo !== undefined && meta.moving === undefined)) return false;
  if (meta.arriving !== undefined) throw onItsWay(mover, "into");
  if (meta.moving === undefined && (await hasArrived(own))) throw taken(mover, own);
  return await withUndo(places, undoOut, async () => {
    if (meta.moving === undefined) await freeze(inAccount, meta, own.keys.prefix, mover);
    await arrive(inAccount, own);
    if (!(await hasArrived(own))) {
      if ((await metaOf(inAccount)).account !== undefined) await uncount(places);
      await own.run("moving/settle", [own.keys.key("flow:meta")], []);
    }
    await vacate(inAccount);
    return true;
  });
}

/** An unfinished move. */
export interface Unfinished {
  readonly account: string;
  readonly way: "in" | "out";
}

/** The move of a flow that is under way or unfinished; undefined if there is none, and outside of a cluster. */
export async function unfinishedMove(config: RedisConfig, flowId: string): Promise<Unfinished | undefined> {
  if (!config.cluster) return undefined;
  using own = await RedisFlow.connectAt(config, flowId, undefined);
  const { movedTo, moving, arriving } = await metaOf(own);
  if (moving !== undefined && movedTo !== undefined) return { account: accountAt(config, flowId, movedTo), way: "in" };
  if (arriving !== undefined) return { account: accountAt(config, flowId, arriving), way: "out" };
  if (movedTo === undefined) return undefined;
  const account = accountAt(config, flowId, movedTo);
  using there = await RedisFlow.connectAt(config, flowId, account);
  return (await metaOf(there)).moving === undefined ? undefined : { account, way: "out" };
}

/** Gives up an unfinished move; false if there is none. The flow is as before. */
export async function undoMove(mover: Mover): Promise<boolean> {
  using places = await Places.connect(mover);
  if ((await metaOf(places.own)).moving !== undefined) return await undoIn(places);
  if ((await metaOf(places.inAccount)).moving !== undefined) return await undoOut(places);
  return false;
}

/** If the server cannot be reached, no undo is tried: its last action is not known. */
async function withUndo(
  places: Places,
  undo: (places: Places) => Promise<boolean>,
  move: () => Promise<boolean>,
): Promise<boolean> {
  try {
    return await move();
  } catch (error) {
    if (!(error instanceof ConnectionError)) await undo(places);
    throw error;
  }
}

async function undoIn(places: Places): Promise<boolean> {
  const { own, inAccount, mover } = places;
  if ((await metaOf(own)).moving === undefined) return false;
  if (await hasArrived(inAccount)) throw arrived(mover);
  const { account, arriving } = await metaOf(inAccount);
  if (account !== undefined) await uncount(places);
  if (arriving !== undefined) await clear(inAccount, "");
  await discard(inAccount);
  await own.run("moving/thaw", [own.keys.key("flow:meta")], []);
  return true;
}

async function undoOut(places: Places): Promise<boolean> {
  const { own, inAccount, mover } = places;
  const meta = await metaOf(inAccount);
  if (meta.moving === undefined) return false;
  if (await hasArrived(own)) throw arrived(mover);
  if ((await metaOf(own)).arriving !== undefined) await clear(own, inAccount.keys.prefix);
  await discard(own);
  if (meta.account === undefined) await count(places, await settingsOf(places));
  await inAccount.run("moving/thaw", [inAccount.keys.key("flow:meta")], []);
  return true;
}

async function freeze(from: RedisFlow, { epoch = "" }: Meta, to: string, { lease }: Mover): Promise<void> {
  await from.run(
    "moving/freeze",
    [from.keys.key("flow:meta"), from.keys.key("execution:lease")],
    [epoch, to, newEpoch(), lease],
  );
}

/** Copies the frozen flow and verifies the copy, unless it is there already. It cannot be opened there yet. */
async function arrive(from: RedisFlow, to: RedisFlow): Promise<void> {
  const there = await metaOf(to);
  if (there.arriving !== undefined || (await hasArrived(to))) return;
  const { epoch = "", moving = "" } = await metaOf(from);
  const flow = portable(withoutPlace(await from.ask(exportFlow, undefined, undefined, epoch)));
  const staged = await stage(to, {
    id: flow.id,
    chunks: flow.chunks,
    epoch: newEpoch(),
    replaces: there.epoch ?? "",
    source: from.keys.prefix,
    meta: [
      ["was", moving],
      ["arriving", from.keys.prefix],
    ],
    progress: () => {},
  });
  const copy = withoutEpoch(withoutPlace(await to.askStaged(exportFlow)));
  // The total number of events is set when the import ends.
  const [first] = differences({ ...copy, eventsAdded: flow.layout.eventsAdded }, flow.layout);
  if (first) throw new CorruptStateError(`${to.keys.prefix}: ${first.key} ${first.what} did not arrive as it was sent`);
  const { keys } = to;
  const reply = await to.run(
    "import/finish",
    [
      ...[keys.key("flow:meta"), keys.importProgress, keys.key("execution:lease"), keys.staged("execution:lease")],
      ...[keys.staged("events:log"), keys.staged("flow:meta"), ...stagedKeys(to), ...liveKeys(to)],
    ],
    [flow.id, staged, String(flow.layout.eventsAdded)],
  );
  if (text(reply, 0) !== "finished") throw new LockedError(`${keys.prefix}: the copy could not be finished`);
}

/** Whether the flow can be opened at a place. */
async function hasArrived(at: RedisFlow): Promise<boolean> {
  const { epoch, movedTo, arriving } = await metaOf(at);
  return epoch !== undefined && movedTo === undefined && arriving === undefined;
}

/** Without the fields that belong to its place. */
function withoutPlace(layout: FlowLayout): FlowLayout {
  return ["moved_to", "moving", "arriving", "account", "account_epoch"].reduce(
    (without, field) => withMeta(without, field, undefined),
    layout,
  );
}

function liveKeys({ keys }: RedisFlow): string[] {
  return KEY_LAYOUTS.map(({ key }) => keys.key(key));
}

function otherKeys(flow: RedisFlow): string[] {
  const meta = flow.keys.key("flow:meta");
  return [meta, ...liveKeys(flow).filter((key) => key !== meta)];
}

async function vacate(from: RedisFlow): Promise<void> {
  await from.run("moving/vacate", otherKeys(from), []);
}

async function clear(at: RedisFlow, movedTo: string): Promise<void> {
  await at.run("moving/clear", otherKeys(at), [movedTo, newEpoch()]);
}

async function discard(at: RedisFlow): Promise<void> {
  await at.run("import/discard", [at.keys.key("flow:meta"), at.keys.importProgress, ...stagedKeys(at)], []);
}

/** Adds what the flow holds to its account, which is made if it is new. */
async function count({ inAccount, mover }: Places, settings: AccountSettings): Promise<void> {
  const args = {
    ...settings,
    name: mover.account,
    how: "call",
    newEpoch: newEpoch(),
    accountEpoch: newEpoch(),
  } as const;
  await step(inAccount, mover, joinAccount, args);
  if ((await metaOf(inAccount)).account !== mover.account) throw stepLost(mover);
}

/** Removes what the flow holds from its account. */
async function uncount({ inAccount, mover }: Places): Promise<void> {
  await step(inAccount, mover, leaveAccount, { newEpoch: newEpoch() });
  if ((await metaOf(inAccount)).account !== undefined) throw stepLost(mover);
}

/** Runs an operation on a flow that nobody else works on. */
async function step<Args>(at: RedisFlow, mover: Mover, operation: Operation<Args, unknown>, args: Args): Promise<void> {
  const { epoch } = await metaOf(at);
  const names: KeyName[] = [...COMMON_KEYS.change, ...operation.keys];
  if (!operation.keys.includes("account:risk")) names.push(...ACCOUNT_KEYS);
  // The script's remembered answer is removed with it.
  const answers = at.keys.call(`moving-${newEpoch()}`);
  const argv: ArgumentValue[] = [epoch, mover.clock?.(), mover.instance, "", mover.maxEvents, ""];
  addArguments(argv, operation, args);
  const keys = names.map((name) => (name === "execution:call" ? answers : at.keys.key(name, mover.account)));
  try {
    await at.run(operation.name, keys, argv);
  } finally {
    await at.send("unlink", answers);
  }
}

/** In the account's form. */
async function settingsOf({ inAccount, mover }: Places): Promise<AccountSettings> {
  const key = inAccount.keys.key("account:risk", mover.account);
  const found = await inAccount.send("hmget", key, "currency", "same_currency", "day_start", "breaker_duration");
  const [currency, same, dayStart, duration] = Array.isArray(found) ? found.map(String) : [];
  const isWord = duration === "until_day_end" || duration === "until_reset";
  return {
    currency: currency ?? "",
    sameCurrency: same ?? "",
    dayStart: Number(dayStart),
    breakerDuration: isWord ? duration : Number(duration),
    startingEquity: undefined,
  };
}

async function metaOf(flow: RedisFlow): Promise<Meta> {
  const fields = ["epoch", "moved_to", "moving", "arriving", "account"] as const;
  const found = await flow.send("hmget", flow.keys.key("flow:meta"), ...fields);
  const [epoch, movedTo, moving, arriving, account] = (Array.isArray(found) ? found : []).map((value: unknown) =>
    typeof value === "string" ? value : undefined,
  );
  return { epoch, movedTo, moving, arriving, account };
}

function unknown({ flowId }: Mover): UnknownFlowError {
  return new UnknownFlowError(`there is no flow "${flowId}"`);
}

function elsewhere({ config, flowId }: Mover, { movedTo = "" }: Meta): ConfigError {
  const account = accountAt(config, flowId, movedTo);
  return new ConfigError(
    `flow ${flowId} is in account ${account}: it has to leave that first (sf-state account leave)`,
  );
}

/** Both places have a flow: nobody knows which is the right one. */
function taken({ flowId }: Mover, { keys }: RedisFlow): ConfigError {
  return new ConfigError(
    `flow ${flowId}: there is another flow of that name already, whose keys begin with ${keys.prefix}; nothing was moved`,
  );
}

function onItsWay({ flowId, account }: Mover, way: "into" | "out of"): LockedError {
  const command = way === "into" ? "join" : "leave";
  return new LockedError(
    `flow ${flowId} is on its way ${way} account ${account}: sf-state account ${command} goes on with it, with --undo it gives it up`,
  );
}

function arrived({ flowId, account }: Mover): InvalidArgumentError {
  return new InvalidArgumentError(
    `flow ${flowId} has arrived, and cannot be called back: run the same sf-state account join or leave of account ${account} again, without --undo, to end it`,
  );
}

function stepLost({ flowId, account }: Mover): StateLostError {
  return new StateLostError(
    `flow ${flowId}: the step in account ${account} did not happen: run the same command again`,
  );
}
