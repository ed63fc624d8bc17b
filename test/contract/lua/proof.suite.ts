import { suite } from "uvu";
import * as assert from "uvu/assert";
import { operations } from "../../../src/operations/all.js";
import { COMMON_ARGV } from "../../../src/operations/operation.js";
import { failure } from "../expect.js";
import type { Request, Stand } from "./flow.js";
import { sampleOf } from "./source.js";

const CALL = COMMON_ARGV.change.indexOf("call");
const LEASE = COMMON_ARGV.change.indexOf("lease");
const PROOF = COMMON_ARGV.change.indexOf("proof");

/** Every change is refused by a state that does not know the newest answer that its caller has. */
export function luaProof(stand: Stand): void {
  const test = suite("lua: proof of the newest answer");
  const changes = operations.filter(({ kind }) => kind === "change");
  const heartbeat = operations.find(({ name }) => name === "heartbeat");
  if (!heartbeat) throw new Error("there is no heartbeat");

  test.before.each(async () => {
    await stand.client.flushall();
  });

  const calling = ({ keys, argv }: Request, call: string, proof: string, ...more: string[]): Request => ({
    keys: [...keys, ...more],
    argv: argv.with(CALL, call).with(PROOF, proof),
  });
  const beat = async (request: Request) => (await stand.run(heartbeat, request)) as unknown[];
  const refusal = async (request: Request) => (await failure(stand.run(heartbeat, request))).message;

  test("no change is made where the answer before it is gone, or only an older one is there", async () => {
    for (const operation of changes) {
      const flowId = await stand.filledFlow();
      const request = stand.request(operation, flowId);
      const [, session = ""] = request.keys;
      const before = await stand.contents(flowId);
      const gone = calling(request, "0:8", "0:7");
      assert.match(
        (await failure(stand.run(operation, gone))).message,
        /^SFWENTBACK call 7 of slot 0 was answered; the state knows of none/,
        operation.name,
      );
      await stand.client.hset(session, "0", "alive\x00123\x000:6");
      assert.match(
        (await failure(stand.run(operation, gone))).message,
        /^SFWENTBACK call 7 of slot 0 was answered; the state knows of call 6 only/,
        operation.name,
      );
      assert.equal(await stand.contents(flowId), before, operation.name);
      assert.equal(await stand.client.hgetall(session), { 0: "alive\x00123\x000:6" }, "nor is the refusal remembered");
    }
  });

  test("every change is made where the state knows the answer before it, or a later one in its slot", async () => {
    for (const operation of changes) {
      for (const [own, proof] of [
        ["0", "0:7"],
        ["1", "0:7"],
        ["0", "0:5"],
        ["1", "0:5"],
      ] as const) {
        const request = stand.request(operation, await stand.filledFlow(sampleOf(operation).prepare));
        const [, session = ""] = request.keys;
        await stand.client.hset(session, "0", "alive\x00123\x000:7");
        const reply = await stand.run(operation, calling(request, `${own}:8`, proof));
        assert.is(Array.isArray(reply) && reply.at(-1), `${own}:8`, `${operation.name}, ${own}, ${proof}`);
      }
    }
  });

  test("an answer of another session is looked for in that session's hash, which is one more key", async () => {
    const request = stand.request(heartbeat, await stand.filledFlow());
    const [, session = ""] = request.keys;
    const at = request.keys.length + 1;
    await stand.client.hset(session, "0", "alive\x00123\x000:7");
    await stand.client.hset(`${session}:older`, "3", "alive\x00123\x003:6");
    assert.is((await beat(calling(request, "0:8", `3:6:${at}`, `${session}:older`))).at(-1), "0:8");
    assert.match(
      await refusal(calling(request, "0:9", `3:7:${at}`, `${session}:older`)),
      /^SFWENTBACK call 7 of slot 3 .* call 6 only/,
    );
    assert.match(
      await refusal(calling(request, "0:9", `0:8:${at}`, `${session}:older`)),
      /^SFWENTBACK call 8 of slot 0 .* none/,
    );
  });

  test("of several proofs each has to hold, also where the first is in the call's own slot", async () => {
    const request = stand.request(heartbeat, await stand.filledFlow());
    const [, session = ""] = request.keys;
    const known = { 0: "alive\x00123\x000:7", 1: "alive\x00123\x001:5", 10: "alive\x00123\x0010:9" };
    await stand.client.hset(session, known);
    assert.match(await refusal(calling(request, "0:10", "0:7 1:6")), /^SFWENTBACK call 6 of slot 1 /);
    assert.match(await refusal(calling(request, "0:10", "1:6 0:7")), /^SFWENTBACK call 6 of slot 1 /);
    assert.match(await refusal(calling(request, "0:10", "0:9")), /^SFWENTBACK call 9 of slot 0 /);
    assert.is((await beat(calling(request, "0:10", "0:7 1:5 10:9"))).at(-1), "0:10");
  });

  test("a call that was answered before gets its answer again, whatever it carries", async () => {
    for (const operation of changes) {
      const request = calling(stand.request(operation, await stand.filledFlow(sampleOf(operation).prepare)), "0:7", "");
      const first = await stand.run(operation, request);
      assert.equal(await stand.run(operation, calling(request, "0:7", "4:6")), first, operation.name);
    }
  });

  test("that the state went back is told before that the lease is lost: the lease may be of the older state", async () => {
    const request = calling(stand.request(heartbeat, await stand.filledFlow(), "1"), "0:8", "0:7");
    assert.match(await refusal(request), /^SFWENTBACK /);
    assert.match(await refusal({ ...request, argv: request.argv.with(PROOF, "") }), /^SFFENCED /);
    assert.is((await beat({ ...request, argv: request.argv.with(PROOF, "").with(LEASE, "") })).at(-1), "0:8");
  });

  test("who repeats no call may still prove what it was answered, and who proves nothing is asked for nothing", async () => {
    const request = stand.request(heartbeat, await stand.filledFlow());
    assert.match(await refusal(calling(request, "", "0:7")), /^SFWENTBACK /);
    assert.is((await beat(calling(request, "", ""))).at(-1), "");
    assert.is((await beat(calling(request, "0:8", ""))).at(-1), "0:8");
  });

  test.run();
}
