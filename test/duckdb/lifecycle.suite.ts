import { existsSync } from "node:fs";
import { link, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Worker } from "node:worker_threads";
import * as assert from "uvu/assert";
import { ConnectionError, LockedError, UnknownFlowError } from "../../src/errors.js";
import { getEvents } from "../../src/operations/get-events.js";
import { getPosition } from "../../src/operations/get-position.js";
import { getPositions } from "../../src/operations/get-positions.js";
import { savePosition } from "../../src/operations/save-position.js";
import { bundle } from "../bundle.js";
import { failure } from "../contract/expect.js";
import { backend, opened } from "./backend.js";
import { Child } from "./child.js";
import { position } from "./samples.js";
import { ask, bytesOf, copyOf, newPath, type Test } from "./stand.js";

const HOLDER = await bundle(new URL("./holder.ts", import.meta.url));

/** Connecting, closing, and who holds the file. */
export function lifecycle(test: Test): void {
  test("connecting makes the folder, the file and the flow; connecting again finds it", async () => {
    const path = join(dirname(await newPath()), "some", "folders", "bot.db");
    const flow = backend(path);
    const first = await flow.connect();
    assert.is(first.created, true);
    await flow.close();
    const second = await flow.connect();
    assert.equal(second, { ...first, created: false });
    await flow.close();
    assert.not.ok(existsSync(`${path}.wal`));
  });

  test("a flow that is not there is not made by looking for it, nor is its folder", async () => {
    const folder = join(dirname(await newPath()), "none");
    const flow = backend(join(folder, "bot.db"));
    const error = await failure(flow.connect(true));
    assert.instance(error, UnknownFlowError);
    assert.match(error.message, folder);
    assert.not.ok(existsSync(folder));
    assert.instance(await failure(flow.execute(getPositions, undefined, "")), ConnectionError);
  });

  test("a file that is only looked at stays as it is, byte for byte, also one that was left by kill -9", async () => {
    const path = await newPath();
    const flow = await opened(path);
    await flow.execute(savePosition, position("p"), "");
    const crashed = await copyOf(path);
    await flow.close();
    for (const file of [path, crashed]) {
      const before = bytesOf(file);
      const visitor = backend(file);
      await visitor.connect(true);
      assert.is((await visitor.execute(getPositions, undefined, "")).length, 1);
      await visitor.close();
      assert.is(bytesOf(file), before);
    }
    assert.ok(existsSync(`${crashed}.wal`));
  });

  test("who looks at a crashed file and then changes it leaves it in order", async () => {
    const path = await newPath();
    const flow = await opened(path);
    await flow.execute(savePosition, position("p"), "");
    const crashed = await copyOf(path);
    await flow.close();
    const visitor = backend(crashed);
    await visitor.connect(true);
    await visitor.execute(savePosition, position("q"), "");
    await visitor.close();
    assert.not.ok(existsSync(`${crashed}.wal`));
    assert.equal(await ask(crashed, "SELECT id FROM positions ORDER BY id"), [["p"], ["q"]]);
  });

  test("a call before connect and after close is a ConnectionError", async () => {
    const flow = backend(await newPath());
    assert.instance(await failure(flow.execute(getPositions, undefined, "")), ConnectionError);
    await flow.connect();
    await flow.close();
    assert.instance(await failure(flow.execute(savePosition, position("p"), "")), ConnectionError);
    await flow.connect();
    await flow.execute(savePosition, position("p"), "");
    await flow.close();
  });

  test("connecting twice at once, and closing twice, is like once", async () => {
    const flow = backend(await newPath());
    const [one, two] = await Promise.all([flow.connect(), flow.connect()]);
    assert.is(one.created, true);
    assert.equal(two, { ...one, created: false });
    await Promise.all([flow.close(), flow.close()]);
    await flow.close();
    assert.is((await flow.connect()).epoch, one.epoch);
    await flow.close();
  });

  test("close in the middle of heavy use: what resolved is in the file, what did not happen says so", async () => {
    const path = await newPath();
    const flow = await opened(path, {}, { commits: 5 });
    const resolved: string[] = [];
    const lane = async (name: number) => {
      for (let n = 0; ; n++) {
        await flow.execute(savePosition, position(`${name}-${n}`), "");
        resolved.push(`${name}-${n}`);
        if (resolved.length === 500) void flow.close();
      }
    };
    const ends = await Promise.all(Array.from({ length: 20 }, (_, name) => failure(lane(name))));
    for (const end of ends) assert.instance(end, ConnectionError);
    await flow.close();
    const found = (await ask(path, "SELECT id FROM positions")).map(([id]) => String(id));
    assert.equal(found.sort(), resolved.sort());
    assert.equal(await ask(path, "SELECT count(*) FROM journal"), [[0n]]);
  });

  test("close wakes those who wait for events", async () => {
    const flow = await opened(await newPath());
    const { newest } = await flow.execute(getEvents, { after: "", limit: 1 }, "");
    const waiting = flow.eventAfter(newest, new AbortController().signal);
    await flow.close();
    await waiting;
  });

  test("a second process is told who holds the file, and gets it when the first has closed it", async () => {
    const path = await newPath();
    using first = new Child(HOLDER, [path]);
    assert.is(await first.line(), "open");

    using second = new Child(HOLDER, [path]);
    const refusal = (await second.line()) ?? "";
    assert.match(refusal, /^LOCKED /);
    assert.ok(refusal.includes(path) && refusal.includes(`process ${first.pid} `), refusal);
    if (process.platform === "linux") assert.match(refusal, /holder\.mjs/);
    const here = await failure(backend(path).connect());
    assert.instance(here, LockedError);
    assert.ok(here.message.includes(String(first.pid)), here.message);

    first.say("close");
    assert.is(await first.line(), "closed");
    const third = await opened(path);
    await third.close();
  });

  test("a process that was killed holds nothing", async () => {
    const path = await newPath();
    using child = new Child(HOLDER, [path]);
    assert.is(await child.line(), "open");
    child.kill();
    await child.end();
    await (await opened(path)).close();
  });

  test("this process cannot open a file twice, by whatever name", async () => {
    const path = await newPath();
    const flow = await opened(path);
    const soft = `${path}-soft`;
    const hard = `${path}-hard`;
    await symlink(path, soft);
    await link(path, hard);
    for (const name of [path, join(dirname(path), ".", "bot.db"), soft, hard]) {
      const error = await failure(backend(name).connect());
      assert.instance(error, LockedError);
      assert.ok(error.message.includes(String(process.pid)), error.message);
    }
    // The refused ones must not have cost the first its lock.
    using child = new Child(HOLDER, [path]);
    assert.match((await child.line()) ?? "", /^LOCKED /);
    await flow.execute(savePosition, position("p"), "");
    await flow.close();

    const again = await opened(soft);
    assert.is((await again.execute(getPosition, { id: "p" }, ""))?.id, "p");
    await again.close();
  });

  test("another thread of this process cannot open the file either", async () => {
    if (process.platform !== "linux") return;
    const path = await newPath();
    const flow = await opened(path);
    const script = `
      import(${JSON.stringify(import.meta.resolve("tsx/esm/api"))}).then(async ({ register }) => {
        register();
        const { backend } = await import(${JSON.stringify(new URL("./backend.ts", import.meta.url).href)});
        const code = await backend(${JSON.stringify(path)}).connect().then(() => "opened", (error) => error.code);
        require("node:worker_threads").parentPort.postMessage(code);
      });
    `;
    const worker = new Worker(script, { eval: true });
    const code = await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    await worker.terminate();
    assert.is(code, "LOCKED");
    await flow.close();
  });

  test("two that make the same new flow at once: one has it, the other is told", async () => {
    const path = await newPath();
    const both = [backend(path), backend(path)];
    const outcomes = await Promise.allSettled(both.map((one) => one.connect()));
    const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    assert.is(refused.length, 1);
    assert.instance(refused[0], LockedError);
    await Promise.all(both.map((one) => one.close()));
    const flow = await opened(path);
    await flow.close();
  });
}
