/** All flows on one screen, as text. */
import { count, time } from "../../words/in-words.js";
import type { Listing } from "../status/flow-list.js";
import { NARROW_COLUMNS, narrowCells } from "../status/narrow-row.js";
import type { Terminal } from "../terminal.js";
import { table } from "../terminal-table.js";

/** Lines beside the rows: head, titles, foot. */
const AROUND = 4;

export function fleetText(terminal: Terminal, place: string, { rows, failures }: Listing, selected: number): string {
  const { bold, dim, red } = terminal.colours;
  const bad = rows.filter((row) => "error" in row || row.alarms.length > 0).length;
  const state = bad === 0 ? "" : red(`  ${bad} ${bad === 1 ? "needs" : "need"} you`);
  const room = Math.max(1, terminal.size().rows - AROUND - failures.length);
  const first = Math.max(0, Math.min(selected - room + 1, rows.length - room));
  const shown = rows.slice(first, first + room);
  const body = table(
    terminal,
    [{ title: "" }, ...NARROW_COLUMNS],
    shown.map((row, at) => {
      const isSelected = first + at === selected;
      const [name = "", ...cells] = narrowCells(terminal, row);
      return [`${isSelected ? ">" : " "}${first + at + 1}`, isSelected ? bold(name) : name, ...cells];
    }),
  );
  return [
    `${bold(count(rows.length, "flow"))}${state}  ${dim(`${place}  ${time(new Date())} UTC`)}\n`,
    body,
    ...failures.map((failure) => `${red(failure)}\n`),
    dim("up/down or number: choose   Enter: open   q: quit"),
  ].join("");
}
