import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FlowKeys } from "../../../src/backends/redis/keys.js";
import { script } from "../../../src/backends/redis/scripts.js";
import { operations } from "../../../src/operations/all.js";
import { setRiskLimits } from "../../../src/operations/set-risk-limits.js";
import { redisCli } from "../../servers/redis-binary.cjs";
import { newFlowId } from "../backends.js";
import { failure } from "../expect.js";
import type { Stand } from "./flow.js";
import { pathOf, sampleOf, samplesOf } from "./source.js";

const run = promisify(execFile);

/** Every script runs as it is: by redis-cli, under the debugger, by its hash; twice, and in a flow that is not the caller's. */
export function luaRunning(stand: Stand): void {
  const test = suite("lua: running");
  const { server, client } = stand;

  // `contents` looks through all keys of the server: those of earlier tests would make it slower and slower.
  test.before.each(async () => {
    await client.flushall();
  });

  for (const operation of operations) {
    const { name } = operation;

    test(`${name} runs with redis-cli --eval`, async () => {
      const { keys, argv } = stand.request(operation, await stand.filledFlow(sampleOf(operation).prepare));
      const output = await server.cli("--eval", pathOf(operation), ...keys, ",", ...argv);
      assert.not.match(output, /ERR|WRONGTYPE|^\(error\)|\bSF[A-Z]+/);
      assert.is(output.split("\n").at(-1), "7", output);
    });

    test(`${name} has the SHA that SCRIPT LOAD gives it, and runs by it`, async () => {
      const source = readFileSync(pathOf(operation));
      const sha = createHash("sha1").update(source).digest("hex");
      assert.is(script(name).sha, sha);
      assert.is(await client.script("LOAD", source.toString()), sha);
      const { keys, argv } = stand.request(operation, await stand.filledFlow(sampleOf(operation).prepare));
      const reply = await client.evalsha(sha, keys.length, ...keys, ...argv);
      assert.ok(Array.isArray(reply));
      assert.is(reply.at(-1), "7");
    });

    for (const mode of ["--ldb", "--ldb-sync-mode"]) {
      test(`${name} starts and ends under the debugger, ${mode}`, async () => {
        const { keys, argv } = stand.request(operation, await stand.filledFlow(sampleOf(operation).prepare));
        const connection = ["-h", server.host, "-p", `${server.port}`];
        const debugging = run(redisCli(), [...connection, mode, "--eval", pathOf(operation), ...keys, ",", ...argv]);
        debugging.child.stdin?.end("continue\n");
        const { stdout } = await debugging;
        assert.match(stdout, /Stopped at \d+, stop reason = step over/);
        assert.match(stdout, /Lua debugging session ended/);
        assert.match(stdout, /\n\d+\) "7"\n/);
        assert.not.match(stdout, /\(error\)/);
      });
    }
  }

  test("no script goes beyond Lua's limits: the server loads all, and refuses 61 upvalues or 201 locals in a function", async () => {
    const load = (source: string) => client.script("LOAD", source);
    for (const operation of operations) await load(readFileSync(pathOf(operation)).toString());
    const names = (count: number) => Array.from({ length: count }, (_, i) => `v${i}`);
    const upvalues = (count: number) =>
      `local ${names(count).join(", ")}\nreturn function() return ${names(count).join(" or ")} end`;
    const locals = (count: number) => `local ${names(count).join("\nlocal ")}`;
    await load(upvalues(60));
    assert.match((await failure(load(upvalues(61)))).message, /more than 60 upvalues/);
    await load(locals(200));
    assert.match((await failure(load(locals(201)))).message, /more than 200 local variables/);
  });

  test("a script run twice under one call number answers alike and changes nothing the second time", async () => {
    const changes = operations.filter(({ kind }) => kind === "change");
    const samples = changes.flatMap((operation) => samplesOf(operation).map((sample) => ({ operation, sample })));
    for (const { operation, sample } of samples) {
      const flowId = await stand.filledFlow(sample.prepare);
      const request = stand.request(operation, flowId, "", sample);
      const first = await stand.run(operation, request);
      const after = await stand.contents(flowId);
      assert.equal(await stand.run(operation, request), first, operation.name);
      assert.equal(await stand.contents(flowId), after, operation.name);
      const older = { ...request, argv: request.argv.with(0, "6") };
      assert.match((await failure(stand.run(operation, older))).message, /^SFSTALECALL /);
      assert.equal(await stand.contents(flowId), after, operation.name);
    }
  });

  test("a session's answers are kept for ten minutes at least, and not for ever", async () => {
    const operation = operations.find(({ name }) => name === "heartbeat");
    if (!operation) throw new Error("there is no heartbeat");
    const request = stand.request(operation, await stand.filledFlow());
    const [, session = ""] = request.keys;
    const call = (number: number, clock: string) =>
      stand.run(operation, { ...request, argv: request.argv.with(0, `0:${number}`).with(2, clock) });
    const left = () => stand.client.pttl(session);
    const pretend = async (ms: number) => {
      const [seconds] = await stand.client.time();
      await stand.client.hset(session, "until", Number(seconds) * 1000 + ms);
      await stand.client.pexpire(session, ms);
    };
    const minutes = (count: number) => count * 60_000;

    await call(1, "");
    assert.ok((await left()) > minutes(19) && (await left()) <= minutes(20));
    await pretend(minutes(15));
    await call(2, "");
    assert.ok((await left()) <= minutes(15), "long enough: nothing is put off");
    await pretend(minutes(9));
    await call(3, "");
    assert.ok((await left()) > minutes(19), "put off in time");
    await pretend(minutes(15));
    await call(4, `${Date.now()}`);
    assert.ok((await left()) > minutes(19), "another clock says nothing of the server's");
  });

  test("a refusal is repeated as well, and neither changes anything", async () => {
    const operation = operations.find(({ name }) => name === "update_daily_pnl");
    if (!operation) throw new Error("there is no update_daily_pnl");
    const flowId = await stand.filledFlow((manager) => manager.updateDailyPnl(-8999999999999994));
    const { keys, argv } = stand.request(operation, flowId);
    const request = { keys, argv: argv.with(9, "") };
    const before = await stand.contents(flowId);
    const { message } = await failure(stand.run(operation, request));
    assert.match(message, /^SFINVALID pnl: a sum of the day would exceed/);
    assert.is((await failure(stand.run(operation, request))).message, message);
    assert.equal(await stand.contents(flowId), before);
  });

  test("a limit that nobody is known to have set is not loosened by a connect; one that is as configured becomes the configuration's", async () => {
    const flowId = await stand.filledFlow();
    const by = new FlowKeys("sf", flowId, false).key("risk:limits_by");
    await client.del(by);
    const request = (...limits: string[]) => {
      const { keys, argv } = stand.request(setRiskLimits, flowId);
      return { keys, argv: [...argv.slice(0, 7).with(0, ""), "connect", "0", "3600000", ...limits] };
    };
    await stand.run(
      setRiskLimits,
      request("max_daily_loss", "11", "max_consecutive_losses", "49", "max_drawdown", "0.5"),
    );
    await using manager = await stand.open(flowId);
    const { max_daily_loss, max_consecutive_losses, max_drawdown } = await manager.getRiskLimitOrigins();
    assert.equal(max_daily_loss, { value: 10 });
    assert.equal([max_consecutive_losses?.value, max_consecutive_losses?.by], [49, "config"]);
    assert.equal([max_drawdown?.value, max_drawdown?.by], [0.5, "config"]);
    await stand.run(setRiskLimits, request("max_consecutive_losses", "60", "max_drawdown", "0.6"));
    assert.equal((await manager.getRiskLimitOrigins()).max_consecutive_losses, { value: 50 });
    assert.is((await manager.getRiskLimitOrigins()).max_drawdown?.value, 0.6);
  });

  test("a script told another epoch than the flow's, or none where there is none, changes nothing", async () => {
    for (const operation of operations.filter(({ kind }) => kind !== "open")) {
      const flowId = await stand.filledFlow();
      const before = await stand.contents(flowId);
      const { keys, argv } = stand.request(operation, flowId);
      const foreign = await failure(stand.run(operation, { keys, argv: argv.with(1, "another") }));
      assert.match(foreign.message, /^SFSTATELOST .*another/);
      assert.equal(await stand.contents(flowId), before);
      const lost = newFlowId();
      const error = await failure(stand.run(operation, stand.request(operation, lost)));
      assert.match(error.message, /^SFSTATELOST /);
      assert.equal(await stand.contents(lost), {});
    }
  });

  test("a change under a lease that is not held changes nothing", async () => {
    for (const operation of operations.filter(({ kind }) => kind === "change")) {
      const flowId = await stand.filledFlow();
      const before = await stand.contents(flowId);
      const error = await failure(stand.run(operation, stand.request(operation, flowId, "1")));
      assert.match(error.message, /^SFFENCED lease 1 is not held/);
      assert.equal(await stand.contents(flowId), before);
    }
  });

  test.run();
}
