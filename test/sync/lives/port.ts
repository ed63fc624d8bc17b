/** The account as one flow reaches it: with what the exchange does not tell, with faults, and while other things happen. */
import {
  type Exchange,
  ExchangeError,
  type ExchangeFill,
  type ExchangeOrder,
  type OrderRequest,
} from "../../../sync/index.js";
import type { Fault, FlowName, Method } from "./life.js";
import type { Picture, World } from "./world.js";

/** The faults of one restart, each of which is met once. */
export class Weather {
  readonly #calls = new Map<Method, number>();
  /** How many answers were not true. */
  lies = 0;

  constructor(private readonly faults: readonly Fault[]) {}

  next(method: Method): Fault["kind"] | undefined {
    const call = (this.#calls.get(method) ?? 0) + 1;
    this.#calls.set(method, call);
    const kind = this.faults.find((fault) => fault.method === method && fault.call === call)?.kind;
    if (kind === "empty" || kind === "half" || kind === "late") this.lies += 1;
    return kind;
  }
}

/** Told of what a recovery does before it is done. */
export interface Watcher {
  /** Before each call. */
  call?(): Promise<void>;
  /** Before an order goes out; answers what of it is for what the flow has made itself and forgotten, where it closes an orphan. */
  order?(request: OrderRequest): Promise<number | undefined>;
  cancellation?(clientOrderId: string, pair: string): Promise<void>;
}

export function portOf(world: World, flow: FlowName, weather: Weather, watcher: Watcher = {}): Exchange {
  const { exchange, setting } = world;

  const call = async <T>(method: Method, work: (kind: Fault["kind"] | undefined) => Promise<T>): Promise<T> => {
    await watcher.call?.();
    const kind = weather.next(method);
    if (kind === "lost") throw new ExchangeError("no_answer", `${method}: the request was lost`);
    const answer = await work(kind);
    if (kind === "unanswered") throw new ExchangeError("no_answer", `${method}: the reply was lost`);
    return answer;
  };
  const list = <T>(method: Method, read: (picture: Picture) => readonly T[]): Promise<T[]> =>
    call(method, async (kind) => {
      if (kind === "empty") return [];
      const picture = kind === "late" && world.before ? world.before : await world.picture();
      const all = read(picture);
      return kind === "half" ? all.slice(0, Math.floor(all.length / 2)) : [...all];
    });

  return {
    name: exchange.name,
    resolvePair: (pair) => exchange.resolvePair(pair),
    minSize: (pair) => exchange.minSize(pair),
    positionMode: () => exchange.positionMode(),
    clientOrderIds: {
      inFills: setting.tellsIds,
      ...(setting.saysSo && { foundFor: setting.foundFor ?? Number.POSITIVE_INFINITY }),
    },
    fetchTime: async () => new Date(world.clock.now + setting.ahead),
    ...(setting.byId && { fetchOrderById: (id: string, pair: string) => orderById(world, id, pair) }),
    fetchPositions: () => list("fetchPositions", ({ positions }) => positions),
    fetchOpenOrders: () => list("fetchOpenOrders", ({ openOrders }) => openOrders),
    fetchFills: (pair, since) =>
      list("fetchFills", ({ fills }) =>
        (fills.get(pair) ?? []).filter(({ ts }) => ts >= since).map((fill) => toldFill(world, fill)),
      ),
    fetchOrder: (id, pair) =>
      call("fetchOrder", async (kind) => {
        if (kind === "empty" || (kind === "late" && world.before && !world.before.ids.has(id))) return undefined;
        return findable(world, id, pair);
      }),
    createOrder: async (request) => {
      const forgotten = await watcher.order?.(request);
      return call("createOrder", () => world.send(flow, request, forgotten));
    },
    cancelOrder: async (id, pair) => {
      await watcher.cancellation?.(id, pair);
      return call("cancelOrder", () => world.change(() => exchange.cancelOrder(id, pair)));
    },
  };
}

/** An order by its client order id, as long as the exchange remembers it. */
export async function findable(world: World, clientOrderId: string, pair: string): Promise<ExchangeOrder | undefined> {
  const order = await world.exchange.fetchOrder(clientOrderId, pair);
  const { foundFor } = world.setting;
  if (!order || foundFor === null || order.status === "open") return order;
  const last = (await world.exchange.fetchFills(pair, new Date(0))).findLast((fill) => fill.orderId === order.id);
  const over = Math.max(order.createdAt?.getTime() ?? 0, last?.ts.getTime() ?? 0);
  return world.clock.now + world.setting.ahead - over > foundFor ? undefined : order;
}

async function orderById(world: World, id: string, pair: string): Promise<ExchangeOrder | undefined> {
  const made = world.made.get(id);
  if (!made || made.order.pair !== pair) return undefined;
  if (made.clientOrderId !== undefined) return world.exchange.fetchOrder(made.clientOrderId, pair);
  const open = (await world.exchange.fetchOpenOrders()).find((order) => order.id === id);
  if (open) return open;
  const fills = (await world.exchange.fetchFills(pair, new Date(0))).filter(({ orderId }) => orderId === id);
  const filled = Number(fills.reduce((sum, { size }) => sum + size, 0).toPrecision(12));
  return { ...made.order, filled, status: filled > 0 ? "filled" : "cancelled" };
}

function toldFill({ setting }: World, fill: ExchangeFill): ExchangeFill {
  const { clientOrderId, positionSide, ...rest } = fill;
  return {
    ...rest,
    ...(setting.tellsIds && clientOrderId !== undefined && { clientOrderId }),
    ...(setting.tellsSides && positionSide !== undefined && { positionSide }),
  };
}
