import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ConnectionError, InvalidArgumentError, type StateManager } from "../../../src/index.js";
import { admit } from "../../../src/operations/admit.js";
import { operations } from "../../../src/operations/all.js";
import { failure } from "../expect.js";
import { BUY, LONG } from "../samples.js";
import type { Stand } from "./flow.js";
import { sampleOf, samplesOf } from "./source.js";

interface Deed {
  readonly what: string;
  readonly prepare?: (manager: StateManager) => Promise<unknown>;
  readonly call: (manager: StateManager) => Promise<unknown>;
}

const ENTRY = { signalId: "s9", pair: "ADA/USDT", side: "long", size: 1, price: 1 } as const;
const OUT = { id: "x9", pair: LONG.pair, side: "sell", size: 0.5, intent: "exit" } as const;
const EXIT = { ...OUT, positionId: LONG.id };

/** What adds to a flow's risk. */
const ENTRIES: readonly Deed[] = [
  { what: "admit", call: (m) => m.admit(ENTRY) },
  { what: "admit that adds to a position", call: (m) => m.admit({ ...ENTRY, pair: "SOL/USDT", positionId: "p0" }) },
  { what: "markSignalProcessed", call: (m) => m.markSignalProcessed("s9", LONG.pair) },
  { what: "saveOrder of a new entry", call: (m) => m.saveOrder({ ...BUY, id: "o9" }) },
  { what: "savePosition of a new position", call: (m) => m.savePosition({ ...LONG, id: "p9" }) },
];

/** What ends a risk, or says what became of what exists. */
const EXITS: readonly Deed[] = [
  { what: "an exit order", call: (m) => m.saveOrder(EXIT) },
  { what: "an exit order without a position", call: (m) => m.saveOrder(OUT) },
  {
    what: "each state of an exit order",
    prepare: (m) => m.saveOrder({ ...EXIT, status: "intent" }),
    call: async (m) => {
      for (const status of ["submitted", "open", "cancelled"] as const) await m.saveOrder({ ...EXIT, status });
    },
  },
  { what: "the state of an entry that exists", call: (m) => m.saveOrder({ ...BUY, status: "cancelled" }) },
  { what: "an entry that exists, said again", call: (m) => m.saveOrder(BUY) },
  { what: "an order that is over", call: (m) => m.saveOrder({ ...BUY, id: "o9", status: "rejected" }) },
  {
    what: "an order that is over, told late",
    prepare: (m) => m.saveOrder({ ...BUY, createdAt: new Date(1000), status: "cancelled" }),
    call: (m) => m.saveOrder({ ...BUY, createdAt: new Date(1000) }),
  },
  { what: "a moved stop, saved", call: (m) => m.savePosition({ ...LONG, sl: 39_000 }) },
  { what: "a moved stop, updated", call: (m) => m.updatePosition(LONG.id, { sl: 39_000 }) },
  {
    what: "a position that a recovery takes over",
    prepare: (m) => m.beginRecovery("a look"),
    call: (m) => m.savePosition({ ...LONG, id: "adopted" }),
  },
  {
    what: "an exit that fills and ends its trade",
    call: async (m) => {
      await m.saveOrder(EXIT);
      const { trades } = await m.recordFill(EXIT.id, { fillId: "f9", price: 39_000, size: EXIT.size });
      assert.is(trades.length, 1);
    },
  },
  {
    what: "a fill of an entry that exists",
    call: async (m) => {
      const { position } = await m.recordFill(BUY.id, { fillId: "f9", price: 39_000, size: BUY.size });
      assert.is(position?.id, BUY.id);
    },
  },
  {
    what: "a close that trips the breaker",
    call: async (m) => assert.is((await m.closePosition(LONG.id, { pnl: -5 })).tripped, true),
  },
];

/** Refusals: nothing is stored but the answer. */
const REFUSALS: readonly Deed[] = [
  {
    what: "a signal that was marked before",
    call: async (m) => assert.is(await m.markSignalProcessed("s1", LONG.pair), false),
  },
  {
    what: "an entry that is refused",
    call: async (m) => {
      const answer = await m.admit({ ...ENTRY, signalId: "s1" });
      assert.is(!answer.admitted && answer.reason, "duplicate_signal");
    },
  },
  {
    what: "an entry that cannot be",
    call: async (m) => {
      const error = await failure(m.admit({ ...ENTRY, positionId: "none" }));
      assert.instance(error, InvalidArgumentError);
    },
  },
  {
    what: "an order that cannot be",
    call: async (m) => {
      const error = await failure(m.saveOrder({ ...BUY, id: "o9", pair: "ETH/BTC" }));
      assert.instance(error, InvalidArgumentError);
      assert.match(error.message, /rate/);
    },
  },
  {
    what: "a position that cannot be",
    call: async (m) => {
      const error = await failure(m.savePosition({ ...LONG, id: "p9", pair: "ETH/BTC" }));
      assert.instance(error, InvalidArgumentError);
    },
  },
];

/** What scripts do on a server, not used by others, that has no room: exits and what exists go ahead, new entries do not, and what was answered is answered again. */
export function luaMaxmemory(stand: Stand): void {
  const test = suite("lua: maxmemory");

  const full = (isFull: boolean) => stand.server.cli("config", "set", "maxmemory", isFull ? "1" : "0");

  test.before.each(async () => {
    await full(false);
    await stand.client.flushall();
  });

  test("a manager that comes then can still open its flow and trip the breaker", async () => {
    const flowId = await stand.filledFlow();
    await stand.server.cli("script", "flush");
    await full(true);
    await using manager = await stand.open(flowId);
    assert.is((await manager.triggerCircuitBreaker("stop")).active, true);
  });

  test("every operation works but those that may enter", async () => {
    const mayEnter = ["admit", "mark_signal_processed"];
    for (const operation of operations) {
      if (operation.kind === "open" || mayEnter.includes(operation.name)) continue;
      for (const sample of samplesOf(operation)) {
        await full(false);
        await using manager = await stand.open(await stand.filledFlow(sample.prepare));
        await full(true);
        await sample.call(manager);
      }
    }
  });

  for (const maxEvents of [10_000, 0]) {
    const events = maxEvents === 0 ? ", without events" : "";
    for (const { what, prepare, call } of ENTRIES) {
      test(`${what} is refused, and changes nothing${events}`, async () => {
        await using manager = await stand.open(await stand.filledFlow(prepare), undefined, maxEvents);
        await full(true);
        const before = await stand.contents(manager.flowId);
        const error = await failure(call(manager));
        assert.instance(error, ConnectionError);
        assert.match(error.message, /maxmemory/);
        assert.equal(await stand.contents(manager.flowId), before);
        await full(false);
        await call(manager);
        assert.not.equal(await stand.contents(manager.flowId), before);
      });
    }

    for (const { what, prepare, call } of EXITS) {
      test(`${what}: works${events}`, async () => {
        await using manager = await stand.open(await stand.filledFlow(prepare), undefined, maxEvents);
        await full(true);
        await call(manager);
      });
    }
  }

  for (const { what, call } of REFUSALS) {
    test(`${what}: is told so, again and again alike`, async () => {
      await using manager = await stand.open(await stand.filledFlow());
      await full(true);
      const before = await stand.contents(manager.flowId);
      await call(manager);
      await call(manager);
      assert.equal(await stand.contents(manager.flowId), before);
    });
  }

  test("a call that was answered before is answered alike, whatever it was", async () => {
    for (const operation of operations.filter(({ kind }) => kind === "change")) {
      for (const sample of samplesOf(operation)) {
        await full(false);
        const flowId = await stand.filledFlow(sample.prepare);
        const request = stand.request(operation, flowId, "", sample);
        const outcome = () => stand.run(operation, request).catch(String);
        const first = await outcome();
        const before = await stand.contents(flowId);
        await full(true);
        assert.equal(await outcome(), first, operation.name);
        assert.equal(await stand.contents(flowId), before, operation.name);
      }
    }
  });

  test("a refused entry is remembered, and not counted", async () => {
    await using manager = await stand.open(await stand.filledFlow());
    const request = stand.request(admit, manager.flowId, "", sampleOf(admit).more?.more);
    await full(true);
    const first = await stand.run(admit, request);
    await full(false);
    await manager.setRiskLimits({ max_exposure: 0 });
    assert.equal(await stand.run(admit, request), first, "it is remembered");
    const { refused } = (await manager.snapshot()).admissions;
    assert.equal([refused.duplicate_signal, refused.circuit_breaker], [0, 1], "only the one of before");
  });

  test.run();
}
