import { InvalidArgumentError } from "../errors.js";
import { toDecimal } from "../exact/decimal.js";
import { formatMoney, roundDecimal, withinMoney } from "../exact/money.js";
import { transferInAccount } from "../state/account.js";
import { inFlow } from "../state/currency.js";
import { openedBy } from "../state/day.js";
import { transferred } from "../state/equity.js";
import { checkRemembered, remember, remembers, TRADE_MEMORY } from "../state/memory.js";
import { openedRisk, riskAt, writeRisk } from "../state/risk.js";
import type { TransferResult } from "../types.js";
import type { Operation } from "./operation.js";
import { riskEvent, riskFromReply, riskView } from "./view-risk.js";

interface Args {
  /** Above 0 a deposit, below 0 a withdrawal. */
  readonly amount: number;
  readonly id: string;
  readonly currency: string | undefined;
  readonly rate: number | undefined;
  readonly ts: number | undefined;
  readonly dayStart: number;
}

export const recordTransfer: Operation<Args, TransferResult> = {
  name: "record_transfer",
  kind: "change",
  keys: ["risk:daily", "risk:history", "risk:circuit_breaker", "risk:transfers"],
  args: {
    amount: (a) => a.amount,
    id: (a) => a.id,
    currency: (a) => a.currency,
    rate: (a) => a.rate,
    ts: (a) => a.ts,
    day_start: (a) => a.dayStart,
    transfer_window: () => TRADE_MEMORY.window,
    max_transfers: () => TRADE_MEMORY.max,
  },
  words: {
    amount: "above 0 = a deposit, below 0 = a withdrawal",
    id: "of the transfer",
    ts: 'ms of the transfer; "" = now',
  },
  decode: (reply) => ({ applied: reply[0] === "recorded", risk: riskFromReply(reply, 1) }),
  apply(state, a, call) {
    const { window, max } = TRADE_MEMORY;
    if (remembers(state.transfers, a.id, call.now, window)) {
      return { applied: false, risk: riskView(state, call.now, a.dayStart) };
    }
    checkRemembered(a.ts, call.now, window);
    const at = openedBy(a.ts, call.now);
    const amount = roundDecimal(inFlow(state, toDecimal(a.amount), a.currency, a.rate));
    if (!withinMoney(amount)) throw new InvalidArgumentError("amount: it would exceed +-9e15; nothing was booked");
    const ts = a.ts ?? call.now;
    const { day } = riskAt(state, at, a.dayStart);
    const booking = { flowId: state.flowId, day, now: call.now, dayStart: a.dayStart };
    const risk = openedRisk(
      state,
      at,
      a.dayStart,
      (row) => ({ ...row, ...transferred(row, amount, ts, call.now) }),
      state.account && transferInAccount(state.account, amount, ts, booking),
    );

    state.emit(call, "transfer_recorded", () => ({
      id: a.id,
      amount: formatMoney(amount),
      currency: a.currency ?? "",
      rate: String(a.rate ?? ""),
      ts: String(ts),
      ...riskEvent(risk),
    }));
    remember(state.transfers, a.id, call.now, window, max);
    writeRisk(state, risk);

    return { applied: true, risk: riskView(state, call.now, a.dayStart) };
  },
};
