/** What one exchange says and hears: its REST format, for a venue that stands behind it. */
import type { Exchange as Client } from "ccxt";
import type { Asked, Reaction } from "../ccxt/exchange-server.js";
import type { MarketKind, PositionSide, Venue, VenueMarket } from "./venue.js";

export interface Wire {
  /** ccxt's class: `binanceusdm`. */
  readonly exchange: string;
  /**
   * The markets that the suite trades, by kind: of contracts two pairs, at least one with a contract size that is not 1 where the exchange has such;
   * of inverse ones one. A kind that is absent is not traded there, or not proven.
   */
  readonly markets: { readonly [kind in MarketKind]?: readonly VenueMarket[] };
  /** Whether accounts can hold a long and a short of a pair; or the kinds of which they can. */
  readonly hedges: boolean | readonly MarketKind[];
  /** Fields of a request that closes that side in hedge mode, by its documents; where it hedges. */
  readonly closesInHedge?: (side: PositionSide) => Readonly<Record<string, string>>;
  /** Default: it refuses a client id while it knows any order of it. `open`: only while such an order is open. `never`: it does not say that it does. `answers`: it answers the first order. */
  readonly refusesIds?: "open" | "never" | "answers";
  /** False where it does not tell at which price an order was filled; its fills do. */
  readonly tellsAverages?: false;
  /** Where the exchange documents this format: pages, ccxt's static answers and requests. */
  readonly sources: readonly string[];
  /** Options and markets beyond what every client gets (`wire-client.ts`), with the markets as ccxt would load them. */
  readonly clientOptions?: Readonly<Record<string, unknown>>;
  /** The raw market that ccxt keeps as `info`, where the class reads it. */
  readonly infoOf?: (market: VenueMarket) => Readonly<Record<string, unknown>>;
  /** Changes the made client, where the class needs more than options. */
  readonly settle?: (client: Client) => void;
  /**
   * Answers one request as the exchange would, reading and changing the venue. What the exchange would not know is a 404 of the test's own
   * (`{ text: "no route ...", status: 404 }`): the suite fails on it.
   */
  readonly answer: (asked: Asked, venue: Venue) => Reaction;
  /** What the exchange answers when it is asked too often. */
  readonly tooMany: Reaction;
  /** An answer in the exchange's frame that lacks the data. */
  readonly withoutData: Reaction;
  /** Whether fees can be taken in a third currency (BNB); default true. */
  readonly feesInThird?: boolean;
  /** Whether a spot fee in the base coin is told in that coin; default true. */
  readonly feesInBase?: boolean;
  /** Whether the wire speaks of stops, though the dialect sends none: its owner's own, sent by hand. */
  readonly tellsStops?: true;
  /** Whether its history of executions has liquidations and deleveragings; a dialect of one that has not says so in `limitations`. */
  readonly tellsLiquidations: boolean;
}

export function hedgesIn({ hedges }: Wire, kind: MarketKind): boolean {
  return typeof hedges === "boolean" ? hedges : hedges.includes(kind);
}
