import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { remember, remembers } from "../../src/state/memory.js";
import { Ranking } from "../../src/state/ranking.js";
import { ChangeLog } from "../../src/state/table.js";

const test = suite("memory");

const WINDOW = 10;

function memory(): Ranking {
  return new Ranking("ids", new ChangeLog());
}

test("an id is remembered for the window, to the millisecond", () => {
  const ids = memory();
  remember(ids, "a", 100, WINDOW, 5);
  assert.is(remembers(ids, "a", 109, WINDOW), true);
  assert.is(remembers(ids, "a", 110, WINDOW), false);
  assert.is(remembers(ids, "b", 100, WINDOW), false);
});

test("ids beyond the window no longer count, and at most sixteen of them are kept", () => {
  const ids = memory();
  for (let i = 0; i < 100; i++) {
    const now = 100 + i * WINDOW;
    remember(ids, `id-${i}`, now, WINDOW, 1000);
    assert.is(remembers(ids, `id-${i}`, now, WINDOW), true);
    assert.is(remembers(ids, `id-${i - 1}`, now, WINDOW), false);
    assert.ok(ids.size <= 17, `${ids.size} ids`);
  }
});

const step = fc.record({ id: fc.constantFrom("a", "b", "c", "d", "e", "f"), by: fc.integer({ min: -6, max: 6 }) });

test("the newest id is always remembered, and never more than the maximum, however the clock goes", () => {
  fc.assert(
    fc.property(fc.array(step), fc.integer({ min: 1, max: 4 }), (steps, max) => {
      const ids = memory();
      let now = 100;
      for (const { id, by } of steps) {
        now += by;
        if (remembers(ids, id, now, WINDOW)) continue;
        remember(ids, id, now, WINDOW, max);
        assert.is(remembers(ids, id, now, WINDOW), true);
        assert.is(ids.newestScore(), ids.get(id));
        assert.ok(ids.size <= max);
      }
    }),
  );
});

test("while the clock goes on, the ids that are kept are the last ones", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 5 }),
      (names, max) => {
        const ids = memory();
        for (const [i, id] of names.entries()) remember(ids, id, i, 1000, max);
        assert.equal(
          ids.newest(100).map(({ id }) => id),
          names.slice(-max),
        );
      },
    ),
  );
});

test.run();
