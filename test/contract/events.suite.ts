import * as assert from "uvu/assert";
import type { StateEvent, StateManager, Trade } from "../../src/index.js";
import { Clock, DAY, HOUR, MINUTE, NOON, SECOND } from "./clock.js";
import { failure, refused } from "./expect.js";
import type { Theme } from "./open.js";
import { BUY, dayOver, EXOTIC_NAMES, LONG, METADATA, ORDER, POSITION } from "./samples.js";

const PAIR = LONG.pair;

/** An event without what every event has. */
type Told = StateEvent extends infer Event
  ? Event extends StateEvent
    ? Omit<Event, "id" | "at" | "instance">
    : never
  : never;

const NO_PARTS = { closed: 0, open: 0, later: 0, cash: 0, untied: 0 };

const NO_RISK = {
  day: "2024-03-05",
  dailyPnl: 0,
  dailyTrades: 0,
  consecutiveLosses: 0,
  currentDrawdown: 0,
  peakEquity: 0,
  parts: NO_PARTS,
  tripped: false,
};

/** The first trade of a flow: `LONG`, saved and closed at noon, without a result. */
const TRADE: Trade = {
  ...LONG,
  key: `${NOON}-0`,
  entryTs: new Date(NOON),
  exitTs: new Date(NOON),
  pnl: 0,
  fees: 0,
  cash: 0,
  currency: "USDT",
  reason: "closed",
  entryInstance: "bot-1",
  metadata: {},
};

/** A step of a story: a change, and the event that it leaves. `after`: how much later than the one before, ms. */
interface Step {
  readonly change: (mgr: StateManager) => Promise<unknown>;
  readonly event: Told;
}

/** In a flow of its own: what is done, and what the log says. Every type of event is there. */
const STORIES: Readonly<Record<string, readonly Step[]>> = {
  positions: [
    {
      change: (mgr) => mgr.savePosition({ ...LONG, tp: 45_000, cooldown: "5m", metadata: { a: [] } }),
      event: {
        type: "position_saved",
        position: { ...POSITION, tp: 45_000, cooldown: 5 * MINUTE, metadata: { a: [] } },
      },
    },
    {
      change: (mgr) => mgr.updatePosition("p1", { tp: null, sl: -1.5, size: 1 / 3 }),
      event: {
        type: "position_updated",
        position: { ...POSITION, size: 1 / 3, sl: -1.5, cooldown: 5 * MINUTE, metadata: { a: [] }, version: 2 },
      },
    },
    {
      change: (mgr) => mgr.updatePosition("p1", ({ size }) => ({ size: size * 3 })),
      event: {
        type: "position_updated",
        position: { ...POSITION, size: 1, sl: -1.5, cooldown: 5 * MINUTE, metadata: { a: [] }, version: 3 },
      },
    },
    {
      change: (mgr) => mgr.closePosition("p1", { pnl: -7.5, equity: 90, reason: 'stop "loss"\n' }),
      event: {
        type: "position_closed",
        positionId: "p1",
        pair: PAIR,
        pnl: -7.5,
        reason: 'stop "loss"\n',
        cooldownUntil: new Date(NOON + 5 * MINUTE),
        trade: { ...TRADE, size: 1, pnl: -7.5, reason: 'stop "loss"\n', metadata: { a: [] } },
        risk: {
          ...NO_RISK,
          parts: { ...NO_PARTS, closed: -7.5 },
          dailyPnl: -7.5,
          dailyTrades: 1,
          consecutiveLosses: 1,
          peakEquity: 90,
          equity: 90,
        },
      },
    },
    {
      change: (mgr) => mgr.savePosition(LONG),
      event: { type: "position_saved", position: POSITION },
    },
    {
      change: (mgr) => mgr.closePosition("p1", { pnl: 0.00000001, cooldown: "1m", ts: NOON - DAY }),
      event: {
        type: "position_closed",
        positionId: "p1",
        pair: PAIR,
        pnl: 0.00000001,
        // The pair cools down longer already.
        trade: { ...TRADE, key: `${NOON}-1`, pnl: 0.00000001, exitTs: new Date(NOON - DAY) },
        risk: {
          ...NO_RISK,
          parts: { ...NO_PARTS, closed: -7.5 },
          dailyPnl: -7.5,
          dailyTrades: 1,
          peakEquity: 90,
          equity: 90,
          late: [dayOver("2024-03-04", 0.00000001, 1, { closed: 0.00000001 })],
        },
      },
    },
    {
      change: (mgr) => mgr.savePosition({ ...LONG, id: "p2", side: "short" }),
      event: { type: "position_saved", position: { ...POSITION, id: "p2", side: "short" } },
    },
    {
      change: (mgr) => mgr.removePosition("p2"),
      event: { type: "position_removed", positionId: "p2", pair: PAIR },
    },
  ],
  orders: [
    {
      change: (mgr) => mgr.saveOrder({ ...BUY, price: null, metadata: METADATA[3] ?? {} }),
      event: {
        type: "order_saved",
        order: { ...ORDER, orderType: "market", price: null, metadata: METADATA[3] ?? {} },
      },
    },
    {
      change: (mgr) => mgr.saveOrder({ ...BUY, status: "rejected", signalId: "s1", positionId: "p9", cooldown: 0 }),
      event: {
        type: "order_saved",
        order: {
          ...ORDER,
          status: "rejected",
          signalId: "s1",
          positionId: "p9",
          cooldown: 0,
          metadata: METADATA[3] ?? {},
          version: 2,
        },
      },
    },
    {
      change: (mgr) =>
        mgr.admit({ signalId: "s1", pair: PAIR, side: "short", size: 2, price: 100, orderId: "a1", cooldown: "1m" }),
      event: {
        type: "entry_admitted",
        signalId: "s1",
        pair: PAIR,
        side: "short",
        order: {
          ...ORDER,
          id: "a1",
          side: "sell",
          size: 2,
          price: 100,
          status: "intent",
          signalId: "s1",
          cooldown: MINUTE,
        },
        cooldownUntil: new Date(NOON + MINUTE),
      },
    },
    {
      change: (mgr) => mgr.cancelOrder("a1", { releaseSignal: true }),
      event: {
        type: "order_cancelled",
        order: {
          ...ORDER,
          id: "a1",
          side: "sell",
          size: 2,
          price: 100,
          status: "cancelled",
          signalId: "s1",
          cooldown: MINUTE,
          version: 2,
        },
        signalReleased: true,
      },
    },
    {
      change: (mgr) =>
        mgr.admit({ signalId: "s2", pair: "ETH/USDT", side: "long", size: 2, price: 100, orderId: "a2" }),
      event: {
        type: "entry_admitted",
        signalId: "s2",
        pair: "ETH/USDT",
        side: "long",
        order: { ...ORDER, id: "a2", pair: "ETH/USDT", size: 2, price: 100, status: "intent", signalId: "s2" },
      },
    },
    {
      change: (mgr) => mgr.cancelOrder("a2"),
      event: {
        type: "order_cancelled",
        order: {
          ...ORDER,
          id: "a2",
          pair: "ETH/USDT",
          size: 2,
          price: 100,
          status: "cancelled",
          signalId: "s2",
          version: 2,
        },
        signalReleased: false,
      },
    },
    {
      change: (mgr) => mgr.saveOrder({ ...BUY, id: "o2" }),
      event: { type: "order_saved", order: { ...ORDER, id: "o2" } },
    },
    {
      change: (mgr) => mgr.updateOrder("o2", { price: null, size: 1 / 3, reason: "manual", rate: 1.5 }),
      event: {
        type: "order_updated",
        order: { ...ORDER, id: "o2", price: null, size: 1 / 3, reason: "manual", rate: 1.5, version: 2 },
      },
    },
    {
      change: (mgr) => mgr.removeOrder("o2"),
      event: { type: "order_removed", orderId: "o2", pair: PAIR },
    },
  ],
  fills: [
    {
      change: (mgr) => mgr.saveOrder({ ...BUY, size: 2, price: 100, cooldown: "5m" }),
      event: { type: "order_saved", order: { ...ORDER, size: 2, price: 100, cooldown: 5 * MINUTE } },
    },
    {
      change: (mgr) => mgr.recordFill("o1", { fillId: "f1", price: 99.5, size: 2, fee: 0.25, ts: NOON - DAY }),
      event: {
        type: "fill_recorded",
        orderId: "o1",
        fillId: "f1",
        price: 99.5,
        size: 2,
        fee: 0.25,
        ts: new Date(NOON - DAY),
        pnl: -0.25,
        order: {
          ...ORDER,
          size: 2,
          price: 100,
          status: "filled",
          filled: 2,
          positionId: "o1",
          cooldown: 5 * MINUTE,
          version: 2,
        },
        positionId: "o1",
        position: {
          ...POSITION,
          id: "o1",
          size: 2,
          entryPrice: 99.5,
          entryTs: new Date(NOON - DAY),
          openedBy: "fills",
          cooldown: 5 * MINUTE,
          realised: -0.25,
          fees: 0.25,
        },
        risk: { ...NO_RISK, late: [dayOver("2024-03-04", -0.25, 0, { open: -0.25 })] },
      },
    },
    {
      change: (mgr) => mgr.saveOrder({ ...BUY, id: "o2", side: "sell", size: 2, intent: "exit", positionId: "o1" }),
      event: {
        type: "order_saved",
        order: { ...ORDER, id: "o2", side: "sell", size: 2, intent: "exit", positionId: "o1" },
      },
    },
    {
      change: (mgr) => mgr.setRiskLimits({ max_consecutive_losses: 1, max_daily_loss: 0.3, max_drawdown: null }),
      event: {
        type: "limits_set",
        limits: { max_consecutive_losses: 1, max_daily_loss: 0.3 },
        by: "call",
        tripped: false,
      },
    },
    {
      change: (mgr) => mgr.recordFill("o2", { fillId: "f2", price: 99.4, size: 2, fee: -0.1 }),
      event: {
        type: "fill_recorded",
        orderId: "o2",
        fillId: "f2",
        price: 99.4,
        size: 2,
        fee: -0.1,
        ts: new Date(NOON),
        pnl: -0.1,
        order: {
          ...ORDER,
          id: "o2",
          side: "sell",
          size: 2,
          status: "filled",
          filled: 2,
          intent: "exit",
          positionId: "o1",
          version: 2,
        },
        positionId: "o1",
        trades: [
          {
            ...TRADE,
            id: "o1",
            size: 2,
            entryPrice: 99.5,
            exitPrice: 99.4,
            entryTs: new Date(NOON - DAY),
            pnl: -0.35,
            fees: 0.15,
            reason: "exit",
            entryAsked: 100,
            exitAsked: 40_000,
          },
        ],
        cooldownUntil: new Date(NOON + 5 * MINUTE),
        risk: {
          ...NO_RISK,
          parts: { ...NO_PARTS, closed: -0.35, open: 0.25 },
          dailyPnl: -0.1,
          dailyTrades: 1,
          consecutiveLosses: 1,
          tripped: true,
          breaker: {
            active: true,
            reason: "1 losses in a row reached the limit of 1",
            source: "consecutive_losses",
            trippedAt: new Date(NOON),
            until: new Date(NOON + HOUR),
          },
        },
      },
    },
  ],
  "ends that fills explain": [
    {
      change: (mgr) => mgr.saveOrder({ ...BUY, size: 2, price: 100, cooldown: "5m" }),
      event: { type: "order_saved", order: { ...ORDER, size: 2, price: 100, cooldown: 5 * MINUTE } },
    },
    {
      change: (mgr) => mgr.recordFill("o1", { fillId: "f1", price: 100, size: 1, fee: 0.5 }),
      event: {
        type: "fill_recorded",
        orderId: "o1",
        fillId: "f1",
        price: 100,
        size: 1,
        fee: 0.5,
        ts: new Date(NOON),
        pnl: -0.5,
        order: {
          ...ORDER,
          size: 2,
          price: 100,
          cooldown: 5 * MINUTE,
          status: "partially_filled",
          filled: 1,
          positionId: "o1",
          version: 2,
        },
        positionId: "o1",
        position: {
          ...POSITION,
          id: "o1",
          size: 1,
          entryPrice: 100,
          cooldown: 5 * MINUTE,
          realised: -0.5,
          fees: 0.5,
          openedBy: "fills",
        },
        risk: { ...NO_RISK, parts: { ...NO_PARTS, open: -0.5 }, dailyPnl: -0.5 },
      },
    },
    {
      change: (mgr) => mgr.removePosition("o1", { reason: "lost" }),
      event: {
        type: "position_removed",
        positionId: "o1",
        pair: PAIR,
        trade: {
          ...TRADE,
          id: "o1",
          size: 1,
          entryPrice: 100,
          pnl: -0.5,
          fees: 0.5,
          reason: "lost",
          untold: 1,
          entryAsked: 100,
        },
        cooldownUntil: new Date(NOON + 5 * MINUTE),
        risk: { ...NO_RISK, parts: { ...NO_PARTS, closed: -0.5 }, dailyPnl: -0.5, dailyTrades: 1 },
      },
    },
    {
      change: (mgr) => mgr.saveOrder({ ...BUY, id: "o2", side: "sell", size: 1, intent: "exit", positionId: "o1" }),
      event: {
        type: "order_saved",
        order: { ...ORDER, id: "o2", side: "sell", size: 1, intent: "exit", positionId: "o1" },
      },
    },
    {
      change: (mgr) => mgr.recordFill("o2", { fillId: "x1", price: 90, size: 1, fee: 0.25 }),
      event: {
        type: "fill_recorded",
        orderId: "o2",
        fillId: "x1",
        price: 90,
        size: 1,
        fee: 0.25,
        ts: new Date(NOON),
        pnl: -10.25,
        order: {
          ...ORDER,
          id: "o2",
          side: "sell",
          size: 1,
          intent: "exit",
          positionId: "o1",
          status: "filled",
          filled: 1,
          version: 2,
        },
        positionId: "",
        later: [{ key: `${NOON}-0`, tradeId: "o1", pnl: -10.25, explained: 1 }],
        risk: { ...NO_RISK, parts: { ...NO_PARTS, closed: -0.5, later: -10.25 }, dailyPnl: -10.75, dailyTrades: 1 },
      },
    },
  ],
  dust: [
    {
      change: (mgr) => mgr.savePosition({ ...LONG, size: 1, entryPrice: 100 }),
      event: { type: "position_saved", position: { ...POSITION, size: 1, entryPrice: 100 } },
    },
    {
      change: (mgr) => mgr.saveOrder({ ...BUY, side: "sell", size: 1, intent: "exit", positionId: "p1" }),
      event: {
        type: "order_saved",
        order: { ...ORDER, side: "sell", size: 1, intent: "exit", positionId: "p1" },
      },
    },
    {
      change: (mgr) => mgr.recordFill("o1", { fillId: "x1", price: 110, size: 0.75 }),
      event: {
        type: "fill_recorded",
        orderId: "o1",
        fillId: "x1",
        price: 110,
        size: 0.75,
        fee: 0,
        ts: new Date(NOON),
        pnl: 7.5,
        order: {
          ...ORDER,
          side: "sell",
          size: 1,
          intent: "exit",
          positionId: "p1",
          status: "partially_filled",
          filled: 0.75,
          version: 2,
        },
        positionId: "p1",
        position: { ...POSITION, size: 0.25, entryPrice: 100, realised: 7.5, version: 2 },
        risk: { ...NO_RISK, parts: { ...NO_PARTS, open: 7.5 }, dailyPnl: 7.5 },
      },
    },
    {
      change: (mgr) => mgr.cancelOrder("o1", { dust: 0.25 }),
      event: {
        type: "order_cancelled",
        order: {
          ...ORDER,
          side: "sell",
          size: 1,
          intent: "exit",
          positionId: "p1",
          status: "cancelled",
          filled: 0.75,
          version: 3,
        },
        signalReleased: false,
        trade: {
          ...TRADE,
          size: 1,
          entryPrice: 100,
          exitPrice: 110,
          pnl: 7.5,
          reason: "exit",
          dust: 0.25,
          exitAsked: 40_000,
        },
        risk: { ...NO_RISK, parts: { ...NO_PARTS, closed: 7.5 }, dailyPnl: 7.5, dailyTrades: 1 },
      },
    },
    {
      change: (mgr) => mgr.saveOrder({ ...BUY, id: "o2", side: "sell", size: 0.25, intent: "exit" }),
      event: { type: "order_saved", order: { ...ORDER, id: "o2", side: "sell", size: 0.25, intent: "exit" } },
    },
    {
      change: (mgr) => mgr.recordFill("o2", { fillId: "x1", price: 120, size: 0.25, fee: 1 }),
      event: {
        type: "fill_recorded",
        orderId: "o2",
        fillId: "x1",
        price: 120,
        size: 0.25,
        fee: 1,
        ts: new Date(NOON),
        pnl: 4,
        order: {
          ...ORDER,
          id: "o2",
          side: "sell",
          size: 0.25,
          intent: "exit",
          status: "filled",
          filled: 0.25,
          version: 2,
        },
        positionId: "",
        dustSold: 0.25,
        risk: { ...NO_RISK, parts: { ...NO_PARTS, closed: 7.5, cash: 4 }, dailyPnl: 11.5, dailyTrades: 1 },
      },
    },
  ],
  "a result that the bot tells": [
    {
      change: (mgr) => mgr.savePosition(LONG),
      event: { type: "position_saved", position: POSITION },
    },
    {
      change: (mgr) => mgr.updateDailyPnl(-5, { tradeId: "p1" }),
      event: {
        type: "pnl_booked",
        pnl: -5,
        tradeId: "p1",
        position: { ...POSITION, realised: -5, version: 2 },
        risk: { ...NO_RISK, parts: { ...NO_PARTS, open: -5 }, dailyPnl: -5, dailyTrades: 1, consecutiveLosses: 1 },
      },
    },
    {
      change: (mgr) => mgr.removePosition("p1"),
      event: {
        type: "position_removed",
        positionId: "p1",
        pair: PAIR,
        trade: { ...TRADE, pnl: -5, reason: "removed" },
        risk: { ...NO_RISK, parts: { ...NO_PARTS, closed: -5 }, dailyPnl: -5, dailyTrades: 1, consecutiveLosses: 1 },
      },
    },
  ],
  risk: [
    {
      change: (mgr) => mgr.setRiskLimits({ max_daily_loss: 10, max_open_positions: 0, max_drawdown: 0.1 }),
      event: {
        type: "limits_set",
        limits: { max_daily_loss: 10, max_open_positions: 0, max_drawdown: 0.1 },
        by: "call",
        tripped: false,
      },
    },
    {
      change: (mgr) => mgr.setRiskLimits({ max_daily_loss: 10, max_open_positions: null, max_drawdown: 0.5 }),
      event: {
        type: "limits_set",
        limits: { max_open_positions: null, max_drawdown: 0.5 },
        by: "call",
        tripped: false,
      },
    },
    {
      change: (mgr) => mgr.updateDailyPnl(-2.5, { tradeId: "t1", equity: 100.1 }),
      event: {
        type: "pnl_booked",
        pnl: -2.5,
        tradeId: "t1",
        risk: {
          ...NO_RISK,
          parts: { ...NO_PARTS, untied: -2.5 },
          dailyPnl: -2.5,
          dailyTrades: 1,
          consecutiveLosses: 1,
          peakEquity: 100.1,
          equity: 100.1,
        },
      },
    },
    {
      change: (mgr) => mgr.updateDailyPnl(1.5, { ts: NOON - 2 * DAY }),
      event: {
        type: "pnl_booked",
        pnl: 1.5,
        risk: {
          ...NO_RISK,
          parts: { ...NO_PARTS, untied: -2.5 },
          dailyPnl: -2.5,
          dailyTrades: 1,
          peakEquity: 100.1,
          equity: 100.1,
          late: [dayOver("2024-03-03", 1.5, 1, { untied: 1.5 })],
        },
      },
    },
    {
      change: (mgr) => mgr.updateEquity(75.075),
      event: {
        type: "equity_updated",
        risk: {
          ...NO_RISK,
          parts: { ...NO_PARTS, untied: -2.5 },
          dailyPnl: -2.5,
          dailyTrades: 1,
          currentDrawdown: 0.25,
          peakEquity: 100.1,
          equity: 75.075,
        },
      },
    },
    {
      change: (mgr) => mgr.updateEquity(0),
      event: {
        type: "equity_updated",
        risk: {
          ...NO_RISK,
          parts: { ...NO_PARTS, untied: -2.5 },
          dailyPnl: -2.5,
          dailyTrades: 1,
          currentDrawdown: 1,
          peakEquity: 100.1,
          equity: 0,
          tripped: true,
          breaker: {
            active: true,
            reason: "drawdown of 100.00% reached the limit of 50.00%",
            source: "drawdown",
            trippedAt: new Date(NOON),
            until: new Date(NOON + HOUR),
          },
        },
      },
    },
    {
      change: (mgr) => mgr.triggerCircuitBreaker("by hand", { duration: "until_reset" }),
      event: {
        type: "breaker_tripped",
        breaker: { active: true, reason: "by hand", source: "manual", trippedAt: new Date(NOON) },
      },
    },
    {
      change: (mgr) => mgr.resetCircuitBreaker("seen to"),
      event: { type: "breaker_reset", reason: "seen to" },
    },
    {
      change: (mgr) => mgr.triggerCircuitBreaker("again", { duration: "until_day_end" }),
      event: {
        type: "breaker_tripped",
        breaker: {
          active: true,
          reason: "again",
          source: "manual",
          trippedAt: new Date(NOON),
          until: new Date(NOON + 12 * HOUR),
        },
      },
    },
    { change: (mgr) => mgr.resetCircuitBreaker(), event: { type: "breaker_reset" } },
  ],
  signals: [
    {
      change: (mgr) => mgr.markSignalProcessed("s1", PAIR),
      event: { type: "signal_processed", signalId: "s1", pair: PAIR, ts: new Date(NOON) },
    },
    {
      change: (mgr) => mgr.markSignalProcessed("s2", PAIR, NOON - HOUR),
      event: { type: "signal_processed", signalId: "s2", pair: PAIR, ts: new Date(NOON - HOUR) },
    },
    {
      change: (mgr) => mgr.setCooldown(PAIR, "1h", { reason: "news" }),
      event: { type: "cooldown_set", cooldown: PAIR, until: new Date(NOON + HOUR), reason: "news" },
    },
    {
      change: (mgr) => mgr.setCooldown(PAIR, "1m", { replace: true }),
      event: { type: "cooldown_set", cooldown: PAIR, until: new Date(NOON + MINUTE) },
    },
    {
      change: (mgr) => mgr.setCooldown("*", "1h", { side: "short" }),
      event: { type: "cooldown_set", cooldown: "*|short", until: new Date(NOON + HOUR) },
    },
    {
      change: (mgr) => mgr.clearCooldown("*", "short"),
      event: { type: "cooldown_cleared", pair: "*", side: "short" },
    },
    { change: (mgr) => mgr.clearCooldown(PAIR), event: { type: "cooldown_cleared", pair: PAIR } },
    {
      // A note is no event.
      change: (mgr) => mgr.beginRecovery("a look").then((recovery) => recovery.note("plan_hash", "0123456789abcdef")),
      event: { type: "recovery_begun", recoveryId: NOON, reason: "a look" },
    },
    {
      change: (mgr) => mgr.approveRecovery("0123456789abcdef"),
      event: { type: "recovery_approved", recoveryId: NOON, hash: "0123456789abcdef" },
    },
    { change: (mgr) => mgr.endRecovery(), event: { type: "recovery_ended" } },
    {
      change: (mgr) => mgr.reportDifference({ subject: "BTC/USDT long", found: "1 tracked, 2 there", reads: 3 }),
      event: { type: "difference_found", subject: "BTC/USDT long", found: "1 tracked, 2 there", reads: 3 },
    },
  ],
};

/** Calls that change nothing, on a flow of which `prepare` has made something. */
const IDLE: Readonly<Record<string, (mgr: StateManager) => Promise<unknown>>> = {
  heartbeat: (mgr) => mgr.heartbeat(),
  "forgetting an instance": async (mgr) => {
    await mgr.heartbeat();
    await mgr.forgetInstances(await mgr.getInstances());
  },
  "a second close": (mgr) => mgr.closePosition("none", { pnl: 1, equity: 1 }),
  "removing no position": (mgr) => mgr.removePosition("none"),
  "updating no position": (mgr) => refused(mgr.updatePosition("none", { size: 1 }), "id"),
  "removing no order": (mgr) => mgr.removeOrder("none"),
  "cancelling no order": (mgr) => mgr.cancelOrder("none", { releaseSignal: true }),
  "a step that no order takes": (mgr) => refused(mgr.saveOrder({ ...BUY, status: "rejected" }), "status"),
  "an order made smaller than what it filled": (mgr) => refused(mgr.saveOrder(BUY), "size"),
  "an order moved to another position": (mgr) =>
    refused(mgr.saveOrder({ ...BUY, size: 9, positionId: "p9" }), "positionId"),
  "a fill of no order": (mgr) => refused(mgr.recordFill("none", { fillId: "f", price: 1, size: 1 }), "orderId"),
  "a fill told again at another price": (mgr) =>
    refused(mgr.recordFill("o1", { fillId: "f1", price: 2, size: 1 }), "price"),
  "a fill that was recorded": (mgr) => mgr.recordFill("o1", { fillId: "f1", price: 1, size: 1, done: true }),
  "an entry that is refused": (mgr) => mgr.admit({ signalId: "s2", pair: PAIR, side: "long", size: 1, price: 1 }),
  "a trade that was booked": (mgr) => mgr.updateDailyPnl(-5, { tradeId: "t1", equity: 1 }),
  "a trade that cannot be booked": (mgr) => refused(mgr.updateDailyPnl(1e16), "pnlChange"),
  "limits that are set": (mgr) => mgr.setRiskLimits({ max_open_positions: 0, max_exposure: null }),
  "a breaker that lasts as long": (mgr) => mgr.triggerCircuitBreaker("again", { duration: "1s" }),
  "a signal that was marked": (mgr) => mgr.markSignalProcessed("s1", PAIR),
  "a cooldown that lasts as long": (mgr) => mgr.setCooldown(PAIR, "1m"),
  "clearing no cooldown": (mgr) => mgr.clearCooldown("ETH/USDT"),
  "ending no recovery": (mgr) => mgr.endRecovery(),
  "approving no recovery": (mgr) => failure(mgr.approveRecovery("0123456789abcdef")),
  "a lease that is held": (mgr) => mgr.acquireLease().catch((error: Error) => error),
  reading: async (mgr) => {
    await mgr.snapshot();
    await mgr.getRiskState();
    await mgr.getDailyHistory();
    await mgr.getSignalState();
    await mgr.getLease();
    await mgr.checkStale();
  },
};

async function prepare(mgr: StateManager): Promise<void> {
  await mgr.setRiskLimits({ max_open_positions: 0 });
  await mgr.saveOrder({ ...BUY, size: 9 });
  await mgr.recordFill("o1", { fillId: "f1", price: 1, size: 1 });
  await mgr.updateDailyPnl(-5, { tradeId: "t1" });
  await mgr.triggerCircuitBreaker("by hand");
  await mgr.markSignalProcessed("s1", PAIR);
  await mgr.setCooldown(PAIR, "1h");
}

/** Ids in the order in which they were given. */
function assertGrowing(events: readonly StateEvent[]): void {
  const numbers = events.map(({ id }) => id.split("-").map(Number));
  for (const [i, [ms = 0, seq = 0]] of numbers.entries()) {
    const [lastMs = -1, lastSeq = -1] = numbers[i - 1] ?? [];
    assert.ok(ms > lastMs || (ms === lastMs && seq > lastSeq), `${events[i - 1]?.id} before ${events[i]?.id}`);
  }
}

export const events: Theme = (test, open) => {
  for (const [name, story] of Object.entries(STORIES)) {
    test(`every change leaves one event with all that it did: ${name}`, async () => {
      const clock = new Clock();
      await using mgr = await open({}, { clock: clock.read, instanceId: "bot-1" });
      for (const [i, { change, event }] of story.entries()) {
        const before = await mgr.getEvents();
        await change(mgr);
        const after = await mgr.getEvents();
        assert.is(after.length, i + 1, JSON.stringify(event));
        assert.equal(after.slice(0, i), before);
        const { id, ...rest } = after[i] ?? { id: "" };
        assert.match(id, /^\d+-\d+$/);
        assert.equal(rest, { at: new Date(NOON), instance: "bot-1", ...event });
        assertGrowing(after);
      }
    });
  }

  test("taking and releasing the lease leave an event each, renewing it leaves none", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read, instanceId: "bot-1" });
    const lease = await mgr.acquireLease({ ttl: "1m" });
    await lease.renew();
    clock.now += SECOND;
    await lease.release();
    const [taken, released, ...more] = (await mgr.getEvents()).map(({ id: _, ...event }) => event);
    const { token } = lease;
    assert.equal(taken, {
      at: new Date(NOON),
      instance: "bot-1",
      type: "lease_acquired",
      token,
      holder: "bot-1",
      until: new Date(NOON + MINUTE),
    });
    assert.equal(released, {
      at: new Date(NOON + SECOND),
      instance: "bot-1",
      type: "lease_released",
      token,
      holder: "bot-1",
    });
    assert.equal(more, []);
  });

  test("what changes nothing leaves no event", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await prepare(mgr);
    await using _ = await mgr.acquireLease({ ttl: "1m" });
    const before = await mgr.getEvents();
    for (const [name, call] of Object.entries(IDLE)) {
      await call(mgr);
      assert.equal(await mgr.getEvents(), before, name);
    }
  });

  test("the configured limits leave an event when the flow does not have them yet", async () => {
    const clock = new Clock();
    await using mgr = await open({ risk: { max_exposure: 5 } }, { clock: clock.read });
    await mgr.close();
    await mgr.connect();
    const told = (await mgr.getEvents()).map(({ type, at }) => ({ type, at }));
    assert.equal(told, [{ type: "limits_set", at: new Date(NOON) }]);
  });

  test("an event carries any text as it came", async () => {
    await using mgr = await open();
    for (const name of EXOTIC_NAMES) {
      await mgr.markSignalProcessed(name, name);
      await mgr.setCooldown(name, "1h", { reason: name });
      await mgr.saveOrder({ ...BUY, id: name, signalId: name, positionId: name, orderType: name });
      await mgr.recordFill(name, { fillId: name, price: 1, size: 0.1 });
    }
    const log = await mgr.getEvents();
    for (const [i, name] of EXOTIC_NAMES.entries()) {
      const [signal, cooldown, order, fill] = log.slice(4 * i, 4 * i + 4);
      assert.ok(signal?.type === "signal_processed" && signal.signalId === name && signal.pair === name);
      assert.ok(cooldown?.type === "cooldown_set" && cooldown.cooldown === name && cooldown.reason === name);
      assert.ok(order?.type === "order_saved" && order.order.id === name && order.order.orderType === name);
      assert.ok(fill?.type === "fill_recorded" && fill.fillId === name && fill.positionId === name);
    }
  });

  test("changes made at once leave their events in the order in which they happened", async () => {
    await using mgr = await open();
    await Promise.all(Array.from({ length: 100 }, () => mgr.savePosition(LONG)));
    const log = await mgr.getEvents();
    assertGrowing(log);
    assert.equal(
      log.map((event) => (event.type === "position_saved" ? event.position.version : 0)),
      Array.from({ length: 100 }, (_, i) => i + 1),
    );
  });

  test("a clock that steps back does not disturb the order of the events", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    for (const now of [NOON, NOON - DAY, NOON + 1, NOON + 1, NOON]) {
      clock.now = now;
      await mgr.updateEquity(1);
    }
    const log = await mgr.getEvents();
    assertGrowing(log);
    assert.equal(
      log.map(({ at }) => at.getTime()),
      [NOON, NOON - DAY, NOON + 1, NOON + 1, NOON],
    );
  });

  test("events are read from any place on, so many at a time, and none is read twice", async () => {
    await using mgr = await open();
    for (let i = 0; i < 25; i++) await mgr.markSignalProcessed(`s${i}`, PAIR);
    const all = await mgr.getEvents();
    assert.is(all.length, 25);
    for (const limit of [1, 7, 24, 25, 26]) {
      const read: StateEvent[] = [];
      for (;;) {
        const last = read.at(-1);
        const page = await mgr.getEvents({ ...(last && { after: last.id }), limit });
        assert.ok(page.length <= limit);
        if (page.length === 0) break;
        read.push(...page);
      }
      assert.equal(read, all);
    }
    for (const [i, { id }] of all.entries()) assert.equal(await mgr.getEvents({ after: id }), all.slice(i + 1));
    assert.equal(await mgr.getEvents({ after: "0-0" }), all);
    assert.equal(await mgr.getEvents({ after: "0" }), all);
    assert.equal(await mgr.getEvents({ after: "999999999999999-0" }), []);
  });

  test("without a limit a thousand events are read", async () => {
    await using mgr = await open();
    await Promise.all(Array.from({ length: 1010 }, (_, i) => mgr.markSignalProcessed(`s${i}`, PAIR)));
    assert.is((await mgr.getEvents()).length, 1000);
    assert.is((await mgr.getEvents({ limit: 1005 })).length, 1005);
  });

  test("a place or a limit of another kind is refused", async () => {
    await using mgr = await open();
    for (const after of ["", "x", "1-2-3", "-1", "$", "+"]) await refused(mgr.getEvents({ after }), "after");
    for (const limit of [0, -1, 0.5]) await refused(mgr.getEvents({ limit }), "limit");
  });

  test("with max_length 0 no event is kept, and none is missed", async () => {
    await using mgr = await open({ events: { max_length: 0 } });
    await prepare(mgr);
    assert.equal(await mgr.getEvents(), []);
    assert.equal(await mgr.getEvents({ after: "0-0" }), []);
  });

  test("beyond max_length the oldest events are forgotten, and whoever asks for them is told so", async () => {
    await using mgr = await open({ events: { max_length: 10 } });
    await mgr.savePosition(LONG);
    const [first] = await mgr.getEvents();
    assert.ok(first);
    const changes = Array.from({ length: 300 }, () => mgr.savePosition(LONG));
    await Promise.all(changes);
    const kept = await mgr.getEvents();
    assert.ok(kept.length >= 10 && kept.length < 300, `${kept.length} events are kept`);
    assertGrowing(kept);
    const versions = kept.map((event) => (event.type === "position_saved" ? event.position.version : 0));
    assert.equal(
      versions,
      Array.from({ length: kept.length }, (_, i) => 302 - kept.length + i),
    );

    const [marker, ...events] = await mgr.getEvents({ after: first.id });
    assert.equal(marker, { type: "history_trimmed", id: first.id, at: new Date(0), instance: "", after: first.id });
    assert.equal(events, kept);
    const oldest = kept[0]?.id ?? "";
    assert.equal(await mgr.getEvents({ after: oldest }), kept.slice(1));
    assert.equal((await mgr.getEvents({ after: first.id, limit: 3 })).slice(1), kept.slice(0, 3));

    await mgr.close();
    await mgr.connect();
    assert.equal(await mgr.getEvents(), kept);
    assert.is((await mgr.getEvents({ after: first.id }))[0]?.type, "history_trimmed");
  });

  test("nothing is said to be missing while every event is kept", async () => {
    await using mgr = await open({ events: { max_length: 10 } });
    for (let i = 0; i < 10; i++) await mgr.updateEquity(i);
    const all = await mgr.getEvents();
    assert.is(all.length, 10);
    assert.equal(await mgr.getEvents({ after: "0-0" }), all);
  });

  test("the events are kept over close and connect, and go on", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await prepare(mgr);
    const before = await mgr.getEvents();
    await mgr.close();
    await mgr.connect();
    assert.equal(await mgr.getEvents(), before);
    await mgr.savePosition(LONG);
    const after = await mgr.getEvents();
    assert.equal(after.slice(0, -1), before);
    assert.is(after.at(-1)?.type, "position_saved");
    assertGrowing(after);
  });
};
