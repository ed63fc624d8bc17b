/** The simulated exchange: orders, executions, positions and money, as a bot meets them. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { OrderRequest } from "../../sync/exchange.js";
import { ExchangeError } from "../../sync/exchange-error.js";
import { PaperExchange, type PaperExchangeOptions } from "../../sync/paper-exchange.js";
import { Clock } from "../contract/clock.js";
import { failure, refused } from "../contract/expect.js";

const BTC = "BTC/USDT:USDT";
const ANCIENT = new Date(0);

const test = suite("the paper exchange");

async function opened(options: PaperExchangeOptions = {}, price = 100): Promise<PaperExchange> {
  const exchange = new PaperExchange({ clock: new Clock().read, ...options });
  await exchange.setPrice(BTC, price);
  return exchange;
}

let made = 0;

function order(wish: Partial<OrderRequest> = {}): OrderRequest {
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

async function refusedBy(call: Promise<unknown>, reason: ExchangeError["failure"], message: RegExp): Promise<void> {
  const error = await failure(call);
  assert.instance(error, ExchangeError, `${error.name}: ${error.message}`);
  assert.is(error instanceof ExchangeError && error.failure, reason);
  assert.match(error.message, message);
}

test("a market order is filled at the price, and its fee is taken", async () => {
  const exchange = await opened({ balance: 1000 });
  const taken = await exchange.createOrder(order({ clientOrderId: "in", size: 2 }));
  assert.is(taken.status, "filled");
  assert.is(taken.average, 100);
  assert.equal(await exchange.fetchPositions(), [
    { pair: BTC, side: "long", size: 2, entryPrice: 100, markPrice: 100 },
  ]);
  const [fill] = await exchange.fetchFills(BTC, ANCIENT);
  assert.is(fill?.clientOrderId, "in");
  assert.is(fill?.fee, 0.1);
  assert.is(exchange.balance, 999.9);
  await exchange.setPrice(BTC, 110);
  assert.is(exchange.equity, 1019.9);
});

test("a client order id is taken once", async () => {
  const exchange = await opened();
  await exchange.createOrder(order({ clientOrderId: "once" }));
  await refusedBy(exchange.createOrder(order({ clientOrderId: "once" })), "duplicate_order_id", /once/);
  assert.equal(
    exchange.seen.map(({ accepted }) => accepted),
    [true, false],
  );
});

test("an unknown option is refused by name", async () => {
  assert.throws(() => Reflect.construct(PaperExchange, [{ prices: 1 }]), /options\.prices: unknown field/);
  await refused(opened({ seed: 1.5 }), "options.seed");
});

test.run();
