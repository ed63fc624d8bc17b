import { createHash, randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import type { Backend, BackendContext } from "../backends/backend.js";
import { DuckdbBackend } from "../backends/duckdb/duckdb.js";
import { MemoryBackend } from "../backends/memory.js";
import { RedisBackend } from "../backends/redis/redis.js";
import type { Duration } from "../config/duration.js";
import { duckdbPath, parseFlowId } from "../config/flow-id.js";
import type { RiskLimitName, RiskLimits } from "../config/risk-limits.js";
import { type Config, parseRiskLimits, type ResolvedConfig, resolveConfig } from "../config/schema.js";
import { ConnectionError, FencedError, InvalidArgumentError, LockedError, UnknownOutcomeError } from "../errors.js";
import type { FlowLayout } from "../layout/flow-layout.js";
import { acquireLease } from "../operations/acquire-lease.js";
import { admit } from "../operations/admit.js";
import { beginRecovery } from "../operations/begin-recovery.js";
import { cancelOrder } from "../operations/cancel-order.js";
import { clearCooldown } from "../operations/clear-cooldown.js";
import { closePosition } from "../operations/close-position.js";
import { endRecovery } from "../operations/end-recovery.js";
import { exportFlow } from "../operations/export-flow.js";
import { findOrders } from "../operations/find-orders.js";
import { getCircuitBreaker } from "../operations/get-circuit-breaker.js";
import { getCooldown } from "../operations/get-cooldown.js";
import { getDailyHistory } from "../operations/get-daily-history.js";
import { getEvents } from "../operations/get-events.js";
import { getInstances } from "../operations/get-instances.js";
import { getLastHeartbeat } from "../operations/get-last-heartbeat.js";
import { getLease } from "../operations/get-lease.js";
import { getOrder } from "../operations/get-order.js";
import { getPendingOrders } from "../operations/get-pending-orders.js";
import { getPosition } from "../operations/get-position.js";
import { getPositions } from "../operations/get-positions.js";
import { getRecordedFills } from "../operations/get-recorded-fills.js";
import { getRecovery } from "../operations/get-recovery.js";
import { getRiskLimits } from "../operations/get-risk-limits.js";
import { getRiskState } from "../operations/get-risk-state.js";
import { getSignalState } from "../operations/get-signal-state.js";
import { heartbeat } from "../operations/heartbeat.js";
import { isSignalProcessed } from "../operations/is-signal-processed.js";
import { journalRecovery } from "../operations/journal-recovery.js";
import { markSignalProcessed } from "../operations/mark-signal-processed.js";
import type { Operation } from "../operations/operation.js";
import { recordFill } from "../operations/record-fill.js";
import { releaseLease } from "../operations/release-lease.js";
import { removeOrder } from "../operations/remove-order.js";
import { removePosition } from "../operations/remove-position.js";
import { renewLease } from "../operations/renew-lease.js";
import { renewRecovery } from "../operations/renew-recovery.js";
import { reportDifference } from "../operations/report-difference.js";
import { resetCircuitBreaker } from "../operations/reset-circuit-breaker.js";
import { saveOrder } from "../operations/save-order.js";
import { savePosition } from "../operations/save-position.js";
import { setCooldown } from "../operations/set-cooldown.js";
import { setRiskLimits } from "../operations/set-risk-limits.js";
import { snapshot } from "../operations/snapshot.js";
import { triggerCircuitBreaker } from "../operations/trigger-circuit-breaker.js";
import { updateDailyPnl } from "../operations/update-daily-pnl.js";
import { updateEquity } from "../operations/update-equity.js";
import { type PositionChanges, updatePosition } from "../operations/update-position.js";
import { snapshotPath, writeSnapshot } from "../snapshot-file.js";
import type { RiskPolicy } from "../state/breaker.js";
import { checkSchema } from "../state/schema.js";
import type {
  Admission,
  AdmissionRequest,
  CircuitBreaker,
  CloseResult,
  DailyRisk,
  Difference,
  FillInput,
  FillResult,
  Instance,
  LeaseState,
  OrderInput,
  PendingOrder,
  Position,
  PositionInput,
  PositionPatch,
  PositionSide,
  RecoveryState,
  RiskState,
  RiskUpdate,
  SignalState,
  Snapshot,
  StateEvent,
  Time,
} from "../types.js";
import * as check from "./arguments.js";
import { Lease } from "./lease.js";
import { isUnknown, type Reading, read } from "./outcome.js";
import { Recovery } from "./recovery.js";
import { SnapshotWriter } from "./snapshot-writer.js";
import { historyTrimmed, watchEvents } from "./watch.js";

/** What is neither state nor configuration. */
export interface ManagerOptions {
  /** Replaces the flow's clock: ms since 1970. For paper trading, backtests and tests. */
  clock?: () => number;
  /** Who this process is, in heartbeats and events; by default host, pid and a random part. */
  instanceId?: string;
  /**
   * Open the flow only if it is there (else an UnknownFlowError), and leave its risk limits as they are: for looking at it and for
   * steering it from outside. A DuckDB file in which nothing is changed is left byte for byte as it is.
   */
  existing?: boolean;
  /** Told what an operator may want to know. */
  logger?: Logger;
}

export interface Logger {
  info(message: string): void;
  warn(message: string): void;
}

/** How `closePosition` books: `pnl` and `equity` in quote currency, `cooldown` for the pair, `ts` of the trade (default now). */
export interface CloseOptions {
  pnl: number;
  equity?: number;
  cooldown?: Duration;
  reason?: string;
  ts?: Time;
}

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
  readonly #logger: Logger;
  readonly #existing: boolean;
  readonly #policy: RiskPolicy;
  readonly #dedup: { readonly dedupWindow: number };
  /** Aborted while the manager is not open: ends its watchers. */
  #closing = new AbortController();
  #snapshots: SnapshotWriter<Snapshot> | undefined;
  /** The lease last acquired; 0: none. */
  #token = 0;

  private constructor(flowId: string, config: ResolvedConfig, options: ManagerOptions) {
    this.flowId = flowId;
    this.config = config;
    this.#closing.abort();
    this.instanceId =
      options.instanceId === undefined
        ? `${hostname()}-${process.pid}-${randomBytes(3).toString("hex")}`
        : check.id("options.instanceId", options.instanceId);
    this.#logger = options.logger ?? QUIET;
    this.#existing = check.flag("options.existing", options.existing);
    this.#policy = { dayStart: dayStartMs(config.risk.day_start), breakerDuration: config.risk.breaker_duration };
    this.#dedup = { dedupWindow: config.signals.dedup_window };
    this.#backend = createBackend(config, {
      flowId,
      instance: this.instanceId,
      maxEvents: config.events.max_length,
      ...(options.clock && { clock: checkedClock(options.clock) }),
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
   * Opens the flow, making it if it is new, and writes the configured risk limits; not so with `options.existing`. Rejects with a ConnectionError within
   * `redis.command_timeout` when Redis cannot be reached, LockedError when another process holds the DuckDB file.
   */
  async connect(): Promise<void> {
    const opened = await this.#backend.connect(this.#existing);
    try {
      checkSchema(`flow ${this.flowId}`, opened.schema);
      const { day_start, breaker_duration, ...limits } = this.config.risk;
      const configured = limitEntries(limits);
      if (configured.length > 0 && !this.#existing) await this.#runUnfenced(setRiskLimits, { limits: configured });
      if (this.#closing.signal.aborted) this.#closing = new AbortController();
      this.#snapshots ??= this.#beginSnapshots();
    } catch (error) {
      await this.close();
      if (!(error instanceof UnknownOutcomeError)) throw error;
      throw new ConnectionError("connect: no answer to the risk limits; connect again", { cause: error });
    }
    this.#logger.info(
      `flow ${this.flowId}: ${opened.created ? "made" : "opened"} on ${this.config.backend}, epoch ${opened.epoch}`,
    );
  }

  /** Waits for what is in flight, then lets go of connections and files. */
  async close(): Promise<void> {
    this.#closing.abort();
    const last = this.#snapshots?.finish();
    this.#snapshots = undefined;
    await Promise.all([this.#backend.close(), last]);
  }

  /** Where `duckdb.snapshot_every` asks for it, and this manager is a bot's: a visitor leaves the last one of the bot. */
  #beginSnapshots(): SnapshotWriter<Snapshot> | undefined {
    const { backend, duckdb } = this.config;
    if (backend !== "duckdb" || duckdb.snapshot_every === undefined || this.#existing) return undefined;
    const path = snapshotPath(duckdbPath(duckdb.path, this.flowId));
    return new SnapshotWriter(
      duckdb.snapshot_every,
      () => this.snapshot(),
      (snapshot) => writeSnapshot(path, snapshot),
      (message) => this.#logger.warn(message),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // Positions

  /** Stores a position, new or in place of the one with its id; the version grows by one. Of two writers at once the later one stands. */
  async savePosition(position: PositionInput): Promise<Position> {
    const p = check.fields("position", position, POSITION_FIELDS);
    return this.#run(savePosition, {
      id: check.id("position.id", p.id),
      pair: check.pair("position.pair", p.pair),
      side: check.positionSide("position.side", p.side),
      size: check.size("position.size", p.size),
      entryPrice: check.finite("position.entryPrice", p.entryPrice),
      entryTs: check.optionalTime("position.entryTs", p.entryTs),
      tp: check.optionalPrice("position.tp", p.tp),
      sl: check.optionalPrice("position.sl", p.sl),
      metadata: check.metadata("position.metadata", p.metadata),
      cooldown: check.orNone(p.cooldown, (value) => check.duration("position.cooldown", value)),
    });
  }

  /** Every open position, by entry time, then by id. */
  async getPositions(): Promise<Position[]> {
    return this.#run(getPositions, undefined);
  }

  async getPosition(id: string): Promise<Position | undefined> {
    return this.#run(getPosition, { id: check.id("id", id) });
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
    return again(await this.#run(getPosition, { id: key }));
  }

  /** Updates a position of that version; a position of another version goes to `conflict`. */
  #updated(
    id: string,
    version: number | undefined,
    patch: PositionPatch,
    conflict: (position: Position) => Promise<Position>,
  ): Promise<Position> {
    return read(this.#run(updatePosition, { id, version, ...changesOf(patch) }), {
      value(update) {
        if (update.outcome === "none") throw noPosition(id);
        return update.outcome === "updated" ? update.position : conflict(update.position);
      },
    });
  }

  /** Forgets a position without booking anything; false when there was none. */
  async removePosition(id: string): Promise<boolean> {
    return this.#run(removePosition, { id: check.id("id", id) });
  }

  /**
   * Closes a position in one step: removes it, books its PnL, evaluates the breaker, sets the pair's cooldown. Of two closers at
   * once one gets `closed: true`; the other books nothing.
   */
  async closePosition(id: string, options: CloseOptions): Promise<CloseResult> {
    const o = check.fields("options", options, ["pnl", "equity", "cooldown", "reason", "ts"]);
    return this.#run(closePosition, {
      id: check.id("id", id),
      pnl: check.money("pnl", o.pnl),
      ts: check.optionalTime("ts", o.ts),
      equity: check.optionalEquity("equity", o.equity),
      cooldown: check.optionalDuration("cooldown", o.cooldown),
      reason: check.words("reason", o.reason),
      ...this.#policy,
    });
  }

  // Orders

  /**
   * Stores an order, new or in place of the one with its id. A status that may not follow the stored one is an
   * InvalidArgumentError that names both. `filled`, `cancelled` and `rejected` end the order: it leaves the pending ones and
   * gives back what it reserved. `unknown` (a submit timed out) keeps the reservation.
   */
  async saveOrder(order: OrderInput): Promise<PendingOrder> {
    const o = check.fields("order", order, ORDER_FIELDS);
    const price = check.optionalPrice("order.price", o.price);
    return this.#run(saveOrder, {
      id: check.id("order.id", o.id),
      pair: check.pair("order.pair", o.pair),
      side: check.orderSide("order.side", o.side),
      orderType: check.optionalId("order.orderType", o.orderType) ?? (price === null ? "market" : "limit"),
      price,
      size: check.size("order.size", o.size),
      status: check.orderStatus("order.status", o.status),
      createdAt: check.optionalTime("order.createdAt", o.createdAt),
      filled: check.notNegative("order.filled", o.filled ?? 0),
      intent: check.orderIntent("order.intent", o.intent),
      positionId: check.optionalId("order.positionId", o.positionId),
      signalId: check.optionalId("order.signalId", o.signalId),
      tp: check.optionalPrice("order.tp", o.tp),
      sl: check.optionalPrice("order.sl", o.sl),
      cooldown: check.orNone(o.cooldown, (value) => check.duration("order.cooldown", value)),
      metadata: check.orNone(o.metadata, (value) => check.metadata("order.metadata", value)),
    });
  }

  /** The orders of these ids, pending or closed within seven days, in the order of the ids; undefined where none is known. At most 1,000. */
  async findOrders(ids: readonly string[]): Promise<(PendingOrder | undefined)[]> {
    return this.#run(findOrders, { ids: check.list("ids", ids, check.id) });
  }

  /** For each of the fills, whether `recordFill` has booked it within 30 days. At most 1,000. */
  async getRecordedFills(fills: readonly { orderId: string; fillId: string }[]): Promise<boolean[]> {
    return this.#run(getRecordedFills, {
      fills: check.list("fills", fills, (field, { orderId, fillId }) => ({
        orderId: check.id(`${field}.orderId`, orderId),
        fillId: check.id(`${field}.fillId`, fillId),
      })),
    });
  }

  /**
   * Books one execution of an order, once by its `fillId`, in any order. An entry fill opens or grows the position (its id is
   * the order's `positionId`, or the order's own id); an exit fill reduces the order's `positionId`. Each books its realised
   * change on its own day; flat removes the position, counts the trade, judges the streak and evaluates the breaker.
   * Rejects with an InvalidArgumentError, and changes nothing, when there is no such order (pending, or closed within seven
   * days) or an exit is larger than the position.
   */
  async recordFill(orderId: string, fill: FillInput): Promise<FillResult> {
    const f = check.fields("fill", fill, ["fillId", "price", "size", "fee", "ts", "done"]);
    return this.#run(recordFill, {
      orderId: check.id("orderId", orderId),
      fillId: check.id("fill.fillId", f.fillId),
      price: check.finite("fill.price", f.price),
      size: check.size("fill.size", f.size),
      fee: check.finite("fill.fee", f.fee ?? 0),
      ts: check.optionalTime("fill.ts", f.ts),
      done: check.flag("fill.done", f.done),
      ...this.#policy,
    });
  }

  /**
   * Ends a pending order: gives back its slot and its exposure and, with `releaseSignal` and if nothing of it was filled, its
   * signal. False when it was not pending.
   */
  async cancelOrder(orderId: string, options: { releaseSignal?: boolean } = {}): Promise<boolean> {
    const o = check.fields("options", options, ["releaseSignal"]);
    return this.#run(cancelOrder, {
      id: check.id("orderId", orderId),
      releaseSignal: check.flag("releaseSignal", o.releaseSignal),
    });
  }

  /** Forgets an order and gives back what it reserved; false when there was none. */
  async removeOrder(id: string): Promise<boolean> {
    return this.#run(removeOrder, { id: check.id("id", id) });
  }

  /** Every order that may still be filled, by creation time, then by id. */
  async getPendingOrders(): Promise<PendingOrder[]> {
    return this.#run(getPendingOrders, undefined);
  }

  async getOrder(id: string): Promise<PendingOrder | undefined> {
    return this.#run(getOrder, { id: check.id("id", id) });
  }

  // Risk

  /** The risk as it stands now; on a new trading day zeros, while streak, peak and drawdown carry over. */
  async getRiskState(): Promise<RiskState> {
    return this.#run(getRiskState, { dayStart: this.#policy.dayStart });
  }

  /**
   * Books one trade's result, exact to 8 places, and evaluates the breaker in the same step. The same `tradeId` books once
   * (`applied` tells). A `ts` of an earlier day books into that day's history.
   */
  async updateDailyPnl(
    pnlChange: number,
    options: { tradeId?: string; equity?: number; ts?: Time } = {},
  ): Promise<RiskUpdate> {
    const o = check.fields("options", options, ["tradeId", "equity", "ts"]);
    return this.#run(updateDailyPnl, {
      pnl: check.money("pnlChange", pnlChange),
      tradeId: check.optionalId("tradeId", o.tradeId),
      ts: check.optionalTime("ts", o.ts),
      equity: check.optionalEquity("equity", o.equity),
      ...this.#policy,
    });
  }

  /** Notes the account's equity (quote currency): moves peak and drawdown and evaluates the breaker. */
  async updateEquity(equity: number): Promise<RiskUpdate> {
    return this.#run(updateEquity, { equity: check.equity("equity", equity), ...this.#policy });
  }

  /** The limits that every bot of the flow enforces; an absent one does not limit. */
  async getRiskLimits(): Promise<RiskLimits> {
    return this.#run(getRiskLimits, undefined);
  }

  /** Sets the limits named, removes those that are null, leaves the others. Returns all that are in force. */
  async setRiskLimits(limits: { [name in RiskLimitName]?: number | null }): Promise<RiskLimits> {
    return this.#run(setRiskLimits, { limits: limitEntries(parseRiskLimits(limits)) });
  }

  /** Trips the breaker by hand: blocks entries, never exits. An active breaker is never shortened. */
  async triggerCircuitBreaker(
    reason: string,
    options: { duration?: Duration | "until_day_end" | "until_reset" } = {},
  ): Promise<CircuitBreaker> {
    const { duration } = check.fields("options", options, ["duration"]);
    return this.#run(triggerCircuitBreaker, {
      reason: check.words("reason", check.id("reason", reason)),
      dayStart: this.#policy.dayStart,
      breakerDuration:
        duration === undefined ? this.#policy.breakerDuration : check.breakerDuration("duration", duration),
    });
  }

  /** Whether the breaker blocks entries now. */
  async checkCircuitBreaker(): Promise<boolean> {
    return (await this.getCircuitBreaker()).active;
  }

  async getCircuitBreaker(): Promise<CircuitBreaker> {
    return this.#run(getCircuitBreaker, undefined);
  }

  /** Ends an active breaker; false when none was active. */
  async resetCircuitBreaker(reason?: string): Promise<boolean> {
    return this.#run(resetCircuitBreaker, { reason: check.words("reason", reason) });
  }

  /** The trading days that are over, oldest first; with `days`, the newest so many. */
  async getDailyHistory(options: { days?: number } = {}): Promise<DailyRisk[]> {
    const { days } = check.fields("options", options, ["days"]);
    return this.#run(getDailyHistory, { days: check.optionalCount("days", days), dayStart: this.#policy.dayStart });
  }

  // Signals

  /**
   * Marks a signal as acted on: true exactly once over all processes within `signals.dedup_window`. `timestamp` is the
   * signal's own time (default now), kept as `lastProcessedTs`; the window counts from the moment of marking.
   */
  async markSignalProcessed(signalId: string, pair: string, timestamp?: Time): Promise<boolean> {
    return this.#run(markSignalProcessed, {
      signalId: check.id("signalId", signalId),
      pair: check.pair("pair", pair),
      ts: check.optionalTime("timestamp", timestamp),
      maxIds: this.config.signals.max_ids,
      ...this.#dedup,
    });
  }

  async isSignalProcessed(signalId: string): Promise<boolean> {
    return this.#run(isSignalProcessed, { signalId: check.id("signalId", signalId), ...this.#dedup });
  }

  async getSignalState(): Promise<SignalState> {
    return this.#run(getSignalState, this.#dedup);
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
    const o = check.fields("options", options, ["side", "reason", "replace"]);
    return this.#run(setCooldown, {
      pair: check.pair("pair", pair),
      side: check.optionalSide("side", o.side),
      duration: check.duration("duration", duration),
      replace: check.flag("replace", o.replace),
      reason: check.words("reason", o.reason),
    });
  }

  /** Whether entries of the pair are blocked now; with a side, whether that side's are. */
  async isOnCooldown(pair: string, side?: PositionSide): Promise<boolean> {
    return (await this.getCooldown(pair, side)) !== undefined;
  }

  /** When entries of the pair (of that side) are free again; undefined when they are. Counts the cooldowns of all pairs in. */
  async getCooldown(pair: string, side?: PositionSide): Promise<Date | undefined> {
    return this.#run(getCooldown, { pair: check.pair("pair", pair), side: check.optionalSide("side", side) });
  }

  /** Ends the pair's own cooldown: one side's, or, without a side, all of them. False when none was active. */
  async clearCooldown(pair: string, side?: PositionSide): Promise<boolean> {
    return this.#run(clearCooldown, { pair: check.pair("pair", pair), side: check.optionalSide("side", side) });
  }

  // Admission

  /**
   * May this entry go ahead? Decided over all processes in one step. Refused: `reason` (the first that holds, in the order of
   * `Refusal`), words, and `retryAt` where time cures it; nothing was written. Admitted: the signal is marked, the entry order
   * stored with status `intent`, the cooldown set, the slot and the exposure taken. Submit the order under its id, then report
   * with `saveOrder`, `recordFill` or `cancelOrder`.
   */
  async admit(request: AdmissionRequest): Promise<Admission> {
    const r = check.fields("request", request, ADMISSION_FIELDS);
    const signalId = check.id("signalId", r.signalId);
    const call = this.#run(admit, {
      signalId,
      pair: check.pair("pair", r.pair),
      side: check.entrySide("side", r.side),
      size: check.size("size", r.size),
      price: check.size("price", r.price),
      orderId: r.orderId === undefined ? this.#orderIdOf(signalId) : check.orderId("orderId", r.orderId),
      derived: r.orderId === undefined,
      orderType: check.optionalId("orderType", r.orderType) ?? "limit",
      cooldown: check.orNone(r.cooldown, (value) => check.duration("cooldown", value)),
      tp: check.optionalPrice("tp", r.tp),
      sl: check.optionalPrice("sl", r.sl),
      metadata: check.orNone(r.metadata, (value) => check.metadata("metadata", value)),
      dayStart: this.#policy.dayStart,
      maxIds: this.config.signals.max_ids,
      ...this.#dedup,
    });
    return read(call, ADMISSION);
  }

  /** The client order id of a signal's entry: the same at every retry, in every process; what exchanges take. */
  #orderIdOf(signalId: string): string {
    return `sf${createHash("sha256").update(`${this.flowId}\0${signalId}`).digest("hex").slice(0, 30)}`;
  }

  // Recovery

  /**
   * Refuses entries (`recovering`) over all processes until the recovery has ended; exits go on. One process holds it, for `ttl`
   * (default 10s), renewed by itself; one that nobody holds any more is resumed, as is one that this very instance began. While
   * another process holds it, waits up to `wait` (default 0), then rejects with a LockedError that names the holder.
   */
  async beginRecovery(reason: string, options: { ttl?: Duration; wait?: Duration } = {}): Promise<Recovery> {
    const o = check.fields("options", options, ["ttl", "wait"]);
    const args = { reason: check.words("reason", check.id("reason", reason)), ttl: leaseTtl(o.ttl) };
    return this.#waitFor(o.wait, (deadline) => this.#tryRecovery(args, deadline));
  }

  #tryRecovery(args: { reason: string; ttl: number }, deadline: number): Promise<Recovery | undefined> {
    const askedAt = performance.now();
    return read(this.#run(beginRecovery, args), {
      value: (outcome) => {
        if (outcome.begun) {
          return new Recovery(outcome, args.ttl, askedAt, {
            renew: async (token, ttl) => (await this.#run(renewRecovery, { token, ttl })) !== undefined,
            note: (token, key, value) =>
              this.#run(journalRecovery, { token, key: check.id("key", key), value: check.note("value", value) }),
            end: (token) => this.#run(endRecovery, { token }),
          });
        }
        if (performance.now() < deadline) return undefined;
        const until = new Date(outcome.until).toISOString();
        throw new LockedError(
          `flow ${this.flowId} is being recovered by ${outcome.holder}, which holds it until ${until}`,
        );
      },
    });
  }

  /** The recovery that is under way, held or left unfinished; undefined when there is none. */
  async getRecovery(): Promise<RecoveryState | undefined> {
    return this.#run(getRecovery, undefined);
  }

  /** Ends whatever recovery there is, whoever holds it, and lets entries go ahead again; false when there was none. */
  async endRecovery(): Promise<boolean> {
    return this.#run(endRecovery, { token: undefined });
  }

  /** Leaves a `difference_found` event: state and exchange differ in `subject`, seen in so many readings in a row. */
  async reportDifference(difference: Difference): Promise<void> {
    const d = check.fields("difference", difference, ["subject", "found", "reads"]);
    await this.#run(reportDifference, {
      subject: check.words("difference.subject", d.subject),
      found: check.words("difference.found", d.found),
      reads: check.optionalCount("difference.reads", d.reads),
    });
  }

  // Liveness

  /** Says that this instance, and so the flow, is alive. Resolves to the time on the flow's clock. */
  async heartbeat(): Promise<Date> {
    return this.#runUnfenced(heartbeat, undefined);
  }

  /** The last heartbeat of any instance. */
  async getLastHeartbeat(): Promise<Date | undefined> {
    return (await this.#run(getLastHeartbeat, undefined)).at;
  }

  /** The instances of the last seven days with their last heartbeats, oldest first. */
  async getInstances(): Promise<Instance[]> {
    return this.#run(getInstances, undefined);
  }

  /** True when the last heartbeat is older than `maxAge` (default `recovery.max_state_age`), or when there never was one. */
  async checkStale(maxAge?: Duration): Promise<boolean> {
    const age = check.optionalDuration("maxAge", maxAge) ?? this.config.recovery.max_state_age;
    const { at, now } = await this.#run(getLastHeartbeat, undefined);
    return at === undefined || now.getTime() - at.getTime() > age;
  }

  /**
   * Takes the flow's lease for `ttl` (default 10s), renewed by itself until it is released or lost. While another process
   * holds it, or Redis is away, waits up to `wait` (default 0), then rejects with a LockedError that names the holder, or with
   * what keeps it from knowing. With `execution.single_active`, every change is made under the lease acquired last.
   */
  async acquireLease(options: { ttl?: Duration; wait?: Duration } = {}): Promise<Lease> {
    const o = check.fields("options", options, ["ttl", "wait"]);
    const ttl = leaseTtl(o.ttl);
    return this.#waitFor(o.wait, (deadline) => this.#tryLease(ttl, deadline));
  }

  /** Tries, until there is something or until `wait` is over. */
  async #waitFor<T>(wait: Duration | undefined, attempt: (deadline: number) => Promise<T | undefined>): Promise<T> {
    const deadline = performance.now() + (check.optionalDuration("wait", wait) ?? 0);
    const ask = () => attempt(deadline);
    for (let next = ask; ; ) {
      try {
        const got = await next();
        if (got !== undefined) return got;
        next = ask;
      } catch (error) {
        const unknown = isUnknown<T | undefined>(error) ? error : undefined;
        const isAway = unknown !== undefined || error instanceof ConnectionError;
        if (!isAway || this.#closing.signal.aborted || performance.now() >= deadline) throw error;
        // Asked anew, it would wait for what it has already.
        next = unknown?.retry ?? ask;
      }
      await pause(Math.min(deadline - performance.now(), LEASE_POLL));
    }
  }

  /** The lease, or undefined while another holds it; after the deadline a LockedError. */
  #tryLease(ttl: number, deadline: number): Promise<Lease | undefined> {
    const askedAt = performance.now();
    return read(this.#runUnfenced(acquireLease, { ttl }), {
      value: (outcome) => {
        if (outcome.acquired) {
          const isOver = performance.now() >= askedAt + ttl; // the answer came too late
          if (isOver && performance.now() < deadline) return undefined;
          this.#token = outcome.token;
          return new Lease(outcome.token, ttl, askedAt, {
            renew: async (token, ms) => (await this.#runUnfenced(renewLease, { token, ttl: ms })) !== undefined,
            release: (token) => this.#runUnfenced(releaseLease, { token }),
          });
        }
        if (performance.now() < deadline) return undefined;
        const until = new Date(outcome.until).toISOString();
        throw new LockedError(`the lease of flow ${this.flowId} is held by ${outcome.holder} until ${until}`);
      },
    });
  }

  /** Who holds the flow's lease; undefined when nobody does. */
  async getLease(): Promise<LeaseState | undefined> {
    return this.#run(getLease, undefined);
  }

  // Everything

  /**
   * The events after a given one (default: from the oldest kept), oldest first, at most `limit` (default 1000, never more than
   * 10,000). Begins with a `history_trimmed` event when some after that place may be gone.
   */
  async getEvents(options: { after?: string; limit?: number } = {}): Promise<StateEvent[]> {
    const o = check.fields("options", options, ["after", "limit"]);
    const after = o.after === undefined ? "" : check.eventId("after", o.after);
    const limit = o.limit === undefined ? 1000 : check.optionalCount("limit", o.limit);
    const page = await this.#run(getEvents, { after, limit: Math.min(limit, 10_000) });
    return page.trimmed ? [historyTrimmed(after), ...page.events] : page.events;
  }

  /**
   * Every change of the flow, by any process, in order and without gaps: from `after` on, or from now. Ends when the signal
   * aborts or the manager is closed. Rejects with a StateLostError when the flow's state is gone.
   */
  watch(options: { after?: string; signal?: AbortSignal } = {}): AsyncIterableIterator<StateEvent> {
    const o = check.fields("options", options, ["after", "signal"]);
    const after = o.after === undefined ? undefined : check.eventId("after", o.after);
    const closing = this.#closing.signal;
    const signal = o.signal ? AbortSignal.any([check.abortSignal("signal", o.signal), closing]) : closing;
    const page = (id: string, limit: number) => this.#run(getEvents, { after: id, limit });
    const begin = async () => {
      if (closing.aborted) throw new ConnectionError("watch: the flow is not open: call connect() first");
      return after ?? (await page("", 1)).newest;
    };
    const start = begin();
    start.catch(() => {}); // told to whoever asks for the first event
    return watchEvents({ page, eventAfter: (id, until) => this.#backend.eventAfter(id, until) }, start, signal);
  }

  /** Everything at once, as it stands at one moment. */
  async snapshot(): Promise<Snapshot> {
    const state = await this.#run(snapshot, { dayStart: this.#policy.dayStart, ...this.#dedup });
    return { flowId: this.flowId, ...state };
  }

  /**
   * All that is stored of the flow, at one moment, in the layout of Redis, whichever backend it is on: what a backup is made of.
   * Redis is blocked while it tells all of it: about 0.3 s for 100,000 signals, 100,000 fills, 10,000 closed orders and 10,000 events.
   * Such a flow is on its way for about a second more: give it a longer `redis.command_timeout`, or take `sf-state backup`.
   */
  async exportFlow(): Promise<FlowLayout> {
    return this.#run(exportFlow, undefined);
  }

  #run<Args, Result>(operation: Operation<Args, Result>, args: Args): Promise<Result> {
    return this.#backend.execute(operation, args, this.config.execution.single_active ? String(this.#token) : "");
  }

  /** Runs an operation that the holder of the lease and the others may do alike. */
  #runUnfenced<Args, Result>(operation: Operation<Args, Result>, args: Args): Promise<Result> {
    return this.#backend.execute(operation, args, "");
  }
}

/** Being fenced is one of the refusals. */
const ADMISSION: Reading<Admission, Admission> = {
  value: (admission) => admission,
  error(error) {
    if (error instanceof FencedError) return { admitted: false, reason: "fenced", message: error.message };
    throw error;
  },
};

/** How often somebody who waits for a lease asks again, ms. */
const LEASE_POLL = 200;

const POSITION_FIELDS = [
  "id",
  "pair",
  "side",
  "size",
  "entryPrice",
  "entryTs",
  "tp",
  "sl",
  "cooldown",
  "metadata",
  "version",
];
const PATCH_FIELDS = POSITION_FIELDS.filter((field) => !["id", "version", "cooldown"].includes(field));
const ORDER_FIELDS = [
  "id",
  "pair",
  "side",
  "orderType",
  "price",
  "size",
  "status",
  "createdAt",
  "filled",
  "intent",
  "positionId",
  "signalId",
  "tp",
  "sl",
  "cooldown",
  "metadata",
];
const ADMISSION_FIELDS = [
  "signalId",
  "pair",
  "side",
  "size",
  "price",
  "orderId",
  "orderType",
  "cooldown",
  "tp",
  "sl",
  "metadata",
];

function createBackend(config: ResolvedConfig, context: BackendContext): Backend {
  switch (config.backend) {
    case "redis":
      return new RedisBackend(context, config.redis);
    case "duckdb":
      return new DuckdbBackend(context, duckdbPath(config.duckdb.path, context.flowId));
    case "memory":
      return new MemoryBackend(context);
  }
}

function checkedClock(clock: () => number): () => number {
  return () => check.time("options.clock()", clock());
}

function leaseTtl(value: Duration | undefined): number {
  const ttl = check.optionalDuration("ttl", value) ?? 10_000;
  if (ttl < 100 || ttl > 86_400_000) throw new InvalidArgumentError(`ttl: expected 100ms to 24h, got ${ttl} ms`);
  return ttl;
}

function dayStartMs(dayStart: string): number {
  const [hours, minutes] = dayStart.split(":").map(Number);
  return ((hours ?? 0) * 60 + (minutes ?? 0)) * 60_000;
}

function limitEntries(
  limits: { [name in RiskLimitName]?: number | null | undefined },
): [RiskLimitName, number | null][] {
  const entries: [RiskLimitName, number | null][] = [];
  for (const name of Object.keys(limits) as RiskLimitName[]) {
    const limit = limits[name];
    if (limit !== undefined) entries.push([name, limit]);
  }
  return entries;
}

function changesOf(patch: PositionPatch): PositionChanges {
  const p = check.fields("patch", patch, PATCH_FIELDS);
  return {
    pair: p.pair === undefined ? undefined : check.pair("patch.pair", p.pair),
    side: p.side === undefined ? undefined : check.positionSide("patch.side", p.side),
    size: p.size === undefined ? undefined : check.size("patch.size", p.size),
    entryPrice: p.entryPrice === undefined ? undefined : check.finite("patch.entryPrice", p.entryPrice),
    entryTs: check.optionalTime("patch.entryTs", p.entryTs),
    tp: p.tp === undefined ? undefined : check.optionalPrice("patch.tp", p.tp),
    sl: p.sl === undefined ? undefined : check.optionalPrice("patch.sl", p.sl),
    metadata: p.metadata === undefined ? undefined : check.metadata("patch.metadata", p.metadata),
  };
}

function noPosition(id: string): InvalidArgumentError {
  return new InvalidArgumentError(`id: no open position ${JSON.stringify(id)}`);
}
