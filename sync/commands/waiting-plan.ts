/** The plan that waits for a person, read from a recovery's journal, in words. */
import type { RecoveryState } from "../../src/types.js";
import { actionTable, listText, type Paint, planRows } from "../plan/plan-text.js";
import { PLAN, PLAN_HASH, type StoredPlan } from "../recovery/stored-plan.js";

/** The parts that are read. Another version may have written more. */
export type WaitingPlan = Omit<StoredPlan, "orphanPositions">;

/** Undefined if no plan waits, or the stored one cannot be read. */
export function waitingPlan({ journal }: RecoveryState): WaitingPlan | undefined {
  const kept = parsed(journal.get(PLAN));
  if (!isPlan(kept) || kept.hash !== journal.get(PLAN_HASH)) return undefined;
  return { ...kept, omitted: kept.omitted ?? 0 };
}

export function waitingPlanText(plan: WaitingPlan, paint: Paint): string {
  const { hash, at, exchange, mode, waiting, notes, omitted } = plan;
  return [
    `${paint.bold(`Plan ${hash}`)}  ${exchange}, mode ${mode}, made at ${at}\n\n`,
    actionTable(planRows(plan), paint),
    omitted === 0
      ? ""
      : `and ${omitted} more actions, which are not kept here: sf-state recover --dry-run shows them\n`,
    listText(
      "Waits",
      waiting.map(({ subject, why }) => `${subject}: ${why}`),
    ),
    listText("To know", notes),
  ].join("");
}

function parsed(json: string | undefined): unknown {
  try {
    return json === undefined ? undefined : JSON.parse(json);
  } catch {
    return undefined;
  }
}

type Kept = Omit<WaitingPlan, "omitted"> & Partial<Pick<WaitingPlan, "omitted">>;

function isPlan(value: unknown): value is Kept {
  if (!isRecord(value)) return false;
  const { hash, at, exchange, mode, actions, waiting, notes } = value;
  return (
    [hash, at, exchange, mode].every((text) => typeof text === "string") &&
    Array.isArray(actions) &&
    actions.every((action) => isRecord(action) && Array.isArray(action.evidence) && typeof action.pair === "string") &&
    Array.isArray(waiting) &&
    waiting.every(isRecord) &&
    Array.isArray(notes)
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
