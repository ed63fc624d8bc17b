/** A bot and the world around it: does the steps of a random life. */

import { minus, plus } from "../../../src/exact/double.js";
import { InvalidArgumentError, type PendingOrder, type StateManager } from "../../../src/index.js";
import { type Exchange, ExchangeError, type ExchangeFill, type PaperExchange } from "../../../sync/index.js";
import type { Clock } from "../../contract/clock.js";
import { PAIRS, type RandomLife, type Step } from "./random-life.js";

type Of<Name extends Step["do"]> = Extract<Step, { do: Name }>;

/** The prefix under which a bot that names fills itself books them. */
export const OWN = "own-";

export class RandomBot {
  #made = 0;

  constructor(
    readonly life: RandomLife,
    readonly mgr: StateManager,
    readonly exchange: PaperExchange,
    readonly clock: Clock,
  ) {}

  async begin(): Promise<void> {
    for (const pair of PAIRS) await this.exchange.setPrice(pair, 100);
    await this.mgr.heartbeat();
  }

  /** What the exchange or the state refuses, a bot takes as it is. */
  async take(step: Step): Promise<void> {
    this.clock.now += 1_000;
    try {
      await this.#take(step);
    } catch (error) {
      if (!(error instanceof ExchangeError) && !(error instanceof InvalidArgumentError)) throw error;
    }
  }

  #take(step: Step): Promise<unknown> | undefined {
    switch (step.do) {
      case "price":
        return this.exchange.setPrice(pairOf(step), step.price);
      case "enter":
        return this.#enter(step);
      case "exit":
        return this.#exit(step);
      case "stop":
        return this.#stop(step);
      case "fill":
        return this.#fill(step);
      case "cancel":
        return this.#cancel(step);
      case "book":
        return this.#book(step.count);
      case "wait":
        this.clock.now += step.ms;
        return undefined;
      case "liquidate":
        return this.#liquidate(step);
      case "hand":
        return this.exchange.trade({
          pair: pairOf(step),
          side: step.side,
          size: step.size,
          type: "market",
          ...(this.life.mode === "hedge" && { positionSide: step.of }),
        });
      case "ghost":
        return this.mgr.savePosition({
          id: this.#name("ghost"),
          pair: stateName(pairOf(step)),
          side: step.side,
          size: step.size,
          entryPrice: 100,
        });
    }
  }

  async #enter(step: Of<"enter">): Promise<void> {
    const pair = pairOf(step);
    if (!(await this.#mayEnter(pair, step.side))) return;
    const id = this.#name("entry");
    const answer = await this.mgr.admit({
      signalId: id,
      pair: stateName(pair),
      side: step.side,
      size: step.size,
      price: 100,
      orderId: id,
    });
    if (answer.admitted) await this.#send(answer.order, step);
  }

  /** In netting mode the other side would be reduced; in a plain life there is one position at a time. */
  async #mayEnter(pair: string, side: "long" | "short"): Promise<boolean> {
    const { plain, mode } = this.life;
    const sides = [
      ...(await this.mgr.getPositions()).filter((held) => held.pair === stateName(pair)).map((held) => held.side),
      ...(await this.mgr.getPendingOrders())
        .filter((order) => order.intent === "entry" && order.pair === stateName(pair))
        .map((order) => (order.side === "buy" ? "long" : "short")),
      ...(await this.exchange.fetchPositions()).filter((held) => held.pair === pair).map((held) => held.side),
      ...(await this.exchange.fetchOpenOrders())
        .filter((order) => order.pair === pair && !order.reduceOnly)
        .map((order) => (order.side === "buy" ? "long" : "short")),
    ];
    // An exit that is left over from an earlier position would reduce this one.
    const leftOver = [
      ...(await this.mgr.getPendingOrders()).filter(
        (order) => order.intent === "exit" && order.pair === stateName(pair),
      ),
      ...(await this.exchange.fetchOpenOrders()).filter((order) => order.reduceOnly && order.pair === pair),
    ];
    if (plain && leftOver.length > 0) return false;
    if (mode === "netting" && sides.some((other) => other !== side)) return false;
    return !plain || !sides.includes(side);
  }

  async #exit(step: Of<"exit">): Promise<void> {
    const position = pick(await this.mgr.getPositions(), step.of);
    if (!position) return;
    const size = step.part === 1 ? position.size : Math.ceil(position.size * step.part * 10) / 10;
    const order = await this.mgr.saveOrder({
      id: this.#name("exit"),
      pair: position.pair,
      side: position.side === "long" ? "sell" : "buy",
      size: Math.min(size, position.size),
      intent: "exit",
      positionId: position.id,
      status: "intent",
    });
    await this.#send(order, step);
  }

  async #stop(step: Of<"stop">): Promise<void> {
    const position = pick(await this.mgr.getPositions(), step.of);
    if (!position) return;
    const { pair, side, size } = position;
    const market = this.exchange.price(exchangeName(pair)) ?? 100;
    const order = await this.mgr.saveOrder({
      id: this.#name("stop"),
      pair,
      side: side === "long" ? "sell" : "buy",
      size,
      price: side === "long" ? market - step.distance : market + step.distance,
      orderType: "stop",
      intent: "exit",
      positionId: position.id,
      status: "intent",
    });
    if (step.sent) await this.exchange.createOrder(requestOf(order, "stop", order.price ?? undefined));
  }

  async #send(
    order: PendingOrder,
    { sent, heard, limit }: { sent: boolean; heard: boolean; limit: number | undefined },
  ) {
    if (!sent) return;
    const market = this.exchange.price(exchangeName(order.pair)) ?? 100;
    await this.exchange.createOrder(
      limit === undefined ? requestOf(order, "market") : requestOf(order, "limit", market + limit),
    );
    if (heard) await this.mgr.saveOrder({ ...order, status: "submitted" });
  }

  async #fill(step: Of<"fill">): Promise<void> {
    const open = (await this.exchange.fetchOpenOrders()).filter(({ stop }) => !stop);
    const order = pick(open, step.of);
    if (!order?.clientOrderId) return;
    const left = minus(order.size, order.filled);
    const size = Math.min(left, Math.ceil(left * step.part * 100) / 100);
    await this.exchange.fillOrder(order.clientOrderId, size);
  }

  async #cancel(step: Of<"cancel">): Promise<void> {
    const order = pick(await this.mgr.getPendingOrders(), step.of);
    if (!order) return;
    // Where the exchange does not say whose its fills are, one of an order that is over in state is a stranger's.
    const where = this.life.names === "nameless" ? "exchange" : step.where;
    if (where !== "state") await this.exchange.cancelOrder(order.id, exchangeName(order.pair));
    if (where !== "exchange") await this.mgr.cancelOrder(order.id);
  }

  /** Books the next fills of the bot's own orders, as they happened; how far an order is booked, the order says. */
  async #book(count: number): Promise<void> {
    let left = count;
    const told = new Map<string, number>();
    for (const fill of await allFills(this.exchange)) {
      const orderId = fill.clientOrderId;
      if (left === 0) return;
      if (orderId === undefined) continue;
      const before = told.get(orderId) ?? 0;
      told.set(orderId, plus(before, fill.size));
      const [order] = await this.mgr.findOrders([orderId]);
      if (!order || order.filled > before) continue;
      left--;
      const fillId = this.life.names === "own" ? `${OWN}${fill.fillId}` : fill.fillId;
      const { price, size, fee, ts } = fill;
      await this.mgr.recordFill(orderId, { fillId, price, size, fee, ts });
    }
  }

  async #liquidate(step: Of<"liquidate">): Promise<void> {
    const position = pick(await this.exchange.fetchPositions(), step.of);
    // What the flow has given up is nobody's that it would ask the exchange for.
    const tracked = (await this.mgr.getPositions()).some(
      ({ pair, side }) => position && pair === stateName(position.pair) && side === position.side,
    );
    if (position && (tracked || !this.life.plain)) await this.exchange.liquidate(position.pair, position.side);
  }

  #name(kind: string): string {
    this.#made++;
    return `${kind}-${this.#made}`;
  }
}

/** Every fill of the account, as they happened. */
export async function allFills(exchange: Exchange): Promise<ExchangeFill[]> {
  const fills: ExchangeFill[] = [];
  for (const pair of PAIRS) fills.push(...(await exchange.fetchFills(pair, new Date(0))));
  return fills.sort((a, b) => Number(a.fillId.slice(1)) - Number(b.fillId.slice(1)));
}

/** What a bot calls a pair. */
export function stateName(pair: string): string {
  return pair.split(":")[0] ?? pair;
}

function exchangeName(pair: string): string {
  return PAIRS.find((name) => stateName(name) === pair) ?? pair;
}

function pairOf({ pair }: { readonly pair: number }): string {
  return PAIRS[pair] ?? PAIRS[0];
}

function pick<T>(all: readonly T[], of: number): T | undefined {
  return all[of % all.length];
}

function requestOf(order: PendingOrder, type: "market" | "limit" | "stop", price?: number) {
  return {
    clientOrderId: order.id,
    pair: exchangeName(order.pair),
    side: order.side,
    size: order.size,
    type,
    ...(price !== undefined && { price }),
    reduceOnly: order.intent === "exit",
    positionSide: (order.side === "buy") === (order.intent === "entry") ? ("long" as const) : ("short" as const),
  };
}
