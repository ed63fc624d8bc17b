import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compareEventIds, EventLog } from "../../src/state/event-log.js";
import { ChangeLog } from "../../src/state/table.js";

const test = suite("event log");

const MAX = 1_000_000;

function event(at: number, type = "heartbeat") {
  return { at, instance: "bot-1", type, fields: () => ({}) };
}

function logOf(times: readonly number[], max = MAX): EventLog {
  const log = new EventLog(new ChangeLog());
  for (const [i, at] of times.entries()) log.append(event(at, String(i)), max);
  return log;
}

test("ids grow by time, and by sequence within a millisecond, also when the clock steps back", () => {
  const ids = logOf([5, 5, 7, 6, 6, 8])
    .values()
    .map(({ id }) => id);
  assert.equal(ids, ["5-0", "5-1", "7-0", "7-1", "7-2", "8-0"]);
  const times = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 2 });
  fc.assert(
    fc.property(times, (each) => {
      const log = logOf(each).values();
      assert.equal(
        log.map(({ at }) => at),
        each,
      );
      for (const [i, { id }] of log.entries()) {
        if (i > 0) assert.ok(compareEventIds(log[i - 1]?.id ?? "", id) < 0);
      }
    }),
  );
});

test("the newest max events are kept, and the log says that it was trimmed", () => {
  const log = logOf([1, 2, 3, 4, 5], 3);
  assert.equal(
    log.values().map(({ type }) => type),
    ["2", "3", "4"],
  );
  assert.is(log.size, 3);
  assert.is(log.trimmed, true);
  assert.is(logOf([1, 2, 3], 3).trimmed, false);
});

test("with max 0 nothing is kept", () => {
  const log = logOf([1, 2], 0);
  assert.is(log.size, 0);
  assert.equal(log.values(), []);
});

test("over many thousands of events it keeps the newest, in order", () => {
  const log = logOf(
    Array.from({ length: 20_000 }, (_, i) => i),
    500,
  );
  assert.equal(
    log.values().map(({ at }) => at),
    Array.from({ length: 500 }, (_, i) => 19_500 + i),
  );
  assert.equal(
    log.after("19997-0", 10).map(({ at }) => at),
    [19_998, 19_999],
  );
});

test("the events after an id are those that came later, at most as many as asked for", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 9 })),
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: -1, max: 10 }),
      fc.nat({ max: 3 }),
      fc.integer({ min: 1, max: 5 }),
      (times, max, ms, seq, limit) => {
        const log = logOf(times, max);
        const id = ms < 0 ? "" : `${ms}-${seq}`;
        const later = log.values().filter((each) => id === "" || compareEventIds(each.id, id) > 0);
        assert.equal(log.after(id, limit), later.slice(0, limit));
      },
    ),
  );
});

test("ids are compared number by number", () => {
  assert.ok(compareEventIds("9-0", "10-0") < 0);
  assert.ok(compareEventIds("10-9", "10-10") < 0);
  assert.is(compareEventIds("10", "10-0"), 0);
  assert.ok(compareEventIds("10-1", "10") > 0);
});

test("events may be missing after an id only if that id is older than the oldest kept", () => {
  const log = logOf([1, 2, 3, 4], 2);
  assert.is(log.trimmedAfter("1-0"), true);
  assert.is(log.trimmedAfter("2-9"), true);
  assert.is(log.trimmedAfter("3-0"), false);
  assert.is(log.trimmedAfter(""), false);
  assert.is(logOf([5, 6]).trimmedAfter("1-0"), false);
});

test("undo takes back an event that was appended", () => {
  const changes = new ChangeLog();
  const log = new EventLog(changes);
  log.append(event(1, "kept"), MAX);
  changes.take();
  log.append(event(2, "undone"), MAX);
  changes.undo();
  assert.equal(
    log.values().map(({ type }) => type),
    ["kept"],
  );
});

test.run();
