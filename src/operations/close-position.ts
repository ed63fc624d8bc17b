import { InvalidArgumentError } from "../errors.js";
import { type Decimal, decimalText } from "../exact/decimal.js";
import { minus } from "../exact/double.js";
import { exceeds, sameSize } from "../exact/size.js";
import { positionWith } from "../records/generated/position.js";
import { tradeJson } from "../records/generated/trade.js";
import type { PositionRow } from "../records/position.js";
import type { RiskPolicy } from "../state/breaker.js";
import { coolDown } from "../state/cooldowns.js";
import { marketStored, type Rate, told } from "../state/currency.js";
import { openedBy } from "../state/day.js";
import { dustOf, dustWith, writeDust } from "../state/dust.js";
import type { FlowState } from "../state/flow-state.js";
import { atRate, type Movement, movedResult } from "../state/holding.js";
import { decideRisk, writeRisk } from "../state/risk.js";
import { decideEnd, writeEnd } from "../state/trade-end.js";
import type { CloseResult } from "../types.js";
import { type Operation, text } from "./operation.js";
import { orderFromRow, ordersFromJson } from "./view-order.js";
import { positionFromReply, positionFromRow } from "./view-position.js";
import { riskEvent, riskFromReply, riskView } from "./view-risk.js";
import { tradeFromReply, tradeFromRow } from "./view-trade.js";

interface Args extends RiskPolicy {
  readonly id: string;
  readonly pnl: Decimal;
  /** Currency of `pnl`; undefined: the flow's. */
  readonly currency: string | undefined;
  readonly rate: Rate;
  readonly ts: number | undefined;
  readonly equity: number | undefined;
  /** ms; undefined: the position's own. */
  readonly cooldown: number | undefined;
  readonly reason: string;
  readonly dust: number | undefined;
  readonly maxTrades: number;
}

/** What the close changed, and whether the result had been told before: then it booked none. */
export interface Closing {
  readonly result: CloseResult;
  readonly wasTold: boolean;
}

export const closePosition: Operation<Args, Closing> = {
  name: "close_position",
  kind: "change",
  keys: [
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
    "orders:pending",
    "orders:by_position",
    "risk:guard_trades",
  ],
  args: {
    id: (a) => a.id,
    pnl: (a) => decimalText(a.pnl),
    ts: (a) => a.ts,
    equity: (a) => a.equity,
    cooldown: (a) => a.cooldown,
    reason: (a) => a.reason,
    dust: (a) => a.dust,
    currency: (a) => a.currency,
    rate: (a) => a.rate,
    day_start: (a) => a.dayStart,
    breaker_duration: (a) => a.breakerDuration,
    max_trades: (a) => a.maxTrades,
  },
  words: {
    max_trades: "how many trades are kept",
    cooldown: 'ms for the pair; "" = the one the position asked for',
    reason: 'why it was closed; "" = none',
    dust: 'size left at the exchange that cannot be sold; "" = none',
  },
  decode(reply) {
    if (reply[0] === "none") {
      return {
        result: { closed: false, exitsLeft: [], risk: riskFromReply(reply, 1), tripped: false },
        wasTold: false,
      };
    }
    return {
      result: {
        closed: true,
        position: positionFromReply(reply, 1),
        trade: tradeFromReply(reply, 4),
        exitsLeft: ordersFromJson(text(reply, 5)),
        risk: riskFromReply(reply, 6),
        tripped: reply[2] === "1",
      },
      wasTold: text(reply, 3) === "1",
    };
  },
  apply(state, a, call) {
    const position = state.positions.get(a.id);
    if (!position) {
      const risk = riskView(state, call.now, a.dayStart);
      return { result: { closed: false, exitsLeft: [], risk, tripped: false }, wasTold: false };
    }
    openedBy(a.ts, call.now);
    const cooling = state.cooldowns.get(position.pair) ?? 0;

    const market = marketStored(state, position.pair);
    const left = a.dust ?? 0;
    if (exceeds(left, position.size)) {
      throw new InvalidArgumentError(`dust: ${left} is more than position ${a.id} of ${position.size}`);
    }
    const wasTold = position.told !== null;
    const { rateAssumed, ...movement } = wasTold ? NOTHING : movementOf(state, position, a);
    const changed = { ...movedResult(position, movement), rate_assumed: rateAssumed ? 1 : position.rate_assumed };
    const after = positionWith(position, changed);
    const end = decideEnd(
      state,
      after,
      {
        how: "closed",
        ts: a.ts,
        reason: a.reason === "" ? "closed" : a.reason,
        cooldown: a.cooldown,
        dust: left,
        unexplained: sameSize(left, position.size) ? 0 : minus(position.size, left),
      },
      call.now,
    );
    const risk = decideRisk(
      state,
      call.now,
      {
        booking: { open: after.realised - position.realised, ts: a.ts },
        trades: [end.counted],
        equity: a.equity,
      },
      a,
    );
    const cools = end.coolUntil > cooling;

    writeEnd(state, end, { maxTrades: a.maxTrades, now: call.now });
    if (left > 0)
      writeDust(state, dustWith(market, state.dust.get(dustOf(position.pair, position.side)), position, left));
    writeRisk(state, risk);
    if (cools) coolDown(state, position.pair, end.coolUntil, call.now);
    state.emit(call, "position_closed", () => ({
      id: a.id,
      pair: position.pair,
      pnl: wasTold ? "0" : decimalText(a.pnl),
      reason: a.reason,
      cooldown_until: cools ? String(end.coolUntil) : "",
      trade: tradeJson(end.trade),
      ...riskEvent(risk),
    }));

    return {
      result: {
        closed: true,
        position: positionFromRow(position),
        trade: tradeFromRow(end.trade),
        exitsLeft: end.exitsLeft.map(orderFromRow),
        risk: riskView(state, call.now, a.dayStart),
        tripped: risk.tripped,
      },
      wasTold,
    };
  },
};

/** What a close tells about a result, and whether the result was priced at a rate that was not given with it. */
interface Told extends Movement {
  readonly rateAssumed: boolean;
}

const NOTHING: Told = { rateAssumed: false };

/** Priced at the given rate, else at the position's last one, else not at all. */
function movementOf(state: FlowState, position: PositionRow, { pnl, currency, rate }: Args): Told {
  const inFlows = told(state, pnl, currency, rate);
  if (inFlows) return { gain: inFlows, rateAssumed: false };
  const settle = marketStored(state, position.pair).coins?.settle;
  if (currency === settle && position.rate !== null) {
    return { gain: atRate(pnl, position.rate), rateAssumed: true };
  }
  return { unpriced: [{ kind: "result", currency: currency ?? "", amount: pnl }], rateAssumed: false };
}
