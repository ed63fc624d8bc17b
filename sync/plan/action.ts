/** What a recovery does, one step each; carrying it out twice does it once. */
import type { Fee, OrderStatus, PositionSide } from "../../src/types.js";

interface ActionBase {
  /** What it is, and of what: equal for the same step of a later plan, whatever became of sizes and prices in between. */
  readonly key: string;
  readonly pair: string;
  /** What it rests on, in words. */
  readonly evidence: readonly string[];
  /** Why a person has to approve it first; absent where nobody has to. */
  readonly needsPerson?: string;
}

/** A fill as it is booked: `size` as it was executed, gross; a fee is in quote currency, or names its own. */
export interface BookedFill {
  readonly fillId: string;
  readonly price: number;
  readonly size: number;
  readonly fee: number | readonly Fee[];
  /** Flow currency per unit of what the pair settles in, where that is another currency. */
  readonly rate?: number;
  /** Absent where the exchange does not tell it: booked as of the moment at which it is carried out. */
  readonly ts?: Date;
  /** The order is over with this fill. */
  readonly done: boolean;
  /** The exchange's own order says that more than the size of the entry was filled. */
  readonly overfill?: true;
}

/** What an order asks for; `price` is null for a market order. */
export interface OrderTerms {
  readonly size: number;
  readonly price: number | null;
}

export type Action = ActionBase &
  /** `from`: how far the order is booked before. */
  (
    | { readonly type: "record_fill"; readonly orderId: string; readonly from: number; readonly fill: BookedFill }
    /** Books a fill that no order of the flow made: a stop that it does not know, a liquidation, a hand at the exchange. */
    | {
        readonly type: "book_external_fill";
        readonly positionId: string;
        /** Of the order in state that stands for all of them. */
        readonly orderId: string;
        readonly side: PositionSide;
        readonly fill: BookedFill;
      }
    | { readonly type: "set_order_status"; readonly orderId: string; readonly status: OrderStatus }
    /** The exchange has the order with another size or price: somebody changed it there. */
    | { readonly type: "amend_order"; readonly orderId: string; readonly from: OrderTerms; readonly to: OrderTerms }
    | {
        readonly type: "end_order";
        readonly orderId: string;
        readonly as: "filled" | "cancelled" | "rejected";
        readonly why: string;
      }
    /** An order that the exchange must not go on with. */
    | { readonly type: "cancel_order"; readonly clientOrderId: string; readonly why: string }
    /** Gone without a fill that says how: it ends untold, its result is not known. */
    | { readonly type: "close_external"; readonly positionId: string; readonly size: number; readonly version: number }
    /** Smaller without a fill that says how. */
    | {
        readonly type: "reduce_external";
        readonly positionId: string;
        readonly from: number;
        readonly size: number;
        readonly version: number;
      }
    | { readonly type: "remove_dust"; readonly positionId: string; readonly size: number; readonly version: number }
    /** Flattens a tracked position with a reduce-only order; its fills are booked when the exchange tells them. */
    | {
        readonly type: "close_position";
        readonly positionId: string;
        readonly side: PositionSide;
        readonly size: number;
      }
    /** Sends an order of an earlier try again, under the same client order id: it is proven that the exchange has not taken it, or a person says so. */
    | { readonly type: "resubmit_close"; readonly orderId: string; readonly positionId: string }
    /** `tracked`: what the flow holds of the pair and side. */
    | {
        readonly type: "close_orphan";
        readonly side: PositionSide;
        readonly size: number;
        readonly tracked: number;
        /** What others have in it, beyond what the flows of the account hold: it stays. Of a pair that is netted signed, above zero for longs. */
        readonly beside: number;
        /** Client order ids of stops that guard it, and go first. */
        readonly stops: readonly string[];
      }
    | {
        readonly type: "adopt_orphan";
        readonly side: PositionSide;
        readonly size: number;
        /** What the flow holds of the pair and side already. */
        readonly tracked: number;
        readonly entryPrice: number;
        readonly entryTs: Date | undefined;
        /** Flow currency per unit of what the pair settles in, where that is another currency. */
        readonly rate?: number;
      }
    /** A person has to say what becomes of it. */
    | { readonly type: "leave_orphan"; readonly side: PositionSide; readonly size: number }
    /** So much of a tracked position that no order can close, or that may be another's: a person has to say what becomes of it. */
    | {
        readonly type: "leave_position";
        readonly positionId: string;
        readonly side: PositionSide;
        readonly size: number;
      }
    | { readonly type: "trip_breaker"; readonly why: string }
  );

export type ActionType = Action["type"];

/** What cannot be settled yet: the recovery looks again, and goes on without it in the end. */
export interface Waiting {
  readonly pair: string;
  readonly subject: string;
  readonly why: string;
  /** Entries need not wait for it: what it may become is reserved. */
  readonly harmless: boolean;
}

/** What is on the account and not the flow's: listed, never touched. */
export interface Foreign {
  readonly kind: "position" | "order";
  readonly pair: string;
  readonly what: string;
}
