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
import { UntoldTrades } from "./untold-trades.js";
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
  /** The configuration that decides entries, fills and ends of trades. */
  readonly #entries: TradePolicy & AdmissionPolicy;
  /** Aborted while the manager is not open: ends its watchers. */
  #closing = new AbortController();
  #snapshots: RegularWriter<Snapshot> | undefined;
  #alerts: BotAlerts | undefined;
  readonly #mark: MarkKeeper | undefined;
  readonly #signOff: SignOff;
  /** Calls made while the manager closes, when nobody else calls any more. */
  readonly #last: FlowCalls;
  #ending: Promise<void> | undefined;
  /** Watches limits in money whose currency nobody configured. */
  readonly #currency: CurrencyWatch;
  #untold: UntoldTrades;

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
    this.#untold = new UntoldTrades(this.#calls);
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

  /** Validates everything and connects to nothing. Throws a ConfigError that names every bad key. */
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
   * Opens the flow, making it if it is new, and writes the configured currency, risk limits, guards and starting equity; with `options.existing` it does
   * neither. A limit that a call set is only made tighter; if it differs from the configured one, the logger is warned. Rejects with a ConnectionError
   * within `redis.connect_timeout` if Redis cannot be reached, a LockedError if another process holds the DuckDB file, and a StateLostError if the flow is
   * older than the mark on this machine (`mark.path`). With `accept: "went_back"` it connects in that case too, with entries blocked (`recovering`) until a
   * recovery has ended: `recover` brings what is left in line with the exchange, and the mark is set anew.
   */
  async connect(options: { accept?: "went_back" } = {}): Promise<void> {
    const accepted = check.accepted("accept", check.fields("options", options, ["accept"]).accept);
    if (this.#ending) await this.#ending.catch(() => {});
    this.#calls.open();
    const opened = await this.#opened(accepted);
    this.#loss.forget();
    this.#untold = new UntoldTrades(this.#calls);
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
      throw new ConnectionError(
        "connect: it is not known whether the configured limits were written, since no answer came; connect again",
        {
          cause: error,
        },
      );
    }
    this.#logger.info(
      `flow ${this.flowId}: ${opened.created ? "made" : "opened"} on ${this.config.backend}, epoch ${opened.epoch}`,
    );
  }

  /** Writes the configuration. Repeats it if another bot meanwhile put the flow into the account, which gave it another epoch. */
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

  /** If the mark knows the flow, a missing flow is not made anew. */
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
   * Waits for what is in flight, then closes connections and files. An instance that gave heartbeats signs off: it leaves the list of instances and does
   * not count as dead. If that cannot be stored in time, it will count as dead.
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
   * Stores a position, new or in place of the one with its id; the version grows by one. When it replaces one, size and entry price set a new cost; the
   * result, fees and `openedBy` stay. Of two concurrent writers the later one wins.
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

  /** Updates a position of that version. If the version differs, `conflict` is called. */
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
   * Removes a position without booking anything; false if there was none. A position that was merely saved is forgotten. A position with booked fills, or
   * whose result `updateDailyPnl` told, ends as a trade with `reason` (default `removed`): it is counted, unless that call has counted it, and its pair
   * cools down. Without a told result the trade is `untold` for the remaining size: its result is not known (which is not zero), and the loss streak stays.
   * Later fills of its exits explain it. With `untold: true` a merely saved position ends that way, too: use it if a position is gone and nobody knows at
   * what price. Status and doctor raise an alarm for such a trade until its result is told, or a person has booked a correction on it with `bookCash`. Of
   * two concurrent removers one gets true.
   */
  async removePosition(id: string, options: RemoveOptions = {}): Promise<boolean> {
    return this.#calls.run(removePosition, removeArguments(id, options, this.#entries));
  }

  /**
   * Closes a position in one step: removes it, books `pnl` in addition to what its fills booked, writes its trade, judges the loss streak by the whole
   * result, evaluates the breaker, sets the pair's cooldown. If `updateDailyPnl` already told the result, `pnl` is not booked, and a warning is logged.
   * Later fills of its exits book nothing. Of two concurrent closers one gets `closed: true`; the other books nothing.
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
   * Stores an order, new or over the pending one with its id. What is known of the pending one is not taken back: `filled` never goes down, `positionId`
   * stays, and a pending status that does not know of a fill becomes `partially_filled`. If `positionId` names a position that the order opened before, or
   * turned around, the write is late and that field is ignored; any other position is an InvalidArgumentError. `price`, `orderType`, `tp`, `sl`,
   * `cooldown`, `metadata`, `intent`, `signalId`, `createdAt`, `reason` and `rate` stay unless given; `pair`, `side` and `size` are as this call says or
   * defaults. A write that changes nothing leaves no event and no new `version`.
   *
   * A done order is remembered for seven days (the newest 10,000). If the call gives its `createdAt`, or none and its own status, it returns the done order
   * unchanged; anything else is an InvalidArgumentError. So is a status that may not follow the stored one. Once the order is
   * forgotten, its id is free. `filled`, `cancelled` and `rejected` end the order: it leaves the pending ones and its reservation is freed. `unknown`
   * (a submit timed out) keeps the reservation.
   */
  async saveOrder(order: OrderInput): Promise<PendingOrder> {
    const args = orderArguments(order);
    this.#currency.see(args.pair);
    return this.#calls.run(saveOrder, args);
  }

  /**
   * Changes some fields of a pending order, as an exchange's answer does: a patch, or a function from the present order to a patch. Two concurrent updaters
   * lose nothing: a patch changes its own fields only, and a function is called again if the order changed in between. The reservation follows size and
   * price; a size that equals what is filled makes the order `filled`. A patch that changes nothing leaves no event and no new version. Rejects with an
   * InvalidArgumentError if the order is done or there is none (`id`), if `filled` would go down, if `size` would fall below it, and if the status may not
   * follow the stored one.
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

  /** Updates an order of that version. If the version differs, `conflict` is called. */
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
   * Books one execution of an order, once for each `fillId`, in any order.
   *
   * An entry fill opens or grows the position `positionId`. Without one, or if that position has ended, it opens the position with the order's own id, or
   * with `id~2` if an ended one has that name.
   *
   * An exit fill reduces the position `positionId`. Once fills have used that up, the rest reduces the pair's other positions of that side, oldest first,
   * then its dust; an order that names no position does so from the start. `over` is what none of them holds. If the named position ended in another way
   * (closed, removed, dust), the fill explains that end, up to the size that ended, and reduces nothing: it books nothing if the result was told or the
   * position was merely saved, otherwise its result, on that trade. A fill of a flip closes the other side in this way, and the rest opens the order's
   * position.
   *
   * Each part books its realised change on its own day, and its share of the fee by size. A position that becomes flat, or has a rest of up to `dust` that
   * no pending exit awaits, ends as a trade: counted, the streak judged by its whole result, the pair cooling down. The breaker is evaluated once, after
   * all. Sizes within a relative 1e-9 are equal.
   *
   * Rejects with an InvalidArgumentError, and changes nothing, if there is no such order (pending, or closed within seven days), if an exit finds nothing
   * to reduce or its position has not opened yet, if an entry would be filled by more than its size without `overfill`, and if a remembered fill is told
   * with another size or price.
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
   * Ends a pending order: frees its slot, its exposure and, with `releaseSignal` and if nothing of it was filled, its signal. With `dust`, a rest of up to
   * that size of an exit's position ends as a trade, if no other exit of it is pending. False if the order was not pending.
   */
  async cancelOrder(orderId: string, options: CancelOptions = {}): Promise<boolean> {
    return this.#calls.run(cancelOrder, cancelArguments(orderId, options, this.#entries));
  }

  /** Forgets a pending order and frees what it reserved; false if there was none. A later fill of it is an error. */
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
   * Books one trade's result, exact to 8 places, counts it, and evaluates the breaker in the same step. The same `tradeId` books once (see `applied`). If
   * `tradeId` is the id of an open position, the amount is that position's result, added to what fills booked on it: it is judged now, once;
   * `removePosition` then writes the trade and does not count it again. A `ts` of an earlier day books into that day's history.
   */
  async updateDailyPnl(pnlChange: number, options: PnlOptions = {}): Promise<RiskUpdate> {
    return this.#calls.run(updateDailyPnl, pnlArguments(pnlChange, options, this.#policy));
  }

  /**
   * Books money that is no trade, once for each `id`. `amount` is as it changes the account: below 0 when you pay. It counts no trade and does not change
   * the streak; the breaker is evaluated. With `positionId` of an open position it becomes part of its result (`fee` and `rebate` in `fees`, else in
   * `cash`); of a position that ended within seven days, part of its trade, which `getTrades` shows; `to: "forgotten"` means that it ended longer ago, and
   * only the day got the amount. Without `positionId` it belongs to the day. A `correction` on a trade whose result nobody told (`untold`), even of 0,
   * means that a person has seen the trade: its alarm ends. Rejects with an InvalidArgumentError if there never was such a position, and if `ts` is older
   * than ids are remembered (30 days).
   */
  async bookCash(amount: number, cash: CashInput): Promise<CashResult> {
    return this.#calls.run(bookCash, cashArguments(amount, cash, this.#policy));
  }

  /**
   * Records a deposit (above 0) or a withdrawal, once for each `id`: equity moves, and the peak in proportion, so that the drawdown stays. It is no PnL and
   * trips nothing. If the bot has reported its equity at or after `ts`, that report contains the transfer: equity stays, and so does a peak set since.
   * Without a known equity nothing moves.
   */
  async recordTransfer(amount: number, transfer: TransferInput): Promise<TransferResult> {
    return this.#calls.run(recordTransfer, transferArguments(amount, transfer, this.#policy));
  }

  /**
   * Ended trades, in the order in which they were written. `after`: continue after the trade with this key. Bookings after a trade's end are included.
   * Redis and memory keep the newest `trades.max_length`, DuckDB keeps all. One call to the server looks at 1,000 trades: a rare `pair` among many takes
   * several.
   */
  async getTrades(options: TradesOptions = {}): Promise<Trade[]> {
    return this.#calls.runPages(getTrades, tradesArguments(options));
  }

  /**
   * Trades whose whole result nobody told (`untold`), oldest first, until fills of their exits tell it, or a person has seen it, that is, has booked a
   * correction on the position with `bookCash` (0 if there is nothing to book). Status and doctor raise an alarm for each. It looks through all trades that
   * are kept, 1,000 in a call to the server; if it looked less than a minute ago, only through those since the first untold one.
   */
  async getUntoldTrades(): Promise<Trade[]> {
    return this.#untold.look();
  }

  /** Reports the account's equity (quote currency): moves peak and drawdown, and evaluates the breaker. */
  async updateEquity(equity: number): Promise<RiskUpdate> {
    return this.#calls.run(updateEquity, { equity: check.equity("equity", equity), ...this.#policy });
  }

  /**
   * Sets the starting equity, as connecting with `risk.starting_equity` does: equity follows what is booked from now on, until the bot reports it. The
   * first one that is set stays; resolves to that.
   */
  async startEquity(equity: number): Promise<number> {
    const { dayStart } = this.#policy;
    return this.#calls.run(startEquity, { equity: check.startingEquity("equity", equity), dayStart });
  }

  /** The limits that every bot of the flow enforces; an absent limit does not limit. */
  async getRiskLimits(): Promise<RiskLimits> {
    return (await this.#calls.run(getRiskLimits, undefined)).limits;
  }

  /** Who set each limit that is in force, when, and whether it was the configuration of a bot or a call. */
  async getRiskLimitOrigins(): Promise<RiskLimitOrigins> {
    return (await this.#calls.run(getRiskLimits, undefined)).origins;
  }

  /**
   * Sets the given limits, removes those that are null, leaves the others. Returns all that are in force. A limit that a call set is not loosened when a
   * bot connects; a limit that a call removed is the configuration's again. If a limit becomes tighter than today's loss, the streak or the drawdown, the
   * breaker trips in the same step.
   */
  async setRiskLimits(limits: { [name in RiskLimitName]?: number | null }): Promise<RiskLimits> {
    return this.#setLimits("call", limitEntries(parseRiskLimits(limits)));
  }

  /**
   * Sets the flow's currency, and the currencies that count as it; `connect` does so with `risk.currency` and `risk.same_currency`. Resolves to the
   * currency. Rejects with an InvalidArgumentError if the flow already has another currency: that stays.
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
   * Sets the flow's look-back guards, in place of the present ones; `[]` removes all. The first guards of a flow look back on the trades that it still
   * keeps. Returns those that are in force. A bot that connects with `risk.guards` in its configuration sets those again.
   */
  async setGuards(guards: GuardInput[]): Promise<Guard[]> {
    const wanted = parseGuards(guards);
    return read(this.#calls.run(setGuards, { guards: wanted }), { value: () => wanted });
  }

  /**
   * Gives these limits back to the configuration: each becomes what this manager's configuration says, or none. Returns all that are in force. A limit that
   * becomes tighter may trip the breaker, as in `setRiskLimits`.
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
   * Trips the breaker by hand: blocks entries, never exits. `duration` (default `risk.breaker_duration`) is given by itself or in an object. An active
   * breaker is never shortened.
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
   * Ends an active breaker; false if none was active. It also acknowledges the cause that tripped last (src/manager/README.md, The breaker).
   */
  async resetCircuitBreaker(reason?: string): Promise<boolean> {
    return this.#calls.run(resetCircuitBreaker, { reason: check.words("reason", reason) });
  }

  /** The trading days that are over, oldest first; with `days`, the newest that many. */
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

  /** Whether entries of the pair are blocked now; with a side, whether entries of that side are. */
  async isOnCooldown(pair: string, side?: PositionSide): Promise<boolean> {
    return (await this.getCooldown(pair, side)) !== undefined;
  }

  /** When entries of the pair (and side) are free again; undefined if they are free. Includes cooldowns of all pairs (`*`). */
  async getCooldown(pair: string, side?: PositionSide): Promise<Date | undefined> {
    return this.#calls.run(getCooldown, pairAndSide(pair, side));
  }

  /** Ends the pair's own cooldown: that of one side or, without a side, all of them. False if none was active. */
  async clearCooldown(pair: string, side?: PositionSide): Promise<boolean> {
    return this.#calls.run(clearCooldown, pairAndSide(pair, side));
  }

  // Admission

  /**
   * Decides whether an entry may go ahead, over all processes, in one step.
   *
   * Refused: `reason` (the first that holds, in the order of `Refusal`), words, and `retryAt` if it ends by time. Nothing changes but what
   * `getAdmissionStats` and `getRefusals` return (at Redis' maxmemory not even that). Admitted: the signal is marked, the entry order is stored with status
   * `intent`, the cooldown is set, the slot and the exposure are taken. Submit the order under its id, then report with `saveOrder`, `updateOrder`,
   * `recordFill` or `cancelOrder`.
   *
   * With `positionId` the entry adds to that open position, with `flip` it turns one around. Neither takes a slot, so both may go ahead if slots are at
   * their limit (not if they are above it), and a flip is not refused as `opposite_side`. Rejects with an InvalidArgumentError if `positionId` is not an
   * open position of that pair and side, if `flip` is not one of the other side, if `size` is not above what the side closed by a flip holds, or if
   * `orderId` is taken. The reasons from `recovering` to `guard` are checked before that.
   */
  async admit(request: AdmissionRequest): Promise<Admission> {
    const args = admissionArguments(this.flowId, request, this.#entries);
    this.#currency.see(args.pair);
    const call = this.#calls.run(admit, args);
    return read(call, ADMISSION);
  }

  /**
   * How many entries were admitted and refused, by trading day, oldest first; today is the last, if it had any. Days without an entry are left out; with
   * `days`, the newest that many. 30 days are kept. A repeated call counts once. Not counted: being fenced, and a refusal while Redis is at its maxmemory.
   */
  async getAdmissionStats(options: { days?: number } = {}): Promise<AdmissionDay[]> {
    const { days } = check.fields("options", options, ["days"]);
    const newest = check.optionalCount("days", days);
    return (await this.#calls.run(getAdmissionStats, undefined)).slice(-newest);
  }

  /**
   * The newest 10,000 refused entries, oldest first: from `from` (inclusive) to `to` (exclusive), after the one with the key `after`, at most `limit`
   * (default 1,000, at most 10,000).
   */
  async getRefusals(options: RefusalsOptions = {}): Promise<RefusedEntry[]> {
    return this.#calls.runPages(getRefusals, refusalsArguments(options));
  }

  // Recovery

  /**
   * Refuses entries (`recovering`) over all processes until the recovery has ended; exits go ahead. One process holds the recovery for `ttl` (default 10s),
   * renewed by itself. A recovery that nobody holds any more is resumed; so is one that this instance itself began. While another process holds it, waits
   * up to `wait` (default 0), then rejects with a LockedError that names the holder.
   */
  async beginRecovery(reason: string, options: HoldOptions = {}): Promise<Recovery> {
    const { ttl, wait } = holdArguments(options);
    const args = { reason: check.reason("reason", reason), ttl };
    return this.#waitFor(wait, (deadline) =>
      takeRecovery(this.flowId, this.#calls, args, deadline, async () => this.#mark?.setAnew()),
    );
  }

  /** The recovery under way, held or left unfinished; undefined if there is none. */
  async getRecovery(): Promise<RecoveryState | undefined> {
    return this.#calls.run(getRecovery, undefined);
  }

  /**
   * Approves, for a person, the plan that waits in the recovery under way (`getRecovery`, its journal), by its hash. The process that waits in `recover`,
   * or the next one, carries it out if it still holds. True once; false if the plan was approved before: of two concurrent approvers one gets true. Rejects
   * with a StaleStateError if another plan waits, or none. It needs no lease.
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
   * Ends the recovery, whoever holds it, and lets entries go ahead; false if there was none. What it has not done stays undone, and its notes are gone.
   * With `unlessHeldAfter` it rejects with a LockedError, and ends nothing, while somebody holds it for longer than that. Give it the `until` that
   * `getRecovery` returned (or 0 if it returned none): then the recovery of a holder that still renews it is not ended. `reason` is for the event log.
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
   * The other flows of `recovery.account`, by id: each one's positions and pending orders at one moment, or why it cannot be read: it is gone, has another
   * schema, or the user may not read it. A flow is a member from its first `connect` with that account until `forgetAccountFlow`. Looking makes and changes
   * nothing. `[]` without an account, and on memory and DuckDB, which know one flow only. With `orderIds` (at most 1,000) each flow also says which of
   * these orders it had and are over, as long as it keeps them (`ended`).
   */
  async getAccountFlows(options: { orderIds?: readonly string[] } = {}): Promise<AccountFlow[]> {
    this.#needOpen("getAccountFlows");
    const { orderIds } = check.fields("options", options, ["orderIds"]);
    const ids = orderIds === undefined ? [] : check.list("options.orderIds", orderIds, check.id);
    return (await (await accountOf(this.config, this.#credentials))?.flows(this.flowId, ids)) ?? [];
  }

  /**
   * Removes a flow from `recovery.account`: it is not looked at any more. False if it was no member. The flow itself does not change. It becomes a member
   * again when it connects with that account.
   */
  async forgetAccountFlow(flowId: string): Promise<boolean> {
    this.#needOpen("forgetAccountFlow");
    const forgotten = parseFlowId(flowId);
    return (await (await accountOf(this.config, this.#credentials))?.forget(forgotten)) ?? false;
  }

  /**
   * Puts the flow into an exchange account, making the account if it is new, with everything that the flow has open: slots and exposure are added to the
   * account's sums, past bookings are not. The flow gets a new epoch: its other managers get a StateLostError until they connect again. The settings
   * under `account` apply if they name this account, otherwise those under `risk`. Rejects with a ConfigError if the flow counts in another currency or day
   * than the account, or is in another account.
   */
  async joinAccount(name: string): Promise<void> {
    this.#needOpen("joinAccount");
    const { epoch } = await joinByCall(this.#backend, this.#calls, this.config, parseAccountName(name), this.#mover);
    this.#mark?.opened(epoch);
  }

  /**
   * Takes the flow out of its exchange account; false if it was in none. Its slots and exposure leave the account's sums; what it booked stays there. The
   * flow gets a new epoch, as in `joinAccount`.
   */
  async leaveAccount(): Promise<boolean> {
    this.#needOpen("leaveAccount");
    const opened = await leave(this.#backend, this.#calls, this.#mover);
    if (opened) this.#mark?.opened(opened.epoch);
    return opened !== undefined;
  }

  /** The exchange account of the flow, with each flow's part; undefined if the flow is in none. */
  async getAccount(): Promise<AccountStatus | undefined> {
    return this.#calls.run(getAccount, undefined);
  }

  /**
   * Sets limits of the account for all its flows (null removes one), and how long its breaker lasts once it has tripped. A limit that a call set is not
   * loosened when a bot connects, and such a duration stays; a limit that a call removed is the configuration's again. If a limit becomes tighter and is
   * reached, the account's breaker trips. `getAccount` tells who set each.
   */
  async setAccountLimits(
    limits: { [name in AccountLimitName]?: number | null } & { readonly breaker_duration?: Duration | BreakerEnd },
  ): Promise<AccountLimits> {
    return this.#limitAccount("call", parseAccountLimits(limits));
  }

  /**
   * Gives limits of the account, and its breaker's duration, back to the configuration: each becomes what this manager's configuration says about the
   * flow's account, or none; the duration becomes that under `risk`. Returns all limits that are in force.
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
   * Trips the account's breaker by hand, in one write: no flow of the account admits an entry; exits always work. `duration`: by default the account's. An
   * active breaker is never shortened. The flows' own breakers stay as they are.
   */
  async triggerAccountBreaker(
    reason: string,
    duration?: Duration | BreakerEnd | { duration?: Duration | BreakerEnd },
  ): Promise<CircuitBreaker> {
    return this.#calls.run(tripAccount, accountBreakerArguments(reason, duration));
  }

  /** Ends the account's breaker; false if none was active. After a drawdown the account's peak becomes its present equity; the day's loss stays. */
  async resetAccountBreaker(reason?: string): Promise<boolean> {
    return this.#calls.run(resetAccount, { reason: check.words("reason", reason) });
  }

  /**
   * Removes the slots and exposure of a flow whose state was lost from this flow's account; what it booked stays. Undefined if the account counts nothing
   * of it. Rejects with an InvalidArgumentError if that flow exists: then it leaves by itself (`leaveAccount`).
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

  /** Leaves a `difference_found` event: state and exchange differ in `subject`, seen in `reads` readings in a row. */
  async reportDifference(difference: Difference): Promise<void> {
    const d = check.fields("difference", difference, ["subject", "found", "reads"]);
    await this.#calls.run(reportDifference, {
      subject: check.words("difference.subject", d.subject),
      found: check.words("difference.found", d.found),
      reads: check.optionalCount("difference.reads", d.reads),
    });
  }

  // Liveness

  /** Gives a heartbeat: this instance, and so the flow, is alive. Resolves to the time on the flow's clock. */
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
   * Removes dead instances from the list of `getInstances`, each only if its last heartbeat is still the given one. (An instance that closes removes
   * itself.) Resolves to the ids that were removed; at most 1,000 at once. It needs no lease.
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
   * Takes the flow's lease for `ttl` (default 10s); it renews itself until it is released or lost. While another process holds it, or Redis is away, waits
   * up to `wait` (default 0), then rejects with a LockedError that names the holder, or with the error that kept it from asking. With
   * `execution.single_active`, every change is made under the lease acquired last.
   */
  async acquireLease(options: HoldOptions = {}): Promise<Lease> {
    const { ttl, wait } = holdArguments(options);
    return this.#waitFor(wait, (deadline) => takeLease(this.flowId, this.#calls, ttl, deadline));
  }

  #waitFor<T>(wait: number, attempt: (deadline: number) => Promise<T | undefined>): Promise<T> {
    return waitFor(wait, () => this.#closing.signal.aborted, attempt);
  }

  /**
   * Takes the lease with this token from its holder, for instance a dead one; the holder is fenced from then on. False if the lease is not held under that
   * token any more. It needs no lease. `reason` is for the event log.
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
   * The events after a given one (default: from the oldest kept), oldest first, at most `limit` (default 1000, never more than 10,000). Begins with a
   * `history_trimmed` event if some events after that place may be gone.
   */
  async getEvents(options: { after?: string; limit?: number } = {}): Promise<StateEvent[]> {
    return eventsAfter((after, limit) => this.#calls.run(getEvents, { after, limit }), options);
  }

  /**
   * The place of the event log: the newest and the oldest event, how many there ever were, and whether it has the event `holds`. On Redis it costs as much
   * as two or three reads.
   */
  async getLogPlace(options: { holds?: string } = {}): Promise<LogPlace> {
    const { holds } = check.fields("options", options, ["holds"]);
    return this.#calls.run(getLogPlace, { id: holds === undefined ? "" : check.eventId("holds", holds) });
  }

  /**
   * Every change of the flow and of its account, by any process, in order and without gaps: after `after`, or from now on. Ends when the signal aborts or
   * the manager is closed. Rejects with a StateLostError if the flow's state is gone.
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
   * Calls back after every call of this manager, with the operation, its duration and its outcome; for metrics. The listener must not throw: an error of it
   * rejects the call. Call the returned function to stop.
   */
  onCall(listener: (told: CallTold) => void): () => void {
    return this.#calls.listen(listener);
  }

  /** All state at one moment. */
  async snapshot(): Promise<Snapshot> {
    return this.#snapshotBy(this.#calls);
  }

  /** The flow as the manager itself reads it, also while it closes. */
  #readable(): LoggingFlow {
    const calls = this.#last;
    const untold = new UntoldTrades(calls);
    return {
      snapshot: () => this.#snapshotBy(calls),
      getLease: () => calls.run(getLease, undefined),
      getGuards: () => calls.run(getGuards, undefined),
      getUntoldTrades: () => untold.look(),
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
   * All that is stored of the flow, at one moment, in the layout of Redis, on any backend: the content of a backup. Redis exports a big flow in parts, none
   * of which blocks others for long: a few milliseconds, plus a millisecond or two for each thousand open positions and pending orders, which are read
   * together. Everything is as of the last part's moment. If that cannot be proven, or with `options.clock`, the flow is exported in one piece (0.3 s for
   * 100,000 signals, 100,000 fills, 10,000 closed orders and 10,000 events).
   */
  async exportFlow(): Promise<FlowLayout> {
    return this.#calls.run(exportFlow, undefined);
  }

  /**
   * Writes the whole flow, as of one moment, to a new file, while the bot works on. The file has mode 0600, and gets its name only after it is complete and
   * read back; if the process ends before that, at most a draft is left beside it (`<path>.new-...`, `<path>.import-...`). Meanwhile all of the flow is in
   * memory, as with `exportFlow`. Of two concurrent backups to the same path one is refused.
   * - DuckDB: a DuckDB file. To restore it, put it in the place of the flow's file while no bot has that open, without the old `.wal`; or use `sf-state
   * copy`.
   * - Redis, memory: a file as `sf-state backup` writes it, compressed if its name ends in `.gz`. `sf-state restore <path>` puts it into Redis or into a
   * DuckDB file.
   *
   * Rejects with an InvalidArgumentError if the path exists already, and with a ConfigError if it cannot be written; the flow does not change.
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

/** Being fenced is one of the refusals, not an error. */
const ADMISSION: ResultReader<Admission, Admission> = {
  value: (admission) => admission,
  error(error) {
    if (error instanceof FencedError) return { admitted: false, reason: "fenced", message: error.message };
    throw error;
  },
};
