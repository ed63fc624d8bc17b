import * as assert from "uvu/assert";
import { closePosition } from "../../src/operations/close-position.js";
import { getPositions } from "../../src/operations/get-positions.js";
import { heartbeat } from "../../src/operations/heartbeat.js";
import { markSignalProcessed } from "../../src/operations/mark-signal-processed.js";
import { savePosition } from "../../src/operations/save-position.js";
import { setRiskLimits } from "../../src/operations/set-risk-limits.js";
import { updateDailyPnl } from "../../src/operations/update-daily-pnl.js";
import { NO_CHECKPOINTS, opened } from "./backend.js";
import { closing, POLICY, position, signal, trade } from "./samples.js";
import { ask, copyOf, journalRows, newPath, type Test } from "./stand.js";

/** Waiting changes share a commit; what changes nothing needs none. */
export function groupCommit(test: Test): void {
  test("changes that are made together share one commit", async () => {
    const path = await newPath();
    const flow = await opened(path, {}, NO_CHECKPOINTS);
    await Promise.all(Array.from({ length: 64 }, (_, n) => flow.execute(savePosition, position(`p${n}`), "")));
    assert.is(await journalRows(path), 1);
    await flow.close();
  });

  test("changes that are made while a commit is under way share the next one", async () => {
    const path = await newPath();
    const flow = await opened(path, {}, NO_CHECKPOINTS);
    const first = flow.execute(savePosition, position("first"), "");
    const others: Promise<unknown>[] = [];
    await new Promise(setImmediate);
    for (let n = 0; n < 50; n++) others.push(flow.execute(savePosition, position(`p${n % 5}`), ""));
    await Promise.all([first, ...others]);
    assert.is(await journalRows(path), 2);
    const rows = await ask(
      await copyOf(path),
      "SELECT json_array_length(changes->'positions') FROM journal ORDER BY seq",
    );
    assert.equal(rows, [[1n], [5n]], "one row for every position that changed, however often");
    await flow.close();
  });

  test("changes that are made one after the other have a commit each", async () => {
    const path = await newPath();
    const flow = await opened(path, {}, NO_CHECKPOINTS);
    for (let n = 0; n < 10; n++) await flow.execute(heartbeat, undefined, "");
    assert.is(await journalRows(path), 10);
    await flow.close();
  });

  test("64 lanes of 50 changes need at most two commits for each of the 50", async () => {
    const path = await newPath();
    const flow = await opened(path, {}, NO_CHECKPOINTS);
    const lane = async (name: number) => {
      for (let n = 0; n < 50; n++) await flow.execute(savePosition, position(`${name}-${n}`), "");
    };
    await Promise.all(Array.from({ length: 64 }, (_, name) => lane(name)));
    const commits = await journalRows(path);
    assert.ok(commits <= 100, `${commits} commits`);
    await flow.close();
  });

  test("reads, refused changes and changes that change nothing write nothing", async () => {
    const path = await newPath();
    const flow = await opened(path, {}, NO_CHECKPOINTS);
    await flow.execute(markSignalProcessed, signal("s"), "");
    await flow.execute(updateDailyPnl, trade("t", 899_999_999_999_999_999_999_999n), "");
    assert.is(await journalRows(path), 2);

    await flow.execute(getPositions, undefined, "");
    assert.is(await flow.execute(markSignalProcessed, signal("s"), ""), false);
    await flow.execute(closePosition, closing("none", 1n), "");
    await flow.execute(setRiskLimits, { how: "call", ...POLICY, limits: [["max_drawdown", null]] }, "");
    await flow.execute(updateDailyPnl, trade("t2", 899_999_999_999_999_999_999_999n), "").then(
      () => assert.unreachable("the sum left 9e15"),
      () => {},
    );
    assert.is(await journalRows(path), 2);
    await flow.close();
  });
}
