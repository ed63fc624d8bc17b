/** The command line, put together from one file per command: see `command.ts`. */
import { printableJson, printableLines } from "../../words/printable.js";
import { type Commands, emptyProgram, type Program, type Run } from "../command.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import { explain } from "../explain.js";
import { Invocation } from "../invocation.js";
import { redact } from "../redact.js";
import type { Terminal } from "../terminal.js";

/** In the order of the help text. */
const COMMANDS: Commands = {
  status: async () => (await import("./status.js")).addStatus,
  ls: async () => (await import("./ls.js")).addLs,
  positions: async () => (await import("./positions.js")).addPositions,
  orders: async () => (await import("./orders.js")).addOrders,
  signals: async () => (await import("./signals.js")).addSignals,
  refusals: async () => (await import("./refusals.js")).addRefusals,
  cooldowns: async () => (await import("./cooldowns.js")).addCooldowns,
  risk: async () => (await import("./risk.js")).addRisk,
  cash: async () => (await import("./cash.js")).addCash,
  transfer: async () => (await import("./cash.js")).addTransfer,
  history: async () => (await import("./history.js")).addHistory,
  trades: async () => (await import("./trades.js")).addTrades,
  report: async () => (await import("./report.js")).addReport,
  sql: async () => (await import("./sql.js")).addSql,
  export: async () => (await import("./export.js")).addExport,
  events: async () => (await import("./events.js")).addEvents,
  completion: async () => (await import("./completion.js")).addCompletion,
  instances: async () => (await import("./instances.js")).addInstances,
  lease: async () => (await import("./lease.js")).addLease,
  breaker: async () => (await import("./breaker.js")).addBreaker,
  scripts: async () => (await import("./scripts.js")).addScripts,
  account: async () => (await import("./account.js")).addAccount,
  doctor: async () => (await import("./doctor.js")).addDoctor,
  metrics: async () => (await import("./metrics.js")).addMetrics,
  alert: async () => (await import("./alert.js")).addAlert,
  copy: async () => (await import("./copy.js")).addCopy,
  backup: async () => (await import("./backup.js")).addBackup,
  restore: async () => (await import("./restore.js")).addRestore,
  migrate: async () => (await import("./migrate.js")).addMigrate,
  init: async () => (await import("./init.js")).addInit,
};

/** Runs the command line `args` (without the program's name) to its end. Resolves to the exit code. `more`: commands from outside of `src/`. */
export async function runProgram(args: readonly string[], terminal: Terminal, more: Commands = {}): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.fine;
  const run: Run = async (options, work) => {
    const invocation = new Invocation(terminal, options);
    try {
      await work(invocation);
      exitCode = invocation.exitCode;
    } catch (error) {
      const { code, message, error: told } = explain(error);
      exitCode = code;
      if (message !== undefined) invocation.complain(message);
      if (invocation.json) terminal.out(errorJson(told.code, invocation.redact(told.message)));
    }
  };
  try {
    const program = await programFor(args, terminal, run, more);
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    const { code, message, error: told } = explain(error);
    if (message !== undefined) terminal.err(`sf-state: ${printableLines(redact(message, []))}\n`);
    if (code !== EXIT.fine && args.includes("--json")) terminal.out(errorJson(told.code, redact(told.message, [])));
    return code;
  }
}

function errorJson(code: string, message: string): string {
  return `${printableJson(JSON.stringify({ error: { code, message } }))}\n`;
}

/** The program with all its commands. */
export function buildProgram(terminal: Terminal, run: Run, more: Commands = {}): Promise<Program> {
  const commands = { ...COMMANDS, ...more };
  return withCommands(emptyProgram(terminal), Object.values(commands), run);
}

/** The program with only the command that `args` name; with all commands if that needs all. */
async function programFor(args: readonly string[], terminal: Terminal, run: Run, more: Commands): Promise<Program> {
  const program = emptyProgram(terminal);
  const commands: Commands = { ...COMMANDS, ...more };
  const name = commandIn(args, program);
  const load = name === undefined || !Object.hasOwn(commands, name) ? undefined : commands[name];
  if (load === undefined || name === "completion") return buildProgram(terminal, run, more);
  return withCommands(program, [load], run);
}

async function withCommands(program: Program, loads: readonly Commands[string][], run: Run): Promise<Program> {
  for (const add of await Promise.all(loads.map((load) => load()))) add(program, run);
  return program;
}

/** The first word that is neither a global option nor its value. */
function commandIn(args: readonly string[], { options }: Program): string | undefined {
  const words = args.values();
  for (const word of words) {
    const option = options.find(({ long }) => word === long || word.startsWith(`${long}=`));
    if (!option || option.long === "--version") return word;
    if (option.required && word === option.long) words.next();
  }
  return undefined;
}
