/** An exchange that was asked too often and says until when it wants to be left alone is left alone until then. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { StateManager } from "../../src/index.js";
import { type Progress, recover } from "../../sync/index.js";
import type { Exchange } from "../../sync/port/exchange.js";
import { ExchangeError } from "../../sync/port/exchange-error.js";
import type { Reaction } from "./ccxt/exchange-server.js";
import { failing } from "./ccxt/failing.js";
import { PLAYED, type Played } from "./exchanges/all-wires.js";
import { Scene } from "./exchanges/scene.js";

const waits = suite("asked to wait");

/** ms. */
const SHORT = 1_000;
const AN_HOUR = 3_600_000;

/** How each exchange says that it is to be left alone for so long, by its documents; `clock` is its own. */
interface Said {
  readonly exchange: string;
  readonly kind: Played["kind"];
  readonly says: string;
  readonly reaction: (ms: number, clock: number) => Reaction;
}

const BINANCE_BAN =
  "Way too many requests; IP(127.0.0.1) banned until {}. Please use the websocket for live updates to avoid bans.";

const SAID: readonly Said[] = [
  {
    exchange: "binanceusdm",
    kind: "linear",
    says: "429 and Retry-After",
    reaction: (ms) => ({
      status: 429,
      headers: { "Retry-After": String(ms / 1_000) },
      json: { code: -1003, msg: "Too many requests; current limit is 2400 requests per minute." },
    }),
  },
  {
    exchange: "binance",
    kind: "spot",
    says: "418, a ban, and Retry-After",
    reaction: (ms, clock) => ({
      status: 418,
      headers: { "Retry-After": String(ms / 1_000) },
      json: { code: -1003, msg: BINANCE_BAN.replace("{}", String(clock + ms)) },
    }),
  },
  {
    exchange: "binancecoinm",
    kind: "inverse",
    says: "418, a ban, by its words alone",
    reaction: (ms, clock) => ({
      status: 418,
      headers: { Date: new Date(clock).toUTCString() },
      json: { code: -1003, msg: BINANCE_BAN.replace("{}", String(clock + ms)) },
    }),
  },
  {
    exchange: "bybit",
    kind: "linear",
    says: "10006 and when its limit begins anew",
    reaction: (ms, clock) => ({
      headers: {
        "X-Bapi-Limit": "50",
        "X-Bapi-Limit-Status": "0",
        "X-Bapi-Limit-Reset-Timestamp": String(clock + ms),
        Date: new Date(clock).toUTCString(),
      },
      json: { retCode: 10006, retMsg: "Too many visits!", result: {}, retExtInfo: {}, time: clock },
    }),
  },
  {
    exchange: "gate",
    kind: "linear",
    says: "429 and when its limit begins anew, in seconds",
    reaction: (ms, clock) => ({
      status: 429,
      headers: {
        "X-Gate-RateLimit-Requests-Remain": "0",
        "X-Gate-RateLimit-Limit": "200",
        "X-Gate-RateLimit-Reset-Timestamp": String(Math.ceil((clock + ms) / 1_000)),
        Date: new Date(clock).toUTCString(),
      },
      json: { label: "TOO_MANY_REQUESTS", message: "Request Rate limit Exceeded (9)" },
    }),
  },
  {
    exchange: "kucoinfutures",
    kind: "linear",
    says: "429000 and for how long",
    reaction: (ms) => ({
      status: 429,
      headers: { "gw-ratelimit-limit": "2000", "gw-ratelimit-remaining": "0", "gw-ratelimit-reset": String(ms) },
      json: { code: "429000", msg: "Too many requests in a short period of time, please retry later" },
    }),
  },
  {
    exchange: "mexc",
    kind: "spot",
    says: "429 and Retry-After as a date",
    reaction: (ms, clock) => ({
      status: 429,
      headers: {
        "Retry-After": new Date(Math.ceil((clock + ms) / 1_000) * 1_000).toUTCString(),
        Date: new Date(clock).toUTCString(),
      },
      json: { code: 429, msg: "Too Many Requests" },
    }),
  },
];

function open(exchange: string, kind: Played["kind"], clockAhead = 0): Promise<Scene> {
  const found = PLAYED.find((each) => each.wire.exchange === exchange && each.kind === kind);
  if (found === undefined) throw new Error(`no wire plays ${kind} of ${exchange}`);
  return Scene.open(found, { clockAhead, ownClient: true });
}

/** From now on the exchange refuses, for so long as it says, and answers again then; what it is asked too early is told. */
function refusing(scene: Scene, { reaction }: Said, ms: number): { readonly tooEarly: () => number } {
  let until: number | undefined;
  let early = 0;
  scene.instead = (asked) => {
    if (until === undefined) {
      until = Date.now() + ms;
      return reaction(ms, scene.venue.now());
    }
    // Timers are a millisecond off.
    if (Date.now() < until - 2) early += 1;
    return scene.played.wire.answer(asked, scene.venue);
  };
  return { tooEarly: () => early };
}

function patient(port: Exchange, patience: number, told: string[] = []): Exchange {
  const bounded = port.bounded?.({ timeout: 10_000, patience, onWait: (what) => told.push(what) });
  if (bounded === undefined) throw new Error("the port does not bound its requests");
  return bounded;
}

for (const said of SAID) {
  const { exchange, kind, says, reaction } = said;

  for (const ahead of [0, 90_000, -90_000]) {
    waits(`${exchange}: ${says}, clock ${ahead / 1_000} s ahead: nothing is asked before that`, async () => {
      await using scene = await open(exchange, kind, ahead);
      scene.instead = () => reaction(AN_HOUR, scene.venue.now());
      const before = Date.now();
      const first = await failing(scene.port.fetchOpenOrders());
      assert.is(first.failure, "no_answer", first.message);
      const wait = (first.retryAt?.getTime() ?? 0) - before;
      assert.ok(Math.abs(wait - AN_HOUR) < 5_000, `${first.message}: ${wait} ms`);
      scene.instead = undefined;
      const asked = scene.server.asked.length;
      const calls = [
        () => scene.port.fetchFills(scene.pair, new Date(before - AN_HOUR)),
        () => scene.port.fetchOrder("bot_1-x", scene.pair),
        () => scene.port.createOrder(scene.request()),
        () => patient(scene.port, AN_HOUR / 2).fetchPositions(),
      ];
      for (const call of calls) {
        const error = await failing(call());
        assert.equal([error.failure, error.retryAt], ["no_answer", first.retryAt], error.message);
        assert.match(error.message, "was not asked");
      }
      assert.is(scene.server.asked.length, asked, "it was left alone");
    });
  }

  waits(`${exchange}: ${says}: who has the patience waits as long as it asks, says so, and is answered`, async () => {
    await using scene = await open(exchange, kind);
    scene.execution({ clientId: "another" });
    const { tooEarly } = refusing(scene, said, SHORT);
    const told: string[] = [];
    const fills = await patient(scene.port, 10_000, told).fetchFills(scene.pair, new Date(Date.now() - AN_HOUR));
    assert.is(fills.length, 1);
    assert.is(tooEarly(), 0);
    assert.match(told.join("\n"), `${exchange} asks to be left alone until 20`);
  });
}

const [FIRST] = SAID;
if (FIRST === undefined) throw new Error("nothing is said");

waits("a recovery waits as it is asked to, within its deadline, and says so; then it goes on", async () => {
  await using scene = await open(FIRST.exchange, FIRST.kind);
  await using mgr = await StateManager.open("bot", { backend: "memory" });
  const { tooEarly } = refusing(scene, FIRST, SHORT);
  const progress: Progress[] = [];
  const options = { settle: 0, confirmDelay: 1, onProgress: (at: Progress) => progress.push(at) } as const;
  assert.is((await recover(mgr, scene.port, options)).status, "recovered");
  assert.is(tooEarly(), 0);
  assert.ok(progress.some(({ at, what }) => at === "waiting" && what.includes("asks to be left alone until")));
});

waits("a recovery whose deadline is shorter ends, says until when, and asks nothing before that", async () => {
  await using scene = await open(FIRST.exchange, FIRST.kind);
  await using mgr = await StateManager.open("bot", { backend: "memory" });
  scene.instead = () => FIRST.reaction(AN_HOUR, scene.venue.now());
  const before = Date.now();
  for (let run = 1; run <= 3; run++) {
    const error = await failing(recover(mgr, scene.port, { settle: 0, confirmDelay: 1 }));
    assert.ok((error.retryAt?.getTime() ?? 0) >= before + AN_HOUR, error.message);
    assert.match(error.message, "nothing was changed and entries stay blocked");
    assert.is(scene.server.asked.length, 1);
  }
  assert.ok(await mgr.getRecovery(), "entries stay blocked");
});

waits("an order that is refused for asking too often is not sent again by itself", async () => {
  await using scene = await open(FIRST.exchange, FIRST.kind);
  const isOrder = ({ method }: { readonly method: string }) => method === "POST";
  scene.instead = (asked) =>
    isOrder(asked) ? FIRST.reaction(SHORT, scene.venue.now()) : scene.played.wire.answer(asked, scene.venue);
  const port = patient(scene.port, 10_000);
  const error = await failing(port.createOrder(scene.request()));
  assert.is(error.failure, "no_answer", error.message);
  assert.ok(error.retryAt);
  assert.is(await port.fetchOrder("bot_1-x", scene.pair), undefined, "the question waits, and is answered");
  assert.is(scene.server.asked.filter(isOrder).length, 1);
});

waits("who stops a wait is not kept", async () => {
  await using scene = await open(FIRST.exchange, FIRST.kind);
  scene.instead = () => FIRST.reaction(AN_HOUR, scene.venue.now());
  const stop = new AbortController();
  const onWait = () => stop.abort();
  const port = scene.port.bounded?.({ timeout: 10_000, patience: 2 * AN_HOUR, signal: stop.signal, onWait });
  const error: unknown = await port?.fetchPositions().catch((reason: unknown) => reason);
  assert.ok(error instanceof ExchangeError && error.failure === "no_answer", String(error));
  assert.is(scene.server.asked.length, 1);
});

waits("an answer to somebody else is not taken for this one's", async () => {
  await using scene = await open(FIRST.exchange, FIRST.kind);
  scene.instead = () => FIRST.reaction(SHORT, scene.venue.now());
  // The bot's own call, which the adapter lets pass.
  await scene.client.fetchTime().catch(() => {});
  scene.instead = () => ({ half: {} });
  const error = await failing(scene.port.fetchOpenOrders());
  assert.equal([error.failure, error.retryAt], ["no_answer", undefined]);
});

waits.run();
