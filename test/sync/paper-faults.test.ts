/** How the simulated exchange misbehaves when it is asked to. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { FaultPlan, PaperExchange } from "../../sync/paper/paper-exchange.js";
import { failure, refused } from "../contract/expect.js";
import { BTC, ETH, EVER, fails, opened, order, positionsOf } from "./paper/samples.js";

const test = suite("faults of the paper exchange");

/** An exchange with a long BTC and a long ETH position, two open orders, two fills. */
async function busy(faults: FaultPlan = {}): Promise<PaperExchange> {
  const exchange = await opened({ faults });
  await exchange.setPrice(ETH, 10);
  await exchange.trade({ pair: BTC, side: "buy", size: 1 });
  await exchange.trade({ pair: BTC, side: "buy", size: 1 });
  await exchange.trade({ pair: ETH, side: "buy", size: 1 });
  for (const price of [90, 80]) await exchange.trade({ pair: BTC, side: "buy", size: 1, type: "limit", price });
  return exchange;
}

test("a lost request did nothing, and never reached the exchange", async () => {
  const exchange = await opened();
  exchange.fail("createOrder", { kind: "no_answer" });
  await fails(exchange.createOrder(order({ clientOrderId: "lost" })), "no_answer", /order lost/);
  assert.is(await exchange.fetchOrder("lost", BTC), undefined);
  assert.equal(exchange.seen, []);
  await exchange.createOrder(order({ clientOrderId: "lost" }));
});

test("when the reply is lost, the order was taken", async () => {
  const exchange = await opened();
  exchange.fail("createOrder", { kind: "no_answer", when: "after" });
  await fails(exchange.createOrder(order({ clientOrderId: "taken" })), "no_answer", /order taken/);
  assert.is((await exchange.fetchOrder("taken", BTC))?.status, "filled");
  await fails(exchange.createOrder(order({ clientOrderId: "taken" })), "duplicate_order_id");
  exchange.fail("cancelOrder", { kind: "no_answer", when: "after" });
  await exchange.createOrder(order({ clientOrderId: "resting", type: "limit", price: 90 }));
  await fails(exchange.cancelOrder("resting", BTC), "no_answer");
  assert.is((await exchange.fetchOrder("resting", BTC))?.status, "cancelled");
});

test("an exchange that is down answers nothing and does nothing until it is up again", async () => {
  const exchange = await busy();
  exchange.down = true;
  await fails(exchange.fetchPositions(), "no_answer", /positions/);
  await fails(exchange.fetchOpenOrders(), "no_answer");
  await fails(exchange.fetchOrder("x", BTC), "no_answer");
  await fails(exchange.fetchFills(BTC, EVER), "no_answer", /BTC/);
  await fails(exchange.createOrder(order()), "no_answer");
  await fails(exchange.cancelOrder("x", BTC), "no_answer");
  assert.equal(exchange.seen, []);
  await exchange.setPrice(BTC, 85); // the market goes on
  exchange.down = false;
  assert.equal(await positionsOf(exchange), ["long 3 @ 96.66666666666667", "long 1 @ 10"]);
});

test("a rate limit, a refused login and a refusal are told as such, and nothing happened", async () => {
  const exchange = await opened();
  exchange.fail("createOrder", { kind: "rate_limit" });
  exchange.fail("createOrder", { kind: "authentication" });
  exchange.fail("createOrder", { kind: "rejected" });
  await fails(exchange.createOrder(order()), "no_answer", /too many requests/);
  await fails(exchange.createOrder(order()), "authentication");
  await fails(exchange.createOrder(order()), "rejected");
  assert.equal(await positionsOf(exchange), []);
  assert.equal(exchange.seen, []);
});

test("an answer is empty once, then it is whole again", async () => {
  const exchange = await busy();
  await exchange.createOrder(order({ clientOrderId: "mine" }));
  for (const method of ["fetchPositions", "fetchOpenOrders", "fetchFills", "fetchOrder"] as const)
    exchange.fail(method, { kind: "empty", times: 1 });
  assert.equal(await exchange.fetchPositions(), []);
  assert.equal(await exchange.fetchOpenOrders(), []);
  assert.equal(await exchange.fetchFills(BTC, EVER), []);
  assert.is(await exchange.fetchOrder("mine", BTC), undefined);
  assert.is((await exchange.fetchPositions()).length, 2);
  assert.is((await exchange.fetchOpenOrders()).length, 2);
  assert.is((await exchange.fetchFills(BTC, EVER)).length, 3);
  assert.is((await exchange.fetchOrder("mine", BTC))?.status, "filled");
});

test("half an answer is its first half", async () => {
  const exchange = await busy();
  for (const method of ["fetchPositions", "fetchOpenOrders", "fetchFills"] as const)
    exchange.fail(method, { kind: "half" });
  assert.equal(await positionsOf(exchange), ["long 2 @ 100"]);
  assert.equal(
    (await exchange.fetchOpenOrders()).map(({ price }) => price),
    [90],
  );
  assert.is((await exchange.fetchFills(BTC, EVER)).length, 1);
});

test("a stale answer is the one before the last change, and the change stands", async () => {
  const exchange = await opened();
  await exchange.createOrder(order());
  await exchange.createOrder(order({ clientOrderId: "newest", size: 2 }));
  await fails(exchange.createOrder(order({ clientOrderId: "newest" })), "duplicate_order_id"); // no change
  await exchange.setPrice(ETH, 10); // nor is this
  for (const method of ["fetchPositions", "fetchOrder", "fetchFills"] as const)
    exchange.fail(method, { kind: "stale" });
  assert.equal(await positionsOf(exchange), ["long 1 @ 100"]);
  assert.is(await exchange.fetchOrder("newest", BTC), undefined);
  assert.is((await exchange.fetchFills(BTC, EVER)).length, 1);
  assert.equal(await positionsOf(exchange), ["long 3 @ 100"]);
  assert.is((await exchange.fetchOrder("newest", BTC))?.status, "filled");
  assert.is((await exchange.fetchFills(BTC, EVER)).length, 2);
});

test("closed positions can be told as rows of size zero", async () => {
  const exchange = await opened();
  await exchange.createOrder(order());
  exchange.fail("fetchPositions", { kind: "zero_rows" });
  assert.equal(
    (await exchange.fetchPositions()).map(({ side, size }) => [side, size]),
    [
      ["long", 1],
      ["short", 0],
    ],
  );
  assert.is((await exchange.fetchPositions()).length, 1);
});

test("a call that hangs arrives when it is released", async () => {
  const exchange = await opened();
  exchange.fail("createOrder", { kind: "hang" });
  const hanging = exchange.createOrder(order({ clientOrderId: "late" }));
  await exchange.createOrder(order({ clientOrderId: "early" }));
  exchange.release();
  await hanging;
  assert.equal(
    exchange.seen.map(({ clientOrderId }) => clientOrderId),
    ["early", "late"],
  );
});

test("a call that hangs until the exchange is closed never arrives", async () => {
  const exchange = await opened();
  exchange.fail("createOrder", { kind: "hang" });
  const hanging = failure(exchange.createOrder(order()));
  await exchange.close();
  assert.match((await hanging).message, /closed/);
  assert.equal(exchange.seen, []);
});

test("a delayed call arrives after one that was made later", async () => {
  const exchange = await opened();
  exchange.fail("createOrder", { kind: "delay", ms: 1 });
  const delayed = exchange.createOrder(order({ clientOrderId: "late" }));
  await exchange.createOrder(order({ clientOrderId: "early" }));
  await delayed;
  assert.equal(
    exchange.seen.map(({ clientOrderId }) => clientOrderId),
    ["early", "late"],
  );
});

test("a fault happens at the call it is meant for, as often as it is meant to", async () => {
  const outcomes = async (exchange: PaperExchange) => {
    let told = "";
    for (let i = 0; i < 6; i++)
      told += await exchange.fetchPositions().then(
        (positions) => positions.length,
        () => "x",
      );
    return told;
  };
  assert.is(await outcomes(await busy({ fetchPositions: [{ kind: "no_answer", call: 3 }] })), "22x222");
  assert.is(await outcomes(await busy({ fetchPositions: [{ kind: "no_answer", times: 2 }] })), "xx2222");
  assert.is(
    await outcomes(
      await busy({
        fetchPositions: [
          { kind: "empty", call: 2 },
          { kind: "half", call: 2 },
          { kind: "half", call: 4 },
        ],
      }),
    ),
    "202122",
  );
  const exchange = await busy();
  await exchange.fetchPositions();
  exchange.fail("fetchPositions", { kind: "no_answer", call: 2 });
  exchange.fail("fetchPositions", { kind: "empty", times: 9 });
  assert.is(await outcomes(exchange), "0x0000");
  exchange.behave();
  assert.is(await outcomes(exchange), "222222");
});

test("faults by chance come from the seed: the same ones again, others from another, none or all at the ends", async () => {
  const outcomes = async (seed: number, probability: number) => {
    const exchange = await opened({ seed, faults: { fetchOrder: [{ kind: "no_answer", probability }] } });
    const calls = Array.from({ length: 64 }, () =>
      exchange.fetchOrder("x", BTC).then(
        () => "-",
        () => "x",
      ),
    );
    return (await Promise.all(calls)).join("");
  };
  const once = await outcomes(1, 0.5);
  assert.match(once, /x.*-|-.*x/);
  assert.is(await outcomes(1, 0.5), once);
  assert.is.not(await outcomes(2, 0.5), once);
  assert.is(await outcomes(1, 0), "-".repeat(64));
  assert.is(await outcomes(1, 1), "x".repeat(64));
});

test("a fault that there is not is refused by name", async () => {
  const exchange = await opened();
  const fail = async (...args: unknown[]) => Reflect.apply(exchange.fail, exchange, args);
  await refused(fail("fetchTrades", { kind: "no_answer" }), "method");
  await refused(fail("fetchOrder", { kind: "half" }), "kind");
  await refused(fail("createOrder", { kind: "empty" }), "kind");
  await refused(fail("fetchOrder", { kind: "broken" }), "kind");
  await refused(fail("fetchOrder", { kind: "no_answer", when: "later" }), "when");
  await refused(fail("fetchOrder", { kind: "empty", call: 0 }), "call");
  await refused(fail("fetchOrder", { kind: "empty", times: 0.5 }), "times");
  await refused(fail("fetchOrder", { kind: "empty", probability: 2 }), "probability");
  await refused(fail("fetchOrder", { kind: "delay" }), "ms");
  await refused(fail("fetchOrder", { kind: "empty", often: 2 }), "fault.often");
});

test.run();
