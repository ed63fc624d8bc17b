import * as assert from "uvu/assert";
import type { AdmissionRequest, StateManager } from "../../src/index.js";
import { Clock, DAY, HOUR, MINUTE, NOON, SECOND } from "./clock.js";
import { refused } from "./expect.js";
import type { Theme } from "./open.js";
import { LONG, NO_REFUSALS } from "./samples.js";

const PAIR = LONG.pair;
const ENTRY = { pair: PAIR, side: "long", size: 1, price: 100 } as const;

/** No entry goes ahead. */
const FULL = { risk: { max_exposure: 0 } } as const;

/** Asks for so many entries, one after the other; answers how many went ahead. */
async function ask(mgr: StateManager, count: number, request: Partial<AdmissionRequest> = {}): Promise<number> {
  let admitted = 0;
  for (let n = 0; n < count; n++) {
    if ((await mgr.admit({ signalId: `s${n}`, ...ENTRY, ...request })).admitted) admitted++;
  }
  return admitted;
}

/** Refusals and what becomes of entries, counted. */
export const refusals: Theme = (test, open, { durable }) => {
  test("of a flow that no entry has asked there are no counts and no refusals", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    assert.equal(await mgr.getAdmissionStats(), []);
    assert.equal(await mgr.getRefusals(), []);
    assert.equal((await mgr.snapshot()).admissions, { day: "2024-03-05", admitted: 0, refused: NO_REFUSALS });
  });

  test("each answer is counted on its day under its reason", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    assert.is(await ask(mgr, 3), 3);
    await ask(mgr, 2);
    await mgr.triggerCircuitBreaker("by hand", { duration: "1h" });
    await ask(mgr, 4);
    clock.now += HOUR;
    await mgr.setCooldown(PAIR, "1h");
    await ask(mgr, 1, { signalId: "new" });
    const today = {
      day: "2024-03-05",
      admitted: 3,
      refused: { ...NO_REFUSALS, duplicate_signal: 2, circuit_breaker: 4, cooldown: 1 },
    };
    assert.equal(await mgr.getAdmissionStats(), [today]);
    assert.equal((await mgr.snapshot()).admissions, today);
  });

  test("a hundred refusals leave a hundred counts, and no event", async () => {
    await using mgr = await open(FULL);
    const before = await mgr.getEvents();
    await ask(mgr, 100);
    const [day] = await mgr.getAdmissionStats();
    assert.equal([day?.admitted, day?.refused.max_exposure], [0, 100]);
    assert.is((await mgr.getRefusals()).length, 100);
    assert.equal(await mgr.getEvents(), before);
  });

  test("they are counted where no events are kept, too", async () => {
    const clock = new Clock();
    await using mgr = await open({ ...FULL, events: { max_length: 0 } }, { clock: clock.read });
    await ask(mgr, 2);
    assert.equal((await mgr.snapshot()).admissions.refused, { ...NO_REFUSALS, max_exposure: 2 });
    assert.is((await mgr.getRefusals()).length, 2);
    assert.equal(await mgr.getEvents(), []);
  });

  test("a refusal is kept with its time, instance, signal, pair, side, reason and words", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read, instanceId: 'bot "1"' });
    await mgr.triggerCircuitBreaker('a "reason"\\\n', { duration: "1h" });
    await mgr.admit({ signalId: 'q"|\\\u{1F680}', ...ENTRY, side: "short" });
    const [entry, ...others] = await mgr.getRefusals();
    assert.equal(others, []);
    assert.equal(entry, {
      key: `${NOON}-0`,
      at: new Date(NOON),
      instance: 'bot "1"',
      signalId: 'q"|\\\u{1F680}',
      pair: PAIR,
      side: "short",
      reason: "circuit_breaker",
      message: 'the circuit breaker is active: a "reason"\\\n',
    });
  });

  test("being fenced is not counted, and is no refusal that is kept", async () => {
    await using mgr = await open({ execution: { single_active: true }, risk: { max_exposure: 0 } });
    const lease = await mgr.acquireLease();
    await ask(mgr, 1);
    await lease.release();
    const answer = await mgr.admit({ signalId: "s1", ...ENTRY });
    assert.is(!answer.admitted && answer.reason, "fenced");
    const { admitted, refused: counts } = (await mgr.snapshot()).admissions;
    assert.equal([admitted, counts], [0, { ...NO_REFUSALS, max_exposure: 1 }]);
    assert.is((await mgr.getRefusals()).length, 1);
  });

  test("an argument that is refused counts as nothing", async () => {
    await using mgr = await open();
    await refused(mgr.admit({ signalId: "s", ...ENTRY, positionId: "nobody" }), "positionId");
    await refused(mgr.admit({ signalId: "s", ...ENTRY, size: 0 }), "size");
    assert.equal(await mgr.getAdmissionStats(), []);
  });

  test("an answer counts on the trading day, which begins at risk.day_start", async () => {
    const clock = new Clock(Date.UTC(2024, 2, 5, 17, 29));
    await using mgr = await open({ risk: { max_exposure: 0, day_start: "17:30" } }, { clock: clock.read });
    await ask(mgr, 1);
    clock.now += MINUTE;
    await ask(mgr, 2);
    assert.equal(
      (await mgr.getAdmissionStats()).map(({ day, refused: { max_exposure } }) => [day, max_exposure]),
      [
        ["2024-03-04", 1],
        ["2024-03-05", 2],
      ],
    );
    assert.is((await mgr.snapshot()).admissions.day, "2024-03-05");
  });

  test("a clock that steps back does not reopen a day: it counts on the day that is open", async () => {
    const clock = new Clock();
    await using mgr = await open(FULL, { clock: clock.read });
    await mgr.updateDailyPnl(1);
    await ask(mgr, 1, { signalId: "before" });
    clock.now -= DAY;
    await ask(mgr, 1);
    await mgr.triggerCircuitBreaker("by hand");
    await ask(mgr, 1);
    await mgr.beginRecovery("a look");
    await ask(mgr, 1);
    assert.equal(
      (await mgr.getRefusals()).map(({ key, at }) => [key, at.getTime()]),
      [0, 1, 2, 3].map((n) => [`${NOON}-${n}`, n === 0 ? NOON : NOON - DAY]),
    );
    assert.equal(await mgr.getAdmissionStats(), [
      {
        day: "2024-03-05",
        admitted: 0,
        refused: { ...NO_REFUSALS, max_exposure: 2, circuit_breaker: 1, recovering: 1 },
      },
    ]);
  });

  test("counts are kept of 30 days: those before go when a day begins", async () => {
    const clock = new Clock();
    await using mgr = await open(FULL, { clock: clock.read });
    for (let n = 0; n < 32; n++) {
      await ask(mgr, 1);
      clock.now += DAY;
    }
    const days = (await mgr.getAdmissionStats()).map(({ day }) => day);
    // From 5 March on, the 32nd day is 5 April.
    assert.equal([days.length, days[0], days.at(-1)], [30, "2024-03-07", "2024-04-05"]);
    assert.equal(
      (await mgr.getAdmissionStats({ days: 2 })).map(({ day }) => day),
      ["2024-04-04", "2024-04-05"],
    );
    await refused(mgr.getAdmissionStats({ days: 0 }), "days");
  });

  test("days without an entry are left out, and old ones go though only entries that go ahead ask", async () => {
    const clock = new Clock();
    await using mgr = await open({}, { clock: clock.read });
    await ask(mgr, 1);
    await mgr.admit({ signalId: "s0", ...ENTRY });
    clock.now += 29 * DAY;
    await ask(mgr, 1, { signalId: "later" });
    assert.equal(
      (await mgr.getAdmissionStats()).map(({ day }) => day),
      ["2024-03-05", "2024-04-03"],
    );
    clock.now += DAY;
    await ask(mgr, 1, { signalId: "latest" });
    assert.equal(
      (await mgr.getAdmissionStats()).map(({ day, admitted }) => [day, admitted]),
      [
        ["2024-04-03", 1],
        ["2024-04-04", 1],
      ],
    );
  });

  test("refusals come oldest first, in pages, from and to a time", async () => {
    const clock = new Clock();
    await using mgr = await open(FULL, { clock: clock.read });
    for (let n = 0; n < 10; n++) {
      await mgr.admit({ signalId: `s${n}`, ...ENTRY });
      clock.now += SECOND;
    }
    const ids = async (options: Parameters<StateManager["getRefusals"]>[0]) =>
      (await mgr.getRefusals(options)).map(({ signalId }) => signalId);
    assert.equal(await ids({ limit: 3 }), ["s0", "s1", "s2"]);
    const after = (await mgr.getRefusals({ limit: 3 })).at(-1)?.key ?? "";
    assert.equal(await ids({ after, limit: 2 }), ["s3", "s4"]);
    assert.equal(await ids({ from: NOON + 7 * SECOND }), ["s7", "s8", "s9"]);
    assert.equal(await ids({ to: new Date(NOON + 2 * SECOND) }), ["s0", "s1"]);
    assert.equal(await ids({ from: NOON + 2 * SECOND, to: NOON + 4 * SECOND, after }), ["s3"]);
    await refused(mgr.getRefusals({ limit: 0 }), "limit");
    await refused(mgr.getRefusals({ after: "s3" }), "after");
    await refused(mgr.getRefusals({ from: Number.NaN }), "from");
  });

  test("a page may be longer than what one look takes in", async () => {
    await using mgr = await open(FULL);
    await Promise.all(Array.from({ length: 2100 }, (_, n) => mgr.admit({ signalId: `s${n}`, ...ENTRY })));
    const all = await mgr.getRefusals({ limit: 10_000 });
    assert.is(new Set(all.map(({ signalId }) => signalId)).size, 2100);
    assert.is((await mgr.getRefusals()).length, 1000);
    assert.equal(await mgr.getRefusals({ after: all[1999]?.key ?? "" }), all.slice(2000));
  });

  test("the newest 10,000 refusals are kept, and all are counted", async () => {
    await using mgr = await open(FULL);
    for (let n = 0; n < 10_050; n += 1005) {
      await Promise.all(Array.from({ length: 1005 }, (_, i) => mgr.admit({ signalId: `s${n + i}`, ...ENTRY })));
    }
    const kept = await mgr.getRefusals({ limit: 10_000 });
    assert.is(kept.length, 10_000);
    assert.equal(await mgr.getRefusals({ after: kept.at(-1)?.key ?? "" }), []);
    assert.is(kept[0]?.signalId, "s50");
    const { refused: counts } = (await mgr.snapshot()).admissions;
    assert.is(counts.max_exposure, 10_050);
  });

  if (durable) {
    test("counts and refusals outlive their manager", async () => {
      const clock = new Clock();
      const mgr = await open(FULL, { clock: clock.read });
      await ask(mgr, 3);
      const [stats, kept] = [await mgr.getAdmissionStats(), await mgr.getRefusals()];
      await mgr.close();
      await using again = await open(FULL, { clock: clock.read, flowId: mgr.flowId });
      assert.equal(await again.getAdmissionStats(), stats);
      assert.equal(await again.getRefusals(), kept);
      await ask(again, 1);
      assert.is((await again.snapshot()).admissions.refused.max_exposure, 4);
      assert.is((await again.getRefusals()).length, 4);
    });
  }
};
