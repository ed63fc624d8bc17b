/** A paper exchange in a file: what survives, and who may open it. */
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CorruptStateError, InvalidArgumentError, LockedError, SchemaVersionError } from "../../src/errors.js";
import { PaperExchange } from "../../sync/paper/paper-exchange.js";
import { paperLine } from "../../sync/paper/paper-text.js";
import { bundle } from "../bundle.js";
import { Clock, HOUR, MINUTE } from "../contract/clock.js";
import { Child } from "../duckdb/child.js";
import { makeFolder, removeFolder } from "../servers/folder.js";
import { BTC, ETH, EVER, everything, fails, opened, order, positionsOf } from "./paper/samples.js";

const TRADER = await bundle(new URL("./paper/trader.ts", import.meta.url));

const folder = await makeFolder();
const test = suite("the paper exchange's file");

test.after(() => removeFolder(folder));

let files = 0;

function newFile(): string {
  files++;
  return join(folder, `exchange-${files}.jsonl`);
}

/** The error with which the exchange in a file cannot be opened. */
function refusal(file: string, options = {}): Error {
  try {
    new PaperExchange({ file, ...options });
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error(`${file} was opened`);
}

test("an exchange that is opened again stands at the time of its last change", async () => {
  const options = { file: newFile(), clock: () => 1_000 };
  const first = new PaperExchange(options);
  assert.is(first.time, undefined);
  await first.candle(BTC, { open: 1, high: 1, low: 1, close: 1 }, 2_000);
  await first.setPrice(BTC, 2); // by a clock that is behind
  await first.close();
  const again = new PaperExchange(options);
  assert.equal(again.time, new Date(2_000));
  await again.close();
});

test("an exchange that is closed and opened again is the same exchange", async () => {
  const file = newFile();
  const clock = new Clock();
  const options = { file, clock: clock.read, fees: { maker: 0.0001, taker: 0.0005 }, fills: "partial" } as const;
  const first = await opened({ ...options, mode: "hedge", name: "demo", seed: 7, minSize: { [BTC]: 0.1 } });
  await first.createOrder(order({ clientOrderId: "long" }));
  await first.createOrder(order({ clientOrderId: "short", side: "sell", type: "limit", price: 110 }));
  await first.createOrder(order({ clientOrderId: "stop", side: "sell", type: "stop", price: 90, reduceOnly: true }));
  await fails(first.createOrder(order({ clientOrderId: "long" })), "duplicate_order_id");
  await first.setPrice(BTC, 110);
  await first.cancelOrder("unknown", BTC);
  clock.now += MINUTE;
  const told = await everything(first);
  await first.close();

  await using again = new PaperExchange({ file, clock: clock.read });
  assert.is(again.name, "demo");
  assert.is(again.minSize(BTC), 0.1);
  assert.equal(await everything(again), told);
  await fails(again.createOrder(order({ clientOrderId: "long" })), "duplicate_order_id");
  await again.setPrice(BTC, 90);
  assert.is((await again.fetchOrder("stop", BTC))?.status, "filled");
});

test("a file of format 1 is opened as it was, and written anew in the present format", async () => {
  const file = newFile();
  copyFileSync(new URL("./paper/format-1.jsonl", import.meta.url), file);
  const clock = () => Date.parse("2026-05-04T12:02:00Z");
  const first = new PaperExchange({ file, clock, mode: "hedge" });
  assert.match(readFileSync(file, "utf8"), /^[0-9a-f]{16} \{"paperExchange":2,/);
  const told = await everything(first);
  assert.equal(await positionsOf(first), ["long 2 @ 100", "short 1 @ 110"]);
  assert.equal([first.name, first.balance, first.fees, first.equity], ["old", 999.69, 0.31, 1019.69]);
  assert.equal(
    first.seen.map(({ method, clientOrderId, accepted }) => [method, clientOrderId, accepted]),
    [
      ["createOrder", "entry", true],
      ["createOrder", "stop", true],
      ["cancelOrder", "nothing", false],
    ],
  );
  assert.is((await first.fetchOrder("entry", BTC))?.status, "filled");
  await first.close();
  await using again = new PaperExchange({ file, clock });
  assert.equal(await everything(again), told);
  await fails(again.createOrder(order({ clientOrderId: "entry" })), "duplicate_order_id");
  await again.setPrice(BTC, 90);
  assert.is((await again.fetchOrder("stop", BTC))?.status, "filled");
});

test("cash, coins, settled and delisted pairs, and what is forgotten, are kept in the file", async () => {
  const file = newFile();
  const clock = new Clock();
  const rules = { remembersOrders: "1h", clockAhead: 5, fillsNameOrders: false, expires: { [ETH]: 9e12 } } as const;
  const first = await opened({ file, clock: clock.read, ...rules });
  await first.setPrice("BTC/USD:BTC", 40_000);
  await first.setPrice(ETH, 10);
  await first.setPrice("SOL/USDT", 10);
  await first.createOrder(order({ clientOrderId: "inverse", pair: "BTC/USD:BTC", size: 10_000 }));
  await first.createOrder(order({ pair: ETH }));
  await first.fund("BTC/USD:BTC", 0.001);
  await first.settle(ETH, 12);
  await first.delist("SOL/USDT");
  const account = first.account();
  await first.close();
  clock.now += HOUR;

  await using again = new PaperExchange({ file, clock: clock.read });
  assert.equal(again.account(), account);
  assert.is(account.cash.length, 2);
  assert.equal(account.coins, { BTC: { balance: -0.00025, realised: 0, fees: 0 } });
  await fails(again.fetchFills("SOL/USDT", EVER), "unsupported");
  await fails(again.createOrder(order({ pair: ETH })), "rejected", /was settled/);
  assert.equal((await again.fetchMarket(ETH))?.expires, new Date(9e12));
  assert.is(await again.fetchOrder("inverse", "BTC/USD:BTC"), undefined);
  assert.equal(await again.fetchTime(), new Date(clock.now + 5));
  assert.is(again.clientOrderIds.inFills, false);
  assert.match(refusal(file, { remembersOrders: "2h" }).message, /held by this process/);
  await again.close();
  assert.match(refusal(file, { remembersOrders: "2h" }).message, /^options\.remembersOrders: expected 3600000/);
});

test("an exchange in a file is, call for call, the one in memory", async () => {
  const trade = async (exchange: PaperExchange) => {
    for (let i = 0; i < 5; i++) await exchange.createOrder(order({ clientOrderId: `o-${i}` }));
    await exchange.candle(BTC, { open: 100, high: 120, low: 90, close: 95 });
    return everything(exchange);
  };
  await using kept = await opened({ file: newFile(), fills: "partial" });
  assert.equal(await trade(kept), await trade(await opened({ fills: "partial" })));
});

test("a record that was torn at any byte is as if it had not been written, and can be written again", async () => {
  const file = newFile();
  const clock = new Clock();
  const exchange = await opened({ file, clock: clock.read });
  await exchange.createOrder(order({ clientOrderId: "first" }));
  const before = { told: await everything(exchange), length: statSync(file).size };
  await exchange.createOrder(order({ clientOrderId: "second", side: "sell", size: 3 }));
  const after = { told: await everything(exchange), bytes: readFileSync(file) };
  await exchange.close();

  assert.ok(after.bytes.length > before.length);
  for (let length = before.length; length < after.bytes.length; length++) {
    const torn = newFile();
    writeFileSync(torn, after.bytes.subarray(0, length));
    await using again = new PaperExchange({ file: torn, clock: clock.read });
    assert.equal(await everything(again), before.told, `torn after ${length} bytes`);
    if (length % 16 !== 0) continue; // each write waits for the disk
    await again.createOrder(order({ clientOrderId: "second", side: "sell", size: 3 }));
    assert.equal(await everything(again), after.told);
    assert.equal(readFileSync(torn), after.bytes);
  }
});

test("a file that is damaged before its last record is refused and left as it is", async () => {
  const file = newFile();
  const exchange = await opened({ file });
  await exchange.createOrder(order());
  await exchange.close();
  const bytes = readFileSync(file);
  const lastLine = bytes.lastIndexOf("\n", bytes.length - 2) + 1;
  for (const at of [0, 20, bytes.indexOf("\n") - 1, bytes.indexOf("\n") + 30, lastLine - 2]) {
    const damaged = newFile();
    writeFileSync(damaged, Buffer.from(bytes).fill("#", at, at + 1));
    assert.instance(refusal(damaged), CorruptStateError, `damaged at ${at}`);
    assert.is(readFileSync(damaged, "latin1").indexOf("#"), at);
  }
  for (const text of ["", "hello", "{}\n"]) {
    const foreign = newFile();
    writeFileSync(foreign, text);
    assert.match(refusal(foreign).message, /is not the file of a paper exchange: line 1 .*left as it is/);
    assert.is(readFileSync(foreign, "utf8"), text);
  }
});

test("a file that was cut off within what it began with is refused", async () => {
  const file = newFile();
  await new PaperExchange({ file }).close();
  const bytes = readFileSync(file);
  for (const length of [bytes.indexOf("\n") - 1, bytes.indexOf("\n") + 1, bytes.length - 1]) {
    writeFileSync(file, bytes.subarray(0, length));
    assert.instance(refusal(file), CorruptStateError, `cut off after ${length} bytes`);
  }
});

test("an exchange cannot be opened with other rules than its own", async () => {
  const file = newFile();
  await (await opened({ file, minSize: { a: 1, b: 2 } })).close();
  await new PaperExchange({ file, minSize: { b: 2, a: 1 } }).close();
  for (const [options, field] of [
    [{ mode: "hedge" }, "options.mode"],
    [{ fees: { maker: 0, taker: 1e-4 } }, "options.fees"],
    [{ minSize: 1 }, "options.minSize"],
    [{ seed: 2 }, "options.seed"],
  ] as const) {
    const error = refusal(file, options);
    assert.instance(error, InvalidArgumentError);
    assert.ok(error.message.startsWith(`${field}: expected `), error.message);
  }
});

test("a file of a later version is refused by name", async () => {
  const file = newFile();
  const exchange = await opened({ file });
  await exchange.close();
  const line: unknown = { paperExchange: 3 };
  writeFileSync(file, Reflect.apply(paperLine, undefined, [line]));
  assert.instance(refusal(file), SchemaVersionError);
});

test("a file that cannot be made is refused by name", () => {
  const error = refusal(join(newFile(), "\0"));
  assert.instance(error, InvalidArgumentError);
  assert.match(error.message, /^options\.file: /);
  writeFileSync(join(folder, "plain"), "");
  assert.match(refusal(join(folder, "plain", "x")).message, /^options\.file: .*plain/);
});

test("a file that has grown long is written anew, and still the same exchange", async () => {
  const file = newFile();
  const exchange = await opened({ file });
  await exchange.createOrder(order({ clientOrderId: "kept" }));
  await Promise.all(Array.from({ length: 8_000 }, (_, i) => exchange.setPrice(BTC, 100 + (i % 7))));
  const long = statSync(file).size;
  assert.ok(long > 1_000_000, `${long} bytes`);
  await exchange.createOrder(order({ clientOrderId: "later" }));
  const short = statSync(file).size;
  assert.ok(short < 10_000, `${short} bytes`);
  const { ino } = statSync(file);
  await exchange.createOrder(order({ clientOrderId: "last" }));
  assert.is(statSync(file).ino, ino, "written anew again");
  const told = await everything(exchange);
  await exchange.close();
  assert.not.ok(existsSync(`${file}.new`));
  await using again = new PaperExchange({ file });
  assert.equal(await everything(again), told);
});

test("what a killed process was told is there, and nothing that it did not ask for", async () => {
  const file = newFile();
  const told: string[] = [];
  for (let round = 0; round < 3; round++) {
    using trader = new Child(TRADER, [file]);
    assert.is(await trader.line(), "open");
    for (let i = 0; i < 20; i++) told.push((await trader.line()) ?? "");
    trader.kill();
    for (let line = await trader.line(); line !== undefined; line = await trader.line()) told.push(line);
    await trader.end();

    await using exchange = new PaperExchange({ file });
    const kept = exchange.seen.map(({ clientOrderId }) => clientOrderId);
    const untold = kept.filter((id) => !told.includes(id));
    assert.equal(kept, [...told, ...untold]);
    assert.ok(untold.length <= 1, `${untold} were never told`);
    assert.equal(await positionsOf(exchange), [`long ${kept.length} @ 100`]);
    told.push(...untold);
  }
});

test("when the disk is full there is no answer, and what was answered is kept", async () => {
  const file = newFile();
  using trader = new Child(TRADER, [file], { limit: 200 });
  assert.is(await trader.line(), "open");
  const told: string[] = [];
  let line = await trader.line();
  for (; line !== undefined && !line.startsWith("EXCHANGE"); line = await trader.line()) told.push(line);
  assert.match(line ?? "", /cannot keep its file/);
  await trader.end();
  await using exchange = new PaperExchange({ file });
  assert.equal(
    exchange.seen.map(({ clientOrderId }) => clientOrderId),
    told,
  );
  assert.ok(told.length > 10);
});

test("an exchange that is open is refused to others, which are told who has it, until it is closed", async () => {
  const file = newFile();
  using holder = new Child(TRADER, [file, "hold"]);
  assert.is(await holder.line(), "open");
  const error = refusal(file);
  assert.instance(error, LockedError);
  assert.match(error.message, new RegExp(`held by process ${holder.pid} \\(.*trader\\.mjs`));
  await holder.end();
  const exchange = new PaperExchange({ file });
  assert.match(refusal(file).message, /held by this process/);
  const link = newFile();
  symlinkSync(file, link);
  assert.match(refusal(link).message, /held by this process/);
  await exchange.close();
  await new PaperExchange({ file: link }).close();
  assert.not.ok(existsSync(`${file}.lock`));
});

test("the file of a killed process can be opened at once", async () => {
  const file = newFile();
  using holder = new Child(TRADER, [file, "hold"]);
  assert.is(await holder.line(), "open");
  holder.kill();
  await holder.end();
  await new PaperExchange({ file }).close();
});

test("a claim from another host is respected, and the message says what to remove", async () => {
  const file = newFile();
  mkdirSync(`${file}.lock`);
  const claim = join(`${file}.lock`, "1-1-0-0-abcd-elsewhere.example");
  writeFileSync(claim, "held");
  const error = refusal(file);
  assert.instance(error, LockedError);
  assert.match(error.message, /process 1 on elsewhere\.example/);
  assert.ok(error.message.includes(claim), error.message);
});

test("a claim of a process that is gone, or of an earlier boot, is no obstacle", async () => {
  const file = newFile();
  const exchange = new PaperExchange({ file });
  const [own = ""] = readdirSync(`${file}.lock`);
  assert.is(readFileSync(join(`${file}.lock`, own), "utf8"), "held");
  await exchange.close();
  const [pid = "", start = "", boot = "", ...rest] = own.split("-");
  mkdirSync(`${file}.lock`);
  for (const name of [
    [pid, `${Number(start) + 1}`, boot],
    [pid, start, "00000000"],
  ])
    appendFileSync(join(`${file}.lock`, [...name, ...rest].join("-")), "held");
  await new PaperExchange({ file }).close();
  assert.ok(own.endsWith(hostname().replace(/[^A-Za-z0-9_.-]/g, "_")));
});

test("of several processes that open a file at once, exactly one gets it", async () => {
  const file = newFile();
  const children = Array.from({ length: 5 }, () => new Child(TRADER, [file, "hold"]));
  try {
    const lines = await Promise.all(children.map((child) => child.line()));
    assert.is(lines.filter((line) => line === "open").length, 1, lines.join("\n"));
    assert.is(lines.filter((line) => line?.startsWith("LOCKED")).length, 4, lines.join("\n"));
  } finally {
    await Promise.all(children.map((child) => child.end()));
  }
});

test("changes that wait at the same time share one write", async () => {
  const file = newFile();
  await using exchange = await opened({ file });
  const lines = () => readFileSync(file, "utf8").split("\n").length;
  const before = lines();
  await Promise.all(Array.from({ length: 100 }, () => exchange.createOrder(order())));
  assert.is(lines() - before, 1);
});

test("a reader is not told of what is not yet durable", async () => {
  const file = newFile();
  await using exchange = await opened({ file });
  const taken = exchange.createOrder(order({ clientOrderId: "soon" }));
  const happened: string[] = [];
  await Promise.all([
    exchange.fetchFills(BTC, EVER).then((fills) => happened.push(`${fills.length} fill told`)),
    taken.then(() => happened.push("order kept")),
  ]);
  assert.equal(happened, ["order kept", "1 fill told"]);
});

test.run();
