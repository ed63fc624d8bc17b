/** The content of each key of a flow, and the table of the state that it stores. */
import { formatMoney } from "../exact/money.js";
import type { FlowState } from "../state/flow-state.js";
import { POSITION_SIDES } from "../words/word-lists.js";
import type { Entry, StoredKey } from "./flow-layout.js";
import { byFirst, type KeyType } from "./table-forms.js";
import { FORMS, TABLE_NAMES, type TableName } from "./tables.js";

export interface KeyLayout {
  readonly key: StoredKey;
  readonly type: KeyType;
  /** What Redis would hold of this state, in the order in which Redis returns it (for a hash: by field). */
  render(state: FlowState): Entry[];
  /** Puts entries into a state that has none of them. Throws a TypeError for an entry that cannot be read. */
  parse(state: FlowState, entries: readonly Entry[]): void;
}

function layoutOfTable<Name extends TableName>(name: Name): KeyLayout {
  const form = FORMS[name];
  return {
    key: form.key,
    type: form.type,
    render: (state) => form.render(state[name]),
    parse: (state, entries) => form.parse(state[name], entries),
  };
}

/** Keys that are derived from other keys: they are rendered from those, and never read. */
export const DERIVED: Readonly<Partial<Record<StoredKey, KeyLayout>>> = {
  "risk:exposure": {
    key: "risk:exposure",
    type: "hash",
    render: ({ exposure }) => {
      const sums: Entry[] = [];
      if (exposure.notional !== 0n) sums.push(["notional", formatMoney(exposure.notional)]);
      for (const side of POSITION_SIDES) {
        for (const [pair, slots] of exposure.slotsOf[side]) sums.push([`${side}:${pair}`, String(slots)]);
        for (const [pair, orders] of exposure.slotlessOf[side]) sums.push([`slotless:${side}:${pair}`, String(orders)]);
      }
      if (exposure.slots !== 0) sums.push(["slots", String(exposure.slots)]);
      return sums.sort(byFirst);
    },
    parse() {},
  },
  "orders:by_position": {
    key: "orders:by_position",
    type: "zset",
    render: ({ ordersByPosition }) => ordersByPosition.members().map((member) => [member, "0"]),
    parse() {},
  },
};

/** Every key of a flow, in the order in which they are exported and written. */
export const KEY_LAYOUTS: readonly KeyLayout[] = [
  ...TABLE_NAMES.map((name) => layoutOfTable(name)),
  ...Object.values(DERIVED),
];
