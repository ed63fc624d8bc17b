import { orderJson, orderWith } from "../records/generated/order.js";
import { tradeJson } from "../records/generated/trade.js";
import type { OrderRow } from "../records/order.js";
import type { PositionRow } from "../records/position.js";
import type { RiskPolicy } from "../state/breaker.js";
import { coolDown } from "../state/cooldowns.js";
import { marketStored } from "../state/currency.js";
import { dustOf, dustWith, writeDust } from "../state/dust.js";
import type { FlowState } from "../state/flow-state.js";
import { writeOrder } from "../state/order-life.js";
import { decideRisk, writeRisk } from "../state/risk.js";
import { decideEnd, isDust, writeEnd } from "../state/trade-end.js";
import type { Operation } from "./operation.js";
import { riskEvent } from "./view-risk.js";

interface Args extends RiskPolicy {
  readonly id: string;
  readonly releaseSignal: boolean;
  readonly dust: number | undefined;
  readonly maxTrades: number;
}

export const cancelOrder: Operation<Args, boolean> = {
  name: "cancel_order",
  kind: "change",
  keys: [
    "orders:pending",
    "orders:closed",
    "orders:closed_at",
    "orders:by_position",
    "positions:open",
    "positions:dust",
    "trades:closed",
    "trades:ended",
    "risk:exposure",
    "risk:daily",
    "risk:history",
    "risk:circuit_breaker",
    "risk:limits",
    "signals:cooldowns",
    "signals:processed",
    "risk:guard_trades",
  ],
  args: {
    id: (a) => a.id,
    release_signal: (a) => a.releaseSignal,
    dust: (a) => a.dust,
    day_start: (a) => a.dayStart,
    breaker_duration: (a) => a.breakerDuration,
    max_trades: (a) => a.maxTrades,
  },
  words: {
    max_trades: "how many trades are kept",
    id: "client order id",
    dust: 'a rest of its position of up to this size cannot be sold; "" = none',
  },
  decode: (reply) => reply[0] === "cancelled",
  apply(state, a, call) {
    const pending = state.orders.get(a.id);
    if (!pending) return false;

    const order = orderWith(pending, { status: "cancelled", notional: 0n, version: pending.version + 1 });
    const released = a.releaseSignal && order.signal_id !== null && order.filled === 0;
    const dusty = dustyPosition(state, order, a.dust);
    const end =
      dusty &&
      decideEnd(
        state,
        dusty,
        {
          how: "dust",
          ts: undefined,
          reason: order.reason ?? "exit",
          dust: dusty.size,
          unexplained: dusty.size,
          exitAsked: order.price,
          order,
        },
        call.now,
      );
    const risk = end && decideRisk(state, call.now, { trades: [end.counted] }, a);
    const cools = end !== undefined && end.coolUntil > (state.cooldowns.get(order.pair) ?? 0);

    writeOrder(state, order, call.now);
    if (released && order.signal_id !== null) state.processed.delete(order.signal_id);
    if (dusty && end && risk) {
      writeEnd(state, end, { maxTrades: a.maxTrades, now: call.now });
      writeDust(
        state,
        dustWith(marketStored(state, dusty.pair), state.dust.get(dustOf(dusty.pair, dusty.side)), dusty),
      );
      writeRisk(state, risk);
      if (cools) coolDown(state, order.pair, end.coolUntil, call.now);
    }
    state.emit(call, "order_cancelled", () => ({
      order: orderJson(order),
      signal_released: released ? "1" : "0",
      ...(end &&
        risk && {
          cooldown_until: cools ? String(end.coolUntil) : "",
          trade: tradeJson(end.trade),
          ...riskEvent(risk),
        }),
    }));

    return true;
  },
};

/** The position that the order names, or the one that it reduced last, if its rest cannot be sold and no other exit of it is pending. */
function dustyPosition(state: FlowState, order: OrderRow, dust: number | undefined): PositionRow | undefined {
  if (dust === undefined || order.intent !== "exit") return undefined;
  const position = state.positions.get(order.position_id ?? "") ?? state.positions.get(order.reduces ?? "");
  return position && isDust(state, position, dust, order) ? position : undefined;
}
