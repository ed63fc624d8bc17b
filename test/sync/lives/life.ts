/** Random lives of two flows on one exchange account: plain values, so that they can be printed, lived again and made shorter. */
import type { Side } from "../../accountant/steps.js";

export type { Side };

export const FLOWS = ["a", "b"] as const;
export type FlowName = (typeof FLOWS)[number];

/** As the exchange calls them; bots leave out what follows the colon. */
export const PAIRS = ["BTC/USDT", "SOL/USDT:USDT"] as const;

/** What stays the same for a whole life. */
export interface Setting {
  readonly seed: number;
  readonly mode: "netting" | "hedge";
  /** Whether the second flow trades, too. */
  readonly flows: 1 | 2;
  /** Only with one flow. */
  readonly exclusive: boolean;
  /** `recovery.account`, on Redis. */
  readonly account: boolean;
  readonly recovery: "sync" | "close_all" | "manual";
  readonly orphans: "close" | "adopt" | "manual";
  readonly unexplained: "ask" | "close";
  readonly taker: number;
  readonly fills: "whole" | "partial";
  /** What bots call exits and stops: ids with the digest of their flow, or names of their own. */
  readonly ids: "digest" | "own";
  /** Whether fills say the client order id, and in hedge mode the side of the position. */
  readonly tellsIds: boolean;
  readonly tellsSides: boolean;
  /** Whether an order can be looked up by the exchange's own id. */
  readonly byId: boolean;
  /** How long orders that are over are found, ms; null: for good. `saysSo`: whether the exchange proves it. */
  readonly foundFor: number | null;
  readonly saysSo: boolean;
  /** Whether bots book fills under the exchange's names, or their own. */
  readonly fillNames: "exchange" | "own";
  /** Whether a bot enters against a position of its own that the exchange nets. */
  readonly bothSides: boolean;
  /** Whether exits may only reduce. */
  readonly reduceOnly: boolean;
  /** By how much the exchange's clock is ahead, ms. */
  readonly ahead: number;
}

/** `limit`: how far from the price; null: a market order. `dies`: at which of its calls' steps the bot dies; null: it does not. */
interface ByBot {
  readonly flow: FlowName;
  readonly dies: number | null;
}

interface Sending extends ByBot {
  readonly limit: number | null;
}

/** What a bot, the market, or somebody else does; `of` picks one of those there are. */
export type Deed =
  | { readonly do: "price"; readonly pair: number; readonly price: number }
  | ({ readonly do: "enter"; readonly pair: number; readonly side: Side; readonly size: number } & Sending)
  | ({ readonly do: "add"; readonly of: number; readonly size: number } & Sending)
  | ({ readonly do: "flip"; readonly of: number; readonly beyond: number } & Sending)
  | ({ readonly do: "exit"; readonly of: number; readonly part: number } & Sending)
  | ({ readonly do: "stop"; readonly of: number; readonly distance: number } & ByBot)
  | ({ readonly do: "cancel"; readonly of: number; readonly where: "state" | "exchange" | "both" } & ByBot)
  | ({ readonly do: "book"; readonly count: number } & ByBot)
  /** An order of the flow of which its state knows nothing; `marked`: by an id with the flow's digest, else by none at all. */
  | ({ readonly do: "secret entry"; readonly pair: number; readonly side: Side; readonly size: number } & ByBot)
  | ({ readonly do: "secret stop"; readonly of: number; readonly distance: number; readonly marked: boolean } & ByBot)
  | { readonly do: "fill"; readonly of: number; readonly part: number }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "liquidate"; readonly of: number }
  | {
      readonly do: "hand" | "stranger";
      readonly pair: number;
      readonly side: "buy" | "sell";
      readonly of: Side;
      readonly size: number;
    };

export const READS = ["fetchPositions", "fetchOpenOrders", "fetchOrder", "fetchFills"] as const;
export type Method = (typeof READS)[number] | "createOrder" | "cancelOrder";

/** `lost`: the request; `unanswered`: the reply. `empty`, `half` and `late` (as it was before the last change) are not true. */
export interface Fault {
  readonly method: Method;
  readonly kind: "lost" | "unanswered" | "empty" | "half" | "late";
  /** At which call of the method. */
  readonly call: number;
}

/** A flow is brought back, by as many tries as it takes. */
export interface Restart {
  readonly do: "restart";
  readonly flow: FlowName;
  readonly faults: readonly Fault[];
  /** At which step each try dies. */
  readonly deaths: readonly number[];
  /** What happens while it reads and acts: before so many calls of the exchange. */
  readonly meanwhile: readonly { readonly call: number; readonly deed: Deed }[];
  /** Whether the person approves what they are asked, or leaves it. */
  readonly approves: boolean;
}

export type LifeStep = Deed | Restart;

export interface Life {
  readonly setting: Setting;
  readonly steps: readonly LifeStep[];
}

export function plainPair(pair: string): string {
  return pair.split(":")[0] ?? pair;
}

export function exchangePair(pair: string): string {
  return PAIRS.find((name) => plainPair(name) === plainPair(pair)) ?? pair;
}

export function pairAt(index: number): string {
  return PAIRS[index % PAIRS.length] ?? PAIRS[0];
}

export function pick<T>(all: readonly T[], of: number): T | undefined {
  return all[of % all.length];
}
