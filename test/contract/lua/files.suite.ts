import { readdirSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { LUA_FOLDER } from "../../../src/backends/redis/lua-folder.js";
import { KEY_LAYOUTS } from "../../../src/layout/key-layouts.js";
import { KEYS } from "../../../src/layout/keys.js";
import { operations } from "../../../src/operations/all.js";
import { ARGUMENT_WORDS, argumentsWithWords } from "../../../src/operations/argument-words.js";
import { argumentNames } from "../../../src/operations/arguments.js";
import { ACCOUNT_KEYS, COMMON_ARGV, COMMON_KEYS, mayAskAccount } from "../../../src/operations/operation.js";
import { keysOf, listed, read, sampleOf, uncommented } from "./source.js";

const OPERATIONS = new URL("../../../src/operations/", import.meta.url);

function sortedNames(): string[] {
  return operations.map(({ name }) => name).sort();
}

/** Files and operations are the same in number, name, keys, arguments and replies. */
export function luaFiles(): void {
  const test = suite("lua: files");

  test("a key has the type in the heads that it has in the layout of a whole flow", () => {
    for (const { key, type } of KEY_LAYOUTS) assert.is(KEYS[key].type, type, key);
  });

  test("an operation has words of its own only for its arguments, and only where the common ones do not fit", () => {
    for (const { name, kind, words = {}, ...own } of operations) {
      const names = [...COMMON_ARGV[kind], ...argumentNames(own)];
      for (const [argument, text] of Object.entries(words)) {
        assert.ok(names.includes(argument), `${name} has no argument ${argument}`);
        assert.is.not(text, ARGUMENT_WORDS[argument] ?? "", `${name}: ${argument}`);
      }
    }
  });

  test("the common words are about an argument that some operation has", () => {
    const used = new Set(operations.flatMap((each) => argumentsWithWords(each).map(({ name }) => name)));
    assert.equal(
      Object.keys(ARGUMENT_WORDS).filter((name) => !used.has(name)),
      [],
    );
  });

  test("there is a script for every operation, and an operation for every script", () => {
    const files = readdirSync(LUA_FOLDER).filter((name) => name.endsWith(".lua"));
    assert.equal(
      files.sort(),
      sortedNames().map((name) => `${name}.lua`),
    );
  });

  test("every module that makes an operation is in the list of all", async () => {
    const made: string[] = [];
    for (const name of readdirSync(OPERATIONS)) {
      if (!name.endsWith(".ts") || name === "all.ts") continue;
      const exported: object = await import(new URL(name, OPERATIONS).href);
      for (const value of Object.values(exported)) {
        if (typeof value === "object" && value !== null && "args" in value && "apply" in value && "name" in value) {
          made.push(String(value.name));
        }
      }
    }
    assert.equal(made.sort(), sortedNames());
  });

  test("every operation has a sample call for these tests, with as many arguments as it takes", () => {
    for (const operation of operations) {
      const { argv } = sampleOf(operation);
      assert.ok(operation.rest || argv.length === argumentNames(operation).length, operation.name);
    }
  });

  // It tells every key of a flow, each by its type alone. Were they named, a new key would change a script that has nothing to
  // do with it. That the loop leaves out none is tested below; that each type is right, where keys hold another one.
  test("only export_flow goes through its keys in a loop", () => {
    const looping = operations.filter(({ loopsOverKeys }) => loopsOverKeys);
    assert.equal(
      looping.map(({ name }) => name),
      ["export_flow"],
    );
  });

  for (const operation of operations) {
    const { name, kind, rest, loopsOverKeys } = operation;
    const argvNames = [...COMMON_ARGV[kind], ...argumentNames(operation)];

    test(`the header of ${name} says what it is called and what it does`, () => {
      const [first = ""] = read(operation).header;
      assert.match(first, new RegExp(`^${name}: \\w.*[.:,]`));
    });

    test(`the header of ${name} lists the keys and arguments that the operation gives it`, () => {
      const source = read(operation);
      const numbered = (names: readonly string[]) => names.map((each, i) => [i + 1, each]);
      const found = (what: "KEYS" | "ARGV") => listed(source, what).map((each) => [each.number, each.name]);
      const ofAccount = mayAskAccount(operation) ? ACCOUNT_KEYS : [];
      assert.equal(found("KEYS"), numbered([...keysOf(operation), ...ofAccount]));
      assert.equal(found("ARGV"), numbered(argvNames));
    });

    test(`${name} names every key and argument that it is given, and uses no other`, () => {
      const code = uncommented(read(operation).code);
      for (const [what, count] of [
        ["KEYS", loopsOverKeys ? COMMON_KEYS[kind].length : keysOf(operation).length],
        ["ARGV", rest ? argvNames.length - 1 : argvNames.length],
      ] as const) {
        const used = [...code.matchAll(new RegExp(`${what}\\[(\\d+)\\]`, "g"))].map((match) => Number(match[1]));
        const expected = Array.from({ length: count }, (_, i) => i + 1);
        assert.equal(
          [...new Set(used)].sort((a, b) => a - b),
          expected,
          what,
        );
      }
    });

    test(`${name} uses KEYS by number only, but for the hash of a proof and the keys of an account, and unless it is said to go through all of its own in a loop`, () => {
      const code = uncommented(read(operation).code);
      const used = [...code.matchAll(/\bKEYS(?!\[\d+\])(?:\[[^\]]*\])?/g)].map(([text]) => text);
      const ofProofs = kind === "change" ? ["KEYS[tonumber(n)]"] : [];
      const ofAccount = code.includes("find_account") ? ["KEYS", "KEYS[i]", "KEYS[i + 1]"] : [];
      const own = loopsOverKeys ? ["KEYS", "KEYS[i]"] : [];
      assert.equal(used.sort(), [...own, ...ofProofs, ...ofAccount].sort());
      const loops = [...code.matchAll(/for i = (\d+), #KEYS do\n +.*\(KEYS\[i\]\)\n +end\n/g)];
      assert.equal(
        loops.map(([, first]) => Number(first)),
        loopsOverKeys ? [COMMON_KEYS[kind].length + 1] : [],
      );
    });

    test(`every command of ${name} works on a key that it was given`, () => {
      const code = uncommented(read(operation).code);
      for (const [, command, key = ""] of code.matchAll(/redis\.call\("(\w+)"(?:, (?:"STREAM", )?([^,)]+))?/g)) {
        if (command !== "TIME") assert.match(key, /^(?:\w+[_.])?key$/, `${command} ${key}`);
      }
    });

    test(`the header of ${name} tells its replies and its errors`, () => {
      const { header, code } = read(operation);
      const text = header.join("\n");
      const told = [...text.matchAll(/^(?:Reply|\s{5}) \{"(\w+)"(?: or "(\w+)")?/gm)].flatMap(([, ...tags]) => tags);
      assert.ok(told.some((tag) => tag !== undefined));
      for (const tag of told) if (tag !== undefined) assert.ok(code.includes(`"${tag}"`), `reply ${tag}`);
      for (const [, tag] of code.matchAll(/(?:answer\(|return )\{ "(\w+)"/g)) {
        assert.ok(
          told.some((known) => known === tag),
          `reply ${tag} is not in the header`,
        );
      }
      const raised = [...code.matchAll(/(?:error_reply\(|refuse\()"(SF[A-Z]+)/g)].map((match) => match[1]);
      const errors = /^Errors: (.+)$/m.exec(text)?.[1] ?? "";
      assert.equal((errors.match(/SF[A-Z]+/g) ?? []).toSorted(), [...new Set(raised)].sort());
    });

    test(`${name} has the flags of its kind`, () => {
      const { flags } = read(operation);
      assert.is(flags.includes("no-writes"), kind === "read");
      for (const flag of flags) assert.ok(flag === "no-writes" || flag === "allow-oom", flag);
    });
  }

  test.run();
}
