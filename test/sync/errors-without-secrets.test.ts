/** What an exchange, ccxt or the network says in an error never shows a signed URL, a key or a password, whoever is told it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import * as ccxt from "ccxt";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { StateManager } from "../../src/index.js";
import {
  type Check,
  ccxtExchange,
  type Exchange,
  planRecovery,
  planText,
  reconcile,
  recover,
  submitAndBook,
} from "../../sync/index.js";
import { sfState } from "../cli/command.js";
import { failure } from "../contract/expect.js";
import { clientOf, EXCHANGES } from "./ccxt/clients.js";
import { ExchangeServer } from "./ccxt/exchange-server.js";
import { QUICK } from "./recovery/stand.js";

const server = await ExchangeServer.start(() => ({ hang: true }));
const test = suite("errors without secrets");
test.after(() => server.close());

/** Keys that open nothing. */
const API_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A";
const SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j+/=";
const PASSWORD = "correct horse battery";
const SIGNATURE = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71";

const LEAK = [
  `GET https://user:${PASSWORD}@fapi.binance.com/fapi/v3/order?timestamp=1591702613943&signature=${SIGNATURE}&apiKey=${API_KEY} fetch failed`,
  `POST https:\\/\\/api.example.com\\/v5\\/order?sign=${SIGNATURE}`,
  `body symbol=BTCUSDT&signature=${SIGNATURE}&secret=${encodeURIComponent(SECRET)}`,
  `headers {"X-MBX-APIKEY":"${API_KEY}","OK-ACCESS-SIGN":"${SIGNATURE}","OK-ACCESS-PASSPHRASE":"${PASSWORD}"}`,
  `Authorization: Bearer ${SIGNATURE}`,
  `the secret is ${SECRET} and the password ${PASSWORD}, of key ${API_KEY}`,
].join(" | ");

const TOLD = [API_KEY, SECRET, encodeURIComponent(SECRET), PASSWORD, SIGNATURE];

const CLASSES = {
  NetworkError: ccxt.NetworkError,
  RequestTimeout: ccxt.RequestTimeout,
  ExchangeNotAvailable: ccxt.ExchangeNotAvailable,
  RateLimitExceeded: ccxt.RateLimitExceeded,
  ExchangeError: ccxt.ExchangeError,
  BadRequest: ccxt.BadRequest,
  InvalidOrder: ccxt.InvalidOrder,
  OrderNotFound: ccxt.OrderNotFound,
  AuthenticationError: ccxt.AuthenticationError,
  Error,
  TypeError,
};

/** Every way in which an error may come to somebody's eyes: its words, its causes, what loggers and JSON make of it. */
function shownOf(error: unknown): string {
  const shown = [
    String(error),
    inspect(error, { depth: null, showHidden: true, getters: true }),
    JSON.stringify(error),
  ];
  for (let each = error; typeof each === "object" && each !== null; each = Reflect.get(each, "cause")) {
    for (const key of Reflect.ownKeys(each)) shown.push(`${String(key)}: ${inspect(Reflect.get(each, key))}`);
    shown.push(JSON.stringify(each, Object.getOwnPropertyNames(each)));
  }
  return shown.join("\n");
}

function checkSilent(shown: string, where: string): void {
  for (const secret of TOLD)
    assert.not.ok(shown.includes(secret), `${where} shows ${secret}: ${shown.slice(0, 2_000)}`);
  assert.is(/.{0,80}https?:[^\s"]*\?(?!\*\*\*).{0,80}/.exec(shown)?.[0], undefined, where);
}

/** A ccxt client of an exchange that every request ends on with this error; `letPass` names those that are answered. */
function failingClient(error: Error, letPass: (url: string, method: string) => boolean = () => false) {
  const client = clientOf("binanceusdm", server.url, { defaultType: "swap" });
  Object.assign(client, { apiKey: API_KEY, secret: SECRET, password: PASSWORD });
  const { fetch } = client;
  client.fetch = async (url: string, method = "GET", ...rest: [unknown, unknown]) => {
    if (letPass(url, method)) return Reflect.apply(fetch, client, [url, method, ...rest]);
    error.cause = new Error(`cause: ${LEAK}`, { cause: { request: LEAK } });
    Object.assign(error, { request: { url: LEAK, headers: { "X-MBX-APIKEY": API_KEY } } });
    throw error;
  };
  return client;
}

const PAIR = "BTC/USDT:USDT";

const ORDER = { clientOrderId: "bot1", pair: PAIR, side: "buy", size: 1, reduceOnly: false } as const;

/** Every method of the port that asks the exchange. */
const CALLS: Readonly<Record<string, (exchange: Exchange) => Promise<unknown> | undefined>> = {
  fetchPositions: (exchange) => exchange.fetchPositions(),
  fetchOpenOrders: (exchange) => exchange.fetchOpenOrders(),
  fetchOrder: (exchange) => exchange.fetchOrder("bot1", PAIR),
  fetchFills: (exchange) => exchange.fetchFills(PAIR, new Date(Date.now() - 60_000)),
  "createOrder market": (exchange) => exchange.createOrder({ ...ORDER, type: "market" }),
  "createOrder limit": (exchange) => exchange.createOrder({ ...ORDER, type: "limit", price: 100 }),
  "createOrder stop": (exchange) => exchange.createOrder({ ...ORDER, type: "stop", price: 100 }),
  "createOrder in hedge mode": (exchange) => exchange.createOrder({ ...ORDER, type: "market", positionSide: "long" }),
  cancelOrder: (exchange) => exchange.cancelOrder("bot1", PAIR),
  fetchTime: (exchange) => exchange.fetchTime?.(),
  fetchOrderById: (exchange) => exchange.fetchOrderById?.("1", PAIR),
};

test("the errors that are put in do show all of it", () => {
  const shown = shownOf(new ccxt.NetworkError(LEAK));
  for (const secret of TOLD) assert.ok(shown.includes(secret), secret);
});

for (const [name, Class] of Object.entries(CLASSES)) {
  test(`a ${name} is told without them by every method`, async () => {
    for (const [method, call] of Object.entries(CALLS)) {
      const asking = call(ccxtExchange(failingClient(new Class(LEAK)), { unproven: true, pairs: [PAIR] }));
      if (asking === undefined) continue;
      const outcome = await asking.then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
      // An order that is not known is an answer to two of them.
      if (!("error" in outcome)) {
        assert.is(name, "OrderNotFound", method);
        continue;
      }
      checkSilent(shownOf(outcome.error), `${method} after ${name}`);
    }
  });
}

test("the cause is still of ccxt's class, and the message still says what was asked and why", async () => {
  const error = await failure(
    ccxtExchange(failingClient(new ccxt.RateLimitExceeded(LEAK)), { unproven: true, pairs: [PAIR] }).fetchPositions(),
  );
  assert.instance(error.cause, ccxt.RateLimitExceeded);
  assert.match(
    error.message,
    /^binanceusdm: positions: RateLimitExceeded: .*fapi\.binance\.com\/fapi\/v3\/order\?\*\*\* fetch failed/,
  );
});

test("the cancellation itself, and markets that cannot be loaded, are told without them", async () => {
  const row = {
    orderId: 7,
    clientOrderId: "bot1",
    symbol: "BTCUSDT",
    side: "BUY",
    type: "LIMIT",
    status: "NEW",
    origQty: "1",
    executedQty: "0",
    price: "100",
    time: Date.now(),
  };
  server.answer = () => ({ json: row });
  const client = failingClient(new ccxt.InvalidOrder(LEAK), (_, method) => method !== "DELETE");
  checkSilent(
    shownOf(await failure(ccxtExchange(client, { unproven: true, pairs: [PAIR] }).cancelOrder("bot1", PAIR))),
    "cancelOrder",
  );

  const bare = failingClient(new ccxt.ExchangeNotAvailable(LEAK));
  bare.markets = undefined;
  const exchange = ccxtExchange(bare, { unproven: true, pairs: [PAIR] });
  checkSilent(shownOf(await failure(exchange.fetchFills(PAIR, new Date()))), "loadMarkets");
});

test("keys that are changed while the bot runs are kept, too", async () => {
  const client = failingClient(new ccxt.NetworkError("of key another-key-of-the-account"));
  const exchange = ccxtExchange(client, { unproven: true, pairs: [PAIR] });
  client.apiKey = "another-key-of-the-account";
  assert.not.match(shownOf(await failure(exchange.fetchPositions())), /another-key/);
});

for (const id of EXCHANGES) {
  test(`${id}: what a server repeats of the request, and a request that times out, are told without them`, async () => {
    const client = clientOf(id, server.url, { defaultType: "swap" });
    // hyperliquid signs with a private key, whose form is its own.
    if (id !== "hyperliquid") Object.assign(client, { apiKey: API_KEY, secret: SECRET, password: PASSWORD });
    let signatures: string[] = [];
    // Where they are made: a request that times out on a slow machine may never reach the server.
    const sign = client.sign.bind(client);
    client.sign = (...args: Parameters<typeof sign>) => {
      const signed = sign(...args);
      const text = JSON.stringify(signed);
      signatures.push(...[...text.matchAll(/signature=(\w+)/g)].map(([, signature]) => signature as string));
      return signed;
    };
    const pair = id === "hyperliquid" ? "SOL/USDC:USDC" : "LTC/USDT:USDT";
    const exchange = ccxtExchange(client, { unproven: true, pairs: [pair] });
    const reactions = [
      { react: () => ({ hang: true }) as const, timeout: 60 },
      ...[400, 401, 429, 500].map((status) => ({ react: (text: string) => ({ text, status }), timeout: 30_000 })),
    ];
    for (const { react, timeout } of reactions) {
      client.timeout = timeout;
      signatures = [];
      server.answer = ({ path, fields, body }) => react(`no: ${path}?${new URLSearchParams(fields)} ${body} ${LEAK}`);
      const calls = [
        exchange.fetchPositions(),
        exchange.fetchFills(pair, new Date()),
        exchange.fetchOrder("bot1", pair),
        exchange.createOrder({ ...ORDER, pair, type: "limit", price: 100 }),
      ];
      for (const outcome of await Promise.allSettled(calls)) {
        if (outcome.status !== "rejected") continue;
        const shown = shownOf(outcome.reason);
        checkSilent(shown, id);
        for (const signature of signatures)
          assert.not.ok(shown.includes(signature), `${id} shows a signature: ${shown}`);
      }
      if (id === "binanceusdm") assert.ok(signatures.length > 0, "nothing was signed");
    }
  });
}

test("recover, planRecovery, reconcile and submitAndBook tell them to nobody", async () => {
  for (const Class of [ccxt.NetworkError, ccxt.AuthenticationError, ccxt.BadRequest, Error]) {
    const exchange = ccxtExchange(failingClient(new Class(LEAK)), { unproven: true, pairs: [PAIR] });
    const warned: string[] = [];
    const log = (message: string) => warned.push(message);
    const logger = { debug: log, info: log, warn: log, error: log };
    await using state = await StateManager.open("flow", { backend: "memory" }, { logger });
    const admission = await state.admit({
      signalId: "s",
      orderId: "bot1",
      orderType: "market",
      pair: PAIR,
      side: "long",
      size: 1,
      price: 100,
    });
    if (!admission.admitted) throw new Error(admission.message);

    checkSilent(shownOf(await failure(recover(state, exchange, QUICK))), `recover after ${Class.name}`);
    const planned = await planRecovery(state, exchange, QUICK).then(
      (plan) => `${JSON.stringify(plan)} ${planText(plan)}`,
      (error: unknown) => shownOf(error),
    );
    checkSilent(planned, `planRecovery after ${Class.name}`);
    const checks: Check[] = [];
    const over = new AbortController();
    await reconcile(state, exchange, {
      ...QUICK,
      signal: over.signal,
      onCheck: (found) => {
        checks.push(found);
        over.abort();
      },
    });
    assert.is(checks.length, 1);
    checkSilent(
      `${JSON.stringify(checks)} ${checks.map(({ error }) => shownOf(error))}`,
      `reconcile after ${Class.name}`,
    );
    const done = await submitAndBook(state, exchange, admission.order, { wait: 0 });
    checkSilent(
      `${JSON.stringify(done)} ${inspect(done, { depth: null, showHidden: true })}`,
      `submitAndBook after ${Class.name}`,
    );
    checkSilent(
      JSON.stringify([await state.snapshot(), await state.getEvents(), warned]),
      `the state after ${Class.name}`,
    );
  }
});

test("sf-state recover tells them to nobody, nor repeats options that may hold a key", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sf-secrets-"));
  const path = join(folder, "bot.db");
  {
    await using state = await StateManager.open("bot", { backend: "duckdb", duckdb: { path } });
    await state.saveOrder({ id: "bot1", pair: PAIR, side: "buy", size: 1, status: "submitted" });
  }
  server.asked.length = 0;
  server.answer = ({ path: asked, fields, body }) => ({
    text: `no: ${asked}?${new URLSearchParams(fields)} ${body} ${LEAK}`,
    status: 400,
  });
  const { urls, markets } = clientOf("binanceusdm", server.url);
  const api = Object.fromEntries(Object.keys(urls.api ?? {}).map((name) => [name, `${server.url}/fapi/v1`]));
  const options = JSON.stringify({ urls: { api }, markets });
  const args = ["recover", "--exchange", "binanceusdm", "--unproven", "--flow", "bot", "--duckdb", path];
  const env = { BINANCEUSDM_API_KEY: API_KEY, BINANCEUSDM_SECRET: SECRET, BINANCEUSDM_PASSWORD: PASSWORD };
  for (const more of [["--json", "--dry-run"], ["--dry-run"], ["--yes"]]) {
    const { stdout, stderr, code } = await sfState([...args, "--exchange-options", options, ...more], env);
    assert.is(code, 3, stdout + stderr);
    assert.match(stdout + stderr, /binanceusdm: positions/);
    checkSilent(stdout + stderr, "sf-state recover");
  }
  assert.ok(
    server.asked.some(({ fields }) => fields.signature !== undefined),
    "nothing was signed",
  );
  const broken = await sfState([...args, "--exchange-options", `{"apiKey":"${API_KEY}",`], env);
  assert.is(broken.code, 2);
  checkSilent(broken.stdout + broken.stderr, "sf-state recover with options that are no JSON");
  await rm(folder, { recursive: true, force: true });
});

test.run();
