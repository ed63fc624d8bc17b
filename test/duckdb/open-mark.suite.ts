import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";
import * as assert from "uvu/assert";
import { CorruptStateError } from "../../src/errors.js";
import { getPositions } from "../../src/operations/get-positions.js";
import { savePosition } from "../../src/operations/save-position.js";
import { failure } from "../contract/expect.js";
import { numbers, some } from "../long.js";
import { backend, NO_CHECKPOINTS, opened } from "./backend.js";
import { position } from "./samples.js";
import { bytesOf, copyOf, newPath, type Test } from "./stand.js";

/** A file that was in use says so: without its log it is not taken for an older state. */
export function openMarks(test: Test): void {
  /** What kill -9 leaves of a file, with `early` in it, and `late` and `later`, a commit each, in its log only. */
  async function crashed(): Promise<string> {
    const path = await newPath();
    const flow = await opened(path);
    await flow.execute(savePosition, position("early"), "");
    await flow.close();
    const again = await opened(path, {}, NO_CHECKPOINTS);
    for (const id of ["late", "later"]) await again.execute(savePosition, position(id), "");
    const copy = await copyOf(path);
    await again.close();
    return copy;
  }

  /** Why the file is not opened; undefined when it is. */
  async function refusalOf(path: string): Promise<CorruptStateError | undefined> {
    const flow = backend(path);
    try {
      await flow.connect(true);
      return undefined;
    } catch (error) {
      if (error instanceof CorruptStateError) return error;
      throw error;
    } finally {
      await flow.close();
    }
  }

  /** Does what the refusal says, as a shell does. */
  async function goOn(path: string): Promise<void> {
    const refusal = await refusalOf(path);
    const line = /as with: (.+)$/.exec(refusal?.message ?? "")?.[1];
    assert.ok(line, refusal?.message);
    execFileSync("sh", ["-c", line]);
  }

  /** Where the commits of a log end, found by the records' own lengths. */
  function commitEnds(log: Buffer): number[] {
    const ends = [];
    for (let at = 8; at < log.length; ) {
      const length = Number(log.readBigUInt64LE(at));
      at += 16 + length;
      if (length === 5) ends.push(at);
    }
    return ends;
  }

  /** Where a log of so many bytes is cut: in its head at each byte, further on here and there, at last at its end. */
  function cuts(length: number): number[] {
    console.log(`\n  ${length} bytes`);
    return [...numbers(1, 24), ...some(numbers(25, length - 1), 30), length];
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
    assert.equal(await idsIn(path), ["early", "late", "later"]);
  });

  test("an empty log opens at the first try, and the file is whole from then on", async () => {
    const path = await crashed();
    writeFileSync(`${path}.wal`, "");
    const warnings: string[] = [];
    const flow = await opened(path, { warn: (text) => warnings.push(text) });
    await flow.close();
    assert.is(warnings.length, 1);
    assert.match(warnings[0] ?? "", /\.db is empty, though 2 commits were acknowledged after 20.*older state/);
    assert.equal(await idsIn(path), ["early"]);
    assert.not.ok(existsSync(`${path}.acked`));
  });

  test("looking at a file with an empty log leaves it, and what lies beside it, as it is", async () => {
    const path = await crashed();
    writeFileSync(`${path}.wal`, "");
    const before = bytesOf(path);
    const told = readFileSync(`${path}.acked`, "utf8");
    const visitor = backend(path);
    await visitor.connect(true);
    await visitor.close();
    assert.is(bytesOf(path), before);
    assert.is(readFileSync(`${path}.acked`, "utf8"), told);
  });

  test("a log that is cut at any byte that loses what was acknowledged is refused, and left as it is", async () => {
    const path = await crashed();
    const log = readFileSync(`${path}.wal`);
    const told = readFileSync(`${path}.acked`);
    let last = "";
    for (const cut of cuts(log.length - 1)) {
      writeFileSync(`${path}.wal`, log.subarray(0, cut));
      const before = bytesOf(path);
      const error = await failure(backend(path).connect());
      assert.instance(error, CorruptStateError, `cut at ${cut}`);
      assert.is(bytesOf(path), before, `cut at ${cut}`);
      assert.equal(readFileSync(`${path}.acked`), told);
      last = error.message;
    }
    assert.match(last, /had acknowledged 2 commits after 20.*and only 1 of them is in its log .*the log was cut/s);
    assert.match(last, / as with: truncate -s \d+ \S+\.wal && rm -f \S+\.acked$/);
    writeFileSync(`${path}.wal`, log);
    assert.equal(await idsIn(path), ["early", "late", "later"]);
  });

  test("a cut log opens as what there is, as its refusal says", async () => {
    const path = await crashed();
    const log = readFileSync(`${path}.wal`);
    writeFileSync(`${path}.wal`, log.subarray(0, log.length - 1));
    await goOn(path);
    assert.equal(await idsIn(path), ["early", "late"]);
  });

  test("without the file that tells what was acknowledged, a log that was cut within a commit is refused", async () => {
    const path = await crashed();
    const log = readFileSync(`${path}.wal`);
    rmSync(`${path}.acked`);
    const [first = 0, last = 0, ...more] = commitEnds(log);
    assert.equal([last, more], [log.length, []]);
    for (const cut of some(numbers(1, log.length - 1), 16).filter((at) => at !== first)) {
      const copy = await copyOf(path);
      writeFileSync(`${copy}.wal`, log.subarray(0, cut));
      const before = bytesOf(copy);
      const refusal = await refusalOf(copy);
      const said =
        cut < first ? /nothing of that is in its log .*the log was cut/s : /ends in the middle of a commit, after 1 /;
      assert.match(refusal?.message ?? "opened", said, `cut at ${cut}`);
      assert.is(bytesOf(copy), before);
      await goOn(copy);
      assert.equal(await idsIn(copy), cut < first ? ["early"] : ["early", "late"]);
    }
  });

  test("without the file that tells what was acknowledged, a log that ends with a commit opens and is said to be of doubt", async () => {
    const path = await crashed();
    const log = readFileSync(`${path}.wal`);
    rmSync(`${path}.acked`);
    const found = [];
    for (const cut of commitEnds(log)) {
      const copy = await copyOf(path);
      writeFileSync(`${copy}.wal`, log.subarray(0, cut));
      const warnings: string[] = [];
      const flow = await opened(copy, { warn: (text) => warnings.push(text) });
      await flow.close();
      assert.is(warnings.length, 1);
      assert.match(warnings[0] ?? "", /\.db may be older than what was acknowledged: .*\.acked is missing/);
      found.push(await idsIn(copy));
    }
    assert.equal(found, [
      ["early", "late"],
      ["early", "late", "later"],
    ]);
  });

  test("a log of an earlier or a later time of the same file is refused, with what was acknowledged or without", async () => {
    const path = await newPath();
    const flow = await opened(path, {}, { commits: 3 });
    const copies: string[] = [];
    for (const id of ["a", "b", "c", "d", "e", "f", "g", "h"]) {
      await flow.execute(savePosition, position(id), "");
      copies.push(await copyOf(path));
    }
    await flow.close();
    const closed = await copyOf(path);
    const mixtures = [...copies, closed].flatMap((file, n) =>
      copies.flatMap((log, m) => [true, false].map((isTold) => ({ file, n, log, m, isTold }))),
    );
    const isOfOneTime = (file: string, log: string) => file !== closed && readFileSync(file).equals(readFileSync(log));
    const wrong = mixtures.filter(({ file, log }) => statSync(`${log}.wal`).size > 0 && !isOfOneTime(file, log));
    assert.ok(wrong.length > 20, `${wrong.length} mixed`);
    for (const { file, n, log, m, isTold } of some(wrong, 16)) {
      const mixed = await copyOf(file);
      copyFileSync(`${log}.wal`, `${mixed}.wal`);
      if (!isTold) rmSync(`${mixed}.acked`, { force: true });
      const before = bytesOf(mixed);
      assert.instance(await refusalOf(mixed), CorruptStateError, `file ${n}, log ${m}`);
      assert.is(bytesOf(mixed), before);
    }
  });

  test("a log of another time is put aside as its refusal says", async () => {
    const path = await newPath();
    const flow = await opened(path, {}, { commits: 2 });
    for (const id of ["a", "b"]) await flow.execute(savePosition, position(id), "");
    const older = await copyOf(path);
    for (const id of ["c", "d", "e"]) await flow.execute(savePosition, position(id), "");
    const newer = await copyOf(path);
    await flow.close();
    copyFileSync(`${older}.wal`, `${newer}.wal`);
    assert.match((await refusalOf(newer))?.message ?? "", /are of different times: the file was last written at 20/);
    await goOn(newer);
    assert.equal(await idsIn(newer), ["a", "b", "c"]);
    assert.ok(existsSync(`${newer}.wal.cut`));
  });

  test("a file whose log was brought into it by another program is whole", async () => {
    const path = await crashed();
    const instance = await DuckDBInstance.create(path);
    instance.closeSync();
    assert.not.ok(existsSync(`${path}.wal`));
    const flow = await opened(path);
    await flow.execute(savePosition, position("new"), "");
    const survivor = await copyOf(path);
    await flow.close();
    assert.equal(await idsIn(survivor), ["early", "late", "later", "new"]);
  });

  test("a log that ends in a commit that nobody was told of is none that was cut", async () => {
    const path = await newPath();
    const flow = await opened(path, {}, NO_CHECKPOINTS);
    await flow.execute(savePosition, position("told"), "");
    const told = readFileSync(`${path}.acked`);
    await flow.execute(savePosition, position("untold"), "");
    const copy = await copyOf(path);
    await flow.close();
    const log = readFileSync(`${copy}.wal`);
    const found = new Set<string>();
    for (const cut of cuts(log.length)) {
      const torn = await copyOf(copy);
      writeFileSync(`${torn}.wal`, log.subarray(0, cut));
      writeFileSync(`${torn}.acked`, told);
      if (!(await refusalOf(torn))) found.add((await idsIn(torn)).join());
    }
    assert.equal([...found], ["told", "told,untold"]);
  });

  test("an older log of the same file, put back after a crash, is refused", async () => {
    const path = await newPath();
    const flow = await opened(path, {}, NO_CHECKPOINTS);
    await flow.execute(savePosition, position("a"), "");
    const older = await copyOf(path);
    await flow.execute(savePosition, position("b"), "");
    const newer = await copyOf(path);
    await flow.close();
    for (const end of ["", ".wal"]) copyFileSync(older + end, newer + end);
    assert.match((await failure(backend(newer).connect())).message, /had acknowledged 2 commits .* only 1 of them/s);
  });

  test("where a checkpoint has removed the log, and nothing came after it, nothing is missed", async () => {
    const path = await newPath();
    const flow = await opened(path, {}, { commits: 1 });
    for (const id of ["a", "b"]) await flow.execute(savePosition, position(id), "");
    const copy = await copyOf(path);
    const told = readFileSync(`${copy}.acked`, "utf8");
    await flow.close();
    rmSync(`${copy}.wal`, { force: true });
    rmSync(`${copy}.acked`);
    assert.instance(await failure(backend(copy).connect()), CorruptStateError);
    writeFileSync(`${copy}.acked`, told.replaceAll(/^\S+/gm, "another-checkpoint"));
    assert.instance(await failure(backend(copy).connect()), CorruptStateError);
    writeFileSync(`${copy}.acked`, told);
    assert.equal(await idsIn(copy), ["a", "b"]);
  });

  test("what was acknowledged is told before anybody is told of it", async () => {
    const path = await newPath();
    const flow = await opened(path, {}, NO_CHECKPOINTS);
    for (let n = 1; n <= 3; n++) {
      await flow.execute(savePosition, position(`p${n}`), "");
      assert.match(readFileSync(`${path}.acked`, "utf8"), new RegExp(`^\\S+ 0*${n}\n`));
    }
    await flow.close();
    for (const end of [".wal", ".acked", ".sock"]) assert.not.ok(existsSync(path + end), end);
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

  const foreign: Record<string, (log: string) => void> = {
    "is removed": (log) => rmSync(log),
    "is replaced by another file": (log) => {
      writeFileSync(`${log}.other`, "another file");
      renameSync(`${log}.other`, log);
    },
    "is emptied": (log) => truncateSync(log),
    "is written over": (log) => writeFileSync(log, Buffer.alloc(statSync(log).size + 1)),
  };
  for (const [what, spoil] of Object.entries(foreign)) {
    test(`where the log of a running bot ${what}, its next change makes all durable before it is acknowledged`, async () => {
      if (process.platform === "win32") return;
      const path = await newPath();
      const warnings: string[] = [];
      const flow = await opened(path, { warn: (text) => warnings.push(text) }, NO_CHECKPOINTS);
      await flow.execute(savePosition, position("before"), "");
      spoil(`${path}.wal`);
      await flow.execute(savePosition, position("after"), "");
      assert.is(warnings.length, 1);
      assert.match(warnings[0] ?? "", /\.wal was removed, replaced or changed by somebody else/);
      assert.equal(await idsIn(await copyOf(path)), ["after", "before"]);
      await flow.execute(savePosition, position("later"), "");
      assert.equal(await idsIn(await copyOf(path)), ["after", "before", "later"]);
      assert.is(warnings.length, 1);
      spoil(`${path}.wal`);
      await flow.close();
      assert.not.ok(existsSync(`${path}.wal`));
      assert.equal(await idsIn(path), ["after", "before", "later"]);
    });
  }

  test("a log that is removed while a commit is written is missed before that commit is acknowledged", async () => {
    if (process.platform === "win32") return;
    const path = await newPath();
    const flow = await opened(path, {}, NO_CHECKPOINTS);
    await flow.execute(savePosition, position("before"), "");
    const writing = flow.execute(savePosition, position("during"), "");
    // The commit begins with what is asked in this turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    rmSync(`${path}.wal`);
    await writing;
    assert.equal(await idsIn(await copyOf(path)), ["before", "during"]);
    await flow.close();
  });

  test("a bot that dies after its log was removed is refused, not opened as it was before", async () => {
    if (process.platform === "win32") return;
    const path = await newPath();
    const flow = await opened(path, {}, NO_CHECKPOINTS);
    await flow.execute(savePosition, position("acknowledged"), "");
    rmSync(`${path}.wal`);
    const copy = await copyOf(path);
    assert.match((await failure(backend(copy).connect())).message, /its log .*\.wal is missing/);
    await flow.close();
  });
}
