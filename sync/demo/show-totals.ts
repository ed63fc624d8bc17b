import { type TextColumn, textTable } from "../../src/words/text-table.js";
import { minuteText } from "./market.js";
import type { Paint } from "./paint.js";
import type { Totals } from "./totals.js";

const DAYS: readonly TextColumn[] = [
  { title: "Day", align: "left" },
  { title: "Trades", align: "right" },
  { title: "Won", align: "right" },
  { title: "PnL", align: "right" },
  { title: "Breaker", align: "left" },
];

const POSITIONS: readonly TextColumn[] = [
  { title: "Open position", align: "left" },
  { title: "Side", align: "left" },
  { title: "Size", align: "right" },
  { title: "Entry", align: "right" },
  { title: "Stop", align: "right" },
  { title: "Target", align: "right" },
  { title: "Since", align: "left" },
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

  const cell = (text: string, row: number, column: number): string => {
    if (row === rows.length - 1 && column !== PNL) return paint("bold", text);
    if (column === PNL && text !== "") return paint(text.includes("-") ? "red" : "green", text);
    return text;
  };
  const daily = textTable(DAYS, rows, { cell }).trimEnd();
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
  return `${daily}\n\n${textTable(POSITIONS, open).trimEnd()}`;
}

/** Money for the eye: two places. `--json` has all eight. */
function cents(amount: string): string {
  return Number(amount).toFixed(2);
}
