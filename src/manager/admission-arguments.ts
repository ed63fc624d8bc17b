/** Turns callers' signals, cooldowns and entries into arguments of operations. */
import type { Duration } from "../config/duration.js";
import type { AdmissionRequest, PositionSide, Time } from "../types.js";
import { derivedOrderId } from "../words/client-order-id.js";
import type { OppositeSide } from "../words/word-lists.js";
import * as check from "./check.js";

const ADMISSION_FIELDS = [
  "signalId",
  "pair",
  "side",
  "size",
  "price",
  "orderId",
  "orderType",
  "positionId",
  "flip",
  "rate",
  "reason",
  "cooldown",
  "tp",
  "sl",
  "metadata",
];

/** The part of the configuration that decides admissions. */
export interface AdmissionPolicy {
  readonly dayStart: number;
  readonly dedupWindow: number;
  readonly maxIds: number;
  readonly oppositeSide: OppositeSide;
}

export function admissionArguments(flowId: string, request: AdmissionRequest, policy: AdmissionPolicy) {
  const r = check.fields("request", request, ADMISSION_FIELDS);
  const signalId = check.id("signalId", r.signalId);
  const pair = check.pair("pair", r.pair);
  const positionId = check.idIfGiven("positionId", r.positionId);
  // tp, sl, cooldown and metadata belong to a position that opens.
  const opens = positionId === undefined;
  const cooldown = check.orNone(r.cooldown, (value) => check.duration("cooldown", value));
  const tp = check.optionalPrice("tp", r.tp);
  const sl = check.optionalPrice("sl", r.sl);
  const metadata = check.orNone(r.metadata, (value) => check.metadata("metadata", value));
  return {
    signalId,
    pair,
    side: check.entrySide("side", r.side),
    size: check.size("size", r.size),
    price: check.finite("price", r.price),
    orderId: r.orderId === undefined ? derivedOrderId("sfo", flowId, signalId) : check.orderId("orderId", r.orderId),
    derived: r.orderId === undefined,
    orderType: check.optionalId("orderType", r.orderType) ?? "limit",
    cooldown: opens ? cooldown : null,
    tp: opens ? tp : null,
    sl: opens ? sl : null,
    metadata: opens ? metadata : null,
    positionId,
    flip: opens ? check.idIfGiven("flip", r.flip) : check.absent("flip", "positionId", r.flip),
    reason: check.words("reason", r.reason),
    rate: check.optionalRate("rate", r.rate),
    oppositeSide: policy.oppositeSide,
    dayStart: policy.dayStart,
    maxIds: policy.maxIds,
    dedupWindow: policy.dedupWindow,
  };
}

export function cooldownArguments(
  pair: string,
  duration: Duration,
  options: { side?: PositionSide; reason?: string; replace?: boolean },
) {
  const o = check.fields("options", options, ["side", "reason", "replace"]);
  return {
    ...pairAndSide(pair, o.side),
    duration: check.duration("duration", duration),
    replace: check.flag("replace", o.replace),
    reason: check.words("reason", o.reason),
  };
}

export function pairAndSide(pair: string, side: PositionSide | undefined) {
  return { pair: check.pair("pair", pair), side: check.optionalSide("side", side) };
}

/** Which refusals: from `from` (inclusive) to `to` (exclusive), after the one with the key `after`, at most `limit` (default 1,000, at most 10,000). */
export interface RefusalsOptions {
  from?: Time;
  to?: Time;
  after?: string;
  limit?: number;
}

export function refusalsArguments(options: RefusalsOptions) {
  const o = check.fields("options", options, ["from", "to", "after", "limit"]);
  return {
    from: check.optionalTime("from", o.from),
    to: check.optionalTime("to", o.to),
    after: o.after === undefined ? "" : check.eventId("after", o.after),
    limit: o.limit === undefined ? 1000 : Math.min(check.optionalCount("limit", o.limit), 10_000),
  };
}
