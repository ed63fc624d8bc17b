/** Client order ids for bots that submit through their own ccxt client, and what recovery makes of them in another process. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InvalidArgumentError, StateManager } from "../../src/index.js";
import { ccxtExchange, clientOrderIdsOf, planRecovery, recover } from "../../sync/index.js";
import { clientOf } from "./ccxt/clients.js";
import { QUICK } from "./recovery/stand.js";

const test = suite("client order ids");

/** Ids as bots make them: `admit`'s, and any that the port takes. */
const OURS = [
  "sfo0123456789abcdef0123456789abc",
  "bot_1-a",
  "round-17-exit",
  "T",
  "t1",
  "A".repeat(32),
  "_-_",
] as const;

/** What each listed exchange takes, by its own documents, and whether it takes an id that `admit` makes as it is. */
const TAKEN: Readonly<Record<string, { readonly form: RegExp; readonly asIs: boolean }>> = {
  binance: { form: /^[.A-Z:/a-z0-9_-]{1,36}$/, asIs: true },
  binanceusdm: { form: /^[.A-Z:/a-z0-9_-]{1,36}$/, asIs: true },
  okx: { form: /^[A-Za-z0-9]{1,32}$/, asIs: true },
  myokx: { form: /^[A-Za-z0-9]{1,32}$/, asIs: true },
  kucoin: { form: /^[A-Za-z0-9_-]{1,40}$/, asIs: true },
  kucoinfutures: { form: /^[A-Za-z0-9_-]{1,40}$/, asIs: true },
  bybit: { form: /^[A-Za-z0-9_-]{1,36}$/, asIs: true },
  hyperliquid: { form: /^0x[0-9a-f]{32}$/, asIs: false },
  bitget: { form: /^[A-Za-z0-9_-]{1,50}$/, asIs: true },
  gate: { form: /^(?!t)[A-Za-z0-9._-]{1,28}$/, asIs: false },
  phemex: { form: /^[A-Za-z0-9_-]{1,40}$/, asIs: true },
};

for (const [exchange, { form, asIs }] of Object.entries(TAKEN)) {
  test(`${exchange} takes every id of a bot, in its own form, and each is known again`, () => {
    const ids = clientOrderIdsOf(exchange);
    for (const id of OURS) {
      assert.match(ids.theirs(id), form);
      assert.is(ids.ours(ids.theirs(id)), id);
    }
    assert.is(ids.theirs(OURS[0]) === OURS[0], asIs);
    assert.is(new Set(OURS.map(ids.theirs)).size, OURS.length);
  });
}

test("gate's answers have its prefix, which is no part of the id", () => {
  const ids = clientOrderIdsOf("gate");
  assert.is(ids.ours("t-bot_1-a"), "bot_1-a");
  const long = "sfo0123456789abcdef0123456789abc";
  assert.is(ids.ours(`t-${ids.theirs(long)}`), long);
});

test("an id that no exchange takes, and an exchange that is none, are refused by name", () => {
  for (const id of ["", "a b", "a".repeat(33), "ü"]) {
    assert.throws(
      () => clientOrderIdsOf("okx").theirs(id),
      (error: unknown) => error instanceof InvalidArgumentError && error.message.startsWith("id: "),
    );
  }
  assert.throws(() => clientOrderIdsOf("OKX "), /exchange: expected ccxt's id of it/);
});

test("another process makes the same digests, and recognises those of the ids it is given", async () => {
  const module = new URL("../../sync/index.ts", import.meta.url).href;
  const program = `const { clientOrderIdsOf } = await import(${JSON.stringify(module)});
    console.log(JSON.stringify(["okx", "hyperliquid", "gate"].map((id) => clientOrderIdsOf(id).theirs("bot_1-a"))));`;
  const args = ["--import", "tsx", "--input-type=module", "-e", program];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const theirs: string[] = JSON.parse(stdout);
  for (const [i, exchange] of ["okx", "hyperliquid"].entries()) {
    const ids = clientOrderIdsOf(exchange);
    const digest = theirs[i] ?? "";
    assert.is(ids.ours(digest), digest);
    ids.recognise(["other", "bot_1-a"]);
    assert.is(ids.ours(digest), "bot_1-a");
  }
});

test("ccxtExchange sends the very id that a bot is told", async () => {
  for (const [id, pair] of [
    ["binanceusdm", "LTC/USDT:USDT"],
    ["okx", "LTC/USDT:USDT"],
    ["kucoinfutures", "LTC/USDT:USDT"],
    ["hyperliquid", "SOL/USDC:USDC"],
  ] as const) {
    const client = clientOf(id, "http://127.0.0.1:1", { defaultType: "swap" });
    const sent: unknown[] = [];
    Object.assign(client, {
      createOrder: async (...args: unknown[]) => {
        sent.push(Reflect.get(Object(args[5]), "clientOrderId"));
        return { id: "1" };
      },
      fetchTicker: async () => ({ last: 100 }),
    });
    const exchange = ccxtExchange(client, { unproven: true, pairs: [pair], hedged: false });
    for (const clientOrderId of OURS) {
      await exchange.createOrder({ clientOrderId, pair, side: "buy", size: 1, type: "market", reduceOnly: false });
    }
    assert.equal(sent, OURS.map(clientOrderIdsOf(id).theirs), id);
  }
});

const PAIR = "LTC/USDT:USDT";

/** OKX with one order, which a bot sent through a client of its own under the digest of `id`. */
function okxWith(id: string, status: "open" | "closed") {
  const theirs = clientOrderIdsOf("okx").theirs(id);
  const client = clientOf("okx", "http://127.0.0.1:1", { defaultType: "swap" });
  const now = Date.now();
  const filled = status === "open" ? 400 : 1_000;
  const order = {
    id: "77",
    clientOrderId: theirs,
    symbol: PAIR,
    side: "buy",
    type: "limit",
    amount: 1_000,
    filled,
    price: 70,
    average: 70,
    status,
    timestamp: now - 3_000,
    info: {},
  };
  const trade = {
    id: "t1",
    order: "77",
    symbol: PAIR,
    side: "buy",
    price: 70,
    amount: filled,
    fee: { cost: 0.01, currency: "USDT" },
    timestamp: now - 2_000,
    info: { clOrdId: theirs },
  };
  Object.assign(client, {
    fetchPositions: async () => [{ symbol: PAIR, side: "long", contracts: filled, entryPrice: 70, info: {} }],
    fetchOpenOrders: async (_pair: string, _since: unknown, _limit: unknown, params: object) =>
      status === "open" && Object.keys(params).length === 0 ? [order] : [],
    fetchOrder: async (_id: string, _pair: string, params: { clientOrderId?: string }) => {
      if (params.clientOrderId === theirs && !("trigger" in params)) return order;
      const { OrderNotFound } = await import("ccxt");
      throw new OrderNotFound("okx does not know it");
    },
    fetchMyTrades: async () => [trade],
    fetchPositionMode: async () => ({ hedged: false }),
    fetchTime: async () => Date.now(),
  });
  return client;
}

for (const status of ["open", "closed"] as const) {
  test(`a recovery in a process that never sent it finds the ${status} order of a digest, and books its fills`, async () => {
    await using state = await StateManager.open("flow", { backend: "memory" });
    const id = "bot_1-a";
    await state.saveOrder({ id, pair: PAIR, side: "buy", size: 1, price: 70, orderType: "limit", status: "submitted" });
    const anew = () => ccxtExchange(okxWith(id, status), { unproven: true, pairs: [PAIR], hedged: false });
    const plan = await planRecovery(state, anew(), QUICK);
    assert.equal([plan.failures, plan.foreign, plan.waiting], [[], [], []]);
    const exchange = anew();
    const report = await recover(state, exchange, QUICK);
    assert.is(report.status, "recovered", JSON.stringify(report));
    assert.equal(report.foreign, []);
    assert.equal(report.waiting, []);
    const [order] = await state.findOrders([id]);
    assert.equal([order?.status, order?.filled], status === "open" ? ["partially_filled", 0.4] : ["filled", 1]);
    const [position] = await state.getPositions();
    assert.equal([position?.id, position?.size, position?.entryPrice], [id, status === "open" ? 0.4 : 1, 70]);
  });
}

test.run();
