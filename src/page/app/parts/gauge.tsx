import type { Budget } from "../../wire.js";
import { moneyText, roundText, shareText } from "./numbers.js";
import { Text } from "./text.js";

const NAMES: Readonly<Record<Budget["name"], string>> = {
  max_daily_loss: "daily loss",
  max_daily_trades: "trades today",
  max_consecutive_losses: "loss streak",
  max_drawdown: "drawdown",
  max_open_positions: "positions",
  max_positions_per_pair: "per pair",
  max_exposure: "exposure",
};

export function budgetName({ of, name, pair }: Budget) {
  return (
    <>
      {of === "account" && "account "}
      {NAMES[name]}
      {pair !== undefined && (
        <>
          {" "}
          <Text of={pair} />
        </>
      )}
    </>
  );
}

export function fullness({ used, limit }: Budget): number {
  return limit <= 0 ? 1 : Math.max(0, Math.min(1, used / limit));
}

/** The nearest to its limit first; unknown ones last. */
export function tightestFirst(budgets: readonly Budget[]): Budget[] {
  const rank = (budget: Budget) => (budget.left === null ? -1 : fullness(budget));
  return [...budgets].sort((a, b) => rank(b) - rank(a));
}

/** `6,736 of 12,000`. */
export function valueText({ unit, used, limit, left }: Budget): string {
  if (left === null) return "not known";
  if (unit === "share") return `${shareText(used)} of ${shareText(limit)}`;
  const spent = Math.max(0, used); // a gain uses nothing of the limit
  return unit === "count" ? `${spent} of ${limit}` : `${roundText(spent)} of ${roundText(limit)}`;
}

export function leftText({ unit, left }: Budget): string {
  if (left === null) return "not known";
  return unit === "share" ? shareText(left) : unit === "count" ? String(left) : moneyText(left);
}

export function kindOf(budget: Budget): "" | "mid" | "full" {
  if (budget.left === 0) return "full";
  return budget.left !== null && fullness(budget) >= 0.6 ? "mid" : "";
}

export function Gauge({ budget }: { budget: Budget }) {
  const full = budget.left === null ? 0 : fullness(budget);
  return (
    <div class="gauge">
      <span class="name">{budgetName(budget)}</span>
      <Track full={full} kind={kindOf(budget)} />
      <span class="value">{valueText(budget)}</span>
    </div>
  );
}

export function Track({ full, kind }: { full: number; kind: "" | "mid" | "full" }) {
  return (
    <span class={`track ${kind}`} aria-hidden="true">
      <i style={{ width: `${Math.round(full * 1000) / 10}%` }} />
    </span>
  );
}
