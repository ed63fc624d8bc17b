/** The parts of the ccxt adapter that ask nobody: rows, sizes, errors, pages. */
import ccxt from "ccxt";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { times } from "../../src/exact/double.js";
import { ClientOrderIds } from "../../sync/ccxt/client-order-ids.js";
import { dialectOf } from "../../sync/ccxt/dialect.js";
import { failureOf, isUnknownOrder } from "../../sync/ccxt/failure.js";
import { readFill } from "../../sync/ccxt/fill.js";
import { readHoldings } from "../../sync/ccxt/holding.js";
import type { Row } from "../../sync/ccxt/language/row.js";
import { minSizeOf, readMarket, wholeSteps } from "../../sync/ccxt/market.js";
import { orderOfFills, readOrder, readSubmitted } from "../../sync/ccxt/order.js";
import { everySince } from "../../sync/ccxt/pages.js";
import { mergePositions, readPosition } from "../../sync/ccxt/position.js";
import { seededRandom } from "../../sync/demo/seeded-random.js";

const test = suite("ccxt mapping");

const TICK_SIZE = 4;
const PERP = readMarket(
  {
    base: "BTC",
    quote: "USDT",
    settle: "USDT",
    contract: true,
    linear: true,
    contractSize: 0.1,
    precision: { amount: 1 },
    limits: { amount: { min: 3 } },
  },
  "BTC/USDT:USDT",
  TICK_SIZE,
);
const SPOT = readMarket({ base: "BTC", quote: "USDT", precision: { amount: 0.001 } }, "BTC/USDT", TICK_SIZE);

const same = (id: string) => id;

function position(row: Row) {
  return readPosition({ symbol: "BTC/USDT:USDT", ...row }, () => 1);
}

function order(row: Row, context: { open?: boolean; stop?: boolean } = {}) {
  const known = { id: "1", symbol: "BTC/USDT:USDT", side: "buy", amount: 1, filled: 0, status: "open" };
  return readOrder(
    { ...known, ...row },
    { open: false, stop: false, ...context, marketOf: () => PERP, clientOrderIdOf: same },
  );
}

function fill(row: Row, market = PERP, noteMissingFee = () => {}) {
  const known = { id: "1", symbol: market.pair, side: "buy", price: 100, amount: 1, timestamp: 1_700_000_000_000 };
  return readFill({ ...known, ...row }, { market, clientOrderIdOf: same, noteMissingFee });
}

test("0.1 x 3 contracts are 0.3", () => {
  assert.is(times(3, 0.1), 0.3);
  assert.is(position({ contracts: 3, contractSize: 0.1, side: "long" })?.size, 0.3);
  assert.is(times(1e-7, 1e-3), 1e-10);
});

test("any number of whole contracts comes back from its size", () => {
  const seed = Number(process.env.CCXT_TEST_SEED ?? Date.now() % 1_000_000);
  console.log(`seed ${seed}`);
  const random = seededRandom(seed, 0);
  for (let i = 0; i < 2_000; i += 1) {
    const contracts = 1 + Math.floor(random() * 1e6);
    const contractSize = [0.001, 0.01, 0.1, 1, 10, 100, 0.0001][Math.floor(random() * 7)] ?? 1;
    const size = times(contracts, contractSize);
    assert.equal(wholeSteps(size, { contractSize, step: 1 }), { contracts, size }, `${contracts} x ${contractSize}`);
  }
});

test("a size between two steps is rounded down, by the exact decimal", () => {
  assert.equal(wholeSteps(0.35, { contractSize: 0.1, step: 1 }), { contracts: 3, size: 0.3 });
  assert.equal(wholeSteps(0.3, { contractSize: 0.1, step: 1 }), { contracts: 3, size: 0.3 });
  assert.equal(wholeSteps(0.0999, { contractSize: 0.1, step: 1 }), { contracts: 0, size: 0 });
  assert.equal(wholeSteps(0.1, { contractSize: 1 }), { contracts: 0.1, size: 0.1 });
});

test("a position's side is a word, or the sign of its contracts, or the sign the exchange wrote", () => {
  assert.is(position({ contracts: 2, side: "short" })?.side, "short");
  assert.is(position({ contracts: -2 })?.side, "short");
  assert.is(position({ contracts: -2 })?.size, 2);
  assert.is(position({ contracts: 2, info: { positionAmt: "-2" } })?.side, "short");
  assert.is(position({ contracts: 2, side: "both", info: { positionSide: "LONG" } })?.side, "long");
  assert.is(position({ contracts: 2, side: "net", info: { pos: "2" } })?.side, "long");
});

test("a row of size zero is no position, whatever else it lacks", () => {
  assert.is(position({ contracts: 0 }), undefined);
  assert.is(position({ contracts: "0", symbol: undefined }), undefined);
});

test("a position without a pair, a size or a side is named, never dropped", () => {
  assert.throws(() => position({ contracts: 1, side: "long", symbol: undefined }), /"contracts":1.*it has no symbol/);
  assert.throws(() => position({ side: "long" }), /BTC\/USDT:USDT.*it has no size/);
  assert.throws(() => position({ contracts: Number.NaN, side: "long" }), /contracts is NaN, not a number/);
  assert.throws(() => position({ contracts: "1x", side: "long" }), /contracts is "1x", not a number/);
  assert.throws(() => position({ contracts: 1 }), /expected long or short/);
});

test("a cross and an isolated position of one pair and side are one", () => {
  const pair = "BTC/USDT:USDT";
  assert.equal(
    mergePositions([
      { pair, side: "long", size: 0.1, entryPrice: 100 },
      { pair, side: "short", size: 1 },
      { pair, side: "long", size: 0.2, entryPrice: 130 },
    ]),
    [
      { pair, side: "long", size: 0.3, entryPrice: 120 },
      { pair, side: "short", size: 1 },
    ],
  );
});

test("in spot the balance of the base coin is the position, and a debt is none", () => {
  assert.equal(readHoldings({ total: { BTC: 0.5, USDT: 100 } }, [SPOT]), [
    { pair: "BTC/USDT", side: "long", size: 0.5 },
  ]);
  assert.equal(readHoldings({ total: { USDT: 100 } }, [SPOT]), []);
  assert.throws(() => readHoldings({ total: { BTC: -1 } }, [SPOT]), /a debt/);
  assert.throws(() => readHoldings({}, [SPOT]), /no totals/);
});

test("a contract worth a fixed sum of money is refused by name", () => {
  const inverse = { base: "BTC", quote: "USD", settle: "BTC", contract: true, inverse: true, contractSize: 100 };
  assert.throws(() => readMarket(inverse, "BTC/USD:BTC", TICK_SIZE), /BTC\/USD:BTC is an inverse/);
});

test("the smallest order is in base currency", () => {
  assert.is(minSizeOf(PERP), 0.3);
  assert.is(minSizeOf(SPOT), 0.001);
});

test("reduceOnly is true as a boolean, a word or YES, in ccxt's field or the exchange's", () => {
  for (const reduceOnly of [true, "true", "YES", "yes", 1]) {
    assert.ok(order({ reduceOnly }).reduceOnly, String(reduceOnly));
    assert.ok(order({ info: { reduceOnly } }).reduceOnly, `info ${reduceOnly}`);
  }
  for (const reduceOnly of [false, "false", "NO", null, undefined, 0, ""]) {
    assert.not(order({ reduceOnly, info: { reduceOnly } }).reduceOnly, String(reduceOnly));
  }
});

test("an order's sizes are in base currency, and what is missing is worked out exactly", () => {
  assert.equal([order({ amount: 3, filled: 1 }).size, order({ amount: 3, filled: 1 }).filled], [0.3, 0.1]);
  assert.is(order({ amount: 7, filled: null, remaining: 4 }).filled, 0.3);
  assert.is(order({ amount: null, filled: 1, remaining: 2 }).size, 0.3);
});

test("an order that does not say its size or how much is filled is named", () => {
  assert.throws(() => order({ amount: null, filled: null }), /no size/);
  assert.throws(() => order({ amount: 0 }), /no size/);
  assert.throws(() => order({ amount: 1, filled: null }), /how much is filled/);
  assert.throws(() => order({ amount: -1 }), /amount is -1/);
  assert.throws(() => order({ id: null }), /no id/);
  assert.throws(() => order({ side: "long" }), /expected buy or sell/);
});

test("a stop that closes the whole position has no size of its own", () => {
  const stop = order({ amount: 0, triggerPrice: 90, type: "market", reduceOnly: true });
  assert.equal([stop.size, stop.stop, stop.price], [0, true, 90]);
});

test("a limit order with a stop loss attached does not itself wait", () => {
  assert.not(order({ type: "limit", price: 100, stopLossPrice: 90 }).stop);
  assert.ok(order({ type: "STOP_MARKET" }).stop);
  assert.ok(order({}, { stop: true }).stop);
});

test("closed is filled only when all of it is", () => {
  assert.is(order({ status: "closed", amount: 2, filled: 2 }).status, "filled");
  assert.is(order({ status: "closed", amount: 2, filled: 1 }).status, "cancelled");
  assert.is(order({ status: "expired" }).status, "cancelled");
  assert.is(order({ status: "rejected" }).status, "rejected");
});

test("an order without a status is open in a list of open orders, and else unreadable", () => {
  assert.is(order({ status: null }, { open: true }).status, "open");
  assert.is(order({ status: null, amount: 2, filled: 2 }).status, "filled");
  assert.throws(() => order({ status: null }), /no status/);
  assert.throws(() => order({ status: "strange" }), /"strange" is not known/);
});

test("a missing client order id stays missing", () => {
  assert.is(order({ clientOrderId: null }).clientOrderId, undefined);
  assert.is(order({ clientOrderId: "" }).clientOrderId, undefined);
});

test("times in micro- and nanoseconds past 2^53 are brought to milliseconds, and null is absent", () => {
  const at = (timestamp: unknown) => order({ timestamp }).createdAt?.getTime();
  assert.is(at(1_700_137_607_661), 1_700_137_607_661);
  assert.is(at("1700137607661694"), 1_700_137_607_661);
  assert.is(at("1700137607661694200"), 1_700_137_607_661);
  assert.is(at(null), undefined);
  assert.is(order({ timestamp: null, datetime: "2023-11-16T12:26:47.661Z" }).createdAt?.getTime(), 1_700_137_607_661);
});

test("what a submit does not answer is taken from the request", () => {
  const request = {
    clientOrderId: "c",
    pair: "BTC/USDT:USDT",
    side: "sell",
    size: 0.3,
    type: "market",
    reduceOnly: true,
  } as const;
  assert.equal(readSubmitted({ id: "9" }, request, PERP), {
    clientOrderId: "c",
    id: "9",
    pair: "BTC/USDT:USDT",
    side: "sell",
    size: 0.3,
    filled: 0,
    price: null,
    status: "open",
    reduceOnly: true,
    stop: false,
  });
  assert.is(readSubmitted({ id: "9", filled: 3, status: "closed" }, request, PERP)?.status, "filled");
  assert.is(readSubmitted({ id: "9", filled: 0, status: "expired" }, request, PERP)?.status, "cancelled");
  assert.is(readSubmitted({}, request, PERP), undefined);
  // Coinbase, by ccxt: an id of ccxt's own in place of the one that was given.
  assert.is(readSubmitted({ id: "9", clientOrderId: "ccxt-1" }, request, PERP)?.clientOrderId, "ccxt-1");
});

test("a fee in quote currency is the fee, a rebate is negative", () => {
  assert.is(fill({ fee: { cost: 0.04, currency: "USDT" } }).fee, 0.04);
  assert.is(fill({ fee: { cost: -0.01, currency: "USDT" } }).fee, -0.01);
  assert.is(
    fill({
      fees: [
        { cost: 0.1, currency: "USDT" },
        { cost: 0.2, currency: "USDT" },
      ],
    }).fee,
    0.3,
  );
});

test("a fee in the base coin is told at the fill's price and, in spot, as what is missing of the coin", () => {
  const row = { price: 100, fee: { cost: 0.003, currency: "BTC" } };
  assert.equal([fill(row, SPOT).fee, fill(row, SPOT).feeBase], [0.3, 0.003]);
  assert.equal([fill(row, PERP).fee, fill(row, PERP).feeBase], [0.3, undefined]);
});

test("a fee in a third coin stands apart, and a missing one is 0 and noted", () => {
  const other = fill({ fee: { cost: 0.001, currency: "BNB" } });
  assert.equal([other.fee, other.feeOther], [0, { amount: 0.001, currency: "BNB" }]);
  let noted = 0;
  const missing = fill({ fee: undefined, fees: [] }, PERP, () => {
    noted += 1;
  });
  assert.equal([missing.fee, noted], [0, 1]);
  assert.throws(() => fill({ fee: { cost: 1 } }), /names no currency/);
});

test("a fill keeps the exchange's order id, and the side of the position in hedge mode", () => {
  const hedged = fill({ order: "77", amount: 3, info: { positionSide: "SHORT", clOrdId: "bot-1" } });
  assert.equal([hedged.orderId, hedged.positionSide, hedged.size, hedged.clientOrderId], ["77", "short", 0.3, "bot-1"]);
  assert.is(fill({ info: { positionSide: "BOTH" } }).positionSide, undefined);
});

test("a fill without an id, a price, a size or a time is named", () => {
  assert.throws(() => fill({ id: undefined }), /no id/);
  assert.throws(() => fill({ price: null }), /no price/);
  assert.throws(() => fill({ amount: 0 }), /no size/);
  assert.throws(() => fill({ timestamp: null }), /no time/);
});

test("an order that only its fills are left of is what they say", () => {
  const one = fill({ id: "1", order: "7", amount: 1, price: 100, info: { clOrdId: "c" } });
  const two = fill({ id: "2", order: "7", amount: 2, price: 130, info: { clOrdId: "c" } });
  const found = orderOfFills("c", "BTC/USDT:USDT", [one, two, fill({ id: "3", order: "8" })]);
  assert.equal([found?.id, found?.filled, found?.average, found?.status], ["7", 0.3, 120, "filled"]);
  assert.is(orderOfFills("d", "BTC/USDT:USDT", [one, two]), undefined);
});

test("an error of ccxt is classified by the classes it descends from", () => {
  const failures = Object.fromEntries(
    [
      ...[
        ccxt.NetworkError,
        ccxt.RequestTimeout,
        ccxt.RateLimitExceeded,
        ccxt.DDoSProtection,
        ccxt.ExchangeNotAvailable,
      ],
      ...[
        ccxt.OnMaintenance,
        ccxt.InvalidNonce,
        ccxt.BadResponse,
        ccxt.NullResponse,
        ccxt.OperationFailed,
        ccxt.CancelPending,
      ],
      ...[ccxt.AuthenticationError, ccxt.PermissionDenied, ccxt.AccountNotEnabled, ccxt.AccountSuspended],
      ...[ccxt.InsufficientFunds, ccxt.InvalidOrder, ccxt.BadRequest, ccxt.BadSymbol, ccxt.OperationRejected],
      ...[ccxt.DuplicateOrderId, ccxt.NotSupported, ccxt.ExchangeError, ccxt.OrderNotFound],
    ].map((Class) => [Class.name, failureOf(new Class("x"), errorsOf("okx"), true)]),
  );
  assert.equal(failures, {
    NetworkError: "no_answer",
    RequestTimeout: "no_answer",
    RateLimitExceeded: "no_answer",
    DDoSProtection: "no_answer",
    ExchangeNotAvailable: "no_answer",
    OnMaintenance: "no_answer",
    InvalidNonce: "no_answer",
    BadResponse: "no_answer",
    NullResponse: "no_answer",
    OperationFailed: "no_answer",
    CancelPending: "no_answer",
    AuthenticationError: "authentication",
    PermissionDenied: "authentication",
    AccountNotEnabled: "authentication",
    AccountSuspended: "authentication",
    InsufficientFunds: "rejected",
    InvalidOrder: "rejected",
    BadRequest: "rejected",
    BadSymbol: "rejected",
    OperationRejected: "rejected",
    DuplicateOrderId: "duplicate_order_id",
    NotSupported: "unsupported",
    ExchangeError: "no_answer",
    OrderNotFound: "no_answer",
  });
  assert.is(failureOf(new TypeError("x is not iterable"), errorsOf("okx"), true), "no_answer");
  assert.is(failureOf("text", errorsOf("okx"), true), "no_answer");
  assert.ok(isUnknownOrder(new ccxt.OrderNotFound("x"), errorsOf("okx")));
  assert.not(isUnknownOrder(new ccxt.InvalidOrder("x"), errorsOf("okx")));
});

function errorsOf(exchange: string) {
  return dialectOf(exchange, false).errors;
}

const REDUCE_REFUSALS: readonly (readonly [exchange: string, body: string])[] = [
  ["binanceusdm", '{"code":-2022,"msg":"ReduceOnly Order is rejected."}'],
  ["bybit", '{"retCode":110017,"retMsg":"current position is zero, cannot fix reduce-only order qty"}'],
  ["okx", '{"code":"1","data":[{"sCode":"51169","sMsg":"Order failed"}],"msg":"All operations failed"}'],
  ["okx", '{"code":"1","data":[{"sCode":"51112","sMsg":"Close order size exceeds your available size"}]}'],
  ["kucoinfutures", '{"msg":"No open positions to close.","code":"300009"}'],
  ["hyperliquid", '{"statuses":[{"error":"Reduce only order would increase position. asset=4"}]}'],
  ["krakenfutures", '{"status":"wouldNotReducePosition"}'],
];

test("every exchange's way to say that there is nothing to reduce is known, from an answer to an order only", () => {
  for (const [exchange, body] of REDUCE_REFUSALS) {
    const refused = new ccxt.InvalidOrder(`${exchange} ${body}`);
    assert.is(failureOf(refused, errorsOf(exchange), true), "nothing_to_reduce", body);
    assert.is(failureOf(refused, errorsOf(exchange), false), "rejected", body);
  }
  const lost = new ccxt.RequestTimeout(
    "binanceusdm POST https://x/fapi/v1/order?reduceOnly=true ReduceOnly Order is rejected",
  );
  assert.is(failureOf(lost, errorsOf("binanceusdm"), true), "no_answer");
  const other = new ccxt.InvalidOrder(
    "binanceusdm order's notional must be no smaller than 5.0 (unless you choose reduce only)",
  );
  assert.is(failureOf(other, errorsOf("binanceusdm"), true), "rejected");
});

test("every exchange's way to say that a client order id was used is known", () => {
  const refusals: readonly (readonly [string, string])[] = [
    ["binanceusdm", '{"code":-4116,"msg":"ClientOrderId is duplicated."}'],
    ["binance", '{"code":-2010,"msg":"Duplicate order sent."}'],
    ["okx", '{"code":"1","data":[{"sCode":"51016","sMsg":"Client order ID already exists."}]}'],
    ["bybit", '{"retCode":110072,"retMsg":"OrderLinkedID is duplicate"}'],
    ["mexc", '{"msg":"Client order ID has already been used"}'],
  ];
  for (const [exchange, body] of refusals) {
    assert.is(
      failureOf(new ccxt.InvalidOrder(`${exchange} ${body}`), errorsOf(exchange), true),
      "duplicate_order_id",
      body,
    );
  }
});

test("an id an exchange does not take is sent as a digest and recognised again", () => {
  const ids = new ClientOrderIds({ fits: /^[a-z]+$/, digest: (hex) => `0x${hex}`, prefix: "t-" });
  const sent = ids.theirs("bot_1-a");
  assert.match(sent, /^0x[0-9a-f]{32}$/);
  assert.is(ids.theirs("bot_1-a"), sent);
  assert.is(ids.ours(`t-${sent}`), "bot_1-a");
  assert.is(ids.theirs("plain"), "plain");
  assert.is(ids.ours("t-plain"), "plain");
  assert.is(new ClientOrderIds(undefined).theirs("bot_1-a"), "bot_1-a");
});

interface Trade {
  readonly id: number;
  readonly at: number;
}

type Paging = "oldest first" | "newest first" | "ignores since" | "ignores until";

/** An exchange's history that gives at most `size` rows at once and looks at no more than `span`. */
function historyOf(trades: readonly Trade[], paging: Paging, { size = 10, span = Number.POSITIVE_INFINITY } = {}) {
  return async (since: number, until: number | undefined): Promise<Trade[]> => {
    const from = paging === "ignores since" ? 0 : since;
    const to = Math.min(
      paging === "ignores until" ? Number.POSITIVE_INFINITY : (until ?? Number.POSITIVE_INFINITY),
      from + span,
    );
    const within = trades.filter(({ at }) => at >= from && at <= to);
    const newest = paging === "newest first" || paging === "ignores since";
    return newest ? within.slice(-size) : within.slice(0, size);
  };
}

function read(
  page: (since: number, until: number | undefined) => Promise<Trade[]>,
  { window = 1_000, since = 500 } = {},
) {
  const key = ({ id }: Trade) => String(id);
  return everySince({
    page: async (from, until) => ({ rows: await page(from, until) }),
    since,
    now: 3_500,
    window,
    limit: 10,
    key,
    time: ({ at }) => at,
  });
}

test("every way of paging gives every trade once, oldest first", async () => {
  const seed = Number(process.env.CCXT_TEST_SEED ?? Date.now() % 1_000_000);
  console.log(`seed ${seed}`);
  const random = seededRandom(seed, 0);
  for (let round = 0; round < 50; round += 1) {
    // At most two at one moment: fewer than a page holds.
    const count = Math.floor(random() * 60);
    const moments = Array.from({ length: count }, (_, i) => 100 + 65 * i + Math.floor(random() * 60));
    const times = moments.flatMap((at) => Array.from({ length: 1 + Math.floor(random() * 2) }, () => at));
    const trades = times.map((at, id) => ({ id, at }));
    const expected = trades.filter(({ at }) => at >= 500).map(({ id }) => id);
    for (const paging of ["oldest first", "newest first", "ignores since", "ignores until"] as const) {
      const span = paging === "ignores since" ? Number.POSITIVE_INFINITY : 1_000;
      const found = await read(historyOf(trades, paging, { span })).catch((error: unknown) => {
        // A full last page of an exchange that ignores `until` cannot be told from one that was cut.
        if (paging !== "ignores until" || !/nothing older can be asked for/.test(String(error))) throw error;
        return undefined;
      });
      if (found === undefined) continue;
      const ids = found.map(({ id }) => id);
      assert.equal(
        ids.sort((a, b) => a - b),
        expected,
        `round ${round}, ${paging}`,
      );
      assert.equal(
        found.map(({ at }) => at),
        trades.filter(({ at }) => at >= 500).map(({ at }) => at),
        "in order of time",
      );
    }
  }
});

test("an exchange that always gives its newest page is no complete history when the page is full", async () => {
  const trades = Array.from({ length: 30 }, (_, id) => ({ id, at: 1_000 + id }));
  const stubborn = async () => trades.slice(-10);
  let failed: unknown;
  await read(stubborn).catch((error: unknown) => {
    failed = error;
  });
  assert.match(String(failed), /a full page of 10 rows, and nothing older can be asked for/);
});

test("a page that is all of one millisecond cannot be passed, and says so", async () => {
  const trades = Array.from({ length: 15 }, (_, id) => ({ id, at: 1_000 }));
  let failed: unknown;
  await read(historyOf(trades, "oldest first")).catch((error: unknown) => {
    failed = error;
  });
  assert.match(String(failed), /a whole page of one millisecond \(1000\)/);
});

test("an account without trades is asked once per span, also when its clock is ahead", async () => {
  const spans: number[] = [];
  const page = async (since: number) => {
    spans.push(since);
    return [];
  };
  assert.equal(await read(page), []);
  assert.equal(spans, [500, 1500, 2500, 3500]);
  spans.length = 0;
  assert.equal(await read(page, { since: 9_000 }), []);
  assert.equal(spans, [9000]);
});

test("a page that is full of other pairs' rows is not the end of a history, whichever way it is given", async () => {
  // Two of every hundred are the pair's; ccxt leaves the others out of what it answers.
  const trades = Array.from({ length: 500 }, (_, id) => ({ id, at: 600 + id * 5 }));
  const mine = ({ id }: Trade) => id % 50 === 7;
  for (const paging of ["oldest first", "newest first"] as const) {
    const history = historyOf(trades, paging);
    const found = await everySince({
      page: async (from, until) => {
        const rows = await history(from, until);
        return { rows: rows.filter(mine), raw: rows.map(({ id, at }) => ({ id: String(id), at })) };
      },
      since: 500,
      now: 3_500,
      window: 1_000,
      limit: 10,
      key: ({ id }) => String(id),
      time: ({ at }) => at,
    });
    assert.equal(found, trades.filter(mine), paging);
  }
});

test.run();
