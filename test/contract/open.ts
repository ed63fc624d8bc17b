import type { suite } from "uvu";
import type { Config, Logger, MemoryAccounts, StateManager } from "../../src/index.js";

/** What a test may say about the manager it opens; by default a flow of its own, the real clock, a name made up. */
export interface OpenOptions {
  readonly clock?: () => number;
  readonly instanceId?: string;
  readonly flowId?: string;
  readonly existing?: boolean;
  readonly logger?: Logger;
  readonly accounts?: MemoryAccounts;
}

/** Resolves to a connected manager. */
export type Open = (config?: Config, options?: OpenOptions) => Promise<StateManager>;

/** Where backends may differ. */
export interface Traits {
  /** A flow outlives its manager: another one, opened after the first was closed, finds it. */
  readonly durable: boolean;
  /** How many of so many random examples are played: each has a flow of its own, and a new file takes its time. */
  readonly runs: (count: number) => number;
}

export type Test = ReturnType<typeof suite>;

/** Adds the tests of one part of the contract. */
export type Theme = (test: Test, open: Open, traits: Traits) => void;
