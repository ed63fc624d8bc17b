/** Turns callers' positions into arguments of operations. */

import type { Duration } from "../config/duration.js";
import { InvalidArgumentError } from "../errors.js";
import type { PositionChanges } from "../operations/update-position.js";
import type { PositionInput, PositionPatch, Time } from "../types.js";
import * as check from "./check.js";
import type { TradePolicy } from "./risk-arguments.js";

/** How `closePosition` books: `pnl` and `equity` in the flow's currency, or `pnl` in `currency` at `rate` (without a rate, at the position's last one), `cooldown` for the pair, `ts` of the trade (default now); `dust`, the size left at the exchange that cannot be sold. */
export interface CloseOptions {
  pnl: number;
  equity?: number;
  cooldown?: Duration;
  reason?: string;
  ts?: Time;
  dust?: number;
  currency?: string;
  rate?: number;
}

const PATCH_FIELDS = ["pair", "side", "size", "entryPrice", "entryTs", "tp", "sl", "metadata", "rate"];
/** Fields that the store computes: a position that was read can be saved unchanged. */
const RECKONED = ["openedBy", "version", "realised", "fees", "cash", "unpriced"];
const POSITION_FIELDS = ["id", ...PATCH_FIELDS, "cooldown", ...RECKONED];

export function positionArguments(position: PositionInput) {
  const p = check.fields("position", position, POSITION_FIELDS);
  return {
    id: check.id("position.id", p.id),
    pair: check.pair("position.pair", p.pair),
    side: check.positionSide("position.side", p.side),
    size: check.size("position.size", p.size),
    entryPrice: check.finite("position.entryPrice", p.entryPrice),
    entryTs: check.optionalTime("position.entryTs", p.entryTs),
    tp: check.optionalPrice("position.tp", p.tp),
    sl: check.optionalPrice("position.sl", p.sl),
    metadata: check.metadata("position.metadata", p.metadata),
    cooldown: check.orNone(p.cooldown, (value) => check.duration("position.cooldown", value)),
    rate: check.optionalRate("position.rate", p.rate),
  };
}

export function patchArguments(patch: PositionPatch): PositionChanges {
  const p = check.fields("patch", patch, PATCH_FIELDS);
  return {
    pair: p.pair === undefined ? undefined : check.pair("patch.pair", p.pair),
    side: p.side === undefined ? undefined : check.positionSide("patch.side", p.side),
    size: p.size === undefined ? undefined : check.size("patch.size", p.size),
    entryPrice: p.entryPrice === undefined ? undefined : check.finite("patch.entryPrice", p.entryPrice),
    entryTs: check.optionalTime("patch.entryTs", p.entryTs),
    tp: p.tp === undefined ? undefined : check.optionalPrice("patch.tp", p.tp),
    sl: p.sl === undefined ? undefined : check.optionalPrice("patch.sl", p.sl),
    metadata: p.metadata === undefined ? undefined : check.metadata("patch.metadata", p.metadata),
    rate: check.optionalRate("patch.rate", p.rate),
  };
}

export function closeArguments(id: string, options: CloseOptions, policy: TradePolicy) {
  const o = check.fields("options", options, ["pnl", "equity", "cooldown", "reason", "ts", "dust", "currency", "rate"]);
  return {
    id: check.id("id", id),
    pnl: check.amount("pnl", o.pnl),
    currency: check.optionalCurrency("currency", o.currency),
    rate: check.optionalRate("rate", o.rate),
    ts: check.optionalTime("ts", o.ts),
    equity: check.optionalEquity("equity", o.equity),
    cooldown: check.optionalDuration("cooldown", o.cooldown),
    reason: check.words("reason", o.reason),
    dust: check.optionalSize("dust", o.dust),
    dayStart: policy.dayStart,
    breakerDuration: policy.breakerDuration,
    maxTrades: policy.maxTrades,
  };
}

/** How `removePosition` ends a position: `reason` of its trade (default `removed`); `untold`: as a trade whose result is not known, also if it was merely saved. */
export interface RemoveOptions {
  reason?: string;
  untold?: boolean;
}

export function removeArguments(id: string, options: RemoveOptions, policy: TradePolicy) {
  const { reason, untold } = check.fields("options", options, ["reason", "untold"]);
  return {
    id: check.id("id", id),
    reason: check.words("reason", reason),
    untold: check.flag("untold", untold),
    dayStart: policy.dayStart,
    breakerDuration: policy.breakerDuration,
    maxTrades: policy.maxTrades,
  };
}

export function noPosition(id: string): InvalidArgumentError {
  return new InvalidArgumentError(`id: no open position ${JSON.stringify(id)}`);
}
