import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { CorruptStateError } from "../../src/errors.js";
import { getPositions } from "../../src/operations/get-positions.js";
import { savePosition } from "../../src/operations/save-position.js";
import { failure } from "../contract/expect.js";
import { backend, NO_CHECKPOINTS, opened } from "./backend.js";
import { position } from "./samples.js";
import { bytesOf, copyOf, newPath, type Test } from "./stand.js";

/** A file that was in use says so: without its log it is not taken for an older state. */
export function openMarks(test: Test): void {
  /** What kill -9 leaves of a file, with `early` in it, and `late` in its log only. */
  async function crashed(): Promise<string> {
    const path = await newPath();
    const flow = await opened(path);
    await flow.execute(savePosition, position("early"), "");
    await flow.close();
    const again = await opened(path, {}, NO_CHECKPOINTS);
    await again.execute(savePosition, position("late"), "");
    const copy = await copyOf(path);
    await again.close();
    return copy;
  }

  async function idsIn(path: string): Promise<string[]> {
    const flow = await opened(path);
    const found = (await flow.execute(getPositions, undefined, "")).map(({ id }) => id);
    await flow.close();
    return found.sort();
  }

  test("a file whose log is missing is refused each time, says that it is older, and how to go on", async () => {
    const path = await crashed();
    const log = readFileSync(`${path}.wal`);
    rmSync(`${path}.wal`);
    const before = bytesOf(path);
    for (let n = 0; n < 2; n++) {
      const error = await failure(backend(path).connect());
      assert.instance(error, CorruptStateError);
      assert.match(error.message, /log .*\.wal is missing: what was changed after 20.*older than its original/s);
      assert.ok(error.message.includes(`touch ${path}.wal`), error.message);
    }
    assert.is(bytesOf(path), before);
    writeFileSync(`${path}.wal`, log);
    assert.equal(await idsIn(path), ["early", "late"]);
  });

  test("an empty log opens at the first try, and the file is whole from then on", async () => {
    const path = await crashed();
    writeFileSync(`${path}.wal`, "");
    assert.equal(await idsIn(path), ["early"]);
    assert.equal(await idsIn(path), ["early"]);
    assert.not.ok(existsSync(`${path}.nolog`));
  });

  test("looking at a file with an empty log leaves it as it is", async () => {
    const path = await crashed();
    writeFileSync(`${path}.wal`, "");
    const before = bytesOf(path);
    const visitor = backend(path);
    await visitor.connect(true);
    await visitor.close();
    assert.is(bytesOf(path), before);
    assert.not.ok(existsSync(`${path}.nolog`));
  });

  test("where a checkpoint has removed the log, and nothing came after it, nothing is missed", async () => {
    const path = await newPath();
    const flow = await opened(path, {}, { commits: 1 });
    for (const id of ["a", "b"]) await flow.execute(savePosition, position(id), "");
    const copy = await copyOf(path);
    const proof = readFileSync(`${path}.nolog`);
    await flow.close();
    rmSync(`${copy}.wal`, { force: true });
    assert.instance(await failure(backend(copy).connect()), CorruptStateError);
    writeFileSync(`${copy}.nolog`, "another checkpoint");
    assert.instance(await failure(backend(copy).connect()), CorruptStateError);
    writeFileSync(`${copy}.nolog`, proof);
    assert.equal(await idsIn(copy), ["a", "b"]);
  });

  test("the proof is gone before a change after it is acknowledged", async () => {
    const path = await newPath();
    const flow = await opened(path, {}, NO_CHECKPOINTS);
    await flow.execute(savePosition, position("a"), "");
    assert.not.ok(existsSync(`${path}.nolog`));
    assert.ok(statSync(`${path}.wal`).size > 0);
    await flow.close();
    for (const end of [".wal", ".nolog", ".sock"]) assert.not.ok(existsSync(path + end), end);
  });

  test("a file that was closed needs no log, wherever it is copied", async () => {
    const path = await newPath();
    const flow = await opened(path);
    await flow.execute(savePosition, position("a"), "");
    await flow.close();
    renameSync(path, `${path}.moved`);
    assert.equal(await idsIn(`${path}.moved`), ["a"]);
  });

  test("file and log are for their owner only", async () => {
    if (process.platform === "win32") return;
    const path = await newPath();
    const flow = await opened(path, {}, { commits: 2 });
    for (const id of ["a", "b", "c", "d", "e"]) {
      await flow.execute(savePosition, position(id), "");
      for (const end of ["", ".wal"]) assert.is(statSync(path + end).mode & 0o777, 0o600, end);
    }
    await flow.close();
  });
}
