import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { interpret } from "../../src/backends/interpret.js";
import { InvalidArgumentError } from "../../src/errors.js";
import type { Operation } from "../../src/operations/operation.js";
import { FlowState } from "../../src/state/flow-state.js";
import { Cell, ChangeLog, Table } from "../../src/state/table.js";

const test = suite("table");

const key = fc.constantFrom("a", "b", "c", "__proto__");
const change = fc.record({ key, value: fc.option(fc.nat()) });

test("undo puts back every row as it was, whatever was done in between", () => {
  fc.assert(
    fc.property(fc.array(change), fc.array(change), (kept, undone) => {
      const log = new ChangeLog();
      const sums = new Map<string, number>();
      const table = new Table<number>("numbers", log, (before = 0, after = 0) => {
        sums.set("sum", (sums.get("sum") ?? 0) - before + after);
      });
      const apply = ({ key: at, value }: (typeof kept)[number]) =>
        value === null ? table.delete(at) : table.set(at, value);
      kept.forEach(apply);
      assert.is(log.take().length, kept.length - deletedNothing(kept));
      const before = new Map(table.entries());
      undone.forEach(apply);
      log.undo();
      assert.equal(new Map(table.entries()), before);
      assert.is(
        sums.get("sum") ?? 0,
        [...table.values()].reduce((a, b) => a + b, 0),
      );
      assert.is(log.take().length, 0);
    }),
  );
});

/** How many of the changes delete a row that is not there, and so change nothing. */
function deletedNothing(changes: readonly { key: string; value: number | null }[]): number {
  const there = new Set<string>();
  let nothing = 0;
  for (const { key: at, value } of changes) {
    if (value !== null) there.add(at);
    else if (!there.delete(at)) nothing++;
  }
  return nothing;
}

test("a change log hands over each change once, oldest first, with what stood there before", () => {
  const log = new ChangeLog();
  const table = new Table<string>("words", log);
  table.set("a", "one");
  table.set("a", "two");
  table.delete("a");
  table.delete("a");
  const taken = log.take().map(({ table: { name }, key: at, before }) => [name, at, before]);
  assert.equal(taken, [
    ["words", "a", undefined],
    ["words", "a", "one"],
    ["words", "a", "two"],
  ]);
  assert.equal(log.take(), []);
});

test("restoring a row is not noted as a change", () => {
  const log = new ChangeLog();
  const table = new Table<string>("words", log);
  table.restore("a", "loaded");
  assert.is(table.get("a"), "loaded");
  table.restore("a", undefined);
  assert.is(table.size, 0);
  assert.equal(log.take(), []);
});

test("a cell holds one row or none", () => {
  const cell = new Cell<number>("cell", new ChangeLog());
  assert.is(cell.value, undefined);
  assert.is(cell.clear(), false);
  cell.value = 5;
  assert.is(cell.value, 5);
  assert.is(cell.clear(), true);
  assert.is(cell.value, undefined);
});

test("an operation that throws halfway has changed nothing", () => {
  const state = new FlowState();
  const failing: Operation<void, void> = {
    name: "failing",
    kind: "change",
    keys: [],
    args: {},
    decode: () => undefined,
    apply(flow) {
      flow.heartbeat.value = 5;
      flow.limits.set("max_open_positions", 3);
      flow.processed.set("s1", 1);
      throw new InvalidArgumentError("x: no");
    },
  };
  const call = { now: 1, instance: "me", maxEvents: 10, lease: "" };
  assert.throws(() => interpret(failing, state, undefined, call), /x: no/);
  assert.is(state.heartbeat.value, undefined);
  assert.is(state.limits.size, 0);
  assert.is(state.processed.oldest(), undefined);
  assert.equal(state.changes.take(), []);
});

test.run();
