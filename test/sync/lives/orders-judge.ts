/** Judges what a recovery does at the exchange, at the moment it does it: every order must be one that the flow needs. */
import type { Action, OrderRequest } from "../../../sync/index.js";
import { type Big, exact, ZERO } from "../../accountant/amounts.js";
import type { FlowName, Side } from "./life.js";
import type { Adoption } from "./recorder.js";
import { keyOf, larger, orphanOf, orphanSinceFlat, samePair, sign, smaller, type Truth, truthOf } from "./truth.js";
import type { World } from "./world.js";
import { Wrong } from "./wrong.js";

const CRUMB = exact("1e-9");

export class OrdersJudge {
  /** How things stood before something happened beside the try: what a recovery does rests on what it has read. */
  #earlier: Truth[] = [];
  /** Actions that a person has approved in this restart. */
  approved: readonly Action[] = [];
  sent = 0;

  constructor(
    private readonly world: World,
    private readonly flow: FlowName,
  ) {}

  begin(): void {
    this.#earlier = [];
  }

  async remember(): Promise<void> {
    this.#earlier.push(await truthOf(this.world));
  }

  /** Throws where the flow does not need this order; answers what of it closes what the flow made itself and forgot. */
  async order(request: OrderRequest): Promise<number | undefined> {
    const known = this.world.madeBy(request.clientOrderId);
    if (known) return known.forgotten; // it is refused: an id is taken once
    this.sent += 1;
    const { pair, side, size, type, reduceOnly, positionSide } = request;
    const closes: Side = side === "sell" ? "long" : "short";
    const told = JSON.stringify(request);
    if (!reduceOnly) throw new Wrong("an order that may do more than reduce", told);
    if (type !== "market") throw new Wrong("an order that waits", told);
    if (this.world.setting.mode === "hedge" && positionSide !== closes) throw new Wrong("an order for no side", told);
    const { plain } = this.world.flow(this.flow);
    const [order] = await plain.findOrders([request.clientOrderId]);
    if (order) {
      const position = order.positionId === undefined ? undefined : await plain.getPosition(order.positionId);
      if (this.world.setting.recovery === "sync") throw new Wrong("a tracked position is closed in mode sync", told);
      if (!position) throw new Wrong("a close of no position", told);
      const room = await this.#most((truth) => smaller(exact(position.size), this.#heldFor(truth, pair, closes)));
      if (exact(size).gt(room.plus(CRUMB)))
        throw new Wrong("more is closed than the flow holds", `${told}, it holds ${room.toFixed()}`);
      return undefined;
    }
    const { orphans } = this.world.setting;
    if (orphans !== "close") throw new Wrong("an orphan is closed that was to stay", `${told}, orphans: ${orphans}`);
    const room = await this.#orphan(pair, closes);
    if (exact(size).gt(room.plus(CRUMB))) {
      const kind = room.lte(ZERO) ? "an order for what is no orphan" : "an order larger than its orphan";
      throw new Wrong(kind, `${told}, the orphan is ${room.toFixed()}`);
    }
    const own = await this.#forgottenPart(keyOf(this.world, pair, closes), closes, exact(size));
    return Number(own.toFixed());
  }

  /** An orphan is taken over: what of it was whose is noted, for those who look later. */
  async adoption({ pair, side, size, entryPrice }: Adoption): Promise<void> {
    const { world, flow } = this;
    const key = keyOf(world, pair, side);
    const told = `${flow} takes over ${side} ${size} ${pair} at ${entryPrice}`;
    if (world.setting.orphans !== "adopt") throw new Wrong("an orphan is taken over that was to stay", told);
    const room = await this.#orphan(pair, side);
    if (exact(size).gt(room.plus(CRUMB)))
      throw new Wrong("more is taken over than the orphan", `${told}, it is ${room.toFixed()}`);
    const prices = (await world.fills())
      .filter((fill) => samePair(fill.pair, pair) && sign(fill.side) === sign(side))
      .map(({ price }) => price);
    if (entryPrice < Math.min(...prices) - 1e-9 || entryPrice > Math.max(...prices) + 1e-9)
      throw new Wrong("taken over at a price that never was", `${told}, its fills are at ${prices.join(", ")}`);
    const own = await this.#forgottenPart(key, side, exact(size));
    const forgotten = own.times(sign(side));
    const unmarked = exact(size).times(sign(side)).minus(forgotten);
    world.takenOver.push({ flow, key, pair, forgotten, unmarked, at: world.clock.now + world.setting.ahead });
  }

  /** Only what is the flow's own is cancelled, and only what it does not need any more. */
  async cancellation(clientOrderId: string, pair: string): Promise<void> {
    const made = this.world.madeBy(clientOrderId);
    const { plain, name } = this.world.flow(this.flow);
    if (made && made.owner !== this.flow)
      throw new Wrong("an order of others is cancelled", `${this.flow} cancels ${clientOrderId} of ${made.owner}`);
    if (this.world.setting.recovery !== "sync") return;
    const order = (await plain.getPendingOrders()).find(({ id }) => id === clientOrderId);
    if (
      !order ||
      this.approved.some((action) => action.type === "cancel_order" && action.clientOrderId === clientOrderId)
    )
      return;
    const told = `${name} cancels ${order.intent} ${clientOrderId} of ${pair}`;
    if (order.intent === "entry") throw new Wrong("a pending entry is cancelled in mode sync", told);
    const guarded: Side = order.side === "sell" ? "long" : "short";
    const left = order.positionId === undefined ? undefined : await plain.getPosition(order.positionId);
    const stands = await this.#least((truth) => this.#heldFor(truth, pair, guarded));
    if (left && stands.gt(ZERO)) throw new Wrong("the exit of a position that stands is cancelled", told);
  }

  /** What is there of a side and nobody's, or forgotten: by the sums of all time, or by what was made since nobody held anything. */
  async #orphan(pair: string, side: Side): Promise<Big> {
    const { world, flow } = this;
    const key = keyOf(world, pair, side);
    const since = await orphanSinceFlat(world, key, flow);
    return this.#most((truth) => {
      const pool = truth.pools.get(key);
      const whole = orphanOf(world, pool, flow).whole.times(sign(side));
      const there = (pool?.there ?? ZERO).times(sign(side));
      return since === undefined ? whole : larger(whole, smaller(since.times(sign(side)), there));
    });
  }

  /**
   * What of a side that the flow holds is there. Where positions are netted, what nobody marked may have taken it away, and what the flow has
   * forgotten stands against it; another's short does not.
   */
  #heldFor(truth: Truth, pair: string, side: Side): Big {
    const pool = truth.pools.get(keyOf(this.world, pair, side));
    const held = truth.held(this.flow, pair, side);
    if (this.world.setting.mode === "hedge") return smaller(held, pool?.there.abs() ?? ZERO);
    const { forgotten, unmarked } = orphanOf(this.world, pool, this.flow);
    const taken = larger(unmarked.times(sign(side)), truth.mayHaveEnded(this.flow, pair, side).neg());
    return held.plus(smaller(forgotten.times(sign(side)).plus(taken), ZERO));
  }

  async #forgottenPart(key: string, side: Side, size: Big): Promise<Big> {
    const { pools } = await truthOf(this.world);
    const { forgotten } = orphanOf(this.world, pools.get(key), this.flow);
    const own = forgotten.times(sign(side));
    return own.gt(ZERO) ? smaller(own, size) : ZERO;
  }

  async #most(size: (truth: Truth) => Big): Promise<Big> {
    const all = [await truthOf(this.world), ...this.#earlier].map(size);
    return all.reduce((most, each) => (each.gt(most) ? each : most), ZERO);
  }

  async #least(size: (truth: Truth) => Big): Promise<Big> {
    const all = [...this.#earlier].map(size);
    return all.reduce(smaller, size(await truthOf(this.world)));
  }
}
