/** The command line, put together from one file per command: see `command.ts`. */
import { printableJson, printableLines } from "../../words/printable.js";
import { type AddCommand, emptyProgram, type Program, type Run } from "../command.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import { explain } from "../explain.js";
import { Invocation } from "../invocation.js";
import { redact } from "../redact.js";
import type { Terminal } from "../terminal.js";
import { addAccount } from "./account.js";
import { addAlert } from "./alert.js";
import { addBackup } from "./backup.js";
import { addBreaker } from "./breaker.js";
import { addCash, addTransfer } from "./cash.js";
import { addCompletion } from "./completion.js";
import { addCooldowns } from "./cooldowns.js";
import { addCopy } from "./copy.js";
import { addDoctor } from "./doctor.js";
import { addEvents } from "./events.js";
import { addExport } from "./export.js";
import { addHistory } from "./history.js";
import { addInit } from "./init.js";
import { addInstances } from "./instances.js";
import { addLease } from "./lease.js";
import { addLs } from "./ls.js";
import { addMetrics } from "./metrics.js";
import { addMigrate } from "./migrate.js";
import { addOrders } from "./orders.js";
import { addPositions } from "./positions.js";
import { addRefusals } from "./refusals.js";
import { addReport } from "./report.js";
import { addRestore } from "./restore.js";
import { addRisk } from "./risk.js";
import { addScripts } from "./scripts.js";
import { addSignals } from "./signals.js";
import { addSql } from "./sql.js";
import { addStatus } from "./status.js";
import { addTrades } from "./trades.js";

const COMMANDS: readonly AddCommand[] = [
  addStatus,
  addLs,
  addPositions,
  addOrders,
  addSignals,
  addRefusals,
  addCooldowns,
  addRisk,
  addCash,
  addTransfer,
  addHistory,
  addTrades,
  addReport,
  addSql,
  addExport,
  addEvents,
  addCompletion,
  addInstances,
  addLease,
  addBreaker,
  addScripts,
  addAccount,
  addDoctor,
  addMetrics,
  addAlert,
  addCopy,
  addBackup,
  addRestore,
  addMigrate,
  addInit,
];

/**
 * Runs the command line `args` (without the program's name) to its end; resolves to the exit code. `more` are commands from
 * outside of `src/`.
 */
export async function runProgram(
  args: readonly string[],
  terminal: Terminal,
  more: readonly AddCommand[] = [],
): Promise<ExitCode> {
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
  const program = buildProgram(terminal, run, more);
  try {
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
export function buildProgram(terminal: Terminal, run: Run, more: readonly AddCommand[] = []): Program {
  const program = emptyProgram(terminal);
  for (const add of [...COMMANDS, ...more]) add(program, run);
  return program;
}
