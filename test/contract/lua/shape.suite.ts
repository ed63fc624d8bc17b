import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readSharedText, sharedText } from "../../../lua/shared-text.js";
import { staleStamps, stamped } from "../../../lua/stamp.js";
import { script } from "../../../src/backends/redis/scripts.js";
import { operations } from "../../../src/operations/all.js";
import { uncommented } from "./source.js";

/** Head, run, appendix and the call of run, in this order and with nothing between. */
const SHAPE =
  /^(?:#!lua.*\n)?(?:--.*\n)+\nlocal function run\(([^)]*)\)\n((?: .*)?\n(?:(?: {2}.*)?\n)*)end\n\n(?:-- Stamped .*\n\n((?:(?:-- >>> (\w+)\.lua\n[\s\S]*?\n-- <<< \4\.lua|-- Tables of (?:.*\n)+?local .*|setmetatable\(\w+, \{ __index = function\(_, asked\)\n(?:(?: {2}.*)?\n)+end \}\))\n\n)+))?(?:return run\(([^)]*)\)|local given = \{ ([^}]*) \}\n((?:given.*\n)+)return run\(unpack\(given, 1, \d+\)\))\n$/;

interface Parts {
  readonly parameters: readonly string[];
  readonly body: string;
  readonly appendix: string;
  readonly given: readonly string[];
}

function partsOf(name: string): Parts {
  const match = SHAPE.exec(script(name).source);
  if (!match) throw new Error(`${name}.lua is not a head, run, the shared text and the call of run`);
  const [, parameters = "", body = "", appendix = "", , given = "", first = "", rest = ""] = match;
  const later = rest.split("\n").flatMap((line) => words(line.split(" = ")[1] ?? ""));
  return { parameters: words(parameters), body, appendix, given: [...words(given), ...words(first), ...later] };
}

function words(text: string): string[] {
  return text.match(/\w+/g) ?? [];
}

/** A table of functions that are made when it is first asked for one, and the text that makes them, a level further out. */
interface Group {
  readonly table: string;
  readonly text: string;
  readonly asked: readonly string[];
}

const GROUP = /^setmetatable\((\w+), \{ __index = function\(_, asked\)\n([\s\S]*?)\nend \}\)$/gm;

function groupsOf(appendix: string): Group[] {
  return [...appendix.matchAll(GROUP)].map(([, table = "", inner = ""]) => {
    const [text = "", ...lines] = inner.replace(/^ {2}/gm, "").split(new RegExp(`^(?=${table}\\.)`, "m"));
    return {
      table,
      text,
      asked: [...lines.join("").matchAll(new RegExp(`${table}\\.(\\w+)`, "g"))].map(([, name = ""]) => name),
    };
  });
}

/** What is made at every call. */
function alwaysOf(appendix: string): string {
  return appendix.replace(/^-- Tables of (?:.*\n)+?local .*$/gm, "").replace(GROUP, "");
}

/** The definitions of an appendix or a group by their names, without those that run before anything is defined. */
function definitionsOf(text: string): Map<string, string> {
  const code = uncommented(text.replace(/^-- >>> (change|read)\.lua[\s\S]*?(?=^local function )/m, ""));
  const starts = code.split(/^(?=local )/m).filter((text) => text.startsWith("local "));
  return new Map(starts.map((text) => [/^local (?:function )?(\w+)/.exec(text)?.[1] ?? "", text]));
}

/** What an author writes. */
function bare(source: string): string {
  return source.replace(/^local function run\([^)]*\)/m, "local function run()").replace(/(?<=^end\n)[\s\S]*/m, "");
}

/** Every script reads from the top, and carries what it uses and nothing else. */
export function luaShape(): void {
  const test = suite("lua: shape");

  test("every script is stamped with what lua/shared says now", () => {
    assert.equal(staleStamps(), [], "run npm run stamp");
  });

  for (const { name, kind } of operations) {
    test(`${name} is its head, its own code as run, the shared text, and the call of run with what its parameters name`, () => {
      const { parameters, given } = partsOf(name);
      assert.equal(given, parameters);
    });

    test(`${name} carries what it uses, and no other`, () => {
      const { parameters, body, appendix } = partsOf(name);
      const own = uncommented(body);
      for (const each of parameters) assert.ok(words(own).includes(each), `run does not use ${each}`);
      const [always, groups] = [definitionsOf(alwaysOf(appendix)), groupsOf(appendix)];
      assert.is(always.size > 0, kind !== "open");
      const texts = [own, ...always.values(), ...groups.map(({ text }) => uncommented(text))];
      for (const [each, text] of always) {
        const others = [...texts.filter((other) => other !== text), ...groups.flatMap(({ asked }) => asked)];
        assert.ok(words(others.join("\n")).includes(each), `nothing uses ${each}`);
      }
      for (const { table, text, asked } of groups) {
        for (const each of asked) assert.match(texts.join("\n"), new RegExp(`\\b${table}\\.${each}\\b`));
        const definitions = definitionsOf(text);
        for (const each of definitions.keys()) {
          assert.not.ok(always.has(each), `${each} is made at every call and by ${table}`);
          const others = [...definitions].flatMap(([other, own]) => (other === each ? [] : [own]));
          assert.ok([...asked, ...words(others.join("\n"))].includes(each), `nothing of ${table} uses ${each}`);
        }
      }
    });
  }

  test("an author writes the head and run; what is stamped is made from that, whatever stood there", () => {
    const shared = readSharedText();
    for (const { name } of operations) {
      const { source } = script(name);
      assert.is(stamped(name, bare(source), shared), source);
      assert.is(stamped(name, source, shared), source);
      assert.is(stamped(name, source.replace("\n-- <<< ", "\n-- old\n-- <<< "), shared), source);
    }
  });

  const head = "#!lua\n-- heartbeat: is a test.\n--\n-- KEYS[1] flow:meta\n\n";
  const answered = "local function answer(reply) return reply end\n";
  const small = (more: Readonly<Record<string, string>>) =>
    sharedText({ change: `local call = ARGV[1]\nredis.call("PING")\n\n${answered}`, read: answered, ...more });

  test("a script carries what its own code uses, and what that uses, each after what it needs", () => {
    const shared = small({
      a: "-- Of a.\n\n-- Of one.\nlocal function one() return two() end\n\nlocal function unused() end\n",
      b: "local function other() end\n\nlocal function two() return answer({ call }) end\n",
    });
    const text = stamped("heartbeat", `${head}local function run()\n  return one()\nend\n`, shared);
    const [, appendix = ""] = text.split("`npm run stamp`.\n");
    assert.match(text, /^local function run\(one\)$/m);
    assert.is(
      appendix,
      [
        `\n-- >>> change.lua\nlocal call = ARGV[1]\nredis.call("PING")\n\n${answered}-- <<< change.lua\n`,
        "-- >>> b.lua\nlocal function two() return answer({ call }) end\n-- <<< b.lua\n",
        "-- >>> a.lua\n-- Of a.\n\n-- Of one.\nlocal function one() return two() end\n-- <<< a.lua\n",
        "return run(one)\n",
      ].join("\n"),
    );
  });

  test("what a script asks a table for is made when the table is first asked, with what that needs and is not there", () => {
    const shared = small({
      a: "local MANY = { 1 }\n\nlocal function one() return two() end\n\nlocal function four() return #MANY end\n",
      b: "local function two() return answer({ call }) end\n\n-- Of three.\nlocal function three() return two() + rare.four() end\n",
    });
    const text = stamped("heartbeat", `${head}local function run()\n  return one() or rare.three()\nend\n`, shared);
    const [, appendix = ""] = text.split("`npm run stamp`.\n");
    assert.match(text, /^local function run\(rare, one\)$/m);
    assert.is(
      appendix.replace(/^[\s\S]*-- <<< change.lua\n/, ""),
      [
        "\n-- Tables of functions that are made, below, when a table is first asked for one.\n-- rare: what few calls need.\nlocal rare = {}\n",
        "-- >>> b.lua\nlocal function two() return answer({ call }) end\n-- <<< b.lua\n",
        "-- >>> a.lua\nlocal MANY = { 1 }\n\nlocal function one() return two() end\n-- <<< a.lua\n",
        "setmetatable(rare, { __index = function(_, asked)",
        "  -- >>> b.lua\n  -- Of three.\n  local function three() return two() + rare.four() end\n  -- <<< b.lua\n",
        "  -- >>> a.lua\n  local function four() return #MANY end\n  -- <<< a.lua\n",
        "  rare.four, rare.three =\n    four, three\n  return rawget(rare, asked)\nend })\n",
        "return run(rare, one)\n",
      ].join("\n"),
    );
    const asks = (body: string) => stamped("heartbeat", `${head}local function run()\n  ${body}\nend\n`, shared);
    assert.throws(() => asks("return rare.five()"), /asks for rare\.five, which nothing in lua\/shared defines/);
    assert.not.match(asks("local rare = {} return rare.five"), /setmetatable/);
  });

  test("a name is a script's own where it declares it: as a local, a parameter, a field", () => {
    const shared = small({ a: "local function one() end\n" });
    const body = "  local one = { one = 1 }\n  local function two(call) return call, one.one end\n  return two(1)\n";
    assert.match(stamped("heartbeat", `${head}local function run()\n${body}end\n`, shared), /^return run\(\)$/m);
  });

  test("a name that nobody defines is refused, and text after run, and a script without an operation", () => {
    const make = (name: string, body: string, after = "") =>
      stamped(name, `${head}local function run()\n  ${body}\nend\n${after}`, small({}));
    assert.throws(() => make("heartbeat", "return missing()"), /uses missing, which nothing in lua\/shared defines/);
    assert.throws(() => make("heartbeat", "total = 1"), /uses total/);
    assert.throws(() => make("heartbeat", "return 1", "\nlocal more = 1\n"), /text of its own after run/);
    assert.throws(() => make("nobody", "return 1"), /script of no operation/);
    assert.throws(() => stamped("heartbeat", `${head}return 1\n`, small({})), /is not #!lua, a comment/);
  });

  test("shared files that need each other are refused, a name that two define, and a use above a definition", () => {
    const [a, b] = ["local function one() return two() end\n", "local function two() return one() end\n"];
    assert.throws(() => small({ a, b }), /need each other: a, b, a/);
    assert.throws(() => small({ a: b, b }), /both define two/);
    assert.throws(() => small({ a: a + b.replace("one()", "1") }), /a\.lua uses two above its definition/);
    assert.throws(() => small({ a: "-- Nothing.\n" }), /a\.lua defines nothing/);
  });

  test.run();
}
