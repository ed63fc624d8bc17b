import { decimalText, multiplyDecimal, parseDecimal, toDecimal } from "../exact/decimal.js";
import { type Entry, type FlowLayout, withMeta } from "../layout/flow-layout.js";
import {
  type Exposed,
  type ExposedPosition,
  exposedOrder,
  exposedPosition,
  notionalAt,
  worthOfInverse,
} from "./exposed.js";
import type { Migration } from "./migration.js";
import { settlementOf } from "./settlement.js";
import { scalarIn, withScalars } from "./stored-scalars.js";
import { type Rates, toldCurrency, toldRates } from "./told-currency.js";

/**
 * Schema 4 knows the flow's currency. Positions and entries that settle in another currency get a rate, and their exposure is converted at it. Past
 * bookings do not change; notes name what was booked wrongly.
 */
export const toSchema4: Migration = {
  to: 4,
  summary: "a flow knows what it is counted in, what settles in another currency has a rate, equity is exact",
  options: [
    { name: "currency", value: "name", about: "what PnL, limits, exposure and equity of the flow are counted in" },
    {
      name: "rate",
      value: "currency=number",
      about: "what one unit of another currency is worth in that, such as BTC=60000; for each currency",
    },
  ],
  migrate(layout, told) {
    const stops: string[] = [];
    const stop = (why: string) => void stops.push(why);
    const saidRates = toldRates(told, stop);
    const said = toldCurrency(told, stop);
    const currency = said ?? (stops.length === 0 ? commonCurrency(layout, stop) : undefined);
    if (stops.length > 0) return { layout, notes: [], stops };
    const notes: string[] = [];
    const { counted, lacking } = exposureOf(layout, currency, saidRates, (what) => void notes.push(what));
    for (const [other, names] of lacking) if (!saidRates.has(other)) stop(askForRate(other, names, currency));
    for (const other of saidRates.keys()) {
      if (!lacking.has(other)) stop(`--rate ${other}: no position and no pending entry needs a rate of ${other}`);
    }
    if (stops.length > 0) return { layout, notes: [], stops };
    const dust = layout.entries["positions:dust"].map((entry) => dustOf(entry));
    const entries = { ...layout.entries, ...counted, "positions:dust": dust, "risk:daily": exactEquity(layout) };
    return {
      layout: withMeta({ ...layout, entries }, "currency", currency),
      notes: [...notesOn(currency), ...notes, ...notesOnTrades(layout, currency)],
      stops: [],
    };
  },
};

/** The common settle currency of all positions, pending orders and trades; undefined if none says it. */
function commonCurrency({ entries }: FlowLayout, stop: (why: string) => void): string | undefined {
  const rows = new Map<string, number>();
  const texts = [
    ...entries["positions:open"].map(([, json]) => json),
    ...entries["orders:pending"].map(([, json]) => json),
    ...entries["trades:closed"].map(([, , json]) => json),
  ];
  for (const text of texts) {
    const currency = settlementOf(pairIn(text))?.currency;
    if (currency !== undefined) rows.set(currency, (rows.get(currency) ?? 0) + 1);
  }
  const found = [...rows].sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1));
  const [most] = found[0] ?? [];
  if (found.length > 1) {
    const counts = found.map(([currency, count]) => `${currency} (${count})`).join(", ");
    stop(
      `positions, orders and trades of the flow settle in ${counts}: say in which currency its PnL, limits, exposure and equity are counted, such as --currency ${most}`,
    );
  }
  return most;
}

function pairIn(text = ""): string {
  const pair = scalarIn(text, "pair");
  return typeof pair === "string" ? pair : "";
}

/** The exposure of positions and pending orders and, by currency, those for which no rate was given. */
function exposureOf(layout: FlowLayout, currency: string | undefined, rates: Rates, note: (what: string) => void) {
  const lacking = new Map<string, string[]>();

  function rateOf({ name, settlement, rate, price }: Exposed): number | undefined {
    if (rate !== undefined || settlement === undefined || settlement.currency === currency) return rate;
    if (settlement.inverse && settlement.quote === currency) return price ?? undefined;
    const names = lacking.get(settlement.currency);
    if (names) names.push(name);
    else lacking.set(settlement.currency, [name]);
    return rates.get(settlement.currency);
  }

  /** The changes of its record; undefined if there are none. */
  function counted(row: Exposed): { readonly rate?: number; readonly notional: string } | undefined {
    const { name, settlement } = row;
    if (settlement?.unsupported !== undefined) {
      note(`${name} ${settlement.unsupported}: it cannot be booked right, and stays as it is`);
      return undefined;
    }
    const rate = rateOf(row);
    if (rate === undefined && !settlement?.inverse) return undefined;
    const notional = notionalAt(row, rate ?? 1);
    const at = rate === undefined ? "" : ` at ${rate} ${currency} for one ${settlement?.currency ?? "unit"}`;
    if (notional !== row.notional) note(`${name} takes ${notional} of the exposure${at}; it took ${row.notional}`);
    return { ...(rate !== undefined && { rate }), notional };
  }

  const positions = layout.entries["positions:open"].map(([id = "", text = ""]): Entry => {
    const row = exposedPosition(text);
    const changes = row && counted(row);
    if (!changes) return [id, text];
    for (const what of notesOnBooked(row, currency)) note(what);
    return [id, withScalars(text, row.settlement?.inverse ? { ...changes, ...costOfInverse(row) } : changes)];
  });
  const orders = layout.entries["orders:pending"].map(([id = "", text = ""]): Entry => {
    const row = exposedOrder(text);
    const changes = row?.intent === "entry" ? counted(row) : undefined;
    return [id, changes ? withScalars(text, changes) : text];
  });
  return { counted: { "positions:open": positions, "orders:pending": orders }, lacking };
}

/** A sum of size x price means nothing for an inverse contract: its cost follows from size and price, its proceeds from the average price. */
function costOfInverse({ exited, proceeds }: ExposedPosition) {
  return { cost: undefined, proceeds: exited === undefined ? undefined : asInverse(exited, proceeds) };
}

/** The worth of an inverse size whose size x price is known: size x size / (size x price). */
function asInverse(size: number, linear: string | undefined): string | undefined {
  if (linear === undefined) return undefined;
  const exact = toDecimal(size);
  const worth = worthOfInverse(multiplyDecimal(exact, exact), parseDecimal(linear));
  return worth && decimalText(worth);
}

function dustOf([name = "", text = ""]: Entry): Entry {
  const [size, cost] = [scalarIn(text, "size"), scalarIn(text, "cost")];
  const settlement = settlementOf(name.slice(0, name.lastIndexOf("|")));
  if (!settlement?.inverse || typeof size !== "number" || typeof cost !== "string") return [name, text];
  const worth = /^\d+(?:\.\d+)?$/.test(cost) ? asInverse(size, cost) : undefined;
  return [name, worth === undefined ? text : withScalars(text, { cost: worth })];
}

/** Texts of doubles become plain decimals. A text that is no number is left for the next reader. */
function exactEquity({ entries }: FlowLayout): Entry[] {
  return entries["risk:daily"].map(([name = "", text = ""]) => {
    const isReported = name === "equity" || name === "peak_equity";
    const value = isReported && text !== "" ? Number(text) : Number.NaN;
    return [name, Number.isFinite(value) ? decimalText(toDecimal(value)) : text];
  });
}

function askForRate(other: string, names: readonly string[], currency: string | undefined): string {
  const [shown, more] = [names.slice(0, 20).join(", "), names.length - 20];
  return `what settles in ${other} needs a rate, since the flow is counted in ${currency}: ${shown}${
    more > 0 ? ` and ${more} more` : ""
  }: say what one ${other} is worth in ${currency}, as in --rate ${other}=60000`;
}

function notesOn(currency: string | undefined): string[] {
  return currency === undefined ? [] : [`PnL, limits, exposure and equity are counted in ${currency}`];
}

const CORRECT = "that stays as it was booked, and is corrected by a cash booking";

function notesOnBooked({ name, settlement, realised, cost }: ExposedPosition, currency: string | undefined): string[] {
  const notes: string[] = [];
  if (settlement?.inverse && cost !== undefined) {
    notes.push(`${name} is an inverse contract: its cost is no longer the sum of size x price, but size / entry price`);
  }
  if (realised === "0") return notes;
  if (settlement?.inverse) notes.push(`${name} has booked ${realised} as if its contract were linear: ${CORRECT}`);
  else if (settlement && settlement.currency !== currency) {
    notes.push(`${name} has booked ${realised} ${settlement.currency} as if it were ${currency}: ${CORRECT}`);
  }
  return notes;
}

function notesOnTrades({ entries }: FlowLayout, currency: string | undefined): string[] {
  const others = entries["trades:closed"].filter(([, , text = ""]) => {
    const settlement = scalarIn(text, "forgotten") === undefined ? settlementOf(pairIn(text)) : undefined;
    return settlement && (settlement.inverse || settlement.currency !== currency);
  });
  if (others.length === 0) return [];
  return [
    `trades that were booked as if they had settled in ${currency}, or as if inverse contracts were linear: ${others.length}; they stay as they were booked`,
  ];
}
