import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DAY_MS, dayEnd, dayOf } from "../../src/state/day.js";

const test = suite("day");

const time = fc.integer({ min: 0, max: Date.UTC(9999, 11, 30) });
const start = fc.integer({ min: 0, max: DAY_MS / 60_000 - 1 }).map((minutes) => minutes * 60_000);

test("a day is the UTC date of the time less day_start", () => {
  const noon = Date.UTC(2024, 1, 29, 12);
  assert.is(dayOf(noon, 0), "2024-02-29");
  assert.is(dayOf(noon, DAY_MS / 2), "2024-02-29");
  assert.is(dayOf(noon - 1, DAY_MS / 2), "2024-02-28");
  assert.is(dayOf(0, 60_000), "1969-12-31");
});

test("a day ends at the first millisecond of the next one", () => {
  fc.assert(
    fc.property(time, start, (ms, dayStart) => {
      const end = dayEnd(dayOf(ms, dayStart), dayStart);
      assert.ok(end > ms && end <= ms + DAY_MS);
      assert.is(dayOf(end - 1, dayStart), dayOf(ms, dayStart));
      assert.ok(dayOf(end, dayStart) > dayOf(ms, dayStart));
      assert.is(dayEnd(dayOf(end, dayStart), dayStart), end + DAY_MS);
      assert.is((end - dayStart) % DAY_MS, 0);
    }),
  );
});

test("a day does not depend on which one was asked for before", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(time, fc.boolean()), { minLength: 1 }), start, (asked, dayStart) => {
      for (const [ms, neighbour] of asked) {
        const at = neighbour ? ms + DAY_MS - 1 : ms;
        assert.is(dayOf(at, dayStart), new Date(at - dayStart).toISOString().slice(0, 10));
      }
    }),
  );
  assert.throws(() => dayOf(Number.NaN, 0), RangeError);
});

test("days as texts come in the order of time", () => {
  fc.assert(
    fc.property(time, time, start, (a, b, dayStart) => {
      const [early, late] = a < b ? [a, b] : [b, a];
      assert.ok(dayOf(early, dayStart) <= dayOf(late, dayStart));
    }),
  );
});

test.run();
