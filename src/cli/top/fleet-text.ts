/** All flows on one screen, as text. */
import { ago, count, fraction, gain, time } from "../../words/in-words.js";
import type { Listing, Row } from "../commands/ls.js";
import { nowOf } from "../commands/status.js";
import type { Terminal } from "../terminal.js";
import { table } from "../terminal-table.js";

/** Lines beside the rows: head, titles, foot. */
const AROUND = 4;

export function fleetText(terminal: Terminal, place: string, { rows, failures }: Listing, selected: number): string {
  const { bold, dim, red } = terminal.colours;
  const bad = rows.filter((row) => "error" in row || row.alarms.length > 0).length;
  const state = bad === 0 ? "" : red(`  ${bad} want you`);
  const room = Math.max(1, terminal.size().rows - AROUND - failures.length);
  const first = Math.max(0, Math.min(selected - room + 1, rows.length - room));
  const shown = rows.slice(first, first + room);
  const titles = ["", "flow", "alarm", "pnl today", "drawdown", "pos", "orders", "heartbeat"];
  const body = table(
    terminal,
    titles.map((title, at) => ({ title, align: at > 2 ? ("right" as const) : ("left" as const) })),
    shown.map((row, at) => cellsOf(terminal, row, first + at, first + at === selected)),
  );
  return [
    `${bold(count(rows.length, "flow"))}${state}  ${dim(`${place}  ${time(new Date())} UTC`)}\n`,
    body,
    ...failures.map((failure) => `${red(failure)}\n`),
    dim("up/down or number: choose   Enter: open   q: quit"),
  ].join("");
}

function cellsOf({ colours: { red, green, bold } }: Terminal, row: Row, at: number, isSelected: boolean): string[] {
  const mark = `${isSelected ? ">" : " "}${at + 1}`;
  const name = isSelected ? bold(short(row.flowId)) : short(row.flowId);
  if ("error" in row) return [mark, name, red("cannot be read"), "", "", "", "", ""];
  const { snapshot } = row.status;
  const { risk, positions, orders, heartbeat } = snapshot;
  return [
    mark,
    name,
    row.alarms.length === 0 ? green("fine") : red(row.alarms.join(", ")),
    gain(risk.dailyPnl),
    fraction(risk.currentDrawdown),
    String(positions.length),
    String(orders.length),
    heartbeat ? ago(heartbeat, nowOf(row.status)) : "never",
  ];
}

const LONGEST = 24;

function short(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
