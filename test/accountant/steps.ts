/** What is told to the accountant: calls named as the manager's, with the manager's arguments; times in ms. */

export type Side = "long" | "short";
export type OrderSide = "buy" | "sell";

export interface Fee {
  readonly amount: number;
  readonly currency: string;
  readonly rate?: number;
}

export interface Limits {
  readonly max_daily_loss?: number | null;
  readonly max_daily_trades?: number | null;
  readonly max_consecutive_losses?: number | null;
  readonly max_drawdown?: number | null;
  readonly max_open_positions?: number | null;
  readonly max_positions_per_pair?: number | null;
  readonly max_exposure?: number | null;
}

/** `risk` is as in the configuration; `breaker_duration` in ms. */
export interface Setup {
  readonly at: number;
  readonly risk?: Limits & {
    readonly currency?: string;
    readonly same_currency?: readonly string[];
    readonly starting_equity?: number;
    readonly opposite_side?: "allow" | "refuse";
    readonly breaker_duration?: number | "until_day_end" | "until_reset";
    readonly day_start?: string;
  };
}

export interface PositionIn {
  readonly id: string;
  readonly pair: string;
  readonly side: Side;
  readonly size: number;
  readonly entryPrice: number;
  readonly entryTs?: number;
  readonly cooldown?: number;
  readonly rate?: number;
}

export interface PositionPatchIn {
  readonly size?: number;
  readonly entryPrice?: number;
  readonly rate?: number;
}

export type Status =
  | "intent"
  | "submitted"
  | "open"
  | "partially_filled"
  | "filled"
  | "cancelled"
  | "rejected"
  | "unknown";

export interface OrderIn {
  readonly id: string;
  readonly pair: string;
  readonly side: OrderSide;
  readonly size: number;
  readonly price?: number | null;
  readonly status?: Status;
  readonly createdAt?: number;
  readonly filled?: number;
  readonly intent?: "entry" | "exit";
  readonly positionId?: string;
  readonly signalId?: string;
  readonly cooldown?: number;
  readonly reason?: string;
  readonly rate?: number;
}

export interface OrderPatchIn {
  readonly size?: number;
  readonly price?: number;
  readonly status?: Status;
  readonly reason?: string;
  readonly rate?: number;
}

export interface AdmissionIn {
  readonly signalId: string;
  readonly orderId: string;
  readonly pair: string;
  readonly side: Side;
  readonly size: number;
  readonly price: number;
  readonly positionId?: string;
  readonly flip?: string;
  readonly rate?: number;
  readonly reason?: string;
  readonly cooldown?: number;
}

export interface FillIn {
  readonly fillId: string;
  readonly price: number;
  readonly size: number;
  readonly fee?: number | Fee | readonly Fee[];
  readonly rate?: number;
  readonly ts?: number;
  readonly done?: boolean;
  readonly dust?: number;
  readonly overfill?: boolean;
}

export interface CloseIn {
  readonly pnl: number;
  readonly equity?: number;
  readonly cooldown?: number;
  readonly reason?: string;
  readonly ts?: number;
  readonly rate?: number;
  readonly currency?: string;
  readonly dust?: number;
}

export interface PnlIn {
  readonly tradeId?: string;
  readonly equity?: number;
  readonly ts?: number;
  readonly rate?: number;
  readonly currency?: string;
}

export type CashKind = "funding" | "fee" | "interest" | "rebate" | "settlement" | "correction";

export interface CashIn {
  readonly id: string;
  readonly kind: CashKind;
  readonly pair?: string;
  readonly positionId?: string;
  readonly currency?: string;
  readonly rate?: number;
  readonly ts?: number;
}

export interface TransferIn {
  readonly id: string;
  readonly currency?: string;
  readonly rate?: number;
  readonly ts?: number;
}

/** The calls and their arguments. `clock` is no call of the manager: it sets the clock to a time. */
export interface Calls {
  clock: [at: number];
  savePosition: [position: PositionIn];
  updatePosition: [id: string, patch: PositionPatchIn];
  removePosition: [id: string, how?: { readonly untold: boolean }];
  closePosition: [id: string, close: CloseIn];
  saveOrder: [order: OrderIn];
  updateOrder: [id: string, patch: OrderPatchIn];
  removeOrder: [id: string];
  cancelOrder: [id: string, options?: { readonly releaseSignal?: boolean; readonly dust?: number }];
  admit: [request: AdmissionIn];
  recordFill: [orderId: string, fill: FillIn];
  updateDailyPnl: [pnl: number, options?: PnlIn];
  bookCash: [amount: number, cash: CashIn];
  recordTransfer: [amount: number, transfer: TransferIn];
  updateEquity: [equity: number];
  setRiskLimits: [limits: Limits];
  triggerCircuitBreaker: [reason: string, duration?: number | "until_day_end" | "until_reset"];
  resetCircuitBreaker: [];
}

export type Step = { [Name in keyof Calls]: { readonly call: Name; readonly args: Calls[Name] } }[keyof Calls];

/** A step, with its arguments checked against its name. */
export function step<Name extends keyof Calls>(call: Name, ...args: Calls[Name]): { call: Name; args: Calls[Name] } {
  return { call, args };
}
