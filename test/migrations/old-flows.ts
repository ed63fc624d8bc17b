/** The schemas before this version's: what a flow of each holds, and the library that made it. */
import type { OpenedBy, StateManager } from "../../src/index.js";
import * as first from "./1/fill.js";
import * as second from "./2/fill.js";
import * as third from "./3/fill.js";

export interface OldFlow {
  /** When the stored flow was made, by the flow's clock, ms. */
  readonly now: number;
  /** What the flow in Redis holds, and a clean file. */
  fill(manager: StateManager): Promise<void>;
  /** What a bot did after that, before it died: it is in a crashed file, too. */
  goOn(manager: StateManager): Promise<void>;
  /** Who opened each position, after `fill` and after `goOn`. */
  readonly opened: Readonly<Record<"clean" | "crashed", Readonly<Record<string, OpenedBy>>>>;
  /** The library as it was; its types are a part of today's. */
  library(): Promise<{ readonly StateManager: typeof StateManager }>;
}

export const OLD_SCHEMAS = [1, 2, 3] as const;
export type OldSchema = (typeof OLD_SCHEMAS)[number];

export const OLD_FLOWS: Readonly<Record<OldSchema, OldFlow>> = {
  1: {
    now: first.NOON,
    fill: first.fill,
    goOn: first.goOn,
    opened: { clean: first.OPENED, crashed: first.OPENED_AFTER },
    library: () => import("./1/signalflow-state.mjs"),
  },
  2: {
    now: second.NOON,
    fill: second.fill,
    goOn: second.goOn,
    opened: { clean: second.OPENED, crashed: second.OPENED_AFTER },
    library: () => import("./2/signalflow-state.mjs"),
  },
  3: {
    now: third.NOON,
    fill: third.fill,
    goOn: third.goOn,
    opened: { clean: third.OPENED, crashed: third.OPENED_AFTER },
    library: () => import("./3/signalflow-state.mjs"),
  },
};

export function oldSchemaOf(told: string): OldSchema {
  const schema = OLD_SCHEMAS.find((each) => String(each) === told);
  if (schema === undefined) throw new Error(`SCHEMA: expected one of ${OLD_SCHEMAS.join(", ")}, got "${told}"`);
  return schema;
}
