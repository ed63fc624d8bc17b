/** What submitAndBook tells of an order, and what the state has of it then. */
import * as assert from "uvu/assert";
import type { AdmissionRequest, OrderInput } from "../../../src/index.js";
import { type OrderRequest, type PaperExchange, type Submission, submitAndBook } from "../../../sync/index.js";

import { failure } from "../../contract/expect.js";
import type { Theme } from "../../contract/open.js";
import { PAIR, Stand } from "../recovery/stand.js";
import { altered } from "./altered.js";

const ENTRY: AdmissionRequest = {
  signalId: "entry",
  orderId: "entry",
  orderType: "market",
  pair: PAIR,
  side: "long",
  size: 1,
  price: 100,
};

const EXIT: OrderInput = { id: "exit", pair: PAIR, side: "sell", size: 1, intent: "exit", positionId: "entry" };

async function admitted(stand: Stand, request: Partial<AdmissionRequest> = {}) {
  const answer = await stand.mgr.admit({ ...ENTRY, ...request });
  if (!answer.admitted) throw new Error(answer.message);
  return answer.order;
}

/** The orders that the exchange was sent, whatever it said. */
export function sent(exchange: PaperExchange): OrderRequest[] {
  return exchange.seen.flatMap((call) => (call.method === "createOrder" ? [call.request] : []));
}

async function rejects(call: Promise<unknown>, message: RegExp): Promise<void> {
  assert.match((await failure(call)).message, message);
}

function unknown(submission: Submission): Extract<Submission, { outcome: "unknown" }> {
  if (submission.outcome !== "unknown") throw new Error(`expected unknown, got ${submission.outcome}`);
  return submission;
}

export const outcomes: Theme = (test, open) => {
  test("a market entry is sent under its id and booked with the exchange's own size, price, fee and time", async () => {
    await using stand = await Stand.open(open);
    const order = await admitted(stand, { tp: 120, metadata: { why: "test" } });
    const done = await submitAndBook(stand.mgr, stand.exchange, order);
    assert.is(done.outcome, "filled");
    assert.is(done.order.status, "filled");
    assert.is(done.order.metadata?.exchange_id, "o1");
    assert.is(done.order.metadata?.why, "test");
    assert.equal(sent(stand.exchange), [
      {
        clientOrderId: "entry",
        pair: PAIR,
        side: "buy",
        size: 1,
        type: "market",
        reduceOnly: false,
        positionSide: "long",
      },
    ]);
    const [position] = await stand.mgr.getPositions();
    assert.is(position?.entryPrice, 100);
    assert.is(position?.size, 1);
    assert.is(position?.fees, 0.1);
    assert.is(position?.tp, 120);
    assert.equal(position?.entryTs, new Date(stand.clock.now));
    assert.is(done.fills.length, 1);
    assert.is(done.fills[0]?.position?.id, "entry");
  });

  test("an exit that the state does not have is saved, sent reduce-only, and ends the trade", async () => {
    await using stand = await Stand.open(open);
    await submitAndBook(stand.mgr, stand.exchange, await admitted(stand));
    await stand.exchange.setPrice(PAIR, 110);
    const done = await submitAndBook(stand.mgr, stand.exchange, { ...EXIT, reason: "manual" });
    assert.is(done.outcome, "filled");
    const [trade] = done.fills.flatMap(({ trades }) => trades);
    assert.is(trade?.pnl, 9.79);
    assert.is(trade?.reason, "manual");
    assert.equal(await stand.mgr.getPositions(), []);
    assert.equal(await stand.exchange.fetchPositions(), []);
    assert.is(sent(stand.exchange)[1]?.reduceOnly, true);
    assert.is(sent(stand.exchange)[1]?.positionSide, "long");
  });

  test("an order that was sent before is asked for, not sent again; what is over is answered from the state", async () => {
    await using stand = await Stand.open(open);
    const order = await admitted(stand);
    const first = await submitAndBook(stand.mgr, stand.exchange, order);
    stand.exchange.down = true;
    const second = await submitAndBook(stand.mgr, stand.exchange, order);
    assert.equal([first.outcome, second.outcome], ["filled", "filled"]);
    assert.equal(second.fills, []);
    assert.is(sent(stand.exchange).length, 1);
  });

  test("an exit that was saved as open may have been sent by whoever saved it: it is not sent", async () => {
    await using stand = await Stand.open(open);
    await submitAndBook(stand.mgr, stand.exchange, await admitted(stand));
    await stand.mgr.saveOrder(EXIT);
    const found = unknown(await submitAndBook(stand.mgr, stand.exchange, EXIT, { wait: 0 }));
    assert.match(found.why, /is open in state: it may have been sent, and only an order that is intent is sent/);
    assert.is(sent(stand.exchange).length, 1);
  });

  test("two calls at once send it once, and both tell the same end", async () => {
    await using stand = await Stand.open(open);
    const order = await admitted(stand);
    const all = await Promise.all([1, 2, 3].map(() => submitAndBook(stand.mgr, stand.exchange, order)));
    assert.equal(
      all.map(({ outcome }) => outcome),
      ["filled", "filled", "filled"],
    );
    assert.is(sent(stand.exchange).length, 1);
    assert.is((await stand.mgr.getPositions())[0]?.size, 1);
  });

  test("a limit order is open, then partially filled, then filled: each call books what is new", async () => {
    await using stand = await Stand.open(open);
    const order = await admitted(stand, { orderType: "limit", price: 95 });
    const seen: [string, number, number][] = [];
    const look = async () => {
      const { outcome, order: now, fills } = await submitAndBook(stand.mgr, stand.exchange, order);
      seen.push([outcome, now.filled, fills.length]);
    };
    await look();
    await stand.exchange.fillOrder("entry", 0.25);
    await look();
    await look();
    await stand.exchange.fillOrder("entry", 0.75);
    await look();
    assert.equal(seen, [
      ["open", 0, 0],
      ["partially_filled", 0.25, 1],
      ["partially_filled", 0.25, 0],
      ["filled", 1, 1],
    ]);
    assert.is(sent(stand.exchange).length, 1);
    assert.is(sent(stand.exchange)[0]?.price, 95);
    assert.is((await stand.mgr.getPositions())[0]?.entryPrice, 95);
  });

  test("a limit order that is cancelled at the exchange ends with what was filled", async () => {
    await using stand = await Stand.open(open);
    const order = await admitted(stand, { orderType: "limit", price: 95 });
    await submitAndBook(stand.mgr, stand.exchange, order);
    await stand.exchange.fillOrder("entry", 0.25);
    await stand.exchange.cancelOrder("entry", PAIR);
    const done = await submitAndBook(stand.mgr, stand.exchange, order);
    assert.is(done.outcome, "cancelled");
    assert.is(done.order.filled, 0.25);
    assert.equal(await stand.mgr.getPendingOrders(), []);
    assert.is((await stand.mgr.getPositions())[0]?.size, 0.25);
  });

  test("a stop waits at its trigger and is booked once it is hit", async () => {
    await using stand = await Stand.open(open);
    await submitAndBook(stand.mgr, stand.exchange, await admitted(stand));
    const stop: OrderInput = { ...EXIT, id: "stop", orderType: "stop", price: 90, reason: "sl" };
    assert.is((await submitAndBook(stand.mgr, stand.exchange, stop)).outcome, "open");
    await stand.exchange.setPrice(PAIR, 89);
    const hit = await submitAndBook(stand.mgr, stand.exchange, stop);
    assert.is(hit.outcome, "filled");
    assert.is(hit.fills[0]?.trades[0]?.exitPrice, 89);
    assert.is(sent(stand.exchange)[1]?.type, "stop");
  });

  test("an order that is filled in pieces is booked piece by piece, and ends with the last", async () => {
    await using stand = await Stand.open(open, { paper: { fills: "partial" } });
    const done = await submitAndBook(stand.mgr, stand.exchange, await admitted(stand, { size: 7 }));
    const there = await stand.exchange.fetchFills(PAIR, new Date(0));
    assert.is(done.outcome, "filled");
    assert.ok(there.length > 1, `${there.length} pieces`);
    assert.is(done.fills.length, there.length);
    assert.is((await stand.mgr.getPositions())[0]?.size, 7);
  });

  test("fills that the exchange tells late are waited for", async () => {
    await using stand = await Stand.open(open);
    stand.exchange.fail("fetchFills", { kind: "empty" });
    const done = await submitAndBook(stand.mgr, stand.exchange, await admitted(stand));
    assert.is(done.outcome, "filled");
    assert.is(done.fills.length, 1);
  });

  test("fills that stay away leave the order pending, unknown and reserved, and the next call books them", async () => {
    await using stand = await Stand.open(open, { config: { risk: { max_open_positions: 1 } } });
    stand.exchange.fail("fetchFills", { kind: "empty" });
    const order = await admitted(stand);
    const first = unknown(await submitAndBook(stand.mgr, stand.exchange, order, { wait: 0 }));
    assert.match(first.why, /1 of it is filled, and the exchange tells fills of 0/);
    assert.is(first.order.status, "submitted");
    assert.is(first.order.filled, 0);
    const refused = await stand.mgr.admit({ ...ENTRY, signalId: "other", orderId: "other" });
    assert.is(refused.admitted, false);
    assert.is((await submitAndBook(stand.mgr, stand.exchange, order)).outcome, "filled");
    assert.is(sent(stand.exchange).length, 1);
  });

  test("a lost reply is not a lost order: it is found by its id and booked", async () => {
    await using stand = await Stand.open(open);
    stand.exchange.fail("createOrder", { kind: "no_answer", when: "after" });
    const done = await submitAndBook(stand.mgr, stand.exchange, await admitted(stand));
    assert.is(done.outcome, "filled");
    assert.is(sent(stand.exchange).length, 1);
  });

  test("a lost request is unknown, keeps its reservation, and is not sent again", async () => {
    await using stand = await Stand.open(open);
    stand.exchange.fail("createOrder", { kind: "no_answer" });
    const order = await admitted(stand);
    for (const _ of [1, 2]) {
      const found = unknown(await submitAndBook(stand.mgr, stand.exchange, order, { wait: 0 }));
      assert.is(found.order.status, "unknown");
      assert.match(found.why, /does not know order entry, which is unknown in state: it may have been sent/);
    }
    assert.equal(sent(stand.exchange), []);
    assert.is((await stand.mgr.getPendingOrders()).length, 1);
  });

  test("an exchange that cannot be asked after the submit leaves the order unknown, with the error", async () => {
    await using stand = await Stand.open(open);
    stand.exchange.fail("createOrder", { kind: "no_answer", when: "after" });
    stand.exchange.fail("fetchOrder", { kind: "rate_limit", times: 1 });
    const order = await admitted(stand);
    const found = unknown(await submitAndBook(stand.mgr, stand.exchange, order, { wait: 0 }));
    assert.instance(found.error, Error);
    assert.is((await submitAndBook(stand.mgr, stand.exchange, order)).outcome, "filled");
    assert.is(sent(stand.exchange).length, 1);
  });

  test("an exchange that never answers is given its time, and no more", async () => {
    await using stand = await Stand.open(open);
    stand.exchange.fail("createOrder", { kind: "hang" });
    const found = unknown(
      await submitAndBook(stand.mgr, stand.exchange, await admitted(stand), { timeout: 20, wait: 0 }),
    );
    assert.is(found.order.status, "unknown");
    stand.exchange.behave();
  });

  test("an id that the exchange has already proves an earlier submit: that order is booked", async () => {
    await using stand = await Stand.open(open);
    const order = await admitted(stand);
    await stand.submit("entry");
    const done = await submitAndBook(stand.mgr, stand.exchange, order);
    assert.is(done.outcome, "filled");
    assert.is((await stand.exchange.fetchPositions())[0]?.size, 1);
  });

  test("an order of the other side under its id is not booked as its own", async () => {
    await using stand = await Stand.open(open);
    const order = await admitted(stand);
    await stand.exchange.createOrder({
      clientOrderId: "entry",
      pair: PAIR,
      side: "sell",
      size: 1,
      type: "market",
      reduceOnly: false,
    });
    const found = unknown(await submitAndBook(stand.mgr, stand.exchange, order, { wait: 0 }));
    assert.match(found.why, /a sell order under the id entry, which is a buy/);
    assert.equal(await stand.mgr.getPositions(), []);
  });

  test("what the exchange refuses is rejected: the reservation is free, the signal is not", async () => {
    await using stand = await Stand.open(open);
    stand.exchange.fail("createOrder", { kind: "rejected" });
    const found = await submitAndBook(stand.mgr, stand.exchange, await admitted(stand));
    assert.is(found.outcome === "rejected" && found.failure, "rejected");
    assert.is(found.order.status, "rejected");
    assert.equal(await stand.mgr.getPendingOrders(), []);
    assert.is(await stand.mgr.isSignalProcessed("entry"), true);
    const again = await submitAndBook(stand.mgr, stand.exchange, found.order);
    assert.is(again.outcome, "rejected");
    assert.equal(sent(stand.exchange), []);
  });

  test("with releaseSignal the signal of a refused entry may be acted on again", async () => {
    await using stand = await Stand.open(open);
    stand.exchange.fail("createOrder", { kind: "authentication" });
    const order = await admitted(stand);
    const found = await submitAndBook(stand.mgr, stand.exchange, order, { releaseSignal: true });
    assert.is(found.outcome === "rejected" && found.failure, "authentication");
    assert.is(await stand.mgr.isSignalProcessed("entry"), false);
  });

  test("an order that the exchange took under another id stops the bot, and is never sent again", async () => {
    await using stand = await Stand.open(open);
    const order = await admitted(stand);
    const renaming = altered(stand.exchange, {
      createOrder: async (request) => ({
        ...(await stand.exchange.createOrder({ ...request, clientOrderId: "theirs" })),
        id: "4711",
      }),
    });
    await rejects(submitAndBook(stand.mgr, renaming, order), /took order entry as theirs \(its own id 4711\)/);
    const now = await stand.mgr.getOrder("entry");
    assert.is(now?.status, "unknown");
    assert.is(now?.metadata?.exchange_id, "4711");
    unknown(await submitAndBook(stand.mgr, renaming, order, { wait: 0 }));
    assert.is(sent(stand.exchange).length, 1);
  });

  test("an order whose client order id the exchange has forgotten is found by the exchange's own", async () => {
    await using stand = await Stand.open(open);
    const forgetful = altered(stand.exchange, {
      fetchOrder: async () => undefined,
      fetchOrderById: async (orderId) => {
        const found = await stand.exchange.fetchOrder("entry", PAIR);
        if (found?.id !== orderId) return undefined;
        const { clientOrderId: _, ...rest } = found;
        return rest;
      },
      fetchFills: async (pair, since) =>
        (await stand.exchange.fetchFills(pair, since)).map(({ clientOrderId: _, ...fill }) => fill),
    });
    const order = await admitted(stand, { orderType: "limit", price: 95 });
    assert.is((await submitAndBook(stand.mgr, forgetful, order)).outcome, "open");
    await stand.exchange.fillOrder("entry", 1);
    assert.is((await submitAndBook(stand.mgr, forgetful, order)).outcome, "filled");
    assert.is((await stand.mgr.getPositions())[0]?.size, 1);
  });

  test("fills that were booked under other ids are not booked twice", async () => {
    await using stand = await Stand.open(open);
    const order = await admitted(stand, { orderType: "limit", price: 95 });
    await submitAndBook(stand.mgr, stand.exchange, order);
    await stand.exchange.fillOrder("entry", 0.5);
    await stand.mgr.recordFill("entry", { fillId: "from-the-socket", price: 95, size: 0.5 });
    assert.is((await submitAndBook(stand.mgr, stand.exchange, order)).outcome, "partially_filled");
    await stand.exchange.fillOrder("entry", 0.5);
    const found = unknown(await submitAndBook(stand.mgr, stand.exchange, order));
    assert.match(found.why, /some were booked under other ids/);
    assert.is((await stand.mgr.getPositions())[0]?.size, 0.5);
  });

  test("a market exit is no larger than what the flow holds, and of nothing none is sent", async () => {
    await using stand = await Stand.open(open, { paper: { market: "spot", fees: { maker: 0.001, taker: 0.001 } } });
    await submitAndBook(stand.mgr, stand.exchange, await admitted(stand));
    await stand.exchange.trade({ pair: PAIR, side: "buy", size: 5 });
    const done = await submitAndBook(stand.mgr, stand.exchange, EXIT);
    assert.is(done.outcome, "filled");
    assert.is(sent(stand.exchange)[1]?.size, 0.999);
    assert.equal(await stand.mgr.getPositions(), []);
    const none = await submitAndBook(stand.mgr, stand.exchange, { ...EXIT, id: "again" });
    assert.is(none.outcome === "rejected" && none.failure, "nothing_to_reduce");
    assert.is(sent(stand.exchange).length, 2);
  });

  test("in hedge mode an order names the side of its position", async () => {
    await using stand = await Stand.open(open, { paper: { mode: "hedge" } });
    await submitAndBook(stand.mgr, stand.exchange, await admitted(stand));
    const short = await admitted(stand, { signalId: "short", orderId: "short", side: "short", size: 2 });
    await submitAndBook(stand.mgr, stand.exchange, short);
    const cover: OrderInput = { ...EXIT, id: "cover", side: "buy", size: 2, positionId: "short" };
    assert.is((await submitAndBook(stand.mgr, stand.exchange, cover)).outcome, "filled");
    assert.equal(await stand.holdings(), { [`${PAIR} long`]: [1, 1] });
    assert.equal(
      sent(stand.exchange).map(({ positionSide }) => positionSide),
      ["long", "short", "short"],
    );
  });

  test("an order that turns a position around is sent where the exchange nets, and refused where it hedges", async () => {
    for (const mode of ["netting", "hedge"] as const) {
      await using stand = await Stand.open(open, { paper: { mode } });
      await submitAndBook(stand.mgr, stand.exchange, await admitted(stand));
      const flip = await admitted(stand, { signalId: "flip", orderId: "flip", side: "short", size: 3, flip: "entry" });
      if (mode === "hedge") {
        await rejects(submitAndBook(stand.mgr, stand.exchange, flip), /order\.flip: in hedge mode/);
        assert.is((await stand.mgr.getOrder("flip"))?.status, "intent");
      } else {
        assert.is((await submitAndBook(stand.mgr, stand.exchange, flip)).outcome, "filled");
        assert.equal(await stand.holdings(), { [`${PAIR} short`]: [2, 2] });
      }
    }
  });

  test("fees in several currencies are booked with the rates that are known", async () => {
    await using stand = await Stand.open(open);
    const asked: string[] = [];
    const withFees = altered(stand.exchange, {
      fetchFills: async (pair, since) =>
        (await stand.exchange.fetchFills(pair, since)).map((fill) => ({
          ...fill,
          fees: [
            { amount: 0.25, currency: "USDT" },
            { amount: 0.001, currency: "BNB" },
            { amount: 2, currency: "XYZ" },
          ],
        })),
    });
    const done = await submitAndBook(stand.mgr, withFees, await admitted(stand), {
      rates: async (currency) => {
        asked.push(currency);
        return currency === "BNB" ? 500 : undefined;
      },
    });
    assert.is((await stand.mgr.getPositions())[0]?.fees, 0.75);
    assert.equal(done.fills[0]?.unpriced, [{ kind: "fee", currency: "XYZ", amount: 2 }]);
    assert.equal(asked, ["USDT", "BNB", "XYZ"]);
  });

  test("a pair in another currency is booked at the rate of its fill", async () => {
    await using stand = await Stand.open(open, { config: { risk: { currency: "USDT" } } });
    await stand.exchange.setPrice("ETH/BTC", 0.05);
    const order = await admitted(stand, { pair: "ETH/BTC", price: 0.05, rate: 59_000, size: 10 });
    const rates = (currency: string) => (currency === "BTC" ? 60_000 : undefined);
    assert.is((await submitAndBook(stand.mgr, stand.exchange, order, { rates })).outcome, "filled");
    const [position] = await stand.mgr.getPositions();
    assert.is(position?.rate, 60_000);
    assert.is(position?.fees, 30);
  });

  test("what cannot be sent so is refused by name, and nothing is sent", async () => {
    await using stand = await Stand.open(open);
    const { mgr, exchange } = stand;
    await rejects(submitAndBook(mgr, exchange, { ...EXIT, intent: "entry" }), /order\.id: the flow does not know/);
    await rejects(submitAndBook(mgr, exchange, { ...EXIT, id: "a b" }), /order\.id: expected 1 to 32 characters/);
    const odd = await admitted(stand, { orderType: "iceberg" });
    await rejects(submitAndBook(mgr, exchange, odd), /order\.orderType: expected market, limit or stop/);
    const stop = { ...EXIT, id: "s", orderType: "stop", price: null };
    await rejects(submitAndBook(mgr, exchange, stop), /order\.price: a stop order needs one/);
    await rejects(submitAndBook(mgr, exchange, odd, { timeout: "2d" }), /options\.timeout: expected 1ms to 24h/);
    exchange.fail("createOrder", { kind: "rejected" });
    assert.equal(sent(exchange), []);
    assert.is((await mgr.getOrder("entry"))?.status, "intent");
  });
};
