import { type BotAlerts, beginAlerts } from "../alerts/bot-alerts.js";
import type { Backend } from "../backends/backend.js";
import { Loss } from "../backends/loss.js";
import type { Credentials } from "../backends/redis/redis-config.js";
import {
  ACCOUNT_SETTINGS,
  type AccountLimitName,
  type AccountLimits,
  type AccountSettingName,
  type AccountSettingsGiven,
  parseAccountLimits,
  parseAccountName,
} from "../config/account.js";
import type { Duration } from "../config/duration.js";
import { parseFlowId } from "../config/flow-id.js";
import type { Guard } from "../config/guards.js";
import { RISK_LIMITS, type RiskLimitName, type RiskLimits } from "../config/risk-limits.js";
import {
  type Config,
  type GuardInput,
  parseGuards,
  parseRiskLimits,
  type ResolvedConfig,
  resolveConfig,
} from "../config/schema.js";
import { shortDurationAdvice, shortDurations, shortDurationWords } from "../config/short-durations.js";
import {
  ConnectionError,
  FencedError,
  InvalidArgumentError,
  LockedError,
  StaleStateError,
  StateLostError,
  UnknownFlowError,
  UnknownOutcomeError,
} from "../errors.js";
import type { FlowLayout } from "../layout/flow-layout.js";
import { notOpen } from "../not-open.js";
import { admit } from "../operations/admit.js";
import { approveRecovery } from "../operations/approve-recovery.js";
import { bookCash } from "../operations/book-cash.js";
import { cancelOrder } from "../operations/cancel-order.js";
import { clearCooldown } from "../operations/clear-cooldown.js";
import { closePosition } from "../operations/close-position.js";
import { endRecovery } from "../operations/end-recovery.js";
import { exportFlow } from "../operations/export-flow.js";
import { findOrders } from "../operations/find-orders.js";
import { type ForgottenPart, forgetAccountPart } from "../operations/forget-account-part.js";
import { forgetInstances } from "../operations/forget-instances.js";
import { getAccount } from "../operations/get-account.js";
import { getAdmissionStats } from "../operations/get-admission-stats.js";
import { getCircuitBreaker } from "../operations/get-circuit-breaker.js";
import { getCooldown } from "../operations/get-cooldown.js";
import { getDailyHistory } from "../operations/get-daily-history.js";
import { getEvents } from "../operations/get-events.js";
import { getGuards } from "../operations/get-guards.js";
import { getInstances } from "../operations/get-instances.js";
import { getLastHeartbeat } from "../operations/get-last-heartbeat.js";
import { getLease } from "../operations/get-lease.js";
import { getLogPlace } from "../operations/get-log-place.js";
import { getOrder } from "../operations/get-order.js";
import { getPendingOrders } from "../operations/get-pending-orders.js";
import { getPosition } from "../operations/get-position.js";
import { getPositions } from "../operations/get-positions.js";
import { getRecordedFills } from "../operations/get-recorded-fills.js";
import { getRecovery } from "../operations/get-recovery.js";
import { getRefusals } from "../operations/get-refusals.js";
import { getRiskLimits } from "../operations/get-risk-limits.js";
import { getRiskState } from "../operations/get-risk-state.js";
import { getSignalState } from "../operations/get-signal-state.js";
import { getTrades } from "../operations/get-trades.js";
import { getUntoldTrades } from "../operations/get-untold-trades.js";
import { heartbeat } from "../operations/heartbeat.js";
import { isSignalProcessed } from "../operations/is-signal-processed.js";
import { markSignalProcessed } from "../operations/mark-signal-processed.js";
import type { OpenedFlow } from "../operations/open-flow.js";
import { recordFill } from "../operations/record-fill.js";
import { recordTransfer } from "../operations/record-transfer.js";
import { releaseLease } from "../operations/release-lease.js";
import { removeOrder } from "../operations/remove-order.js";
import { removePosition } from "../operations/remove-position.js";
import { reportDifference } from "../operations/report-difference.js";
import { resetAccount } from "../operations/reset-account.js";
import { resetCircuitBreaker } from "../operations/reset-circuit-breaker.js";
import { saveOrder } from "../operations/save-order.js";
import { savePosition } from "../operations/save-position.js";
import { setAccountLimits } from "../operations/set-account-limits.js";
import { setCooldown } from "../operations/set-cooldown.js";
import { setCurrency } from "../operations/set-currency.js";
import { setGuards } from "../operations/set-guards.js";
import { setRiskLimits } from "../operations/set-risk-limits.js";
import { snapshot } from "../operations/snapshot.js";
import { startEquity } from "../operations/start-equity.js";
import { triggerCircuitBreaker } from "../operations/trigger-circuit-breaker.js";
import { tripAccount } from "../operations/trip-account.js";
import { updateDailyPnl } from "../operations/update-daily-pnl.js";
import { updateEquity } from "../operations/update-equity.js";
import { updateOrder } from "../operations/update-order.js";
import { updatePosition } from "../operations/update-position.js";
import type { RiskPolicy } from "../state/breaker.js";
import { timeOfEvent } from "../state/event-log.js";
import { checkSchema } from "../state/schema.js";
import type {
  AccountFlow,
  AccountStatus,
  Admission,
  AdmissionDay,
  AdmissionRequest,
  CashInput,
  CashResult,
  CircuitBreaker,
  CloseResult,
  DailyRisk,
  Difference,
  FillInput,
  FillResult,
  GuardStatus,
  Instance,
  LeaseState,
  LogPlace,
  OrderInput,
  OrderPatch,
  PendingOrder,
  Position,
  PositionInput,
  PositionPatch,
  PositionSide,
  RecoveryState,
  RefusedEntry,
  RiskLimitOrigins,
  RiskState,
  RiskUpdate,
  SignalState,
  Snapshot,
  StateEvent,
  Time,
  Trade,
  TransferInput,
  TransferResult,
} from "../types.js";
import type { LoggingFlow } from "../wants/log-follower.js";
import { RECONNECT, wentBackText } from "../words/went-back.js";
import type { BreakerEnd } from "../words/word-lists.js";
import { accountOf, refuseKept } from "./account.js";
import {
  accountEvents,
  configuredOf,
  joinByCall,
  leave,
  writeAccount,
  writeAccountLimits,
} from "./account-membership.js";
import {
  type AdmissionPolicy,
  admissionArguments,
  cooldownArguments,
  pairAndSide,
  type RefusalsOptions,
  refusalsArguments,
} from "./admission-arguments.js";
import type { CallTold } from "./call-watch.js";
import * as check from "./check.js";
import { createBackend, withCredentials } from "./create-backend.js";
import { CurrencyWatch } from "./currency-watch.js";
import { FlowCalls } from "./flow-calls.js";
import { FlowMover } from "./flow-mover.js";
import type { Lease } from "./lease.js";
import type { Logger, ManagerOptions } from "./manager-options.js";
import { type MarkKeeper, markKeeperOf } from "./mark-keeper.js";
import { contextOf, writeCurrency, writeEquity, writeGuards, writeLimits } from "./opening.js";
import {
  type CancelOptions,
  cancelArguments,
  fillArguments,
  fillNames,
  noOrder,
  orderArguments,
  orderPatchArguments,
} from "./order-arguments.js";
import { type ResultReader, read } from "./outcome.js";
import {
  type CloseOptions,
  closeArguments,
  noPosition,
  patchArguments,
  positionArguments,
  type RemoveOptions,
  removeArguments,
} from "./position-arguments.js";
import type { Recovery } from "./recovery.js";
import type { RegularWriter } from "./regular-writer.js";
import {
  accountBreakerArguments,
  breakerArguments,
  cashArguments,
  currencyArguments,
  limitEntries,
  type PnlOptions,
  pnlArguments,
  policyOf,
  type TradePolicy,
  type TradesOptions,
  tradesArguments,
  transferArguments,
} from "./risk-arguments.js";
import { SignOff } from "./sign-off.js";
import { beginSnapshots } from "./snapshots.js";
import { takeLease } from "./take-lease.js";
import { blockEntries, takeRecovery } from "./take-recovery.js";
import { type HoldOptions, holdArguments, waitFor } from "./waiting.js";
import { EMPTY, eventsAfter, watchFlow } from "./watch.js";

const QUIET: Logger = { info() {}, warn() {} };

/**
 * A flow's memory: one short method per operation, the same over Redis, DuckDB and memory. It holds no trading state of its own.
 *
 * Every method may reject with a StateError: InvalidArgumentError (nothing was sent), ConnectionError (nothing happened),
 * UnknownOutcomeError (it may have happened; its `retry()` finds out), StateLostError. Refusals that a bot expects are values.
 */
export class StateManager {
  readonly flowId: string;
  readonly instanceId: string;
  readonly config: ResolvedConfig;
  readonly #backend: Backend;
  readonly #loss = new Loss();
  readonly #calls: FlowCalls;
  readonly #logger: Logger;
  readonly #existing: boolean;
  readonly #now: () => number;
  readonly #credentials: Credentials | undefined;
  readonly #mover: FlowMover;
  readonly #policy: RiskPolicy;
  readonly #dedup: { readonly dedupWindow: number };
  /** What entries, fills and the ends of trades are decided by. */
  readonly #entries: TradePolicy & AdmissionPolicy;
  /** Aborted while the manager is not open: ends its watchers. */
  #closing = new AbortController();
  #snapshots: RegularWriter<Snapshot> | undefined;
  #alerts: BotAlerts | undefined;
  readonly #mark: MarkKeeper | undefined;
  readonly #signOff: SignOff;
  /** What is called while the manager closes, when nobody else calls any more. */
  readonly #last: FlowCalls;
  #ending: Promise<void> | undefined;
  /** Of limits in money that nobody said the currency of. */
  readonly #currency: CurrencyWatch;
  private constructor(flowId: string, config: ResolvedConfig, options: ManagerOptions) {
    this.flowId = flowId;
    this.config = config;
    this.#closing.abort();
    const context = contextOf(flowId, config, options, this.#loss);
    this.instanceId = context.instance;
    this.#now = context.clock ?? Date.now;
    this.#logger = options.logger ?? QUIET;
    this.#currency = new CurrencyWatch(config, (message) => this.#logger.warn(message));
    this.#existing = check.flag("options.existing", options.existing);
    this.#policy = policyOf(config.risk);
    this.#dedup = { dedupWindow: config.signals.dedup_window };
    this.#entries = {
      ...this.#policy,
      ...this.#dedup,
      maxIds: config.signals.max_ids,
      maxTrades: config.trades.max_length,
      oppositeSide: config.risk.opposite_side,
    };
    this.#credentials = check.callback("options.credentials", options.credentials);
    this.#backend = createBackend(config, context, this.#credentials);
    this.#calls = new FlowCalls(this.#backend, config.execution.single_active, this.#loss);
    this.#last = new FlowCalls(this.#backend, false, this.#loss);
    this.#signOff = new SignOff(async (last) => {
      await this.#last.run(forgetInstances, { seen: [{ id: this.instanceId, last }] });
    });
    const { instance, maxEvents, clock } = context;
    this.#mover = new FlowMover(
      withCredentials(config.redis, this.#credentials),
      { flowId, instance, maxEvents, ...(clock && { clock }) },
      () => this.#calls.lease,
    );
    this.#mark = markKeeperOf({
      flowId,
      config,
      loss: this.#loss,
      place: (id) => this.#last.run(getLogPlace, { id }),
      warn: (message) => this.#logger.warn(message),
    });
  }

  /** Checks everything, connects to nothing. Throws a ConfigError that names every bad key. */
  static fromConfig(flowId: string, config: Config = {}, options: ManagerOptions = {}): StateManager {
    return new StateManager(parseFlowId(flowId), resolveConfig(config), options);
  }

  /** `fromConfig` and `connect`; with `await using` it closes itself. */
  static async open(flowId: string, config: Config = {}, options: ManagerOptions = {}): Promise<StateManager> {
    const manager = StateManager.fromConfig(flowId, config, options);
    await manager.connect();
    return manager;
  }

  /**
   * Opens the flow, making it if it is new, and writes the configured currency, risk limits, guards and starting equity; not so with
   * `options.existing`. A limit that a call set is only made tighter; where it is another one than configured, the logger is warned. Rejects with a ConnectionError within
   * `redis.connect_timeout` when Redis cannot be reached, LockedError when another process holds the DuckDB file, StateLostError when the flow is
   * older than the mark on this machine knows it (`mark.path`). With `accept: "went_back"` it connects all the same, and entries are
   * blocked (`recovering`) until a recovery has ended: `recover` brings what is left in line with the exchange, and the mark is set anew.
   */
  async connect(options: { accept?: "went_back" } = {}): Promise<void> {
    const accepted = check.accepted("accept", check.fields("options", options, ["accept"]).accept);
    if (this.#ending) await this.#ending.catch(() => {});
    this.#calls.open();
    const opened = await this.#opened(accepted);
    this.#loss.forget();
    try {
      checkSchema(`flow ${this.flowId}`, opened.schema);
      this.#mark?.opened(opened.epoch);
      if (accepted) await blockEntries(this.#calls);
      else if (!this.#existing) await this.#mark?.compare();
      if (!this.#existing) {
        for (const short of shortDurations(this.config)) {
          this.#logger.warn(`${shortDurationWords(short)}: ${shortDurationAdvice(short)}`);
        }
        await this.#configure(opened);
      }
      if (this.#closing.signal.aborted) this.#closing = new AbortController();
      if (!this.#existing) {
        this.#snapshots ??= beginSnapshots(
          this.flowId,
          this.config,
          () => this.#snapshotBy(this.#last),
          (message) => this.#logger.warn(message),
        );
        this.#mark?.begin();
        this.#alerts ??= beginAlerts(this.flowId, this.config, this.#readable(), (message) =>
          this.#logger.warn(`flow ${this.flowId}: ${message}`),
        );
      }
    } catch (error) {
      await this.close();
      if (!(error instanceof UnknownOutcomeError)) throw error;
      throw new ConnectionError("connect: no answer to what the configuration says of risk; connect again", {
        cause: error,
      });
    }
    this.#logger.info(
      `flow ${this.flowId}: ${opened.created ? "made" : "opened"} on ${this.config.backend}, epoch ${opened.epoch}`,
    );
  }

  /** Writes what is configured; once more where another bot of the flow put it into the account meanwhile, and so gave it another epoch. */
  async #configure({ epoch }: OpenedFlow): Promise<void> {
    try {
      await this.#writeConfigured();
    } catch (error) {
      const { account } = this.config;
      if (!(error instanceof StateLostError) || !account) throw error;
      this.#loss.check();
      const opened = await this.#backend.reopen();
      if (opened.account !== account.name || opened.epoch === epoch) throw error;
      this.#mark?.opened(opened.epoch);
      await this.#configure(opened);
    }
  }

  async #writeConfigured(): Promise<void> {
    await (await accountOf(this.config, this.#credentials))?.join(this.flowId);
    await writeCurrency(this.#calls, this.config, this.#currency);
    const joined = await writeAccount(this.#backend, this.#calls, this.config, this.#mover);
    if (joined) this.#mark?.opened(joined.epoch);
    const ofAccount = await writeAccountLimits(this.#calls, this.config);
    for (const difference of [...ofAccount, ...(await writeLimits(this.#calls, this.config))]) {
      this.#logger.warn(`flow ${this.flowId}: ${difference}`);
    }
    const changed = await writeGuards(this.#calls, this.config);
    if (changed !== undefined) this.#logger.warn(changed);
    await writeEquity(this.#calls, this.config, (message) => this.#logger.warn(message));
  }

  /** A flow that the mark knows is not made anew where it is gone. */
  async #opened(accepted: boolean): Promise<OpenedFlow> {
    if (this.#existing || !this.#mark) return this.#backend.connect(this.#existing);
    await this.#mark.read(accepted);
    try {
      return await this.#backend.connect(this.#mark.hasMark);
    } catch (error) {
      throw error instanceof UnknownFlowError && this.#mark.hasMark ? this.#mark.isGone(error) : error;
    }
  }

  /**
   * Waits for what is in flight, then lets go of connections and files. An instance that has given heartbeats signs off: it is taken off the list of
   * instances, and counts as none that died; where that cannot be told in time, it does.
   */
  close(): Promise<void> {
    this.#ending ??= this.#end().finally(() => {
      this.#ending = undefined;
    });
    return this.#ending;
  }

  async #end(): Promise<void> {
    this.#closing.abort();
    this.#calls.shut();
    await this.#signOff.tell();
    await this.#alerts?.finish();
    this.#alerts = undefined;
    const last = [this.#snapshots?.finish(), this.#mark?.finish()];
    this.#snapshots = undefined;
    await Promise.all([this.#backend.close(), ...last]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // Positions

  /**
   * Stores a position, new or in place of the one with its id; the version grows by one. In place of one, size and entry price set its cost anew;
   * its result, fees and `openedBy` stay. Of two writers at once the later one stands.
   */
  async savePosition(position: PositionInput): Promise<Position> {
    const args = positionArguments(position);
    this.#currency.see(args.pair);
    return this.#calls.run(savePosition, args);
  }

  /** Every open position, by entry time, then by id. */
  async getPositions(): Promise<Position[]> {
    return this.#calls.run(getPositions, undefined);
  }

  async getPosition(id: string): Promise<Position | undefined> {
    return this.#calls.run(getPosition, { id: check.id("id", id) });
  }

  /**
   * Changes some fields of a position: a patch, or a function from the position as it is to a patch. Two updaters at once lose
   * nothing: a patch changes its own fields only, a function is asked again when the position changed in between.
   * Rejects with an InvalidArgumentError when there is no such position.
   */
  async updatePosition(id: string, patch: PositionPatch | ((position: Position) => PositionPatch)): Promise<Position> {
    const key = check.id("id", id);
    if (typeof patch !== "function") {
      return this.#updated(key, undefined, patch, () => {
        throw new Error("a patch of any version met a conflict");
      });
    }
    const again = async (seen: Position | undefined): Promise<Position> => {
      if (!seen) throw noPosition(key);
      return this.#updated(key, seen.version, patch(seen), again);
    };
    return again(await this.#calls.run(getPosition, { id: key }));
  }

  /** Updates a position of that version; a position of another version goes to `conflict`. */
  #updated(
    id: string,
    version: number | undefined,
    patch: PositionPatch,
    conflict: (position: Position) => Promise<Position>,
  ): Promise<Position> {
    return read(this.#calls.run(updatePosition, { id, version, ...patchArguments(patch) }), {
      value(update) {
        if (update.outcome === "none") throw noPosition(id);
        return update.outcome === "updated" ? update.position : conflict(update.position);
      },
    });
  }

  /**
   * Removes a position without booking anything; false when there was none. One that had merely been saved is forgotten. One on which
   * a fill was booked, or whose result `updateDailyPnl` told, ends as a trade with `reason` (default `removed`): counted, unless that
   * call has counted it; its pair cools down. Without a told result the trade is `untold` for the size that was left: its result is not known, and not zero, and
   * the loss streak stays. Fills of its exits that come later explain that. With `untold: true` one that had merely been saved ends so,
   * too: a position that is gone, and nobody knows at what price. Status and doctor raise an alarm for such a trade until its result is
   * told, or a person has booked a correction on it with `bookCash`. Of two removers at once one gets true.
   */
  async removePosition(id: string, options: RemoveOptions = {}): Promise<boolean> {
    return this.#calls.run(removePosition, removeArguments(id, options, this.#entries));
  }

  /**
   * Closes a position in one step: removes it, books `pnl` beside what fills have booked on it, writes its trade, judges the loss streak by the
   * whole result, evaluates the breaker, sets the pair's cooldown. Where `updateDailyPnl` has told the result, `pnl` is not booked, and a warning is
   * logged. Fills of its exits that come later book nothing. Of two closers at once one gets `closed: true`; the other books nothing.
   */
  async closePosition(id: string, options: CloseOptions): Promise<CloseResult> {
    return read(this.#calls.run(closePosition, closeArguments(id, options, this.#entries)), {
      value: ({ result, wasTold }) => {
        if (wasTold)
          this.#logger.warn(`closePosition: the result of ${id} was told by updateDailyPnl: pnl was not booked`);
        return result;
      },
    });
  }

  // Orders

  /**
   * Stores an order, new or over the pending one with its id. What is known of that one is not taken back: `filled` never goes
   * down, `positionId` stays (one that the order opened before, or turned around, is a late write and not taken; any other is an
   * InvalidArgumentError), and a pending status that does not know of a fill becomes `partially_filled`. `price`, `orderType`, `tp`,
   * `sl`, `cooldown`, `metadata`, `intent`, `signalId`, `createdAt`, `reason` and `rate` stay unless given; `pair`, `side` and `size` are as this call says or
   * defaults. A write that changes nothing leaves no event and no new `version`.
   *
   * A done order, while it is remembered (seven days, the newest 10,000), comes back as it is when its `createdAt` is given, or none and its own
   * status; anything else is an InvalidArgumentError, as is a status that may not follow the stored one. After that the id is a new order's, which
   * has none of the old one's fills. `filled`, `cancelled` and `rejected` end the order: it leaves the pending ones and gives back what it reserved.
   * `unknown` (a submit timed out) keeps the reservation.
   */
  async saveOrder(order: OrderInput): Promise<PendingOrder> {
    const args = orderArguments(order);
    this.#currency.see(args.pair);
    return this.#calls.run(saveOrder, args);
  }

  /**
   * Changes some fields of a pending order, as an exchange's answer does: a patch, or a function from the order as it is to a patch.
   * Two updaters at once lose nothing: a patch changes its own fields only, a function is asked again when the order changed in
   * between. The reservation moves with size and price; a size that equals what is filled makes the order `filled`. A patch that
   * changes nothing leaves no event and no new version.
   * Rejects with an InvalidArgumentError when the order is done or there is none (`id`), when `filled` would go down, when `size`
   * would fall below it, and when the status may not follow the stored one.
   */
  async updateOrder(id: string, patch: OrderPatch | ((order: PendingOrder) => OrderPatch)): Promise<PendingOrder> {
    const key = check.id("id", id);
    if (typeof patch !== "function") {
      return this.#orderUpdated(key, undefined, patch, () => {
        throw new Error("a patch of any version met a conflict");
      });
    }
    const again = async (seen: PendingOrder | undefined): Promise<PendingOrder> => {
      if (!seen) throw noOrder(key);
      return this.#orderUpdated(key, seen.version, patch(seen), again);
    };
    return again(await this.#calls.run(getOrder, { id: key }));
  }

  /** Updates an order of that version; an order of another version goes to `conflict`. */
  #orderUpdated(
    id: string,
    version: number | undefined,
    patch: OrderPatch,
    conflict: (order: PendingOrder) => Promise<PendingOrder>,
  ): Promise<PendingOrder> {
    const changes = orderPatchArguments(patch);
    return read(this.#calls.run(updateOrder, { id, version, ...changes }), {
      value(update) {
        if (update.outcome === "none") throw noOrder(id, update.status);
        return update.outcome === "updated" ? update.order : conflict(update.order);
      },
    });
  }

  /** The orders of these ids, pending or closed within seven days, in the order of the ids; undefined where none is known. At most 1,000. */
  async findOrders(ids: readonly string[]): Promise<(PendingOrder | undefined)[]> {
    return this.#calls.run(findOrders, { ids: check.list("ids", ids, check.id) });
  }

  /** For each of the fills, whether `recordFill` has booked it within 30 days. At most 1,000. */
  async getRecordedFills(fills: readonly { orderId: string; fillId: string }[]): Promise<boolean[]> {
    return this.#calls.run(getRecordedFills, { fills: fillNames(fills) });
  }

  /**
   * Books one execution of an order, once by its `fillId`, in any order. An entry fill opens or grows the order's `positionId`; without
   * one, or where that has ended, the position of the order's own id, or `id~2` where one that ended has that name. An exit fill reduces the order's `positionId`. What is left of
   * it once fills have used that up, or all where the order names none, reduces the pair's other positions of that side, oldest first, then its
   * dust; `over` tells what none holds. Where the named position ended otherwise (closed, removed, dust) the fill explains that end,
   * up to the size that ended so, and reduces nothing: where the result was told, or the position had merely been saved, it books nothing, else
   * its result, on that trade. A fill of a flip closes the other side so, and what is left opens the order's position.
   *
   * Each books its realised change on its own day, its fee split by size. Flat, or a rest of up to `dust` that no pending exit awaits, ends the
   * position as a trade: counted, the streak judged by its whole result, the pair cooling down; the breaker is evaluated once, after all.
   * Sizes within a relative 1e-9 are equal.
   * Rejects with an InvalidArgumentError, and changes nothing, when there is no such order (pending, or closed within seven
   * days), when an exit finds nothing to reduce or its position has not opened yet, when an entry would be filled by more than its size
   * without `overfill`, and when a remembered fill is told with another size or price.
   */
  async recordFill(orderId: string, fill: FillInput): Promise<FillResult> {
    return read(this.#calls.run(recordFill, fillArguments(orderId, fill, this.#entries)), {
      value: ({ result, wasTold }) => {
        if (wasTold) {
          this.#logger.warn(
            `recordFill: fill ${fill.fillId} of ${orderId} exits a position whose result was told by updateDailyPnl: only its fee was booked`,
          );
        }
        return result;
      },
    });
  }

  /**
   * Ends a pending order: gives back its slot and its exposure and, with `releaseSignal` and if nothing of it was filled, its
   * signal. With `dust`, a rest of up to that size of an exit's position ends as a trade, if no other exit of it is pending. False when it was
   * not pending.
   */
  async cancelOrder(orderId: string, options: CancelOptions = {}): Promise<boolean> {
    return this.#calls.run(cancelOrder, cancelArguments(orderId, options, this.#entries));
  }

  /** Forgets a pending order and gives back what it reserved; false when there was none. A fill of it that comes later is an error. */
  async removeOrder(id: string): Promise<boolean> {
    return this.#calls.run(removeOrder, { id: check.id("id", id) });
  }

  /** Every order that may still be filled, by creation time, then by id. */
  async getPendingOrders(): Promise<PendingOrder[]> {
    return this.#calls.run(getPendingOrders, undefined);
  }

  async getOrder(id: string): Promise<PendingOrder | undefined> {
    return this.#calls.run(getOrder, { id: check.id("id", id) });
  }

  // Risk

  /** The risk as it stands now; on a new trading day zeros, while streak, peak and drawdown carry over. */
  async getRiskState(): Promise<RiskState> {
    return this.#calls.run(getRiskState, { dayStart: this.#policy.dayStart });
  }

  /**
   * Books one trade's result, exact to 8 places, counts it, and evaluates the breaker in the same step. The same `tradeId` books once
   * (`applied` tells). Where `tradeId` is the id of an open position it is that position's result, added to what fills have booked on it: judged now,
   * once; `removePosition` then writes the trade and does not count it again. A `ts` of an earlier day books into that day's history.
   */
  async updateDailyPnl(pnlChange: number, options: PnlOptions = {}): Promise<RiskUpdate> {
    return this.#calls.run(updateDailyPnl, pnlArguments(pnlChange, options, this.#policy));
  }

  /**
   * Books money that is no trade, once by its `id`: `amount` is as it moves the account, below 0 when you pay. It counts no trade and moves no
   * streak; the breaker is evaluated. An open position gets it into its result (`fee` and `rebate` in `fees`, else in `cash`); one that ended
   * within seven days gets it onto its record, which `getTrades` shows; `to: "forgotten"` says that it ended longer ago, and that the day alone
   * got it. Without `positionId` it is the day's. A `correction` on a trade whose result nobody told (`untold`), of 0, too, says that a person has
   * seen it: its alarm ends.
   * Rejects with an InvalidArgumentError when there never was such a position, and when `ts` is older than ids are remembered (30 days).
   */
  async bookCash(amount: number, cash: CashInput): Promise<CashResult> {
    return this.#calls.run(bookCash, cashArguments(amount, cash, this.#policy));
  }

  /**
   * Records a deposit (above 0) or a withdrawal, once by its `id`: equity moves, the peak in proportion, so that the drawdown stays. It is no
   * PnL and trips nothing. Where the bot has reported its equity at or after `ts`, that contains the transfer: equity stays, and so does a peak
   * set since. Without a known equity nothing moves.
   */
  async recordTransfer(amount: number, transfer: TransferInput): Promise<TransferResult> {
    return this.#calls.run(recordTransfer, transferArguments(amount, transfer, this.#policy));
  }

  /**
   * Trades that ended, in the order in which they were written down; `after` a key goes on from there. What was booked on a trade
   * after its end is in it. Redis and memory keep the newest `trades.max_length`, DuckDB keeps all. One call looks at 1,000 trades: a rare `pair`
   * among many takes several.
   */
  async getTrades(options: TradesOptions = {}): Promise<Trade[]> {
    return this.#calls.runPages(getTrades, tradesArguments(options));
  }

  /**
   * Trades of which nobody told the whole result (`untold`), oldest first, until fills of their exits do, or a person has seen it: has booked
   * a correction on the position with `bookCash` (0 where nothing is to be booked). Status and doctor raise an alarm for each. It looks
   * through all trades that are kept, 1,000 in a call.
   */
  async getUntoldTrades(): Promise<Trade[]> {
    return this.#calls.runPages(getUntoldTrades, { after: "", limit: 10_000 });
  }

  /** Notes the account's equity (quote currency): moves peak and drawdown and evaluates the breaker. */
  async updateEquity(equity: number): Promise<RiskUpdate> {
    return this.#calls.run(updateEquity, { equity: check.equity("equity", equity), ...this.#policy });
  }

  /**
   * Sets the starting equity, as connecting with `risk.starting_equity` does: equity follows what is booked from now on, until the bot reports
   * it. The first that is set stays; resolves to that.
   */
  async startEquity(equity: number): Promise<number> {
    const { dayStart } = this.#policy;
    return this.#calls.run(startEquity, { equity: check.startingEquity("equity", equity), dayStart });
  }

  /** The limits that every bot of the flow enforces; an absent one does not limit. */
  async getRiskLimits(): Promise<RiskLimits> {
    return (await this.#calls.run(getRiskLimits, undefined)).limits;
  }

  /** Who set each limit that is in force, when, and whether it was the configuration of a bot or a call. */
  async getRiskLimitOrigins(): Promise<RiskLimitOrigins> {
    return (await this.#calls.run(getRiskLimits, undefined)).origins;
  }

  /**
   * Sets the limits named, removes those that are null, leaves the others. Returns all that are in force. What a call set is not loosened
   * when a bot connects; what a call removed is the configuration's again. A limit that is made tighter than today's loss, the streak
   * or the drawdown trips the breaker in the same step.
   */
  async setRiskLimits(limits: { [name in RiskLimitName]?: number | null }): Promise<RiskLimits> {
    return this.#setLimits("call", limitEntries(parseRiskLimits(limits)));
  }

  /**
   * Says what the flow is counted in, and which currencies count as that one; `connect` does so with `risk.currency` and `risk.same_currency`.
   * Resolves to the currency. Rejects with an InvalidArgumentError when the flow is counted in another one already: that stays.
   */
  async setCurrency(currency: string, sameCurrency: readonly string[] = []): Promise<string> {
    return read(this.#calls.run(setCurrency, currencyArguments(currency, sameCurrency)), {
      value(flow) {
        if (flow.isOther)
          throw new InvalidArgumentError(`currency: the flow is counted in ${flow.currency}, got ${currency}`);
        return flow.currency;
      },
    });
  }

  /** The look-back guards that every bot of the flow enforces, and what they block now. */
  async getGuards(): Promise<GuardStatus> {
    return this.#calls.run(getGuards, undefined);
  }

  /**
   * Sets the flow's look-back guards, in place of those it had; `[]` removes all. Those set first look back on the trades that the flow still
   * keeps. Returns those that are in force. A bot that connects with `risk.guards` in its configuration sets those again.
   */
  async setGuards(guards: GuardInput[]): Promise<Guard[]> {
    const wanted = parseGuards(guards);
    return read(this.#calls.run(setGuards, { guards: wanted }), { value: () => wanted });
  }

  /**
   * Gives the limits named back to the configuration: each is what this manager's configuration says, or none. Returns all that are in
   * force. One that becomes tighter may trip the breaker, as in `setRiskLimits`.
   */
  async unsetRiskLimits(names: readonly RiskLimitName[]): Promise<RiskLimits> {
    const { day_start, breaker_duration, opposite_side, ...configured } = this.config.risk;
    const returned = check.names("names", names, RISK_LIMITS);
    return this.#setLimits(
      "unset",
      returned.map((name) => [name, configured[name] ?? null]),
    );
  }

  async #setLimits(how: "call" | "unset", limits: [RiskLimitName, number | null][]): Promise<RiskLimits> {
    return (await this.#calls.run(setRiskLimits, { how, ...this.#policy, limits })).limits;
  }

  /**
   * Trips the breaker by hand: blocks entries, never exits. `duration` (default `risk.breaker_duration`) by itself or in an object. An
   * active breaker is never shortened.
   */
  async triggerCircuitBreaker(
    reason: string,
    duration?: Duration | BreakerEnd | { duration?: Duration | BreakerEnd },
  ): Promise<CircuitBreaker> {
    return this.#calls.run(triggerCircuitBreaker, breakerArguments(reason, duration, this.#policy));
  }

  /** Whether the breaker blocks entries now. */
  async checkCircuitBreaker(): Promise<boolean> {
    return (await this.getCircuitBreaker()).active;
  }

  async getCircuitBreaker(): Promise<CircuitBreaker> {
    return this.#calls.run(getCircuitBreaker, undefined);
  }

  /**
   * Ends an active breaker; false when none was active. Acknowledges the cause that tripped last, also where that has ended by time: after
   * `consecutive_losses` the streak is 0, after `drawdown` the peak is the present equity. The day's loss stays.
   */
  async resetCircuitBreaker(reason?: string): Promise<boolean> {
    return this.#calls.run(resetCircuitBreaker, { reason: check.words("reason", reason) });
  }

  /** The trading days that are over, oldest first; with `days`, the newest so many. */
  async getDailyHistory(options: { days?: number } = {}): Promise<DailyRisk[]> {
    const { days } = check.fields("options", options, ["days"]);
    return this.#calls.run(getDailyHistory, {
      days: check.optionalCount("days", days),
      dayStart: this.#policy.dayStart,
    });
  }

  // Signals

  /**
   * Marks a signal as acted on: true exactly once over all processes within `signals.dedup_window`. `timestamp` is the
   * signal's own time (default now), kept as `lastProcessedTs`; the window counts from the moment of marking.
   */
  async markSignalProcessed(signalId: string, pair: string, timestamp?: Time): Promise<boolean> {
    return this.#calls.run(markSignalProcessed, {
      signalId: check.id("signalId", signalId),
      pair: check.pair("pair", pair),
      ts: check.optionalTime("timestamp", timestamp),
      maxIds: this.config.signals.max_ids,
      ...this.#dedup,
    });
  }

  async isSignalProcessed(signalId: string): Promise<boolean> {
    return this.#calls.run(isSignalProcessed, { signalId: check.id("signalId", signalId), ...this.#dedup });
  }

  async getSignalState(): Promise<SignalState> {
    return this.#calls.run(getSignalState, this.#dedup);
  }

  /**
   * Blocks entries of a pair, of one side of it, or of all pairs (`*`), for `duration` from now. Extends a running cooldown,
   * never shortens it unless `replace`. Resolves to the time it ends.
   */
  async setCooldown(
    pair: string,
    duration: Duration,
    options: { side?: PositionSide; reason?: string; replace?: boolean } = {},
  ): Promise<Date> {
    return this.#calls.run(setCooldown, cooldownArguments(pair, duration, options));
  }

  /** Whether entries of the pair are blocked now; with a side, whether that side's are. */
  async isOnCooldown(pair: string, side?: PositionSide): Promise<boolean> {
    return (await this.getCooldown(pair, side)) !== undefined;
  }

  /** When entries of the pair (of that side) are free again; undefined when they are. Counts the cooldowns of all pairs in. */
  async getCooldown(pair: string, side?: PositionSide): Promise<Date | undefined> {
    return this.#calls.run(getCooldown, pairAndSide(pair, side));
  }

  /** Ends the pair's own cooldown: one side's, or, without a side, all of them. False when none was active. */
  async clearCooldown(pair: string, side?: PositionSide): Promise<boolean> {
    return this.#calls.run(clearCooldown, pairAndSide(pair, side));
  }

  // Admission

  /**
   * May this entry go ahead? Decided over all processes in one step. Refused: `reason` (the first that holds, in the order of
   * `Refusal`), words, and `retryAt` where time cures it; nothing changed but what `getAdmissionStats` and `getRefusals` tell (at
   * Redis' maxmemory not even that). Admitted: the signal is marked, the entry order
   * stored with status `intent`, the cooldown set, the slot and the exposure taken. Submit the order under its id, then report
   * with `saveOrder`, `updateOrder`, `recordFill` or `cancelOrder`.
   *
   * With `positionId` it adds to that open position, with `flip` it turns one around: neither takes a slot, so both may go ahead
   * where slots are at their limit (not where they are above it), and a flip is no entry against the other side.
   * Rejects with an InvalidArgumentError when `positionId` is not an open position of that pair and side, `flip` not one of the
   * other side, `size` not above what the side holds that a flip closes, or `orderId` taken. The reasons from `recovering` to
   * `guard` come before that.
   */
  async admit(request: AdmissionRequest): Promise<Admission> {
    const args = admissionArguments(this.flowId, request, this.#entries);
    this.#currency.see(args.pair);
    const call = this.#calls.run(admit, args);
    return read(call, ADMISSION);
  }

  /**
   * How many entries were admitted and refused, by trading day, oldest first; today is the last if there was any. Days without an
   * entry are left out; with `days`, the newest so many. 30 days are kept. A repeated call counts once; being fenced, and a refusal
   * while Redis is at its maxmemory, are not counted.
   */
  async getAdmissionStats(options: { days?: number } = {}): Promise<AdmissionDay[]> {
    const { days } = check.fields("options", options, ["days"]);
    const newest = check.optionalCount("days", days);
    return (await this.#calls.run(getAdmissionStats, undefined)).slice(-newest);
  }

  /**
   * The newest 10,000 entries that were refused, oldest first: from `from` (inclusive) to `to` (exclusive); `after` the key of one goes
   * on from there; at most `limit` (default 1,000, at most 10,000).
   */
  async getRefusals(options: RefusalsOptions = {}): Promise<RefusedEntry[]> {
    return this.#calls.runPages(getRefusals, refusalsArguments(options));
  }

  // Recovery

  /**
   * Refuses entries (`recovering`) over all processes until the recovery has ended; exits go on. One process holds it, for `ttl`
   * (default 10s), renewed by itself; one that nobody holds any more is resumed, as is one that this very instance began. While
   * another process holds it, waits up to `wait` (default 0), then rejects with a LockedError that names the holder.
   */
  async beginRecovery(reason: string, options: HoldOptions = {}): Promise<Recovery> {
    const { ttl, wait } = holdArguments(options);
    const args = { reason: check.words("reason", check.id("reason", reason)), ttl };
    return this.#waitFor(wait, (deadline) =>
      takeRecovery(this.flowId, this.#calls, args, deadline, async () => this.#mark?.setAnew()),
    );
  }

  /** The recovery that is under way, held or left unfinished; undefined when there is none. */
  async getRecovery(): Promise<RecoveryState | undefined> {
    return this.#calls.run(getRecovery, undefined);
  }

  /**
   * A person approves the plan that waits in the recovery under way (`getRecovery`, its journal) by its hash: the process that waits in
   * `recover`, or the next one, carries it out if it still holds. True once; false when that plan was approved before, so that of two
   * approvers at once one gets true. Rejects with a StaleStateError when another plan waits, or none. It needs no lease.
   */
  async approveRecovery(hash: string): Promise<boolean> {
    const wanted = check.id("hash", hash);
    return read(this.#calls.runUnfenced(approveRecovery, { hash: wanted }), {
      value(approval) {
        switch (approval.outcome) {
          case "approved":
            return true;
          case "before":
            return false;
          case "none":
            throw new StaleStateError(`plan ${wanted} does not wait: no recovery is under way`);
          case "stale":
            throw new StaleStateError(
              approval.current === undefined
                ? `plan ${wanted} does not wait: the recovery under way has no plan that needs a person`
                : `plan ${wanted} is out of date: what waits now is plan ${approval.current}. Look at it and approve that`,
            );
        }
      },
    });
  }

  /**
   * Ends whatever recovery there is, whoever holds it, and lets entries go ahead again; false when there was none. What it has not done stays undone, and what
   * it has noted is gone. With `unlessHeldAfter` it rejects with a LockedError, and ends nothing, while somebody holds it for longer than that: given the `until`
   * that `getRecovery` told (or 0 where it told none), of a holder that goes on nothing is ended. `reason` is for the event log.
   */
  async endRecovery(options: { unlessHeldAfter?: Time; reason?: string } = {}): Promise<boolean> {
    const o = check.fields("options", options, ["unlessHeldAfter", "reason"]);
    const heldUntil = check.optionalTime("options.unlessHeldAfter", o.unlessHeldAfter);
    const call = this.#calls.run(endRecovery, {
      token: undefined,
      heldUntil,
      reason: check.words("options.reason", o.reason),
    });
    return read(call, {
      value: async (ending) => {
        if (ending.outcome === "held") {
          const until = new Date(ending.until).toISOString();
          throw new LockedError(
            `flow ${this.flowId} is being recovered by ${ending.holder}, which holds it until ${until}: it was not ended`,
          );
        }
        await this.#mark?.setAnew();
        return ending.outcome === "ended";
      },
    });
  }

  /**
   * The other flows of `recovery.account`, by id: the positions and pending orders of each as they stand at one moment, or why it cannot be
   * read: it is gone, of another schema, or the user may not. A flow is a member from its first `connect` with that account on, until
   * `forgetAccountFlow`. Nothing is made or changed by looking. `[]` without an account, and on memory and DuckDB, which know one flow only.
   * With `orderIds` each flow says as well which of these orders, at most 1,000, it had that are over, as
   * long as it keeps those (`ended`).
   */
  async getAccountFlows(options: { orderIds?: readonly string[] } = {}): Promise<AccountFlow[]> {
    this.#needOpen("getAccountFlows");
    const { orderIds } = check.fields("options", options, ["orderIds"]);
    const ids = orderIds === undefined ? [] : check.list("options.orderIds", orderIds, check.id);
    return (await (await accountOf(this.config, this.#credentials))?.flows(this.flowId, ids)) ?? [];
  }

  /**
   * Takes a flow off `recovery.account`: it is not looked at any more. False when it was no member. The flow itself stays as it is; it is a
   * member again when it connects with that account.
   */
  async forgetAccountFlow(flowId: string): Promise<boolean> {
    this.#needOpen("forgetAccountFlow");
    const forgotten = parseFlowId(flowId);
    return (await (await accountOf(this.config, this.#credentials))?.forget(forgotten)) ?? false;
  }

  /**
   * Puts the flow into an exchange account, making the account if it is new, with whatever the flow has open: slots and exposure come along, nothing
   * that it has booked. The flow gets a new epoch: its other managers get a StateLostError until they connect again. What is
   * configured under `account` holds for the account of that name, else what is under `risk`. Rejects with a ConfigError when the flow counts
   * in another currency or day than the account, or is in another one.
   */
  async joinAccount(name: string): Promise<void> {
    this.#needOpen("joinAccount");
    const { epoch } = await joinByCall(this.#backend, this.#calls, this.config, parseAccountName(name), this.#mover);
    this.#mark?.opened(epoch);
  }

  /**
   * Takes the flow out of its exchange account; false where it was in none. Its slots and exposure leave the account's sums; what it booked stays
   * there. The flow gets a new epoch, as in `joinAccount`.
   */
  async leaveAccount(): Promise<boolean> {
    this.#needOpen("leaveAccount");
    const opened = await leave(this.#backend, this.#calls, this.#mover);
    if (opened) this.#mark?.opened(opened.epoch);
    return opened !== undefined;
  }

  /** The exchange account that the flow is in, with the part of each of its flows; undefined where it is in none. */
  async getAccount(): Promise<AccountStatus | undefined> {
    return this.#calls.run(getAccount, undefined);
  }

  /**
   * Sets limits of the account (null removes one) for all its flows, and how long its breaker holds once it has tripped. What a call set is not
   * loosened when a bot connects, and a duration stays as it is; what a call removed is the configuration's again. One that becomes tighter, and is reached, trips the account's breaker. `getAccount` tells who set each.
   */
  async setAccountLimits(
    limits: { [name in AccountLimitName]?: number | null } & { readonly breaker_duration?: Duration | BreakerEnd },
  ): Promise<AccountLimits> {
    return this.#limitAccount("call", parseAccountLimits(limits));
  }

  /**
   * Gives limits of the account, and how long its breaker holds, back to the configuration: each is what this manager's configuration says of the
   * account that the flow is in, or none; the breaker then holds as under `risk`. Returns all limits that are in force.
   */
  async unsetAccountLimits(names: readonly AccountSettingName[]): Promise<AccountLimits> {
    const returned = check.names("names", names, ACCOUNT_SETTINGS);
    const account = await this.getAccount();
    return this.#limitAccount("unset", configuredOf(this.config, account?.name ?? "", returned));
  }

  async #limitAccount(how: "call" | "unset", given: AccountSettingsGiven): Promise<AccountLimits> {
    return read(this.#calls.run(setAccountLimits, { how, ...given }), { value: (set) => set.limits });
  }

  /**
   * Trips the account's breaker by hand, in one write: no flow of the account admits an entry; exits always work. `duration` by default the
   * account's. An active breaker is never shortened. The breakers of its flows stay as they are.
   */
  async triggerAccountBreaker(
    reason: string,
    duration?: Duration | BreakerEnd | { duration?: Duration | BreakerEnd },
  ): Promise<CircuitBreaker> {
    return this.#calls.run(tripAccount, accountBreakerArguments(reason, duration));
  }

  /** Ends the account's breaker; false when none was active. After a drawdown the account's peak is its present equity; the day's loss stays. */
  async resetAccountBreaker(reason?: string): Promise<boolean> {
    return this.#calls.run(resetAccount, { reason: check.words("reason", reason) });
  }

  /**
   * Takes slots and exposure of a flow whose state was lost off the account of this one; what it booked stays. Undefined where the account counts nothing of
   * it. Rejects with an InvalidArgumentError where there is such a flow: it leaves by itself (`leaveAccount`).
   */
  async forgetAccountPart(flowId: string): Promise<ForgottenPart | undefined> {
    this.#needOpen("forgetAccountPart");
    const lost = parseFlowId(flowId);
    const account = await this.getAccount();
    if (account) await refuseKept(this.config, this.#credentials, account.name, lost);
    return this.#calls.run(forgetAccountPart, { flowId: lost });
  }

  #needOpen(method: string): void {
    if (this.#closing.signal.aborted) throw notOpen(method);
  }

  /** Leaves a `difference_found` event: state and exchange differ in `subject`, seen in so many readings in a row. */
  async reportDifference(difference: Difference): Promise<void> {
    const d = check.fields("difference", difference, ["subject", "found", "reads"]);
    await this.#calls.run(reportDifference, {
      subject: check.words("difference.subject", d.subject),
      found: check.words("difference.found", d.found),
      reads: check.optionalCount("difference.reads", d.reads),
    });
  }

  // Liveness

  /** Says that this instance, and so the flow, is alive. Resolves to the time on the flow's clock. */
  async heartbeat(): Promise<Date> {
    const beat = this.#calls.runUnfenced(heartbeat, undefined);
    this.#signOff.see(beat);
    return beat;
  }

  /** The last heartbeat of any instance. */
  async getLastHeartbeat(): Promise<Date | undefined> {
    return (await this.#calls.run(getLastHeartbeat, undefined)).at;
  }

  /** The instances of the last seven days with their last heartbeats, oldest first. */
  async getInstances(): Promise<Instance[]> {
    return this.#calls.run(getInstances, undefined);
  }

  /**
   * Takes instances off the list of `getInstances`, each only if its last heartbeat is still the one given: those that are dead. An instance that
   * closes takes itself off. Resolves to the ids of those that are gone from it; at most 1,000 at once. It needs no lease.
   */
  async forgetInstances(instances: readonly Pick<Instance, "id" | "lastHeartbeat">[]): Promise<string[]> {
    const seen = check.list("instances", instances, (field, { id, lastHeartbeat }) => ({
      id: check.id(`${field}.id`, id),
      last: check.time(`${field}.lastHeartbeat`, lastHeartbeat),
    }));
    return this.#calls.runUnfenced(forgetInstances, { seen });
  }

  /** True when the last heartbeat is older than `maxAge` (default `recovery.max_state_age`), or when there never was one. */
  async checkStale(maxAge?: Duration): Promise<boolean> {
    const age = check.optionalDuration("maxAge", maxAge) ?? this.config.recovery.max_state_age;
    const { at, now } = await this.#calls.run(getLastHeartbeat, undefined);
    return at === undefined || now.getTime() - at.getTime() > age;
  }

  /**
   * Takes the flow's lease for `ttl` (default 10s), renewed by itself until it is released or lost. While another process
   * holds it, or Redis is away, waits up to `wait` (default 0), then rejects with a LockedError that names the holder, or with
   * what keeps it from knowing. With `execution.single_active`, every change is made under the lease acquired last.
   */
  async acquireLease(options: HoldOptions = {}): Promise<Lease> {
    const { ttl, wait } = holdArguments(options);
    return this.#waitFor(wait, (deadline) => takeLease(this.flowId, this.#calls, ttl, deadline));
  }

  #waitFor<T>(wait: number, attempt: (deadline: number) => Promise<T | undefined>): Promise<T> {
    return waitFor(wait, () => this.#closing.signal.aborted, attempt);
  }

  /**
   * Takes the lease of that token off its holder, which is fenced from then on: for a holder that is dead. False when it is not held under that token: it has
   * ended, or somebody else has it since. It needs no lease. `reason` is for the event log.
   */
  async breakLease(token: number, reason?: string): Promise<boolean> {
    const args = { token: check.optionalCount("token", token), reason: check.words("reason", reason) };
    return this.#calls.runUnfenced(releaseLease, args);
  }

  /** Who holds the flow's lease; undefined when nobody does. */
  async getLease(): Promise<LeaseState | undefined> {
    return this.#calls.run(getLease, undefined);
  }

  // Everything

  /**
   * The events after a given one (default: from the oldest kept), oldest first, at most `limit` (default 1000, never more than
   * 10,000). Begins with a `history_trimmed` event when some after that place may be gone.
   */
  async getEvents(options: { after?: string; limit?: number } = {}): Promise<StateEvent[]> {
    return eventsAfter((after, limit) => this.#calls.run(getEvents, { after, limit }), options);
  }

  /**
   * Where the log of events stands: the newest and the oldest event, how many there ever were, and whether it holds the event `holds`. With
   * Redis it costs as much as two or three reads.
   */
  async getLogPlace(options: { holds?: string } = {}): Promise<LogPlace> {
    const { holds } = check.fields("options", options, ["holds"]);
    return this.#calls.run(getLogPlace, { id: holds === undefined ? "" : check.eventId("holds", holds) });
  }

  /**
   * Every change of the flow, by any process, in order and without gaps: from `after` on, or from now; and those of the account that it is in. Ends when the signal
   * aborts or the manager is closed. Rejects with a StateLostError when the flow's state is gone.
   */
  watch(options: { after?: string; signal?: AbortSignal } = {}): AsyncIterableIterator<StateEvent> {
    const loss = this.#loss;
    const source = {
      page: (after: string, limit: number, told: boolean) => this.#calls.run(getEvents, { after, limit, told }),
      accountPage: (after: string, limit: number) =>
        this.#backend.hasAccountLog ? this.#calls.run(accountEvents, { after, limit }) : undefined,
      eventAfter: (id: string, signal: AbortSignal, inAccount?: string) =>
        this.#backend.eventAfter(id, AbortSignal.any([signal, loss.signal]), inAccount),
      check: () => loss.check(),
      unknown: (after: string, newest: string) => {
        if (newest === EMPTY && this.config.backend === "redis" && this.config.redis.allow_eviction) return undefined;
        const missing = newest === EMPTY ? "its log is empty" : `the newest event in it is ${newest}`;
        const known = {
          newest: `event ${after}, which watch() told`,
          at: timeOfEvent(after),
          holder: this.config.backend,
          missing,
        };
        return loss.note(wentBackText(known, RECONNECT));
      },
    };
    return watchFlow(source, this.#closing.signal, options);
  }

  /**
   * Calls back after every call of this manager: which operation, how long it took, how it ended. For metrics. What the listener throws rejects
   * the call: let it throw nothing. The result ends it.
   */
  onCall(listener: (told: CallTold) => void): () => void {
    return this.#calls.listen(listener);
  }

  /** Everything at once, as it stands at one moment. */
  async snapshot(): Promise<Snapshot> {
    return this.#snapshotBy(this.#calls);
  }

  /** The flow as the manager itself reads it, while it closes too. */
  #readable(): LoggingFlow {
    const calls = this.#last;
    return {
      snapshot: () => this.#snapshotBy(calls),
      getLease: () => calls.run(getLease, undefined),
      getGuards: () => calls.run(getGuards, undefined),
      getUntoldTrades: () => calls.runPages(getUntoldTrades, { after: "", limit: 10_000 }),
      getRecovery: () => calls.run(getRecovery, undefined),
      getLogPlace: () => calls.run(getLogPlace, { id: "" }),
      getEvents: (options) => eventsAfter((after, limit) => calls.run(getEvents, { after, limit }), options),
    };
  }

  async #snapshotBy(calls: FlowCalls): Promise<Snapshot> {
    const state = await calls.run(snapshot, { dayStart: this.#policy.dayStart, ...this.#dedup });
    return { flowId: this.flowId, ...state };
  }

  /**
   * All that is stored of the flow, at one moment, in the layout of Redis, whichever backend it is on: what a backup is made of.
   * Redis tells a big flow in parts, and none of them keeps it from others for long: a few milliseconds, and a millisecond or two more for each
   * thousand of open positions and pending orders, which are told together. What changes meanwhile is told as it is at the last part's moment;
   * where that cannot be proven, or with `options.clock`, the flow is told in one piece (0.3 s for 100,000 signals, 100,000 fills, 10,000
   * closed orders and 10,000 events).
   */
  async exportFlow(): Promise<FlowLayout> {
    return this.#calls.run(exportFlow, undefined);
  }

  /**
   * Writes the whole flow, as it stands at one moment, to a new file, while the bot works on. The file is mode 0600, and gets its name when it is
   * whole and read back; whatever ends the process before leaves at most a draft beside it (`<path>.new-...`, `<path>.import-...`). All of
   * the flow is in memory meanwhile, as with `exportFlow`. Two backups at once to the same path: one of them is refused.
   *
   * - DuckDB: a DuckDB file. Restored by being put in the place of the flow's file while no bot has that, without the old one's `.wal`; or by
   *   `sf-state copy` from it.
   * - Redis, memory: a file as `sf-state backup` writes it, compressed when its name ends in `.gz`. `sf-state restore <path>` puts it into
   *   Redis or into a DuckDB file.
   *
   * Rejects with an InvalidArgumentError when something is there already, a ConfigError when it cannot be written; the flow is as it was.
   */
  async backup(path: string): Promise<void> {
    const file = check.path("path", path);
    const { backUp } = await import("../transfer/back-up.js");
    await backUp(file, {
      flowId: this.flowId,
      backend: this.config.backend,
      read: () => this.exportFlow(),
      now: this.#now,
    });
  }
}

/** Being fenced is one of the refusals. */
const ADMISSION: ResultReader<Admission, Admission> = {
  value: (admission) => admission,
  error(error) {
    if (error instanceof FencedError) return { admitted: false, reason: "fenced", message: error.message };
    throw error;
  },
};
