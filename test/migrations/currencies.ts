/** What schema 4 makes of a flow whose amounts are in more than one currency, and what an operator has to say about it. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { everyKey } from "../../src/layout/convert.js";
import { type Entry, type FlowLayout, metaOf, type StoredKey } from "../../src/layout/flow-layout.js";
import { toSchema4 } from "../../src/migrations/4.js";
import { walk } from "../../src/migrations/walk.js";
import { understood } from "../../src/transfer/portable.js";
import { sfState } from "../cli/command.js";
import type { MigrationStand } from "./stand.js";

const AT = 1_772_712_000_000;

function position(id: string, pair: string, fields: object = {}): Entry {
  const { metadata, ...rest } = {
    ...{ id, pair, side: "long", size: 2, entry_price: 0.05, entry_ts: AT, notional: "0.1", realised: "0", fees: "0" },
    ...{ cash: "0", opened_by: "saved", version: 1, metadata: { rate: 3, cost: "4" } },
    ...fields,
  };
  return [id, JSON.stringify({ ...rest, metadata })];
}

function order(id: string, pair: string, fields: object = {}): Entry {
  const row = {
    ...{ id, pair, side: "buy", order_type: "limit", price: 0.04, size: 5, status: "open", created_at: AT, filled: 0 },
    ...{ intent: "entry", notional: "0.2", version: 1 },
    ...fields,
  };
  return [id, JSON.stringify(row)];
}

function trade(key: string, pair: string, fields: object = {}): Entry {
  const row = {
    ...{ key, id: `t${key}`, pair, side: "long", size: 1, entry_price: 1, entry_ts: AT, exit_ts: AT, pnl: "1" },
    ...{ fees: "0", cash: "0", currency: "USDT", reason: "tp", ending: "fills", ...fields, metadata: {} },
  };
  return [key, "json", JSON.stringify(row)];
}

/** A flow of schema 3. */
function flowOf(entries: Partial<Record<StoredKey, readonly Entry[]>>): FlowLayout {
  const meta: Entry[] = [
    ["created_at", String(AT)],
    ["epoch", "3.some"],
    ["schema", "3"],
  ];
  const found = new Map<StoredKey, readonly Entry[]>([["flow:meta", meta]]);
  for (const key of ["positions:open", "orders:pending", "positions:dust", "trades:closed", "risk:daily"] as const) {
    found.set(key, entries[key] ?? []);
  }
  return { entries: everyKey(found), eventsAdded: 0 };
}

const told = (currency: string | undefined, ...rates: string[]) =>
  new Map([
    ["currency", currency === undefined ? [] : [currency]],
    ["rate", rates],
  ]);

const NOTHING = told(undefined);

/** The flow of schema 4, which this version can read; fails where something stands in the way. */
function migrated(layout: FlowLayout, said = NOTHING) {
  const { layout: now, notes, stops } = walk(layout, said);
  assert.equal(stops, []);
  const { positions, orders, dust, exposure } = understood(now);
  return { currency: metaOf(now, "currency"), positions, orders, dust, exposure, notes };
}

function stopsOf(layout: FlowLayout, said = NOTHING): readonly string[] {
  const walked = walk(layout, said);
  assert.is(walked.to, 3);
  assert.is(walked.layout, layout, "nothing is changed");
  return walked.stops;
}

const MIXED = flowOf({
  "positions:open": [position("eth", "ETH/BTC"), position("btc", "BTC/USDT")],
  "orders:pending": [
    order("more", "ETH/BTC"),
    order("sells", "ETH/BTC", { side: "sell", intent: "exit", notional: "0", position_id: "eth" }),
  ],
});

export function currencies(stand: MigrationStand): void {
  const test = suite("migrations: currencies");

  test("a flow is counted in what all of it settles in: positions, pending orders and trades", () => {
    for (const [key, entry] of [
      ["positions:open", position("a", "ETH/USDC:USDC")],
      ["orders:pending", order("a", "ETH/USDC")],
      ["orders:pending", order("a", "ETH/USDC", { intent: "exit", notional: "0" })],
      ["trades:closed", trade("1-0", "ETH/USDC:USDC-240628")],
    ] as const) {
      const { currency, notes } = migrated(flowOf({ [key]: [entry] }));
      assert.is(currency, "USDC");
      assert.equal(notes, ["PnL, limits, exposure and equity are counted in USDC"]);
    }
  });

  test("a flow that holds nothing, or only names that say nothing, has no currency yet", () => {
    for (const entries of [{}, { "positions:open": [position("a", "BTCUSDT"), position("b", "A/B/C")] }]) {
      const { currency, notes } = migrated(flowOf(entries));
      assert.is(currency, undefined);
      assert.equal(notes, []);
    }
  });

  test("where it settles in several, the operator has to say in which it is counted", () => {
    const flow = flowOf({
      "positions:open": [position("a", "ETH/BTC")],
      "trades:closed": [trade("1-0", "BTC/USDT"), trade("2-0", "ETH/USDT")],
    });
    assert.equal(stopsOf(flow), [
      "positions, orders and trades of the flow settle in USDT (2), BTC (1): say in which currency its PnL, limits, exposure and equity are counted, such as --currency USDT",
    ]);
    assert.is(migrated(flow, told("USDT", "BTC=60000")).currency, "USDT");
    const inBtc = migrated(flow, told("BTC"));
    assert.is(inBtc.currency, "BTC");
    assert.is(inBtc.positions.get("a")?.rate, null);
    assert.equal(inBtc.notes.slice(1), [
      "trades that were booked as if they had settled in BTC, or as if inverse contracts were linear: 2; they stay as they were booked",
    ]);
  });

  test("positions and entries in another currency are listed until their rate is told; exits need none", () => {
    assert.equal(stopsOf(MIXED, told("USDT")), [
      "what settles in BTC needs a rate, since the flow is counted in USDT: position eth (ETH/BTC), order more (ETH/BTC): say what one BTC is worth in USDT, as in --rate BTC=60000",
    ]);
    const { positions, orders, exposure } = migrated(MIXED, told("USDT", "BTC=50000.5"));
    const [eth, more, sells, btc] = [
      positions.get("eth"),
      orders.get("more"),
      orders.get("sells"),
      positions.get("btc"),
    ];
    assert.equal([eth?.rate, eth?.notional], [50_000.5, 500_005_000_000n], "2 x 0.05 x 50000.5");
    assert.equal([more?.rate, more?.notional], [50_000.5, 1_000_010_000_000n], "5 x 0.04 x 50000.5");
    assert.equal([sells?.rate, sells?.notional], [null, 0n]);
    assert.equal([btc?.rate, btc?.notional], [null, 10_000_000n], "0.1, as it was");
    assert.is(exposure.notional, 1_500_025_000_000n);
    assert.equal(JSON.parse(eth?.metadata ?? ""), { rate: 3, cost: "4" }, "the caller's, and left alone");
  });

  test("of many that need a rate, twenty are named", () => {
    const many = Array.from({ length: 25 }, (_, i) => order(`o${i}`, "ETH/BTC"));
    const [stop = ""] = stopsOf(flowOf({ "orders:pending": many }), told("USDT"));
    assert.match(stop, /order o0 \(ETH\/BTC\), .*order o19 \(ETH\/BTC\) and 5 more: say what one BTC is worth/);
  });

  test("each currency has a rate of its own", () => {
    const flow = flowOf({
      "positions:open": [position("a", "ETH/BTC"), position("b", "SOL/ETH"), position("c", "X/USD")],
    });
    const stops = stopsOf(flow, told("USD", "BTC=60000"));
    assert.is(stops.length, 1);
    assert.match(stops[0] ?? "", /^what settles in ETH needs a rate.*: position b \(SOL\/ETH\): .*--rate ETH=/);
    const { positions } = migrated(flow, told("USD", "BTC=60000", "ETH=3e3"));
    assert.equal(
      [...positions.values()].map(({ rate }) => rate),
      [60_000, 3000, null],
    );
  });

  test("an order that was given a rate keeps it", () => {
    const flow = flowOf({
      "orders:pending": [order("own", "ETH/BTC", { rate: 59_000 }), order("adds", "ETH/BTC", { price: undefined })],
      "positions:open": [position("a", "BTC/USDT")],
    });
    const { orders } = migrated(flow, told("USDT", "BTC=60000"));
    assert.equal([orders.get("own")?.rate, orders.get("own")?.notional], [59_000, 1_180_000_000_000n]);
    assert.equal([orders.get("adds")?.rate, orders.get("adds")?.notional], [60_000, 0n], "at market");
  });

  test("only the unfilled rest of an entry counts, and of a flip what it opens", () => {
    const flow = flowOf({
      "positions:open": [position("a", "BTC/USDT"), position("turned", "ETH/BTC", { side: "short", size: 3 })],
      "orders:pending": [
        order("half", "ETH/BTC", { filled: 3, status: "partially_filled" }),
        order("turns", "ETH/BTC", { flip: "turned", closes: 3, position_id: "turned" }),
      ],
    });
    const { orders } = migrated(flow, told("USDT", "BTC=100"));
    assert.is(orders.get("half")?.notional, 800_000_000n, "2 x 0.04 x 100");
    assert.is(orders.get("turns")?.notional, 800_000_000n);
  });

  test("rates that cannot be are refused, each by its name, and nothing is changed", () => {
    for (const [rate, why] of [
      ["BTC=0", '--rate BTC: expected a number above 0, got "0"'],
      ["BTC=-60000", '--rate BTC: expected a number above 0, got "-60000"'],
      ["BTC=NaN", '--rate BTC: expected a number above 0, got "NaN"'],
      ["BTC=Infinity", '--rate BTC: expected a number above 0, got "Infinity"'],
      ["BTC=1e999", '--rate BTC: expected a number above 0, got "1e999"'],
      ["BTC=60,000", '--rate BTC: expected a number above 0, got "60,000"'],
      ["BTC=", '--rate BTC: expected a number above 0, got ""'],
      ["BTC", '--rate: expected a currency and a number such as BTC=60000, got "BTC"'],
      ["=60000", '--rate: expected a currency and a number such as BTC=60000, got "=60000"'],
      ["ETH/BTC=1", '--rate: expected a currency and a number such as BTC=60000, got "ETH/BTC=1"'],
    ] as const) {
      assert.equal(stopsOf(MIXED, told("USDT", rate)), [why]);
    }
    assert.equal(stopsOf(MIXED, told("USDT", "BTC=60000", "BTC=61000")), [
      "--rate BTC is said twice, as 60000 and as 61000",
    ]);
    assert.equal(stopsOf(MIXED, told("USDT", "BTC=60000", "DOGE=0.1", "USDT=1")), [
      "--rate DOGE: no position and no pending entry needs a rate of DOGE",
      "--rate USDT: no position and no pending entry needs a rate of USDT",
    ]);
  });

  test("a currency that cannot be is refused, and so are two", () => {
    assert.equal(stopsOf(MIXED, told("BTC/USDT")), ['--currency: expected a currency such as USDT, got "BTC/USDT"']);
    assert.equal(stopsOf(MIXED, told("")), ['--currency: expected a currency such as USDT, got ""']);
    assert.equal(stopsOf(MIXED, new Map([["currency", ["USDT", "BTC"]]])), [
      "--currency is said as USDT and as BTC: a flow is counted in one",
    ]);
  });

  const INVERSE = { size: 10_000, entry_price: 40_000, notional: "400000000" };

  test("an inverse contract takes size / price of the exposure, at the price where that is a rate", () => {
    const flow = flowOf({ "positions:open": [position("a", "BTC/USD:BTC", INVERSE)] });
    const inBtc = migrated(flow).positions.get("a");
    assert.equal([inBtc?.rate, inBtc?.notional], [null, 25_000_000n], "0.25 BTC");
    const inUsd = migrated(flow, told("USD")).positions.get("a");
    assert.equal([inUsd?.rate, inUsd?.notional], [40_000, 1_000_000_000_000n], "10,000 USD");
    const inUsdt = migrated(flow, told("USDT", "BTC=41000")).positions.get("a");
    assert.equal([inUsdt?.rate, inUsdt?.notional], [41_000, 1_025_000_000_000n]);
    assert.equal(stopsOf(flow, told("USD", "BTC=41000")), [
      "--rate BTC: no position and no pending entry needs a rate of BTC",
    ]);
    const waiting = flowOf({
      "orders:pending": [order("a", "BTC/USD:BTC", { size: 10_000, price: 40_000, filled: 5000 })],
    });
    assert.is(migrated(waiting).orders.get("a")?.notional, 12_500_000n);
    assert.is(migrated(waiting, told("USD")).orders.get("a")?.notional, 500_000_000_000n);
  });

  test("the cost of an inverse contract is reckoned anew; what it booked stays, and is named", () => {
    const fields = { ...INVERSE, cost: "400000000.5", realised: "-12.5", result: "-12.5000000001", entered: 10_100 };
    const booked = { ...fields, exited: 100, proceeds: "4100000" };
    const { positions, notes } = migrated(flowOf({ "positions:open": [position("a", "BTC/USD:BTC", booked)] }));
    const { cost, realised, result, exited, proceeds } = positions.get("a") ?? {};
    assert.equal([cost, realised, result], [null, -1_250_000_000n, "-12.5000000001"]);
    assert.is(exited, 100);
    assert.is(Number(proceeds), 100 / 41_000, "the average exit was at 41000");
    assert.equal(notes, [
      "PnL, limits, exposure and equity are counted in BTC",
      "position a (BTC/USD:BTC) takes 0.25 of the exposure; it took 400000000",
      "position a (BTC/USD:BTC) is an inverse contract: its cost is no longer the sum of size x price, but size / entry price",
      "position a (BTC/USD:BTC) has booked -12.5 as if its contract were linear: that stays as it was booked, and is corrected by a cash booking",
    ]);
  });

  test("what is a linear contract's or a coin's, in the flow's currency, stays to the letter", () => {
    const entries = [
      position("a", "BTC/USDT:USDT", { cost: "0.100000000001", realised: "3", rate: undefined }),
      position("b", "BTC/USDT"),
    ];
    const { layout } = toSchema4.migrate(flowOf({ "positions:open": entries }), NOTHING);
    assert.equal(layout.entries["positions:open"], entries);
  });

  test("dust of an inverse contract has the cost of its size, other dust its own", () => {
    const { dust } = migrated(
      flowOf({
        "positions:dust": [
          ["BTC/USD:BTC|long", '{"size":10,"cost":"400000"}'],
          ["BTC/USDT|long", '{"size":10,"cost":"400000"}'],
        ],
      }),
    );
    assert.is(dust.get("BTC/USD:BTC|long")?.cost, "0.00025", "10 at 40,000");
    assert.is(dust.get("BTC/USDT|long")?.cost, "400000");
  });

  test("what cannot be booked right gets a note and stays as it is, whatever its currency", () => {
    const entries = [
      position("option", "BTC/USDT:USDT-240628-50000-C"),
      position("other", "BTC/USD:EUR"),
      position("none", "BTC/USD:BTC", { entry_price: 0 }),
      position("a", "ETH/USDT"),
    ];
    const flow = flowOf({ "positions:open": entries, "orders:pending": [order("put", "BTC/USD:BTC-240628-50000-P")] });
    const { layout, notes, stops } = toSchema4.migrate(flow, told("USDT"));
    assert.equal(stops, []);
    assert.equal(layout.entries["positions:open"], entries);
    assert.equal(layout.entries["orders:pending"], flow.entries["orders:pending"]);
    const stays = "it cannot be booked right, and stays as it is";
    assert.equal(notes.slice(1), [
      `position option (BTC/USDT:USDT-240628-50000-C) is an option: ${stays}`,
      `position other (BTC/USD:EUR) settles in EUR, which is neither its base nor its quote: ${stays}`,
      `position none (BTC/USD:BTC) is an inverse contract at a price of 0, which there cannot be: ${stays}`,
      `order put (BTC/USD:BTC-240628-50000-P) is an option: ${stays}`,
    ]);
  });

  test("no position takes more than 9e12 of the exposure", () => {
    const flow = flowOf({ "positions:open": [position("a", "ETH/BTC", { size: 1e12 }), position("b", "X/USDT")] });
    assert.is(migrated(flow, told("USDT", "BTC=60000")).positions.get("a")?.notional, 900_000_000_000_000_000_000n);
  });

  test("equity and its peak become plain decimals, those of the doubles that they were", () => {
    const day: Entry[] = [
      ["current_drawdown", "1e-7"],
      ["daily_pnl", "1.5"],
      ["day", "2026-03-05"],
    ];
    for (const [was, is] of [
      ["10123.456789", "10123.456789"],
      ["11000.300000000001", "11000.300000000001"],
      ["1e-7", "0.0000001"],
      ["1.5e-10", "0.00000000015"],
      ["1e+21", "1000000000000000000000"],
      ["1.2345e+22", "12345000000000000000000"],
      ["-2.5e-9", "-0.0000000025"],
      ["0", "0"],
      ["5e-324", `0.${"0".repeat(323)}5`],
    ] as const) {
      const flow = flowOf({ "risk:daily": [...day, ["equity", was], ["peak_equity", was]] });
      const { layout } = toSchema4.migrate(flow, NOTHING);
      assert.equal(layout.entries["risk:daily"], [...day, ["equity", is], ["peak_equity", is]]);
    }
    const broken: Entry[] = [
      ["equity", "much"],
      ["peak_equity", ""],
    ];
    const { layout } = toSchema4.migrate(flowOf({ "risk:daily": broken }), NOTHING);
    assert.equal(layout.entries["risk:daily"], broken);
  });

  test("records that cannot be read go on as they are, for the one that reads them next to name", () => {
    for (const json of ["{garbage", "[]", '"text"', '{"id":"a","metadata":{}', '{"pair":"ETH/BTC","metadata":{}}']) {
      for (const key of ["positions:open", "orders:pending", "positions:dust"] as const) {
        const name = key === "positions:dust" ? "BTC/USD:BTC|long" : "a";
        const { layout, stops } = walk(flowOf({ [key]: [[name, json]] }), NOTHING);
        assert.equal(stops, []);
        assert.throws(() => understood(layout), new RegExp(`^${key}: `), json);
      }
    }
  });

  test("sf-state migrate stops where it lacks the operator's word, and says what to type", async () => {
    const flowId = await stand.oldFlow(3);
    const at = ["migrate", "--flow", flowId, "--url", stand.server.url];
    const first = await sfState([...at, "--yes"]);
    assert.is(first.code, 1);
    assert.match(first.stdout, /cannot be done: .* settle in USDT \(\d+\), BTC \(\d+\), ETH \(1\): .*--currency USDT/);
    const second = await sfState([...at, "--yes", "--currency", "USDT"]);
    assert.is(second.code, 1);
    assert.match(second.stdout, /cannot be done: what settles in BTC needs a rate.*position eth-btc.*--rate BTC=60000/);
    const third = await sfState([...at, "--yes", "--currency", "USDT", "--rate", "BTC=0"]);
    assert.is(third.code, 1);
    assert.match(third.stdout, /cannot be done: --rate BTC: expected a number above 0, got "0"/);
    assert.is(await stand.client.hget(`sf:${flowId}:flow:meta`, "schema"), "3");

    const said = ["--currency", "USDT", "--rate", "BTC=60000"];
    const dry = await sfState([...at, ...said, "--dry-run"]);
    assert.is(dry.code, 0, dry.stderr);
    assert.match(dry.stdout, /schema 3 to 4: a flow knows what it is counted in/);
    assert.match(dry.stdout, /\n {2}PnL, limits, exposure and equity are counted in USDT\n/);
    assert.match(
      dry.stdout,
      /\n {2}position inverse \(BTC\/USD:BTC\) has booked 333\.83323333 as if its contract were linear/,
    );
    const done = await sfState([...at, ...said, "--yes"]);
    assert.is(done.code, 0, done.stderr);
    assert.match(done.stdout, /migrated from schema 3 to 4/);
    assert.is(await stand.client.hget(`sf:${flowId}:flow:meta`, "currency"), "USDT");
  });

  test("sf-state restore takes the operator's word for a backup of before, and says when it lacks it", async () => {
    const flowId = await stand.oldFlow(3);
    const file = stand.path(`${flowId}-cli.jsonl`);
    const at = ["--url", stand.server.url, "--flow"];
    const backup = await sfState(["backup", file, ...at, flowId]);
    assert.is(backup.code, 0, backup.stderr);
    const back = ["restore", file, ...at, `${flowId}-restored`];
    const refused = await sfState(back);
    assert.is(refused.code, 1);
    assert.match(
      refused.stderr,
      /of schema 3, this version works on 4, which takes an operator's word: .*--currency USDT/,
    );
    assert.is(await stand.client.exists(`sf:${flowId}-restored:flow:meta`), 0);
    const done = await sfState([...back, "--currency", "USDT", "--rate", "BTC=60000"]);
    assert.is(done.code, 0, done.stderr);
    assert.match(done.stderr, /note: position inverse \(BTC\/USD:BTC\) has booked 333\.83323333/);
    assert.is(await stand.client.hget(`sf:${flowId}-restored:flow:meta`, "currency"), "USDT");
  });

  test.run();
}
