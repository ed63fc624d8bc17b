/** The ARGV values for a script that a person calls by hand. */
import { RISK_LIMITS } from "../../config/risk-limits.js";
import type { ResolvedConfig } from "../../config/schema.js";
import { type ArgumentWithWords, argumentsWithWords } from "../../operations/argument-words.js";
import { OTHER_TYPES } from "../../operations/exported-keys.js";
import { INSTANCE_WINDOW } from "../../operations/heartbeat.js";
import type { AnyOperation } from "../../operations/operation.js";
import { dayStartOf } from "../../state/day.js";
import { SCHEMA_VERSION } from "../../state/flow-state.js";
import { TRADE_MEMORY } from "../../state/memory.js";
import { UsageError } from "../exit-code.js";

/**
 * Every argument in order: the given value (`name=value`); otherwise what a bot of this configuration would send; otherwise empty, if the script accepts
 * that. Throws a UsageError that names what is missing or unknown.
 */
export function argumentsOf(operation: AnyOperation, given: readonly string[], config: ResolvedConfig): string[] {
  const values = new Map(given.map(splitPair));
  const defaults = defaultsOf(config);
  const described = argumentsWithWords(operation);
  const argv: string[] = [];
  const missing: ArgumentWithWords[] = [];
  for (const argument of described) {
    const { name } = argument;
    const value = values.get(name) ?? defaults[name] ?? (isOptional(argument) ? "" : undefined);
    if (name === operation.rest?.name)
      argv.push(...(operation.rest.mayBeNone ? (values.get(name)?.split(",") ?? []) : takePairs(values)));
    else if (value === undefined) missing.push(argument);
    else argv.push(value);
    values.delete(name);
  }
  const [unknown] = values.keys();
  const names = described.map(({ name }) => name).join(", ");
  if (unknown !== undefined) throw new UsageError(`${operation.name} has no argument ${unknown}; it has ${names}`);
  if (missing.length > 0) {
    throw new UsageError(`${operation.name} also needs ${missing.map(shown).join(", ")}`);
  }
  return argv;
}

/** Whether it may be left empty. */
function isOptional({ words }: ArgumentWithWords): boolean {
  return words.includes('"" =');
}

function shown({ name, words }: ArgumentWithWords): string {
  return `${name}=...${words === "" ? "" : ` (${words})`}`;
}

function splitPair(pair: string): [string, string] {
  const at = pair.indexOf("=");
  if (at < 1) throw new UsageError(`expected name=value, such as pair=BTC/USDT, got ${JSON.stringify(pair)}`);
  return [pair.slice(0, at), pair.slice(at + 1)];
}

/** Takes the risk limits out of the values: the only kind of pairs. */
function takePairs(values: Map<string, string>): string[] {
  const pairs: string[] = [];
  for (const name of RISK_LIMITS) {
    const limit = values.get(name);
    if (limit !== undefined) pairs.push(name, limit);
    values.delete(name);
  }
  if (pairs.length === 0)
    throw new UsageError(`give at least one limit, such as max_daily_loss=300; ${RISK_LIMITS.join(", ")}`);
  return pairs;
}

/** The values that a bot sends by default, by the name of the argument. */
function defaultsOf({ risk, signals, events }: ResolvedConfig): Readonly<Record<string, string>> {
  return {
    instance: "redis-cli",
    max_events: String(events.max_length),
    day_start: String(dayStartOf(risk.day_start)),
    breaker_duration: String(risk.breaker_duration),
    dedup_window: String(signals.dedup_window),
    max_ids: String(signals.max_ids),
    trade_window: String(TRADE_MEMORY.window),
    max_trades: String(TRADE_MEMORY.max),
    cash_window: String(TRADE_MEMORY.window),
    max_cash: String(TRADE_MEMORY.max),
    transfer_window: String(TRADE_MEMORY.window),
    max_transfers: String(TRADE_MEMORY.max),
    fill_window: String(TRADE_MEMORY.window),
    max_fills: String(TRADE_MEMORY.max),
    instance_window: String(INSTANCE_WINDOW),
    client: "",
    schema: String(SCHEMA_VERSION),
    order_type: "limit",
    filled: "0",
    fee: "0",
    done: "0",
    how: "call",
    derived: "0",
    opposite_side: risk.opposite_side,
    replace: "0",
    release_signal: "0",
    limit: "100",
    days: "30",
    types: OTHER_TYPES,
    most: "",
  };
}
