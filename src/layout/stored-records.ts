/** Records as Redis stores them, read back strictly: a field that is missing, foreign or of another kind is an error. */
import { z } from "zod";
import { formatMoney, parseMoney } from "../exact/money.js";
import { orderJson } from "../operations/view-order.js";
import { positionJson } from "../operations/view-position.js";
import type {
  BreakerRow,
  ClientRow,
  DailyRow,
  EventRow,
  LastSignalRow,
  LeaseRow,
  MetaRow,
  OrderRow,
  PositionRow,
  RecoveryRow,
  RiskRow,
} from "../state/rows.js";
import type { Entry } from "./flow-layout.js";

const money = z
  .string()
  .regex(/^-?\d+(?:\.\d{1,8})?$/, "expected an amount of money")
  .transform(parseMoney);
const wholeText = z
  .string()
  .regex(/^-?\d+$/, "expected a whole number")
  .transform(Number);
const numberText = z
  .string()
  .regex(/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/, "expected a number")
  .transform(Number);
const optionalWhole = wholeText.or(z.literal("").transform(() => null));

/** What a schema makes of a value. Throws a TypeError that names the first field that is wrong. */
function read<Output>(schema: z.ZodType<Output>, value: unknown): Output {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.join(".") ?? "";
  throw new TypeError(`${path === "" ? "" : `${path}: `}${issue?.message}`);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new TypeError(`expected JSON, found ${json.length > 60 ? `${json.slice(0, 60)}...` : json}`);
  }
}

/** The scalar fields of a record and the text of its metadata, which always stands last. Lua twin: `record_parse`. */
function split(json: string): { scalars: unknown; metadata: string | null } {
  const at = json.indexOf(',"metadata":');
  if (at === -1) return { scalars: parsed(json), metadata: null };
  const metadata = json.slice(at + ',"metadata":'.length, -1);
  const value = parsed(metadata);
  if (typeof value !== "object" || value === null) throw new TypeError("metadata: expected an object");
  if (!json.endsWith("}")) throw new TypeError("expected a JSON object");
  return { scalars: parsed(`${json.slice(0, at)}}`), metadata };
}

/** JSON of ours with the escapes that the scripts write: `\u0022` for a quote. Lua twin: `quote`. */
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

const position = z.strictObject({
  id: z.string().min(1),
  pair: z.string().min(1),
  side: z.enum(["long", "short"]),
  size: z.number(),
  entry_price: z.number(),
  entry_ts: z.number(),
  tp: z.number().optional(),
  sl: z.number().optional(),
  cooldown: z.number().optional(),
  cost: z
    .string()
    .regex(/^-?\d+(?:\.\d+)?$/, "expected a plain decimal")
    .optional(),
  notional: money,
  realised: money,
  last_fill_ts: z.number().optional(),
  version: z.int(),
});

export function positionText(row: PositionRow): string {
  return recordText(positionJson(row));
}

export function positionRow(id: string, text: string): PositionRow {
  const { scalars, metadata } = split(text);
  if (metadata === null) throw new TypeError("metadata: missing");
  const p = read(position, scalars);
  sameId(id, p.id);
  return {
    ...p,
    tp: p.tp ?? null,
    sl: p.sl ?? null,
    cooldown: p.cooldown ?? null,
    cost: p.cost ?? null,
    last_fill_ts: p.last_fill_ts ?? null,
    metadata,
  };
}

const order = z.strictObject({
  id: z.string().min(1),
  pair: z.string().min(1),
  side: z.enum(["buy", "sell"]),
  order_type: z.string().min(1),
  price: z.number().optional(),
  size: z.number(),
  status: z.enum(["intent", "submitted", "open", "partially_filled", "filled", "cancelled", "rejected", "unknown"]),
  created_at: z.number(),
  filled: z.number(),
  intent: z.enum(["entry", "exit"]),
  position_id: z.string().min(1).optional(),
  signal_id: z.string().min(1).optional(),
  tp: z.number().optional(),
  sl: z.number().optional(),
  cooldown: z.number().optional(),
  notional: money,
});

export function orderText(row: OrderRow): string {
  return recordText(orderJson(row));
}

export function orderRow(id: string, text: string): OrderRow {
  const { scalars, metadata } = split(text);
  const o = read(order, scalars);
  sameId(id, o.id);
  return {
    ...o,
    price: o.price ?? null,
    position_id: o.position_id ?? null,
    signal_id: o.signal_id ?? null,
    tp: o.tp ?? null,
    sl: o.sl ?? null,
    cooldown: o.cooldown ?? null,
    metadata,
  };
}

function sameId(field: string, id: string): void {
  if (field !== id) throw new TypeError(`id: expected ${JSON.stringify(field)}, found ${JSON.stringify(id)}`);
}

const daily = z.strictObject({ pnl: money, trades: z.int() });

export function dayText({ pnl, trades }: DailyRow): string {
  return JSON.stringify({ pnl: formatMoney(pnl), trades });
}

export function dayRow(day: string, text: string): DailyRow {
  if (!/^\d{4,}-\d\d-\d\d$/.test(day)) throw new TypeError("expected a day as YYYY-MM-DD");
  return { day, ...read(daily, parsed(text)) };
}

const meta = z.strictObject({
  epoch: z.string().min(1),
  schema: wholeText,
  created_at: wholeText,
  recovering: z.string().optional(),
  was: z.string().min(1).optional(),
});

export function metaFields({ epoch, schema, created_at, recovering, was }: MetaRow): Fields {
  return {
    epoch,
    schema: String(schema),
    created_at: String(created_at),
    ...(recovering !== null && { recovering }),
    ...(was !== null && { was }),
  };
}

export function metaRow(fields: Fields): MetaRow {
  const { recovering, was, ...row } = read(meta, fields);
  return { ...row, recovering: recovering ?? null, was: was ?? null };
}

const client = z.strictObject({ version: z.string().min(1), schema: z.int() });

export function clientText({ version, schema }: ClientRow): string {
  return JSON.stringify({ version, schema });
}

export function clientRow(text: string): ClientRow {
  return read(client, parsed(text));
}

const risk = z.strictObject({
  day: z.string(),
  daily_pnl: money,
  daily_trades: wholeText,
  consecutive_losses: wholeText,
  equity: numberText.optional(),
  peak_equity: numberText,
  current_drawdown: numberText,
});

export function riskFields(row: RiskRow): Fields {
  return {
    day: row.day,
    daily_pnl: formatMoney(row.daily_pnl),
    daily_trades: String(row.daily_trades),
    consecutive_losses: String(row.consecutive_losses),
    ...(row.equity !== null && { equity: String(row.equity) }),
    peak_equity: String(row.peak_equity),
    current_drawdown: String(row.current_drawdown),
  };
}

export function riskRow(fields: Fields): RiskRow {
  const { equity, ...row } = read(risk, fields);
  return { ...row, equity: equity ?? null };
}

const breaker = z.strictObject({
  reason: z.string(),
  source: z.enum(["daily_loss", "consecutive_losses", "drawdown", "manual"]),
  tripped_at: wholeText,
  until: optionalWhole,
});

export function breakerFields({ reason, source, tripped_at, until }: BreakerRow): Fields {
  return { reason, source, tripped_at: String(tripped_at), until: until === null ? "" : String(until) };
}

export function breakerRow(fields: Fields): BreakerRow {
  return read(breaker, fields);
}

const lastSignal = z.strictObject({ id: z.string().min(1), pair: z.string().min(1), ts: wholeText });

export function lastSignalFields({ id, pair, ts }: LastSignalRow): Fields {
  return { id, pair, ts: String(ts) };
}

export function lastSignalRow(fields: Fields): LastSignalRow {
  return read(lastSignal, fields);
}

const lease = z.strictObject({ token: wholeText, until: wholeText, holder: z.string() });

export function leaseFields({ token, until, holder }: LeaseRow): Fields {
  return { token: String(token), until: String(until), holder };
}

export function leaseRow(fields: Fields): LeaseRow {
  return read(lease, fields);
}

const recovery = z.strictObject({
  id: wholeText,
  token: wholeText,
  holder: z.string(),
  until: wholeText,
  begun_at: wholeText,
});

export function recoveryFields({ id, token, holder, until, begun_at }: RecoveryRow): Fields {
  return { id: String(id), token: String(token), holder, until: String(until), begun_at: String(begun_at) };
}

export function recoveryRow(fields: Fields): RecoveryRow {
  return read(recovery, fields);
}

/** A time, a score or a limit. */
export function numberOf(text: string): number {
  return read(numberText, text);
}

export function eventEntry({ id, at, instance, type, fields }: EventRow): Entry {
  return [id, "type", type, "at", String(at), "instance", instance, ...Object.entries(fields()).flat()];
}

export function eventRow([id = "", ...flat]: Entry): EventRow {
  if (!/^\d{1,16}-\d{1,16}$/.test(id)) throw new TypeError(`expected an event id ms-seq, found ${JSON.stringify(id)}`);
  const found = new Map<string, string>();
  for (let i = 0; i < flat.length; i += 2) found.set(flat[i] ?? "", flat[i + 1] ?? "");
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

/** A hash of a few named fields. */
export type Fields = Readonly<Record<string, string>>;
