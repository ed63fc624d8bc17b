import { stat } from "node:fs/promises";
import * as assert from "uvu/assert";
import { getEvents } from "../../src/operations/get-events.js";
import { getPosition } from "../../src/operations/get-position.js";
import { getPositions } from "../../src/operations/get-positions.js";
import { getSignalState } from "../../src/operations/get-signal-state.js";
import { markSignalProcessed } from "../../src/operations/mark-signal-processed.js";
import { removePosition } from "../../src/operations/remove-position.js";
import { savePosition } from "../../src/operations/save-position.js";
import { until } from "../servers/until.js";
import { NO_CHECKPOINTS, opened } from "./backend.js";
import { position, removal, SNAPSHOT, signal } from "./samples.js";
import { ask, bytesOf, copyOf, journalRows, newPath, type Test } from "./stand.js";

const KB_64 = 64 * 1024;

/** The journal goes into the tables from time to time, and that changes nothing for anybody. */
export function checkpoints(test: Test): void {
  test("a checkpoint empties the journal and brings the tables up to date", async () => {
    const path = await newPath();
    const flow = await opened(path, {}, { commits: 3 });
    for (let n = 0; n < 3; n++) await flow.execute(savePosition, position(`p${n}`), "");
    assert.is(await journalRows(path), 3);
    assert.equal(await ask(await copyOf(path), "SELECT count(*) FROM positions"), [[0n]]);
    await flow.execute(savePosition, position("p3"), "");
    assert.is(await journalRows(path), 0);
    assert.equal(await ask(await copyOf(path), "SELECT id FROM positions ORDER BY id"), [
      ["p0"],
      ["p1"],
      ["p2"],
      ["p3"],
    ]);
    await flow.close();
  });

  test("rows that were replaced, removed, or made and removed stand in the tables as they are", async () => {
    const path = await newPath();
    const flow = await opened(path, {}, { commits: 4 });
    for (let n = 0; n < 60; n++) {
      await flow.execute(savePosition, position(`p${n % 7}`, { size: n }), "");
      if (n % 3 === 0) await flow.execute(removePosition, removal(`p${(n * 5) % 7}`), "");
    }
    const alive = (await flow.execute(getPositions, undefined, "")).map(({ id, size }) => [id, size]).sort();
    await flow.close();
    assert.equal(await ask(path, "SELECT id, size FROM positions ORDER BY id"), alive);
  });

  test("a checkpoint comes when many rows changed, or the journal got long, as well as after many commits", async () => {
    const rows = await newPath();
    const many = await opened(rows, {}, { ...NO_CHECKPOINTS, rows: 10 });
    await many.execute(savePosition, position("first"), "");
    assert.is(await journalRows(rows), 1);
    await Promise.all(Array.from({ length: 10 }, (_, n) => many.execute(savePosition, position(`p${n}`), "")));
    assert.is(await journalRows(rows), 0);
    await many.close();

    const length = await newPath();
    const long = await opened(length, {}, { ...NO_CHECKPOINTS, length: KB_64 });
    await long.execute(savePosition, position("p", { metadata: JSON.stringify("x".repeat(KB_64)) }), "");
    assert.is(await journalRows(length), 1);
    await long.execute(savePosition, position("next"), "");
    assert.is(await journalRows(length), 0);
    await long.close();
  });

  test("the log stays short over many changes of the same rows, and so does the file", async () => {
    const path = await newPath();
    const flow = await opened(path, { maxEvents: 50 }, { commits: 50 });
    let log = 0;
    for (let n = 0; n < 1_000; n++) {
      await flow.execute(savePosition, position(`p${n % 10}`), "");
      if (n % 10 === 0) log = Math.max(log, (await stat(`${path}.wal`).catch(() => ({ size: 0 }))).size);
    }
    await flow.close();
    assert.ok(log < 400_000, `the log took ${log} bytes`);
    const { size } = await stat(path);
    assert.ok(size < 2_000_000, `the file took ${size} bytes`);
  });

  test("changes too long for the journal are written by a checkpoint, all of them", async () => {
    const path = await newPath();
    const flow = await opened(path, {}, NO_CHECKPOINTS);
    const metadata = JSON.stringify({ note: "x".repeat(KB_64 - 20) });
    await Promise.all(
      Array.from({ length: 300 }, (_, n) => flow.execute(savePosition, position(`p${n}`, { metadata }), "")),
    );
    const copy = await copyOf(path);
    assert.equal(await ask(copy, "SELECT count(*) FROM journal"), [[0n]]);
    assert.equal(await ask(copy, "SELECT count(*), min(length(metadata)) FROM positions"), [[300n, BigInt(KB_64 - 9)]]);
    await flow.close();
  });

  test("only as many events as asked for are kept, the newest", async () => {
    const path = await newPath();
    const flow = await opened(path, { maxEvents: 5 }, { commits: 4 });
    for (let n = 0; n < 23; n++) await flow.execute(savePosition, position(`p${n}`), "");
    await flow.close();
    assert.equal(await ask(path, "SELECT seq FROM events ORDER BY seq"), [[19n], [20n], [21n], [22n], [23n]]);

    const fewer = await opened(path, { maxEvents: 2 });
    const page = await fewer.execute(getEvents, { after: "0-0", limit: 10 }, "");
    assert.is(page.events.length, 2);
    assert.is(page.trimmed, true);
    await fewer.close();
    assert.equal(await ask(path, "SELECT seq FROM events ORDER BY seq"), [[22n], [23n]]);

    const none = await opened(path, { maxEvents: 0 });
    await none.execute(savePosition, position("p"), "");
    await none.close();
    assert.equal(await ask(path, "SELECT count(*) FROM events"), [[0n]]);
  });

  test("a file that is opened, read and closed is not written to", async () => {
    const path = await newPath();
    const flow = await opened(path);
    await flow.execute(savePosition, position("p"), "");
    await flow.close();
    const before = bytesOf(path);
    const reader = await opened(path);
    await reader.execute(getPosition, { id: "p" }, "");
    await reader.close();
    assert.is(bytesOf(path), before);
  });

  test("what a crash left in the journal is in the tables after the next open", async () => {
    const path = await newPath();
    const flow = await opened(path, {}, NO_CHECKPOINTS);
    await flow.execute(savePosition, position("p"), "");
    const copy = await copyOf(path);
    await flow.close();
    const again = await opened(copy, {}, NO_CHECKPOINTS);
    assert.is(await journalRows(copy), 0);
    assert.equal(await ask(await copyOf(copy), "SELECT id FROM positions"), [["p"]]);
    await again.close();
  });

  test("a flow that pauses brings its tables up to date", async () => {
    const path = await newPath();
    const flow = await opened(path, {}, { commits: 10, idle: 1 });
    await flow.execute(savePosition, position("p"), "");
    await until("the journal is empty", async () => (await journalRows(path)) === 0);
    assert.equal(await ask(await copyOf(path), "SELECT id FROM positions"), [["p"]]);
    await flow.close();
  });

  test("100,000 remembered signals are all known again, and the oldest make room", async () => {
    const path = await newPath();
    let now = Date.UTC(2024, 2, 5);
    const flow = await opened(path, { clock: () => now, maxEvents: 10 });
    const mark = (n: number) => {
      now++;
      return flow.execute(markSignalProcessed, signal(`signal-${n}`), "");
    };
    for (let n = 0; n < 100_500; n += 500) {
      await Promise.all(Array.from({ length: 500 }, (_, i) => mark(n + i)));
    }
    const before = await flow.execute(getSignalState, SNAPSHOT, "");
    await flow.close();
    assert.equal(await ask(path, "SELECT count(*), count(DISTINCT signal_id) FROM processed_signals"), [
      [100_000n, 100_000n],
    ]);
    const again = await opened(path, { clock: () => now });
    assert.equal(await again.execute(getSignalState, SNAPSHOT, ""), before);
    assert.is(await again.execute(markSignalProcessed, signal("signal-500"), ""), false);
    assert.is(await again.execute(markSignalProcessed, signal("signal-499"), ""), true);
    await again.close();
  });
}
