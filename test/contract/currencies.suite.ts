/** Amounts in several currencies: rates, fees in any coin, inverse contracts, and what nobody could price (money.md, 1 and 2). */
import * as assert from "uvu/assert";
import { type Config, ConfigError, InvalidArgumentError, type StateManager } from "../../src/index.js";
import { failure } from "./expect.js";
import type { Open, Theme } from "./open.js";

const USDT: Config = { risk: { currency: "USDT" } };
const INVERSE = "BTC/USD:BTC";

/** An entry order of that pair, and its fill. */
async function entered(mgr: StateManager, pair: string, price: number, size: number, rate?: number): Promise<void> {
  await mgr.saveOrder({ id: "in", pair, side: "buy", size, price, ...(rate !== undefined && { rate }) });
  await mgr.recordFill("in", { fillId: "e1", price, size });
  await mgr.saveOrder({ id: "out", pair, side: "sell", size, intent: "exit", positionId: "in" });
}

export const currencies: Theme = (test, open) => {
  test("results, fees and exposure of another currency are the flow's, each at the rate of its own call", async () => {
    await using mgr = await open(USDT);
    await entered(mgr, "ETH/BTC", 0.05, 100, 60_000);
    // 5 BTC at 60,000
    assert.is(await exposure(mgr), "300000");
    assert.is((await mgr.getPosition("in"))?.rate, 60_000);
    const half = await mgr.recordFill("out", { fillId: "x1", price: 0.06, size: 50, fee: 0.001, rate: 50_000 });
    // +0.5 BTC and a fee of 0.001 BTC at 50,000
    assert.equal([half.booked, half.position?.realised, half.position?.fees], [24_950, 24_950, 50]);
    assert.is(await exposure(mgr), "150000");
    // At the last rate, which nobody told for this fill.
    const flat = await mgr.recordFill("out", { fillId: "x2", price: 0.04, size: 50 });
    const [trade] = flat.trades;
    assert.equal([flat.booked, trade?.pnl, trade?.fees, trade?.currency], [-25_000, -50, 50, "USDT"]);
    assert.equal([trade?.rateAssumed, trade?.entryPrice, trade?.exitPrice], [true, 0.05, 0.05]);
    assert.is(await exposure(mgr), "0");
  });

  test("an entry in another currency needs a rate, whichever call brings it; an exit never does", async () => {
    await using mgr = await open(USDT);
    const admission = { signalId: "s", pair: "ETH/BTC", side: "long", size: 1, price: 0.05 } as const;
    await refused(/^rate: .* BTC/, mgr.admit(admission));
    await refused(/^rate: /, mgr.saveOrder({ id: "o", pair: "ETH/BTC", side: "buy", size: 1, price: 0.05 }));
    const position = { id: "p", pair: "ETH/BTC", side: "long", size: 1, entryPrice: 0.05 } as const;
    await refused(/^rate: /, mgr.savePosition(position));
    assert.equal([await mgr.getPositions(), await mgr.getPendingOrders()], [[], []]);
    // A market order has no price: its fill needs the rate.
    await mgr.saveOrder({ id: "o", pair: "ETH/BTC", side: "buy", size: 1 });
    await refused(/^rate: /, mgr.recordFill("o", { fillId: "f", price: 0.05, size: 1 }));
    await mgr.recordFill("o", { fillId: "f", price: 0.05, size: 1, rate: 60_000 });
    await mgr.saveOrder({ id: "x", pair: "ETH/BTC", side: "sell", size: 1, intent: "exit", positionId: "o" });
    assert.is((await mgr.recordFill("x", { fillId: "f", price: 0.06, size: 1 })).booked, 600);
  });

  test("what is not above zero is no rate, in every call that takes one", async () => {
    await using mgr = await open(USDT);
    await mgr.savePosition({ id: "p", pair: "BTC/USDT", side: "long", size: 1, entryPrice: 100 });
    await mgr.saveOrder({ id: "o", pair: "BTC/USDT", side: "buy", size: 1, price: 100 });
    const entry = { pair: "BTC/USDT", size: 1 } as const;
    for (const rate of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      for (const call of [
        () => mgr.savePosition({ id: "q", side: "long", entryPrice: 100, ...entry, rate }),
        () => mgr.updatePosition("p", { rate }),
        () => mgr.saveOrder({ id: "q", side: "buy", price: 100, ...entry, rate }),
        () => mgr.updateOrder("o", { rate }),
        () => mgr.admit({ signalId: "s", side: "long", price: 100, ...entry, rate }),
        () => mgr.recordFill("o", { fillId: "f", price: 100, size: 1, rate }),
        () => mgr.recordFill("o", { fillId: "f", price: 100, size: 1, fee: { amount: 1, currency: "BNB", rate } }),
        () => mgr.closePosition("p", { pnl: 1, currency: "EUR", rate }),
        () => mgr.updateDailyPnl(1, { currency: "EUR", rate }),
      ]) {
        await refused(/rate: expected a positive number/, call());
      }
    }
    for (const currency of ["", "A B", "BTC/USDT", "x".repeat(33), "-"]) {
      await refused(/^currency: expected a currency/, mgr.updateDailyPnl(1, { currency, rate: 1 }));
      const fee = { amount: 1, currency };
      await refused(/^fill\.fee\.currency: /, mgr.recordFill("o", { fillId: "f", price: 100, size: 1, fee }));
    }
    assert.is((await mgr.getRiskState()).dailyPnl, 0);
  });

  test("the flow's currency is that of its first pair, unless it is configured; another one is refused at connect", async () => {
    await using first = await open();
    assert.is(await currencyOf(first), undefined);
    await refused(/^currency: .*set risk\.currency/, first.updateDailyPnl(1, { currency: "USDT" }));
    await first.savePosition({ id: "n", pair: "a name", side: "long", size: 1, entryPrice: 1 });
    assert.is(await currencyOf(first), undefined);
    await first.savePosition({ id: "p", pair: "BTC/EUR", side: "long", size: 1, entryPrice: 1 });
    assert.is(await currencyOf(first), "EUR");
    assert.is(await first.setCurrency("EUR"), "EUR");
    await refused(/^currency: the flow is counted in EUR, got USDT/, first.setCurrency("USDT"));

    await using configured = await open(USDT);
    assert.is(await currencyOf(configured), "USDT");
    await refused(
      /^rate: /,
      configured.savePosition({ id: "p", pair: "BTC/EUR", side: "long", size: 1, entryPrice: 1 }),
    );
  });

  test("a currency that counts as the flow's needs no rate, and a rate that is given wins", async () => {
    await using mgr = await open({ risk: { currency: "USDT", same_currency: ["USDC", "USD"] } });
    await mgr.savePosition({ id: "a", pair: "BTC/USDC", side: "long", size: 1, entryPrice: 100 });
    await mgr.savePosition({ id: "b", pair: "BTC/USDC", side: "long", size: 1, entryPrice: 100, rate: 0.5 });
    assert.is(await exposure(mgr), "150");
    assert.is((await mgr.updateDailyPnl(10, { currency: "USD" })).dailyPnl, 10);
    assert.is((await mgr.updateDailyPnl(10, { currency: "USDC", rate: 0.9 })).dailyPnl, 19);
    // Linear, since USDC counts as USD.
    await mgr.savePosition({ id: "c", pair: "BTC/USD:USDC", side: "long", size: 2, entryPrice: 100 });
    assert.is(await exposure(mgr), "350");
  });

  test("what settles in neither its base nor its quote, and options, are refused by name", async () => {
    await using mgr = await open(USDT);
    for (const pair of ["BTC/USDT:ETH", "BTC/USD:BTC-240628-50000-C", "ETH/USDT:USDT-240628-3000.5-P"]) {
      const position = { id: "p", pair, side: "long", size: 1, entryPrice: 1, rate: 1 } as const;
      await refused(/^pair: .*not supported/, mgr.savePosition(position));
      await refused(/^pair: /, mgr.saveOrder({ id: "o", pair, side: "buy", size: 1, price: 1, rate: 1 }));
      await refused(/^pair: /, mgr.admit({ signalId: "s", pair, side: "long", size: 1, price: 1, rate: 1 }));
    }
    assert.is(await exposure(mgr), "0");
  });

  test("an inverse contract is worth size / price, and its price is the rate where its quote is the flow's", async () => {
    await using mgr = await open({ risk: { currency: "USD" } });
    await entered(mgr, INVERSE, 40_000, 10_000);
    assert.is(await exposure(mgr), "10000");
    // 10,000 / 40,000 - 10,000 / 50,000 = 0.05 BTC, at 50,000
    const { booked, trades } = await mgr.recordFill("out", { fillId: "x", price: 50_000, size: 10_000 });
    assert.equal([booked, trades[0]?.pnl, trades[0]?.rateAssumed], [2500, 2500, undefined]);

    await mgr.saveOrder({ id: "e", pair: INVERSE, side: "sell", size: 20_000 });
    await mgr.recordFill("e", { fillId: "1", price: 40_000, size: 10_000 });
    const { position } = await mgr.recordFill("e", { fillId: "2", price: 50_000, size: 10_000 });
    // 20,000 / (0.25 + 0.2)
    assert.is(position?.entryPrice, 20_000 / 0.45);
    assert.is(await exposure(mgr), "20000");
    await mgr.saveOrder({ id: "y", pair: INVERSE, side: "buy", size: 20_000, intent: "exit", positionId: "e" });
    // Short: 20,000 / 40,000 - 0.45 = +0.05 BTC, at 40,000
    assert.is((await mgr.recordFill("y", { fillId: "3", price: 40_000, size: 20_000 })).booked, 2000);
    for (const price of [0, -1]) {
      await refused(
        /price: .*above 0 of an inverse/,
        mgr.admit({ signalId: "s", pair: INVERSE, side: "long", size: 1, price }),
      );
      await refused(/price: /, mgr.saveOrder({ id: "z", pair: INVERSE, side: "buy", size: 1, price }));
      await refused(
        /entryPrice: /,
        mgr.savePosition({ id: "z", pair: INVERSE, side: "long", size: 1, entryPrice: price }),
      );
    }
  });

  test("a spot fee in the base coin makes the position smaller, and the order is filled", async () => {
    await using mgr = await open(USDT);
    await mgr.saveOrder({ id: "in", pair: "BTC/USDT", side: "buy", size: 1, price: 100 });
    const fee = { amount: 0.001, currency: "BTC" };
    const entry = await mgr.recordFill("in", { fillId: "e", price: 100, size: 1, fee });
    assert.equal([entry.order?.status, entry.order?.filled, entry.position?.size], ["filled", 1, 0.999]);
    assert.equal([entry.position?.fees, entry.booked, entry.unpriced], [0.1, -0.1, undefined]);
    await mgr.saveOrder({ id: "out", pair: "BTC/USDT", side: "sell", size: 0.999, intent: "exit", positionId: "in" });
    const exit = await mgr.recordFill("out", { fillId: "x", price: 110, size: 0.999 });
    // 0.999 x 10 - 0.1
    assert.equal([exit.trades[0]?.pnl, exit.order?.status], [9.89, "filled"]);
    await mgr.saveOrder({ id: "much", pair: "BTC/USDT", side: "buy", size: 1, price: 100 });
    const all = { amount: 1, currency: "BTC" };
    await refused(/^fee: /, mgr.recordFill("much", { fillId: "e", price: 100, size: 1, fee: all }));
  });

  test("a fee that nobody can price is shown on fill, position and trade, and is in no sum", async () => {
    await using mgr = await open(USDT);
    await mgr.saveOrder({ id: "in", pair: "BTC/USDT", side: "buy", size: 1, price: 100 });
    const bnb = { amount: 0.005, currency: "BNB" };
    const entry = await mgr.recordFill("in", {
      fillId: "e",
      price: 100,
      size: 1,
      fee: [bnb, { amount: 1, currency: "USDT" }],
    });
    const unpriced = [{ kind: "fee", ...bnb }];
    assert.equal([entry.booked, entry.unpriced, entry.position?.unpriced], [-1, unpriced, unpriced]);
    await mgr.saveOrder({ id: "out", pair: "BTC/USDT", side: "sell", size: 1, intent: "exit", positionId: "in" });
    const exit = await mgr.recordFill("out", { fillId: "x", price: 101, size: 1, fee: { ...bnb, rate: 600 } });
    // +1 - 3; the first 0.005 BNB are still unpriced
    assert.equal([exit.booked, exit.unpriced, exit.trades[0]?.unpriced], [-2, undefined, unpriced]);
    assert.equal([exit.trades[0]?.pnl, exit.trades[0]?.fees], [-3, 4]);
    assert.equal((await mgr.getTrades())[0]?.unpriced, unpriced);
    const told = (await mgr.getEvents()).filter((event) => event.type === "fill_recorded");
    assert.equal(
      told.map(({ fees }) => fees?.length),
      [2, 1],
    );
    assert.equal(
      told.map((event) => event.unpriced),
      [unpriced, undefined],
    );
  });

  test("a result without any rate is unpriced: it is booked as nothing, and moves no streak", async () => {
    await using mgr = await open(USDT);
    await mgr.savePosition({ id: "p", pair: "BTC/USDT", side: "long", size: 1, entryPrice: 100 });
    const { trade, risk } = await mgr.closePosition("p", { pnl: -0.5, currency: "BTC" });
    assert.equal(trade?.unpriced, [{ kind: "result", currency: "BTC", amount: -0.5 }]);
    assert.equal([trade?.pnl, risk.dailyPnl, risk.dailyTrades, risk.consecutiveLosses], [0, 0, 1, 0]);
    await refused(/^rate: /, mgr.updateDailyPnl(-0.5, { currency: "BTC" }));
    await mgr.savePosition({ id: "q", pair: "ETH/BTC", side: "long", size: 1, entryPrice: 0.05, rate: 60_000 });
    const closed = await mgr.closePosition("q", { pnl: -0.01, currency: "BTC" });
    assert.equal([closed.trade?.pnl, closed.trade?.rateAssumed, closed.risk.consecutiveLosses], [-600, true, 1]);
  });

  test("a rate of 1 that was told is kept as any other", async () => {
    await using mgr = await open(USDT);
    await mgr.savePosition({ id: "p", pair: "SOL/USDC", side: "long", size: 3, entryPrice: 100, rate: 1 });
    assert.is((await mgr.getPosition("p"))?.rate, 1);
    await mgr.saveOrder({ id: "x", pair: "SOL/USDC", side: "sell", size: 1, intent: "exit", positionId: "p" });
    assert.is((await mgr.recordFill("x", { fillId: "1", price: 90, size: 1 })).booked, -10);
    const { trade } = await mgr.closePosition("p", { pnl: -50, currency: "USDC" });
    assert.equal([trade?.pnl, trade?.rateAssumed], [-60, true]);
    const entry = await mgr.admit({ signalId: "s", pair: "U/USDC", side: "long", size: 1, price: 1, rate: 1 });
    if (!entry.admitted) throw new Error(entry.message);
    assert.is((await mgr.recordFill(entry.order.id, { fillId: "1", price: 1, size: 1 })).applied, true);
  });

  test("a pair that settles in another currency takes no rate over from the one before", async () => {
    await using mgr = await open(USDT);
    await mgr.savePosition({ id: "p", pair: "ETH/BTC", side: "long", size: 1, entryPrice: 100, rate: 60_000 });
    const renamed = await mgr.updatePosition("p", { pair: "X/USDT" });
    assert.is(renamed.rate, undefined);
    assert.is(await exposure(mgr), "100");
    await mgr.saveOrder({ id: "x", pair: "X/USDT", side: "sell", size: 1, intent: "exit", positionId: "p" });
    assert.is((await mgr.recordFill("x", { fillId: "1", price: 110, size: 1 })).booked, 10);
    await mgr.savePosition({ id: "q", pair: "SOL/BTC", side: "long", size: 1, entryPrice: 1, rate: 60_000 });
    await refused(/^rate: .* ETH/, mgr.updatePosition("q", { pair: "SOL/ETH" }));
    await refused(/^rate: /, mgr.savePosition({ id: "q", pair: "SOL/ETH", side: "long", size: 1, entryPrice: 1 }));
    await mgr.saveOrder({ id: "o", pair: "SOL/BTC", side: "buy", size: 1, price: 1, rate: 60_000 });
    await refused(/^rate: /, mgr.saveOrder({ id: "o", pair: "SOL/ETH", side: "buy", size: 1, price: 1 }));
  });

  test("what settles in its quote by name is linear, and a base fee moves size, though the two count as one currency", async () => {
    await using mgr = await open({ risk: { currency: "USDT", same_currency: ["USDC"] } });
    await mgr.savePosition({ id: "a", pair: "USDC/USDT:USDT", side: "long", size: 10_000, entryPrice: 0.9 });
    await mgr.saveOrder({
      id: "x",
      pair: "USDC/USDT:USDT",
      side: "sell",
      size: 10_000,
      intent: "exit",
      positionId: "a",
    });
    assert.is((await mgr.recordFill("x", { fillId: "1", price: 1, size: 10_000 })).booked, 1000);
    await mgr.saveOrder({ id: "e", pair: "USDC/USDT", side: "buy", size: 1000, price: 0.99 });
    const fee = { amount: 1, currency: "USDC" };
    assert.is((await mgr.recordFill("e", { fillId: "1", price: 0.99, size: 1000, fee })).position?.size, 999);
  });

  test("a fill that explains an end at the position's last rate marks its trade", async () => {
    await using mgr = await open(USDT);
    await entered(mgr, "ETH/BTC", 0.05, 1, 50_000);
    await mgr.removePosition("in");
    assert.is((await mgr.getTrades())[0]?.rateAssumed, undefined);
    assert.is((await mgr.recordFill("out", { fillId: "1", price: 0.06, size: 1 })).booked, 500);
    const [trade] = await mgr.getTrades();
    assert.equal([trade?.pnl, trade?.rateAssumed, trade?.untold], [500, true, undefined]);
  });

  test("cash pays off what was not priced of its own kind and sign, and no more", async () => {
    await using mgr = await open(USDT);
    await mgr.saveOrder({ id: "in", pair: "X/USDT", side: "buy", size: 1, price: 100 });
    await mgr.recordFill("in", { fillId: "1", price: 100, size: 1, fee: { amount: -0.3, currency: "BNB" } });
    const left = async () => (await mgr.getPosition("in"))?.unpriced?.map(({ kind, amount }) => [kind, amount]);
    const of = { positionId: "in", currency: "BNB", rate: 100 } as const;
    await mgr.bookCash(-0.1, { id: "1", kind: "fee", ...of });
    assert.equal(await left(), [["fee", -0.3]]);
    await mgr.bookCash(0.1, { id: "2", kind: "rebate", ...of });
    assert.equal(await left(), [["fee", -0.2]]);
    await mgr.bookCash(5, { id: "3", kind: "rebate", ...of });
    assert.is(await left(), undefined);
    const { trade } = await mgr.closePosition("in", { pnl: -2, currency: "BNB" });
    assert.equal(trade?.unpriced, [{ kind: "result", currency: "BNB", amount: -2 }]);
    await mgr.bookCash(-2, { id: "4", kind: "correction", ...of });
    assert.is((await mgr.getTrades())[0]?.unpriced, undefined);
    await refused(
      /^pair: .* X\/USDT/,
      mgr.bookCash(-1, { id: "5", kind: "funding", positionId: "in", pair: "BTC/USDT" }),
    );
  });

  test("limits in money are warned of, once, where the first pair settles in no stable coin and no currency is configured", async () => {
    const told = await warnings(open, { max_exposure: 10, max_daily_loss: 5 }, ["ETH/BTC", "SOL/ETH"]);
    assert.equal(told.length, 1);
    assert.match(
      told[0] ?? "",
      /^risk\.max_daily_loss and risk\.max_exposure: the flow is counted in BTC, .*set risk\.currency/,
    );
    assert.equal(await warnings(open, { max_exposure: 10 }, ["BTC/USDT", "ETH/BTC"]), []);
    assert.equal(await warnings(open, { max_exposure: 10, currency: "BTC" }, ["ETH/BTC"]), []);
    assert.equal(await warnings(open, { max_open_positions: 10 }, ["ETH/BTC"]), []);
  });

  test("another currency at a later connect is a ConfigError that names the key, and the flow stays as it is", async () => {
    await using mgr = await open(USDT);
    await mgr.savePosition({ id: "p", pair: "BTC/USDT", side: "long", size: 1, entryPrice: 100 });
    await refused(/^currency: the flow is counted in USDT, got EUR/, mgr.setCurrency("EUR"));
    for (const risk of [{ currency: "A B" }, { currency: "" }, { same_currency: ["A/B"] }]) {
      const error = await failure(open({ risk }));
      assert.instance(error, ConfigError);
      assert.match(error.message, /risk\.(?:currency|same_currency)/);
    }
    assert.is(await currencyOf(mgr), "USDT");
  });
};

/** The same limits, and pairs told one after the other: what the logger is warned of. */
async function warnings(open: Open, risk: NonNullable<Config["risk"]>, pairs: readonly string[]): Promise<string[]> {
  const told: string[] = [];
  const logger = { info() {}, warn: (message: string) => void told.push(message) };
  await using mgr = await open({ risk }, { logger });
  for (const [n, pair] of pairs.entries()) {
    await mgr.savePosition({ id: `p${n}`, pair, side: "long", size: 1, entryPrice: 1, rate: 1 });
  }
  return told;
}

async function refused(words: RegExp, call: Promise<unknown>): Promise<void> {
  const error = await failure(call);
  assert.instance(error, InvalidArgumentError);
  assert.match(error.message, words);
}

async function exposure(mgr: StateManager): Promise<string> {
  return (await entries(mgr, "risk:exposure")).get("notional") ?? "0";
}

async function currencyOf(mgr: StateManager): Promise<string | undefined> {
  return (await entries(mgr, "flow:meta")).get("currency");
}

async function entries(mgr: StateManager, key: "risk:exposure" | "flow:meta"): Promise<ReadonlyMap<string, string>> {
  const layout = await mgr.exportFlow();
  return new Map(layout.entries[key].map(([name = "", value = ""]) => [name, value]));
}
