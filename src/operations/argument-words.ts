import { argumentNames } from "./arguments.js";
import { type AnyOperation, COMMON_ARGV } from "./operation.js";

/** An argument of a script, with its units and special values. */
export interface ArgumentWithWords {
  readonly name: string;
  /** Empty if the name says everything. `"" = ...` means that the argument may be left empty. */
  readonly words: string;
}

/** The description of each argument in the heads of scripts, by name. An operation that uses a name differently has words of its own. */
export const ARGUMENT_WORDS: Readonly<Record<string, string>> = {
  call: 'slot:number of the call; "" = never repeated',
  clock: 'ms; "" = server TIME',
  epoch: 'the epoch the caller knows; "" = any',
  instance: "who asks",
  lease: 'token the caller acts under; "" = none',
  max_events: "events kept; 0 = none",
  proof: 'slot:number of the newest answer that the caller has, :n after it = in KEYS[n]; "" = none',

  amount: "change of the account: below 0 = paid",
  after: 'event id; "" = from the oldest kept',
  breaker_duration: 'ms, "until_day_end" or "until_reset"',
  cash_window: "ms for which a cash id is remembered",
  cooldown: 'ms for the pair, now and once the position is flat; "" = none',
  client: 'JSON: version and schema of the caller\'s package; "" = not given',
  created_at: 'ms; "" = now',
  currency: `currency of the amount; "" = the flow's`,
  day_start: "start of the trading day, ms after midnight UTC",
  days: "how many days, the newest",
  dedup_window: "ms for which a signal is remembered",
  derived: "1 = order_id was derived from the signal; if it is taken, another id is derived from it",
  done: "1 = the order is over at the exchange",
  duration: "ms",
  entry_price: "quote currency",
  entry_ts: 'ms; "" = now',
  equity: 'flow currency; "" = unknown',
  fee: "settle currency of the pair",
  fill_id: "the exchange's id of the execution",
  fill_window: "ms for which a fill id is remembered",
  filled: "base currency",
  fills: `JSON array of "order id|fill id"; % and | in the order's id are escaped as %25 and %7C`,
  ids: "JSON array of order ids",
  instance_window: "ms after which a silent instance is forgotten",
  held_until: 'ms: refused while it is held for longer than this; "" = whoever holds it',
  intent: "entry or exit",
  kind: "funding, fee, interest, rebate, settlement or correction",
  limit: "how many at most",
  limits: "pairs from here on: limit, number; an empty number removes the limit",
  order_ids: "JSON array: for each fill, the id of its order",
  max_cash: "how many cash ids are remembered",
  max_fills: "how many fill ids are remembered",
  max_ids: "how many signals are remembered",
  max_trades: "how many trade ids are remembered",
  max_transfers: "how many transfer ids are remembered",
  most: 'with more entries than this, the reply has only their number; "" = always all of them',
  metadata: 'JSON object; "" = none',
  note: '"" = none',
  order_id: "client order id",
  opposite_side: "refuse = no entry against a position, or an entry, of the other side of its pair; allow",
  order_type: "limit, market, ...",
  pnl: "decimal, in currency",
  overfill: "1 = an entry may be filled by more than its size",
  position_id: '"" = none',
  price: "quote currency",
  rate: 'flow currency per unit of the settle currency, or of currency; "" = none',
  reads: "how many readings in a row have shown it",
  reason: '"" = none',
  release_signal: "1 = the signal may be acted on again",
  replace: "1 = a running one may become shorter",
  same_currency: "currencies that count as the flow's, separated by spaces",
  schema: "schema that the caller writes",
  seen: "JSON array of [instance, ms of its last heartbeat as the caller knows it]",
  side: "long or short",
  signal_id: "1 to 256 bytes",
  since:
    'one for each of KEYS[2] and on. zset: from this score; stream: after this id; hash "n score": the fields that KEYS[n] ranks from the score on, " m score" after it: also those that begin members of KEYS[m], up to a |, escaped as %25 and %7C; "" or missing = all',
  size: "base currency",
  sl: 'quote currency; "" = none',
  status: "intent, submitted, open, partially_filled, unknown, filled, ...",
  tp: 'quote currency; "" = none',
  trade_id: '"" = none',
  trade_window: "ms for which a trade id is remembered",
  transfer_window: "ms for which a transfer id is remembered",
  ts: 'ms of the trade; "" = now',
  ttl: "ms from now",
  types: "types of KEYS[2] and on, in order, separated by spaces: hash, zset, string or stream",
  version: 'the version seen; "" = any',
};

/** Every argument of the operation's script, in order, with its words. */
export function argumentsWithWords(operation: AnyOperation): ArgumentWithWords[] {
  const names = [...COMMON_ARGV[operation.kind], ...argumentNames(operation)];
  return names.map((name) => ({ name, words: operation.words?.[name] ?? ARGUMENT_WORDS[name] ?? "" }));
}
