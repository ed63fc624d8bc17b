import { ProblemError } from "../../src/cli/exit-code.js";
import type { StateManager } from "../../src/index.js";
import { textTable } from "../../src/words/text-table.js";
import { type Exchange, planRows, planText, type RecoveryReport, recover } from "../index.js";
import type { KillPoint } from "./kill-point.js";
import type { DemoOptions } from "./options.js";

export type ActionType = RecoveryReport["applied"][number]["type"];

/** State and exchange are not in line, and a person has to do something about it. */
export class NotRecoveredError extends ProblemError {
  override name = "NotRecoveredError";
}

/** What a start-up recovery needs to know. */
export type RecoverySetup = Pick<DemoOptions, "recovery" | "approve">;

/**
 * Brings a flow and its exchange back in line before anything else is done. Throws a NotRecoveredError that shows the plan when a
 * person has to approve it, or when the exchange did not do what it was asked.
 */
export async function recoverFlow(
  manager: StateManager,
  exchange: Exchange,
  { recovery, approve }: RecoverySetup,
  pass: (point: KillPoint) => void,
): Promise<RecoveryReport> {
  pass("recovering");
  const report = await recover(manager, exchange, {
    mode: recovery,
    confirmDelay: 1, // this exchange does not change its mind
    settle: 0, // nor does it lag
    ...(approve !== undefined && { approve }),
  });
  pass("recovered");
  if (report.status === "recovered") return report;
  const next =
    report.status === "awaiting_approval"
      ? `Look at it, then run again with --recovery ${recovery} --approve ${report.plan.hash}`
      : "Run again to go on with it";
  throw new NotRecoveredError(`${planText(report.plan)}\n\n${next}.`);
}

/** What a recovery did, as a table; nothing when there was nothing to do. */
export function showRecovery({ mode, applied }: RecoveryReport): string | undefined {
  if (applied.length === 0) return undefined;
  const rows = planRows({ actions: applied }).map(({ pair, what, why }) => [pair, what, why]);
  const count = `${applied.length} ${applied.length === 1 ? "step" : "steps"}`;
  return [
    `Recovery in mode ${mode} brought state and exchange back in line in ${count}:`,
    "",
    textTable(COLUMNS, rows),
  ].join("\n");
}

/** To stderr: what the run came to is on stdout. */
export function printRecovery(report: RecoveryReport): void {
  const table = showRecovery(report);
  if (table !== undefined) process.stderr.write(`${table}\n`);
}

const COLUMNS = (["Pair", "What", "Because"] as const).map((title) => ({ title }));
