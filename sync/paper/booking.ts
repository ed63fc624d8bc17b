/** What an execution changes: the position, the order and the account. */
import {
  addDecimal,
  type Decimal,
  decimalText,
  multiplyDecimal,
  negateDecimal,
  parseDecimal,
  subtractDecimal,
  toDecimal,
} from "../../src/exact/decimal.js";
import { add, compare, smaller, subtract } from "../../src/exact/decimal-in-text.js";
import { moneyText } from "../../src/exact/money.js";
import type { OrderSide, PositionSide } from "../../src/types.js";
import type { Book } from "./book.js";
import { isInverse, paperMarket, priceOf, worth } from "./paper-market.js";
import type { PaperOrder, PaperPosition, Purse } from "./paper-rows.js";
import type { Rules } from "./rules.js";

export interface Execution {
  readonly price: number;
  readonly size: string;
  /** Whose fee the execution costs: the maker's or the taker's; undefined: none. */
  readonly maker?: boolean;
}

/** Fills an open order, or a part of it. The caller makes sure that the size can be filled, and reduced if the order may only reduce. */
export function bookExecution(state: Book, rules: Rules, order: PaperOrder, execution: Execution): PaperOrder {
  const { price, size } = execution;
  const notional = worth(order.pair, size, price);
  const rate = toDecimal(feeRate(rules, execution));
  const inBase = rules.market === "spot" && order.side === "buy";
  const feeBase = inBase ? moneyText(multiplyDecimal(parseDecimal(size), rate)) : null;
  const fee = moneyText(
    feeBase === null ? multiplyDecimal(notional, rate) : multiplyDecimal(parseDecimal(feeBase), toDecimal(price)),
  );
  const charged = feeBase === null ? fee : "0";
  if (rules.market === "spot") {
    exchangeCoins(state, order, execution, feeBase ?? "0");
    const paid = moneyText(order.side === "buy" ? negateDecimal(notional) : notional);
    credit(state, order.pair, { balance: subtract(paid, charged), realised: "0", fees: charged });
  } else {
    const gain = changePosition(state, order, execution);
    // Rounded once, with the fee, as the state manager books a fill.
    const net = moneyText(subtractDecimal(gain, parseDecimal(charged)));
    credit(state, order.pair, { balance: net, realised: add(net, charged), fees: charged });
  }
  state.account = { ...state.account, fills: state.account.fills + 1 };

  const filled = add(order.filled, size);
  const next: PaperOrder = {
    ...order,
    filled,
    cost: add(order.cost, decimalText(notional)),
    status: compare(filled, order.size) >= 0 ? "filled" : order.status,
  };
  state.setOrder(next);
  state.addFill({
    id: `f${state.account.fills}`,
    orderId: order.id,
    clientOrderId: order.clientOrderId,
    pair: order.pair,
    side: order.side,
    positionSide: order.positionSide,
    price,
    size,
    fee,
    feeBase,
    at: state.account.at,
  });
  return next;
}

function feeRate({ fees }: Rules, { maker }: Execution): number {
  if (maker === undefined) return 0;
  return maker ? fees.maker : fees.taker;
}

/** Adds to the balance in the pair's settle currency: quote currency, or the coin of an inverse contract. */
export function credit(state: Book, pair: string, amounts: Purse): void {
  const { account } = state;
  const coin = coinOf(pair);
  state.account =
    coin === undefined
      ? { ...account, ...sums(account, amounts) }
      : { ...account, coins: { ...account.coins, [coin]: sums(account.coins[coin] ?? EMPTY, amounts) } };
}

const EMPTY: Purse = { balance: "0", realised: "0", fees: "0" };

function sums(purse: Purse, amounts: Purse): Purse {
  return {
    balance: add(purse.balance, amounts.balance),
    realised: add(purse.realised, amounts.realised),
    fees: add(purse.fees, amounts.fees),
  };
}

/** The coin in which an inverse contract settles; undefined for all other pairs, which share one balance. */
function coinOf(pair: string): string | undefined {
  const market = paperMarket(pair);
  return typeof market !== "string" && market.inverse ? market.coins?.settle : undefined;
}

/** The side of the position that an order may reduce: in netting mode the opposite one, in hedge mode its own. */
export function reducedSide(order: { side: OrderSide; positionSide: PositionSide | null }): PositionSide | undefined {
  const other = order.side === "sell" ? "long" : "short";
  return order.positionSide === null || order.positionSide === other ? other : undefined;
}

const NOTHING = { digits: 0n, scale: 0 };

/** Reduces the position that is opposite to the order, and opens or grows with the rest. Returns the gain before fees. */
function changePosition(state: Book, order: PaperOrder, { price, size }: Execution) {
  const against = reducedSide(order);
  const held = against && state.position(order.pair, against);
  const reducing = held ? smaller(held.size, size) : "0";
  const gain = held ? gainOf(held, reducing, price) : NOTHING;
  if (held) reduce(state, held, reducing);
  const rest = subtract(size, reducing);
  if (rest !== "0") grow(state, order.pair, order.side === "buy" ? "long" : "short", rest, price);
  return gain;
}

/** Changes a holding by what was bought, less the fee taken from it, or by what was sold. Holding coins gains nothing until they are sold. */
function exchangeCoins(state: Book, order: PaperOrder, { price, size }: Execution, feeBase: string) {
  const held = state.position(order.pair, "long");
  if (order.side === "buy") {
    const received = subtract(size, feeBase);
    if (compare(received, "0") > 0) grow(state, order.pair, "long", received, price);
  } else if (held) reduce(state, held, size);
}

/** The gain of a part of a position at a price, in the pair's settle currency, before fees. */
export function gainOf(position: PaperPosition, size: string, price: number): Decimal {
  const gain = subtractDecimal(worth(position.pair, size, price), costOf(position, size));
  return (position.side === "short") !== isInverse(position.pair) ? negateDecimal(gain) : gain;
}

/** The cost of a part of a position at the entry price; for the last part, what is left of the cost. */
function costOf({ pair, size: whole, entryPrice, cost }: PaperPosition, size: string): Decimal {
  return size === whole && cost !== null ? parseDecimal(cost) : worth(pair, size, entryPrice);
}

/** The worth of the account in quote currency: its balance, the gain of open positions at present prices, and its coins at theirs. */
export function equityOf(state: Book, rules: Rules): Decimal {
  let sum = parseDecimal(state.account.balance);
  const coins = new Map(
    Object.entries(state.account.coins).map(([coin, { balance }]) => [coin, parseDecimal(balance)]),
  );
  for (const position of state.positions()) {
    const { pair, size, entryPrice } = position;
    const price = state.price(pair) ?? entryPrice;
    const adds = rules.market === "swap" ? gainOf(position, size, price) : worth(pair, size, price);
    const coin = coinOf(pair);
    if (coin === undefined) sum = addDecimal(sum, adds);
    else coins.set(coin, addDecimal(coins.get(coin) ?? NOTHING, adds));
  }
  for (const [coin, amount] of coins) {
    const price = state.prices().find(([pair]) => coinOf(pair) === coin)?.[1];
    if (price !== undefined) sum = addDecimal(sum, multiplyDecimal(amount, toDecimal(price)));
  }
  return sum;
}

function grow(state: Book, pair: string, side: PositionSide, size: string, price: number): void {
  const held = state.position(pair, side);
  const cost = decimalText(worth(pair, size, price));
  if (!held) {
    state.setPosition({ pair, side, size, entryPrice: price, cost });
    return;
  }
  const total = { size: add(held.size, size), cost: add(decimalText(costOf(held, held.size)), cost) };
  const entryPrice = price === held.entryPrice ? price : priceOf(pair, parseDecimal(total.cost), total.size);
  state.setPosition({ ...held, ...total, entryPrice });
}

export function reduce(state: Book, held: PaperPosition, size: string): void {
  const rest = subtract(held.size, size);
  if (rest === "0") state.removePosition(held.pair, held.side);
  else
    state.setPosition({
      ...held,
      size: rest,
      cost: decimalText(subtractDecimal(costOf(held, held.size), costOf(held, size))),
    });
}
