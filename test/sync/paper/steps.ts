/** Random calls of a paper exchange, and what has to hold after each. */
import fc from "fast-check";
import * as assert from "uvu/assert";
import { InvalidArgumentError } from "../../../src/errors.js";
import { multiplyDecimal, toDecimal } from "../../../src/exact/decimal.js";
import { roundDecimal, toMoney } from "../../../src/exact/money.js";
import type { PaperExchange, PaperExchangeOptions } from "../../../sync/paper/paper-exchange.js";
import type { ExchangeFill, ExchangeOrder } from "../../../sync/port/exchange.js";
import { ExchangeError } from "../../../sync/port/exchange-error.js";
import { BTC, ETH, EVER, everything } from "./samples.js";

export const START = 10_000;
const PAIRS = [BTC, ETH];

/** A call, made of values, so that it can be printed and made again. */
export type Step =
  | { readonly do: "price"; readonly pair: string; readonly price: number }
  | { readonly do: "candle"; readonly pair: string; readonly prices: readonly [number, number, number, number] }
  | { readonly do: "order"; readonly id: string; readonly hand: boolean; readonly wish: Wish }
  | { readonly do: "cancel"; readonly id: string; readonly pair: string }
  | { readonly do: "fill"; readonly id: string; readonly size: number }
  | { readonly do: "liquidate"; readonly pair: string; readonly side: "long" | "short" }
  | { readonly do: "fund"; readonly pair: string; readonly rate: number }
  | { readonly do: "amend"; readonly id: string; readonly size: number; readonly price: number }
  | { readonly do: "settle"; readonly pair: string; readonly price: number; readonly byFill: boolean }
  | { readonly do: "wait"; readonly ms: number };

interface Wish {
  readonly pair: string;
  readonly side: "buy" | "sell";
  readonly size: number;
  readonly type: "market" | "limit" | "stop";
  readonly price?: number;
  readonly reduceOnly: boolean;
  readonly positionSide?: "long" | "short";
}

const pair = fc.constantFrom(...PAIRS);
/** Often the same ones, so that a limit is touched; now and then one with decimals. */
const price = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 16, max: 24 }).map((halves) => halves / 2) },
  { weight: 1, arbitrary: fc.integer({ min: 80_000, max: 120_000 }).map((units) => units / 10_000) },
);
const size = fc.integer({ min: 1, max: 30 }).map((tenths) => tenths / 10);
const id = fc.integer({ min: 1, max: 12 }).map((number) => `id-${number}`);
const side = fc.constantFrom("long", "short");

const wish = fc.record(
  {
    pair,
    side: fc.constantFrom("buy", "sell"),
    size,
    type: fc.constantFrom("market", "limit", "stop"),
    price,
    reduceOnly: fc.boolean(),
    positionSide: side,
  },
  { requiredKeys: ["pair", "side", "size", "type", "price", "reduceOnly"] },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("price"), pair, price }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("candle"), pair, prices: fc.tuple(price, price, price, price) }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("order"), id, hand: fc.boolean(), wish }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel"), id, pair }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fill"), id, size }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("liquidate"), pair, side }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fund"), pair, rate: fc.constantFrom(-0.0001, 0.00123) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("amend"), id, size, price }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("settle"), pair: fc.constant(ETH), price, byFill: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait"), ms: fc.integer({ min: -1000, max: 5000 }) }) },
);

export const steps = fc.array(step, { maxLength: 40, size: "max" });

export type RandomOptions = PaperExchangeOptions & { readonly sizeStep: number };

export const options: fc.Arbitrary<RandomOptions> = fc
  .record({
    seed: fc.integer(),
    market: fc.constantFrom("swap", "spot"),
    mode: fc.constantFrom("netting", "hedge"),
    fills: fc.constantFrom("whole", "partial"),
    sizeStep: fc.constantFrom(0, 0.1),
    minSize: fc.constantFrom(0, 0.3),
    maker: fc.constantFrom(0, -0.0001, 0.00012345),
    taker: fc.constantFrom(0, 0.0005, 0.0123),
  })
  .map(({ maker, taker, ...rest }) => ({
    ...rest,
    mode: rest.market === "spot" ? "netting" : rest.mode,
    fees: { maker, taker },
    balance: START,
  }));

/** What a step calls: of a paper exchange here, or of one in another process. */
type Called = Pick<
  PaperExchange,
  | "setPrice"
  | "candle"
  | "trade"
  | "createOrder"
  | "cancelOrder"
  | "fillOrder"
  | "liquidate"
  | "fund"
  | "amend"
  | "settle"
>;

/** Makes a call. What the exchange refuses is no error here; anything else is. */
export async function take(exchange: Called, clock: { now: number }, step: Step): Promise<void> {
  try {
    await make(exchange, clock, step);
  } catch (error) {
    if (error instanceof InvalidArgumentError) return;
    if (!(error instanceof ExchangeError) || error.failure === "no_answer") throw error;
  }
}

async function make(exchange: Called, clock: { now: number }, step: Step): Promise<unknown> {
  switch (step.do) {
    case "price":
      return exchange.setPrice(step.pair, step.price);
    case "candle": {
      const [open, close] = step.prices;
      const [low, high] = [Math.min(...step.prices), Math.max(...step.prices)];
      return exchange.candle(step.pair, { open, high, low, close });
    }
    case "order": {
      const { price, ...rest } = step.wish;
      const wish = { ...rest, ...(rest.type !== "market" && price !== undefined && { price }) };
      return step.hand ? exchange.trade(wish) : exchange.createOrder({ clientOrderId: step.id, ...wish });
    }
    case "cancel":
      return exchange.cancelOrder(step.id, step.pair);
    case "fill":
      return exchange.fillOrder(step.id, step.size);
    case "liquidate":
      return exchange.liquidate(step.pair, step.side);
    case "fund":
      return exchange.fund(step.pair, step.rate);
    case "amend":
      return exchange.amend(step.id, { size: step.size, price: step.price });
    case "settle":
      return exchange.settle(step.pair, step.price, { byFill: step.byFill });
    case "wait":
      clock.now += step.ms;
  }
}

/** Whole units of 1e-8: sums of them are exact. */
function units(amount: number): bigint {
  const money = toMoney(amount);
  if (money === undefined) throw new RangeError(`${amount} is out of range`);
  return money;
}

function sum(amounts: readonly number[]): bigint {
  return amounts.reduce((total, amount) => total + units(amount), 0n);
}

/** By how much a fill changes what is held, in units: what was bought less the fee taken from it, or minus what was sold. */
function change({ side, size, feeBase = 0 }: ExchangeFill): bigint {
  return side === "buy" ? units(size) - units(feeBase) : -units(size);
}

function net(of: readonly ExchangeFill[]): bigint {
  return of.reduce((total, fill) => total + change(fill), 0n);
}

/** Asserts that positions, orders, money and calls are what follows from the fills. */
export async function checkSums(exchange: PaperExchange, { mode, market, sizeStep }: RandomOptions) {
  const told = await everything(exchange, PAIRS);
  const fills = (await Promise.all(PAIRS.map((pair) => exchange.fetchFills(pair, EVER)))).flat();
  const { cash } = exchange.account();
  const settlements = cash.filter(({ kind }) => kind === "settlement");

  // Positions
  for (const pair of PAIRS) {
    const held = (side: string) =>
      units(told.positions.find((position) => position.pair === pair && position.side === side)?.size ?? 0);
    const ofPair = fills.filter((fill) => fill.pair === pair);
    if (settlements.some((each) => each.pair === pair)) assert.is(held("long") + held("short"), 0n);
    else if (mode === "hedge") {
      assert.is(held("long"), net(ofPair.filter(({ positionSide }) => positionSide === "long")));
      assert.is(-held("short"), net(ofPair.filter(({ positionSide }) => positionSide === "short")));
    } else {
      assert.is(held("long") - held("short"), net(ofPair));
      assert.ok(held("long") === 0n || held("short") === 0n, "both sides in netting mode");
    }
    const times = ofPair.map(({ ts }) => ts.getTime());
    assert.equal(
      times,
      times.toSorted((a, b) => a - b),
    );
  }
  assert.ok(told.positions.every(({ size }) => size > 0));

  // Orders
  assert.is(new Set(fills.map(({ fillId }) => fillId)).size, fills.length);
  const known = [...told.open, ...told.orders.filter((order) => order !== undefined)];
  for (const order of known) checkOrder(order, fills);
  for (const { pair, side, price, stop } of told.open) {
    const now = exchange.price(pair);
    if (stop || price === null || now === undefined) continue;
    assert.ok(side === "buy" ? price <= now : price >= now, `a limit order to ${side} at ${price} rests at ${now}`);
  }
  if (sizeStep > 0 && market === "swap")
    for (const { size } of [...fills, ...told.positions]) assert.is(units(size) % units(sizeStep), 0n);

  // Money
  const quoteFees = sum(fills.map(({ fee, feeBase }) => (feeBase === undefined ? fee : 0)));
  assert.is(units(told.fees), quoteFees);
  const paid = fills.reduce((total, { side, size, price }) => {
    const notional = roundDecimal(multiplyDecimal(toDecimal(size), toDecimal(price)));
    return side === "buy" ? total - notional : total + notional;
  }, 0n);
  if (market === "spot") {
    assert.is(units(told.balance), units(START) + paid - quoteFees);
    assert.ok(told.balance >= 0 && told.positions.every((position) => position.side === "long"));
  } else {
    assert.is(
      units(told.balance),
      units(START) + units(told.realised) - quoteFees + sum(cash.map(({ amount }) => amount)),
    );
    // What was paid and what is held add up to what was gained, but for the rounding of average prices.
    const gained = units(told.realised) + sum(settlements.map(({ amount }) => amount));
    const settled = PAIRS.filter((pair) => settlements.some((each) => each.pair === pair)).map((pair) => {
      const size = Number(net(fills.filter((fill) => fill.pair === pair))) / 1e8;
      return roundDecimal(multiplyDecimal(toDecimal(size), toDecimal(exchange.price(pair) ?? 0)));
    });
    const got = settled.reduce((total, value) => total + value, paid);
    if (told.positions.length === 0) assert.ok(Math.abs(Number(got - gained)) <= 100, "cash is missing");
  }

  // Calls
  const taken = told.seen.filter((call) => call.method === "createOrder" && call.accepted);
  assert.is(new Set(taken.map(({ clientOrderId }) => clientOrderId)).size, taken.length);
}

function checkOrder(order: ExchangeOrder, fills: readonly ExchangeFill[]): void {
  const own = fills.filter(({ orderId }) => orderId === order.id);
  assert.is(units(order.filled), sum(own.map(({ size }) => size)));
  assert.is(order.filled === order.size, order.status === "filled");
  assert.ok(own.every(({ pair, side }) => pair === order.pair && side === order.side));
  assert.ok(own.every(({ clientOrderId }) => clientOrderId === order.clientOrderId));
  if (own.length === 0) return;
  const prices = own.map(({ price }) => price);
  const average = order.average ?? 0;
  assert.ok(average >= Math.min(...prices) && average <= Math.max(...prices), `average ${average} of ${prices}`);
}
