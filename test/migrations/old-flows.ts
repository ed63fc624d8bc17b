/** The schemas before this version's: what a flow of each holds, and the library that made it. */
import type { OpenedBy, StateManager } from "../../src/index.js";
import type { StoredKey } from "../../src/layout/flow-layout.js";
import { NOTHING_TOLD, type Told } from "../../src/migrations/migration.js";
import * as first from "./1/fill.js";
import * as second from "./2/fill.js";
import * as third from "./3/fill.js";

/** Fields of JSON records that a migration changes, by key and name of the record; undefined where it takes one away. */
export type Changes = Readonly<Partial<Record<StoredKey, Readonly<Record<string, object>>>>>;

export interface OldFlow {
  /** When the stored flow was made, by the flow's clock, ms. */
  readonly now: number;
  /** What the flow in Redis holds, and a clean file. */
  fill(manager: StateManager): Promise<void>;
  /** What a bot did after that, before it died: it is in a crashed file, too. */
  goOn(manager: StateManager): Promise<void>;
  /** Who opened each position, after `fill` and after `goOn`. */
  readonly opened: Readonly<Record<"clean" | "crashed", Readonly<Record<string, OpenedBy>>>>;
  /** What the operator has to say. */
  readonly told: Told;
  /** What becomes of records beyond fields that later schemas brought. */
  readonly changes: Readonly<Record<"clean" | "crashed", Changes>>;
  /** What the operator is told of a clean flow. */
  readonly notes: readonly string[];
  /** What heartbeats of its bots tell. */
  readonly version: string | undefined;
  /** The library as it was; its types are a part of today's. */
  library(): Promise<{ readonly StateManager: typeof StateManager }>;
}

export const OLD_SCHEMAS = [1, 2, 3] as const;
export type OldSchema = (typeof OLD_SCHEMAS)[number];

const ALL_IN_USDT = {
  told: NOTHING_TOLD,
  changes: { clean: {}, crashed: {} },
};

function notesOn(opened: Readonly<Record<string, OpenedBy>>): string[] {
  const by = Object.values(opened);
  const [fills, saved] = [by.filter((each) => each === "fills").length, by.filter((each) => each === "saved").length];
  return [
    `positions taken as opened by fills, since a fill was booked on them: ${fills}; as merely saved: ${saved}`,
    "PnL, limits, exposure and equity are counted in USDT",
  ];
}

export const OLD_FLOWS: Readonly<Record<OldSchema, OldFlow>> = {
  1: {
    ...ALL_IN_USDT,
    now: first.NOON,
    fill: first.fill,
    goOn: first.goOn,
    opened: { clean: first.OPENED, crashed: first.OPENED_AFTER },
    notes: notesOn(first.OPENED),
    version: undefined,
    library: () => import("./1/signalflow-state.mjs"),
  },
  2: {
    ...ALL_IN_USDT,
    now: second.NOON,
    fill: second.fill,
    goOn: second.goOn,
    opened: { clean: second.OPENED, crashed: second.OPENED_AFTER },
    notes: notesOn(second.OPENED),
    version: "0.1.0",
    library: () => import("./2/signalflow-state.mjs"),
  },
  3: {
    now: third.NOON,
    fill: third.fill,
    goOn: third.goOn,
    opened: { clean: third.OPENED, crashed: third.OPENED_AFTER },
    told: new Map(Object.entries(third.TOLD)),
    changes: { clean: third.COUNTED, crashed: third.COUNTED_AFTER },
    notes: third.NOTES,
    version: "0.2.0",
    library: () => import("./3/signalflow-state.mjs"),
  },
};

/** The options of `sf-state migrate` that say it. */
export function optionsOf(told: Told): string[] {
  return [...told].flatMap(([name, values]) => values.flatMap((value) => [`--${name}`, value]));
}

export function oldSchemaOf(told: string): OldSchema {
  const schema = OLD_SCHEMAS.find((each) => String(each) === told);
  if (schema === undefined) throw new Error(`SCHEMA: expected one of ${OLD_SCHEMAS.join(", ")}, got "${told}"`);
  return schema;
}
