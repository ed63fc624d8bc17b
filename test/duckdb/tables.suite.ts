import { DuckDBInstance } from "@duckdb/node-api";
import * as assert from "uvu/assert";
import { tableSizes } from "../../src/backends/duckdb/sql-table.js";
import { admit } from "../../src/operations/admit.js";
import { closePosition } from "../../src/operations/close-position.js";
import { getEvents } from "../../src/operations/get-events.js";
import { getOrder } from "../../src/operations/get-order.js";
import { getPosition } from "../../src/operations/get-position.js";
import { getPositions } from "../../src/operations/get-positions.js";
import { getRefusals } from "../../src/operations/get-refusals.js";
import { getRiskState } from "../../src/operations/get-risk-state.js";
import { heartbeat } from "../../src/operations/heartbeat.js";
import { markSignalProcessed } from "../../src/operations/mark-signal-processed.js";
import { saveOrder } from "../../src/operations/save-order.js";
import { savePosition } from "../../src/operations/save-position.js";
import { setRiskLimits } from "../../src/operations/set-risk-limits.js";
import { snapshot } from "../../src/operations/snapshot.js";
import { triggerCircuitBreaker } from "../../src/operations/trigger-circuit-breaker.js";
import { updateDailyPnl } from "../../src/operations/update-daily-pnl.js";
import { SCHEMA_VERSION } from "../../src/state/flow-state.js";
import { DOUBLES, EXOTIC_NAMES, LONGEST_ID } from "../contract/samples.js";
import { NO_CHECKPOINTS, opened } from "./backend.js";
import { closing, entry, order, POLICY, position, SNAPSHOT, signal, trade } from "./samples.js";
import { ask, copyOf, newPath, type Test } from "./stand.js";

const NOON = Date.UTC(2024, 2, 5, 12);

/** What is in the file: for people who ask in SQL, and for the library that reads it again. */
export function tables(test: Test): void {
  test("a table that is said to be empty is empty, wherever its rows are", async () => {
    const path = await newPath();
    const [count, empty] = ["SELECT count(*) FROM t", "CREATE TABLE none (x BIGINT)"];
    /** What is said and what is true after each of these has been run, and the file was closed as a killed process leaves it. */
    const after = async (...statements: string[]) => {
      const instance = await DuckDBInstance.create(path);
      const connection = await instance.connect();
      try {
        await connection.run("PRAGMA disable_checkpoint_on_shutdown");
        const sizes = await tableSizes(connection);
        const rows = sizes.has("t") ? Number((await connection.runAndReadAll(count)).getRows()[0]?.[0]) : undefined;
        for (const statement of statements) await connection.run(statement);
        return [sizes.get("none"), sizes.get("t"), rows];
      } finally {
        connection.closeSync();
        instance.closeSync();
      }
    };
    const append = "INSERT INTO t SELECT range FROM range(3)";
    assert.equal(await after(empty, "CREATE TABLE t (x BIGINT)", "CHECKPOINT"), [undefined, undefined, undefined]);
    // Other tables of that name, of people who keep their research in the file.
    const research = ["CREATE SCHEMA research", "CREATE TABLE research.t (x BIGINT)", "CREATE TEMP TABLE t (x BIGINT)"];
    assert.equal(await after(...research, "DROP TABLE temp.t", append), [0, 0, 0]);
    assert.equal(await after("CHECKPOINT"), [0, 3, 3], "in the log only");
    assert.equal(await after(`BEGIN; DELETE FROM t WHERE x < 2; ${append}; COMMIT`), [0, 3, 3], "in the file");
    const [, said, rows] = await after("BEGIN", append, "ROLLBACK", "CHECKPOINT");
    assert.is(rows, 4, "in both");
    assert.ok(Number(said) >= 4);
    assert.equal((await after("DELETE FROM t")).at(-1), 4);
    assert.equal((await after(append, "CHECKPOINT")).at(-1), 0);
    assert.ok(Number((await after())[1]) >= 3, "removed and added again");
  });

  test("after a clean close the tables answer what a person asks", async () => {
    const path = await newPath();
    const flow = await opened(path, { clock: () => NOON });
    await flow.execute(savePosition, position("p1", { metadata: '{"strategy":"trend"}' }), "");
    await flow.execute(
      savePosition,
      position("p2", { pair: "ETH/USDT", side: "short", size: 2, entryPrice: 3000 }),
      "",
    );
    await flow.execute(savePosition, position("p3"), "");
    await flow.execute(closePosition, closing("p3", -1_250_000_000n), "");
    await flow.execute(saveOrder, order("o1"), "");
    await flow.execute(markSignalProcessed, signal("s1"), "");
    await flow.execute(setRiskLimits, { how: "call", ...POLICY, limits: [["max_drawdown", 0.2]] }, "");
    await flow.execute(triggerCircuitBreaker, { ...POLICY, reason: "lunch" }, "");
    await flow.execute(heartbeat, undefined, "");
    await flow.close();

    assert.equal(await ask(path, "SELECT pair, sum(size * entry_price) FROM positions GROUP BY pair ORDER BY pair"), [
      ["BTC/USDT", 20_000],
      ["ETH/USDT", 6_000],
    ]);
    assert.equal(await ask(path, "SELECT daily_pnl::VARCHAR, daily_trades, consecutive_losses FROM risk_state"), [
      ["-12.50000000", 1n, 1n],
    ]);
    assert.equal(await ask(path, "SELECT id FROM pending_orders WHERE created_at < now() AND status = 'open'"), [
      ["o1"],
    ]);
    assert.equal(await ask(path, "SELECT metadata->>'strategy' FROM positions WHERE id = 'p1'"), [["trend"]]);
    assert.equal(await ask(path, "SELECT id, pair FROM signal_state"), [["s1", "BTC/USDT"]]);
    assert.equal(await ask(path, "SELECT reason, epoch_ms(until) FROM circuit_breaker"), [
      ["lunch", BigInt(NOON + POLICY.breakerDuration)],
    ]);
    assert.equal(await ask(path, "SELECT epoch_ms(last_heartbeat) FROM heartbeat"), [[BigInt(NOON)]]);
    assert.equal(await ask(path, "SELECT name, value FROM risk_limits"), [["max_drawdown", 0.2]]);
    assert.equal(await ask(path, "SELECT name, set_by, who, epoch_ms(set_at) FROM risk_limit_origins"), [
      ["max_drawdown", "call", "one", BigInt(NOON)],
    ]);
    assert.equal(await ask(path, "SELECT flow_id, schema FROM flow_meta"), [["bot", BigInt(SCHEMA_VERSION)]]);
    assert.equal(await ask(path, "SELECT type FROM events ORDER BY seq DESC LIMIT 2"), [
      ["breaker_tripped"],
      ["limits_set"],
    ]);
    assert.equal(
      await ask(path, `SELECT fields->>'pnl' FROM events WHERE type = 'position_closed' AND happened_at < now()`),
      [["-12.5"]],
    );
    assert.equal(await ask(path, "SELECT count(*) FROM journal"), [[0n]]);
  });

  test("what became of entries stands in tables, by day and outcome, and each refusal", async () => {
    const path = await newPath();
    const flow = await opened(path, { clock: () => NOON });
    await flow.execute(admit, entry("s1"), "");
    await flow.execute(admit, entry("s1"), "");
    await flow.close();
    assert.equal(await ask(path, "SELECT day, outcome, count FROM admissions ORDER BY outcome"), [
      ["2024-03-05", "admitted", 1n],
      ["2024-03-05", "duplicate_signal", 1n],
    ]);
    assert.equal(await ask(path, "SELECT signal_id, pair, side, reason, message, epoch_ms(refused_at) FROM refusals"), [
      ["s1", "BTC/USDT", "long", "duplicate_signal", "signal s1 was acted on before", BigInt(NOON)],
    ]);
  });

  test("the file keeps the newest 10,000 refusals, also after a crash, and over several checkpoints", async () => {
    const path = await newPath();
    const flow = await opened(path, { clock: () => NOON }, { commits: 2 });
    await flow.execute(setRiskLimits, { how: "call", ...POLICY, limits: [["max_exposure", 0]] }, "");
    const refuse = async (from: number, count: number) => {
      await Promise.all(Array.from({ length: count }, (_, n) => flow.execute(admit, entry(`s${from + n}`), "")));
    };
    for (const from of [0, 6000]) await refuse(from, 6000);
    const crashed = await opened(await copyOf(path));
    const page = { from: undefined, to: undefined, limit: 1 };
    const first = async (of: typeof flow) =>
      (await of.execute(getRefusals, { ...page, after: "" }, "")).found.map(({ signalId }) => signalId);
    assert.equal([await first(flow), await first(crashed)], [["s2000"], ["s2000"]]);
    await crashed.close();
    await refuse(12_000, 3);
    await flow.close();
    const question =
      "SELECT count(*), min(split_part(key, '-', 2)::BIGINT), max(split_part(key, '-', 2)::BIGINT) FROM refusals";
    assert.equal(await ask(path, question), [[10_000n, 2003n, 12_002n]]);
    assert.equal(await ask(path, "SELECT count FROM admissions"), [[12_003n]]);
  });

  test("columns have types: times, doubles, exact money, whole numbers", async () => {
    const path = await newPath();
    await (await opened(path)).close();
    const typeOf = async (column: string) =>
      (
        await ask(
          path,
          `SELECT data_type FROM duckdb_columns() WHERE table_name || '.' || column_name = '${column}' AND NOT internal`,
        )
      )[0]?.[0];
    assert.is(await typeOf("positions.entry_ts"), "TIMESTAMP WITH TIME ZONE");
    assert.is(await typeOf("positions.size"), "DOUBLE");
    assert.is(await typeOf("positions.notional"), "DECIMAL(38,8)");
    assert.is(await typeOf("positions.version"), "BIGINT");
    assert.is(await typeOf("pending_orders.price"), "DOUBLE");
    assert.is(await typeOf("risk_state.daily_pnl"), "DECIMAL(38,8)");
    assert.is(await typeOf("signal_state.ts"), "TIMESTAMP WITH TIME ZONE");
    assert.is(await typeOf("heartbeat.last_heartbeat"), "TIMESTAMP WITH TIME ZONE");
    assert.is(await typeOf("processed_signals.processed_at"), "TIMESTAMP WITH TIME ZONE");
    assert.is(await typeOf("events.happened_at"), "TIMESTAMP WITH TIME ZONE");
  });

  for (const [way, leave] of [
    ["the tables", async (path: string, close: () => Promise<void>) => close().then(() => path)],
    ["the journal", (path: string) => copyOf(path)],
  ] as const) {
    test(`sizes and prices come back from ${way} bit for bit, the zero of either sign included`, async () => {
      const path = await newPath();
      const doubles = [...DOUBLES, -0, 0, ...DOUBLES.map((double) => -double)];
      const flow = await opened(path, {}, NO_CHECKPOINTS);
      await Promise.all(
        doubles.map((double, n) =>
          flow.execute(
            savePosition,
            position(String(n), { size: double, entryPrice: double, tp: double, sl: double }),
            "",
          ),
        ),
      );
      await flow.execute(saveOrder, order("least", { price: -0, size: 5e-324 }), "");
      await flow.execute(saveOrder, order("most", { size: Number.MAX_VALUE, filled: 4.35e-310 }), "");

      const again = await opened(await leave(path, () => flow.close()));
      for (const [n, double] of doubles.entries()) {
        const found = await again.execute(getPosition, { id: String(n) }, "");
        for (const value of [found?.size, found?.entryPrice, found?.tp, found?.sl]) assert.ok(Object.is(value, double));
      }
      const least = await again.execute(getOrder, { id: "least" }, "");
      assert.ok(Object.is(least?.price, -0));
      assert.is(least?.size, 5e-324);
      const most = await again.execute(getOrder, { id: "most" }, "");
      assert.equal([most?.size, most?.filled], [Number.MAX_VALUE, 4.35e-310]);
      await again.close();
      await flow.close();
    });

    test(`money comes back from ${way} to the last of 8 places`, async () => {
      const path = await newPath();
      const flow = await opened(path, {}, NO_CHECKPOINTS);
      await flow.execute(updateDailyPnl, trade("most", 899_999_999_999_999_999_999_999n), "");
      const again = await opened(await leave(path, () => flow.close()));
      // One unit more is 9e15, the most there can be; one more than that is refused, so not one was lost.
      await again.execute(updateDailyPnl, trade("one", 1n), "");
      await again.execute(updateDailyPnl, trade("over", 1n), "").then(
        () => assert.unreachable("the sum left 9e15"),
        (error: Error) => assert.match(error.message, /9e15/),
      );
      assert.is((await again.execute(getRiskState, { dayStart: 0 }, "")).dailyPnl, 9e15);
      await again.close();
      await flow.close();
    });

    test(`ids of any characters come back from ${way}`, async () => {
      const path = await newPath();
      const ids = [...EXOTIC_NAMES, LONGEST_ID, "__proto__", "constructor", "\ufffd", "\ue000", "null", "0", "-0"];
      const flow = await opened(path, { flowId: "bot" }, NO_CHECKPOINTS);
      for (const id of ids) {
        await flow.execute(savePosition, position(id, { pair: id, metadata: JSON.stringify({ [id]: id }) }), "");
        await flow.execute(markSignalProcessed, signal(id), "");
      }
      const before = await flow.execute(snapshot, SNAPSHOT, "");
      const again = await opened(await leave(path, () => flow.close()));
      const after = await again.execute(snapshot, SNAPSHOT, "");
      assert.equal({ ...after, at: 0 }, { ...before, at: 0 });
      assert.equal(after.positions.map(({ id }) => id).sort(), [...new Set(ids)].sort());
      for (const id of ids) assert.is(await again.execute(markSignalProcessed, signal(id), ""), false);
      await again.close();
      await flow.close();
    });

    test(`events come back from ${way} in order, with their fields`, async () => {
      const path = await newPath();
      let now = NOON;
      const flow = await opened(path, { clock: () => now }, NO_CHECKPOINTS);
      for (let n = 0; n < 20; n++) {
        // The clock stands still, and steps back.
        now += [1, 0, -5][n % 3] ?? 0;
        await flow.execute(savePosition, position(`p${n}`, { metadata: '{"quote":"\\"","n":null}' }), "");
      }
      const page = { after: "", limit: 100 };
      const before = await flow.execute(getEvents, page, "");
      const again = await opened(await leave(path, () => flow.close()), { clock: () => now });
      assert.equal(await again.execute(getEvents, page, ""), before);
      assert.is(before.events.length, 20);
      await again.execute(savePosition, position("next"), "");
      const { events } = await again.execute(getEvents, { after: before.newest, limit: 100 }, "");
      assert.is(events.length, 1);
      await again.close();
      await flow.close();
    });
  }

  test("what positions and entries take of the limits is known again after opening", async () => {
    const path = await newPath();
    const flow = await opened(path);
    await flow.execute(setRiskLimits, { how: "call", ...POLICY, limits: [["max_exposure", 50_000]] }, "");
    await flow.execute(savePosition, position("p1"), "");
    await flow.execute(saveOrder, order("o1"), "");
    await flow.close();
    const entry = {
      ...SNAPSHOT,
      pair: "BTC/USDT",
      side: "long",
      price: 40_000,
      orderType: "limit",
      maxIds: 100,
    } as const;
    const none = { cooldown: null, tp: null, sl: null, metadata: null };
    const rest = {
      ...none,
      positionId: undefined,
      flip: undefined,
      reason: "",
      rate: undefined,
      oppositeSide: "allow",
    } as const;
    const again = await opened(path);
    const refused = await again.execute(admit, { ...entry, ...rest, signalId: "a", orderId: "a", size: 0.3 }, "");
    assert.equal({ ...refused, message: "" }, { admitted: false, reason: "max_exposure", message: "" });
    const admitted = await again.execute(admit, { ...entry, ...rest, signalId: "b", orderId: "b", size: 0.25 }, "");
    assert.is(admitted.admitted, true);
    await again.close();
  });

  test("positions are found in a file after many openings and closings, each with one change", async () => {
    const path = await newPath();
    for (let n = 0; n < 10; n++) {
      const flow = await opened(path);
      await flow.execute(savePosition, position(`p${n}`), "");
      assert.is((await flow.execute(getPositions, undefined, "")).length, n + 1);
      await flow.close();
    }
  });
}
