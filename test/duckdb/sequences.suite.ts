import fc from "fast-check";
import * as assert from "uvu/assert";
import type { Backend } from "../../src/backends/backend.js";
import { MemoryBackend } from "../../src/backends/memory-backend.js";
import { ACCOUNT_LIMITS } from "../../src/config/account.js";
import type { Guard } from "../../src/config/guards.js";
import { RISK_LIMITS } from "../../src/config/risk-limits.js";
import { StateError } from "../../src/errors.js";
import { toDecimal } from "../../src/exact/decimal.js";
import { acquireLease } from "../../src/operations/acquire-lease.js";
import { admit } from "../../src/operations/admit.js";
import { operations } from "../../src/operations/all.js";
import { approveRecovery } from "../../src/operations/approve-recovery.js";
import { beginRecovery } from "../../src/operations/begin-recovery.js";
import { bookCash } from "../../src/operations/book-cash.js";
import { cancelOrder } from "../../src/operations/cancel-order.js";
import { clearCooldown } from "../../src/operations/clear-cooldown.js";
import { closePosition } from "../../src/operations/close-position.js";
import { endRecovery } from "../../src/operations/end-recovery.js";
import { exportFlow } from "../../src/operations/export-flow.js";
import { findOrders } from "../../src/operations/find-orders.js";
import { forgetAccountPart } from "../../src/operations/forget-account-part.js";
import { forgetInstances } from "../../src/operations/forget-instances.js";
import { getAccount } from "../../src/operations/get-account.js";
import { getAdmissionStats } from "../../src/operations/get-admission-stats.js";
import { getCircuitBreaker } from "../../src/operations/get-circuit-breaker.js";
import { getCooldown } from "../../src/operations/get-cooldown.js";
import { getDailyHistory } from "../../src/operations/get-daily-history.js";
import { getEvents } from "../../src/operations/get-events.js";
import { getGuards } from "../../src/operations/get-guards.js";
import { getInstances } from "../../src/operations/get-instances.js";
import { getLastHeartbeat } from "../../src/operations/get-last-heartbeat.js";
import { getLease } from "../../src/operations/get-lease.js";
import { getLogPlace } from "../../src/operations/get-log-place.js";
import { getOrder } from "../../src/operations/get-order.js";
import { getPendingOrders } from "../../src/operations/get-pending-orders.js";
import { getPosition } from "../../src/operations/get-position.js";
import { getPositions } from "../../src/operations/get-positions.js";
import { getRecordedFills } from "../../src/operations/get-recorded-fills.js";
import { getRecovery } from "../../src/operations/get-recovery.js";
import { getRefusals } from "../../src/operations/get-refusals.js";
import { getRiskLimits } from "../../src/operations/get-risk-limits.js";
import { getRiskState } from "../../src/operations/get-risk-state.js";
import { getSignalState } from "../../src/operations/get-signal-state.js";
import { getTrades } from "../../src/operations/get-trades.js";
import { getUntoldTrades } from "../../src/operations/get-untold-trades.js";
import { heartbeat } from "../../src/operations/heartbeat.js";
import { isSignalProcessed } from "../../src/operations/is-signal-processed.js";
import { joinAccount } from "../../src/operations/join-account.js";
import { journalRecovery } from "../../src/operations/journal-recovery.js";
import { leaveAccount } from "../../src/operations/leave-account.js";
import { markSignalProcessed } from "../../src/operations/mark-signal-processed.js";
import type { Operation } from "../../src/operations/operation.js";
import { recordFill } from "../../src/operations/record-fill.js";
import { recordTransfer } from "../../src/operations/record-transfer.js";
import { releaseLease } from "../../src/operations/release-lease.js";
import { removeOrder } from "../../src/operations/remove-order.js";
import { removePosition } from "../../src/operations/remove-position.js";
import { renewLease } from "../../src/operations/renew-lease.js";
import { renewRecovery } from "../../src/operations/renew-recovery.js";
import { reportDifference } from "../../src/operations/report-difference.js";
import { resetAccount } from "../../src/operations/reset-account.js";
import { resetCircuitBreaker } from "../../src/operations/reset-circuit-breaker.js";
import { saveOrder } from "../../src/operations/save-order.js";
import { savePosition } from "../../src/operations/save-position.js";
import { setAccountLimits } from "../../src/operations/set-account-limits.js";
import { setCooldown } from "../../src/operations/set-cooldown.js";
import { setCurrency } from "../../src/operations/set-currency.js";
import { setGuards } from "../../src/operations/set-guards.js";
import { setRiskLimits } from "../../src/operations/set-risk-limits.js";
import { snapshot } from "../../src/operations/snapshot.js";
import { startEquity } from "../../src/operations/start-equity.js";
import { triggerCircuitBreaker } from "../../src/operations/trigger-circuit-breaker.js";
import { tripAccount } from "../../src/operations/trip-account.js";
import { updateDailyPnl } from "../../src/operations/update-daily-pnl.js";
import { updateEquity } from "../../src/operations/update-equity.js";
import { updateOrder } from "../../src/operations/update-order.js";
import { updatePosition } from "../../src/operations/update-position.js";
import type { Fee } from "../../src/state/fee.js";
import { LONG } from "../long.js";
import { NO_CHECKPOINTS, opened } from "./backend.js";
import { POLICY, SNAPSHOT } from "./samples.js";
import { copyOf, newPath, type Test } from "./stand.js";

const RUNS = LONG ? 30 : 8;
const LONGEST = 60;
const MAX_EVENTS = 12;
/** More than a sequence makes: a file keeps all trades, memory the newest. */
const MAX_TRADES = 1000;

/** One step of a sequence: a call at some later time, or an interruption. */
type Step =
  | { readonly kind: "call"; readonly name: string; readonly wait: number; run(backend: Backend): Promise<unknown> }
  | { readonly kind: "close" | "crash" };

const used = new Set<string>();

function call<Args, Result>(
  operation: Operation<Args, Result>,
  args: fc.Arbitrary<Args>,
  lease: fc.Arbitrary<string> = fc.constant(""),
): fc.Arbitrary<Step> {
  used.add(operation.name);
  return fc
    .record({ args, lease, wait: fc.constantFrom(0, 0, 1, 50, 60_000, 7_200_000, -10, 90_000_000) })
    .map((made) => ({
      kind: "call",
      name: `${operation.name} ${fc.stringify(made.args)} lease ${made.lease}`,
      wait: made.wait,
      run: (backend) => backend.execute(operation, made.args, made.lease),
    }));
}

const accountName = fc.constantFrom("main", "main", "other");
const id = fc.constantFrom("a", "b", "c");
const pair = fc.constantFrom("BTC/USDT", "ETH/USDT", '日本|"x"');
const positionSide = fc.constantFrom("long" as const, "short" as const);
const anySide = fc.constantFrom("long" as const, "short" as const, "" as const);
const amount = fc.oneof(
  fc.constantFrom(0.1, 0.25, 0.3, 1, 5e-324, Number.MAX_VALUE, 1e-7, 123456789.12345679),
  fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
);
const level = fc.option(amount, { nil: null });
const duration = fc.option(fc.constantFrom(1, 60_000, 86_400_000), { nil: null });
const time = fc.option(fc.integer({ min: Date.UTC(2024, 2, 1), max: Date.UTC(2024, 2, 9) }), { nil: undefined });
const metadata = fc.json({ maxDepth: 2 }).map((text) => `{"x":${text}}`);
const pnl = fc
  .oneof(fc.constantFrom(0, 1e-8, -1e-8, 0.1, -0.7, 1e-10), fc.integer({ min: -(10 ** 12), max: 10 ** 12 }))
  .map(toDecimal);
const currency = fc.constantFrom(undefined, undefined, "USDT", "EUR");
const rate = fc.constantFrom(undefined, undefined, 1.5);
const fees = fc.constantFrom<Fee[]>(
  [],
  [{ amount: 0.1, currency: undefined, rate: undefined }],
  [
    { amount: 0.01, currency: "BNB", rate: undefined },
    { amount: 0.02, currency: "USDT", rate: 2 },
  ],
);
const equity = fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined });
const policy = fc.record({
  dayStart: fc.constant(0),
  breakerDuration: fc.constantFrom<number | "until_day_end" | "until_reset">(3_600_000, "until_day_end", "until_reset"),
});
const lease = fc.constantFrom("", "", "", "1", "2");
const status = fc.constantFrom(
  "intent",
  "submitted",
  "open",
  "partially_filled",
  "filled",
  "cancelled",
  "unknown" as const,
);
const dust = fc.constantFrom(undefined, undefined, 0.1, 1);
const dedup = { dedupWindow: fc.constantFrom(1000, 86_400_000), maxIds: fc.constantFrom(2, 5, 1000) };
const hash = fc.constantFrom("1f2e", "3d4c");
const none = fc.constant(undefined);

/** Forgets the instances that there are: no other heartbeat is theirs. */
const forgetKnown: Operation<void, unknown> = {
  name: forgetInstances.name,
  kind: forgetInstances.kind,
  keys: forgetInstances.keys,
  args: {},
  decode: forgetInstances.decode,
  apply(state, _, call) {
    const seen = state.instances.newest(10).map(({ id: instance, score }) => ({ id: instance, last: score }));
    return forgetInstances.apply(state, { seen }, call);
  },
};

const calls = fc.oneof(
  call(
    savePosition,
    fc.record({
      id,
      pair,
      side: positionSide,
      size: amount,
      entryPrice: amount,
      entryTs: time,
      tp: level,
      sl: level,
      cooldown: duration,
      metadata,
      rate,
    }),
    lease,
  ),
  call(
    updatePosition,
    fc.record({
      id,
      version: fc.constantFrom(undefined, 1, 2),
      size: fc.constantFrom(undefined, 0.75),
      tp: fc.constantFrom(undefined, null, 9),
      metadata: fc.option(metadata, { nil: undefined }),
      rate,
    }),
  ),
  call(
    removePosition,
    fc
      .record({ id, reason: fc.constantFrom("", "lost"), untold: fc.boolean(), policy })
      .map(({ policy, ...args }) => ({ ...args, ...policy, maxTrades: MAX_TRADES })),
  ),
  call(
    closePosition,
    fc
      .record({
        id,
        pnl,
        ts: time,
        equity,
        cooldown: fc.constantFrom(undefined, 60_000),
        reason: fc.string(),
        dust,
        currency,
        rate,
        policy,
      })
      .map(({ policy, ...args }) => ({ ...args, ...policy, maxTrades: MAX_TRADES })),
    lease,
  ),
  call(
    saveOrder,
    fc.record({
      id,
      pair,
      side: fc.constantFrom("buy" as const, "sell" as const),
      orderType: fc.constantFrom("limit", "market"),
      price: level,
      size: amount,
      status,
      createdAt: time,
      filled: fc.constantFrom(0, 0.1),
      intent: fc.constantFrom("entry" as const, "exit" as const),
      positionId: fc.option(id, { nil: undefined }),
      signalId: fc.option(id, { nil: undefined }),
      tp: level,
      sl: level,
      cooldown: duration,
      metadata: fc.option(metadata, { nil: undefined }),
      reason: fc.constantFrom("", "tp", 'a "reason"'),
      rate: fc.constantFrom(undefined, 1.5),
      flip: fc.constantFrom(undefined, undefined, undefined, "a" as const),
    }),
  ),
  call(
    updateOrder,
    fc.record({
      id,
      version: fc.constantFrom(undefined, 1, 2),
      price: fc.option(level, { nil: undefined }),
      size: fc.option(amount, { nil: undefined }),
      status: fc.option(status, { nil: undefined }),
      filled: fc.constantFrom(undefined, 0, 0.1),
      tp: fc.option(level, { nil: undefined }),
      metadata: fc.option(metadata, { nil: undefined }),
      reason: fc.constantFrom(undefined, "sl"),
      rate: fc.constantFrom(undefined, 2),
    }),
  ),
  call(removeOrder, fc.record({ id })),
  call(
    cancelOrder,
    fc
      .record({ id, releaseSignal: fc.boolean(), dust, policy })
      .map(({ policy, ...args }) => ({ ...args, ...policy, maxTrades: MAX_TRADES })),
  ),
  call(
    recordFill,
    fc
      .record({
        orderId: id,
        fillId: id,
        price: amount,
        size: amount,
        fees,
        rate,
        ts: time,
        done: fc.boolean(),
        overfill: fc.boolean(),
        dust,
        policy,
      })
      .map(({ policy, ...args }) => ({
        ...args,
        ...policy,
        dedupWindow: 86_400_000,
        maxIds: 3,
        maxTrades: MAX_TRADES,
      })),
  ),
  call(
    admit,
    fc.record({
      signalId: id,
      pair,
      side: positionSide,
      size: amount,
      price: amount,
      orderId: id,
      orderType: fc.constant("limit"),
      cooldown: duration,
      tp: level,
      sl: level,
      metadata: fc.option(metadata, { nil: null }),
      positionId: fc.constantFrom(undefined, undefined, "a" as const),
      flip: fc.constant(undefined),
      reason: fc.constantFrom("", "breakout"),
      rate: fc.constantFrom(undefined, 1.5),
      oppositeSide: fc.constantFrom("allow" as const, "refuse" as const),
      dayStart: fc.constant(0),
      ...dedup,
    }),
  ),
  call(
    updateDailyPnl,
    fc
      .record({ pnl, tradeId: fc.option(id, { nil: undefined }), ts: time, equity, currency, rate, policy })
      .map(({ policy, ...args }) => ({ ...args, ...policy })),
  ),
  call(
    updateEquity,
    fc
      .record({ equity: fc.double({ min: 0, max: 1e6, noNaN: true }), policy })
      .map(({ policy, equity }) => ({ equity, ...policy })),
  ),
  call(startEquity, fc.record({ equity: fc.constantFrom(1000, 0.1), dayStart: fc.constant(0) })),
  call(
    bookCash,
    fc
      .record({
        amount: fc.constantFrom(-0.1, -1e-9, 2.5),
        id,
        kind: fc.constantFrom("funding", "fee", "rebate", "correction"),
        pair: fc.option(pair, { nil: undefined }),
        positionId: fc.option(id, { nil: undefined }),
        currency,
        rate,
        ts: time,
        note: fc.constantFrom("", 'a "note"'),
        policy,
      })
      .map(({ policy, ...args }) => ({ ...args, ...policy })),
  ),
  call(
    recordTransfer,
    fc.record({ amount: fc.constantFrom(-0.1, 500), id, currency, rate, ts: time, dayStart: fc.constant(0) }),
  ),
  call(
    setCurrency,
    fc.record({ currency: fc.constantFrom("", "USDT"), sameCurrency: fc.constantFrom("", "EUR", "USDC USD") }),
  ),
  call(
    setGuards,
    fc.record({
      guards: fc.constantFrom<Guard[]>(
        [],
        [{ kind: "stop_losses", within: 86_400_000, count: 1, limit: 0, block: "all", for: 3_600_000 }],
        [{ kind: "low_profit", within: 86_400_000, count: 2, limit: 0, block: "side", for: 60_000 }],
      ),
    }),
  ),
  call(
    setRiskLimits,
    fc
      .record({
        how: fc.constantFrom("connect", "call", "unset"),
        limits: fc.array(fc.tuple(fc.constantFrom(...RISK_LIMITS), fc.constantFrom(null, 1, 2, 1000)), {
          maxLength: 3,
        }),
        policy,
      })
      .map(({ policy, ...args }) => ({ ...args, ...policy })),
  ),
  call(
    triggerCircuitBreaker,
    fc.record({ reason: fc.string(), policy }).map(({ policy, reason }) => ({ reason, ...policy })),
  ),
  call(resetCircuitBreaker, fc.record({ reason: fc.string() })),
  // Twice, so that a flow is mostly in an account.
  ...[0, 1].map(() =>
    call(
      joinAccount,
      fc.record({
        name: accountName,
        how: fc.constantFrom("connect" as const, "call" as const),
        currency: fc.constantFrom("USDT", "USDT", ""),
        sameCurrency: fc.constant(""),
        dayStart: fc.constant(0),
        breakerDuration: fc.constantFrom(60_000, "until_day_end" as const, "until_reset" as const),
        startingEquity: fc.constantFrom(undefined, 1000, 0.1),
        newEpoch: fc.constant("in"),
        accountEpoch: fc.constant("made"),
      }),
    ),
  ),
  call(leaveAccount, fc.record({ newEpoch: fc.constant("out") })),
  call(
    setAccountLimits,
    fc.record({
      how: fc.constantFrom("connect" as const, "call" as const, "unset" as const),
      limits: fc.uniqueArray(fc.tuple(fc.constantFrom(...ACCOUNT_LIMITS), fc.constantFrom(null, 0.01, 1, 2, 5, 1000)), {
        selector: ([name]) => name,
        maxLength: 3,
      }),
      duration: fc.constantFrom(1, 7_200_000, "until_reset" as const),
    }),
  ),
  call(
    tripAccount,
    fc.record({ reason: fc.string(), duration: fc.constantFrom(undefined, 1000, "until_reset" as const) }),
  ),
  call(resetAccount, fc.record({ reason: fc.string() })),
  call(forgetAccountPart, fc.record({ flowId: fc.constantFrom("bot", "lost") })),
  call(markSignalProcessed, fc.record({ signalId: id, pair, ts: time, ...dedup })),
  call(
    setCooldown,
    fc.record({
      pair,
      side: anySide,
      duration: fc.constantFrom(0, 1000, 7_200_000),
      replace: fc.boolean(),
      reason: fc.string(),
    }),
  ),
  call(clearCooldown, fc.record({ pair, side: anySide })),
  call(heartbeat, none),
  call(forgetKnown, none),
  call(acquireLease, fc.record({ ttl: fc.constantFrom(1000, 86_400_000) })),
  call(renewLease, fc.record({ token: fc.constantFrom(1, 2), ttl: fc.constant(5000) })),
  call(releaseLease, fc.record({ token: fc.constantFrom(1, 2), reason: fc.string() })),
  call(beginRecovery, fc.record({ reason: fc.string(), ttl: fc.constantFrom(1000, 86_400_000) })),
  call(reportDifference, fc.record({ subject: fc.string(), found: fc.string(), reads: fc.constantFrom(1, 3) })),
  call(journalRecovery, fc.record({ token: fc.constantFrom(1, 2), key: fc.string(), value: fc.string() })),
  call(renewRecovery, fc.record({ token: fc.constantFrom(1, 2), ttl: fc.constantFrom(0, 5000) })),
  call(journalRecovery, fc.record({ token: fc.constantFrom(1, 2), key: fc.constant("plan_hash"), value: hash })),
  call(approveRecovery, fc.record({ hash })),
  call(
    endRecovery,
    fc.record({
      token: fc.constantFrom(undefined, 1, 2),
      heldUntil: fc.constantFrom(undefined, 0, 1e15),
      reason: fc.string(),
    }),
  ),
);

/** Everything that is stored, bar what each flow has of its own: its epoch, and when it was made. */
const exportedFlow: Operation<void, unknown> = {
  ...exportFlow,
  apply(state, args, call) {
    const { entries, eventsAdded } = exportFlow.apply(state, args, call);
    return { ...entries, "flow:meta": entries["flow:meta"].filter(([name]) => name === "recovering"), eventsAdded };
  },
};

/** Every question that a flow answers. */
const questions: readonly ((backend: Backend) => Promise<unknown>)[] = [
  ask(snapshot, SNAPSHOT),
  ask(getPositions, undefined),
  ask(getPosition, { id: "a" }),
  ask(getPendingOrders, undefined),
  ask(getTrades, { from: undefined, to: undefined, pair: undefined, after: "", limit: 1000 }),
  ask(getUntoldTrades, { after: "", limit: 1000 }),
  ask(getAdmissionStats, undefined),
  ask(getRefusals, { from: undefined, to: undefined, after: "", limit: 1000 }),
  ask(getOrder, { id: "a" }),
  ask(getRecovery, undefined),
  ask(findOrders, { ids: ["a", "b"] }),
  ask(getRecordedFills, { fills: [{ orderId: "a", fillId: "b" }] }),
  ask(getOrder, { id: "b" }),
  ask(getRiskState, POLICY),
  ask(getAccount, undefined),
  ask(getRiskLimits, undefined),
  ask(getGuards, undefined),
  ask(getCircuitBreaker, undefined),
  ask(getDailyHistory, { ...POLICY, days: 100 }),
  ask(getSignalState, SNAPSHOT),
  ask(isSignalProcessed, { ...SNAPSHOT, signalId: "a" }),
  ask(getCooldown, { pair: "BTC/USDT", side: "long" }),
  ask(getLastHeartbeat, undefined),
  ask(getInstances, undefined),
  ask(getLease, undefined),
  ask(exportedFlow, undefined),
  ask(getEvents, { after: "", limit: 1000 }),
  ask(getLogPlace, { id: "" }),
  ask(getLogPlace, { id: "0-1" }),
  ask(getEvents, { after: "0-1", limit: 1000 }),
];

function ask<Args, Result>(operation: Operation<Args, Result>, args: Args) {
  used.add(operation.name);
  return (backend: Backend): Promise<unknown> => backend.execute(operation, args, "");
}

/** Whatever is done, and however the file is left in between, the flow is the one that memory would have. */
export function sequences(test: Test): void {
  test("the sequences use every operation", () => {
    const all = operations.map(({ name }) => name).filter((name) => name !== "open_flow");
    assert.equal([...used].sort(), all.sort());
  });

  const steps = fc.array(
    fc.oneof(
      { arbitrary: calls, weight: 12 },
      { arbitrary: fc.constantFrom<Step>({ kind: "close" }, { kind: "crash" }), weight: 1 },
    ),
    { maxLength: LONGEST },
  );

  for (const [often, checkpoints] of [
    ["no checkpoints", NO_CHECKPOINTS],
    ["a checkpoint at every third commit", { ...NO_CHECKPOINTS, commits: 3 }],
  ] as const) {
    test(`a flow that is closed and killed in between is the flow of memory: ${often}`, async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (sequence) => {
          let now = Date.UTC(2024, 2, 5, 12);
          const context = { maxEvents: MAX_EVENTS, clock: () => now };
          const memory = new MemoryBackend({ flowId: "bot", instance: "one", ...context });
          await memory.connect();
          let path = await newPath();
          let flow = await opened(path, context, checkpoints);
          try {
            for (const step of sequence) {
              if (step.kind === "close") await flow.close();
              if (step.kind === "crash") {
                const copy = await copyOf(path);
                await flow.close();
                path = copy;
              }
              if (step.kind !== "call") {
                flow = await opened(path, context, checkpoints);
                for (const question of questions)
                  assert.equal(await told(question(flow)), await told(question(memory)));
              } else {
                now += step.wait;
                assert.equal(await told(step.run(flow)), await told(step.run(memory)), step.name);
              }
            }
            await flow.close();
            flow = await opened(path, context, checkpoints);
            for (const question of questions) assert.equal(await told(question(flow)), await told(question(memory)));
          } finally {
            await flow.close();
          }
        }),
        { numRuns: RUNS },
      );
    });
  }
}

/** What a call says, bar the epochs that no step gave: every flow is made with one of its own. */
async function told(call: Promise<unknown>): Promise<unknown> {
  try {
    const result = await call;
    if (typeof result !== "object" || result === null || !("epoch" in result || "was" in result)) return result;
    return { ...result, ...("epoch" in result && { epoch: "" }), ...("was" in result && { was: "" }) };
  } catch (error) {
    if (error instanceof StateError) return `${error.code} ${error.message}`;
    throw error;
  }
}
