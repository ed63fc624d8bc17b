/** The command sf-state: what shells complete, made from the commands' own declarations. */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { buildProgram } from "../../src/cli/commands/program.js";
import { declaredBy } from "../../src/cli/completion/declared.js";
import { processTerminal } from "../../src/cli/terminal.js";
import { EXCHANGE_COMMANDS } from "../../sync/commands/exchange-commands.js";
import { skip } from "../skip.js";
import { sfState } from "./command.js";

const test = suite("cli: completion");
const declared = declaredBy(await buildProgram(processTerminal(), async () => {}, EXCHANGE_COMMANDS));
const folder = await mkdtemp(join(tmpdir(), "sf-completion-"));

async function scriptOf(shell: string): Promise<string> {
  const { code, stdout, stderr } = await sfState(["completion", shell]);
  assert.is(code, 0, stderr);
  return stdout;
}

test("bash completes commands, commands of commands, options, and what an option may be", async () => {
  const script = join(folder, "completion.bash");
  await writeFile(script, await scriptOf("bash"));
  const complete = (...words: string[]): string[] => {
    const program = `source "$0"; COMP_WORDS=(sf-state "$@"); COMP_CWORD=$#; _sf_state; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr, status } = spawnSync("bash", ["-c", program, script, ...words], { encoding: "utf8" });
    assert.equal([status, stderr], [0, ""]);
    return stdout.split("\n").filter((line) => line !== "");
  };
  assert.equal(complete("ord"), ["orders"]);
  assert.equal(complete("orders", "res"), ["resolve"]);
  assert.equal(complete("orders", "resolve", "o-1", "--never"), ["--never-arrived"]);
  assert.equal(complete("--flow", "orders", "brea"), ["breaker"], "the value of an option is no command");
  assert.equal(complete("breaker", "trip", "why", "--ac"), ["--account"]);
  assert.equal(complete("recover", "--mode", "cl"), ["close_all"]);
  assert.equal(complete("orders", "--du"), ["--duckdb"], "options that all commands have");
  assert.equal(complete("status", "--watch", "--no-such"), []);
  for (const { at, commands, options } of declared) {
    const words = at.split("/").slice(1);
    const found = complete(...words, "");
    for (const { name } of [...commands, ...options]) assert.ok(found.includes(name), `${at} ${name}`);
  }
});

for (const [shell, command, option] of [
  ["zsh", (name: string) => `'${name}:`, (name: string) => `'${name}:`],
  ["fish", (name: string) => ` -a ${name} -d `, (name: string) => ` -l ${name.slice(2)}`],
] as const) {
  test(`the script of ${shell} has every command and option at its place, and that shell can read it where it is installed`, async () => {
    const script = await scriptOf(shell);
    for (const { at, commands, options } of declared) {
      const place = shell === "zsh" ? `"${at}") found=(` : at === "" ? "" : `__sf_state_at ${at}'`;
      const lines = script.split("\n").filter((line) => line.includes(place));
      for (const { name } of commands)
        assert.ok(
          lines.some((line) => line.includes(command(name))),
          `${at} ${name}`,
        );
      for (const { name } of options)
        assert.ok(
          lines.some((line) => line.includes(option(name))),
          `${at} ${name}`,
        );
    }
    const file = join(folder, `read.${shell}`);
    await writeFile(file, script);
    const read = spawnSync(shell, ["-n", file], { encoding: "utf8" });
    if (read.error === undefined) assert.equal([read.status, read.stderr], [0, ""]);
  });
}

/** What is typed, and what has to be offered: each shell by itself. */
const TYPED: readonly (readonly [typed: readonly string[], offered: string])[] = [
  [["ord"], "orders"],
  [["orders", "res"], "resolve"],
  [["orders", "resolve", "o-1", "--never"], "--never-arrived"],
  [["--flow", "orders", "brea"], "breaker"],
  [["recover", "--mode", "cl"], "close_all"],
  [["orders", "--du"], "--duckdb"],
  [["completion", "zs"], "zsh"],
];

/** A program for each shell that prints what it offers for the words behind the script's name, one a line. */
const ASKING = {
  zsh: {
    args: (program: string, script: string, words: readonly string[]) => ["-f", "-c", program, script, ...words],
    // What the functions of zsh's completion would take is printed.
    program: `compdef() { : }; source $0
      _describe() { local name=$2; print -rl -- "\${(@P)name}" }; compadd() { shift; print -rl -- "$@" }; _files() { : }
      words=(sf-state "$@"); CURRENT=$#words; _sf_state`,
  },
  fish: {
    args: (program: string, script: string, words: readonly string[]) => [
      "--no-config",
      "-c",
      `source ${script}; ${program}`,
      "--",
      ...words,
    ],
    program: 'complete -C "sf-state $argv"',
  },
} as const;

for (const shell of ["zsh", "fish"] as const) {
  const name = `${shell} offers commands, options and what an option may be, and takes no value of an option for a command`;
  if (spawnSync(shell, ["--version"]).error !== undefined) {
    skip(test, name, `${shell} is not installed here (Debian's package ${shell})`);
    continue;
  }
  test(name, async () => {
    const script = join(folder, `completion.${shell}`);
    await writeFile(script, await scriptOf(shell));
    const { args, program } = ASKING[shell];
    for (const [typed, offered] of TYPED) {
      const { stdout, stderr } = spawnSync(shell, args(program, script, typed), { encoding: "utf8" });
      assert.is(stderr, "");
      const found = stdout.split("\n").map((line) => line.split(/[:\t]/)[0] ?? "");
      assert.equal(
        found.filter((each) => each.startsWith(typed.at(-1) ?? "")),
        [offered],
        typed.join(" "),
      );
    }
  });
}

test("another shell is wrong use", async () => {
  const { code, stdout } = await sfState(["completion", "ksh", "--json"]);
  assert.is(code, 2);
  assert.is(JSON.parse(stdout).error.code, "USAGE");
});

test.after(() => rm(folder, { recursive: true, force: true }));
test.run();
