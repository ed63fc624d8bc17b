/** What an execution does to the position, the order and the account. */
import { averagePrice } from "../../src/exact/average-price.js";
import {
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
import type { PaperOrder, PaperPosition } from "./paper-rows.js";
import type { Rules } from "./rules.js";

export interface Execution {
  readonly price: number;
  readonly size: string;
  readonly maker: boolean;
}

/** Fills an open order, or a part of it: the size must be there to fill, and to reduce when the order may only reduce. */
export function bookExecution(state: Book, rules: Rules, order: PaperOrder, execution: Execution): PaperOrder {
  const { price, size } = execution;
  const notional = multiplyDecimal(parseDecimal(size), toDecimal(price));
  const rate = toDecimal(execution.maker ? rules.fees.maker : rules.fees.taker);
  const inBase = rules.market === "spot" && order.side === "buy";
  const feeBase = inBase ? moneyText(multiplyDecimal(parseDecimal(size), rate)) : null;
  const fee = moneyText(
    feeBase === null ? multiplyDecimal(notional, rate) : multiplyDecimal(parseDecimal(feeBase), toDecimal(price)),
  );
  const gain =
    rules.market === "spot"
      ? exchangeCoins(state, order, execution, feeBase ?? "0")
      : changePosition(state, order, execution);

  const { account } = state;
  const charged = feeBase === null ? fee : "0";
  if (rules.market === "spot") {
    const paid = moneyText(order.side === "buy" ? negateDecimal(notional) : notional);
    state.account = {
      ...account,
      fills: account.fills + 1,
      balance: subtract(add(account.balance, paid), charged),
      fees: add(account.fees, charged),
    };
  } else {
    // Rounded once, fee included, as the state manager books a fill.
    const net = moneyText(subtractDecimal(gain, parseDecimal(charged)));
    state.account = {
      ...account,
      fills: account.fills + 1,
      balance: add(account.balance, net),
      realised: add(account.realised, add(net, charged)),
      fees: add(account.fees, charged),
    };
  }

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

/** The side of the position that an order may reduce: in netting mode the other one, in hedge mode its own. */
export function reducedSide(order: { side: OrderSide; positionSide: PositionSide | null }): PositionSide | undefined {
  const other = order.side === "sell" ? "long" : "short";
  return order.positionSide === null || order.positionSide === other ? other : undefined;
}

const NOTHING = { digits: 0n, scale: 0 };

/** Reduces what stands against the order, opens or grows with the rest; what was gained, before fees. */
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

/** A holding changes by what was bought, less the fee taken from it, or sold; nothing is gained before it is money. */
function exchangeCoins(state: Book, order: PaperOrder, { price, size }: Execution, feeBase: string) {
  const held = state.position(order.pair, "long");
  if (order.side === "buy") {
    const received = subtract(size, feeBase);
    if (compare(received, "0") > 0) grow(state, order.pair, "long", received, price);
  } else if (held) reduce(state, held, size);
  return NOTHING;
}

/** size x price, less what that much of the position cost, x direction */
function gainOf(position: PaperPosition, size: string, price: number) {
  const value = multiplyDecimal(parseDecimal(size), toDecimal(price));
  const gain = subtractDecimal(value, costOf(position, size));
  return position.side === "short" ? negateDecimal(gain) : gain;
}

/** What so much of a position cost: at the entry price; the last of it, what is left. */
function costOf({ size: whole, entryPrice, cost }: PaperPosition, size: string) {
  if (size === whole && cost !== null) return parseDecimal(cost);
  return multiplyDecimal(parseDecimal(size), toDecimal(entryPrice));
}

/** What a position adds to the account's equity at a price. */
export function worthOf(rules: Rules, position: PaperPosition, price: number) {
  if (rules.market === "swap") return gainOf(position, position.size, price);
  return multiplyDecimal(parseDecimal(position.size), toDecimal(price));
}

function grow(state: Book, pair: string, side: PositionSide, size: string, price: number): void {
  const held = state.position(pair, side);
  const cost = decimalText(multiplyDecimal(parseDecimal(size), toDecimal(price)));
  if (!held) {
    state.setPosition({ pair, side, size, entryPrice: price, cost });
    return;
  }
  const total = { size: add(held.size, size), cost: add(decimalText(costOf(held, held.size)), cost) };
  const entryPrice = price === held.entryPrice ? price : averagePrice(parseDecimal(total.cost), Number(total.size));
  state.setPosition({ ...held, ...total, entryPrice });
}

function reduce(state: Book, held: PaperPosition, size: string): void {
  const rest = subtract(held.size, size);
  if (rest === "0") state.removePosition(held.pair, held.side);
  else
    state.setPosition({
      ...held,
      size: rest,
      cost: decimalText(subtractDecimal(costOf(held, held.size), costOf(held, size))),
    });
}
