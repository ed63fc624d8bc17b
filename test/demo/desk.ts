import { createHash } from "node:crypto";
import type { Position, StateManager } from "../../src/index.js";
import type { Exit } from "./fills.js";
import { type FlowClock, STARTING_EQUITY } from "./flow.js";
import type { BookedTrade } from "./flow-log.js";
import type { KillPoint } from "./kill-point.js";
import { moneyText, sumOf } from "./money.js";
import type { Proposal } from "./strategy.js";

/** A pair rests so long after an entry, and after an exit. */
const REST = "20m";
const EXIT_COOLDOWN = { "take profit": "10m", "stop loss": "45m" } as const;

/** What a call answered. `at` is the flow's clock. */
export type Deed =
  | { readonly did: "refused"; readonly at: number; readonly signalId: string; readonly reason: string }
  | { readonly did: "won"; readonly at: number; readonly signalId: string }
  | { readonly did: "opened"; readonly at: number; readonly id: string; readonly proposal: Proposal }
  | { readonly did: "closed"; readonly at: number; readonly id: string; readonly exit: Exit; readonly trip?: string };

/** A close as the event log tells it. */
export function bookedTrade({ at, id, exit, trip }: Extract<Deed, { did: "closed" }>, instance: string): BookedTrade {
  return { at, id, instance, pnl: exit.pnl.toFixed(8), ...(trip !== undefined && { trip }) };
}

export interface DeskOptions {
  readonly manager: StateManager;
  readonly clock: FlowClock;
  /** Called before every change: makes sure that the flow's cursor stands at the minute before. */
  settle(): Promise<void>;
  /** Told what was done. */
  tell(deed: Deed): void;
  pass(point: KillPoint): void;
}

/**
 * The bot's dealings with the state: everything it remembers goes through here. Within one minute every call may be made again
 * after a crash: ids are derived from the signal, and what stands is left as it stands.
 */
export class Desk {
  readonly #options: DeskOptions;
  readonly #manager: StateManager;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#manager = options.manager;
  }

  /** Open positions that were opened before this minute: an entry at the close of a minute cannot leave within it. */
  async positions(): Promise<Position[]> {
    const positions = await this.#manager.getPositions();
    return positions.filter(({ entryTs }) => entryTs.getTime() < this.#now);
  }

  /** Closes a position: one atomic step, so a bot that died in it finds either the position or the booked trade, never both. */
  async close({ id }: Position, exit: Exit): Promise<void> {
    const { settle, pass, tell } = this.#options;
    await settle();
    const { reason, pnl } = exit;
    const closing = this.#manager.closePosition(id, {
      pnl,
      equity: await this.#equityAfter(pnl),
      cooldown: EXIT_COOLDOWN[reason],
      reason,
    });
    pass("closing");
    const { closed, tripped, risk } = await closing;
    pass("closed");
    if (!closed) return;
    tell({ did: "closed", at: this.#now, id, exit, ...(tripped && { trip: risk.circuitBreakerReason ?? "" }) });
  }

  /** Enters, if the state admits it: a signal is acted on once, over all bots and all crashes. */
  async enter(proposal: Proposal): Promise<void> {
    const { settle, pass, tell } = this.#options;
    const { signalId, pair, side, size, price, tp, sl } = proposal;
    const orderId = orderIdOf(signalId);

    await settle();
    const metadata = { signalId };
    const admitting = this.#manager.admit({
      signalId,
      orderId,
      pair,
      side,
      size,
      price,
      tp,
      sl,
      cooldown: REST,
      metadata,
    });
    pass("admitting");
    const admission = await admitting;
    if (admission.admitted) {
      pass("admitted");
      tell({ did: "won", at: this.#now, signalId });
      await this.#fill(orderId, proposal);
      return;
    }
    // An intent of this very signal is what a bot left that died before its fill: whoever finds it goes on with it.
    const isLeft =
      admission.reason === "duplicate_signal" && (await this.#manager.getOrder(orderId))?.status === "intent";
    if (isLeft) await this.#fill(orderId, proposal);
    else tell({ did: "refused", at: this.#now, signalId, reason: admission.reason.replaceAll("_", " ") });
  }

  /** The paper exchange fills an entry at once and as a whole; it settles the fees of both ways at the exit. */
  async #fill(orderId: string, proposal: Proposal): Promise<void> {
    const { pass, tell } = this.#options;
    const { price, size } = proposal;
    const filling = this.#manager.recordFill(orderId, {
      fillId: `${orderId}-1`,
      price,
      size,
      ts: this.#now,
      done: true,
    });
    pass("filling");
    const { applied } = await filling;
    pass("filled");
    if (applied) tell({ did: "opened", at: this.#now, id: orderId, proposal });
  }

  /** The account after a trade: what it began with, and all that was booked since. */
  async #equityAfter(pnl: number): Promise<number> {
    const { day, dailyPnl } = await this.#manager.getRiskState();
    const history = await this.#manager.getDailyHistory();
    const earlier = history.filter((past) => past.day !== day).map((past) => past.pnl);
    return Number(moneyText(sumOf([STARTING_EQUITY, ...earlier, dailyPnl, pnl])));
  }

  get #now(): number {
    return this.#options.clock.now;
  }
}

/** The client order id of a signal's entry, and so the id of its position: the same for every bot, as exchanges take it. */
export function orderIdOf(signalId: string): string {
  return createHash("sha256").update(signalId).digest("base64url").slice(0, 32);
}
