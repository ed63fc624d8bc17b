/** The actions of a recovery, one step each. An action that is carried out twice has the effect of one. */
import type { Fee, OrderStatus, PositionSide } from "../../src/types.js";

interface ActionBase {
  /** Type and subject of the action. The same step of a later plan has the same key, even if sizes and prices have changed. */
  readonly key: string;
  readonly pair: string;
  /** The facts that the action rests on, in words. */
  readonly evidence: readonly string[];
  /** Why a person has to approve the action first; absent where nobody has to. */
  readonly needsPerson?: string;
}

/** A fill to be booked. `size` is the executed size, before fees. A fee is in quote currency unless it names its own. */
export interface BookedFill {
  readonly fillId: string;
  readonly price: number;
  readonly size: number;
  readonly fee: number | readonly Fee[];
  /** Flow currency per unit of what the pair settles in, where that is another currency. */
  readonly rate?: number;
  /** Absent where the exchange does not tell the time: the fill is booked as of the moment at which the action is carried out. */
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
  /** `from`: how much of the order is booked before this fill. */
  (
    | { readonly type: "record_fill"; readonly orderId: string; readonly from: number; readonly fill: BookedFill }
    /** Books a fill that no order of the flow made: a stop that it does not know, a liquidation, a hand at the exchange. */
    | {
        readonly type: "book_external_fill";
        readonly positionId: string;
        /** The order in state that stands for all such fills. */
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
    /** The exchange must not go on with this order. */
    | { readonly type: "cancel_order"; readonly clientOrderId: string; readonly why: string }
    /** The position is gone, and no fill says how: it ends untold, its result is not known. */
    | { readonly type: "close_external"; readonly positionId: string; readonly size: number; readonly version: number }
    /** The position is smaller, and no fill says how. */
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
    /** Sends an order of an earlier try again, under the same client order id. It is proven that the exchange never took it, or a person says so. */
    | { readonly type: "resubmit_close"; readonly orderId: string; readonly positionId: string }
    /** `tracked`: what the flow holds of the pair and side. */
    | {
        readonly type: "close_orphan";
        readonly side: PositionSide;
        readonly size: number;
        readonly tracked: number;
        /**
         * The part of the position that belongs to others, beyond what the account's flows hold: it stays. In a netted pair signed: above zero for longs.
         */
        readonly beside: number;
        /** Client order ids of the stops that guard the position. They are cancelled first. */
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
    /** A person has to decide what becomes of the orphan. */
    | { readonly type: "leave_orphan"; readonly side: PositionSide; readonly size: number }
    /** A part of a tracked position that no order can close, or that may be another's. A person has to decide what becomes of it. */
    | {
        readonly type: "leave_position";
        readonly positionId: string;
        readonly side: PositionSide;
        readonly size: number;
      }
    | { readonly type: "trip_breaker"; readonly why: string }
  );

export type ActionType = Action["type"];

/** Something that cannot be settled yet. The recovery looks again, and in the end goes on without it. */
export interface Waiting {
  readonly pair: string;
  readonly subject: string;
  readonly why: string;
  /** Entries need not wait: slot and exposure for every outcome are reserved already. */
  readonly harmless: boolean;
}

/** A position or order on the account that is not the flow's: listed, never touched. */
export interface Foreign {
  readonly kind: "position" | "order";
  readonly pair: string;
  readonly what: string;
}
