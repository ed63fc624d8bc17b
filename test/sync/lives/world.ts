/** One exchange account, two flows, and who has made what on it: what nobody in the world but the judge knows. */
import { createHash } from "node:crypto";
import type { Config, StateManager } from "../../../src/index.js";
import {
  type ExchangeFill,
  type ExchangeOrder,
  type ExchangePosition,
  type OrderRequest,
  PaperExchange,
} from "../../../sync/index.js";
import type { Big } from "../../accountant/amounts.js";
import { Clock } from "../../contract/clock.js";
import type { Open } from "../../contract/open.js";
import { exchangePair, FLOWS, type FlowName, PAIRS, type Setting } from "./life.js";
import { Recorder } from "./recorder.js";

/** Who is behind an order. */
export type Owner = FlowName | "nobody" | "stranger";

/** An order that the exchange took. */
export interface Made {
  readonly order: ExchangeOrder;
  readonly owner: Owner;
  readonly clientOrderId: string | undefined;
  readonly at: number;
  /** Of an order that closes an orphan: what of it was for what the flow itself had made, and forgotten. The rest is for what nobody has marked. */
  readonly forgotten?: number;
}

/** Everything that can be read of an account at one time. */
export interface Picture {
  readonly positions: readonly ExchangePosition[];
  readonly openOrders: readonly ExchangeOrder[];
  readonly fills: ReadonlyMap<string, readonly ExchangeFill[]>;
  readonly ids: ReadonlySet<string>;
}

/** What a flow took over from an orphan, and what of it had nobody's mark, or was the flow's own and forgotten; signed. */
export interface TakenOver {
  readonly flow: FlowName;
  readonly key: string;
  readonly pair: string;
  readonly unmarked: Big;
  readonly forgotten: Big;
  /** On the exchange's clock. */
  readonly at: number;
}

export interface FlowInLife {
  readonly name: FlowName;
  readonly flowId: string;
  readonly mgr: StateManager;
  /** The same, not written down: for the judge. */
  readonly plain: StateManager;
  readonly log: Recorder;
  alive: boolean;
  /** How many names it has made up. */
  names: number;
}

export class World implements AsyncDisposable {
  readonly clock = new Clock();
  readonly exchange: PaperExchange;
  readonly flows = new Map<FlowName, FlowInLife>();
  /** By the exchange's own id. */
  readonly made = new Map<string, Made>();
  readonly takenOver: TakenOver[] = [];
  /** As the account was before its last change. */
  before: Picture | undefined;

  private constructor(readonly setting: Setting) {
    const { seed, mode, fills, taker } = setting;
    this.exchange = new PaperExchange({
      clock: () => {
        this.clock.now += 1;
        return this.clock.now + setting.ahead;
      },
      balance: 0,
      fees: { maker: 0.0002, taker },
      ...{ seed, mode, fills },
    });
  }

  static async open(setting: Setting, open: Open): Promise<World> {
    const world = new World(setting);
    const config: Config = {
      risk: { currency: "USDT" },
      ...(setting.account && { recovery: { account: "shared" } }),
    };
    for (const name of FLOWS.slice(0, setting.flows)) {
      const flowId = `lives-${name}`;
      const plain = await open(config, { flowId, clock: world.clock.read, instanceId: `bot-${name}` });
      const log = new Recorder(plain, world.clock.read);
      world.flows.set(name, { name, flowId, mgr: log.record(), plain, log, alive: true, names: 0 });
      await plain.heartbeat();
    }
    for (const pair of PAIRS) await world.exchange.setPrice(pair, 100);
    return world;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { plain } of this.flows.values()) await plain.close();
    await this.exchange.close();
  }

  flow(name: FlowName): FlowInLife {
    const found = this.flows.get(name);
    if (!found) throw new Error(`no flow ${name} in this life`);
    return found;
  }

  /** Anything that changes the account goes through here: late answers are those of before. */
  async change<T>(work: () => Promise<T>): Promise<T> {
    const before = await this.picture();
    const done = await work();
    this.before = before;
    return done;
  }

  async picture(): Promise<Picture> {
    const fills = new Map<string, readonly ExchangeFill[]>();
    for (const pair of PAIRS) fills.set(pair, await this.exchange.fetchFills(pair, new Date(0)));
    const ids = [...this.made.values()].flatMap(({ clientOrderId }) => clientOrderId ?? []);
    return {
      positions: await this.exchange.fetchPositions(),
      openOrders: await this.exchange.fetchOpenOrders(),
      fills,
      ids: new Set(ids),
    };
  }

  async fills(): Promise<ExchangeFill[]> {
    const all: ExchangeFill[] = [];
    for (const pair of PAIRS) all.push(...(await this.exchange.fetchFills(pair, new Date(0))));
    return all.sort(
      (a, b) => a.ts.getTime() - b.ts.getTime() || a.fillId.length - b.fillId.length || (a.fillId < b.fillId ? -1 : 1),
    );
  }

  /** Somebody sends an order under a client order id. */
  async send(owner: Owner, request: OrderRequest, forgotten?: number): Promise<ExchangeOrder> {
    return this.change(async () => {
      const order = await this.exchange.createOrder(request);
      const at = this.clock.now;
      const { clientOrderId } = request;
      this.made.set(order.id, { order, owner, clientOrderId, at, ...(forgotten !== undefined && { forgotten }) });
      return order;
    });
  }

  /** An order without a client order id: the account's owner by hand, or the exchange itself. */
  async unmarked(work: () => Promise<ExchangeOrder>): Promise<void> {
    await this.change(async () => {
      const order = await work();
      this.made.set(order.id, { order, owner: "nobody", clientOrderId: undefined, at: this.clock.now });
    });
  }

  madeBy(clientOrderId: string): Made | undefined {
    return [...this.made.values()].find((made) => made.clientOrderId === clientOrderId);
  }

  /** An id as it is derived for a flow: with the flow's digest in it. */
  idWithDigest(flowId: string, ...parts: readonly string[]): string {
    return `sfo${hex(`flow\0${flowId}`, 8)}${hex([flowId, ...parts].join("\0"), 21)}`;
  }

  async priceOf(pair: string): Promise<number> {
    return this.exchange.price(exchangePair(pair)) ?? 100;
  }
}

function hex(text: string, digits: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, digits);
}
