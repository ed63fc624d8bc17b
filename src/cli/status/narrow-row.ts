/** A flow in a row of 80 columns: the second column says whether it needs somebody. */
import { ago, eightDigits, fraction, gain } from "../../words/in-words.js";
import type { TextColumn } from "../../words/text-table.js";
import type { Terminal } from "../terminal.js";
import { type FlowStatus, nowOf } from "./flow-status.js";

export type NarrowRow = { readonly flowId: string } & (
  | { readonly status: FlowStatus; readonly alarms: readonly string[] }
  | { readonly error: string }
);

export const NARROW_COLUMNS: readonly TextColumn[] = [
  { title: "flow" },
  { title: "alarm" },
  { title: "pnl today", align: "right" },
  { title: "drawdown", align: "right" },
  { title: "pos", align: "right" },
  { title: "orders", align: "right" },
  { title: "heartbeat", align: "right" },
];

const LONGEST = 20;

export function narrowCells({ colours: { red, green } }: Terminal, row: NarrowRow): string[] {
  const name = row.flowId.length > LONGEST ? `${row.flowId.slice(0, LONGEST - 1)}…` : row.flowId;
  if ("error" in row) return [name, red("cannot be read"), "", "", "", "", ""];
  const { risk, positions, orders, heartbeat } = row.status.snapshot;
  return [
    name,
    row.alarms.length === 0 ? green("fine") : red(row.alarms.join(", ")),
    gain(eightDigits(risk.dailyPnl)),
    fraction(risk.currentDrawdown),
    String(positions.length),
    String(orders.length),
    heartbeat ? ago(heartbeat, nowOf(row.status)) : "never",
  ];
}
