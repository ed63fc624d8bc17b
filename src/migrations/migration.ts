/**
 * A migration: the step from one schema of the stored layout to the next. It is a pure function of a whole flow, on any backend. A field that is `since`
 * the next schema needs no step: a record without it reads as the declaration says.
 *
 * The next schema is 6, since 5 is what flows of schema 4 state while they are in an account. To add it: write `6.ts`; list it in `all.ts`; set
 * `SCHEMA_VERSION` to 6 in `state/flow-state.ts` and in `lua/shared/`; freeze how a DuckDB file of schema 4 is read (`files/4.ts` follows `tables.ts` until
 * then; `files/3.ts` shows a frozen one); keep stored flows of schema 4 in `test/migrations/4/`.
 */
import type { FlowLayout } from "../layout/flow-layout.js";

export interface Migration {
  /** The schema that it leads to, from the one before. */
  readonly to: number;
  /** What changes, in one line for the operator. */
  readonly summary: string;
  /** What the operator may have to decide: options of `sf-state migrate`. */
  readonly options: readonly MigrationOption[];
  /** The flow in the next schema. The schema's number itself is set by `walk`. */
  migrate(layout: FlowLayout, told: Told): Migrated;
}

/** `--rate <currency=number>`; it may be given more than once. */
export interface MigrationOption {
  readonly name: string;
  readonly value: string;
  readonly about: string;
}

/** What the operator said, by the name of the option. */
export type Told = ReadonlyMap<string, readonly string[]>;

export const NOTHING_TOLD: Told = new Map();

export interface Migrated {
  readonly layout: FlowLayout;
  /** Changes of this flow that somebody may want to know. */
  readonly notes: readonly string[];
  /** Obstacles, each with what to do about it. While there is one, nothing is changed. */
  readonly stops: readonly string[];
}
