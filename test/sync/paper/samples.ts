import * as assert from "uvu/assert";
import { PaperExchange, type PaperExchangeOptions } from "../../../sync/paper/paper-exchange.js";
import type { ExchangePosition, OrderRequest } from "../../../sync/port/exchange.js";
import { ExchangeError, type ExchangeFailure } from "../../../sync/port/exchange-error.js";
import { Clock } from "../../contract/clock.js";
import { failure } from "../../contract/expect.js";

export const BTC = "BTC/USDT:USDT";
export const ETH = "ETH/USDT:USDT";
export const EVER = new Date(0);

/** An exchange without fees, on a clock that stands still, where BTC costs 100. */
export async function opened(options: PaperExchangeOptions = {}): Promise<PaperExchange> {
  const exchange = new PaperExchange({ clock: new Clock().read, fees: { maker: 0, taker: 0 }, ...options });
  await exchange.setPrice(BTC, 100);
  return exchange;
}

let made = 0;

/** A market order to buy 1 BTC, under an id of its own, or what is asked for. */
export function order(wish: Partial<OrderRequest> = {}): OrderRequest {
  made++;
  return {
    clientOrderId: `order-${made}`,
    pair: BTC,
    side: "buy",
    size: 1,
    type: "market",
    reduceOnly: false,
    ...wish,
  };
}

/** Every position, as `long 2 @ 100`. */
export async function positionsOf(exchange: PaperExchange): Promise<string[]> {
  const told = ({ side, size, entryPrice }: ExchangePosition) => `${side} ${size} @ ${entryPrice}`;
  return (await exchange.fetchPositions()).map(told);
}

/** Every fill of a pair, as `sell 2 @ 100`. */
export async function fillsOf(exchange: PaperExchange, pair = BTC): Promise<string[]> {
  const fills = await exchange.fetchFills(pair, EVER);
  return fills.map(({ side, size, price }) => `${side} ${size} @ ${price}`);
}

/** Asserts that a call rejects with an ExchangeError of this failure, whose message matches. */
export async function fails(call: Promise<unknown>, reason: ExchangeFailure, message = /./): Promise<void> {
  const error = await failure(call);
  assert.instance(error, ExchangeError, `${error.name}: ${error.message}`);
  if (error instanceof ExchangeError) assert.is(error.failure, reason, error.message);
  assert.match(error.message, message);
}

/** Everything that an exchange can tell of these pairs. */
export async function everything(exchange: PaperExchange, pairs: readonly string[] = [BTC, ETH]) {
  const { seen, balance, equity, realised, fees } = exchange;
  const fills = Object.fromEntries(
    await Promise.all(pairs.map(async (pair) => [pair, await exchange.fetchFills(pair, EVER)] as const)),
  );
  const orders = await Promise.all(seen.map(({ clientOrderId, pair }) => exchange.fetchOrder(clientOrderId, pair)));
  return {
    positions: await exchange.fetchPositions(),
    open: await exchange.fetchOpenOrders(),
    ...{ fills, orders, seen, balance, equity, realised, fees },
  };
}
