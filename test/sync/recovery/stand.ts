import type { Config, StateManager } from "../../../src/index.js";
import { PaperExchange, type PaperExchangeOptions, type RecoveryOptions } from "../../../sync/index.js";
import { Clock, HOUR, MINUTE } from "../../contract/clock.js";
import type { Open } from "../../contract/open.js";

export const PAIR = "BTC/USDT";

/** A recovery that does not wait, on a clock that stands still. */
export const QUICK = { confirmDelay: 0, settle: 0, deadline: "5s" } satisfies RecoveryOptions;

export interface StandOptions {
  readonly config?: Config;
  readonly paper?: PaperExchangeOptions;
}

/** A flow and its exchange, on one clock, and what a bot does with them. */
export class Stand implements AsyncDisposable {
  constructor(
    readonly clock: Clock,
    readonly mgr: StateManager,
    readonly exchange: PaperExchange,
  ) {}

  static async open(open: Open, { config = {}, paper = {} }: StandOptions = {}): Promise<Stand> {
    const clock = new Clock();
    const exchange = new PaperExchange({ clock: clock.read, fees: { maker: 0, taker: 0.001 }, ...paper });
    await exchange.setPrice(PAIR, 100);
    const mgr = await open(config, { clock: clock.read, instanceId: "bot" });
    await mgr.heartbeat();
    return new Stand(clock, mgr, exchange);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mgr.close();
    await this.exchange.close();
  }

  /** Admits an entry: an intent of which the exchange knows nothing yet. */
  async admit(signalId: string, { pair = PAIR, size = 1, side = "long" as "long" | "short", cooldown = 0 } = {}) {
    const answer = await this.mgr.admit({
      signalId,
      pair,
      side,
      size,
      price: 100,
      orderId: signalId,
      ...(cooldown > 0 && { cooldown }),
    });
    if (!answer.admitted) throw new Error(answer.message);
    return answer.order;
  }

  /** Sends an entry that was admitted, as a bot does before it dies. */
  async submit(id: string, { type = "market" as "market" | "limit", price = 100 } = {}) {
    const order = await this.mgr.getOrder(id);
    if (!order) throw new Error(`no order ${id}`);
    return this.exchange.createOrder({
      clientOrderId: id,
      pair: order.pair,
      side: order.side,
      size: order.size,
      type,
      ...(type === "limit" && { price }),
      reduceOnly: order.intent === "exit",
      positionSide: (order.side === "buy") === (order.intent === "entry") ? "long" : "short",
    });
  }

  /** Books what the exchange tells of an order. */
  async book(id: string): Promise<void> {
    const order = await this.mgr.getOrder(id);
    if (!order) throw new Error(`no order ${id}`);
    for (const fill of await this.exchange.fetchFills(order.pair, new Date(0))) {
      if (fill.clientOrderId === id) await this.mgr.recordFill(id, { ...bookable(fill) });
    }
  }

  /** A position that both sides know. */
  async hold(id: string, options: Parameters<Stand["admit"]>[1] = {}): Promise<void> {
    await this.admit(id, options);
    await this.submit(id);
    await this.book(id);
  }

  /** An exit order in state, with its stop at the exchange. */
  async stop(id: string, positionId: string, price: number): Promise<void> {
    const position = await this.mgr.getPosition(positionId);
    if (!position) throw new Error(`no position ${positionId}`);
    const { pair, side, size } = position;
    const exit = side === "long" ? ("sell" as const) : ("buy" as const);
    await this.mgr.saveOrder({
      id,
      pair,
      side: exit,
      size,
      price,
      orderType: "stop",
      intent: "exit",
      positionId,
      status: "open",
    });
    await this.exchange.createOrder({
      clientOrderId: id,
      pair,
      side: exit,
      size,
      type: "stop",
      price,
      reduceOnly: true,
      positionSide: side,
    });
  }

  /** The bot is away. */
  async away(ms = HOUR): Promise<void> {
    this.clock.now += ms;
  }

  /** What both sides hold, by pair and side: `{ "BTC/USDT long": [tracked, there] }`. */
  async holdings(): Promise<Record<string, [number, number]>> {
    const found: Record<string, [number, number]> = {};
    const at = (pair: string, side: string) => {
      const key = `${pair} ${side}`;
      const pairOf: [number, number] = found[key] ?? [0, 0];
      found[key] = pairOf;
      return pairOf;
    };
    for (const { pair, side, size } of await this.mgr.getPositions()) at(pair, side)[0] += size;
    for (const { pair, side, size } of await this.exchange.fetchPositions()) at(pair, side)[1] += size;
    return found;
  }
}

export function bookable({
  fillId,
  price,
  size,
  fee,
  ts,
}: {
  fillId: string;
  price: number;
  size: number;
  fee: number;
  ts: Date;
}) {
  return { fillId, price, size, fee, ts };
}

export { HOUR, MINUTE };
