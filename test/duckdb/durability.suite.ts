import { readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { acknowledgedPath } from "../../src/backends/duckdb/acknowledged.js";
import { closePosition } from "../../src/operations/close-position.js";
import { getDailyHistory } from "../../src/operations/get-daily-history.js";
import { getEvents } from "../../src/operations/get-events.js";
import { getPosition } from "../../src/operations/get-position.js";
import { getPositions } from "../../src/operations/get-positions.js";
import { getRiskState } from "../../src/operations/get-risk-state.js";
import { isSignalProcessed } from "../../src/operations/is-signal-processed.js";
import { markSignalProcessed } from "../../src/operations/mark-signal-processed.js";
import { savePosition } from "../../src/operations/save-position.js";
import { seededRandom } from "../../sync/demo/seeded-random.js";
import { bundle } from "../bundle.js";
import { NO_CHECKPOINTS, opened } from "./backend.js";
import { Child } from "./child.js";
import { closing, POLICY, position, SNAPSHOT, signal } from "./samples.js";
import type { SmallDiskReport } from "./small-disk.js";
import { copyOf, newPath, type Test } from "./stand.js";

const WRITER = await bundle(new URL("./writer.ts", import.meta.url));
const SMALL_DISK = await bundle(new URL("./small-disk.ts", import.meta.url));
const ROUNDS = 6;
const MOST_LINES = 600;

/** A resolved promise survives kill -9; a failed commit is no success. */
export function durability(test: Test): void {
  test("what a killed process was told is there, and nothing is half there", async () => {
    const path = await newPath();
    const random = seededRandom(7, 0);
    const saved = new Set<string>();
    const begun = new Set<string>();
    const closed = new Set<string>();

    for (let round = 0; round < ROUNDS; round++) {
      using child = new Child(WRITER, [path, String(round)]);
      const lines = 1 + Math.floor(random() * MOST_LINES);
      for (let n = 0; ; n++) {
        if (n === lines) child.kill();
        const line = await child.line();
        if (line === undefined) break;
        const [what, id = ""] = line.split(" ");
        (what === "saved" ? saved : what === "closing" ? begun : closed).add(id);
      }
      await child.end();

      const flow = await opened(path, { maxEvents: 1_000_000 }, round % 2 === 0 ? {} : { commits: 1 });
      const positions = new Set((await flow.execute(getPositions, undefined, "")).map(({ id }) => id));
      for (const id of saved) if (!begun.has(id)) assert.ok(positions.has(id), `${id} was saved and is gone`);
      for (const id of closed) assert.not.ok(positions.has(id), `${id} was closed and is back`);

      const { events } = await flow.execute(getEvents, { after: "", limit: 1_000_000 }, "");
      const count = (type: string) => events.filter((event) => event.type === type).length;
      const risk = await flow.execute(getRiskState, POLICY, "");
      const history = await flow.execute(getDailyHistory, { ...POLICY, days: 10 }, "");
      const days = [...history.filter(({ day }) => day !== risk.day), { pnl: risk.dailyPnl, trades: risk.dailyTrades }];
      assert.is(count("position_saved") - count("position_closed"), positions.size);
      assert.is(
        days.reduce((sum, { trades }) => sum + trades, 0),
        count("position_closed"),
      );
      assert.is(
        days.reduce((sum, { pnl }) => sum + pnl, 0),
        count("position_closed"),
      );
      await flow.close();
    }
    assert.ok(closed.size > 0);
  });

  test("a change is in the file when its promise resolves", async () => {
    const path = await newPath();
    const flow = await opened(path);
    for (let n = 0; n < 5; n++) {
      await flow.execute(savePosition, position(`p${n}`), "");
      const survivor = await opened(await copyOf(path));
      assert.is((await survivor.execute(getPositions, undefined, "")).length, n + 1);
      await survivor.close();
    }
    await flow.close();
  });

  test("a read resolves when what it saw is in the file", async () => {
    const path = await newPath();
    const flow = await opened(path);
    const order: string[] = [];
    const change = flow.execute(savePosition, position("p1"), "").then(() => order.push("change"));
    const seen = await flow.execute(getPosition, { id: "p1" }, "");
    order.push("read");
    assert.is(seen?.id, "p1");
    const survivor = await opened(await copyOf(path));
    assert.is((await survivor.execute(getPosition, { id: "p1" }, ""))?.id, "p1");
    await survivor.close();
    await change;
    assert.equal(order, ["change", "read"]);
    await flow.close();
  });

  test("a change that finds nothing to do, and one that is refused, wait as long for what they saw", async () => {
    const path = await newPath();
    const flow = await opened(path);
    const order: string[] = [];
    const first = flow.execute(markSignalProcessed, signal("s"), "").then(() => order.push("won"));
    const second = flow.execute(markSignalProcessed, signal("s"), "").then((won) => order.push(won ? "won" : "lost"));
    const refused = flow.execute(closePosition, { ...closing("none", 1n), id: "none" }, "no lease").catch(() => {
      order.push("refused");
    });
    await Promise.all([first, second, refused]);
    assert.equal(order, ["won", "lost", "refused"]);
    await flow.close();
  });

  test("a read resolves at once when nothing is under way", async () => {
    const flow = await opened(await newPath());
    await flow.execute(savePosition, position("p1"), "");
    let resolved = false;
    const read = flow.execute(isSignalProcessed, { ...SNAPSHOT, signalId: "s" }, "").then(() => {
      resolved = true;
    });
    await new Promise<void>((resolve) => process.nextTick(() => queueMicrotask(resolve)));
    for (let n = 0; n < 10; n++) await undefined;
    assert.ok(resolved);
    await read;
    await flow.close();
  });

  for (const [when, mode] of [
    ["in the journal", "same"],
    ["in a checkpoint or before", "new"],
  ] as const) {
    test(`a disk that is full is an unknown outcome ${when}, and what had resolved is there after reopening`, async () => {
      if (process.platform === "win32") return;
      const path = await newPath();
      using child = new Child(SMALL_DISK, [path, mode], { limit: 5120 });
      const report: SmallDiskReport = JSON.parse((await child.line()) ?? "{}");
      await child.end();
      for (const { code, retry } of report.lanes) assert.equal([code, retry], ["UNKNOWN_OUTCOME", "UNKNOWN_OUTCOME"]);
      assert.is(report.read, "CONNECTION");
      assert.equal(report.afterwards, ["CONNECTION", "CONNECTION"]);
      assert.is(report.closed, "CONNECTION");
      // An emptied journal makes room; more positions than the disk holds do not.
      assert.is(report.connected, mode === "same" ? "resolved" : "CONNECTION");
      assert.is(report.again, report.connected);

      const flow = await opened(path);
      const found = await flow.execute(getPositions, undefined, "");
      const versions = new Map(found.map(({ id, version }) => [id, version]));
      let told = 0;
      for (const [id, version] of report.lanes.flatMap((lane) => lane.told)) {
        told++;
        const stored = versions.get(id) ?? 0;
        assert.ok(
          stored === version || (mode === "same" && stored === version + 1),
          `${id}: ${stored}, told ${version}`,
        );
      }
      assert.ok(told > 0);
      assert.ok(found.length <= told + report.lanes.length + 1);
      await flow.close();
    });
  }

  test("a log that was cut off in the middle of a commit that nobody was told of loses that commit and no other", async () => {
    const path = await newPath();
    const flow = await opened(path, {}, NO_CHECKPOINTS);
    for (let n = 0; n < 4; n++) await flow.execute(savePosition, position(`p${n}`), "");
    const told = readFileSync(acknowledgedPath(path));
    await flow.execute(savePosition, position("p4"), "");
    const copy = await copyOf(path);
    await flow.close();
    writeFileSync(acknowledgedPath(copy), told);
    truncateSync(`${copy}.wal`, statSync(`${copy}.wal`).size - 20);
    const again = await opened(copy);
    const found = await again.execute(getPositions, undefined, "");
    assert.equal(
      found.map(({ id }) => id),
      ["p0", "p1", "p2", "p3"],
    );
    await again.execute(savePosition, position("p4"), "");
    const survivor = await opened(await copyOf(copy));
    assert.is((await survivor.execute(getPositions, undefined, "")).length, 5);
    await survivor.close();
    await again.close();
  });
}
