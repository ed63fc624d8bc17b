/** What a ccxt client's options say about the account: set by the user, or by ccxt after asking the exchange. */
import type { Dialect } from "./dialect.js";
import type { MarketKind } from "./kind.js";
import { isRow, type Row } from "./row.js";

/** Whether an option has this value, for the whole client or for one of its methods. */
export function optionIs(options: Row, name: string, value: unknown): boolean {
  return valuesOf(options, name).includes(value);
}

/** Why the account is of a sort that the suite has not played; undefined: nothing says so. */
export function notPlayed(options: Row, dialect: Dialect, kinds: readonly MarketKind[]): string | undefined {
  if (kinds.includes("spot") && tradesOnMargin(options)) {
    return "its options trade spot markets on margin, where balances are not what was bought";
  }
  return dialect.notPlayed?.(options, kinds);
}

function tradesOnMargin(options: Row): boolean {
  const modes = ["marginMode", "defaultMarginMode"].flatMap((name) => valuesOf(options, name));
  return options.defaultType === "margin" || modes.some((mode) => mode === "cross" || mode === "isolated");
}

function valuesOf(options: Row, name: string): readonly unknown[] {
  return [options, ...Object.values(options).filter(isRow)].map((row) => row[name]);
}
