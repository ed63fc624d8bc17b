/** One account at one exchange: a venue, its wire on a loopback server, the real ccxt client, and the port over it. */
import type { Exchange as Client } from "ccxt";
import { can } from "../../../sync/ccxt/ccxt-client.js";
import { type CcxtExchangeOptions, ccxtExchange } from "../../../sync/ccxt/ccxt-exchange.js";
import { ClientOrderIds } from "../../../sync/ccxt/client-order-ids.js";
import { dialectOf, type SpokenDialect } from "../../../sync/ccxt/dialect.js";
import type { Exchange, OrderRequest } from "../../../sync/port/exchange.js";
import { type Answering, ExchangeServer } from "../ccxt/exchange-server.js";
import type { Played } from "./all-wires.js";
import { lendClient } from "./lent-clients.js";
import { Venue, type VenueFill, type VenueMarket, type VenueOrder } from "./venue.js";
import { wireClient } from "./wire-client.js";

export interface SceneOptions {
  readonly mode?: "netting" | "hedge";
  readonly clockAhead?: number;
  readonly port?: CcxtExchangeOptions;
  /** Its client is used for nothing else, before or after. */
  readonly ownClient?: boolean;
}

/** Enough for every order of the suite. */
const COINS = { quote: 100_000_000, base: 1_000 };

/** By place among the markets of the kind. */
const PRICES = [60_000, 3_000] as const;

export class Scene implements AsyncDisposable {
  /** What of the exchange's answers is put in place of the wire's; undefined: the wire's own. */
  instead: Answering | undefined;
  /** What the test has done wrong, such as asking for what the wire does not know: told when the scene ends. */
  readonly #strays: string[] = [];

  private constructor(
    readonly played: Played,
    readonly venue: Venue,
    readonly server: ExchangeServer,
    readonly client: Client,
    readonly giveBack: () => void,
    readonly port: Exchange,
    readonly dialect: SpokenDialect,
  ) {}

  static async open(
    played: Played,
    { mode = "netting", clockAhead = 0, port = {}, ownClient = false }: SceneOptions = {},
  ): Promise<Scene> {
    const { wire, kind, markets } = played;
    const venue = new Venue({
      markets: Object.values(wire.markets).flat(),
      mode: kind === "spot" ? "spot" : mode,
      clockAhead,
      ...(wire.refusesIds && wire.refusesIds !== "answers" && { refusesIds: wire.refusesIds }),
    });
    for (const [index, { pair, base, quote }] of markets.entries()) {
      venue.prices.set(pair, PRICES[index] ?? 100);
      if (kind !== "spot") continue;
      venue.coins.set(quote, COINS.quote);
      venue.coins.set(base, COINS.base);
    }
    const server = await ExchangeServer.start(() => ({ hang: true }));
    const { client, giveBack } = ownClient
      ? { client: wireClient(wire, server.url), giveBack: () => {} }
      : await lendClient(wire, server.url);
    const dialect = dialectOf(wire.exchange, false);
    const tellsMode =
      can(client, "fetchPositionMode") || dialect.hedges === false || dialect.hedgedByPositions !== undefined;
    const hedged = kind === "spot" || tellsMode ? {} : { hedged: mode === "hedge" };
    const exchange = ccxtExchange(client, { pairs: markets.map(({ pair }) => pair), ...hedged, ...port });
    const scene = new Scene(played, venue, server, client, giveBack, exchange, dialect);
    server.answer = (asked) => scene.#answer(asked);
    return scene;
  }

  #answer(asked: Parameters<Answering>[0]): ReturnType<Answering> {
    try {
      const reaction = this.instead?.(asked) ?? this.played.wire.answer(asked, this.venue);
      if ("text" in reaction && reaction.text.startsWith("no route")) this.#strays.push(reaction.text);
      return reaction;
    } catch (error) {
      this.#strays.push(String(error));
      return { text: "the test is wrong", status: 500 };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    this.giveBack();
    if (this.#strays.length > 0) throw new Error([...new Set(this.#strays)].join("\n"));
  }

  get market(): VenueMarket {
    return this.#market(0);
  }

  /** The other pair of the account. */
  get other(): VenueMarket {
    return this.#market(1);
  }

  #market(index: number): VenueMarket {
    const market = this.played.markets[index];
    if (market === undefined) throw new Error(`the wire names no market ${index}`);
    return market;
  }

  get pair(): string {
    return this.market.pair;
  }

  /** So many lots as the exchange counts them. */
  lots(count: number, { step }: VenueMarket = this.market): number {
    return round(count * 10 * step);
  }

  /** The same as the port counts them: in base coins, or quote coins of an inverse contract. */
  size(count: number, market: VenueMarket = this.market): number {
    return round(this.lots(count, market) * market.contractSize);
  }

  /** A bot's order: a market buy of two lots, unless it says otherwise; a sale where the exchange does not buy sizes at market. */
  request(changes: Partial<OrderRequest> = {}): OrderRequest {
    const { pair, played, dialect } = this;
    return {
      clientOrderId: "bot_1-x",
      pair,
      side: played.kind === "spot" && dialect.spotBuysInQuote ? "sell" : "buy",
      size: this.size(2),
      type: "market",
      reduceOnly: false,
      ...changes,
    };
  }

  /** The orders of the account that carry the bot's id as the exchange was to be given it. */
  sentAs(clientOrderId: string): VenueOrder[] {
    const { idForm } = this.dialect;
    const theirs = new ClientOrderIds(idForm).theirs(clientOrderId);
    const written = [theirs, `${idForm?.prefix ?? ""}${theirs}`];
    return this.venue.orders.filter(({ clientId }) => clientId !== undefined && written.includes(clientId));
  }

  /** The only order that was sent under the id. */
  order(clientOrderId = "bot_1-x"): VenueOrder {
    const [order, ...more] = this.sentAs(clientOrderId);
    if (order === undefined || more.length > 0)
      throw new Error(
        `${more.length + (order ? 1 : 0)} orders of ${clientOrderId}: ${JSON.stringify(this.venue.orders)}`,
      );
    return order;
  }

  /** One execution of an order of its own, at that time: no market order, so that the test says the price. */
  execution({
    clientId,
    side = "buy",
    lots = 1,
    price,
    at = this.venue.now(),
    market = this.market,
    positionSide,
  }: {
    readonly clientId?: string;
    readonly side?: "buy" | "sell";
    readonly lots?: number;
    readonly price?: number;
    readonly at?: number;
    readonly market?: VenueMarket;
    readonly positionSide?: "long" | "short";
  } = {}): VenueFill {
    const { venue } = this;
    const size = this.lots(lots, market);
    const paid = price ?? venue.price(market.pair);
    const { idForm } = this.dialect;
    const theirs =
      clientId === undefined ? undefined : (idForm?.prefix ?? "") + new ClientOrderIds(idForm).theirs(clientId);
    const order = venue.place({
      clientId: theirs,
      pair: market.pair,
      side,
      type: "limit",
      size,
      price: paid,
      positionSide,
    });
    return venue.fill(order, size, paid, { at });
  }

  /** Something that the account holds without the bot: a position, made by hand. */
  hold(side: "long" | "short", lots: number, price = this.venue.price(this.pair)): void {
    const hedge = this.venue.mode === "hedge" ? side : undefined;
    this.venue.byHand(this.pair, side === "long" ? "buy" : "sell", this.lots(lots), price, hedge);
  }
}

function round(value: number): number {
  return Number(value.toFixed(10));
}
