/** Does the deeds of a life: those of the bots, of the market, and of others on the account. */
import { InvalidArgumentError, type PendingOrder, type Position, type StateManager } from "../../../src/index.js";
import { type Exchange, ExchangeError, type HandTrade } from "../../../sync/index.js";
import { Death, Life as Mortal } from "../recovery/mortal.js";
import { type Deed, exchangePair, pairAt, pick, plainPair } from "./life.js";
import { portOf, Weather } from "./port.js";
import type { FlowInLife, World } from "./world.js";

type Of<Name extends Deed["do"]> = Extract<Deed, { do: Name }>;

/** The prefix under which a bot that names fills itself books them. */
export const OWN = "own-";

const HANDS = new Set<Deed["do"]>(["price", "wait", "fill", "liquidate", "hand", "stranger"]);

/** What the exchange or the state refuses, everybody takes as it is. */
export async function act(world: World, deed: Deed): Promise<void> {
  world.clock.now += 1_000;
  try {
    if ("flow" in deed) await byBot(world, deed);
    else if (HANDS.has(deed.do)) await byOthers(world, deed);
  } catch (error) {
    if (!(error instanceof ExchangeError) && !(error instanceof InvalidArgumentError)) throw error;
  }
}

async function byOthers(world: World, deed: Deed): Promise<void> {
  const { exchange, setting } = world;
  switch (deed.do) {
    case "price":
      await world.change(() => exchange.setPrice(pairAt(deed.pair), deed.price));
      return;
    case "wait":
      world.clock.now += deed.ms;
      return;
    case "fill": {
      const open = (await exchange.fetchOpenOrders()).filter(({ stop, clientOrderId }) => !stop && clientOrderId);
      const order = pick(open, deed.of);
      if (order?.clientOrderId === undefined) return;
      const { clientOrderId, size, filled } = order;
      const left = rounded(size - filled);
      await world.change(() => exchange.fillOrder(clientOrderId, Math.min(left, hundredths(left * deed.part))));
      return;
    }
    case "liquidate": {
      const position = pick(await exchange.fetchPositions(), deed.of);
      if (position) await world.unmarked(() => exchange.liquidate(position.pair, position.side));
      return;
    }
    case "hand":
    case "stranger": {
      const trade = {
        ...{ pair: pairAt(deed.pair), side: deed.side, size: deed.size },
        ...(setting.mode === "hedge" && { positionSide: deed.of }),
      };
      if (deed.do === "hand") await world.unmarked(() => exchange.trade(trade));
      else {
        const clientOrderId = `web_${world.made.size + 1}`;
        await world.send("stranger", { ...trade, clientOrderId, type: "market", reduceOnly: false });
      }
    }
  }
}

async function byBot(world: World, deed: Extract<Deed, { flow: string }>): Promise<void> {
  const flow = world.flow(deed.flow);
  if (!flow.alive) return;
  const mortal = new Mortal(deed.dies ?? Number.POSITIVE_INFINITY);
  const mgr = mortal.share(flow.mgr);
  const port = mortal.share(portOf(world, deed.flow, new Weather([])));
  try {
    await new Bot(world, flow, mgr, port).take(deed);
  } catch (error) {
    if (!(error instanceof Death)) throw error;
    flow.alive = false;
  }
}

class Bot {
  constructor(
    private readonly world: World,
    private readonly flow: FlowInLife,
    private readonly mgr: StateManager,
    private readonly port: Exchange,
  ) {}

  take(deed: Extract<Deed, { flow: string }>): Promise<void> {
    switch (deed.do) {
      case "enter":
        return this.#enter(deed);
      case "add":
        return this.#add(deed);
      case "flip":
        return this.#flip(deed);
      case "exit":
        return this.#exit(deed);
      case "stop":
        return this.#stop(deed);
      case "cancel":
        return this.#cancel(deed);
      case "book":
        return this.#book(deed.count);
      case "secret entry":
        return this.#secretEntry(deed);
      case "secret stop":
        return this.#secretStop(deed);
    }
  }

  async #enter(deed: Of<"enter">): Promise<void> {
    const pair = plainPair(pairAt(deed.pair));
    const { mode, bothSides } = this.world.setting;
    const held = (await this.mgr.getPositions()).some(
      (position) => position.pair === pair && position.side !== deed.side,
    );
    if (held && mode === "netting" && !bothSides) return;
    const { side, size } = deed;
    const answer = await this.mgr.admit({ signalId: this.#name("signal"), pair, side, size, price: 100 });
    if (answer.admitted) await this.#submit(answer.order, side, deed.limit, false);
  }

  async #add(deed: Of<"add">): Promise<void> {
    const position = await this.#position(deed.of);
    if (!position) return;
    const { id, pair, side } = position;
    const request = { signalId: this.#name("signal"), pair, side, size: deed.size, price: 100, positionId: id };
    const answer = await this.mgr.admit(request);
    if (answer.admitted) await this.#submit(answer.order, side, deed.limit, false);
  }

  async #flip(deed: Of<"flip">): Promise<void> {
    const position = await this.#position(deed.of);
    if (!position) return;
    const { id, pair, side, size } = position;
    const other: Position["side"] = side === "long" ? "short" : "long";
    const request = {
      signalId: this.#name("signal"),
      pair,
      side: other,
      size: rounded(size + deed.beyond),
      price: 100,
    };
    const answer = await this.mgr.admit({ ...request, flip: id });
    if (answer.admitted) await this.#submit(answer.order, other, deed.limit, false);
  }

  async #exit(deed: Of<"exit">): Promise<void> {
    const position = await this.#position(deed.of);
    const left = position && (await this.#unguarded(position));
    if (!position || !left) return;
    const size = deed.part === 1 ? left : Math.min(left, hundredths(left * deed.part));
    const order = await this.#saveExit(position, size);
    await this.#submit(order, position.side, deed.limit, this.world.setting.reduceOnly);
  }

  async #stop(deed: Of<"stop">): Promise<void> {
    const position = await this.#position(deed.of);
    const size = position && (await this.#unguarded(position));
    if (!position || !size) return;
    const price = await this.#stopPrice(position, deed.distance);
    const order = await this.#saveExit(position, size, price);
    const { id, pair, side } = order;
    await this.#send(order, () =>
      this.port.createOrder({
        ...{ clientOrderId: id, pair: exchangePair(pair), side, size, type: "stop", price },
        ...{ reduceOnly: true, positionSide: position.side },
      }),
    );
  }

  /** What of a position no pending exit closes already. */
  async #unguarded(position: Position): Promise<number> {
    const exits = (await this.mgr.getPendingOrders()).filter(
      ({ positionId, intent }) => positionId === position.id && intent === "exit",
    );
    return Math.max(0, rounded(exits.reduce((left, { size, filled }) => left - (size - filled), position.size)));
  }

  async #stopPrice({ pair, side }: Position, distance: number): Promise<number> {
    const market = await this.world.priceOf(pair);
    return side === "long" ? market - distance : market + distance;
  }

  #saveExit({ id, pair, side }: Position, size: number, stop?: number): Promise<PendingOrder> {
    return this.mgr.saveOrder({
      ...{ id: this.#orderId("exit"), pair, side: side === "long" ? "sell" : "buy", size, positionId: id },
      ...{ intent: "exit", status: "intent" },
      ...(stop !== undefined && { price: stop, orderType: "stop" }),
    } as const);
  }

  async #submit(order: PendingOrder, of: Position["side"], limit: number | null, reduceOnly: boolean): Promise<void> {
    const { id, pair, side, size } = order;
    const market = await this.world.priceOf(pair);
    await this.#send(order, () =>
      this.port.createOrder({
        ...{ clientOrderId: id, pair: exchangePair(pair), side, size, reduceOnly, positionSide: of },
        ...(limit === null ? { type: "market" } : { type: "limit", price: market + limit }),
      } as const),
    );
  }

  /** A refusal is certain: the order is over. */
  async #send(order: PendingOrder, send: () => Promise<unknown>): Promise<void> {
    try {
      await send();
    } catch (error) {
      if (!(error instanceof ExchangeError) || error.failure === "no_answer") throw error;
      await this.mgr.cancelOrder(order.id);
      return;
    }
    await this.mgr.updateOrder(order.id, { status: "submitted" });
  }

  async #cancel(deed: Of<"cancel">): Promise<void> {
    const order = pick(await this.mgr.getPendingOrders(), deed.of);
    if (!order) return;
    if (deed.where !== "state") await this.port.cancelOrder(order.id, exchangePair(order.pair));
    if (deed.where !== "exchange") await this.mgr.cancelOrder(order.id);
  }

  /** Books the next fills of the bot's own orders, as they happened; how far an order is booked, the order says. */
  async #book(count: number): Promise<void> {
    let left = count;
    const told = new Map<string, number>();
    for (const { clientOrderId: id, fillId, price, size, fee, ts } of await this.world.fills()) {
      if (left === 0) return;
      if (id === undefined || this.world.madeBy(id)?.owner !== this.flow.name || !this.flow.log.known.has(id)) continue;
      const before = told.get(id) ?? 0;
      told.set(id, rounded(before + size));
      const [order] = await this.mgr.findOrders([id]);
      if (!order || order.filled > before) continue;
      left -= 1;
      const name = this.world.setting.fillNames === "own" ? `${OWN}${fillId}` : fillId;
      await this.mgr.recordFill(id, { fillId: name, price, size, fee, ts });
    }
  }

  async #secretEntry({ pair, side, size }: Of<"secret entry">): Promise<void> {
    await this.port.createOrder({
      ...{ clientOrderId: this.#secretId(), pair: pairAt(pair), side: side === "long" ? "buy" : "sell", size },
      ...{ type: "market", reduceOnly: false, positionSide: side },
    } as const);
  }

  async #secretStop(deed: Of<"secret stop">): Promise<void> {
    const position = await this.#position(deed.of);
    if (!position) return;
    const { pair, side, size } = position;
    const order: HandTrade & { readonly type: "stop"; readonly reduceOnly: boolean } = {
      ...{ pair: exchangePair(pair), size, type: "stop", reduceOnly: true, positionSide: side },
      side: side === "long" ? "sell" : "buy",
      price: await this.#stopPrice(position, deed.distance),
    };
    if (deed.marked) await this.port.createOrder({ ...order, clientOrderId: this.#secretId() });
    else await this.world.unmarked(() => this.world.exchange.trade(order));
  }

  async #position(of: number): Promise<Position | undefined> {
    return pick(await this.mgr.getPositions(), of);
  }

  /** The same signals come to both flows: nothing but the flow's digest tells their ids apart. */
  #name(kind: string): string {
    this.flow.names += 1;
    return `${kind}-${this.flow.names}`;
  }

  #orderId(kind: string): string {
    const name = this.#name(kind);
    const { ids } = this.world.setting;
    return ids === "digest" ? this.world.idWithDigest(this.flow.flowId, name) : `${this.flow.name}-${name}`;
  }

  #secretId(): string {
    return this.world.idWithDigest(this.flow.flowId, this.#name("secret"));
  }
}

function rounded(size: number): number {
  return Number(size.toPrecision(12));
}

function hundredths(size: number): number {
  return Math.ceil(rounded(size * 100)) / 100;
}
