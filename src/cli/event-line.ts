import type { EventRisk, Fee, StateEvent } from "../types.js";
import { durationText, gain, time } from "../words/in-words.js";
import { printable } from "../words/printable.js";
import { untilWords } from "./arguments.js";
import { guardWords } from "./guard-words.js";
import type { Colours } from "./terminal.js";

/** An event in one line: when, what, by whom, and its important numbers. */
export function eventLine({ dim, yellow }: Colours, event: StateEvent): string {
  if (event.type === "history_trimmed") return yellow("-- older events are no longer kept");
  const { id, at, type, instance } = event;
  return `${dim(time(at))}  ${type.padEnd(17)} ${printable(eventWords(event))}  ${dim(printable(`${instance} ${id}`))}`;
}

/** What happened, without when and by whom. */
export function eventWords(event: StateEvent): string {
  switch (event.type) {
    case "position_saved":
    case "position_updated": {
      const { id, pair, side, size, entryPrice } = event.position;
      return `${id} ${pair} ${side} ${size} @ ${entryPrice}`;
    }
    case "position_removed": {
      const untold = event.trade?.untold;
      return `${event.positionId} ${event.pair}${untold === undefined ? "" : ` the result of ${untold} is not told`}`;
    }
    case "position_closed":
      return `${event.positionId} ${event.pair} ${gain(event.pnl)}${because(event.reason)}${riskWords(event.risk)}`;
    case "order_saved":
    case "order_updated":
    case "order_cancelled": {
      const { id, pair, side, size, price, status } = event.order;
      return `${id} ${pair} ${side} ${size} @ ${price ?? "market"} ${status}`;
    }
    case "order_removed":
      return `${event.orderId} ${event.pair}`;
    case "entry_admitted":
      return `${event.pair} ${event.side} ${event.order.size} @ ${event.order.price ?? "market"}, signal ${event.signalId}, order ${event.order.id}`;
    case "fill_recorded":
      return `${event.orderId} ${event.order.pair} ${event.order.side} ${event.size} @ ${event.price}, fee ${feeWords(event)}, ${gain(event.pnl)}${riskWords(event.risk)}`;
    case "pnl_booked":
      return `${gain(event.pnl)}${event.tradeId === undefined ? "" : ` trade ${event.tradeId}`}${riskWords(event.risk)}`;
    case "equity_updated":
      return `${event.risk.equity ?? ""}${riskWords(event.risk)}`;
    case "cash_booked":
      return `${event.kind} ${gain(event.pnl)}${event.positionId === undefined ? "" : ` ${event.positionId}`}${because(event.note)}${riskWords(event.risk)}`;
    case "transfer_recorded":
      return `${gain(event.amount)}${riskWords(event.risk)}`;
    case "equity_started":
      return `from ${event.startingEquity}`;
    case "limits_set":
      return `${Object.entries(event.limits)
        .map(([name, limit]) => `${name} ${limit ?? "none"}`)
        .join(", ")}${because(event.by)}${trippedWords(event)}`;
    case "currency_set":
      return [event.currency ?? "", ...event.sameCurrency].join(" ");
    case "guards_set":
      return event.guards.map(guardWords).join(", ") || "none";
    case "breaker_tripped":
      return `${event.breaker.reason ?? ""}, ${untilWords(event.breaker.until)}`;
    case "breaker_reset":
      return event.reason ?? "";
    case "signal_processed":
      return `${event.signalId} ${event.pair}`;
    case "cooldown_set":
      return `${event.cooldown} ${untilWords(event.until)}${because(event.reason)}`;
    case "cooldown_cleared":
      return `${event.pair}${event.side === undefined ? "" : ` ${event.side}`}`;
    case "lease_acquired":
      return `${event.holder}, token ${event.token}`;
    case "lease_released":
      return `${event.holder}, token ${event.token}${because(event.reason)}`;
    case "recovery_begun":
      return event.reason;
    case "recovery_approved":
      return `plan ${event.hash}`;
    case "account_joined":
      return `flow ${event.flowId} joined account ${event.account}`;
    case "account_left":
      return `flow ${event.flowId}${event.lost ? ", whose state was lost," : ""} left account ${event.account}`;
    case "account_limits_set":
      return `account ${event.account}: ${[
        ...Object.entries(event.limits).map(([name, limit]) => `${name} ${limit ?? "none"}`),
        ...(event.breakerDuration === undefined ? [] : [`breaker_duration ${durationText(event.breakerDuration)}`]),
      ].join(", ")}${because(event.by)}`;
    case "account_breaker_tripped":
    case "account_breaker_extended":
      return `account ${event.account}: ${event.breaker.reason ?? ""}, ${untilWords(event.breaker.until)}`;
    case "account_breaker_reset":
      return `account ${event.account}${because(event.reason)}`;
    case "difference_found":
      return `${event.subject}: ${event.found}, in ${event.reads} readings`;
    case "recovery_ended":
      return event.reason ?? "";
    case "history_trimmed":
      return "";
  }
}

function feeWords({ fee, fees }: { fee: number; fees?: readonly Fee[] }): string {
  return fees ? fees.map(({ amount, currency }) => `${amount} ${currency}`).join(" + ") : String(fee);
}

function because(reason: string | undefined): string {
  return reason === undefined ? "" : ` (${reason})`;
}

function riskWords(risk: EventRisk): string {
  return `, today ${gain(risk.dailyPnl)}${trippedWords(risk)}`;
}

function trippedWords({ tripped, breaker }: Pick<EventRisk, "tripped" | "breaker">): string {
  return tripped ? `, BREAKER TRIPPED: ${breaker?.reason ?? ""}` : "";
}
