import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { isProvenDead, own, thisProcess } from "../../src/backends/duckdb/owner-file.js";
import { ConfigError, LockedError, StateLostError } from "../../src/errors.js";
import { getPosition } from "../../src/operations/get-position.js";
import { savePosition } from "../../src/operations/save-position.js";
import { bundle } from "../bundle.js";
import { failure } from "../contract/expect.js";
import { skip } from "../skip.js";
import { backend, opened } from "./backend.js";
import { Child } from "./child.js";
import { position } from "./samples.js";
import { copyOf, newPath, type Test } from "./stand.js";

const HOLDER = await bundle(new URL("./holder.ts", import.meta.url));
const IS_LINUX = process.platform === "linux";
const HAS_NETWORKS = IS_LINUX && spawnSync("unshare", ["-n", "true"]).status === 0;

/** What `copyFileSync` in the holder does to DuckDB's lock: it is gone. */
function dropDuckdbLock(path: string): void {
  copyFileSync(path, `${path}.copy`);
  if (existsSync(`${path}.wal`)) copyFileSync(`${path}.wal`, `${path}.copy.wal`);
}

/** The lock that holds when DuckDB's does not, and the file that is no longer at its path. */
export function secondLock(test: Test): void {
  test("a bot that copies its own file still keeps a second process out", async () => {
    const path = await newPath();
    const flow = await opened(path);
    await flow.execute(savePosition, position("p"), "");
    dropDuckdbLock(path);
    using child = new Child(HOLDER, [path]);
    const told = (await child.line()) ?? "";
    assert.match(told, /^LOCKED /);
    assert.ok(told.includes(`process ${process.pid}`), told);
    await flow.execute(savePosition, position("q"), "");
    await flow.close();
    const again = await opened(path);
    for (const id of ["p", "q"]) assert.is((await again.execute(getPosition, { id }, ""))?.id, id);
    await again.close();
  });

  const elsewhere = "a second process in another network namespace is kept out, too";
  if (!HAS_NETWORKS) skip(test, elsewhere, "needs unshare -n");
  else {
    test(elsewhere, async () => {
      const path = await newPath();
      const flow = await opened(path);
      await flow.execute(savePosition, position("p"), "");
      dropDuckdbLock(path);
      using child = new Child(HOLDER, [path], { before: ["unshare", "-n"] });
      assert.match((await child.line()) ?? "", /^LOCKED /);
      await flow.close();
    });
  }

  test("kill -9 frees the file at once, though the socket stays; the next one puts its own there", async () => {
    const path = await newPath();
    using first = new Child(HOLDER, [path]);
    assert.is(await first.line(), "open");
    first.kill();
    await first.end();
    assert.ok(statSync(`${path}.sock`).isSocket());
    const flow = await opened(path);
    using third = new Child(HOLDER, [path]);
    assert.match((await third.line()) ?? "", /^LOCKED /);
    await flow.close();
    assert.not.ok(existsSync(`${path}.sock`));
  });

  test("the socket is for its owner only, and what is no socket is not removed", async () => {
    if (process.platform === "win32") return;
    const path = await newPath();
    const flow = await opened(path);
    assert.is(statSync(`${path}.sock`).mode & 0o777, 0o600);
    await flow.close();
    writeFileSync(`${path}.sock`, "notes");
    const error = await failure(backend(path).connect());
    assert.instance(error, ConfigError);
    assert.match(error.message, /\.sock has to be a socket/);
    assert.is(readFileSync(`${path}.sock`, "utf8"), "notes");
  });

  test("a path longer than a socket's may be is locked all the same", async () => {
    if (!IS_LINUX) return;
    const folder = join(dirname(await newPath()), "f".repeat(120));
    await mkdir(folder);
    const path = join(folder, `${"n".repeat(120)}.db`);
    const flow = await opened(path);
    dropDuckdbLock(path);
    using child = new Child(HOLDER, [path]);
    assert.match((await child.line()) ?? "", /^LOCKED /);
    await flow.close();
  });

  for (const [what, spoil] of [
    ["removed", (path: string) => rmSync(path)],
    [
      "removed with all that belongs to it",
      (path: string) => ["", ".wal", ".sock"].map((end) => rmSync(path + end, { force: true })),
    ],
    ["moved", (path: string) => renameSync(path, `${path}.moved`)],
    [
      "replaced by a copy",
      (path: string) => {
        copyFileSync(path, `${path}.copy`);
        renameSync(`${path}.copy`, path);
      },
    ],
    ["robbed of its socket", (path: string) => rmSync(`${path}.sock`)],
  ] as const) {
    test(`nothing is acknowledged once the file was ${what}`, async () => {
      const path = await newPath();
      const flow = await opened(path);
      await flow.execute(savePosition, position("before"), "");
      spoil(path);
      for (const id of ["after", "later"]) {
        const error = await failure(flow.execute(savePosition, position(id), ""));
        assert.instance(error, StateLostError, String(error));
        assert.match(error.message, /nothing was done/);
      }
      await flow.close();
    });
  }

  test("a file that was moved takes with it what was acknowledged, and nothing else", async () => {
    const path = await newPath();
    const flow = await opened(path);
    await flow.execute(savePosition, position("before"), "");
    renameSync(path, `${path}.moved`);
    assert.instance(await failure(flow.execute(savePosition, position("after"), "")), StateLostError);
    await flow.close();
    const moved = await opened(`${path}.moved`);
    assert.is((await moved.execute(getPosition, { id: "before" }, ""))?.id, "before");
    assert.is(await moved.execute(getPosition, { id: "after" }, ""), undefined);
    await moved.close();
  });

  test("where the file was removed no new flow is begun while the bot that had it lives", async () => {
    if (process.platform === "win32") return;
    const path = await newPath();
    const flow = await opened(path);
    rmSync(path);
    rmSync(`${path}.wal`, { force: true });
    assert.instance(await failure(backend(path).connect()), LockedError);
    assert.not.ok(existsSync(path));
    await flow.close();
  });

  test("the closing of a bot whose file was replaced leaves the new file and its log alone", async () => {
    const [path, other] = [await newPath(), await newPath()];
    const flow = await opened(path);
    await flow.execute(savePosition, position("old"), "");
    const newer = await opened(other);
    await newer.execute(savePosition, position("new"), "");
    const crashed = await copyOf(other);
    await newer.close();
    for (const end of ["", ".wal"]) renameSync(crashed + end, path + end);
    await flow.close();
    const found = await opened(path);
    assert.is((await found.execute(getPosition, { id: "new" }, ""))?.id, "new");
    await found.close();
  });

  test("where there are no sockets, a file names the owner, and only one that is proven dead is replaced", async () => {
    if (!IS_LINUX) return;
    const lock = `${await newPath()}.lock`;
    assert.is(own(lock), undefined);
    assert.is(statSync(lock).mode & 0o777, 0o600);
    assert.equal(own(lock), thisProcess());
    const self = thisProcess();
    for (const [owner, dead] of [
      [self, false],
      [{ ...self, started: "1" }, true],
      [{ ...self, boot: "another" }, true],
      [{ ...self, boot: "" }, false],
      [{ ...self, space: "pid:[1]", started: "1" }, false],
    ] as const) {
      assert.is(isProvenDead(owner), dead, JSON.stringify(owner));
      writeFileSync(lock, JSON.stringify(owner));
      assert.equal(own(lock), dead ? undefined : owner);
    }
    writeFileSync(lock, "{");
    assert.is(own(lock)?.pid, 0, "what cannot be read proves nothing");
  });
}
