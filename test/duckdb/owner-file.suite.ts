import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { setImmediate } from "node:timers/promises";
import * as assert from "uvu/assert";
import { own, rightToReplace, thisProcess } from "../../src/backends/duckdb/owner-file.js";
import { LockedError } from "../../src/errors.js";
import { savePosition } from "../../src/operations/save-position.js";
import { bundle } from "../bundle.js";
import { failure } from "../contract/expect.js";
import { LONG } from "../long.js";
import { backend, opened } from "./backend.js";
import { Child } from "./child.js";
import { position } from "./samples.js";
import { newPath, type Test } from "./stand.js";

const WITHOUT_SOCKETS = await bundle(new URL("./holder-without-sockets.ts", import.meta.url));
const RACER = await bundle(new URL("./owner-racer.ts", import.meta.url));
const RACES = LONG ? 400 : 40;
const RACERS = 4;

/** Resolves when the process has stopped itself. */
async function stopped({ pid }: Child): Promise<void> {
  while (!/\) T /.test(readFileSync(`/proc/${pid}/stat`, "utf8"))) await setImmediate();
}

/** A file whose process is gone. */
const dead = () => JSON.stringify({ ...thisProcess(), started: "1" });

/** Where there are no sockets, a file says who holds another one; and who only looks at a file is waited for. */
export function ownerFiles(test: Test): void {
  if (process.platform !== "linux") return;

  for (const code of ["EPERM", "EOPNOTSUPP"]) {
    test(`where sockets are refused (${code}), a file keeps others out, and the bot says so when it connects`, async () => {
      const path = await newPath();
      using first = new Child(WITHOUT_SOCKETS, [path, code]);
      assert.match((await first.line()) ?? "", /^warned there are no sockets where .*\.lock says who holds it/);
      assert.is(await first.line(), "open");
      assert.is(statSync(`${path}.lock`).mode & 0o777, 0o600);
      assert.not.ok(existsSync(`${path}.sock`));
      // Another process, with sockets or without, though DuckDB's lock were gone.
      copyFileSync(path, `${path}.copy`);
      const error = await failure(backend(path).connect());
      assert.instance(error, LockedError);
      assert.ok(error.message.includes(String(first.pid)) && error.message.includes(".lock"), error.message);
      using second = new Child(WITHOUT_SOCKETS, [path, code]);
      assert.match((await second.line()) ?? "", /^LOCKED /);
      first.say("close");
      assert.is(await first.line(), "closed");
      assert.equal(readdirSync(dirname(path)).sort(), ["bot.db", "bot.db.copy"]);
    });
  }

  test("after kill -9 without sockets the next one finds the owner dead and opens", async () => {
    const path = await newPath();
    using first = new Child(WITHOUT_SOCKETS, [path, "EPERM"]);
    await first.line();
    assert.is(await first.line(), "open");
    first.kill();
    await first.end();
    assert.ok(existsSync(`${path}.lock`));
    using second = new Child(WITHOUT_SOCKETS, [path, "EPERM"]);
    assert.match((await second.line()) ?? "", /^warned/);
    assert.is(await second.line(), "open");
    assert.is(JSON.parse(readFileSync(`${path}.lock`, "utf8")).pid, second.pid);
  });

  test("of many that find the owner dead at once, one owns the file", async () => {
    const racers = Array.from({ length: RACERS }, () => new Child(RACER, []));
    try {
      for (const racer of racers) assert.is(await racer.line(), "ready");
      for (let race = 0; race < RACES; race++) {
        const path = `${await newPath()}.lock`;
        writeFileSync(path, dead());
        for (const racer of racers) racer.say(`${Date.now() + 15} ${path}`);
        const told = await Promise.all(racers.map(async (racer) => (await racer.line())?.split(" ")[0]));
        assert.is(told.filter((word) => word === "owns").length, 1, `race ${race}: ${told}`);
        const owner = racers[told.indexOf("owns")];
        assert.is(JSON.parse(readFileSync(path, "utf8")).pid, owner?.pid);
        assert.equal(readdirSync(dirname(path)), ["bot.db.lock"]);
      }
    } finally {
      for (const racer of racers) racer.kill();
    }
  });

  test("of two that find the owner dead, one owns the file, wherever the first is when the second comes", async () => {
    using first = new Child(RACER, []);
    using second = new Child(RACER, []);
    for (const racer of [first, second]) assert.is(await racer.line(), "ready");
    const race = async (step: number) => {
      const path = `${await newPath()}.lock`;
      writeFileSync(path, dead());
      first.say(`0 ${path} ${step}`);
      await stopped(first);
      second.say(`0 ${path}`);
      const [late] = (await second.line())?.split(" ") ?? [];
      process.kill(first.pid, "SIGCONT");
      const [early] = (await first.line())?.split(" ") ?? [];
      assert.equal([early, late].sort(), ["owns", "refused"], `step ${step}`);
      assert.is(JSON.parse(readFileSync(path, "utf8")).pid, early === "owns" ? first.pid : second.pid, `step ${step}`);
      assert.equal(readdirSync(dirname(path)), ["bot.db.lock"], `step ${step}`);
    };
    const path = `${await newPath()}.lock`;
    writeFileSync(path, dead());
    first.say(`0 ${path}`);
    const steps = Number((await first.line())?.split(" ")[1]);
    assert.ok(steps > 10, `${steps} steps`);
    for (let step = 0; step < steps; step++) await race(step);
  });

  test("a process that died while it replaced a dead one's file holds nobody up, and one that lives does", async () => {
    const path = `${await newPath()}.lock`;
    const found = dead();
    const right = rightToReplace(path, found);
    writeFileSync(path, found);
    assert.is(own(right), undefined);
    assert.equal(own(path), thisProcess(), "who replaces it lives");
    assert.is(readFileSync(path, "utf8"), found);
    writeFileSync(right, dead());
    assert.is(own(path), undefined);
    assert.equal(readdirSync(dirname(path)), ["bot.db.lock"]);
  });

  test("a bot that starts waits for who only looks", async () => {
    const path = await newPath();
    await (await opened(path)).close();
    const looker = backend(path);
    await looker.connect(true);
    const bot = backend(path);
    let told: unknown;
    const opening = bot.connect().then(
      () => "open",
      (error: unknown) => String(error),
    );
    void opening.then((word) => {
      told = word;
    });
    // These wait for nobody, and take as long as the first try of the bot.
    for (let n = 0; n < 3; n++) assert.instance(await failure(backend(path).connect(true)), LockedError);
    assert.is(told, undefined);
    await looker.close();
    assert.is(await opening, "open");
    await bot.execute(savePosition, position("p"), "");
    assert.instance(await failure(backend(path).connect()), LockedError);
    await bot.close();
  });

  test("a bot that starts tries again where the one that kept it out is gone without a word, and gives up where that one stays", async () => {
    const path = await newPath();
    await (await opened(path)).close();
    // As somebody who closes the file while he is asked.
    let asked = 0;
    const closing = createServer((socket) => {
      socket.on("error", () => {}).destroy();
      if (++asked === 3) closing.close();
    });
    await new Promise<void>((resolve) => closing.listen(`${path}.sock`, resolve));
    const bot = backend(path);
    await bot.connect();
    assert.is(asked, 3);
    await bot.close();

    const staying = createServer((socket) => socket.on("error", () => {}).destroy());
    await new Promise<void>((resolve) => staying.listen(`${path}.sock`, resolve));
    assert.instance(await failure(backend(path).connect()), LockedError);
    await new Promise((resolve) => staying.close(resolve));
  });

  test("a bot whose file that says who holds it was removed or replaced acknowledges nothing more", async () => {
    for (const spoil of [(lock: string) => rmSync(lock), (lock: string) => writeFileSync(`${lock}.new`, "{}")]) {
      const path = await newPath();
      using holder = new Child(WITHOUT_SOCKETS, [path, "EPERM"]);
      await holder.line();
      assert.is(await holder.line(), "open");
      holder.say("before");
      assert.is(await holder.line(), "saved");
      spoil(`${path}.lock`);
      if (existsSync(`${path}.lock.new`)) renameSync(`${path}.lock.new`, `${path}.lock`);
      holder.say("after");
      assert.is(await holder.line(), "STATE_LOST");
      holder.say("close");
      assert.is(await holder.line(), "closed");
    }
  });

  test("a bot makes a file that others could read its owner's only; who looks leaves it as it is", async () => {
    const path = await newPath();
    await (await opened(path)).close();
    chmodSync(path, 0o644);
    const looker = backend(path);
    await looker.connect(true);
    await looker.close();
    assert.is(statSync(path).mode & 0o777, 0o644);
    await (await opened(path)).close();
    assert.is(statSync(path).mode & 0o777, 0o600);
  });
}
