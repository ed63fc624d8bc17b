/** Which answers a copy of a call carries as proof. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Moment, moment } from "../../src/backends/redis/moment.js";
import { Proofs } from "../../src/backends/redis/proofs.js";
import { ServerClock } from "../../src/backends/redis/server-clock.js";
import { Clocks, HOUR, MINUTE } from "./stand.js";

const test = suite("proofs");

const KEYS = 7;

let answers = 0;

function answer(call: string, session = "one", sentAt: Moment = moment(), order = ++answers) {
  return { call, session, sentAt, at: Number(call.split(":")[1]), order };
}

test("the newest answer is carried, and none before there is one", () => {
  const proofs = new Proofs();
  assert.is(proofs.carried("one", KEYS).proof, "");
  proofs.answered(answer("0:1"), false);
  proofs.answered(answer("3:7"), false);
  proofs.answered(answer("1:5"), false);
  const { proof, sessions, at } = proofs.carried("one", KEYS);
  assert.equal([proof, sessions, at], ["1:5", [], 5]);
});

test("an answer that waited for replicas is no newer than those that came after it", () => {
  const proofs = new Proofs();
  proofs.answered(answer("1:2", "one", moment(), 1_002), false);
  proofs.answered(answer("0:1", "one", moment(), 1_001), false);
  assert.is(proofs.carried("one", KEYS).proof, "1:2");
  proofs.answered(answer("2:3", "one", moment(), 1_003), false);
  assert.is(proofs.carried("one", KEYS).proof, "2:3");
});

test("answers to calls that were sent again are carried beside it, until a newer one has come", () => {
  const proofs = new Proofs();
  proofs.answered(answer("0:1"), true);
  assert.is(proofs.carried("one", KEYS).proof, "0:1");
  proofs.answered(answer("1:9"), false);
  assert.is(proofs.carried("one", KEYS).proof, "1:9");
  proofs.answered(answer("2:3"), true);
  proofs.answered(answer("3:4"), true);
  assert.is(proofs.carried("one", KEYS).proof, "1:9 2:3 3:4");
  for (let n = 10; n < 30; n++) proofs.answered(answer(`4:${n}`), true);
  assert.is(proofs.carried("one", KEYS).proof, "1:9 4:22 4:23 4:24 4:25 4:26 4:27 4:28 4:29");
  proofs.answered(answer("5:40"), false);
  assert.is(proofs.carried("one", KEYS).proof, "5:40");
});

test("answers of other sessions name the keys that come after the script's own", () => {
  const proofs = new Proofs();
  proofs.answered(answer("0:1", "two"), false);
  proofs.answered(answer("0:2", "one"), true);
  proofs.answered(answer("1:3", "three"), true);
  proofs.answered(answer("2:4", "two"), true);
  const { proof, sessions } = proofs.carried("one", KEYS);
  assert.is(proof, "0:1:8 0:2 1:3:9 2:4:8");
  assert.equal(sessions, ["two", "three"]);
});

test("an answer proves nothing nine minutes after its call was made, by either clock", () => {
  for (const pass of ["advance", "set"] as const) {
    using clocks = new Clocks();
    const proofs = new Proofs();
    proofs.answered(answer("0:1"), false);
    clocks[pass](9 * MINUTE - 1_000);
    assert.is(proofs.carried("one", KEYS).proof, "0:1");
    clocks[pass](1_001);
    assert.is(proofs.carried("one", KEYS).proof, "");
  }
});

test("what was carried before everything was forgotten is of another time", () => {
  const proofs = new Proofs();
  proofs.answered(answer("0:1"), false);
  const before = proofs.carried("one", KEYS);
  assert.is(proofs.isOfNow(before), true);
  proofs.forget();
  assert.is(proofs.isOfNow(before), false);
  assert.is(proofs.carried("one", KEYS).proof, "");
});

test("a server's clock has jumped by what it went ahead of both of ours", () => {
  const at = (running: number, wall: number): Moment => ({ running, wall });
  const time = (ms: number) => [String(ms / 1_000), "0"];
  const clock = new ServerClock();
  assert.is(clock.jumped(time(HOUR), at(0, 0)), 0, "it was never seen");
  clock.see(time(HOUR), at(1_000, 5_000));
  assert.is(clock.jumped(time(2 * HOUR), at(1_000, 5_000)), HOUR);
  assert.is(clock.jumped(time(2 * HOUR), at(1_000 + HOUR, 5_000)), 0, "an hour has passed");
  assert.is(clock.jumped(time(2 * HOUR), at(1_000, 5_000 + HOUR)), 0, "this machine slept for an hour");
  assert.is(clock.jumped(time(0), at(1_000, 5_000)), -HOUR);
  clock.see("no time", at(0, 0));
  assert.is(clock.jumped(time(2 * HOUR), at(1_000, 5_000)), HOUR);
});

test.run();
