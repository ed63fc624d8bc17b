/** The tables of what a flow holds. */
import { isDone } from "../state/order-status.js";
import type { PendingOrder, Position } from "../types.js";
import { span, time } from "../words/in-words.js";
import type { Terminal } from "./terminal.js";
import { table } from "./terminal-table.js";

export function positionTable(terminal: Terminal, positions: readonly Position[], now: Date): string {
  const { green, red } = terminal.colours;
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

export function orderTable(terminal: Terminal, orders: readonly PendingOrder[], now: Date): string {
  const { yellow } = terminal.colours;
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

/** Orders that are over, and when they were. */
export function closedOrderTable(
  terminal: Terminal,
  orders: readonly { readonly order: PendingOrder; readonly endedAt: Date }[],
): string {
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

function notional(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 2, useGrouping: false });
}
