import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import * as assert from "uvu/assert";
import { StateError } from "../../src/errors.js";
import { getPositions } from "../../src/operations/get-positions.js";
import { savePosition } from "../../src/operations/save-position.js";
import { bundle } from "../bundle.js";
import { LONG, numbers, some } from "../long.js";
import { skip } from "../skip.js";
import { backend, opened } from "./backend.js";
import { Child } from "./child.js";
import { position } from "./samples.js";
import { newPath, type Test } from "./stand.js";

const PROGRAM = await bundle(new URL("./dying-holder.ts", import.meta.url));
const IS_LINUX = process.platform === "linux";
const HAS_NETWORKS = IS_LINUX && spawnSync("unshare", ["-n", "true"]).status === 0;
/** Changes of each process, beside those that come one by one. */
const CHANGES = LONG ? 500 : 20;
/** How many of the steps are died at. */
const SAMPLE = 4;

/** What the file was before it is opened. */
const BEFORE = ["absent", "closed", "left by a crash"] as const;

/** The networks that the holder and the one that waits are in. */
const NETWORKS = { "one network": [], "two networks": ["unshare", "-n"] } as const;

/** What was acknowledged is there, and no two held the file at once, whoever was killed when. */
export function killedHolders(test: Test): void {
  if (!IS_LINUX) return;

  interface Way {
    readonly before?: readonly string[];
    readonly step?: number;
    readonly words?: readonly string[];
  }

  function child(name: string, path: string, { before = [], step = -1, words = [] }: Way): Child {
    return new Child(PROGRAM, [name, path, String(step), String(CHANGES), ...words], { before });
  }

  /** All of them begin at once. */
  async function begin(...children: Child[]): Promise<void> {
    for (const child of children) assert.is(await child.line(), "ready");
    for (const child of children) child.say("go");
  }

  async function start(...args: Parameters<typeof child>): Promise<Child> {
    const begun = child(...args);
    await begin(begun);
    return begun;
  }

  /** Lives to its end; resolves to the number of steps that it said. */
  async function stepsOf(child: Child, word: string): Promise<number> {
    for (let line = await child.line(); line !== undefined; line = await child.line()) {
      const [what, steps] = line.split(" ");
      if (what === word) return Number(steps);
      assert.is(what, "open", line);
    }
    throw new Error(`it never said ${word}`);
  }

  const made = new Map<string, string>();

  /** A file of its own each time, which is made once. */
  async function prepared(what: (typeof BEFORE)[number]): Promise<string> {
    const first = made.get(what) ?? (await make(what));
    made.set(what, first);
    const path = await newPath();
    // The socket of a dead process, too.
    execFileSync("cp", ["-a", `${dirname(first)}/.`, dirname(path)]);
    return path;
  }

  async function make(what: (typeof BEFORE)[number]): Promise<string> {
    const path = await newPath();
    if (what === "absent") return path;
    using child = await start("z", path, { words: ["STAYS"] });
    assert.is(await child.line(), "open");
    if (what === "closed") {
      await child.end();
      return path;
    }
    // Until it has nothing more to do.
    await until(path, `z saved z-more-${CHANGES - 1}`);
    child.kill();
    await child.end();
    return path;
  }

  async function until(path: string, line: string): Promise<void> {
    while (!linesOf(path).includes(line)) await new Promise((resolve) => setImmediate(resolve));
  }

  function linesOf(path: string): string[] {
    return existsSync(`${path}.story`) ? readFileSync(`${path}.story`, "utf8").trimEnd().split("\n") : [];
  }

  /** Between `open` and the last line of a holder nobody else says anything; what was saved is in the file. */
  async function check(path: string, what: string): Promise<void> {
    const lines = linesOf(path).map((line) => line.split(" "));
    const names = lines.map(([name = ""]) => name);
    for (const name of new Set(names)) {
      const own = names.slice(names.indexOf(name), names.lastIndexOf(name) + 1);
      assert.ok(
        own.every((other) => other === name),
        `${what}: two held the file at once: ${names.join("")}`,
      );
    }
    const flow = await opened(path);
    const there = new Set((await flow.execute(getPositions, undefined, "")).map(({ id }) => id));
    await flow.close();
    for (const [, said, id = ""] of lines) {
      if (said === "saved") assert.ok(there.has(id), `${what}: ${id} was acknowledged and is gone`);
    }
  }

  test("what a holder that is killed acknowledged through its socket is there", async () => {
    for (const acknowledged of some(numbers(1, 60), SAMPLE)) {
      process.stdout.write(".");
      const path = await prepared("closed");
      using holder = await start("a", path, { words: ["STAYS"] });
      assert.is(await holder.line(), "open");
      const operator = backend(path, { instance: "operator", isVisitor: true });
      await operator.connect(true);
      const told: string[] = [];
      const save = async (id: string) => {
        await operator.execute(savePosition, position(id), "");
        told.push(id);
        if (told.length === acknowledged) holder.kill();
      };
      const saved = await Promise.allSettled(numbers(1, 200).map((n) => save(`operator-${n}`)));
      for (const outcome of saved) if (outcome.status === "rejected") assert.instance(outcome.reason, StateError);
      await operator.close();
      await holder.end();
      await check(path, `${acknowledged} acknowledged`);
      const flow = await opened(path);
      const there = new Set((await flow.execute(getPositions, undefined, "")).map(({ id }) => id));
      await flow.close();
      assert.ok(told.length >= acknowledged);
      for (const id of told) assert.ok(there.has(id), `${id} was acknowledged and is gone`);
    }
  });

  for (const [where, before] of Object.entries(NETWORKS)) {
    const holding = `a holder that is killed at any step, while another waits, loses nothing and is never one of two, in ${where}`;
    const waiting = `one that waits and is killed at any step leaves the holder alone, in ${where}`;
    if (where === "two networks" && !HAS_NETWORKS) {
      for (const name of [holding, waiting]) skip(test, name, "needs unshare -n");
      continue;
    }

    test(holding, async () => {
      for (const [n, kind] of BEFORE.entries()) {
        using living = await start("a", await prepared(kind), { words: ["DROPS"] });
        const steps = await stepsOf(living, "closed");
        assert.ok(steps > 40, `${steps} steps`);
        let died = 0;
        // And once nobody dies: two that work side by side would be seen.
        for (const step of [-1, ...some(numbers(0, steps - 1), SAMPLE)]) {
          process.stdout.write(".");
          const path = await prepared(kind);
          // Every other one loses DuckDB's own lock on the way.
          const drops = step < 0 || (step + n) % 2 === 0 ? ["DROPS"] : [];
          using first = child("a", path, { step, words: ["WAITS", ...drops] });
          using second = child("b", path, { before, words: ["WAITS", ...drops] });
          await begin(first, second);
          await stepsOf(second, "closed");
          const lines: string[] = [];
          for (let line = await first.line(); line !== undefined; line = await first.line()) lines.push(line);
          await first.end();
          if (!lines.some((line) => line.startsWith("closed"))) died++;
          await check(path, `${kind}, step ${step}`);
        }
        assert.ok(died > 0, "nobody died");
      }
    });

    test(waiting, async () => {
      const path = await prepared("closed");
      using holder = await start("a", path, { words: ["STAYS", "DROPS"] });
      assert.is(await holder.line(), "open");
      await until(path, `a saved a-more-${CHANGES - 1}`);
      using refused = await start("b", path, { before });
      const steps = await stepsOf(refused, "refused");
      assert.ok(steps > 5, `${steps} steps`);
      for (const step of some(numbers(0, steps - 1), SAMPLE)) {
        process.stdout.write(".");
        using waiter = await start("b", path, { before, step });
        await waiter.end();
      }
      using last = await start("c", path, { before, words: ["WAITS"] });
      await holder.end();
      await stepsOf(last, "closed");
      await check(path, "after the killed");
    });
  }
}
