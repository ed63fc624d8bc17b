/** Records that Redis stores as JSON and as entries of a stream: writes their texts, and reads them strictly. */

import * as z from "zod";
import { formatMoney } from "../exact/money.js";
import type { AdmissionRow } from "../records/admission.js";
import { type AmendmentRow, amendment } from "../records/amendment.js";
import { type ClientRow, client } from "../records/client.js";
import { type DailyRow, day } from "../records/day.js";
import { type DustRow, dust } from "../records/dust.js";
import type { EventRow } from "../records/event.js";
import { orderJson } from "../records/generated/order.js";
import { positionJson } from "../records/generated/position.js";
import { tradeJson } from "../records/generated/trade.js";
import { type LimitOriginRow, limitOrigin } from "../records/limit-origin.js";
import { type OrderRow, order } from "../records/order.js";
import { type PositionRow, position } from "../records/position.js";
import { type RefusalRow, refusal } from "../records/refusal.js";
import { jsonReader, numberOf } from "../records/stored.js";
import { type TradeRow, trade } from "../records/trade.js";
import type { GuardTrade } from "../state/guards.js";
import { dayCounted } from "../state/outcomes.js";
import { pairsOf } from "../words/pairs.js";
import { ADMISSION_OUTCOMES, POSITION_SIDES, STOP_REASONS, wordOf } from "../words/word-lists.js";
import type { Entry } from "./flow-layout.js";
import { limitName } from "./limit-text.js";

/** Our JSON with the escapes that the scripts write: `\u0022` for a quote. Lua twin: `quote`. */
function escapedAsInLua(json: string): string {
  return json.replace(/\\(["\\bfnrt])|\x7f/g, (match, letter: string | undefined) => {
    const character = letter === undefined ? match : String(JSON.parse(`"\\${letter}"`));
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function recordText(json: string): string {
  const at = json.indexOf(',"metadata":');
  return at === -1 ? escapedAsInLua(json) : escapedAsInLua(json.slice(0, at)) + json.slice(at);
}

const DAY = /^\d{4,}-\d\d-\d\d$/;

const readPosition = jsonReader(position);

export function positionText(row: PositionRow): string {
  return recordText(positionJson(row));
}

export function positionRow(id: string, text: string): PositionRow {
  const row = readPosition(text);
  sameId(id, row.id);
  return row;
}

const readOrder = jsonReader(order);

export function orderText(row: OrderRow): string {
  return recordText(orderJson(row));
}

export function orderRow(id: string, text: string): OrderRow {
  const row = readOrder(text);
  sameId(id, row.id);
  return row;
}

function sameId(field: string, id: string): void {
  if (field !== id) throw new TypeError(`id: expected ${JSON.stringify(field)}, found ${JSON.stringify(id)}`);
}

const readTrade = jsonReader(trade);

export function tradeText(row: TradeRow): string {
  return recordText(tradeJson(row));
}

export function tradeRow(key: string, text: string): TradeRow {
  const row = readTrade(text);
  if (key !== row.key) throw new TypeError(`key: expected ${JSON.stringify(key)}, found ${JSON.stringify(row.key)}`);
  return row;
}

const readGuardTrades = z.array(
  z
    .tuple([
      z.string().regex(/^\d{1,16}-\d{1,16}$/),
      z.int(),
      z.enum(POSITION_SIDES),
      z.string().regex(/^-?\d+(?:\.\d{1,8})?$/),
      z.string().regex(/^\d+(?:\.\d{1,8})?$/),
      z.enum(["", ...STOP_REASONS]),
    ])
    .transform(([key, exitTs, side, pnl, notional, stop]) => ({ key, exitTs, side, pnl, notional, stop })),
);

/** Lua twin: `guard_trades_with`. */
export function guardTradesText(trades: readonly GuardTrade[]): string {
  return JSON.stringify(
    trades.map(({ key, exitTs, side, pnl, notional, stop }) => [key, exitTs, side, pnl, notional, stop]),
  );
}

export function guardTradesRow(text: string): readonly GuardTrade[] {
  return readGuardTrades.parse(JSON.parse(text));
}

const { key: __, ...later } = amendment;
const readAmendment = jsonReader(later);

/** Lua twin: `amendment_json`. */
export function amendmentText({ pnl, fees, cash, explained, unpriced, rate_assumed }: AmendmentRow): string {
  const sums = { pnl: formatMoney(pnl), fees: formatMoney(fees), cash: formatMoney(cash), explained };
  return JSON.stringify({ ...sums, unpriced: unpriced ?? undefined, rate_assumed: rate_assumed ?? undefined });
}

export function amendmentRow(key: string, text: string): AmendmentRow {
  return { key, ...readAmendment(text) };
}

const { limit: _____, ...setBy } = limitOrigin;
const readLimitOrigin = jsonReader(setBy);

/** Lua twin: `origin_json`. */
export function limitOriginText({ by, who, at, held, held_who, held_at }: LimitOriginRow): string {
  const kept = { held: held ?? undefined, held_who: held_who ?? undefined, held_at: held_at ?? undefined };
  return escapedAsInLua(JSON.stringify({ by, who, at, ...kept }));
}

export function limitOriginRow(limit: string, text: string): LimitOriginRow {
  return { limit: limitName(limit), ...readLimitOrigin(text) };
}

const { key: ____, ...answered } = refusal;
const readRefusal = jsonReader(answered);

/** Lua twin: in `keep_refusal`. */
export function refusalText({ at, instance, signal_id, pair, side, reason, message }: RefusalRow): string {
  return escapedAsInLua(JSON.stringify({ at, instance, signal_id, pair, side, reason, message }));
}

export function refusalRow(key: string, text: string): RefusalRow {
  return { key, ...readRefusal(text) };
}

/** The count of a day and an outcome. Throws a TypeError if its field is of another form. */
export function admissionRow(field: string, count: number): AdmissionRow {
  const day = dayCounted(field);
  const outcome = wordOf(ADMISSION_OUTCOMES, field.slice(day.length + 1));
  if (!DAY.test(day) || outcome === undefined)
    throw new TypeError("expected a day and an outcome, such as 2024-03-05|admitted");
  return { day_outcome: field, day, outcome, count };
}

export function admissionCount(field: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new TypeError("expected a whole number above zero");
  return admissionRow(field, Number(text)).count;
}

const { pair_side: ___, ...rest } = dust;
const readDust = jsonReader(rest);

/** Lua twin: `dust_json`. */
export function dustText({ size, cost, rate }: DustRow): string {
  return JSON.stringify(rate === null ? { size, cost } : { size, cost, rate });
}

export function dustRow(pairAndSide: string, text: string): DustRow {
  return { pair_side: pairAndSide, ...readDust(text) };
}

const { day: _, ...booked } = day;
const readDay = jsonReader(booked);

/** Lua twin: `day_json`. */
export function dayText({ pnl, trades, closed, later, cash, untied }: DailyRow): string {
  return JSON.stringify({
    pnl: formatMoney(pnl),
    trades,
    closed: formatMoney(closed),
    later: formatMoney(later),
    cash: formatMoney(cash),
    untied: formatMoney(untied),
  });
}

export function dayRow(date: string, text: string): DailyRow {
  if (!DAY.test(date)) throw new TypeError("expected a day as YYYY-MM-DD");
  return { day: date, ...readDay(text) };
}

export function eventEntry({ id, at, instance, type, fields }: EventRow): Entry {
  return [id, "type", type, "at", String(at), "instance", instance, ...Object.entries(fields()).flat()];
}

export function eventRow([id = "", ...flat]: Entry): EventRow {
  if (!/^\d{1,16}-\d{1,16}$/.test(id)) throw new TypeError(`expected an event id ms-seq, found ${JSON.stringify(id)}`);
  const found = new Map(pairsOf(flat));
  const type = found.get("type");
  const at = found.get("at");
  const instance = found.get("instance");
  if (type === undefined || at === undefined || instance === undefined) {
    throw new TypeError("expected an event with type, at and instance");
  }
  for (const name of ["type", "at", "instance"]) found.delete(name);
  const fields = Object.fromEntries(found);
  return { id, at: numberOf(at), instance, type, fields: () => fields };
}

export function clientText({ version, schema }: ClientRow): string {
  return JSON.stringify({ version, schema });
}

export const clientRow = jsonReader(client);
