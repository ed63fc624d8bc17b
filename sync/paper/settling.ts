/** Money that moves on the account without an order: funding, and contracts that expire. */
import { multiplyDecimal, negateDecimal, toDecimal } from "../../src/exact/decimal.js";
import { moneyText } from "../../src/exact/money.js";
import { settleOf } from "../../src/words/pair-name.js";
import type { Book } from "./book.js";
import { bookExecution, credit, gainOf, reduce } from "./booking.js";
import { ownId } from "./exchange-ids.js";
import { cancel } from "./matching.js";
import { worth } from "./paper-market.js";
import type { PaperCashRow, PaperOrder, PaperPosition } from "./paper-rows.js";
import type { Rules } from "./rules.js";

/** Funding of all positions of the pair: a long pays `rate` of its worth at the price, a short receives it. */
export function fundPositions(state: Book, pair: string, rate: number, price: number): PaperCashRow[] {
  return positionsOf(state, pair).map((position) => {
    const due = multiplyDecimal(worth(pair, position.size, price), toDecimal(rate));
    return addCash(state, "funding", position, moneyText(position.side === "long" ? negateDecimal(due) : due));
  });
}

/** Ends positions at the price, without fees: as cash, or `byFill` as an order of the exchange's own. Open orders are cancelled. */
export function settlePair(state: Book, rules: Rules, pair: string, price: number, byFill: boolean): PaperCashRow[] {
  state.setPrice(pair, price);
  for (const order of state.openOrders()) if (order.pair === pair) cancel(state, order);
  const cash: PaperCashRow[] = [];
  for (const position of positionsOf(state, pair)) {
    if (byFill) {
      bookExecution(state, rules, closingOrder(state, rules, position), { price, size: position.size });
      continue;
    }
    const gain = moneyText(gainOf(position, position.size, price));
    reduce(state, position, position.size);
    cash.push(addCash(state, "settlement", position, gain));
  }
  state.setMarket(pair, { ...state.market(pair), settledAt: state.account.at });
  return cash;
}

function positionsOf(state: Book, pair: string): PaperPosition[] {
  return state.positions().filter((position) => position.pair === pair);
}

function addCash(state: Book, kind: PaperCashRow["kind"], { pair, side }: PaperPosition, amount: string): PaperCashRow {
  credit(state, pair, { balance: amount, realised: "0", fees: "0" });
  return state.addCash({ kind, pair, side, amount, currency: settleOf(pair) });
}

/** The exchange's own order that ends a position, still open. */
function closingOrder(state: Book, { mode }: Rules, { pair, side, size }: PaperPosition): PaperOrder {
  const { orders, at } = state.account;
  const order: PaperOrder = {
    id: `o${orders + 1}`,
    clientOrderId: ownId("settlement", orders),
    pair,
    side: side === "long" ? "sell" : "buy",
    type: "market",
    size,
    filled: "0",
    cost: "0",
    price: null,
    status: "open",
    reduceOnly: true,
    positionSide: mode === "hedge" ? side : null,
    waits: null,
    createdAt: at,
    endedAt: null,
  };
  state.account = { ...state.account, orders: orders + 1 };
  state.setOrder(order);
  return order;
}
