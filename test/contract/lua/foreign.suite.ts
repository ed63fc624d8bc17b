import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FlowKeys } from "../../../src/backends/redis/keys.js";
import { CorruptStateError, StateLostError, type StateManager } from "../../../src/index.js";
import type { KeyName } from "../../../src/layout/keys.js";
import { operations } from "../../../src/operations/all.js";
import { ACCOUNT_KEYS, type AnyOperation, mayAskAccount } from "../../../src/operations/operation.js";
import { inAccount } from "../calls.js";
import { failure } from "../expect.js";
import type { Stand } from "./flow.js";
import { keysOf, listed, read, sampleOf, samplesOf, uncommented } from "./source.js";

/** Not read by a call of the manager: its slot's answer has a key of its own, and there is no lease without single_active. */
const NOT_READ: readonly KeyName[] = ["execution:call", "execution:lease"];

/** Whether an operation's script touches the event log: those that keep something alive have nothing to tell. */
function tells(operation: AnyOperation): boolean {
  const own = uncommented(read(operation).code).replaceAll(/local function (?:try_)?event\(/g, "");
  return operation.keys.includes("events:log") || /(?<!account_)\b(?:try_)?event\(/.test(own);
}

/** What a script does in a keyspace that holds something else than it expects: nothing. */
export function luaForeign(stand: Stand): void {
  const test = suite("lua: foreign");
  const { client } = stand;

  // `contents` looks through all keys of the server: those of earlier tests would make it slower and slower.
  test.before.each(async () => {
    await client.flushall();
  });

  /** Puts a value at a key that no command for its type accepts. */
  async function spoil(key: string, type: string | undefined): Promise<void> {
    await client.del(key);
    if (type === "string") await client.hset(key, "foreign", "value");
    else await client.set(key, "foreign");
  }

  for (const operation of operations) {
    const { name } = operation;

    test(`${name} fails and changes nothing when any of its keys holds another type`, async () => {
      for (const sample of samplesOf(operation)) {
        const own = listed(read(operation), "KEYS").slice(0, keysOf(operation).length);
        for (const [i, { name: keyName, type }] of own.entries()) {
          if (keyName === "events:log" && !tells(operation)) continue;
          const flowId = await stand.filledFlow(sample.prepare);
          const request = stand.request(operation, flowId, keyName === "execution:lease" ? "1" : "", sample);
          const key = request.keys[i] ?? "";
          await spoil(key, type);
          if (sample.leaves?.some((left) => left === keyName)) {
            await stand.run(operation, request);
            assert.is(await client.get(key), "foreign", keyName);
            continue;
          }
          const before = await stand.contents(flowId);
          const { message } = await failure(stand.run(operation, request));
          assert.match(message, /WRONGTYPE/, `${keyName}: ${message}`);
          assert.equal(await stand.contents(flowId), before, keyName);
        }
      }
    });

    test(`through the manager, ${name} on a key of another type is a CorruptStateError`, async () => {
      for (const [i, { type }] of listed(read(operation), "KEYS").entries()) {
        const keyName = keysOf(operation)[i];
        if (sampleOf(operation).leaves?.some((left) => left === keyName)) continue;
        if (keyName === "events:log" && !tells(operation)) continue;
        if (keyName === undefined || (NOT_READ.includes(keyName) && !operation.keys.includes(keyName))) continue;
        const flowId = await stand.filledFlow(sampleOf(operation).prepare);
        await using manager = await stand.open(flowId);
        await spoil(new FlowKeys("sf", flowId, false).key(keyName, flowId), type);
        const before = await stand.contents(flowId);
        const error = await failure(sampleOf(operation).call(manager));
        assert.instance(error, CorruptStateError, `${keyName}: ${error}`);
        assert.equal(await stand.contents(flowId), before, keyName);
      }
    });
  }

  const aside: string[] = [];

  for (const operation of operations.filter(mayAskAccount)) {
    test(`${operation.name} in a flow of an account fails and changes nothing when the account's hash is another type, or gone`, async () => {
      for (const sample of samplesOf(operation)) {
        const flowId = await stand.filledFlow(async (manager) => {
          await sample.prepare?.(manager);
          await inAccount(manager);
        });
        const { argv } = stand.request(operation, flowId, "", sample);
        const flow = new FlowKeys("sf", flowId, false);
        const request = { keys: [...keysOf(operation), ...ACCOUNT_KEYS].map((name) => flow.key(name, flowId)), argv };
        for (const [fault, damage] of [
          [/WRONGTYPE/, () => spoil(flow.key("account:risk", flowId), "hash")],
          [/SFSTATELOST the state of account/, () => client.del(flow.key("account:risk", flowId))],
        ] as const) {
          await damage();
          const before = await stand.contents(flowId);
          const failed = await stand.run(operation, request).then(
            () => undefined,
            (error: Error) => error.message,
          );
          // One that has nothing to do with the account here does not look at it.
          if (failed === undefined) aside.push(operation.name);
          else {
            assert.match(failed, fault);
            assert.equal(await stand.contents(flowId), before);
          }
        }
      }
    });
  }

  test("only what moves nothing of the account leaves its hash alone", () => {
    assert.equal([...new Set(aside)].sort(), [
      "remove_order",
      "reset_circuit_breaker",
      "save_order",
      "trigger_circuit_breaker",
      "update_order",
    ]);
  });

  test("what has nothing to tell works whatever the event log holds", async () => {
    const silent = operations.filter((operation) => operation.kind === "change" && !tells(operation));
    assert.equal(silent.map(({ name }) => name).sort(), [
      ...["forget_account_part", "forget_instances", "heartbeat", "join_account", "journal_recovery", "leave_account"],
      ...["renew_lease", "renew_recovery", "reset_account", "set_account_limits", "trip_account"],
    ]);
    for (const operation of silent) {
      const flowId = await stand.filledFlow(sampleOf(operation).prepare);
      const log = new FlowKeys("sf", flowId, false).key("events:log");
      await spoil(log, "stream");
      await stand.run(operation, stand.request(operation, flowId));
      assert.is(await client.get(log), "foreign");
    }
  });

  test("a script that cannot read a field of what is stored fails and changes nothing", async () => {
    const tripped = (manager: StateManager) => manager.triggerCircuitBreaker("longer", { duration: "1m" });
    let failures = 0;
    for (const more of [undefined, tripped]) {
      const flowId = await stand.filledFlow(more);
      const restore = await stand.remember(flowId);
      const requests = operations
        .filter(({ kind }) => kind === "change")
        .map((operation) => ({ operation, request: stand.request(operation, flowId) }));
      for (const key of new Set(requests.flatMap(({ request }) => request.keys))) {
        await restore();
        if ((await client.type(key)) !== "hash") continue;
        for (const field of await client.hkeys(key)) {
          for (const damage of ["garbage", "", "{}", "-", undefined]) {
            let before: object | undefined;
            for (const { operation, request } of requests.filter(({ request }) => request.keys.includes(key))) {
              await restore();
              if (damage === undefined) await client.hdel(key, field);
              else await client.hset(key, field, damage);
              before ??= await stand.contents(flowId);
              const error = await stand.run(operation, request).then(
                () => undefined,
                (reason: Error) => reason,
              );
              if (error === undefined) continue;
              failures++;
              const what = `${operation.name}, ${key} ${field} ${damage}: ${error.message}`;
              assert.equal(await stand.contents(flowId), before, what);
            }
          }
        }
      }
    }
    assert.ok(failures > 100, `${failures} failures`);
  });

  test("no entry goes ahead past guards that cannot be read", async () => {
    const odd = { kind: "zzz", within: 1, count: 1, limit: 0, block: "pair", for: 1 };
    for (const guards of ["{}", "null", "[1]", "{not", JSON.stringify([odd]), '[{"kind":"stop_losses"}]']) {
      await using manager = await stand.open(await stand.filledFlow());
      await client.hset(new FlowKeys("sf", manager.flowId, false).key("flow:meta"), "guards", guards);
      const before = await stand.contents(manager.flowId);
      const entry = { signalId: "new", pair: "ADA/USDT", side: "long", size: 1, price: 1 } as const;
      assert.match((await failure(manager.admit(entry))).message, /^guards: .*cannot be read/, guards);
      assert.equal(await stand.contents(manager.flowId), before);
    }
  });

  test("what is stored but cannot be read is a CorruptStateError of every read that meets it", async () => {
    for (const [key, field, call] of [
      ["positions:open", "p1", (m) => m.getPosition("p1")],
      ["positions:open", "p1", (m) => m.getPositions()],
      ["positions:open", "p1", (m) => m.updatePosition("p1", { size: 1 })],
      ["orders:pending", "o1", (m) => m.getPendingOrders()],
      ["orders:pending", "o1", (m) => m.snapshot()],
      ["risk:history", "2024-03-04", (m) => m.getDailyHistory()],
      ["risk:daily", "daily_pnl", (m) => m.getRiskState()],
    ] satisfies [KeyName, string, (manager: StateManager) => Promise<unknown>][]) {
      await using manager = await stand.open(await stand.filledFlow());
      await client.hset(new FlowKeys("sf", manager.flowId, false).key(key), field, "{garbage");
      const error = await failure(call(manager));
      assert.instance(error, CorruptStateError, `${key}: ${error}`);
      assert.match(error.message, /could not be understood/);
    }
  });

  test("a count of entries that is no number, or can grow no more, is a CorruptStateError of every admission", async () => {
    for (const damage of ["many", "1.5", `${2n ** 63n - 1n}`]) {
      for (const [outcome, signalId] of [
        ["admitted", "new"],
        ["duplicate_signal", "s1"],
      ] as const) {
        await using manager = await stand.open(await stand.filledFlow());
        const stats = new FlowKeys("sf", manager.flowId, false).key("admission:stats");
        await client.hset(stats, `2024-03-05|${outcome}`, damage);
        const before = await stand.contents(manager.flowId);
        const error = await failure(manager.admit({ signalId, pair: "ADA/USDT", side: "long", size: 1, price: 1 }));
        assert.instance(error, CorruptStateError, `${outcome}: ${error}`);
        assert.match(error.message, /could not be understood/);
        assert.equal(await stand.contents(manager.flowId), before);
      }
    }
  });

  test("a flow that was wiped out, or made anew by another, is lost to its manager until that connects again", async () => {
    for (const remake of [false, true]) {
      // Without an account there is none to call about.
      const calls = operations.filter(({ kind, name }) => kind !== "open" && sampleOf({ name }).prepare !== inAccount);
      for (const operation of calls) {
        await using manager = await stand.open(await stand.filledFlow());
        for (const key of await client.keys(`sf:${manager.flowId}:*`)) await client.del(key);
        if (remake) await (await stand.open(manager.flowId)).close();
        const before = await stand.contents(manager.flowId);
        const error = await failure(sampleOf(operation).call(manager));
        assert.instance(error, StateLostError, `${operation.name}: ${error}`);
        assert.equal(await stand.contents(manager.flowId), before);
        await manager.close();
        await manager.connect();
        assert.equal(await manager.getPositions(), []);
      }
    }
  });

  test.run();
}
