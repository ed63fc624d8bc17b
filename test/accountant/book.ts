/**
 * The accountant: a second book-keeper of one flow's money, written from the text of the contract alone. It shares no code and no
 * arithmetic with the product. `step` tells it a call, `state` answers everything it then knows.
 */

import type { AccountState, Done, Outcome } from "./account-state.js";
import { admit } from "./admission.js";
import { type Big, money, TooManyDigits, ZERO } from "./amounts.js";
import { type Answer, judged } from "./answer.js";
import { type Books, copyOf, openBooks, Refusal } from "./books.js";
import { bookCash, recordTransfer, updateDailyPnl } from "./cash.js";
import { cancelOrder, recordFill, removeOrder } from "./executions.js";
import * as orders from "./orders.js";
import { closePosition, removePosition, savePosition, updatePosition } from "./positions.js";
import * as risk from "./risk.js";
import type { Setup, Step } from "./steps.js";
import { stateOf } from "./told-state.js";

export class Accountant {
  #books: Books;

  constructor(setup: Setup) {
    this.#books = openBooks(setup, risk.dayOf({ setup }, setup.at));
  }

  /** Does one call, or refuses it and changes nothing. */
  step(input: Step): Outcome {
    const before = this.#books;
    const books = copyOf(before);
    try {
      if (input.call === "clock") books.now = input.args[0];
      orders.forget(books);
      risk.roll(books);
      const answer = call(books, input);
      this.#books = books;
      return outcome(before, books, answer);
    } catch (error) {
      if (error instanceof TooManyDigits) return { done: false, how: "argument", name: "digits" };
      if (!(error instanceof Refusal)) throw error;
      return { done: false, how: error.how, name: error.message };
    }
  }

  state(): AccountState {
    return stateOf(this.#books);
  }
}

function call(books: Books, input: Step): Answer {
  switch (input.call) {
    case "clock":
      return {};
    case "savePosition":
      return savePosition(books, ...input.args);
    case "updatePosition":
      return updatePosition(books, ...input.args);
    case "removePosition":
      return removePosition(books, ...input.args);
    case "closePosition":
      return closePosition(books, ...input.args);
    case "saveOrder":
      orders.save(books, ...input.args);
      return {};
    case "updateOrder":
      orders.update(books, ...input.args);
      return {};
    case "removeOrder":
      return removeOrder(books, ...input.args);
    case "cancelOrder":
      return cancelOrder(books, ...input.args);
    case "admit":
      return admit(books, ...input.args);
    case "recordFill":
      return recordFill(books, ...input.args);
    case "updateDailyPnl":
      return updateDailyPnl(books, ...input.args);
    case "bookCash":
      return bookCash(books, ...input.args);
    case "recordTransfer":
      return recordTransfer(books, ...input.args);
    case "updateEquity":
      return judged(books, undefined, () => {
        risk.report(books, input.args[0]);
        return {};
      });
    case "setRiskLimits":
      return { tripped: risk.setLimits(books, ...input.args) };
    case "triggerCircuitBreaker":
      risk.trip(books, "manual", input.args[1] ?? books.setup.risk?.breaker_duration ?? 3_600_000);
      return { tripped: true };
    case "resetCircuitBreaker":
      return { applied: risk.reset(books) };
  }
}

function outcome(before: Books, after: Books, answer: Answer): Done {
  const trades = after.trades.slice(before.trades.length).map(({ id }) => id);
  const gone = new Set([...before.holdings.keys()].filter((id) => !after.holdings.has(id)));
  const exitsLeft = orders
    .pending(after)
    .filter(({ intent, positionId }) => intent === "exit" && positionId !== undefined && gone.has(positionId))
    .map(({ id }) => id)
    .sort();
  return {
    done: true,
    applied: answer.applied ?? true,
    booked: money(total(after).minus(total(before))),
    tripped: answer.tripped ?? false,
    ...(answer.over !== undefined && answer.over > 0 ? { over: answer.over } : {}),
    ...(answer.to === undefined ? {} : { to: answer.to }),
    trades,
    exitsLeft,
  };
}

function total(books: Books): Big {
  return [...books.days.values()].reduce((sum, { pnl }) => sum.plus(pnl), ZERO);
}
