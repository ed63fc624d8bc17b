import type { StateManager } from "../../src/index.js";
import type { KeyName } from "../../src/layout/keys.js";
import { clientText } from "../../src/layout/stored-records.js";
import { OTHER_TYPES } from "../../src/operations/exported-keys.js";
import { CLIENT } from "../../src/version.js";
import { NOON } from "./clock.js";
import { BUY, LONG } from "./samples.js";

/** One sensible call of an operation, in a flow that `fill` has filled: as ARGV of its script, and through the manager. */
export interface SampleCall {
  readonly argv: readonly string[];
  /** What a flow needs, beside what `fill` gives it. */
  prepare?(manager: StateManager): Promise<unknown>;
  call(manager: StateManager): Promise<unknown>;
  /** Keys of its script that this call has no business with: it does not look at them, whatever they hold. */
  readonly leaves?: readonly KeyName[];
  /** A call that uses more of them. */
  readonly more?: SampleCall;
}

const DAY_MS = "86400000";

/** The position that `fill` saves, such that its pair cools down when it ends. */
const COOLING = { ...LONG, cooldown: "1m" } as const;

/** An exit of that position. */
const EXIT = { id: "x1", pair: LONG.pair, side: "sell", size: LONG.size, intent: "exit", positionId: LONG.id } as const;

/** What a script uses where a trade ends. */
const ENDS: readonly KeyName[] = [
  "trades:closed",
  "trades:ended",
  "risk:daily",
  "risk:history",
  "risk:circuit_breaker",
  "risk:limits",
  "signals:cooldowns",
  "risk:guard_trades",
];

async function planWaits(manager: StateManager): Promise<void> {
  const recovery = await manager.beginRecovery("a look");
  await recovery.note("plan_hash", "0123456789abcdef");
}

/** The account of a sample call has the name of its flow. */
export function inAccount(manager: StateManager): Promise<void> {
  return manager.joinAccount(manager.flowId);
}

/** By the name of the operation. Every operation has one: the tests of the scripts run through them. */
export const SAMPLE_CALLS: Readonly<Record<string, SampleCall>> = {
  acquire_lease: { argv: ["60000"], call: (m) => m.acquireLease({ ttl: "1m" }).then((lease) => lease.release()) },
  admit: {
    argv: [
      "s3",
      "ADA/USDT",
      "long",
      "10",
      "0.5",
      "o3",
      "limit",
      "60000",
      "0.6",
      "",
      '{"a":[]}',
      "0",
      DAY_MS,
      "100000",
      "0",
      "",
      "",
      "breakout",
      "1.5",
      "allow",
    ],
    call: (m) =>
      m.admit({
        signalId: "s3",
        pair: "ADA/USDT",
        side: "long",
        size: 10,
        price: 0.5,
        orderId: "o3",
        cooldown: "1m",
        tp: 0.6,
        metadata: { a: [] },
        reason: "breakout",
        rate: 1.5,
      }),
    leaves: ["orders:by_position", "orders:closed_at", "admission:refusals"],
    more: {
      argv: "s3|BTC/USDT|long|10|0.5|o0|limit|||||0|86400000|100000|1|p1||||allow".split("|"),
      prepare: (m) => m.clearCooldown("BTC/USDT"),
      call: (m) =>
        m.admit({
          signalId: "s3",
          pair: "BTC/USDT",
          side: "long",
          size: 10,
          price: 0.5,
          orderId: "o3",
          positionId: "p1",
        }),
      leaves: ["admission:refusals"],
      more: {
        argv: "s1|ADA/USDT|long|10|0.5|o3|limit|||||0|86400000|100000|||||1.5|allow".split("|"),
        call: (m) => m.admit({ signalId: "s1", pair: "ADA/USDT", side: "long", size: 10, price: 0.5, orderId: "o3" }),
        leaves: [
          "events:log",
          "orders:pending",
          "orders:closed",
          "orders:closed_at",
          "orders:fills",
          "orders:by_position",
          "positions:open",
          "risk:exposure",
          "signals:last",
          "signals:cooldowns",
          "risk:guard_trades",
        ],
      },
    },
  },
  approve_recovery: {
    argv: ["0123456789abcdef"],
    prepare: planWaits,
    call: (m) => planWaits(m).then(() => m.approveRecovery("0123456789abcdef")),
  },
  begin_recovery: { argv: ["a look", "10000"], call: (m) => m.beginRecovery("a look") },
  book_cash: {
    argv: ["-0.5", "c1", "funding", "", "p1", "BTC", "40000", "", "", "0", "3600000", `${30 * 86_400_000}`, "100000"],
    call: (m) => m.bookCash(-0.5, { id: "c1", kind: "funding", positionId: "p1", currency: "BTC", rate: 40_000 }),
    leaves: ["risk:history", "trades:closed", "trades:ended", "trades:amendments"],
    more: {
      argv: ["-0.5", "c1", "fee", "", "p1", "", "", "", "late", "0", "3600000", `${30 * 86_400_000}`, "100000"],
      prepare: (m) => m.closePosition("p1", { pnl: 1 }),
      call: (m) => m.bookCash(-0.5, { id: "c1", kind: "fee", positionId: "p1", note: "late" }),
      leaves: ["risk:history"],
    },
  },
  cancel_order: {
    argv: ["o1", "1", "0.25", "0", "3600000", "100000"],
    call: (m) => m.cancelOrder("o1", { releaseSignal: true, dust: 0.25 }),
    leaves: [...ENDS, "positions:open", "positions:dust", "orders:by_position", "signals:processed"],
    more: {
      argv: ["x1", "0", "0.5", "0", "3600000", "100000"],
      prepare: (m) => m.savePosition(COOLING).then(() => m.saveOrder(EXIT)),
      call: (m) => m.cancelOrder("x1", { dust: 0.5 }),
      leaves: ["risk:history", "risk:limits", "signals:processed"],
    },
  },
  clear_cooldown: { argv: [LONG.pair, ""], call: (m) => m.clearCooldown(LONG.pair) },
  close_position: {
    argv: ["p1", "-5", "", "90", "60000", "stop", "0.125", "EUR", "1.25", "0", "3600000", "100000"],
    call: (m) =>
      m.closePosition("p1", {
        pnl: -5,
        equity: 90,
        cooldown: "1m",
        reason: "stop",
        dust: 0.125,
        currency: "EUR",
        rate: 1.25,
      }),
    leaves: ["risk:history"],
  },
  end_recovery: { argv: ["", "", ""], call: (m) => m.endRecovery() },
  export_flow: { argv: [OTHER_TYPES, ""], call: (m) => m.exportFlow() },
  find_orders: { argv: ['["o1","none"]'], call: (m) => m.findOrders(["o1", "none"]) },
  forget_account_part: {
    argv: ["lost"],
    prepare: inAccount,
    call: (m) => m.forgetAccountPart("lost"),
  },
  forget_instances: {
    argv: [`[["b",${NOON}]]`],
    prepare: (m) => m.heartbeat(),
    call: (m) => m.forgetInstances([{ id: "b", lastHeartbeat: new Date(NOON) }]),
  },
  get_account: { argv: [], prepare: inAccount, call: (m) => m.getAccount() },
  get_admission_stats: { argv: [], call: (m) => m.getAdmissionStats({ days: 7 }) },
  get_circuit_breaker: { argv: [], call: (m) => m.getCircuitBreaker() },
  get_cooldown: { argv: [LONG.pair, "long"], call: (m) => m.getCooldown(LONG.pair, "long") },
  get_daily_history: { argv: ["30", "0"], call: (m) => m.getDailyHistory() },
  get_events: { argv: ["", "1000", "0"], call: (m) => m.getEvents() },
  get_guards: { argv: [], call: (m) => m.getGuards() },
  get_instances: { argv: [], call: (m) => m.getInstances() },
  get_last_heartbeat: { argv: [], call: (m) => m.getLastHeartbeat() },
  get_lease: { argv: [], call: (m) => m.getLease() },
  get_log_place: { argv: ["1-1"], call: (m) => m.getLogPlace({ holds: "1-1" }) },
  get_order: { argv: ["o1"], call: (m) => m.getOrder("o1") },
  get_pending_orders: { argv: [], call: (m) => m.getPendingOrders() },
  get_position: { argv: ["p1"], call: (m) => m.getPosition("p1") },
  get_positions: { argv: [], call: (m) => m.getPositions() },
  get_recorded_fills: {
    argv: ['["o0|f0"]', '["o0"]', `${30 * 86_400_000}`],
    call: (m) => m.getRecordedFills([{ orderId: "o0", fillId: "f0" }]),
  },
  get_recovery: { argv: [], call: (m) => m.getRecovery() },
  get_refusals: {
    argv: ["", `${NOON + 86_400_000}`, "", "5", "1000"],
    call: (m) => m.getRefusals({ to: NOON + 86_400_000, limit: 5 }),
  },
  get_risk_limits: { argv: [], call: (m) => m.getRiskLimits() },
  get_risk_state: { argv: ["0"], call: (m) => m.getRiskState() },
  get_signal_state: { argv: [DAY_MS], call: (m) => m.getSignalState() },
  get_trades: {
    argv: ["", `${NOON + 86_400_000}`, LONG.pair, "", "5", "1000"],
    prepare: (m) => m.closePosition("p1", { pnl: 1 }),
    call: (m) => m.getTrades({ to: NOON + 86_400_000, pair: LONG.pair, limit: 5 }),
  },
  get_untold_trades: {
    argv: ["", "10000", "1000"],
    prepare: (m) => m.removePosition("p1", { untold: true }),
    call: (m) => m.getUntoldTrades(),
  },
  heartbeat: { argv: [`${7 * 86_400_000}`, clientText(CLIENT)], call: (m) => m.heartbeat() },
  is_signal_processed: { argv: ["s1", DAY_MS], call: (m) => m.isSignalProcessed("s1") },
  join_account: {
    argv: ["NAME", "call", "", "", "0", "3600000", "1000", "4.new", "4.account"],
    call: (m) => m.joinAccount(m.flowId),
  },
  journal_recovery: {
    argv: [`${NOON}`, "order:x", "sent"],
    prepare: (m) => m.beginRecovery("a look"),
    call: (m) => m.beginRecovery("a look").then((recovery) => recovery.note("order:x", "sent")),
  },
  leave_account: { argv: ["4.new"], prepare: inAccount, call: (m) => m.leaveAccount() },
  mark_signal_processed: {
    argv: ["s2", LONG.pair, "", DAY_MS, "100000"],
    call: (m) => m.markSignalProcessed("s2", LONG.pair),
  },
  open_flow: { argv: ["another-epoch", "2"], call: (m) => m.close().then(() => m.connect()) },
  record_fill: {
    argv: [
      "o1",
      "f1",
      "40100",
      "0.2",
      "0.01 BNB - 0.02 USDT 1",
      "1.5",
      "",
      "0",
      "0.125",
      "0",
      "0",
      "3600000",
      `${30 * 86_400_000}`,
      "100000",
      "86400000",
      "100000",
      "100000",
    ],
    call: (m) =>
      m.recordFill("o1", {
        fillId: "f1",
        price: 40_100,
        size: 0.2,
        fee: [
          { amount: 0.01, currency: "BNB" },
          { amount: 0.02, currency: "USDT", rate: 1 },
        ],
        rate: 1.5,
        dust: 0.125,
      }),
    leaves: [
      "risk:guard_trades",
      "orders:closed",
      "orders:closed_at",
      "orders:by_position",
      "positions:dust",
      "trades:closed",
      "trades:amendments",
      "risk:history",
      "signals:cooldowns",
      "signals:processed",
    ],
    more: {
      argv: [
        ...["x1", "f1", "40100", "0.5", "0.1", "", "", "0", "", "0", "0", "3600000", `${30 * 86_400_000}`, "100000"],
        ...["86400000", "100000", "100000"],
      ],
      prepare: (m) => m.savePosition(COOLING).then(() => m.saveOrder(EXIT)),
      call: (m) => m.recordFill("x1", { fillId: "f1", price: 40_100, size: 0.5, fee: 0.1 }),
      leaves: ["positions:dust", "trades:amendments", "risk:history", "risk:limits", "signals:processed"],
    },
  },
  record_transfer: {
    argv: ["-40", "w1", "", "", "", "0", `${30 * 86_400_000}`, "100000"],
    call: (m) => m.recordTransfer(-40, { id: "w1" }),
    leaves: ["risk:history"],
  },
  release_lease: { argv: ["1", ""], call: (m) => m.acquireLease().then((lease) => lease.release()) },
  remove_order: {
    argv: ["x1"],
    prepare: (m) => m.saveOrder(EXIT),
    call: (m) => m.removeOrder("x1"),
    leaves: ["risk:exposure"],
    more: { argv: ["o1"], call: (m) => m.removeOrder("o1"), leaves: ["orders:by_position"] },
  },
  remove_position: {
    argv: ["p1", "lost", "0", "0", "3600000", "100000"],
    call: (m) => m.removePosition("p1", { reason: "lost" }),
    leaves: [
      "risk:daily",
      "risk:history",
      "risk:circuit_breaker",
      "risk:limits",
      "signals:cooldowns",
      "risk:guard_trades",
    ],
    more: {
      argv: ["o0", "lost", "1", "0", "3600000", "100000"],
      prepare: (m) => m.savePosition({ ...COOLING, id: "o0" }),
      call: (m) => m.removePosition("o0", { reason: "lost", untold: true }),
      leaves: ["risk:history", "risk:limits", "risk:guard_trades"],
    },
  },
  renew_lease: {
    argv: ["1", "60000"],
    call: (m) => m.acquireLease().then((lease) => lease.renew().finally(() => lease.release())),
  },
  renew_recovery: {
    argv: [`${NOON}`, "0"],
    prepare: (m) => m.beginRecovery("a look"),
    call: (m) => m.beginRecovery("a look").then((recovery) => recovery.leave()),
  },
  report_difference: {
    argv: ["BTC/USDT long", "1 tracked, 2 there", "3"],
    call: (m) => m.reportDifference({ subject: "BTC/USDT long", found: "1 tracked, 2 there", reads: 3 }),
  },
  reset_account: { argv: ["seen to"], prepare: inAccount, call: (m) => m.resetAccountBreaker("seen to") },
  reset_circuit_breaker: {
    argv: ["seen to"],
    call: (m) => m.resetCircuitBreaker("seen to"),
    leaves: ["risk:daily"],
    more: {
      argv: ["seen to"],
      prepare: (m) => m.resetCircuitBreaker().then(() => m.updateEquity(40)),
      call: (m) => m.resetCircuitBreaker("seen to"),
    },
  },
  save_order: {
    argv: "o1|ETH/USDT|buy|limit|2000|3|open||0|entry||s1|2500|||{}|tp|1.5|".split("|"),
    call: (m) =>
      m.saveOrder({
        ...BUY,
        pair: "ETH/USDT",
        price: 2000,
        size: 3,
        signalId: "s1",
        tp: 2500,
        metadata: {},
        reason: "tp",
        rate: 1.5,
      }),
    leaves: ["orders:closed", "orders:closed_at", "orders:by_position"],
    more: {
      argv: "x1|BTC/USDT|sell||none|0.5|open||0|exit|p1|||||||||".split("|").slice(0, 19),
      call: (m) => m.saveOrder({ ...EXIT, price: null }),
      leaves: ["orders:closed_at", "risk:exposure"],
      more: {
        argv: "o1|BTC/USDT|buy|limit|40000|0.5|cancelled||0|entry|||||||||".split("|").slice(0, 19),
        call: (m) => m.saveOrder({ ...BUY, status: "cancelled" }),
        leaves: ["orders:by_position"],
      },
    },
  },
  save_position: {
    argv: ["p1", "ETH/USDT", "long", "3", "2000", "", "2500", "", '{"a":[]}', "", "1.5"],
    call: (m) =>
      m.savePosition({
        ...LONG,
        pair: "ETH/USDT",
        size: 3,
        entryPrice: 2000,
        tp: 2500,
        metadata: { a: [] },
        rate: 1.5,
      }),
  },
  set_account_limits: {
    argv: ["call", "", "max_exposure", "1000"],
    prepare: inAccount,
    call: (m) => m.setAccountLimits({ max_exposure: 1000 }),
  },
  set_cooldown: {
    argv: [LONG.pair, "", DAY_MS, "0", "news"],
    call: (m) => m.setCooldown(LONG.pair, "1d", { reason: "news" }),
  },
  set_currency: { argv: ["USDT", "USDC USD"], call: (m) => m.setCurrency("USDT", ["USDC", "USD"]) },
  set_guards: {
    argv: [""],
    call: (m) => m.setGuards([]),
    leaves: ["trades:closed"],
    more: {
      argv: ['[{"kind":"drawdown","within":3600000,"count":1,"limit":0.1,"block":"all","for":60000}]'],
      prepare: (m) => m.setGuards([]),
      call: (m) => m.setGuards([{ kind: "drawdown", within: "1h", limit: 0.1, for: "1m" }]),
    },
  },
  set_risk_limits: {
    argv: ["call", "0", "3600000", "max_daily_loss", "7", "max_drawdown", ""],
    call: (m) => m.setRiskLimits({ max_daily_loss: 7, max_drawdown: null }),
  },
  snapshot: { argv: ["0", DAY_MS], call: (m) => m.snapshot() },
  start_equity: {
    argv: ["1000", "0"],
    call: (m) => m.startEquity(1000),
    leaves: ["risk:history"],
  },
  trip_account: { argv: ["a look", "60000"], prepare: inAccount, call: (m) => m.triggerAccountBreaker("a look", "1m") },
  trigger_circuit_breaker: {
    argv: ["by hand", "until_reset", "0"],
    call: (m) => m.triggerCircuitBreaker("by hand", { duration: "until_reset" }),
    leaves: ["risk:daily"],
    more: {
      argv: ["by hand", "until_day_end", "0"],
      call: (m) => m.triggerCircuitBreaker("by hand", { duration: "until_day_end" }),
    },
  },
  update_daily_pnl: {
    argv: ["-5", "t2", `${NOON - 86_400_000}`, "90", "EUR", "1.25", "0", "3600000", `${30 * 86_400_000}`, "100000"],
    call: (m) =>
      m.updateDailyPnl(-5, { tradeId: "t2", ts: NOON - 86_400_000, equity: 90, currency: "EUR", rate: 1.25 }),
  },
  update_equity: { argv: ["90", "0", "3600000"], call: (m) => m.updateEquity(90) },
  update_order: {
    argv: ["o1", "", "none", "3", "open", "0", "2500", "none", "60000", '{"b":1}', "tp", "1.5"],
    call: (m) =>
      m.updateOrder("o1", {
        price: null,
        size: 3,
        status: "open",
        filled: 0,
        tp: 2500,
        sl: null,
        cooldown: "1m",
        metadata: { b: 1 },
        reason: "tp",
        rate: 1.5,
      }),
    leaves: ["orders:closed", "orders:closed_at", "orders:by_position"],
    more: {
      argv: ["x1", "", "", "", "cancelled", "", "", "", "", "", "", ""],
      prepare: (m) => m.saveOrder(EXIT),
      call: (m) => m.updateOrder("x1", { status: "cancelled" }),
      leaves: ["risk:exposure"],
    },
  },
  update_position: {
    argv: ["p1", "", "ETH/USDT", "", "3", "", "", "none", "", '{"b":1}', "1.5"],
    call: (m) => m.updatePosition("p1", { pair: "ETH/USDT", size: 3, tp: null, metadata: { b: 1 }, rate: 1.5 }),
  },
};

/** Gives the keys of a flow something to hold. A second later the breaker has ended; another loss of 5 reaches the daily limit. */
export async function fill(manager: StateManager): Promise<void> {
  await manager.savePosition({ ...LONG, tp: 45_000, metadata: { strategy: "breakout", tags: [] } });
  await manager.savePosition({ ...LONG, id: "p0", pair: "SOL/USDT" });
  await manager.saveOrder(BUY);
  await manager.setRiskLimits({ max_daily_loss: 10, max_consecutive_losses: 50, max_drawdown: 0.5 });
  await manager.setGuards([{ kind: "stop_losses", within: "1h", count: 5, for: "1m" }]);
  await manager.updateDailyPnl(-1, { ts: NOON - 86_400_000 });
  await manager.updateDailyPnl(-6, { tradeId: "t1", equity: 100 });
  await manager.markSignalProcessed("s1", LONG.pair);
  await manager.setCooldown(LONG.pair, "10s");
  await manager.setCooldown("ETH/USDT", "1h", { side: "long" });
  await manager.triggerCircuitBreaker("a pause", { duration: "1s" });
  await manager.saveOrder({ ...BUY, id: "o0", status: "cancelled" });
  await manager.recordFill("o0", { fillId: "f0", price: 40_000, size: 0.1 });
  await manager.heartbeat();
  await manager.admit({ signalId: "s1", pair: "ADA/USDT", side: "long", size: 1, price: 1 });
}
