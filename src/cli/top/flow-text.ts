/** One flow on one screen, as text: the most important first, then as many positions, orders and events as fit. */
import type { RecoveryState, StateEvent } from "../../types.js";
import { ago, count, eightDigits, fraction, gain, span, time } from "../../words/in-words.js";
import { printable } from "../../words/printable.js";
import { eventLine } from "../event-line.js";
import { type FlowStatus, nowOf } from "../status/flow-status.js";
import { breakerWords } from "../status/status-text.js";
import type { Terminal } from "../terminal.js";
import { table } from "../terminal-table.js";

export interface FlowPage {
  readonly status: FlowStatus;
  readonly alarms: readonly string[];
  readonly recovery?: RecoveryState | undefined;
  /** Oldest first. */
  readonly events: readonly StateEvent[];
}

/** The largest share of the rows for one table, with its heading and the line above it. */
const SHARE = 0.3;

export function flowText(terminal: Terminal, { status, alarms, recovery, events }: FlowPage): string {
  const { bold, dim, red, yellow, green } = terminal.colours;
  const { snapshot } = status;
  const { risk, positions, orders, heartbeat } = snapshot;
  const now = nowOf(status);
  const { rows } = terminal.size();
  const most = Math.max(2, Math.floor(rows * SHARE) - 2);
  const alarm = alarms.length === 0 ? green("fine") : red(alarms.join(", "));
  const beat = heartbeat ? ago(heartbeat, now) : "never";
  const head = [
    `${bold(snapshot.flowId)}  ${alarm}  ${dim(`${time(now)} UTC, heartbeat ${beat}`)}`,
    `breaker ${breakerWords(terminal.colours, snapshot.breaker, now)}`,
    `today ${gain(risk.dailyPnl)}, ${count(risk.dailyTrades, "trade")}, streak ${risk.consecutiveLosses}, drawdown ${fraction(risk.currentDrawdown)}`,
    ...(recovery ? [yellow(`recovery by ${recovery.holder}: ${recovery.reason}  (p: show)`)] : []),
    ...positionLines(terminal, status, most),
    ...orderLines(terminal, status, most),
  ];
  const room = Math.max(0, rows - head.length - 2);
  const newest = room === 0 ? [] : events.slice(-room).map((event) => eventLine(terminal.colours, event));
  const foot = dim("t: trip   r: reset   p: recovery   b: back   q: quit");
  const count_ = `${count(positions.length, "position")}, ${count(orders.length, "order")}`;
  return [...head.map(printable), dim(count_), ...newest, foot].join("\n");
}

function positionLines(terminal: Terminal, { snapshot }: FlowStatus, most: number): string[] {
  const { positions, at } = snapshot;
  if (positions.length === 0) return [];
  const text = table(
    terminal,
    ["position", "side", "size", "entry", "tp", "sl", "open for"].map(columnOf),
    positions
      .slice(0, most)
      .map(({ pair, side, size, entryPrice, tp, sl, entryTs }) => [
        pair,
        side,
        digits(size),
        digits(entryPrice),
        tp === undefined ? "" : digits(tp),
        sl === undefined ? "" : digits(sl),
        span(at.getTime() - entryTs.getTime()),
      ]),
  );
  return lines(text, positions.length - most);
}

function orderLines(terminal: Terminal, { snapshot }: FlowStatus, most: number): string[] {
  const { orders, at } = snapshot;
  if (orders.length === 0) return [];
  const text = table(
    terminal,
    ["order", "side", "size", "price", "filled", "status", "age"].map(columnOf),
    orders
      .slice(0, most)
      .map(({ pair, side, size, price, filled, status, createdAt }) => [
        pair,
        side,
        digits(size),
        price === null ? "market" : digits(price),
        digits(filled),
        status,
        span(at.getTime() - createdAt.getTime()),
      ]),
  );
  return lines(text, orders.length - most);
}

function columnOf(title: string) {
  return { title, align: ["size", "entry", "tp", "sl", "price", "filled"].includes(title) ? "right" : "left" } as const;
}

function lines(text: string, more: number): string[] {
  return [...text.trimEnd().split("\n"), ...(more > 0 ? [`and ${more} more`] : [])];
}

function digits(value: number): string {
  return String(eightDigits(value));
}
