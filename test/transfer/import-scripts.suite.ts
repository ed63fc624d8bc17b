import { readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { LUA_FOLDER } from "../../src/backends/redis/lua-folder.js";
import type { TransferStand } from "./stand.js";

/** The scripts of an import are files that Redis runs as they are, and their heads are true. */
export function importScripts(stand: TransferStand): void {
  const test = suite("transfer: scripts");
  const names = readdirSync(`${LUA_FOLDER}import`).map((file) => file.replace(/\.lua$/, ""));

  const read = (name: string) => readFileSync(`${LUA_FOLDER}import/${name}.lua`, "utf8");

  for (const name of names) {
    test(`the head of ${name} numbers the keys and arguments that it uses, and tells its replies and errors`, () => {
      const source = read(name);
      assert.match(source, new RegExp(`^#!lua\n-- ${name}: `));
      const code = source.replace(/--.*$/gm, "");
      const header = source.slice(0, source.indexOf("\n\n"));
      const numbers = (text: string, what: string) =>
        [...new Set([...text.matchAll(new RegExp(`${what}\\[(\\d+)\\]`, "g"))].map(([, n]) => Number(n)))].sort(
          (a, b) => a - b,
        );
      assert.equal(numbers(header, "ARGV"), numbers(code, "ARGV"));
      assert.equal(numbers(header, "KEYS"), numbers(code, "KEYS"));
      const raised = [...code.matchAll(/error_reply\("(SF[A-Z]+)/g)].map(([, error]) => error);
      assert.equal([...(header.match(/SF[A-Z]+/g) ?? [])].sort(), [...new Set(raised)].sort());
      for (const [, tag] of code.matchAll(/return \{ "(\w+)"/g)) assert.ok(header.includes(`"${tag}"`), tag);
      for (const [, command, key = ""] of code.matchAll(/redis\.call\("(\w+)"(?:, ([^,)]+))?/g)) {
        if (command !== "TIME") assert.match(key, /^(?:\w+_)?key$/, `${command} ${key}`);
      }
    });
  }

  test("a whole import by redis-cli: begin, a chunk, finish; and each of them twice changes nothing more", async () => {
    const flow = `sf:${stand.fresh()}`;
    const run = async (name: string, keys: string[], argv: string[]) => {
      const ask = () => stand.server.cli("--eval", `${LUA_FOLDER}import/${name}.lua`, ...keys, ",", "7", ...argv);
      const reply = await ask();
      if (name !== "finish") assert.not.match(await ask(), /error|SF[A-Z]/);
      return reply;
    };
    const [meta, progress] = [`${flow}:flow:meta`, `${flow}:import:progress`];
    const staged = [`${flow}:import:flow.meta`, `${flow}:import:signals.processed`];
    assert.match(await run("begin", [meta, progress, ...staged], ["id", "e1", "", "2", "by hand"]), /begun/);
    const chunk = (n: string, key: string, type: string, entries: unknown) =>
      run("chunk", [progress, key], ["id", n, type, JSON.stringify(entries)]);
    await chunk("0", staged[0] ?? "", "hash", [
      ["schema", "1"],
      ["created_at", "5"],
    ]);
    const lease = [`${flow}:execution:lease`, `${flow}:import:execution.lease`];
    const finish = () =>
      run(
        "finish",
        [
          meta,
          progress,
          ...lease,
          `${flow}:import:events.log`,
          staged[0] ?? "",
          ...staged,
          meta,
          `${flow}:signals:processed`,
        ],
        ["id", "e1", "0"],
      );
    assert.match(await finish(), /SFIMPORT only 1 of 2 chunks are staged/);
    await chunk("1", staged[1] ?? "", "zset", [["s1", "9"]]);
    assert.match(await finish(), /finished/);
    assert.match(await finish(), /finished/);
    assert.equal((await stand.client.keys(`${flow}:*`)).sort(), [meta, `${flow}:signals:processed`]);
    assert.equal(await stand.client.hgetall(meta), { schema: "1", created_at: "5", epoch: "e1" });
  });

  test.run();
}
