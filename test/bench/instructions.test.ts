/** Counting instructions: what is compared with what. The figures themselves are not tested here. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { skip } from "../skip.js";
import { missingTool } from "./instructions/callgrind.js";
import { type Counts, count } from "./instructions/count.js";
import { fixedCalls, IN_README } from "./instructions/fixed-calls.js";
import { grown, incomparable, readRecorded } from "./instructions/recorded.js";
import { skeletonOf } from "./instructions/skeleton.js";
import { readme, withTable } from "./instructions/table.js";
import { subjects } from "./subjects.js";

const test = suite("instructions");

const THEN = { redis: "Redis 7.0.15", set: 7_000, evalshaGet: 19_000 };

function counts(instructions: number, name = "admit"): Counts {
  return { ...THEN, calls: [{ name, instructions, skeleton: 100, commands: 4 }] };
}

function recorded(instructions: number) {
  return { machine: "a CPU", ...THEN, calls: [...counts(instructions).calls] };
}

test("every subject of the bench is a fixed call, and each has one name and a recorded figure", () => {
  const names = fixedCalls.map(({ name }) => name);
  assert.equal([...new Set(names)], names);
  for (const { name } of subjects) assert.ok(names.includes(name), name);
  assert.equal(
    readRecorded().calls.map(({ name }) => name),
    names,
  );
});

test("a call that costs over a tenth more than recorded is named, one that costs a tenth more is not", () => {
  assert.equal(grown(counts(1_100), recorded(1_000)), []);
  assert.equal(grown(counts(1_101), recorded(1_000)), ["admit: 1101 instructions, 10% more than the recorded 1000"]);
  assert.equal(grown(counts(500), recorded(1_000)), []);
});

test("a call without a recorded figure is named", () => {
  assert.equal(grown(counts(1, "newCall"), recorded(1)), ["newCall: no figure is recorded"]);
});

test("figures of a Redis whose raw commands cost something else are not compared", () => {
  assert.is(incomparable({ ...counts(1), set: 7_200 }, recorded(1)), undefined);
  assert.match(incomparable({ ...counts(1), set: 7_700 }, recorded(1)) ?? "", /whose SET takes 7000 .* takes 7700/);
  assert.match(incomparable({ ...counts(1), evalshaGet: 15_000 }, recorded(1)) ?? "", /whose EVALSHA takes 19000/);
});

test("the skeleton of a call runs its commands byte for byte, and leaves the client's memory of calls alone", () => {
  const commands = [["HSET", "sf:{a}:execution:call:xyz", 'a"b', "\0\né"]];
  const text = skeletonOf({ args: [], commands });
  const said = [...text.matchAll(/"([^"]*)"/g)].map(([, literal = ""]) =>
    Buffer.from([...literal.matchAll(/\\(\d{3})/g)].map(([, byte]) => Number(byte))).toString(),
  );
  assert.equal(said.slice(0, 4), ["HSET", "sf:{a}:execution:call:skeleton", 'a"b', "\0\né"]);
});

test("the table in the README is that of the recorded figures", () => {
  assert.is(readme(), withTable(readme(), readRecorded()));
  const names = readRecorded().calls.map(({ name }) => name);
  assert.equal(
    IN_README.filter((name) => !names.includes(name)),
    [],
  );
});

const COUNTED = "a call costs at least its skeleton, counted twice alike on the same server";
const missing = missingTool();
if (missing !== undefined) skip(test, COUNTED, missing);
else
  test(COUNTED, async () => {
    const heartbeat = fixedCalls.filter(({ name }) => name === "heartbeat");
    const { calls } = await count([...heartbeat, ...heartbeat], () => {});
    const [first, second] = calls;
    assert.ok(first && second);
    assert.ok(first.instructions > first.skeleton && first.skeleton > 10_000);
    assert.ok(Math.abs(first.instructions / second.instructions - 1) < 0.05);
    assert.is(first.commands, second.commands);
  });

test.run();
