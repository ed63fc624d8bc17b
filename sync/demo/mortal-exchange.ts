import type { Exchange, PaperExchange } from "../index.js";
import type { Counter } from "./desk.js";
import type { KillPoint } from "./kill-point.js";
import { step } from "./steps.js";

const ASKED = ["asking", "asked"] as const;
const SENT = ["sending", "sent"] as const;
const WITHDRAWN = ["withdrawing", "withdrawn"] as const;

/** The exchange as a bot meets it that may die at every call of it, its recovery's included. */
export function mortalExchange(exchange: PaperExchange, pass: (point: KillPoint) => void): Exchange {
  return {
    name: exchange.name,
    clientOrderIds: exchange.clientOrderIds,
    positionMode: () => exchange.positionMode(),
    minSize: (pair) => exchange.minSize(pair),
    resolvePair: (pair) => exchange.resolvePair(pair),
    fetchTime: () => step(pass, ASKED, () => exchange.fetchTime()),
    fetchMarket: (pair) => step(pass, ASKED, () => exchange.fetchMarket(pair)),
    fetchOrderById: (id, pair) => step(pass, ASKED, () => exchange.fetchOrderById(id, pair)),
    fetchPositions: () => step(pass, ASKED, () => exchange.fetchPositions()),
    fetchOpenOrders: () => step(pass, ASKED, () => exchange.fetchOpenOrders()),
    fetchOrder: (id, pair) => step(pass, ASKED, () => exchange.fetchOrder(id, pair)),
    ...mortalCounter(exchange, pass),
  };
}

export function mortalCounter(exchange: Counter, pass: (point: KillPoint) => void): Counter {
  return {
    fetchFills: (pair, since) => step(pass, ASKED, () => exchange.fetchFills(pair, since)),
    createOrder: (request) => step(pass, SENT, () => exchange.createOrder(request)),
    cancelOrder: (id, pair) => step(pass, WITHDRAWN, () => exchange.cancelOrder(id, pair)),
  };
}
