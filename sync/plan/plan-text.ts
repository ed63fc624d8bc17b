/** A plan as a person reads it: a table of actions, each with the facts that it rests on. */
import { printable } from "../../src/words/printable.js";
import { capitals, textTable } from "../../src/words/text-table.js";
import type { Action, OrderTerms } from "./action.js";
import type { Plan } from "./plan.js";

/** An action in words. */
export function actionText(action: Action): string {
  const { pair } = action;
  switch (action.type) {
    case "record_fill":
      return `book fill ${action.fill.fillId} of order ${action.orderId}: ${action.fill.size} ${pair} at ${action.fill.price}`;
    case "book_external_fill":
      return `book fill ${action.fill.fillId} of others to position ${action.positionId}: ${action.fill.size} ${pair} at ${action.fill.price}`;
    case "set_order_status":
      return `order ${action.orderId} is ${action.status}`;
    case "amend_order":
      return `order ${action.orderId} is ${termsText(action.to)} ${pair} at the exchange, not ${termsText(action.from)}: change it in state`;
    case "end_order":
      return `order ${action.orderId} is over: ${action.why}`;
    case "cancel_order":
      return `cancel order ${action.clientOrderId} at the exchange: ${action.why}`;
    case "close_external":
      return `position ${action.positionId} of ${action.size} ${pair} is gone, and no fill says how: end it untold (its result is not known, and not zero)`;
    case "reduce_external":
      return `position ${action.positionId} is ${action.size} ${pair}, not ${action.from}, and no fill says why: make it smaller, book nothing (what that made is not known)`;
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
    case "leave_position":
      return `leave ${action.side} ${action.size} ${pair} of position ${action.positionId}, for which no order is sent`;
    case "trip_breaker":
      return `trip the breaker: ${action.why}`;
  }
}

function termsText({ size, price }: OrderTerms): string {
  return price === null ? String(size) : `${size} at ${price}`;
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

/** How each part of the text is painted. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  yellow(text: string): string;
}

const PLAIN: Paint = { bold: (text) => text, dim: (text) => text, yellow: (text) => text };

/** The whole plan for a person: a head, the table, what waits, what is not the flow's, what else to know. */
export function planText(plan: Plan, paint: Paint = PLAIN): string {
  const { flowId, exchange, mode, orphanPositions, hash, failures, waiting, foreign, notes } = plan;
  const head = `${paint.bold(`Plan ${hash}`)}  flow ${flowId}, ${exchange}, mode ${mode}, orphans ${orphanPositions}\n\n`;
  if (failures.length > 0) {
    return `${head}${listText(
      "Nothing can be planned",
      failures.map(({ asked, status, why }) => `${asked}: ${status.replaceAll("_", " ")}: ${why}`),
    )}`;
  }
  return [
    head,
    actionTable(planRows(plan), paint),
    listText(
      "Waits",
      waiting.map(({ subject, why }) => `${subject}: ${why}`),
    ),
    listText(
      "Not the flow's, left alone",
      foreign.map(({ kind, pair, what }) => `${kind} ${pair}: ${what}`),
    ),
    listText("To know", notes),
  ].join("");
}

export function actionTable(rows: readonly PlanRow[], paint: Paint): string {
  if (rows.length === 0) return "State and exchange agree: there is nothing to do.\n";
  const asks = rows.some(({ needsPerson }) => needsPerson !== "");
  const titles = ["what", "because", ...(asks ? ["needs a person"] : [])];
  return textTable(
    titles.map((title) => ({ title })),
    rows.map(({ what, why, needsPerson }) => [what, paint.dim(why), ...(asks ? [paint.yellow(needsPerson)] : [])]),
    { heading: (title) => paint.dim(capitals(title)) },
  );
}

/** A title and its lines; empty if there are none. */
export function listText(title: string, entries: readonly string[]): string {
  if (entries.length === 0) return "";
  return `\n${title}:\n${entries.map((entry) => `  ${printable(entry)}\n`).join("")}`;
}
