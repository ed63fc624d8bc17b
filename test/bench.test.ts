/** The bench: that it measures everything, and that what its subjects say of themselves is so. No numbers: those are not tested. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MemoryBackend } from "../src/backends/memory-backend.js";
import { StateManager } from "../src/manager/state-manager.js";
import { type Flow, fill, RISK, TEN } from "./bench/flow.js";
import { slice } from "./bench/slice.js";
import { operationsOf, type Subject } from "./bench/subject.js";
import { subjects, unmeasured } from "./bench/subjects.js";
import { scaleVerdicts, verdicts } from "./bench/verdicts.js";
import { freshIds, type Work } from "./bench/work.js";

const MANY = 8;

const test = suite("bench");

let flows = 0;

/** A flow in memory whose clock never shows the same time twice. */
async function openFlow(): Promise<Flow> {
  let now = Date.now();
  const manager = await StateManager.open(
    `bench-${++flows}`,
    { backend: "memory", risk: RISK },
    { clock: () => ++now, instanceId: "bench" },
  );
  return fill(manager, TEN, MANY);
}

function workOf(subject: Subject, flow: Flow): Work {
  return { name: subject.name, ...subject.on(flow) };
}

/** Makes calls of the work, prepared as they are when they are timed. */
async function callTimes(
  times: number,
  work: Work,
  around: (call: () => Promise<unknown>) => Promise<unknown>,
): Promise<void> {
  const ids = freshIds(times);
  await work.prepare?.(ids);
  for (const id of ids) {
    await work.before?.(id);
    await around(() => work.call(id));
  }
  await work.tidy?.(ids);
}

/** The names of the operations that run in memory until `watched` is over. */
async function operationsIn(watched: () => Promise<unknown>): Promise<string[]> {
  const names: string[] = [];
  const { execute } = MemoryBackend.prototype;
  MemoryBackend.prototype.execute = new Proxy(execute, {
    apply(target, backend, call: Parameters<typeof execute>) {
      names.push(call[0].name);
      return Reflect.apply(target, backend, call);
    },
  });
  try {
    await watched();
  } finally {
    MemoryBackend.prototype.execute = execute;
  }
  return names;
}

/** What of a flow must be as it was when a subject has been measured. */
async function standing({ manager }: Flow) {
  const { positions, orders, breaker } = await manager.snapshot();
  const [lease, recovery] = [await manager.getLease(), await manager.getRecovery()];
  return { positions: positions.map(({ id }) => id), orders: orders.map(({ id }) => id), breaker, lease, recovery };
}

test("every operation but the opening of a flow, and every method of the manager, is measured by some subject", () => {
  assert.equal(unmeasured(subjects), []);
});

test("an operation or a method that no subject measures is named", () => {
  const without = (...names: string[]) => subjects.filter(({ name }) => !names.some((start) => name.startsWith(start)));
  assert.equal(unmeasured(without("findOrders")), ["findOrders"]);
  assert.equal(unmeasured(without("checkStale")), ["checkStale"]);
  assert.equal(unmeasured(without("lease.renew", "recovery.note")), ["journal_recovery", "renew_lease"]);
});

test("every subject has a name of its own", () => {
  assert.equal(
    [...new Set(subjects.map(({ name }) => name))],
    subjects.map(({ name }) => name),
  );
});

for (const subject of subjects) {
  test(`${subject.name}: its calls run the operations that it names, in as many round trips as it says`, async () => {
    const flow = await openFlow();
    await using _ = flow.manager;
    const work = workOf(subject, flow);
    const seen = new Set<string>();
    await callTimes(2, work, async (call) => {
      const names = await operationsIn(call);
      assert.is(names.length, subject.twice ? 2 : 1, names.join(", "));
      for (const name of names) seen.add(name);
    });
    assert.equal([...seen].sort(), [...operationsOf(subject)].sort());
  });

  test(`${subject.name}: it ${subject.kind === "change" && !subject.writesNothing ? "writes" : "writes nothing"}`, async () => {
    const flow = await openFlow();
    await using _ = flow.manager;
    await callTimes(2, workOf(subject, flow), async (call) => {
      const before = await flow.manager.exportFlow();
      await call();
      const after = await flow.manager.exportFlow();
      const wrote = JSON.stringify(after) !== JSON.stringify(before);
      assert.is(wrote, subject.kind === "change" && !subject.writesNothing);
    });
  });

  test(`${subject.name}: it can be measured again and again, and leaves the flow as it found it`, async () => {
    const flow = await openFlow();
    await using _ = flow.manager;
    const before = await standing(flow);
    const work = workOf(subject, flow);
    for (const inFlight of subject.alone ? [1, 1] : [1, MANY, 1, MANY]) {
      const { calls, ms } = await slice(work, 3 * MANY + 1, inFlight);
      assert.is(calls, 3 * MANY + 1);
      assert.ok(ms > 0);
    }
    assert.equal(await standing(flow), before);
  });
}

test("work that is made ready before every call is measured one at a time only", async () => {
  const flow = await openFlow();
  await using _ = flow.manager;
  const ready = subjects.filter((subject) => workOf(subject, flow).before);
  assert.ok(ready.length > 0);
  assert.equal(
    ready.filter(({ alone }) => !alone),
    [],
  );
});

test("what makes a call ready is not timed", async () => {
  const spent: string[] = [];
  const work: Work = {
    name: "work",
    before: async (id) => void spent.push(`before ${id}`),
    call: async (id) => spent.push(`call ${id}`),
  };
  const { latencies } = await slice(work, 2, 1);
  const ids = spent.filter((_, i) => i % 2 === 1).map((call) => call.slice("call ".length));
  assert.equal(
    spent,
    ids.flatMap((id) => [`before ${id}`, `call ${id}`]),
  );
  assert.is(latencies?.length, 2);
});

/** A change that is far from every aim, but for what it says of itself. */
function slow(name: string, flags: Partial<Subject>) {
  const subject: Subject = { name, kind: "change", on: () => ({ call: async () => undefined }), ...flags };
  const speed = { p50: 1, p99: 1, rate: 1, rateInFlight: 1, timesRaw: 100, ofRaw: [0], speedUp: 1 };
  return { name, subject, ...speed, small: 1, big: 9, slower: 9, slowerInFlight: 9 };
}

const SLOW = [
  slow("plain", {}),
  slow("two", { twice: true }),
  slow("idle", { writesNothing: true }),
  slow("single", { alone: true }),
];

/** Which of the slow ones each aim judges. */
function judged(found: readonly { readonly found: string }[]): string[][] {
  return found.map(({ found }) => SLOW.map(({ name }) => name).filter((name) => found.includes(name)));
}

test("what writes nothing is judged on Redis and in memory, and not on DuckDB, whose aims are about commits", () => {
  const gc = { share: 0, pauses: 0, longestMs: 0 };
  const report = { server: "", inFlight: 2, sequential: "raw", concurrent: ["raw"], raw: [], operations: SLOW, gc };
  assert.equal(judged(verdicts({ backend: "redis", ...report })), [
    ["plain", "idle", "single"],
    ["plain", "idle"],
  ]);
  assert.equal(judged(verdicts({ backend: "duckdb", ...report })), [["plain", "single"], ["plain"]]);
  assert.equal(judged(verdicts({ backend: "memory", ...report })), [["plain", "idle", "single"]]);
});

test("a method with an aim of its own is judged by that", () => {
  const gc = { share: 0, pauses: 0, longestMs: 0 };
  const rest = { server: "", inFlight: 2, sequential: "raw", concurrent: ["raw"], raw: [], gc };
  const met = (name: string, figures: object, backend: "redis" | "memory") =>
    verdicts({ backend, ...rest, operations: [{ ...slow(name, {}), ...figures }] }).map((verdict) => verdict.met);
  const fast = { timesRaw: 1.7, ofRaw: [0.3] };
  assert.equal(met("recordFill (opens)", fast, "redis"), [true, true]);
  assert.equal(met("admit", fast, "redis"), [false, false]);
  assert.equal(met("getOrder", { timesRaw: 1.3, ofRaw: [0.5] }, "redis"), [true, true]);
  assert.equal(met("markSignalProcessed", { timesRaw: 1.4, ofRaw: [0.69] }, "redis"), [false, false]);
  assert.equal(met("admit", { rate: 200_000 }, "memory"), [true]);
  assert.equal(met("saveOrder", { rate: 299_999 }, "memory"), [false]);
});

test("what is called one at a time only is not judged in flight", () => {
  const report = { backend: "redis", server: "", inFlight: 2, size: TEN, operations: SLOW, block: undefined } as const;
  assert.equal(judged(scaleVerdicts(report)), [
    ["plain", "two", "idle", "single"],
    ["plain", "two", "idle"],
  ]);
});

test.run();
