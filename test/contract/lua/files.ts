import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { staleStamps } from "../../../lua/stamp.js";
import { LUA_FOLDER } from "../../../src/backends/redis/lua-folder.js";
import { operations } from "../../../src/operations/all.js";
import { COMMON_ARGV } from "../../../src/operations/operation.js";
import { keysOf, listed, read, sampleOf, uncommented } from "./source.js";

const OPERATIONS_FOLDER = fileURLToPath(new URL("../../../src/operations/", import.meta.url));
const TYPES = ["hash", "zset", "string", "stream"];

/** This operation takes any number of arguments: those from its last name on come in pairs. */
const VARIADIC = "set_risk_limits";

function sortedNames(): string[] {
  return operations.map(({ name }) => name).sort();
}

/** Files and operations are the same in number, name, keys, arguments and replies. */
export function luaFiles(): void {
  const test = suite("lua: files");

  test("the shared text in every script is current", () => {
    assert.equal(staleStamps(), [], "run npm run stamp");
  });

  test("a script carries the shared text that it uses, and no other", () => {
    for (const operation of operations) {
      const code = read(operation).code;
      const stamps = [...code.matchAll(/^-- >>> (\w+)\.lua[\s\S]*?^-- <<< \1\.lua$/gm)];
      for (const [stamp, name = ""] of stamps) {
        if (name === operation.kind) continue;
        const names = [...stamp.matchAll(/^local (?:function )?(\w+)/gm)].map(([, defined]) => defined);
        const rest = code.replace(stamp, "");
        const used = names.some((defined) => new RegExp(`\\b${defined}\\b`).test(rest));
        assert.ok(used, `${operation.name} does not use ${name}`);
      }
    }
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
    for (const name of readdirSync(OPERATIONS_FOLDER)) {
      if (!name.endsWith(".ts") || name === "all.ts") continue;
      const exported: object = await import(new URL(name, `file://${OPERATIONS_FOLDER}`).href);
      for (const value of Object.values(exported)) {
        if (typeof value === "object" && value !== null && "encode" in value && "apply" in value && "name" in value) {
          made.push(String(value.name));
        }
      }
    }
    assert.equal(made.sort(), sortedNames());
  });

  test("every operation has a sample call for these tests, with as many arguments as it takes", () => {
    for (const operation of operations) {
      const { argv } = sampleOf(operation);
      assert.ok(operation.name === VARIADIC || argv.length === operation.argv.length, operation.name);
    }
  });

  for (const operation of operations) {
    const { name, kind, argv } = operation;
    const argvNames = [...COMMON_ARGV[kind], ...argv];

    test(`the header of ${name} says what it is called and what it does`, () => {
      const [first = ""] = read(operation).header;
      assert.match(first, new RegExp(`^${name}: \\w.*[.:,]`));
    });

    test(`the header of ${name} lists the keys and arguments that the operation gives it`, () => {
      const source = read(operation);
      const numbered = (names: readonly string[]) => names.map((each, i) => [i + 1, each]);
      const found = (what: "KEYS" | "ARGV") => listed(source, what).map((each) => [each.number, each.name]);
      assert.equal(found("KEYS"), numbered(keysOf(operation)));
      assert.equal(found("ARGV"), numbered(argvNames));
      for (const { name: key, type } of listed(source, "KEYS")) assert.ok(TYPES.includes(type), `${key} is a ${type}`);
    });

    test(`${name} names every key and argument that it is given, and uses no other`, () => {
      const code = uncommented(read(operation).code);
      for (const [what, count] of [
        ["KEYS", keysOf(operation).length],
        ["ARGV", name === VARIADIC ? argvNames.length - 1 : argvNames.length],
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

    test(`every command of ${name} works on a key that it was given`, () => {
      const code = uncommented(read(operation).code);
      for (const [, command, key = ""] of code.matchAll(/redis\.call\("(\w+)"(?:, (?:"STREAM", )?([^,)]+))?/g)) {
        if (command !== "TIME") assert.match(key, /^(?:\w+_)?key$/, `${command} ${key}`);
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
