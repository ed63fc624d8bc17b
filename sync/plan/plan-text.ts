/** A plan as a person reads it: a table of what is done, each line with what it rests on. */
import type { Action } from "./action.js";
import type { Plan } from "./plan.js";

/** What an action does, in words. */
export function actionText(action: Action): string {
  const { pair } = action;
  switch (action.type) {
    case "record_fill":
      return `book fill ${action.fill.fillId} of order ${action.orderId}: ${action.fill.size} ${pair} at ${action.fill.price}`;
    case "book_external_fill":
      return `book fill ${action.fill.fillId} of others to position ${action.positionId}: ${action.fill.size} ${pair} at ${action.fill.price}`;
    case "set_order_status":
      return `order ${action.orderId} is ${action.status}`;
    case "end_order":
      return `order ${action.orderId} is over: ${action.why}`;
    case "cancel_order":
      return `cancel order ${action.clientOrderId} at the exchange: ${action.why}`;
    case "close_external":
      return `position ${action.positionId} of ${action.size} ${pair} is gone: close it with a PnL of 0`;
    case "reduce_external":
      return `position ${action.positionId} is ${action.size} ${pair}, not ${action.from}: reduce it, book nothing`;
    case "remove_dust":
      return `position ${action.positionId} of ${action.size} ${pair} is dust: remove it`;
    case "close_position":
      return `close position ${action.positionId}: ${action.side} ${action.size} ${pair}`;
    case "resubmit_close":
      return `send order ${action.orderId} again, which closes position ${action.positionId}`;
    case "close_orphan":
      return `close ${action.side} ${action.size} ${pair}, which is not in state`;
    case "adopt_orphan":
      return `take ${action.side} ${action.size} ${pair} at ${action.entryPrice} into state`;
    case "leave_orphan":
      return `leave ${action.side} ${action.size} ${pair}, which is not in state`;
    case "trip_breaker":
      return `trip the breaker: ${action.why}`;
  }
}

/** A row of the table: what, why, and whether a person has to approve it. */
export interface PlanRow {
  readonly pair: string;
  readonly what: string;
  readonly why: string;
  readonly needsPerson: string;
}

export function planRows({ actions }: Pick<Plan, "actions">): PlanRow[] {
  return actions.map((action) => ({
    pair: action.pair,
    what: actionText(action),
    why: action.evidence.join("; "),
    needsPerson: action.needsPerson ?? "",
  }));
}

/** The whole plan as plain text: a head, the table, what waits, what is not the flow's, what to know. */
export function planText(plan: Plan): string {
  const { flowId, exchange, mode, orphanPositions, at, hash, failures, waiting, foreign, notes } = plan;
  const rows = planRows(plan);
  const head = `Plan ${hash}: flow ${flowId} and ${exchange}, mode ${mode}, orphans ${orphanPositions}, ${at.toISOString()}`;
  const lines = [head, ""];
  if (failures.length > 0) {
    lines.push(
      "Nothing can be planned:",
      ...failures.map(({ asked, status, why }) => `  ${asked}: ${status.replaceAll("_", " ")}: ${why}`),
    );
    return lines.join("\n");
  }
  if (rows.length === 0) lines.push("State and exchange agree: there is nothing to do.");
  else
    lines.push(
      ...table(
        ["Pair", "What", "Because", "Needs a person"],
        rows.map(({ pair, what, why, needsPerson }) => [pair, what, why, needsPerson]),
      ),
    );
  section(
    lines,
    "Waits:",
    waiting.map(({ subject, why }) => `${subject}: ${why}`),
  );
  section(
    lines,
    "On the account, and not the flow's (left alone):",
    foreign.map(({ kind, pair, what }) => `${kind} ${pair}: ${what}`),
  );
  section(lines, "To know:", notes);
  return lines.join("\n");
}

function section(lines: string[], title: string, entries: readonly string[]): void {
  if (entries.length > 0) lines.push("", title, ...entries.map((entry) => `  ${entry}`));
}

/** Columns as wide as what is in them; the last one, where it is empty everywhere, is left out. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const shown = head.map((_, column) => column).filter((column) => rows.some((row) => row[column] !== ""));
  const widths = shown.map((column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]) =>
    shown
      .map((column, i) => (row[column] ?? "").padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(head), widths.map((width) => "─".repeat(width)).join("  "), ...rows.map(line)];
}
