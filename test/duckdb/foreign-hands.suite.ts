import { chmodSync, existsSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import * as assert from "uvu/assert";
import { HolderBackend } from "../../src/backends/duckdb/holder-backend.js";
import { StateError, UnknownOutcomeError } from "../../src/errors.js";
import { getPositions } from "../../src/operations/get-positions.js";
import { savePosition } from "../../src/operations/save-position.js";
import { bundle } from "../bundle.js";
import { skip } from "../skip.js";
import { NO_CHECKPOINTS, opened } from "./backend.js";
import { Child } from "./child.js";
import { position } from "./samples.js";
import { copyOf, newPath, type Test } from "./stand.js";

const HOLDER = await bundle(new URL("./holder.ts", import.meta.url));
/** Who has no rights that files do not give. */
const NOBODY = 65534;
const BLOCKS = 4096;

/** What lies beside an open file is removed, renamed, replaced while it is steered through its socket: nothing acknowledged is lost. */
export function foreignHands(test: Test): void {
  if (process.platform === "win32") return;

  const reach = async (path: string) => {
    const reached = await HolderBackend.reach(path, { flowId: "bot", instance: "operator" });
    if (!reached) throw new Error("nobody is there");
    return reached;
  };

  async function idsIn(path: string): Promise<string[]> {
    const flow = await opened(path);
    const found = (await flow.execute(getPositions, undefined, "")).map(({ id }) => id);
    await flow.close();
    return found;
  }

  /** Through the socket, one after the other, until one fails; the ids that were acknowledged, and why there are no more. */
  async function saved(
    operator: HolderBackend,
    ids: Iterable<string>,
    metadata?: string,
  ): Promise<{ readonly told: string[]; readonly error?: unknown }> {
    const told: string[] = [];
    try {
      for (const id of ids) {
        await operator.execute(savePosition, { ...position(id), ...(metadata !== undefined && { metadata }) });
        told.push(id);
      }
      return { told };
    } catch (error) {
      return { told, error };
    }
  }

  const replaced = (path: string, text: string) => {
    writeFileSync(`${path}.other`, text);
    renameSync(`${path}.other`, path);
  };

  const HARMLESS: Record<string, (path: string) => void> = {
    "what was acknowledged is removed": (path) => rmSync(`${path}.acked`),
    "what was acknowledged is renamed": (path) => renameSync(`${path}.acked`, `${path}.acked.old`),
    "what was acknowledged is replaced": (path) =>
      replaced(`${path}.acked`, "another file, which is longer than the first one was"),
    "what was acknowledged is emptied": (path) => truncateSync(`${path}.acked`),
    "the file that names the process is removed": (path) => rmSync(`${path}.pid`),
    "the file that names the process is replaced": (path) => replaced(`${path}.pid`, "1\n"),
    "the log is removed": (path) => rmSync(`${path}.wal`),
  };
  for (const [what, spoil] of Object.entries(HARMLESS)) {
    test(`where ${what}, changes through the socket go on, and each is there after a kill`, async () => {
      const path = await newPath();
      const flow = await opened(path, {}, NO_CHECKPOINTS);
      const operator = await reach(path);
      assert.equal((await saved(operator, ["a", "b"])).told, ["a", "b"]);
      spoil(path);
      const acked = await saved(operator, ["c", "d"]);
      assert.equal(acked, { told: ["c", "d"] });
      const copy = await copyOf(path);
      assert.ok(existsSync(`${copy}.acked`));
      // The kill came in the middle of the next commit, which nobody was told of.
      await saved(operator, ["e"]);
      const log = readFileSync(`${path}.wal`);
      writeFileSync(`${copy}.wal`, log.subarray(0, log.length - 1));
      assert.equal(await idsIn(copy), ["a", "b", "c", "d"]);
      await operator.close();
      await flow.close();
      assert.equal(await idsIn(path), ["a", "b", "c", "d", "e"]);
    });
  }

  const HARMFUL: Record<string, (path: string) => void> = {
    "the socket is removed": (path) => rmSync(`${path}.sock`),
    "the socket is renamed": (path) => renameSync(`${path}.sock`, `${path}.sock.old`),
    "the socket is replaced by a file": (path) => replaced(`${path}.sock`, ""),
    "all that lies beside the file is removed": (path) => {
      for (const end of [".sock", ".acked", ".pid", ".wal"]) rmSync(path + end);
    },
  };
  for (const [what, spoil] of Object.entries(HARMFUL)) {
    test(`where ${what}, no change is acknowledged any more, and the error says how to go on`, async () => {
      const path = await newPath();
      const flow = await opened(path, {}, NO_CHECKPOINTS);
      const operator = await reach(path);
      assert.equal((await saved(operator, ["a", "b"])).told, ["a", "b"]);
      spoil(path);
      for (const id of ["c", "d"]) {
        const { told, error } = await saved(operator, [id]);
        assert.equal(told, []);
        assert.ok(error instanceof StateError && error.code === "STATE_LOST", String(error));
        assert.match(
          error.message,
          /nothing was done: .*\.sock.* was removed or replaced.*Put the file back.*connect\(\) again/,
        );
      }
      await operator.close();
      await flow.close();
      if (what.includes("by a file")) rmSync(`${path}.sock`);
      assert.equal(await idsIn(path), ["a", "b"]);
    });
  }

  test("a disk that is full ends changes through the socket with what to do, and what was acknowledged is there", async () => {
    const path = await newPath();
    using holder = new Child(HOLDER, [path, "50"], { limit: BLOCKS });
    assert.is(await holder.line(), "open");
    const operator = await reach(path);
    const ids = Array.from({ length: 1000 }, (_, n) => `p${n}`);
    const { told, error } = await saved(operator, ids, JSON.stringify({ pad: "x".repeat(10_000) }));
    assert.ok(told.length > 0 && told.length < ids.length, `${told.length} saved`);
    assert.instance(error, UnknownOutcomeError, String(error));
    assert.match(
      error instanceof Error ? error.message : "",
      /could not be written \(.*When that is cured, close\(\) and connect\(\) again/,
    );
    const { error: next } = await saved(operator, ["next"]);
    assert.match(next instanceof Error ? next.message : "", /nothing was done: .*could not be written/);
    await operator.close();
    holder.kill();
    await holder.end();
    const there = new Set(await idsIn(path));
    for (const id of told) assert.ok(there.has(id), `${id} was acknowledged and is gone`);
    assert.not.ok(there.has("next"));
  });

  const readOnly = "a folder that is made read-only ends changes through the socket with what to do, and loses none";
  if (process.getuid?.() !== 0) skip(test, readOnly, "only root can start a process as somebody else");
  else {
    test(readOnly, async () => {
      const path = await newPath();
      const folder = dirname(path);
      for (const each of [dirname(folder), folder]) chmodSync(each, 0o777);
      using holder = new Child(HOLDER, [path, "5"], { uid: NOBODY });
      assert.is(await holder.line(), "open");
      const operator = await reach(path);
      assert.equal((await saved(operator, ["a", "b"])).told, ["a", "b"]);
      chmodSync(folder, 0o555);
      const ids = Array.from({ length: 20 }, (_, n) => `p${n}`);
      const { told, error } = await saved(operator, ids);
      assert.ok(error instanceof StateError, String(error));
      assert.match(error.message, /could not be written \(EACCES.*When that is cured, close\(\) and connect\(\) again/);
      await operator.close();
      holder.kill();
      await holder.end();
      chmodSync(folder, 0o777);
      const there = new Set(await idsIn(path));
      for (const id of ["a", "b", ...told]) assert.ok(there.has(id), `${id} was acknowledged and is gone`);
    });
  }
}
