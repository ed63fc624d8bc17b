/**
 * An exchange's matching engine without a wire: orders, fills, positions, balances. A wire speaks for it in one exchange's own format. It knows
 * nothing of ccxt and nothing of the product. Sizes are what the exchange counts in ccxt's sense: contracts, or base coins where there are none.
 */

export type MarketKind = "spot" | "linear" | "inverse";

export interface VenueMarket {
  /** ccxt's name, `BTC/USDT:USDT`. */
  readonly pair: string;
  /** The exchange's name, `BTCUSDT`. */
  readonly id: string;
  readonly kind: MarketKind;
  readonly base: string;
  readonly quote: string;
  /** In which it settles; of a spot market its quote. */
  readonly settle: string;
  /** Base coins (linear) or quote coins (inverse) of one contract; 1 on spot. */
  readonly contractSize: number;
  /** Sizes are whole numbers of it. */
  readonly step: number;
  /** What ccxt's market has beyond that, or otherwise: `settleId: "usdt"`. */
  readonly ccxt?: Readonly<Record<string, unknown>>;
}

export type Side = "buy" | "sell";
export type PositionSide = "long" | "short";

/** Why an order is refused; a wire has a code for each. */
export type Refusal = "duplicate" | "nothing_to_reduce" | "insufficient" | "unknown_market";

export interface Placing {
  readonly clientId: string | undefined;
  readonly pair: string;
  readonly side: Side;
  readonly type: "market" | "limit";
  readonly size: number;
  readonly price?: number | undefined;
  /** It waits until the price is reached. */
  readonly trigger?: number | undefined;
  readonly reduceOnly?: boolean | undefined;
  /** In hedge mode: the position that it opens or closes. */
  readonly positionSide?: PositionSide | undefined;
}

export type Maker = "account" | "liquidation" | "adl";

export interface VenueOrder {
  readonly id: string;
  readonly clientId: string | undefined;
  readonly pair: string;
  readonly side: Side;
  readonly type: "market" | "limit";
  readonly size: number;
  readonly price: number | undefined;
  readonly trigger: number | undefined;
  readonly reduceOnly: boolean;
  readonly positionSide: PositionSide | undefined;
  readonly maker: Maker;
  readonly createdAt: number;
  updatedAt: number;
  filled: number;
  /** Sum of size x price of its fills. */
  cost: number;
  status: "waiting" | "open" | "filled" | "cancelled";
  /** The exchange answers no more for it, by any id, in no list; its fills stay. */
  forgotten: boolean;
}

export interface VenueFee {
  readonly amount: number;
  readonly currency: string;
}

export interface VenueFill {
  readonly id: string;
  readonly order: VenueOrder;
  readonly pair: string;
  readonly side: Side;
  readonly size: number;
  readonly price: number;
  readonly fee: VenueFee;
  readonly at: number;
  readonly maker: Maker;
  readonly isMaker: boolean;
  /** What of it closed a position; the rest opened one. */
  readonly closed: number;
}

export interface VenueFunding {
  readonly id: string;
  readonly pair: string;
  readonly amount: number;
  readonly at: number;
}

export interface VenuePosition {
  readonly pair: string;
  readonly side: PositionSide;
  readonly size: number;
  readonly entryPrice: number;
  readonly openedAt: number;
}

export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal);
    this.refusal = refusal;
  }
}

export interface VenueSetup {
  readonly markets: readonly VenueMarket[];
  readonly mode: "netting" | "hedge" | "spot";
  /** Exchange time less the real one, ms. */
  readonly clockAhead?: number;
  /** Whether a client id is refused while any order of it is known, only while it is open, or not at all. */
  readonly refusesIds?: "known" | "open" | "never";
}

/** One account at one exchange. Every method is one step; nothing happens by itself. */
export class Venue {
  readonly markets: readonly VenueMarket[];
  readonly mode: VenueSetup["mode"];
  readonly orders: VenueOrder[] = [];
  readonly fills: VenueFill[] = [];
  readonly fundings: VenueFunding[] = [];
  /** Coins of the account, free and in orders together. */
  readonly coins = new Map<string, number>();
  clockAhead: number;
  /** By pair: at which market orders are filled. */
  readonly prices = new Map<string, number>();
  /** Share of the next market orders that is filled at once. */
  fillsAtOnce = 1;
  /** Fee of the next fills: of the quote value, in that currency. */
  feeRate = 0.0005;
  feeIn: "quote" | "base" | string = "quote";
  readonly #refusesIds: "known" | "open" | "never";
  #count = 0;
  readonly #positions = new Map<string, { size: number; entryPrice: number; openedAt: number }>();

  constructor({ markets, mode, clockAhead = 0, refusesIds = "known" }: VenueSetup) {
    this.markets = markets;
    this.mode = mode;
    this.clockAhead = clockAhead;
    this.#refusesIds = refusesIds;
  }

  now(): number {
    return Date.now() + this.clockAhead;
  }

  market(idOrPair: string): VenueMarket {
    const market = this.markets.find(({ id, pair }) => id === idOrPair || pair === idOrPair);
    if (market === undefined) throw new Refused("unknown_market");
    return market;
  }

  price(pair: string): number {
    const price = this.prices.get(pair);
    if (price === undefined) throw new Error(`the test has set no price of ${pair}`);
    return price;
  }

  /** Takes an order, or throws a Refused. A market order is filled at the pair's price, as far as `fillsAtOnce` says. */
  place(placing: Placing): VenueOrder {
    const { clientId, pair } = placing;
    const { kind, base, quote } = this.market(pair);
    const taken = this.orders.some(
      (order) =>
        this.#refusesIds !== "never" &&
        clientId !== undefined &&
        order.clientId === clientId &&
        !order.forgotten &&
        (this.#refusesIds === "known" || isLive(order)),
    );
    if (taken) throw new Refused("duplicate");
    if (placing.reduceOnly === true && placing.trigger === undefined && this.reducible(placing) <= 0)
      throw new Refused("nothing_to_reduce");
    if (kind === "spot") {
      const needed = placing.side === "sell" ? placing.size : placing.size * (placing.price ?? this.price(pair));
      if ((this.coins.get(placing.side === "sell" ? base : quote) ?? 0) < needed * (1 - 1e-12))
        throw new Refused("insufficient");
    }
    const size =
      placing.reduceOnly === true && placing.trigger === undefined
        ? Math.min(placing.size, this.reducible(placing))
        : placing.size;
    const order = this.#newOrder({ ...placing, size }, "account");
    if (order.type === "market" && order.status === "open" && this.fillsAtOnce > 0)
      this.fill(order, order.size * this.fillsAtOnce, this.price(pair));
    return order;
  }

  /** How much an order of that side, and position in hedge mode, can close. */
  reducible({ pair, side, positionSide }: Pick<Placing, "pair" | "side" | "positionSide">): number {
    const closes: PositionSide = side === "sell" ? "long" : "short";
    if (this.mode === "hedge" && positionSide !== undefined && positionSide !== closes) return 0;
    return this.positions().find((held) => held.pair === pair && held.side === closes)?.size ?? 0;
  }

  #newOrder(placing: Placing, maker: Maker): VenueOrder {
    const now = this.now();
    const order: VenueOrder = {
      id: this.#nextId(),
      clientId: placing.clientId,
      pair: placing.pair,
      side: placing.side,
      type: placing.type,
      size: placing.size,
      price: placing.price,
      trigger: placing.trigger,
      reduceOnly: placing.reduceOnly ?? false,
      positionSide: placing.positionSide,
      maker,
      createdAt: now,
      updatedAt: now,
      filled: 0,
      cost: 0,
      status: placing.trigger === undefined ? "open" : "waiting",
      forgotten: false,
    };
    this.orders.push(order);
    return order;
  }

  #nextId(): string {
    this.#count += 1;
    return String(100_000_000_000 + this.#count);
  }

  /** One execution of that many at that price; `at` is the exchange's time of it. */
  fill(order: VenueOrder, size: number, price: number, { at = this.now() }: { readonly at?: number } = {}): VenueFill {
    const market = this.market(order.pair);
    const closed = this.#move(order, size, price, market, at);
    order.filled = round(order.filled + size);
    order.cost += size * price;
    order.updatedAt = at;
    order.status = order.filled >= order.size ? "filled" : "open";
    const fill: VenueFill = {
      id: this.#nextId(),
      order,
      pair: order.pair,
      side: order.side,
      size,
      price,
      fee: this.#feeOf(market, size, price),
      at,
      maker: order.maker,
      isMaker: order.type === "limit",
      closed,
    };
    if (market.kind === "spot") {
      const sign = order.side === "buy" ? 1 : -1;
      this.#coin(market.base, sign * size);
      this.#coin(market.quote, -sign * size * price);
      this.#coin(fill.fee.currency, -fill.fee.amount);
    }
    this.fills.push(fill);
    return fill;
  }

  #feeOf({ kind, base, quote, settle, contractSize }: VenueMarket, size: number, price: number): VenueFee {
    const worth = kind === "inverse" ? (size * contractSize) / price : size * contractSize * price;
    if (this.feeIn === "quote") {
      return { amount: round(worth * this.feeRate), currency: kind === "spot" ? quote : settle };
    }
    if (this.feeIn === "base") return { amount: round(size * contractSize * this.feeRate), currency: base };
    return { amount: round(worth * this.feeRate), currency: this.feeIn };
  }

  #coin(currency: string, change: number): void {
    this.coins.set(currency, round((this.coins.get(currency) ?? 0) + change));
  }

  /** Moves the position that the execution touches; answers how much of it closed something. */
  #move(order: VenueOrder, size: number, price: number, market: VenueMarket, at: number): number {
    if (market.kind === "spot") return 0;
    const opens: PositionSide = order.side === "buy" ? "long" : "short";
    const closes: PositionSide = order.side === "buy" ? "short" : "long";
    const isClose = this.mode === "netting" || order.positionSide === closes || order.reduceOnly;
    const against = `${closes} ${order.pair}`;
    const held = this.#positions.get(against);
    const closed = isClose && held !== undefined ? Math.min(held.size, size) : 0;
    if (held !== undefined && closed > 0) {
      const left = round(held.size - closed);
      if (left === 0) this.#positions.delete(against);
      else this.#positions.set(against, { ...held, size: left });
    }
    const opened = round(size - closed);
    if (opened > 0) {
      const key = `${opens} ${order.pair}`;
      const before = this.#positions.get(key) ?? { size: 0, entryPrice: 0, openedAt: at };
      const all = round(before.size + opened);
      const entryPrice =
        market.kind === "inverse"
          ? all / (before.size / (before.entryPrice || 1) + opened / price)
          : (before.size * before.entryPrice + opened * price) / all;
      this.#positions.set(key, { size: all, entryPrice, openedAt: before.openedAt });
    }
    return closed;
  }

  positions(): VenuePosition[] {
    return [...this.#positions].map(([key, held]) => {
      const [side = "", pair = ""] = key.split(" ");
      return { pair, side: side === "long" ? "long" : "short", ...held };
    });
  }

  /** A stop becomes an order: filled at once where it is a market order. */
  trigger(order: VenueOrder): void {
    order.status = "open";
    if (order.type === "market") this.fill(order, order.size, order.trigger ?? this.price(order.pair));
  }

  /** False when it is over already. */
  cancel(order: VenueOrder): boolean {
    if (!isLive(order)) return false;
    order.status = "cancelled";
    order.updatedAt = this.now();
    return true;
  }

  /** The exchange takes the whole position away. */
  liquidate(pair: string, side: PositionSide, price: number, maker: "liquidation" | "adl" = "liquidation"): VenueFill {
    const held = this.positions().find((position) => position.pair === pair && position.side === side);
    if (held === undefined) throw new Error(`there is no ${side} position of ${pair}`);
    const order = this.#newOrder(
      {
        clientId: undefined,
        pair,
        side: side === "long" ? "sell" : "buy",
        type: "market",
        size: held.size,
        reduceOnly: true,
        positionSide: this.mode === "hedge" ? side : undefined,
      },
      maker,
    );
    return this.fill(order, held.size, price);
  }

  /** Something else on the account, such as its owner by hand: an order without a client id, filled at once. */
  byHand(pair: string, side: Side, size: number, price: number, positionSide?: PositionSide): VenueFill {
    const order = this.#newOrder({ clientId: undefined, pair, side, type: "market", size, positionSide }, "account");
    return this.fill(order, size, price);
  }

  fund(pair: string, amount: number): VenueFunding {
    const funding = { id: this.#nextId(), pair, amount, at: this.now() };
    this.fundings.push(funding);
    return funding;
  }

  /** By the exchange's id, what it still tells. */
  known(id: string): VenueOrder | undefined {
    return this.orders.find((order) => order.id === id && !order.forgotten);
  }

  /** By the client's id, the newest first. */
  named(clientId: string): VenueOrder | undefined {
    return this.orders.findLast((order) => order.clientId === clientId && !order.forgotten);
  }

  live(pair?: string): VenueOrder[] {
    return this.orders.filter((order) => isLive(order) && (pair === undefined || order.pair === pair));
  }

  /** Orders that are over and still told. */
  over(pair?: string): VenueOrder[] {
    return this.orders.filter(
      (order) => !isLive(order) && !order.forgotten && (pair === undefined || order.pair === pair),
    );
  }
}

export function isLive({ status, forgotten }: VenueOrder): boolean {
  return !forgotten && (status === "open" || status === "waiting");
}

/** Average price of what was filled; undefined before anything was. */
export function averageOf({ filled, cost }: VenueOrder): number | undefined {
  return filled === 0 ? undefined : cost / filled;
}

function round(value: number): number {
  return Number(value.toFixed(12));
}
