/** What holds of every account, whatever was told. */

import type { AccountState, DayState, OrderState, Outcome, PositionState, TradeState } from "./account-state.js";
import { type Big, booked, exact, text, ZERO } from "./amounts.js";
import type { Setup, Step } from "./steps.js";

/** What of a state the invariants are about. */
interface Balanced extends Pick<AccountState, "dust" | "exposure" | "drawdown" | "streak" | "slots"> {
  readonly days: readonly DayState[];
  readonly positions: readonly Pick<PositionState, "id" | "size" | "realised">[];
  readonly orders: readonly OrderState[];
  readonly trades: readonly Pick<TradeState, "id" | "size" | "pnl" | "untold" | "dust">[];
}

/** Sentences about what is wrong with a state; none where all holds. */
export function faults(state: Balanced): string[] {
  const wrong: string[] = [];
  const expect = (holds: boolean, sentence: string) => {
    if (!holds) wrong.push(sentence);
  };
  const days = sum(state.days.map(({ pnl }) => pnl));
  const trades = sum(state.trades.map(({ pnl }) => pnl));
  const open = sum(state.positions.map(({ realised }) => realised));
  const untied = sum(state.days.flatMap(({ parts }) => [parts.cash, parts.told]));
  const whole = trades.plus(open).plus(untied);
  expect(whole.eq(days), `trades, open results and what is tied to neither are ${text(whole)}, the days ${text(days)}`);
  for (const { day, pnl, parts } of state.days) {
    const made = sum(Object.values(parts));
    expect(made.eq(exact(pnl)), `the parts of ${day} are ${text(made)}, the day ${pnl}`);
  }
  for (const { id, size } of state.positions) expect(size > 0, `position ${id} has size ${size}`);
  for (const { id, size, filled, status, intent } of state.orders) {
    expect(filled >= 0, `order ${id} filled ${filled}`);
    expect(filled < size, `pending ${intent} ${id} filled ${filled} of ${size}: ${status}`);
  }
  for (const { id, size, untold = 0, dust = 0 } of state.trades) {
    expect(size > 0 && untold >= 0 && dust >= 0, `trade ${id} of ${size}, untold ${untold}, dust ${dust}`);
  }
  for (const [key, { size }] of Object.entries(state.dust)) expect(size > 0, `dust of ${key} is ${size}`);
  expect(exact(state.exposure).gte(ZERO), `exposure ${state.exposure}`);
  expect(exact(state.drawdown).gte(ZERO), `drawdown ${state.drawdown}`);
  expect(state.streak >= 0, `streak ${state.streak}`);
  expect(state.slots.all >= state.positions.length, `${state.slots.all} slots, ${state.positions.length} positions`);
  const entries = state.orders.filter(({ intent }) => intent === "entry").length;
  expect(state.slots.all <= state.positions.length + entries, `${state.slots.all} slots are more than what is there`);
  return wrong;
}

function sum(amounts: readonly string[]): Big {
  return amounts.reduce((total, amount) => total.plus(exact(amount)), ZERO);
}

/** Follows the equity of a flow whose bot never reports it: what it started with, all that was booked and transferred. */
export class Ledger {
  #equity: Big | undefined;

  constructor({ risk }: Setup) {
    this.#equity = risk?.starting_equity === undefined ? undefined : exact(risk.starting_equity);
  }

  follow(step: Step, outcome: Outcome, state: AccountState): string[] {
    if (!outcome.done || this.#equity === undefined) return [];
    if (step.call === "updateEquity") this.#equity = undefined;
    if (this.#equity === undefined) return [];
    this.#equity = this.#equity.plus(exact(outcome.booked));
    if (step.call === "recordTransfer" && outcome.applied)
      this.#equity = this.#equity.plus(booked(exact(step.args[0])));
    const expected = text(this.#equity);
    return state.equity === expected ? [] : [`equity is ${state.equity}, booked and transferred make ${expected}`];
  }
}

/**
 * What fills paid and received, in a life of nothing but fills in one currency: with what is still open valued at its entries,
 * that is all that can have been booked.
 */
export class Till {
  #cash = ZERO;
  #turnover = ZERO;
  #booked = ZERO;
  readonly #orders = new Map<string, { readonly sells: boolean }>();

  follow(step: Step, outcome: Outcome): void {
    if (!outcome.done) return;
    if (step.call === "saveOrder") this.#orders.set(step.args[0].id, { sells: step.args[0].side === "sell" });
    if (step.call === "admit") this.#orders.set(step.args[0].orderId, { sells: step.args[0].side === "short" });
    if (step.call !== "recordFill" || !outcome.applied) return;
    const [orderId, { price, size, fee }] = step.args;
    const value = exact(price).times(exact(size).minus(exact(outcome.over ?? 0)));
    const sells = this.#orders.get(orderId)?.sells === true;
    this.#cash = this.#cash.plus(sells ? value : value.neg()).minus(exact(typeof fee === "number" ? fee : 0));
    this.#turnover = this.#turnover.plus(value);
    this.#booked = this.#booked.plus(exact(outcome.booked));
  }

  /** Sizes within a relative 1e-9 are equal, so that much of the turnover may be off. */
  faults(state: AccountState): string[] {
    const held = state.positions.map(({ side, size, entryPrice }) => {
      const cost = exact(size).times(exact(entryPrice));
      return side === "long" ? cost : cost.neg();
    });
    const dust = Object.entries(state.dust).map(([key, { cost }]) =>
      key.endsWith(" long") ? exact(cost) : exact(cost).neg(),
    );
    const all = [...held, ...dust].reduce((total, cost) => total.plus(cost), this.#cash);
    const off = all.minus(this.#booked).abs();
    if (off.lte(this.#turnover.times("1e-9").plus("1e-6"))) return [];
    return [`fills and what is open make ${text(all)}, ${text(this.#booked)} was booked`];
  }
}
