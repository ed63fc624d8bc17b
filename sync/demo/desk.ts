import { createHash } from "node:crypto";
import type { OrderInput, PendingOrder, StateManager } from "../../src/index.js";
import { type Exchange, ExchangeError, type ExchangeFill, type OrderRequest } from "../index.js";
import type { FlowClock } from "./flow.js";
import type { KillPoint } from "./kill-point.js";
import { step } from "./steps.js";
import type { Proposal } from "./strategy.js";

/** How long a pair rests after an entry, and after an exit. */
const REST = "20m";

/** The answer of a call. `at` is the flow's clock, `id` the position's. */
export type Deed =
  | { readonly did: "refused"; readonly at: number; readonly signalId: string; readonly reason: string }
  | { readonly did: "won"; readonly at: number; readonly signalId: string }
  | FillDeed;

/** A fill that this very call booked. */
export interface FillDeed {
  readonly did: "opened" | "closed";
  readonly at: number;
  readonly id: string;
  readonly order: PendingOrder;
  readonly fill: ExchangeFill;
}

/** The part of an exchange that the desk uses; recovery uses the rest. */
export type Counter = Pick<Exchange, "createOrder" | "cancelOrder" | "fetchFills">;

export interface DeskOptions {
  readonly manager: StateManager;
  readonly exchange: Counter;
  readonly clock: FlowClock;
  /** Called before the first change of a minute: see Feed. */
  settle(): Promise<void>;
  /** Called with what was done. */
  tell(deed: Deed): void;
  pass(point: KillPoint): void;
}

/**
 * The bot's dealings with state and exchange. Within one minute every call may be repeated after a crash, or made by another bot at the same time: ids are
 * derived from the signal, the exchange takes each id once, and what exists is left as it is.
 */
export class Desk {
  readonly #options: DeskOptions;
  readonly #manager: StateManager;
  readonly #exchange: Counter;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#manager = options.manager;
    this.#exchange = options.exchange;
  }

  /** Books the exchange's fills, and cancels the exits of positions that are gone. */
  async book(): Promise<void> {
    await this.#options.settle();
    const orders = await this.#manager.getPendingOrders();
    for (const order of orders) await this.#bookFills(order);
    // Read after the orders: another bot stores no exit before its position exists.
    const open = new Set((await this.#manager.getPositions()).map(({ id }) => id));
    for (const { id, pair, intent, positionId = "" } of orders) {
      if (intent === "entry" || open.has(positionId)) continue;
      await this.#exchange.cancelOrder(id, pair);
      await this.#step(["forgetting", "forgotten"], () => this.#manager.cancelOrder(id));
    }
  }

  /** Enters if the state admits it: a signal is acted on once, over all bots and all crashes. */
  async enter(proposal: Proposal): Promise<void> {
    await this.#options.settle();
    const { signalId, ...entry } = proposal;
    const orderId = orderIdOf(signalId);
    const metadata = { signalId };
    const admitting = this.#manager.admit({
      ...entry,
      signalId,
      orderId,
      orderType: "market",
      cooldown: REST,
      metadata,
    });
    this.#options.pass("admitting");
    const admission = await admitting;
    if (admission.admitted) {
      this.#options.pass("admitted");
      this.#options.tell({ did: "won", at: this.#now, signalId });
      await this.#carryThrough(admission.order);
      return;
    }
    // A bot that may have died since admitted it in this very minute: whoever finds the order continues.
    const [order] = await this.#manager.findOrders([orderId]);
    if (order?.createdAt.getTime() === this.#now) await this.#carryThrough(order);
    else {
      const reason = admission.reason.replaceAll("_", " ");
      this.#options.tell({ did: "refused", at: this.#now, signalId, reason });
    }
  }

  /** From an admitted order to an open position that the exchange closes by itself. */
  async #carryThrough(order: PendingOrder): Promise<void> {
    const { id, pair, side, size } = order;
    await this.#send({ clientOrderId: id, pair, side, size, type: "market", reduceOnly: false });
    await this.#bookFills(order);
    if (!(await this.#manager.getPosition(id))) return;
    for (const exit of exitsOf(order)) {
      // Stored before it is sent: after a crash in between, whoever resumes sends the order under the same id.
      await this.#step(["saving", "saved"], () => this.#manager.saveOrder(exit));
      await this.#send({
        clientOrderId: exit.id,
        pair,
        side: exit.side,
        size: exit.size,
        type: exit.orderType,
        price: exit.price,
        reduceOnly: true,
      });
    }
  }

  /** Sends an order. If the exchange already has it, an earlier try arrived. */
  async #send(request: OrderRequest): Promise<void> {
    try {
      await this.#exchange.createOrder(request);
    } catch (error) {
      if (!(error instanceof ExchangeError && error.failure === "duplicate_order_id")) throw error;
    }
  }

  async #bookFills(order: PendingOrder): Promise<void> {
    const fills = await this.#exchange.fetchFills(order.pair, order.createdAt);
    for (const fill of fills) {
      if (fill.clientOrderId !== order.id) continue;
      const { fillId, price, size, fee, ts } = fill;
      const { applied, position } = await this.#step(["booking", "booked"], () =>
        this.#manager.recordFill(order.id, { fillId, price, size, fee, ts }),
      );
      if (!applied) continue;
      const id = order.positionId ?? order.id;
      if (order.intent === "entry") this.#options.tell({ did: "opened", at: this.#now, id, order, fill });
      else if (!position) this.#options.tell({ did: "closed", at: this.#now, id, order, fill });
    }
  }

  #step<Answer>(points: readonly [KillPoint, KillPoint], call: () => Promise<Answer>): Promise<Answer> {
    return step(this.#options.pass, points, call);
  }

  get #now(): number {
    return this.#options.clock.now;
  }
}

/** The client order id of a signal's entry, and so the id of its position: the same for every bot, as exchanges take it. */
export function orderIdOf(signalId: string): string {
  return createHash("sha256").update(signalId).digest("base64url").slice(0, 28);
}

interface ExitOrder extends OrderInput {
  readonly orderType: "limit" | "stop";
  readonly price: number;
}

/** The orders by which the exchange closes what an entry opens: at the target, and at the stop. */
function exitsOf({ id, pair, side, size, tp, sl }: PendingOrder): ExitOrder[] {
  const exit = {
    pair,
    side: side === "buy" ? "sell" : "buy",
    size,
    intent: "exit",
    positionId: id,
    status: "open",
  } as const;
  return [
    ...(tp === undefined ? [] : [{ ...exit, id: `${id}-tp`, orderType: "limit" as const, price: tp }]),
    ...(sl === undefined ? [] : [{ ...exit, id: `${id}-sl`, orderType: "stop" as const, price: sl }]),
  ];
}
