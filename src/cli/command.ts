/**
 * What a command is. One is added like this:
 *
 * ```ts
 * // src/cli/commands/doctor.ts
 * import type { AddCommand } from "../command.js";
 *
 * export const addDoctor: AddCommand = (program, run) => {
 *   program
 *     .command("doctor")
 *     .description("Say what is wrong with the server and the stored state, and what to do about it.")
 *     .option("--deep", "look at every record")
 *     .addHelpText("after", "\nExample:\n  $ sf-state doctor --flow bot --url redis://localhost:6379")
 *     .action((options, command) =>
 *       run(command.optsWithGlobals(), async (invocation) => {
 *         await using manager = await invocation.open(); // the flow of --flow, which is never made by looking at it
 *         const findings = await diagnose(manager, options.deep ?? false);
 *         invocation.print(findings, () => table(invocation.terminal, COLUMNS, findings.map(rowOf))); // --json, or for a person
 *         if (findings.length > 0) invocation.exitCode = EXIT.problem;
 *       }),
 *     );
 * };
 * ```
 *
 * and listed: in `COMMANDS` of `commands/program.ts`, or, when it needs `sync/`, in `sync/commands/exchange-commands.ts`. It throws a UsageError (exit code 2), a
 * ProblemError (1) or any StateError (see `explain.ts`): `run` says it in one line without passwords. Before it
 * changes something dangerous it calls `invocation.consent(question, options.yes)`. It prints only through its invocation.
 * Every command's help ends with an example; a test sees to that.
 */
import { createRequire } from "node:module";
import { Command } from "@commander-js/extra-typings";
import { printableLines } from "../words/printable.js";
import type { Invocation } from "./invocation.js";
import type { GlobalOptions } from "./place.js";
import { redact } from "./redact.js";
import type { Terminal } from "./terminal.js";

/** The program without its commands: the options that all of them have. */
export type Program = ReturnType<typeof emptyProgram>;

/** Runs what a command does, with what the global options say. */
export type Run = (options: GlobalOptions, work: (invocation: Invocation) => Promise<void>) => Promise<void>;

/** Adds one command, with its subcommands. */
export type AddCommand = (program: Program, run: Run) => void;

/** A command of which others are subcommands, such as `orders`. */
export type Group = ReturnType<typeof group>;

/** Commands by name, each loaded when it is asked for: most runs of the program need one. */
export type Commands = Readonly<Record<string, () => Promise<AddCommand>>>;

/** Adds one subcommand to its command. */
export type AddSubcommand = (parent: Group, run: Run) => void;

/** Begins a command that others are subcommands of. */
export function group(program: Program, name: string) {
  return program.command(name);
}

/** The command line without its commands. */
export function emptyProgram(terminal: Terminal) {
  return new Command("sf-state")
    .description("See, steer, debug and move the state of trading bots.")
    .version(version(), "--version", "print the version")
    .option("--config <file>", "the bot's configuration, YAML or JSON")
    .option("--url <url>", "a Redis server; its password may be in REDISCLI_AUTH")
    .option("--duckdb <path>", "a DuckDB file, a folder of them, or a path with {flow_id}")
    .option("--flow <id>", "the flow the command is about [the one that --config names, or the only one there is]")
    .option("--json", "print JSON, for programs")
    .helpOption("--help", "show this help")
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(printableLines(redact(text.replace(/^error: /, "sf-state: "), []))),
      getOutHelpWidth: () => terminal.size().columns,
      getErrHelpWidth: () => terminal.size().columns,
    })
    .exitOverride()
    .addHelpText(
      "after",
      "\nExit codes: 0 fine, 1 problem found, 2 wrong use, 3 cannot connect, 4 no such flow, 5 the bot does not answer.\n\nExample:\n  $ sf-state status --flow bot --url redis://localhost:6379",
    );
}

function version(): string {
  const found: unknown = createRequire(import.meta.url)("signalflow-state/package.json");
  if (typeof found === "object" && found !== null && "version" in found) return String(found.version);
  throw new Error("package.json names no version");
}
