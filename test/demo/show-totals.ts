import { minuteText } from "./market.js";
import { type Column, type Paint, textTable } from "./text-table.js";
import type { Totals } from "./totals.js";

const DAYS: readonly Column[] = [
  { head: "Day", align: "left" },
  { head: "Trades", align: "right" },
  { head: "Won", align: "right" },
  { head: "PnL", align: "right" },
  { head: "Breaker", align: "left" },
];

const POSITIONS: readonly Column[] = [
  { head: "Open position", align: "left" },
  { head: "Side", align: "left" },
  { head: "Size", align: "right" },
  { head: "Entry", align: "right" },
  { head: "Stop", align: "right" },
  { head: "Target", align: "right" },
  { head: "Since", align: "left" },
];

const PNL = 3;

/** The totals as tables: a row per day, a row per breaker trip beyond the first, a row per open position. */
export function showTotals({ days, trades, won, pnl, breakerTrips, openPositions }: Totals, paint: Paint): string {
  const rows = days.flatMap((day) => {
    const trips = breakerTrips
      .filter(({ at }) => at.startsWith(day.day))
      .map(({ at, reason }) => `${at.slice(11, 16)} ${reason}`);
    const [first = "", ...more] = trips;
    const row = [day.day, String(day.trades), String(day.won), cents(day.pnl), first];
    return [row, ...more.map((trip) => ["", "", "", "", trip])];
  });
  const count = breakerTrips.length;
  rows.push(["Total", String(trades), String(won), cents(pnl), `${count} ${count === 1 ? "trip" : "trips"}`]);

  const daily = textTable(DAYS, rows, (cell, row, column) => {
    if (row === rows.length - 1 && column !== PNL) return paint("bold", cell);
    if (column === PNL && cell.trim() !== "") return paint(cell.includes("-") ? "red" : "green", cell);
    return cell;
  });
  if (openPositions.length === 0) return `${daily}\n\nNo open position.`;
  const open = openPositions.map((position) => [
    position.pair,
    position.side,
    String(position.size),
    String(position.entryPrice),
    String(position.sl ?? ""),
    String(position.tp ?? ""),
    minuteText(position.entryTs.getTime()),
  ]);
  return `${daily}\n\n${textTable(POSITIONS, open)}`;
}

/** Money for the eye: two places. `--json` has all eight. */
function cents(amount: string): string {
  return Number(amount).toFixed(2);
}
