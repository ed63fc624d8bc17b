/** The Redis keys of a flow: `sf:{flow_id}:` and one of these, what type it has and what stands there. */
export const KEYS = {
  "flow:meta": {
    type: "hash",
    words:
      "epoch, schema, created_at ms; recovering, why entries wait; was, the epoch before a move; importing, migrating, while an import into a new flow or a migration is unfinished",
  },
  "execution:call": { type: "hash", words: "slot -> the answer to its last call, in the caller's session" },
  "execution:heartbeat": { type: "string", words: "ms" },
  "execution:instances": { type: "zset", words: "instance -> ms of its last heartbeat" },
  "execution:versions": { type: "hash", words: "instance -> JSON: version and schema of its package" },
  "execution:lease": { type: "hash", words: "who may change the flow: token, holder, until ms" },
  "events:log": { type: "stream", words: "every change" },
  "positions:open": { type: "hash", words: "id -> JSON" },
  "orders:pending": { type: "hash", words: "id -> JSON" },
  "orders:closed": { type: "hash", words: "id -> JSON, the newest 10,000 of seven days" },
  "orders:closed_at": { type: "zset", words: "id -> ms it was closed" },
  "orders:fills": { type: "zset", words: "order id|fill id -> ms it was booked" },
  "risk:daily": { type: "hash", words: "day, daily_pnl, daily_trades, streak, equity, peak, drawdown" },
  "risk:circuit_breaker": { type: "hash", words: "reason, source, tripped_at, until" },
  "risk:limits": { type: "hash", words: "limit -> number" },
  "risk:history": { type: "hash", words: "day -> JSON" },
  "risk:trades": { type: "zset", words: "booked trade id -> ms" },
  "risk:exposure": { type: "hash", words: "notional, slots, pair:<pair> -> slots" },
  "signals:processed": { type: "zset", words: "id -> ms it was marked" },
  "signals:cooldowns": { type: "hash", words: "pair or pair|side -> expiry ms" },
  "signals:last": { type: "hash", words: "id, pair, ts" },
  "recovery:current": { type: "hash", words: "id, token, holder, until ms, begun_at ms" },
  "recovery:journal": { type: "hash", words: "what must be known if the recovery is resumed" },
} as const satisfies Record<string, KeyDescription>;

export type KeyName = keyof typeof KEYS;
export type KeyType = "hash" | "zset" | "string" | "stream";

interface KeyDescription {
  readonly type: KeyType;
  readonly words: string;
}
