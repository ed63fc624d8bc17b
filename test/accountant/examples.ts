/**
 * The worked examples of the contract, and the cases that it was written after, as scripts of steps. Every figure is written by
 * hand from the text. They run against the accountant and against the product.
 */

import type { AccountState, Done, Refused } from "./account-state.js";
import type { Expected } from "./expectation.js";
import type { FillIn, OrderIn, Setup, Step } from "./steps.js";
import { step } from "./steps.js";

/** A step, and what is expected after it. */
export interface Line {
  readonly step: Step;
  readonly outcome?: Expected<Done> | Expected<Refused>;
  readonly state?: Expected<AccountState>;
}

export interface Example {
  /** A sentence about behaviour. */
  readonly name: string;
  /** Section of money.md, or the case that it is made from. */
  readonly from: string;
  /** 12 = needs what the product cannot do yet: limits that trip when they are set tighter. */
  readonly setup: Setup;
  readonly lines: readonly Line[];
}

export const NOON = Date.UTC(2026, 0, 7, 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const PAIR = "BTC/USDT";

type Risk = NonNullable<Setup["risk"]>;

function example(name: string, from: string, risk: Risk, lines: readonly Line[], at = NOON): Example {
  return { name, from, setup: { at, risk }, lines };
}

function on(told: Step, outcome?: Line["outcome"], state?: Line["state"]): Line {
  return {
    step: told,
    ...(outcome === undefined ? {} : { outcome }),
    ...(state === undefined ? {} : { state }),
  };
}

function refused(told: Step, name: string): Line {
  return on(told, { done: false, how: "argument", name });
}

function notAdmitted(told: Step, name: string): Line {
  return on(told, { done: false, how: "admission", name });
}

/** An entry order and its whole fill. */
function enter(
  id: string,
  price: number,
  size: number,
  more: Partial<OrderIn> = {},
  fill: Partial<FillIn> = {},
): Line[] {
  return [
    on(step("saveOrder", { id, pair: PAIR, side: "buy", size, price, ...more })),
    on(step("recordFill", id, { fillId: `${id}-in`, price, size, ...fill }), { done: true }),
  ];
}

function exitOrder(id: string, size: number, more: Partial<OrderIn> = {}): Line {
  return on(step("saveOrder", { id, pair: PAIR, side: "sell", size, intent: "exit", ...more }));
}

function fill(orderId: string, fillId: string, price: number, size: number, more: Partial<FillIn> = {}): Step {
  return step("recordFill", orderId, { fillId, price, size, ...more });
}

function admission(
  signalId: string,
  size: number,
  price: number,
  more: Partial<Parameters<typeof admit>[0]> = {},
): Step {
  return admit({ signalId, orderId: signalId, pair: PAIR, side: "long", size, price, ...more });
}

function admit(request: Extract<Step, { call: "admit" }>["args"][0]): Step {
  return step("admit", request);
}

const CURRENCIES: readonly Example[] = [
  example("an inverse contract whose quote is the flow's currency needs no rate", "money.md 1", { currency: "USD" }, [
    on(
      step("savePosition", { id: "p", pair: "BTC/USD:BTC", side: "long", size: 10_000, entryPrice: 40_000 }),
      {},
      { exposure: "10000" },
    ),
    exitOrder("x", 10_000, { pair: "BTC/USD:BTC", positionId: "p" }),
    on(fill("x", "1", 50_000, 10_000), { booked: "2500" }, { trades: [{ id: "p", pnl: "2500" }], exposure: "0" }),
  ]),
  example("funding of an inverse contract needs a rate", "money.md 1", { currency: "USD" }, [
    on(step("savePosition", { id: "p", pair: "BTC/USD:BTC", side: "long", size: 10_000, entryPrice: 40_000 })),
    refused(step("bookCash", -0.001, { id: "f", kind: "funding", positionId: "p" }), "rate"),
    on(
      step("bookCash", -0.001, { id: "f", kind: "funding", positionId: "p", rate: 50_000 }),
      { booked: "-50", to: "position" },
      { positions: [{ cash: "-50", realised: "-50" }] },
    ),
  ]),
  example("what principal gains against the flow's currency is no result", "money.md 1", { currency: "USDT" }, [
    ...enter("e", 0.05, 100, { pair: "ETH/BTC", rate: 60_000 }, { rate: 60_000 }),
    exitOrder("x", 100, { pair: "ETH/BTC", positionId: "e" }),
    on(fill("x", "1", 0.05, 100, { rate: 50_000 }), { booked: "0" }, { trades: [{ pnl: "0" }], streak: 0 }),
  ]),
  example(
    "an entry in another currency is refused without a rate",
    "cases: mixed-currencies",
    { currency: "USDT", max_exposure: 20_000 },
    [
      refused(admission("a", 100, 0.05, { pair: "ETH/BTC" }), "rate"),
      notAdmitted(admission("a", 100, 0.05, { pair: "ETH/BTC", rate: 60_000 }), "max_exposure"),
      refused(step("savePosition", { id: "p", pair: "ETH/BTC", side: "long", size: 1, entryPrice: 0.05 }), "rate"),
      refused(step("saveOrder", { id: "o", pair: "ETH/BTC", side: "buy", size: 1, price: 0.05 }), "rate"),
    ],
  ),
  example(
    "an exit without a rate takes the position's last one, and the trade says so",
    "money.md 1",
    { currency: "USDT" },
    [
      on(step("savePosition", { id: "p", pair: "ETH/BTC", side: "long", size: 100, entryPrice: 0.05, rate: 60_000 })),
      exitOrder("x", 100, { pair: "ETH/BTC", positionId: "p" }),
      on(
        fill("x", "1", 0.04, 100),
        { booked: "-60000" },
        { trades: [{ pnl: "-60000", rateAssumed: true, currency: "USDT" }], streak: 1 },
      ),
    ],
  ),
  example("exposure uses each entry's rate, and exits take their share", "money.md 1", { currency: "USDT" }, [
    ...enter("e", 0.05, 1, { pair: "ETH/BTC", size: 2, rate: 60_000 }, { rate: 60_000 }),
    on(fill("e", "2", 0.05, 1, { rate: 50_000 }), {}, { exposure: "5500", positions: [{ entryPrice: 0.05, size: 2 }] }),
    exitOrder("x", 1, { pair: "ETH/BTC", positionId: "e" }),
    on(fill("x", "3", 0.05, 1, { rate: 50_000 }), { booked: "0" }, { exposure: "2750" }),
  ]),
  example(
    "settle is compared after same_currency, and what is neither base nor quote is refused",
    "money.md 1",
    { currency: "USDC", same_currency: ["USD"] },
    [
      on(
        step("savePosition", { id: "l", pair: "BTC/USD:USDC", side: "long", size: 2, entryPrice: 100 }),
        {},
        { exposure: "200" },
      ),
      refused(step("savePosition", { id: "q", pair: "BTC/USD:ETH", side: "long", size: 1, entryPrice: 100 }), "pair"),
      refused(
        step("savePosition", { id: "o", pair: "BTC/USD:BTC-240628-40000-C", side: "long", size: 1, entryPrice: 1 }),
        "pair",
      ),
    ],
  ),
  example("a dated contract settles in what stands before the hyphen", "money.md 1", {}, [
    on(
      step("savePosition", { id: "p", pair: "BTC/USD:BTC-240628", side: "long", size: 10_000, entryPrice: 40_000 }),
      {},
      { currency: "BTC", exposure: "0.25" },
    ),
    exitOrder("x", 10_000, { pair: "BTC/USD:BTC-240628", positionId: "p" }),
    on(fill("x", "1", 50_000, 10_000), { booked: "0.05" }),
  ]),
  example("a name that is no pair is in the flow's currency", "money.md 1", { currency: "EUR" }, [
    on(step("savePosition", { id: "p", pair: "gold", side: "short", size: 2, entryPrice: 100 })),
    exitOrder("x", 2, { pair: "gold", side: "buy", positionId: "p" }),
    on(fill("x", "1", 90, 2), { booked: "20" }, { trades: [{ currency: "EUR" }] }),
  ]),
  example("until the flow's currency is known an amount with a currency is refused", "money.md 1", {}, [
    refused(step("updateDailyPnl", -1, { currency: "USDT" }), "currency"),
    on(step("updateDailyPnl", -1), { booked: "-1" }),
  ]),
  example("two entries of an inverse contract have the harmonic average", "cases: inverse-contract", {}, [
    ...enter("e", 40_000, 10_000, { pair: "BTC/USD:BTC", size: 20_000 }),
    on(
      fill("e", "2", 50_000, 10_000),
      {},
      { positions: [{ size: 20_000, entryPrice: 400_000 / 9 }], exposure: "0.45" },
    ),
    exitOrder("x", 20_000, { pair: "BTC/USD:BTC", positionId: "e" }),
    on(fill("x", "3", 40_000, 20_000), { booked: "-0.05" }),
  ]),
];

const FEES: readonly Example[] = [
  example("a fee in base is taken from what the side has, and is booked at the fill's price", "money.md 2", {}, [
    on(step("savePosition", { id: "p", pair: PAIR, side: "long", size: 2, entryPrice: 100 })),
    exitOrder("x", 2, { positionId: "p" }),
    on(
      fill("x", "1", 110, 1, { fee: { amount: 0.001, currency: "BTC" } }),
      { booked: "9.9" },
      { positions: [{ size: 0.999 }], orders: [{ filled: 1, status: "partially_filled" }] },
    ),
    on(
      fill("x", "2", 110, 0.999, { done: true }),
      { booked: "9.99", trades: ["p"] },
      { trades: [{ pnl: "19.89", fees: "0.11" }], today: { pnl: "19.89", trades: 1 } },
    ),
  ]),
  example(
    "a spot buy pays its fee in base: the position is net, the order gross and filled",
    "cases: spot-fee-in-base",
    {},
    [
      ...enter("e", 100, 1, {}, { fee: { amount: 0.001, currency: "BTC" } }),
      on(
        step("updateEquity", 1000),
        {},
        {
          orders: [],
          positions: [{ size: 0.999, entryPrice: 100, fees: "0.1", realised: "-0.1" }],
          today: { pnl: "-0.1" },
        },
      ),
      exitOrder("x", 0.999, { positionId: "e" }),
      on(fill("x", "1", 100, 0.999), { booked: "0", trades: ["e"] }, { trades: [{ pnl: "-0.1", size: 0.999 }] }),
    ],
  ),
  example("a fee in base never takes more than the side has", "money.md 2", {}, [
    on(step("savePosition", { id: "p", pair: PAIR, side: "long", size: 1, entryPrice: 100 })),
    exitOrder("x", 1, { positionId: "p" }),
    on(
      fill("x", "1", 110, 1, { fee: { amount: 0.001, currency: "BTC" } }),
      { booked: "9.89", over: undefined },
      { positions: [] },
    ),
  ]),
  example("on a pair with a colon a fee in base moves no size", "money.md 2", {}, [
    ...enter("e", 100, 1, { pair: "BTC/USDT:USDT" }, { fee: { amount: 0.001, currency: "BTC" } }),
    on(step("updateEquity", 1000), {}, { positions: [{ size: 1, fees: "0.1" }] }),
  ]),
  example("a fee in a third currency needs a rate, else it is unpriced", "cases: fee-in-a-third-currency", {}, [
    ...enter("e", 60_000, 0.1, {}, { fee: { amount: 0.005, currency: "BNB", rate: 600 } }),
    exitOrder("x", 0.1, { positionId: "e" }),
    on(
      fill("x", "1", 60_010, 0.1, { fee: [{ amount: 0.005, currency: "BNB" }] }),
      { booked: "1" },
      { trades: [{ pnl: "-2", fees: "3", unpriced: { fees: { BNB: "0.005" } } }] },
    ),
    on(
      step("bookCash", -0.005, { id: "bnb", kind: "fee", positionId: "e", currency: "BNB", rate: 600 }),
      { booked: "-3", to: "trade" },
      { trades: [{ pnl: "-5", fees: "6", unpriced: undefined }], today: { pnl: "-5", trades: 1 }, streak: 1 },
    ),
  ]),
  example("a fee is split over positions by size, to 8 places, and the last takes the rest", "money.md 2", {}, [
    ...enter("a", 100, 1),
    ...enter("b", 100, 2),
    exitOrder("x", 3, { positionId: "a" }),
    on(
      fill("x", "1", 100, 3, { fee: 0.1 }),
      { booked: "-0.1", trades: ["a", "b"] },
      { trades: [{ fees: "0.03333333" }, { fees: "0.06666667" }], streak: 2 },
    ),
  ]),
  example("a fee in the settle currency told as a number is paid once for each fill", "cases: result-of-a-trade", {}, [
    ...enter("e", 100, 1, {}, { fee: 0.1 }),
    exitOrder("x", 1, { positionId: "e", reason: "tp" }),
    on(
      fill("x", "2", 110, 0.5, { fee: 0.05 }),
      { booked: "4.95" },
      { positions: [{ size: 0.5, realised: "4.85", fees: "0.15" }] },
    ),
    on(
      fill("x", "3", 120, 0.5, { fee: 0.05 }),
      { booked: "9.95" },
      { trades: [{ pnl: "14.8", fees: "0.2", size: 1, entryPrice: 100, exitPrice: 115, reason: "tp" }] },
    ),
    refused(fill("x", "bust", 120, -0.5), "size"),
    refused(fill("x", "zero", 120, 0), "size"),
  ]),
];

const RESULTS: readonly Example[] = [
  example("what makes flat takes what is left of the cost", "money.md 3", {}, [
    ...enter("e", 0.07123, 1e9, { pair: "DOGE/USDT", size: 3e9 }),
    on(fill("e", "2", 0.07001, 2e9)),
    exitOrder("x", 3e9, { pair: "DOGE/USDT", positionId: "e" }),
    on(fill("x", "3", 0.071, 3e9), { booked: "1750000" }, { trades: [{ pnl: "1750000" }] }),
  ]),
  example("saving over a position keeps its result, fees and who opened it", "money.md 3", {}, [
    ...enter("e", 100, 2, {}, { fee: 1 }),
    exitOrder("x", 1, { positionId: "e" }),
    on(fill("x", "1", 110, 1)),
    on(
      step("savePosition", { id: "e", pair: PAIR, side: "long", size: 1, entryPrice: 90 }),
      { booked: "0" },
      { positions: [{ entryPrice: 90, realised: "9", fees: "1", openedBy: "fills" }] },
    ),
    exitOrder("y", 1, { positionId: "e" }),
    on(fill("y", "1", 100, 1), { booked: "10" }, { trades: [{ pnl: "19" }] }),
  ]),
  example("a thousand fees of 1e-9 are 1e-6", "cases: tiny-prices", {}, [
    on(step("saveOrder", { id: "e", pair: "DOGE/BTC", side: "buy", size: 1000 })),
    ...Array.from({ length: 1000 }, (_, n) => on(fill("e", `e${n}`, 1e-6, 1, { fee: 1e-9 }))),
    on(
      step("updateEquity", 1),
      {},
      { today: { pnl: "-0.000001" }, positions: [{ size: 1000, entryPrice: 1e-6, fees: "0.000001" }] },
    ),
    exitOrder("x", 1000, { pair: "DOGE/BTC", positionId: "e" }),
    ...Array.from({ length: 1000 }, (_, n) => on(fill("x", `x${n}`, 1.003e-6, 1, { fee: 1e-9 }))),
    on(
      step("updateEquity", 1),
      {},
      { today: { pnl: "0.000001", trades: 1 }, trades: [{ pnl: "0.000001", fees: "0.000002" }] },
    ),
  ]),
  example("tiny prices and huge sizes lose nothing", "cases: tiny-prices", {}, [
    on(step("saveOrder", { id: "e", pair: "PEPE/USDT", side: "buy", size: 123_456_789_012_345, price: 1.1e-9 })),
    on(fill("e", "1", 1.1e-9, 23_456_789_012_345, { fee: 0.0258024679 }), { booked: "-0.02580247" }),
    on(fill("e", "2", 1.3e-9, 100_000_000_000_000, { fee: 0.13 }), {}, { positions: [{ size: 123_456_789_012_345 }] }),
    exitOrder("x", 123_456_789_012_345, { pair: "PEPE/USDT", positionId: "e" }),
    on(
      fill("x", "3", 2.7e-9, 123_456_789_012_345, { fee: 0.33 }),
      {},
      { positions: [], exposure: "0", today: { pnl: "177530.37661728" } },
    ),
  ]),
  example("a price below zero is a price", "cases: negative-price", {}, [
    ...enter("cl", -37.63, 1000, { pair: "CL/USD" }),
    exitOrder("x", 1000, { pair: "CL/USD", positionId: "cl" }),
    on(fill("x", "2", 10.01, 1000), { booked: "47640" }),
  ]),
  example("a short scaled out over two days is what was sold less what was bought", "cases: dca-short-two-days", {}, [
    on(step("saveOrder", { id: "e1", pair: "SOL/USDC", side: "sell", size: 749.6 })),
    on(fill("e1", "1", 1.3914, 300.3, { fee: 0.41 }), { booked: "-0.41" }),
    exitOrder("x1", 100.1, { pair: "SOL/USDC", side: "buy", positionId: "e1" }),
    on(fill("x1", "2", 1.36155, 100.1, { fee: 0.136 }), { booked: "2.851985" }),
    on(fill("e1", "3", 1.4, 449.3, { fee: 0.62 }), { booked: "-0.62" }),
    on(step("clock", NOON + DAY)),
    exitOrder("x2", 649.5, { pair: "SOL/USDC", side: "buy", positionId: "e1" }),
    on(fill("x2", "4", 1.3679, 400, { fee: 0.5 })),
    on(
      fill("x2", "5", 1.45, 249.5, { fee: 0.3 }),
      {},
      {
        today: { pnl: "-2.15672", trades: 1 },
        days: [
          { pnl: "1.821985", trades: 0 },
          { pnl: "-2.15672", trades: 1 },
        ],
        trades: [{ pnl: "-0.334735", fees: "1.966", size: 749.6 }],
        streak: 1,
      },
    ),
  ]),
  example(
    "a stop and a limit in part, then a liquidation on the next day",
    "cases: partial-stop-then-liquidation",
    { max_daily_loss: 10 },
    [
      ...enter("a", 0.0015, 173_756.7185, { pair: "PIX/USDT" }),
      exitOrder("sl", 173_756.7185, { pair: "PIX/USDT", positionId: "a", reason: "sl" }),
      on(fill("sl", "1", 0.0014, 50_000.5), { booked: "-5.00005" }),
      on(step("cancelOrder", "sl"), { applied: true }),
      exitOrder("lim", 123_756.2185, { pair: "PIX/USDT", positionId: "a" }),
      on(
        fill("lim", "2", 0.0016, 1000.2185, { done: true }),
        { booked: "0.10002185" },
        { positions: [{ size: 122_756 }] },
      ),
      on(step("clock", NOON + DAY)),
      exitOrder("liq", 122_756, { pair: "PIX/USDT", positionId: "a", reason: "liquidation" }),
      on(
        fill("liq", "3", 0.001, 122_756),
        { booked: "-61.378", tripped: true },
        {
          trades: [{ pnl: "-66.27802815", reason: "liquidation" }],
          days: [{ pnl: "-4.90002815" }, { pnl: "-61.378", trades: 1 }],
        },
      ),
    ],
  ),
];

const EXITS: readonly Example[] = [
  example("a fill after closePosition explains the end and books nothing", "money.md 4", {}, [
    ...enter("a", 100, 1),
    ...enter("b", 110, 1),
    exitOrder("stop", 1, { positionId: "a" }),
    on(step("closePosition", "a", { pnl: -10 }), { booked: "-10", trades: ["a"], exitsLeft: ["stop"] }),
    on(
      fill("stop", "1", 90, 1),
      { booked: "0", trades: [], applied: true },
      { positions: [{ id: "b", size: 1 }], orders: [], today: { pnl: "-10", trades: 1 } },
    ),
  ]),
  example("only what is beyond the explained end goes on to other positions", "money.md 4", {}, [
    ...enter("a", 100, 1),
    ...enter("b", 110, 1),
    exitOrder("stop", 2, { positionId: "a" }),
    on(step("closePosition", "a", { pnl: -10 })),
    on(fill("stop", "1", 90, 2), { booked: "-20", trades: ["b"], over: undefined }, { positions: [] }),
  ]),
  example("a fill after removePosition is a later booking at the trade's entry price", "money.md 4", {}, [
    ...enter("a", 100, 1, {}, { fee: 0.5 }),
    exitOrder("stop", 1, { positionId: "a" }),
    on(
      step("removePosition", "a"),
      { booked: "0", trades: ["a"] },
      { trades: [{ pnl: "-0.5", untold: 1 }], streak: 0, today: { trades: 1 } },
    ),
    on(
      fill("stop", "1", 90, 1, { fee: 0.25 }),
      { booked: "-10.25", trades: [] },
      {
        trades: [{ pnl: "-10.75", fees: "0.75" }],
        streak: 0,
        today: { pnl: "-10.75", trades: 1 },
        days: [{ parts: { trades: "-0.5", open: "0", later: "-10.25" } }],
      },
    ),
  ]),
  example(
    "one stop for two trades ends both, and the breaker is evaluated once",
    "cases: netted-one-stop-for-two-trades",
    { max_daily_loss: 25 },
    [
      ...enter("a", 100, 1),
      on(step("clock", NOON + MINUTE)),
      ...enter("b", 110, 1),
      ...enter("e", 10, 1, { pair: "ETH/USDT" }),
      exitOrder("stop", 2, { positionId: "a", reason: "sl" }),
      on(
        fill("stop", "1", 90, 2),
        { booked: "-30", trades: ["a", "b"], tripped: true, over: undefined },
        {
          trades: [
            { id: "a", pnl: "-10", reason: "sl" },
            { id: "b", pnl: "-20", reason: "sl" },
          ],
          positions: [{ id: "e" }],
          today: { pnl: "-30", trades: 2 },
          streak: 2,
          breaker: { active: true, source: "daily_loss" },
        },
      ),
    ],
  ),
  example("an exit without a position takes the oldest of its pair and side first", "money.md 4", {}, [
    ...enter("young", 110, 1, {}, { ts: NOON }),
    ...enter("old", 100, 1, {}, { ts: NOON - MINUTE }),
    ...enter("other", 100, 1, { pair: "BTC/USDT:USDT" }),
    ...enter("short", 100, 1, { side: "sell" }),
    exitOrder("x", 1.5),
    on(
      fill("x", "1", 120, 1.5),
      { booked: "25", trades: ["old"] },
      { positions: [{ id: "other" }, { id: "short" }, { id: "young", size: 0.5 }] },
    ),
  ]),
  example("what no position holds is told, and a fill of which nothing fits is an error", "money.md 4", {}, [
    ...enter("a", 100, 1),
    exitOrder("x", 3, { positionId: "a" }),
    on(fill("x", "1", 110, 2), { booked: "10", over: 1, trades: ["a"] }, { orders: [{ filled: 2 }] }),
    refused(fill("x", "2", 110, 1), "orderId"),
  ]),
  example("an exit of a position that has not opened yet is an error, and is given again", "money.md 4", {}, [
    exitOrder("x", 1, { positionId: "e" }),
    refused(fill("x", "1", 90, 1), "orderId"),
    ...enter("e", 100, 1),
    on(fill("x", "1", 90, 1), { booked: "-10", trades: ["e"] }),
  ]),
  example("a remembered fill told with another size or price is refused", "money.md 4", {}, [
    ...enter("e", 100, 2),
    exitOrder("x", 2, { positionId: "e" }),
    on(fill("x", "1", 110, 1), { applied: true, booked: "10" }),
    on(fill("x", "1", 110, 1), { applied: false, booked: "0" }),
    on(fill("x", "1", 110.00000001, 1.0000000001), { applied: false, booked: "0" }),
    refused(fill("x", "1", 110, 0.9), "size"),
    refused(fill("x", "1", 111, 1), "price"),
  ]),
  example("more than an entry order's size is refused unless it is told", "cases: overfill", {}, [
    on(step("saveOrder", { id: "e", pair: PAIR, side: "buy", size: 100, price: 1 })),
    on(fill("e", "1", 1, 80)),
    refused(fill("e", "2", 1, 30), "size"),
    on(fill("e", "2", 1, 30, { overfill: true }), {}, { positions: [{ size: 110 }], orders: [] }),
    refused(fill("e", "3", 1, 80), "size"),
    exitOrder("x", 10, { positionId: "e" }),
    on(fill("x", "3", 1, 60), { over: undefined }, { positions: [{ size: 50 }], orders: [] }),
  ]),
  example("exits of a position that ended are named for the bot to cancel", "money.md 4", {}, [
    ...enter("e", 100, 1),
    exitOrder("tp", 1, { positionId: "e" }),
    exitOrder("sl", 1, { positionId: "e" }),
    on(fill("tp", "1", 120, 1), { trades: ["e"], exitsLeft: ["sl"] }),
  ]),
];

const RESIDUES: readonly Example[] = [
  example(
    "sums of doubles make an order whole and a position flat",
    "cases: float-residue",
    { max_open_positions: 1 },
    [
      on(admission("a", 0.1 + 0.2, 100)),
      on(fill("a", "1", 100, 0.1)),
      on(fill("a", "2", 100, 0.2), {}, { orders: [], slots: { all: 1 } }),
      exitOrder("x", 0.1 + 0.2, { positionId: "a" }),
      on(
        fill("x", "3", 110, 0.1 + 0.2),
        { booked: "3", trades: ["a"], over: undefined },
        { positions: [], orders: [], slots: { all: 0 } },
      ),
      on(admission("n", 1, 1, { pair: "ETH/USDT" }), { done: true }),
    ],
  ),
  example("an exit that is smaller by a rounding makes flat", "cases: float-residue-closing", {}, [
    on(step("savePosition", { id: "p", pair: PAIR, side: "long", size: 0.1 + 0.2, entryPrice: 100 })),
    exitOrder("x", 0.3, { positionId: "p" }),
    on(fill("x", "1", 110, 0.3), { booked: "3", trades: ["p"] }, { positions: [], orders: [] }),
  ]),
  example("an exit that is larger by a rounding is capped", "cases: float-residue-recovery", {}, [
    on(step("savePosition", { id: "p", pair: PAIR, side: "long", size: 0.3, entryPrice: 100 })),
    ...enter("q", 100, 1, {}, { ts: NOON + 1 }),
    exitOrder("x", 1, { positionId: "p" }),
    on(
      fill("x", "1", 110, 0.1 + 0.2),
      { booked: "3", trades: ["p"], over: undefined },
      { positions: [{ id: "q", size: 1 }] },
    ),
  ]),
];

const FLIPS: readonly Example[] = [
  example(
    "one order turns a position around, and its fee is split by size",
    "money.md 5",
    { max_open_positions: 1, max_exposure: 330, opposite_side: "refuse" },
    [
      ...enter("a", 100, 1),
      refused(admission("f", 1, 110, { side: "short", flip: "a" }), "size"),
      notAdmitted(admission("g", 3.2, 110, { side: "short", flip: "a" }), "max_exposure"),
      on(admission("f", 3, 110, { side: "short", flip: "a" }), {}, { slots: { all: 1 }, exposure: "320" }),
      on(
        fill("f", "1", 110, 3, { fee: 0.33 }),
        { booked: "9.67", trades: ["a"] },
        {
          trades: [{ id: "a", pnl: "9.89" }],
          positions: [{ id: "f", side: "short", size: 2, entryPrice: 110, realised: "-0.22", openedBy: "fills" }],
          orders: [],
          slots: { all: 1 },
          exposure: "220",
        },
      ),
    ],
  ),
  example("a flip in parts closes the named one, then the others of that side, then opens", "money.md 5", {}, [
    ...enter("b", 100, 1, {}, { ts: NOON - MINUTE }),
    ...enter("a", 105, 1),
    on(admission("f", 4, 110, { side: "short", flip: "a" })),
    on(fill("f", "1", 110, 1), { booked: "5", trades: ["a"] }, { positions: [{ id: "b" }] }),
    on(fill("f", "2", 110, 2), { booked: "10", trades: ["b"] }, { positions: [{ id: "f", size: 1 }] }),
    on(fill("f", "3", 112, 1), { booked: "0" }, { positions: [{ id: "f", size: 2, entryPrice: 111 }], orders: [] }),
  ]),
  example("what a flip fills is booked even when the breaker is active since", "money.md 5", {}, [
    ...enter("a", 100, 1),
    on(admission("f", 2, 110, { side: "short", flip: "a" })),
    on(step("triggerCircuitBreaker", "kill switch")),
    on(fill("f", "1", 110, 2), { booked: "10" }, { positions: [{ id: "f", size: 1 }] }),
  ]),
  example(
    "adding to a position is admitted without a slot, by every other check",
    "cases: averaging-in",
    { max_exposure: 250, max_positions_per_pair: 1, max_open_positions: 1 },
    [
      ...enter("a", 100, 1),
      notAdmitted(admission("n", 1, 90), "max_open_positions"),
      notAdmitted(admission("d", 2, 90, { positionId: "a" }), "max_exposure"),
      on(admission("d", 1, 90, { positionId: "a" }), {}, { slots: { all: 1 }, exposure: "190" }),
      on(
        fill("d", "1", 90, 1),
        {},
        { positions: [{ id: "a", size: 2, entryPrice: 95 }], orders: [], slots: { all: 1 } },
      ),
      on(step("triggerCircuitBreaker", "kill switch")),
      notAdmitted(admission("e", 0.1, 90, { positionId: "a" }), "circuit_breaker"),
    ],
  ),
  example(
    "the rest of an entry takes a slot once its position ended, and opens the next of its name",
    "money.md 5",
    { max_open_positions: 1 },
    [
      on(admission("e", 3, 100)),
      on(fill("e", "1", 100, 1), {}, { slots: { all: 1 } }),
      on(
        step("closePosition", "e", { pnl: -5 }),
        { trades: ["e"] },
        { slots: { all: 1 }, exposure: "200", positions: [] },
      ),
      on(
        fill("e", "2", 101, 1),
        {},
        { positions: [{ id: "e~2", size: 1, entryPrice: 101 }], orders: [{ positionId: "e~2" }], slots: { all: 1 } },
      ),
      on(fill("e", "3", 103, 1), {}, { positions: [{ id: "e~2", size: 2, entryPrice: 102 }], orders: [] }),
    ],
  ),
  example("an addition whose position ended opens one under its own name", "money.md 5", { max_open_positions: 1 }, [
    ...enter("a", 100, 1),
    on(admission("d", 1, 90, { positionId: "a" })),
    on(admission("d2", 1, 80, { positionId: "a" }), {}, { slots: { all: 1 } }),
    on(step("closePosition", "a", { pnl: 1 }), {}, { slots: { all: 2 } }),
    notAdmitted(admission("n", 1, 1), "max_open_positions"),
    on(fill("d", "1", 90, 1), {}, { positions: [{ id: "d", size: 1, entryPrice: 90 }], slots: { all: 2 } }),
  ]),
  example("cancelling an addition frees its exposure, and its signal only if nothing filled", "money.md 5", {}, [
    ...enter("a", 100, 1),
    on(admission("d", 2, 90, { positionId: "a" }), {}, { exposure: "280" }),
    on(admission("d2", 2, 90, { positionId: "a" }), {}, { exposure: "460" }),
    on(fill("d", "1", 90, 1)),
    on(step("cancelOrder", "d", { releaseSignal: true }), {}, { signals: ["d", "d2"], exposure: "370" }),
    on(step("cancelOrder", "d2", { releaseSignal: true }), {}, { signals: ["d"], exposure: "190" }),
  ]),
];

const ENDS: readonly Example[] = [
  example("the cooldown of a trade that is told late starts when it ended", "cases: close-told-late", {}, [
    on(step("savePosition", { id: "A", pair: "A/USDT", side: "long", size: 1, entryPrice: 100, cooldown: HOUR })),
    on(step("savePosition", { id: "B", pair: "B/USDT", side: "long", size: 1, entryPrice: 100, cooldown: HOUR })),
    exitOrder("x", 1, { pair: "A/USDT", positionId: "A" }),
    on(fill("x", "1", 99, 1, { ts: NOON - 30 * MINUTE })),
    on(
      step("closePosition", "B", { pnl: -1, ts: NOON - 30 * MINUTE }),
      {},
      {
        cooldowns: { "A/USDT": NOON + 30 * MINUTE, "B/USDT": NOON + 30 * MINUTE },
        trades: [{ exitTs: NOON - 30 * MINUTE }, { exitTs: NOON - 30 * MINUTE, exitPrice: undefined }],
      },
    ),
  ]),
  example("a second close books nothing", "design.md 2", {}, [
    ...enter("e", 100, 1, {}, { fee: 0.1 }),
    on(
      step("closePosition", "e", { pnl: 10, reason: "manual" }),
      { booked: "10", applied: true },
      { trades: [{ pnl: "9.9", reason: "manual" }] },
    ),
    on(step("closePosition", "e", { pnl: 10 }), { booked: "0", applied: false }, { today: { pnl: "9.9", trades: 1 } }),
  ]),
  example("the result told of an open position is counted and judged once", "money.md 6", {}, [
    on(step("savePosition", { id: "p", pair: PAIR, side: "long", size: 1, entryPrice: 100 })),
    on(
      step("updateDailyPnl", -7, { tradeId: "p" }),
      { booked: "-7" },
      { positions: [{ realised: "-7" }], today: { pnl: "-7", trades: 1 }, streak: 1, trades: [] },
    ),
    on(step("updateDailyPnl", -7, { tradeId: "p" }), { applied: false, booked: "0" }),
    on(
      step("removePosition", "p"),
      { booked: "0" },
      { trades: [{ id: "p", pnl: "-7", untold: undefined }], today: { pnl: "-7", trades: 1 }, streak: 1 },
    ),
  ]),
  example("after a result was told, exit fills reduce and book only their fees", "money.md 6", {}, [
    on(step("savePosition", { id: "p", pair: PAIR, side: "long", size: 1, entryPrice: 100 })),
    on(step("updateDailyPnl", -10, { tradeId: "p" })),
    exitOrder("x", 1, { positionId: "p" }),
    on(
      fill("x", "1", 90, 1, { fee: 0.5 }),
      { booked: "-0.5", trades: ["p"] },
      { trades: [{ pnl: "-10.5", fees: "0.5" }], today: { pnl: "-10.5", trades: 1 }, streak: 1 },
    ),
  ]),
  example("removing what fills opened ends a trade whose result is not known", "money.md 6", {}, [
    on(step("updateDailyPnl", -1), {}, { streak: 1 }),
    ...enter("e", 100, 2, { cooldown: HOUR }),
    exitOrder("x", 1, { positionId: "e" }),
    on(fill("x", "1", 120, 1), { booked: "20" }),
    on(
      step("removePosition", "e"),
      { booked: "0", trades: ["e"] },
      {
        trades: [{ pnl: "20", untold: 1, size: 2 }],
        streak: 1,
        today: { trades: 2 },
        cooldowns: { [PAIR]: NOON + HOUR },
      },
    ),
  ]),
  example("a row that was merely saved is only forgotten", "money.md 6", {}, [
    on(step("savePosition", { id: "p", pair: PAIR, side: "long", size: 1, entryPrice: 100 })),
    on(step("removePosition", "p"), { applied: true, trades: [] }, { positions: [], trades: [], today: { trades: 0 } }),
    on(step("removePosition", "p"), { applied: false }),
  ]),
  example(
    "trades that leave dust are counted and judged, and their dust is sold as cash",
    "cases: dust-trade-never-counted",
    { max_consecutive_losses: 2 },
    [
      ...enter("e1", 1000, 0.999, {}, { fee: 1 }),
      exitOrder("x1", 0.99, { positionId: "e1" }),
      on(
        fill("x1", "1", 990, 0.99, { fee: 1, dust: 0.01 }),
        { booked: "-10.9", trades: ["e1"], tripped: false },
        {
          trades: [{ pnl: "-11.9", dust: 0.009 }],
          positions: [],
          slots: { all: 0 },
          streak: 1,
          dust: { "BTC/USDT long": { size: 0.009, cost: "9" } },
        },
      ),
      ...enter("e2", 1000, 0.999, {}, { fee: 1 }),
      exitOrder("x2", 0.99, { positionId: "e2" }),
      on(
        fill("x2", "1", 990, 0.99, { fee: 1, done: true, dust: 0.01 }),
        { trades: ["e2"], tripped: true },
        { streak: 2, dust: { "BTC/USDT long": { size: 0.018, cost: "18" } } },
      ),
      ...enter("e3", 1000, 1),
      exitOrder("x3", 1.018, { positionId: "e3" }),
      on(
        fill("x3", "1", 1010, 1.018, { fee: 0.1018 }),
        { booked: "10.0782", trades: ["e3"], over: undefined },
        {
          dust: { "BTC/USDT long": undefined },
          trades: [{}, {}, { pnl: "9.9", fees: "0.1" }],
          days: [{ trades: 3, parts: { cash: "0.1782" } }],
          streak: 0,
        },
      ),
    ],
  ),
  example("dust ends nothing while another exit of the position is pending", "money.md 6", {}, [
    ...enter("e", 1000, 1),
    exitOrder("sl", 1, { positionId: "e" }),
    exitOrder("x", 0.995, { positionId: "e" }),
    on(fill("x", "1", 1010, 0.995, { dust: 0.01 }), { trades: [] }, { positions: [{ size: 0.005 }] }),
    on(
      step("cancelOrder", "sl", { dust: 0.01 }),
      { trades: ["e"], booked: "0" },
      { positions: [], trades: [{ dust: 0.005, pnl: "9.95" }], streak: 0 },
    ),
  ]),
  example("what is left at the exchange after a close is dust", "money.md 6", {}, [
    ...enter("e", 1000, 1),
    on(
      step("closePosition", "e", { pnl: -9.9, dust: 0.01 }),
      { booked: "-9.9" },
      { dust: { "BTC/USDT long": { size: 0.01, cost: "10" } }, trades: [{ dust: 0.01 }] },
    ),
  ]),
];

const CASH: readonly Example[] = [
  example("a withdrawal moves the peak in proportion", "money.md 7", { max_drawdown: 0.11 }, [
    on(step("updateEquity", 10_000)),
    on(step("updateEquity", 9000), { tripped: false }, { drawdown: "0.1" }),
    on(
      step("recordTransfer", -5000, { id: "w", ts: NOON + 1 }),
      { tripped: false },
      { equity: "4000", peak: "4444.44444444", drawdown: "0.1", today: { pnl: "0" } },
    ),
    on(step("recordTransfer", -5000, { id: "w", ts: NOON + 1 }), { applied: false }, { equity: "4000" }),
  ]),
  example("a report at or after a transfer already contains it", "money.md 7", {}, [
    on(step("updateEquity", 10_000)),
    on(step("updateEquity", 9000)),
    on(step("clock", NOON + HOUR)),
    on(step("updateEquity", 4000)),
    on(step("recordTransfer", -5000, { id: "w", ts: NOON + MINUTE }), {}, { equity: "4000", peak: "4444.44444444" }),
    on(step("clock", NOON + 2 * HOUR)),
    on(step("updateEquity", 5000)),
    on(step("recordTransfer", 1000, { id: "d", ts: NOON + HOUR + MINUTE }), {}, { equity: "5000", peak: "5000" }),
  ]),
  example(
    "equity follows what is booked until the bot reports it",
    "cases: drawdown-equity-and-transfers",
    { starting_equity: 10_000, max_drawdown: 0.1 },
    [
      on(step("updateDailyPnl", -500), { tripped: false }, { equity: "9500", drawdown: "0.05" }),
      on(step("updateDailyPnl", -500), { tripped: true }, { equity: "9000", breaker: { source: "drawdown" } }),
      on(step("updateEquity", 9800), {}, { equity: "9800", drawdown: "0.02" }),
      on(step("updateDailyPnl", -500), {}, { equity: "9800" }),
      on(step("updateDailyPnl", -100, { equity: 9700 }), {}, { equity: "9700" }),
    ],
  ),
  example("funding counts no trade and moves no streak", "cases: funding-is-no-trade", { max_consecutive_losses: 3 }, [
    on(step("updateDailyPnl", -50)),
    on(step("updateDailyPnl", -50)),
    ...enter("e", 100, 1),
    on(
      step("bookCash", 0.01, { id: "f1", kind: "funding", positionId: "e" }),
      { to: "position", booked: "0.01" },
      { streak: 2, today: { trades: 2 }, positions: [{ cash: "0.01", realised: "0.01" }] },
    ),
    on(step("bookCash", 0.01, { id: "f1", kind: "funding", positionId: "e" }), { applied: false, booked: "0" }),
    on(
      step("bookCash", -0.03, { id: "f2", kind: "funding", pair: PAIR }),
      { to: "day", booked: "-0.03" },
      { positions: [{ cash: "0.01" }] },
    ),
    on(
      step("closePosition", "e", { pnl: -50 }),
      { tripped: true },
      { streak: 3, trades: [{ pnl: "-49.99", cash: "0.01" }] },
    ),
    on(
      step("bookCash", 60, { id: "f3", kind: "settlement", positionId: "e" }),
      { to: "trade", tripped: false },
      { trades: [{ pnl: "10.01", cash: "60.01" }], streak: 3, today: { trades: 3 } },
    ),
    refused(step("bookCash", -1, { id: "f4", kind: "funding", positionId: "never" }), "positionId"),
    refused(step("bookCash", 1, { id: "f4", kind: "fee" }), "amount"),
    refused(step("bookCash", -1, { id: "f4", kind: "rebate" }), "amount"),
  ]),
  example("a booking of a time before ids are remembered is refused where it has an id", "money.md 7", {}, [
    refused(step("bookCash", -1, { id: "f", kind: "funding", ts: NOON - 31 * DAY }), "ts"),
    refused(step("recordTransfer", -1, { id: "f", ts: NOON - 31 * DAY }), "ts"),
    refused(step("updateDailyPnl", -1, { tradeId: "f", ts: NOON - 31 * DAY }), "ts"),
  ]),
];

const MIDNIGHT = Date.UTC(2026, 4, 5);

const DAYS: readonly Example[] = [
  example(
    "a fill of the next day, told a moment early, opens that day",
    "cases: fill-of-tomorrow",
    { max_daily_loss: 100, breaker_duration: "until_day_end" },
    [
      on(step("savePosition", { id: "p", pair: PAIR, side: "long", size: 1, entryPrice: 1000 })),
      exitOrder("x", 1, { positionId: "p" }),
      refused(fill("x", "1", 850, 1, { ts: MIDNIGHT + 2 * MINUTE }), "ts"),
      on(
        fill("x", "1", 850, 1, { ts: MIDNIGHT + 1000 }),
        { tripped: true },
        { today: { day: "2026-05-05", pnl: "-150", trades: 1 }, breaker: { until: MIDNIGHT + DAY } },
      ),
      on(step("clock", MIDNIGHT + 1000), {}, { today: { pnl: "-150" } }),
      notAdmitted(admission("q", 1, 100), "circuit_breaker"),
    ],
    MIDNIGHT - 1000,
  ),
  example(
    "a loss booked into an earlier day trips no daily loss",
    "money.md 8",
    { max_daily_loss: 100, starting_equity: 1000 },
    [
      on(step("updateDailyPnl", -10)),
      on(
        step("updateDailyPnl", -500, { ts: NOON - DAY }),
        { tripped: false },
        {
          today: { pnl: "-10", trades: 1 },
          days: [{ day: "2026-01-06", pnl: "-500", trades: 1 }, { pnl: "-10" }],
          equity: "490",
          streak: 2,
        },
      ),
    ],
  ),
  example(
    "a cause trips only in a step that makes its own number worse",
    "cases: served-streak-trips-again",
    { max_consecutive_losses: 3, breaker_duration: HOUR },
    [
      on(step("updateDailyPnl", -10), { tripped: false }),
      on(step("updateDailyPnl", -10), { tripped: false }),
      on(
        step("updateDailyPnl", -10),
        { tripped: true },
        { breaker: { active: true, source: "consecutive_losses", until: NOON + HOUR } },
      ),
      on(step("clock", NOON + DAY), {}, { breaker: { active: false }, today: { pnl: "0", trades: 0 }, streak: 3 }),
      ...enter("e", 100, 1, {}, { fee: 0.05 }),
      exitOrder("x", 1, { positionId: "e" }),
      on(fill("x", "1", 100, 1, { fee: 0.05 }), { tripped: true }, { streak: 4 }),
    ],
  ),
  example(
    "an entry's fee trips no streak that stands",
    "cases: served-streak-trips-again",
    { max_consecutive_losses: 1, breaker_duration: HOUR },
    [
      on(step("updateDailyPnl", -10), { tripped: true }),
      on(step("clock", NOON + DAY)),
      on(step("saveOrder", { id: "e", pair: PAIR, side: "buy", size: 1 })),
      on(fill("e", "1", 100, 1, { fee: 0.05 }), { tripped: false, booked: "-0.05" }, { breaker: { active: false } }),
    ],
  ),
  example(
    "a reset acknowledges the cause that tripped, and only that",
    "money.md 8",
    { max_consecutive_losses: 1, max_daily_loss: 100 },
    [
      on(step("updateDailyPnl", -10), { tripped: true }),
      on(step("clock", NOON + 2 * HOUR), {}, { breaker: { active: false } }),
      on(step("resetCircuitBreaker"), {}, { streak: 0 }),
      on(step("updateDailyPnl", -100), { tripped: true }, { breaker: { source: "daily_loss" } }),
      on(step("resetCircuitBreaker"), {}, { streak: 1, breaker: { active: false }, today: { pnl: "-110" } }),
      notAdmitted(admission("a", 1, 1), "daily_loss"),
      on(step("setRiskLimits", { max_daily_loss: 200 }), { tripped: false }),
      on(admission("a", 1, 1), { done: true }),
    ],
  ),
  example(
    "after a reset of a drawdown the peak is the present equity",
    "cases: drawdown-equity-and-transfers",
    { max_drawdown: 0.1, currency: "USDT" },
    [
      on(step("updateEquity", 1000)),
      on(step("updateEquity", 880), { tripped: true }, { drawdown: "0.12" }),
      on(step("resetCircuitBreaker"), {}, { peak: "880", drawdown: "0", breaker: { active: false } }),
      on(step("updateEquity", 800), { tripped: false }),
      on(step("updateEquity", 790), { tripped: true }),
    ],
  ),
  example("a limit set at where its number stands trips in that step", "money.md 8", {}, [
    on(step("updateDailyPnl", -10)),
    on(step("setRiskLimits", { max_daily_loss: 11 }), { tripped: false }),
    on(
      step("setRiskLimits", { max_daily_loss: 10 }),
      { tripped: true },
      { breaker: { active: true, source: "daily_loss" } },
    ),
  ]),
  example("a trip never shortens one that is active", "design.md 2", { max_daily_loss: 10, breaker_duration: HOUR }, [
    on(step("triggerCircuitBreaker", "kill switch", "until_reset")),
    on(step("updateDailyPnl", -10), {}, { breaker: { active: true, until: undefined } }),
  ]),
];

const ORDERS: readonly Example[] = [
  example(
    "a fill before the answer is not undone by the answer",
    "cases: fill-before-the-answer",
    { max_open_positions: 2, max_exposure: 250 },
    [
      on(admission("a", 1, 100)),
      on(fill("a", "ws1", 100, 0.6)),
      on(
        step("saveOrder", {
          id: "a",
          pair: PAIR,
          side: "buy",
          size: 1,
          price: 100,
          createdAt: NOON,
          status: "open",
          filled: 0,
          signalId: "a",
        }),
        {},
        {
          orders: [{ filled: 0.6, positionId: "a" }],
          slots: { all: 1 },
          exposure: "100",
        },
      ),
      on(admission("b", 1, 100, { pair: "ETH/USDT" }), { done: true }),
      on(fill("a", "ws2", 100, 0.4), {}, { orders: [{ id: "b" }], positions: [{ size: 1 }] }),
    ],
  ),
  example("an order made smaller than what it filled is refused", "cases: fill-before-the-answer", {}, [
    on(step("saveOrder", { id: "e", pair: PAIR, side: "buy", size: 1, price: 100 })),
    on(fill("e", "1", 100, 0.6)),
    refused(step("saveOrder", { id: "e", pair: PAIR, side: "buy", size: 0.2, price: 100 }), "size"),
    refused(step("updateOrder", "e", { size: 0.2 }), "size"),
  ]),
  example("a stale write under the name of a done order changes nothing, another is refused", "money.md 10", {}, [
    ...enter("e", 100, 1, { createdAt: NOON }),
    on(step("clock", NOON + HOUR)),
    on(
      step("saveOrder", { id: "e", pair: PAIR, side: "buy", size: 1, price: 100, createdAt: NOON, status: "open" }),
      {},
      { orders: [] },
    ),
    refused(
      step("saveOrder", { id: "e", pair: PAIR, side: "buy", size: 1, price: 100, createdAt: NOON + 1 }),
      "createdAt",
    ),
  ]),
  example("a done order saved without its time comes back under its own status, and takes no other", "decided", {}, [
    ...enter("e", 100, 1),
    on(
      step("saveOrder", { id: "e", pair: PAIR, side: "buy", size: 1, price: 100, status: "filled" }),
      {},
      { orders: [] },
    ),
    refused(step("saveOrder", { id: "e", pair: PAIR, side: "buy", size: 1, price: 100, status: "open" }), "status"),
  ]),
  example("a name used again after a week is a new order without old fills", "cases: names-used-again", {}, [
    on(step("savePosition", { id: "BTC-long", pair: PAIR, side: "long", size: 1, entryPrice: 100 })),
    exitOrder("exit-1", 1, { positionId: "BTC-long" }),
    on(fill("exit-1", "x-1", 90, 1), { booked: "-10" }),
    on(step("clock", NOON + 8 * DAY)),
    on(step("savePosition", { id: "BTC-long", pair: PAIR, side: "long", size: 1, entryPrice: 100 })),
    exitOrder("exit-1", 1, { positionId: "BTC-long" }),
    on(
      fill("exit-1", "x-1", 90, 1),
      { applied: true, booked: "-10" },
      { positions: [], today: { pnl: "-10", trades: 1 }, streak: 2 },
    ),
  ]),
  example("an order that was amended counts as it is now", "cases: amended-order", { max_exposure: 250 }, [
    on(admission("a", 1, 100), {}, { exposure: "100" }),
    on(
      step("updateOrder", "a", { size: 3, price: 95, status: "open" }),
      {},
      { exposure: "285", orders: [{ size: 3, price: 95 }] },
    ),
    notAdmitted(admission("b", 1, 100, { pair: "ETH/USDT" }), "max_exposure"),
    on(fill("a", "1", 95, 1), {}, { orders: [{ status: "partially_filled", filled: 1 }], exposure: "285" }),
  ]),
  example("a fill of a cancelled order marks its signal again", "cases: cancelled-yet-filled", {}, [
    on(admission("a", 1, 100)),
    on(fill("a", "1", 100, 0.4)),
    on(step("cancelOrder", "a", { releaseSignal: true }), { applied: true }, { signals: ["a"], orders: [] }),
    on(fill("a", "2", 100, 0.6), { applied: true }, { signals: ["a"], positions: [{ size: 1 }] }),
    on(admission("b", 1, 100)),
    on(step("cancelOrder", "b", { releaseSignal: true }), { applied: true }, { signals: ["a"], orders: [] }),
    on(fill("b", "1", 100, 0.6), { applied: true }, { signals: ["a", "b"] }),
  ]),
  example("done on less than the order's size is a cancelled order", "design.md 2", {}, [
    on(step("saveOrder", { id: "e", pair: PAIR, side: "buy", size: 1, price: 100 })),
    on(fill("e", "1", 100, 0.4, { done: true }), {}, { orders: [], positions: [{ size: 0.4 }] }),
    on(step("cancelOrder", "e"), { applied: false }),
  ]),
];

const TRADES: readonly Example[] = [
  example(
    "days are trades closed, open results, later bookings, cash of no trade and untied results",
    "money.md 11",
    {},
    [
      ...enter("a", 100, 2, {}, { fee: 0.2 }),
      exitOrder("x", 2, { positionId: "a" }),
      on(fill("x", "1", 110, 1, { fee: 0.1 })),
      on(step("bookCash", -3, { id: "c", kind: "interest" })),
      on(
        step("updateDailyPnl", 4),
        {},
        { days: [{ pnl: "10.7", trades: 1, parts: { trades: "0", open: "9.7", later: "0", cash: "-3", told: "4" } }] },
      ),
      on(step("clock", NOON + DAY)),
      on(fill("x", "2", 90, 1), { booked: "-10" }),
      on(
        step("bookCash", -0.5, { id: "d", kind: "funding", positionId: "a" }),
        {},
        {
          days: [
            { pnl: "10.7" },
            { pnl: "-10.5", trades: 1, parts: { trades: "-0.3", open: "-9.7", later: "-0.5", cash: "0", told: "0" } },
          ],
          trades: [{ pnl: "-0.8", fees: "0.3", cash: "-0.5", exitPrice: 100 }],
          streak: 1,
        },
      ),
    ],
  ),
];

export const EXAMPLES: readonly Example[] = [
  ...CURRENCIES,
  ...FEES,
  ...RESULTS,
  ...EXITS,
  ...RESIDUES,
  ...FLIPS,
  ...ENDS,
  ...CASH,
  ...DAYS,
  ...ORDERS,
  ...TRADES,
];
