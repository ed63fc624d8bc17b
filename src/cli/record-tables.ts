/** The tables of what a flow holds. */
import { isDone } from "../state/order-status.js";
import type { PendingOrder, Position } from "../types.js";
import { eightDigits, fraction, roughSpan, span, time } from "../words/in-words.js";
import { shortIds } from "../words/short-ids.js";
import { isNarrow } from "./narrow.js";
import type { Terminal } from "./terminal.js";
import { table } from "./terminal-table.js";

export function positionTable(
  terminal: Terminal,
  positions: readonly Position[],
  now: Date,
  wide: true | undefined,
): string {
  const { green, red } = terminal.colours;
  if (isNarrow(terminal, wide)) return narrowPositionTable(terminal, positions, now);
  return table(
    terminal,
    [
      { title: "id" },
      { title: "pair" },
      { title: "side" },
      { title: "size", align: "right" },
      { title: "entry", align: "right" },
      { title: "notional", align: "right" },
      { title: "tp", align: "right" },
      { title: "sl", align: "right" },
      { title: "open for", align: "right" },
    ],
    positions.map((position) => [
      position.id,
      position.pair,
      position.side === "long" ? green("long") : red("short"),
      String(position.size),
      String(position.entryPrice),
      notional(position.size * position.entryPrice),
      optional(position.tp),
      optional(position.sl),
      span(now.getTime() - position.entryTs.getTime()),
    ]),
  );
}

function narrowPositionTable(terminal: Terminal, positions: readonly Position[], now: Date): string {
  const { green, red } = terminal.colours;
  const short = shortIds(positions.map(({ id }) => id));
  return table(
    terminal,
    [
      { title: "pair" },
      { title: "side" },
      { title: "size", align: "right" },
      { title: "entry", align: "right" },
      { title: "sl", align: "right" },
      { title: "open", align: "right" },
      { title: "id" },
    ],
    positions.map(({ id, pair, side, size, entryPrice, sl, entryTs }) => [
      pair,
      side === "long" ? green("long") : red("short"),
      digits(size),
      digits(entryPrice),
      sl === undefined ? "none" : digits(sl),
      roughSpan(now.getTime() - entryTs.getTime()),
      short.get(id) ?? id,
    ]),
  );
}

export function orderTable(
  terminal: Terminal,
  orders: readonly PendingOrder[],
  now: Date,
  wide: true | undefined,
): string {
  const { yellow } = terminal.colours;
  if (isNarrow(terminal, wide)) return narrowOrderTable(terminal, orders, now);
  return table(
    terminal,
    [
      { title: "id" },
      { title: "pair" },
      { title: "for" },
      { title: "side" },
      { title: "type" },
      { title: "price", align: "right" },
      { title: "size", align: "right" },
      { title: "filled", align: "right" },
      { title: "status" },
      { title: "age", align: "right" },
      { title: "position" },
    ],
    orders.map((order) => [
      order.id,
      order.pair,
      order.intent,
      order.side,
      order.orderType,
      order.price === null ? "market" : String(order.price),
      String(order.size),
      String(order.filled),
      order.status === "unknown" ? yellow("unknown") : order.status,
      span(now.getTime() - order.createdAt.getTime()),
      order.positionId ?? "",
    ]),
  );
}

/** The filled part of an order is shown in its status. */
function narrowOrderTable(terminal: Terminal, orders: readonly PendingOrder[], now: Date): string {
  const { yellow } = terminal.colours;
  const short = shortIds(orders.map(({ id }) => id));
  return table(
    terminal,
    [
      { title: "pair" },
      { title: "for" },
      { title: "price", align: "right" },
      { title: "size", align: "right" },
      { title: "status" },
      { title: "age", align: "right" },
      { title: "id" },
    ],
    orders.map(({ id, pair, intent, side, price, size, filled, status, createdAt }) => {
      const words = `${status === "partially_filled" ? "part" : status}${filled > 0 ? ` ${part(filled, size)}` : ""}`;
      return [
        pair,
        `${intent} ${side}`,
        price === null ? "market" : digits(price),
        digits(size),
        status === "unknown" ? yellow(words) : words,
        roughSpan(now.getTime() - createdAt.getTime()),
        short.get(id) ?? id,
      ];
    }),
  );
}

/** Orders that are over, and when they were. */
export function closedOrderTable(
  terminal: Terminal,
  orders: readonly { readonly order: PendingOrder; readonly endedAt: Date }[],
  wide: true | undefined,
): string {
  if (isNarrow(terminal, wide)) {
    return table(
      terminal,
      [
        { title: "ended (UTC)" },
        { title: "pair" },
        { title: "for" },
        { title: "size", align: "right" },
        { title: "status" },
        { title: "id" },
      ],
      orders.map(({ order: { id, pair, intent, side, size, filled, status }, endedAt }) => [
        time(endedAt).slice(5),
        pair,
        `${intent} ${side}`,
        digits(size),
        `${isDone(status) ? status : "removed"}${filled > 0 && filled !== size ? ` ${part(filled, size)}` : ""}`,
        id,
      ]),
    );
  }
  return table(
    terminal,
    [
      { title: "ended (UTC)" },
      { title: "pair" },
      { title: "for" },
      { title: "side" },
      { title: "price", align: "right" },
      { title: "size", align: "right" },
      { title: "filled", align: "right" },
      { title: "status" },
      { title: "reason" },
      { title: "id" },
    ],
    orders.map(({ order, endedAt }) => [
      time(endedAt),
      order.pair,
      order.intent,
      order.side,
      order.price === null ? "market" : String(order.price),
      String(order.size),
      String(order.filled),
      isDone(order.status) ? order.status : "removed",
      order.reason ?? "",
      order.id,
    ]),
  );
}

export function cooldownTable(terminal: Terminal, cooldowns: Readonly<Record<string, Date>>, now: Date): string {
  return table(
    terminal,
    [{ title: "pair" }, { title: "side" }, { title: "left", align: "right" }, { title: "until (UTC)" }],
    Object.entries(cooldowns).map(([cooldown, until]) => {
      const { pair, side } = partsOf(cooldown);
      return [pair, side ?? "both", span(until.getTime() - now.getTime()), time(until)];
    }),
  );
}

/** `BTC/USDT|long` is a cooldown of one side of the pair. */
export function partsOf(cooldown: string): { readonly pair: string; readonly side?: string } {
  const match = /^(.*)\|(long|short)$/s.exec(cooldown);
  return match ? { pair: match[1] ?? "", side: match[2] ?? "" } : { pair: cooldown };
}

function optional(price: number | undefined): string {
  return price === undefined ? "" : String(price);
}

function digits(value: number): string {
  return String(eightDigits(value));
}

/** How much of an order is filled: `40%`. */
function part(filled: number, size: number): string {
  return fraction(Math.round((filled / size) * 100) / 100);
}

function notional(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 2, useGrouping: false });
}
