/** A paper exchange that several processes share. */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InvalidArgumentError, LockedError, StateManager } from "../../src/index.js";
import {
  ExchangeError,
  openPaperExchange,
  PaperExchange,
  recover,
  SharedPaperExchange,
  servePaperExchange,
  sharedPaperExchange,
} from "../../sync/index.js";
import { addressOf } from "../../sync/paper/shared/place.js";
import { readWireLine, wireLine } from "../../sync/paper/shared/wire.js";
import { bundle } from "../bundle.js";
import { Clock, MINUTE } from "../contract/clock.js";
import { failure, refused } from "../contract/expect.js";
import { Child } from "../duckdb/child.js";
import { makeFolder, removeFolder } from "../servers/folder.js";
import { BTC, ETH, EVER, fails, opened, order, positionsOf } from "./paper/samples.js";
import { options, steps, take } from "./paper/steps.js";

const SERVER = await bundle(new URL("./paper/server.ts", import.meta.url));
const CUSTOMER = await bundle(new URL("./paper/customer.ts", import.meta.url));

const folder = await makeFolder();
const test = suite("a shared paper exchange");

test.after(() => removeFolder(folder));

let names = 0;

function newName(end: string): string {
  names++;
  return join(folder, `${names}${end}`);
}

/** An exchange that is served here, and what a client of it has. */
async function shared(exchange: PaperExchange) {
  const path = newName(".sock");
  const server = await servePaperExchange(exchange, { path });
  const client = await sharedPaperExchange({ path });
  return {
    ...{ path, server, client },
    async [Symbol.asyncDispose]() {
      await client.close();
      await server.close();
      await exchange.close();
    },
  };
}

/** All that can be asked. */
async function told(exchange: PaperExchange | SharedPaperExchange) {
  const calls = exchange instanceof SharedPaperExchange ? await exchange.seen() : exchange.seen;
  const account = await exchange.account();
  const pairs = await Promise.all(
    [BTC, ETH].map(async (pair) => ({
      price: await exchange.price(pair),
      fills: await exchange.fetchFills(pair, EVER),
      market: await exchange.fetchMarket(pair),
      minSize: exchange.minSize(pair),
      orders: await Promise.all(calls.map((call) => exchange.fetchOrder(call.clientOrderId, pair))),
      byId: await exchange.fetchOrderById("o1", pair),
    })),
  );
  const { name, limitations, clientOrderIds } = exchange;
  return {
    ...{ pairs, account, calls, name, limitations },
    proof: [clientOrderIds.foundFor, clientOrderIds.inFills, clientOrderIds.madeByExchange?.("autoclose-o1")],
    mode: await exchange.positionMode(),
    time: await exchange.fetchTime(),
    resolved: await exchange.resolvePair("BTC/USDT"),
    positions: await exchange.fetchPositions(),
    open: await exchange.fetchOpenOrders(),
  };
}

test("a client is told what the exchange itself tells, and its calls do what they do there", async () => {
  await fc.assert(
    fc.asyncProperty(options, steps, async (given, taken) => {
      const [clock, ownClock] = [new Clock(), new Clock()];
      await using stand = await shared(new PaperExchange({ ...given, clock: clock.read }));
      const own = new PaperExchange({ ...given, clock: ownClock.read });
      for (const pair of [BTC, ETH]) {
        await stand.client.setPrice(pair, 10);
        await own.setPrice(pair, 10);
      }
      for (const step of taken) {
        await take(stand.client, clock, step);
        await take(own, ownClock, step);
      }
      assert.equal(await told(stand.client), await told(own));
    }),
    { numRuns: Number(process.env.RUNS ?? 30), includeErrorInReport: true },
  );
});

test("what the exchange refuses, and why, reaches the client word for word", async () => {
  const exchange = await opened({ minSize: { [BTC]: 0.5 } });
  await exchange.createOrder(order({ clientOrderId: "taken" }));
  await exchange.setPrice(ETH, 10);
  await exchange.delist("SOL/USDT");
  await using stand = await shared(exchange);
  const call = (of: object, method: string, ...args: unknown[]) =>
    failure((async () => Reflect.apply(Reflect.get(of, method), of, args))());
  for (const [method, ...args] of [
    ["createOrder", order({ clientOrderId: "taken" })],
    ["createOrder", order({ size: Number.NaN })],
    ["createOrder", order({ size: Number.POSITIVE_INFINITY })],
    ["createOrder", { ...order({ clientOrderId: "x" }), price: undefined, type: "limit" }],
    ["createOrder", { ...order(), size: 1n }],
    ["createOrder", order({ pair: ETH, side: "sell", reduceOnly: true })],
    ["createOrder", order({ size: 0.1 })],
    ["createOrder", order({ pair: "SOL/USDT" })],
    ["createOrder", { ...order(), $: ["date", 1] }],
    ["cancelOrder", "", BTC],
    ["fetchFills", BTC, new Date(Number.NaN)],
    ["fetchFills", "SOL/USDT", EVER],
    ["fillOrder", "unknown", 1],
    ["setPrice", BTC, 0],
    ["candle", BTC, { open: 100, high: 90, low: 80, close: 85 }],
    ["trade", { pair: ETH, side: "sell", size: 1, reduceOnly: true }],
    ["liquidate", ETH, "long"],
    ["fund", "unknown", 1],
    ["settle", BTC, -1],
    ["amend", "taken", { size: 1 }],
    ["delist", ""],
  ] as const) {
    const [far, near] = [await call(stand.client, method, ...args), await call(exchange, method, ...args)];
    const what = `${method}: ${far.name}: ${far.message}`;
    assert.is(far.message, near.message, what);
    assert.is(far.constructor, near.constructor, what);
    if (far instanceof ExchangeError && near instanceof ExchangeError) assert.is(far.failure, near.failure, what);
  }
});

test("faults of the exchange are faults for its clients", async () => {
  const exchange = await opened();
  await using stand = await shared(exchange);
  exchange.fail("createOrder", { kind: "no_answer", when: "after" });
  exchange.fail("fetchPositions", { kind: "authentication" });
  await fails(stand.client.createOrder(order({ clientOrderId: "taken" })), "no_answer", /the reply was lost/);
  await fails(stand.client.fetchPositions(), "authentication");
  assert.is((await stand.client.fetchOrder("taken", BTC))?.status, "filled");
});

test("a call that waits keeps no other waiting, and has no answer when the server closes", async () => {
  const exchange = await opened();
  await using stand = await shared(exchange);
  exchange.fail("fetchPositions", { kind: "hang" });
  const waiting = failure(stand.client.fetchPositions());
  await stand.client.createOrder(order());
  await stand.server.close();
  const error = await waiting;
  assert.instance(error, ExchangeError);
  assert.match(error.message, /paper was asked for the positions and did not answer: the connection was lost/);
  await fails(stand.client.createOrder(order()), "no_answer", /nobody serves it/);
  assert.is((await exchange.fetchFills(BTC, EVER)).length, 1, "the exchange stays open");
  assert.not.ok(existsSync(stand.path));
});

test("a client that was closed answers no call, and the others go on", async () => {
  const exchange = await opened();
  await using stand = await shared(exchange);
  await using other = await sharedPaperExchange({ path: stand.path });
  await stand.client.close();
  await fails(stand.client.fetchPositions(), "no_answer", /closed/);
  await other.createOrder(order());
  assert.equal(await positionsOf(exchange), ["long 1 @ 100"]);
});

test("two processes that buy under the same ids at once have each taken once, and end by themselves", async () => {
  const exchange = await opened();
  const path = newName(".sock");
  await using server = await servePaperExchange(exchange, { path });
  using one = new Child(CUSTOMER, [server.path, "40"]);
  using two = new Child(CUSTOMER, [server.path, "40"]);
  const heard = await Promise.all(
    [one, two].map(async (child) => {
      const lines: string[] = [];
      for (let line = await child.line(); line !== undefined; line = await child.line()) lines.push(line);
      return lines;
    }),
  );
  const ids = heard.flatMap(([first, ...taken]) => {
    assert.is(first, "connected");
    return taken;
  });
  assert.equal(ids.toSorted(), Array.from({ length: 40 }, (_, i) => `raced-${i + 1}`).toSorted());
  assert.equal(await positionsOf(exchange), ["long 40 @ 100"]);
  assert.is(exchange.seen.length, 80);
});

test("a server that is killed in the middle has lost nothing that it told; on its file it serves the same account", async () => {
  const file = newName(".jsonl");
  const path = `${file}.sock`;
  const kept: string[] = [];
  let client: SharedPaperExchange | undefined;
  for (let round = 0; round < 3; round++) {
    using server = new Child(SERVER, [file]);
    assert.is(await server.line(), "serving");
    client ??= await sharedPaperExchange({ path });
    const before = await client.seen(); // by the same client, connected anew
    assert.equal(
      before.map(({ clientOrderId }) => clientOrderId),
      kept,
    );
    assert.equal(
      (await client.fetchPositions()).map(({ size }) => size),
      kept.length === 0 ? [] : [kept.length],
    );
    for (let i = 0; i < 10; i++) {
      const clientOrderId = `o-${round}-${i}`;
      await client.createOrder(order({ clientOrderId }));
      kept.push(clientOrderId);
    }
    // Several at a time are on their way when it dies: those may have been taken or not, and no other.
    const told: string[] = [];
    const doubtful: string[] = [];
    const buy = async (lane: number, from: SharedPaperExchange) => {
      for (let i = 0; ; i++) {
        const clientOrderId = `r${round}-lane${lane}-${i}`;
        const outcome = await from.createOrder(order({ clientOrderId })).then(
          () => "taken",
          (error: unknown) => (error instanceof ExchangeError ? error.failure : String(error)),
        );
        if (outcome !== "taken") {
          assert.is(outcome, "no_answer");
          doubtful.push(clientOrderId);
          return;
        }
        told.push(clientOrderId);
        if (told.length === 60) server.kill();
      }
    };
    const own = client;
    await Promise.all(Array.from({ length: 8 }, (_, lane) => buy(lane, own)));
    assert.is(doubtful.length, 8);
    await fails(client.fetchPositions(), "no_answer", /nobody serves it/);
    await server.end();
    await using exchange = new PaperExchange({ file });
    const there = exchange.seen.map(({ clientOrderId }) => clientOrderId).slice(kept.length);
    assert.is(new Set(there).size, there.length);
    assert.ok(told.every((id) => there.includes(id)));
    assert.ok(there.every((id) => told.includes(id) || doubtful.includes(id)));
    kept.push(...there);
  }
  await client?.close();
});

test("a client does not go on with another account that is served in the place of its own", async () => {
  const path = newName(".sock");
  await using first = await servePaperExchange(await opened(), { path });
  await using client = await sharedPaperExchange({ path });
  await client.createOrder(order());
  await first.close();
  await fails(client.createOrder(order()), "no_answer", /was lost|nobody serves it/);
  const exchange = await opened();
  await using _ = await servePaperExchange(exchange, { path });
  await fails(client.createOrder(order()), "no_answer", /another account is served at/);
  assert.equal(exchange.seen, []);
  await using anew = await sharedPaperExchange({ path });
  await anew.createOrder(order());
});

test("the socket is the owner's alone, and one process at a time serves at a path", async () => {
  const path = newName(".sock");
  const mask = process.umask(0);
  try {
    await using server = await servePaperExchange(await opened(), { path });
    assert.is(statSync(server.path).mode & 0o777, 0o600);
    assert.ok(statSync(server.path).isSocket());
    assert.is(process.umask(), 0);
    const error = await failure(servePaperExchange(await opened(), { path }));
    assert.instance(error, LockedError);
    assert.match(error.message, /held by this process/);
    using other = new Child(SERVER, [newName(".jsonl"), path]);
    assert.match((await other.line()) ?? "", new RegExp(`^LOCKED .*process ${process.pid}`));
    await other.end();
  } finally {
    process.umask(mask);
  }
  await (await servePaperExchange(await opened(), { path })).close();
});

test("a path where no socket can be made is refused by name, and what is there is left", async () => {
  const file = newName(".txt");
  writeFileSync(file, "mine");
  const exchange = await opened();
  await refused(servePaperExchange(exchange, { path: file }), "options.path");
  assert.is(readFileSync(file, "utf8"), "mine");
  await refused(servePaperExchange(exchange, { path: join(folder, "x".repeat(200)) }), "options.path");
  await refused(sharedPaperExchange({ path: join(folder, "x".repeat(200)) }), "options.path");
  await refused(servePaperExchange(exchange), "options.path");
  const serve = async (given: unknown) => Reflect.apply(servePaperExchange, undefined, [exchange, given]);
  await refused(serve({ port: 1 }), "options.port");
  await fails(sharedPaperExchange({ path: newName(".sock") }), "no_answer", /nobody serves it/);
  assert.instance(await failure(sharedPaperExchange({ path: "" })), InvalidArgumentError);
});

test("who says what no client says is cut off, and the others are served on", async () => {
  const exchange = await opened();
  await using stand = await shared(exchange);
  for (const line of [
    "hello\n",
    '{"ask":1,"method":"close","args":[]}\n',
    '{"ask":1,"method":"fail","args":["createOrder",{"kind":"hang"}]}\n',
    '{"ask":1,"method":"constructor","args":[]}\n',
    '{"$":["date"]}\n',
    `${"[".repeat(100_000)}\n`,
    "x".repeat(1_100_000),
  ]) {
    const socket = connect(stand.path);
    socket.on("error", () => {}); // what was not read yet is lost
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write(line);
    socket.resume();
    await closed;
  }
  assert.equal(await stand.client.fetchPositions(), []);
});

test("the exchange at a path is the one that is served there, or beside the file, or else the file's", async () => {
  const file = newName(".jsonl");
  {
    using server = new Child(SERVER, [file]);
    assert.is(await server.line(), "serving");
    await using beside = await openPaperExchange(file);
    assert.instance(beside, SharedPaperExchange);
    await beside.createOrder(order());
    await using there = await openPaperExchange(`${file}.sock`);
    assert.is((await there.fetchPositions()).length, 1);
    server.kill();
    await server.end();
  }
  assert.ok(existsSync(`${file}.sock`), "which a killed process leaves");
  await fails(openPaperExchange(`${file}.sock`), "no_answer");
  await using own = await openPaperExchange(file);
  assert.instance(own, PaperExchange);
  assert.is((await own.fetchPositions()).length, 1);
  assert.instance(await failure(openPaperExchange(file)), LockedError);
  if (!(own instanceof PaperExchange)) return;
  await using server = await servePaperExchange(own);
  assert.is(server.path, `${own.file}.sock`);
  await using again = await openPaperExchange(file);
  assert.instance(again, SharedPaperExchange);
});

test("a flow is recovered from an exchange that another process has", async () => {
  const clock = new Clock();
  const exchange = await opened({ clock: clock.read });
  await using stand = await shared(exchange);
  await using mgr = await StateManager.open("far", {}, { clock: clock.read });
  await mgr.heartbeat();
  const admitted = await mgr.admit({ signalId: "s", pair: BTC, side: "long", size: 2, price: 100, orderId: "entry" });
  assert.ok(admitted.admitted);
  await exchange.createOrder(order({ clientOrderId: "entry", size: 2 }));
  clock.now += MINUTE;
  const report = await recover(mgr, stand.client, { confirmDelay: 0, settle: 0, deadline: "5s" });
  assert.is(report.status, "recovered");
  assert.equal(
    (await mgr.getPositions()).map(({ id, size }) => [id, size]),
    [["entry", 2]],
  );
});

test("values cross the wire as they are", () => {
  const date = fc.date({ noInvalidDate: false });
  const value = fc.anything({
    values: [fc.string({ unit: "binary" }), fc.double(), fc.boolean(), fc.constant(undefined), fc.constant(null), date],
    key: fc.oneof(fc.string(), fc.constant("$")),
  });
  fc.assert(
    fc.property(value, (given) => {
      const line = wireLine(given);
      assert.is(line.indexOf("\n"), line.length - 1);
      const plain = (from: unknown) => JSON.stringify(from, (_, each) => (Object.is(each, -0) ? 0 : each));
      assert.is(wireLine(readWireLine(line)), line);
      assert.is(plain(readWireLine(line)), plain(given));
    }),
    { numRuns: 2_000 },
  );
  assert.equal(readWireLine(wireLine([undefined, Number.NaN, Number.POSITIVE_INFINITY, new Date(5), 7n])), [
    undefined,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    new Date(5),
    7n,
  ]);
});

test("on Windows a path stands for a named pipe", () => {
  assert.match(addressOf("C:\\bots\\paper.sock", "win32"), /^\\\\\.\\pipe\\signalflow-[0-9a-f]{32}$/);
  assert.is(addressOf("/bots/paper.sock", "linux"), "/bots/paper.sock");
});

test.run();
