/** Of one exchange there are several sorts of accounts, and some speak another API: only the sort that the suite plays is proven. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ccxtExchange } from "../../sync/ccxt/ccxt-exchange.js";
import { ExchangeError } from "../../sync/port/exchange-error.js";
import type { Asked } from "./ccxt/exchange-server.js";
import { failing } from "./ccxt/failing.js";
import { PLAYED, type Played } from "./exchanges/all-wires.js";
import { Scene } from "./exchanges/scene.js";
import { wireClient } from "./exchanges/wire-client.js";

const accounts = suite("sorts of accounts");

function played(exchange: string, kind: Played["kind"]): Played {
  const found = PLAYED.find((each) => each.wire.exchange === exchange && each.kind === kind);
  if (found === undefined) throw new Error(`no wire plays ${kind} of ${exchange}`);
  return found;
}

/** Options by which a client trades an account that no wire plays. */
const OTHERS: readonly (readonly [exchange: string, kind: Played["kind"], options: Record<string, unknown>])[] = [
  ["binance", "linear", { portfolioMargin: true }],
  ["binanceusdm", "linear", { papi: true }],
  ["binance", "linear", { fetchPositions: { portfolioMargin: true } }],
  ["binance", "spot", { defaultMarginMode: "cross" }],
  ["binance", "spot", { defaultType: "margin" }],
  ["okx", "spot", { createOrder: { marginMode: "isolated" } }],
  ["bybit", "linear", { enableUnifiedAccount: false, enableUnifiedMargin: false }],
  ["bitget", "spot", { uta: true }],
  ["bitget", "linear", { createOrder: { uta: true } }],
  ["kucoin", "linear", { uta: true }],
  ["kucoin", "spot", { hf: false }],
  ["gate", "spot", { unifiedAccount: true }],
];

for (const [exchange, kind, options] of OTHERS) {
  accounts(`${exchange} ${kind} with ${JSON.stringify(options)} is refused, or unproven where that is allowed`, () => {
    const { wire, markets } = played(exchange, kind);
    const client = wireClient(wire, "http://127.0.0.1:9");
    const pairs = markets.map(({ pair }) => pair);
    assert.is(ccxtExchange(client, { pairs }).level, "proven");
    Object.assign(client.options, options);
    try {
      ccxtExchange(client, { pairs });
      assert.unreachable("it was taken for proven");
    } catch (error) {
      assert.ok(error instanceof ExchangeError && error.failure === "unsupported", String(error));
      assert.match(error.message, "this account is not proven");
    }
    const unproven = ccxtExchange(client, { pairs, unproven: true });
    assert.is(unproven.level, "unproven");
    assert.match((unproven.limitations ?? []).join("\n"), "every order waits for a person");
  });
}

/** What ccxt asks to find out the sort of an account, and what an exchange answers of one that no wire plays. */
interface Discovery {
  readonly exchange: string;
  readonly kind: Played["kind"];
  /** What ccxt does not know before. */
  readonly unknown: readonly string[];
  readonly path: string;
  readonly answer: unknown;
}

const DISCOVERIES: readonly Discovery[] = [
  {
    exchange: "bitget",
    kind: "linear",
    unknown: ["uta"],
    path: "/v3/account/settings",
    answer: { code: "00000", msg: "success", data: { uid: "1", accountMode: "unified", holdMode: "one_way_mode" } },
  },
  {
    exchange: "kucoin",
    kind: "linear",
    unknown: ["uta"],
    path: "/account/mode",
    answer: { code: "200000", data: { selfAccountMode: "UNIFIED" } },
  },
  {
    // The markets were set by hand: ccxt has not asked.
    exchange: "kucoin",
    kind: "spot",
    unknown: ["hf"],
    path: "/hf/accounts/opened",
    answer: { code: "200000", data: false },
  },
  {
    exchange: "gate",
    kind: "spot",
    unknown: ["unifiedAccount"],
    path: "/account/detail",
    answer: { user_id: 10406147, ip_whitelist: [], currency_pairs: [], key: { mode: 2 }, tier: 0 },
  },
];

for (const { exchange, kind, unknown, path, answer } of DISCOVERIES) {
  accounts(
    `once ccxt finds out that an account of ${exchange} is another one, nothing more is sent to it`,
    async () => {
      await using scene = await Scene.open(played(exchange, kind));
      for (const name of unknown) delete scene.client.options[name];
      const isQuestion = (asked: Asked) => asked.path.endsWith(path);
      scene.instead = (asked) => (isQuestion(asked) ? { json: answer } : scene.played.wire.answer(asked, scene.venue));
      const { pair, port } = scene;
      const calls = [
        () => port.createOrder(scene.request()),
        () => port.fetchOpenOrders(),
        () => port.fetchOrder("bot_1-x", pair),
        () => port.fetchFills(pair, new Date(Date.now() - 3_600_000)),
      ];
      for (const call of calls) {
        const error = await failing(call());
        assert.is(error.failure, "unsupported", error.message);
        assert.match(error.message, "unproven: true");
      }
      assert.is(scene.venue.orders.length, 0);
      assert.equal(scene.server.asked.map(isQuestion), [true], "it was asked for its sort, and nothing else");
    },
  );
}

accounts(
  "a spot account of kucoin of which ccxt has found out nothing is asked for once, before anything else",
  async () => {
    await using scene = await Scene.open(played("kucoin", "spot"));
    delete scene.client.options.hf;
    await scene.port.createOrder(scene.request());
    assert.is((await scene.port.fetchOrder("bot_1-x", scene.pair))?.status, "filled");
    const paths = scene.server.asked.map(({ path }) => path.replace("/api/v1/hf", ""));
    assert.equal(paths, ["/accounts/opened", "/orders", "/orders/client-order/bot_1-x"]);
  },
);

accounts("a spot account of kucoin that does not tell its sort is not guessed at", async () => {
  await using scene = await Scene.open(played("kucoin", "spot"));
  delete scene.client.options.hf;
  scene.instead = (asked) =>
    asked.path.endsWith("/accounts/opened")
      ? { json: { code: "200000", data: null } }
      : scene.played.wire.answer(asked, scene.venue);
  for (const call of [() => scene.port.createOrder(scene.request()), () => scene.port.fetchPositions()]) {
    assert.is((await failing(call())).failure, "no_answer");
  }
  assert.ok(scene.server.asked.every(({ path }) => path.endsWith("/accounts/opened")));
  assert.equal(scene.venue.orders, []);
});

accounts.run();
