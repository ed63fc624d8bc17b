/** What is found when the adapter is made, before anything is asked. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InvalidArgumentError } from "../../src/errors.js";
import { type CcxtExchangeOptions, ccxtExchange } from "../../sync/ccxt/ccxt-exchange.js";
import { ExchangeError } from "../../sync/port/exchange-error.js";
import { clientOf, type ExchangeId } from "./ccxt/clients.js";

const NOWHERE = "http://127.0.0.1:9";
const test = suite("ccxt capabilities");

function refusal(make: () => unknown): unknown {
  try {
    make();
  } catch (error) {
    return error;
  }
  throw new Error("expected a refusal");
}

function made(id: ExchangeId, options: CcxtExchangeOptions = {}) {
  return ccxtExchange(clientOf(id, NOWHERE, { defaultType: "swap" }), { unproven: true, ...options });
}

test("all missing methods are named at once", () => {
  const client = clientOf("okx", NOWHERE, { defaultType: "swap" });
  Object.assign(client.has, { fetchPositions: false, fetchMyTrades: false });
  const error = refusal(() => ccxtExchange(client, { unproven: true }));
  assert.instance(error, ExchangeError);
  assert.match(String(error), /okx: the client lacks fetchMyTrades; fetchPositions/);
  assert.is(error instanceof ExchangeError && error.failure, "unsupported");
});

test("a client that can neither find an order by its id nor list past ones is refused", () => {
  const client = clientOf("binanceusdm", NOWHERE, { defaultType: "swap" });
  const methods = ["fetchOrder", "fetchOrders", "fetchClosedOrders", "fetchCanceledAndClosedOrders"];
  for (const method of methods) client.has[method] = false;
  assert.match(
    String(refusal(() => ccxtExchange(client, { unproven: true }))),
    /fetchOrder by client order id, fetchOrders or fetchClosedOrders/,
  );
});

test("spot needs the balance and contracts the positions, each only where the pairs are of that kind", () => {
  const client = clientOf("binance", NOWHERE);
  client.has.fetchPositions = false;
  assert.is(ccxtExchange(client, { unproven: true, pairs: ["BTC/USDT"] }).name, "binance");
  assert.match(
    String(refusal(() => ccxtExchange(client, { unproven: true, pairs: ["BTC/USDT:USDT"] }))),
    /lacks fetchPositions/,
  );
  client.has.fetchBalance = false;
  assert.match(
    String(refusal(() => ccxtExchange(client, { unproven: true, pairs: ["BTC/USDT"] }))),
    /lacks fetchBalance/,
  );
});

test("a client that trades spot by default has to be told the pairs", () => {
  const client = clientOf("okx", NOWHERE, { defaultType: "spot" });
  const error = refusal(() => ccxtExchange(client, { unproven: true }));
  assert.match(String(error), /okx: `pairs` is needed/);
  assert.is(ccxtExchange(client, { unproven: true, pairs: ["LTC/USDT:USDT"] }).name, "okx");
});

test("a client that repeats failed requests on its own is refused: it could send an order twice", () => {
  const client = clientOf("okx", NOWHERE, { defaultType: "swap", maxRetriesOnFailure: 3 });
  assert.match(String(refusal(() => ccxtExchange(client, { unproven: true }))), /maxRetriesOnFailure must be 0/);
});

test("what an exchange cannot tell is said in words, with its name", () => {
  const said = (id: ExchangeId, options?: CcxtExchangeOptions) => (made(id, options).limitations ?? []).join("\n");
  assert.match(
    said("binanceusdm"),
    /binanceusdm: it refuses a client order id that was used before only while that order is open/,
  );
  assert.match(said("hyperliquid"), /128-bit client order ids/);
  const silent = clientOf("okx", NOWHERE, { defaultType: "swap" });
  silent.has.fetchPositionMode = false;
  assert.match((ccxtExchange(silent).limitations ?? []).join("\n"), /the option `hedged` must/);
  assert.match(said("okx"), /letters and digits only/);
  assert.match(said("binance", { pairs: ["BTC/USDT"] }), /cannot be short/);
  assert.not.match(said("binanceusdm"), /cannot be asked for by client order id/);
});

test("what is not proven is refused, says how to take it all the same, and is called unproven then", () => {
  const pairs = ["HYPE/USDC"];
  const error = refusal(() => ccxtExchange(clientOf("hyperliquid", NOWHERE), { pairs }));
  assert.instance(error, ExchangeError);
  assert.is(error instanceof ExchangeError && error.failure, "unsupported");
  assert.match(String(error), /hyperliquid: its spot markets are not proven.*\{ unproven: true \}/);
  const exchange = made("hyperliquid", { pairs, unproven: true });
  assert.is(exchange.level, "unproven");
  assert.match((exchange.limitations ?? []).join("\n"), /not proven: every order waits for a person/);
  assert.is(exchange.bounded?.({ timeout: 1 }).level, "unproven");
});

test("another minor version of ccxt than the proven one is told, and so is one that is not known", () => {
  const notes = (version: unknown) => {
    const client = clientOf("binanceusdm", NOWHERE);
    Object.defineProperty(client, "constructor", { value: { ccxtVersion: version } });
    const { level, limitations = [] } = ccxtExchange(client);
    assert.is(level, "proven");
    return limitations.filter((text) => /proven with ccxt/.test(text));
  };
  assert.equal(notes("4.5.1"), []);
  assert.match(notes("4.6.0").join(), /binanceusdm: it is proven with ccxt 4\.5, and this is 4\.6/);
  assert.match(notes(undefined).join(), /this client does not say its version/);
});

test("an exchange of which nobody knows how it is sent a client order id is refused, unproven or not", () => {
  const client = clientOf("okx", NOWHERE, { defaultType: "swap" });
  client.id = "someexchange";
  const error = refusal(() => ccxtExchange(client, { unproven: true }));
  assert.match(String(error), /someexchange: it is not known under which name ccxt sends a client order id to it/);
});

test("options that cannot be meant are refused, and name the field", () => {
  const refused: readonly (readonly [CcxtExchangeOptions, RegExp])[] = [
    [{ timeout: 0 }, /timeout: expected a duration/],
    [{ timeout: -5 }, /timeout: expected a duration/],
    [{ pairs: [] }, /pairs: expected at least one/],
    [{ pairs: ["BTCUSDT"] }, /pairs: expected BTC\/USDT or BTC\/USDT:USDT, got "BTCUSDT"/],
    [{ pairs: ["BTC/USDT", "BTC/USDC"] }, /BTC\/USDT and BTC\/USDC share the balance of BTC/],
  ];
  for (const [options, message] of refused) {
    const error = refusal(() => made("binance", options));
    assert.instance(error, InvalidArgumentError);
    assert.match(String(error), message);
  }
  assert.is(made("binance", { pairs: ["BTC/USDT", "BTC/USDT:USDT", "BTC/USDT"], timeout: "3s" }).name, "binance");
});

test("a pair without its settlement is the contract that settles in its quote currency, or the one among the pairs", async () => {
  const swaps = made("okx");
  assert.is(await swaps.resolvePair?.("LTC/USDT"), "LTC/USDT:USDT");
  assert.is(await swaps.resolvePair?.("LTC/USDT:USDT"), "LTC/USDT:USDT");
  assert.is(await swaps.resolvePair?.("NONE/USDT"), "NONE/USDT");
  const named = made("okx", { pairs: ["LTC/USDT"] });
  assert.is(await named.resolvePair?.("LTC/USDT"), "LTC/USDT");
  assert.is(await named.resolvePair?.("BTC/USDT"), "BTC/USDT");
});

test.run();
