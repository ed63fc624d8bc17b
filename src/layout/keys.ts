/** The Redis keys of a flow: `sf:{flow_id}:` and one of these, with its type and its content. */
import { madeOf } from "../records/field.js";
import type { KeyType } from "./table-forms.js";
import { type KeyOfTable, TABLES } from "./tables.js";

/** Keys that store no table of the state. */
const OTHERS = {
  "execution:call": { type: "hash", words: "slot -> the answer to its last call, in the caller's session" },
  "orders:by_position": { type: "zset", words: "position id|id of a pending order that names it -> 0" },
  "risk:exposure": {
    type: "hash",
    words:
      "notional, slots, long:<pair> and short:<pair> -> slots, slotless:long|short:<pair> -> entries of a position",
  },
  "account:risk": {
    type: "hash",
    words:
      "of the account that the flow is in: epoch, settings, limits, breaker, day, daily_pnl, equity, peak; notional, slots, slots:<pair>, and under <flow id>| each flow's part",
  },
  "account:events": { type: "stream", words: "of that account: its breaker, limits, flows" },
} as const satisfies Record<string, KeyDescription>;

export type KeyName = KeyOfTable | keyof typeof OTHERS;

interface KeyDescription {
  readonly type: KeyType;
  readonly words: string;
}

const described = new Map<string, KeyDescription>([
  ...Object.values(TABLES).map(({ key, type, words }): [string, KeyDescription] => [key, { type, words }]),
  ...Object.entries(OTHERS),
]);

export const KEYS = madeOf<Readonly<Record<KeyName, KeyDescription>>>([...described.keys()], (key) =>
  described.get(key),
);
