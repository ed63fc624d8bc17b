import type { OrderSide, PositionSide } from "../../../src/types.js";
import type { OrderRequest } from "../../port/exchange.js";
import type { Dialect, RawFill, RawOrder } from "../language/dialect.js";
import type { MarketKind } from "../language/kind.js";
import { isRow, type Row, textOf } from "../language/row.js";
import { byOrder, DAY } from "./asking.js";
import { REFUSAL_WORDS } from "./refusal-words.js";

/** What a contract's order does, by its number: 1 opens a long, 2 closes a short, 3 opens a short, 4 closes a long. */
interface Deed {
  readonly side: OrderSide;
  readonly positionSide: PositionSide;
  readonly closes: boolean;
}

const DEEDS: Readonly<Record<string, Deed>> = {
  "1": { side: "buy", positionSide: "long", closes: false },
  "2": { side: "buy", positionSide: "short", closes: true },
  "3": { side: "sell", positionSide: "short", closes: false },
  "4": { side: "sell", positionSide: "long", closes: true },
};

export const mexc: Dialect = {
  name: "mexc",
  classes: ["mexc"],
  proven: [{ class: "mexc", kinds: ["spot", "linear"] }],
  refused: (kind) => (kind === "inverse" ? "its inverse contracts have not been played" : undefined),
  ids: {
    sentAs: ["newClientOrderId", "externalOid"],
    // Its documents show the field in executions of spot, but no id in it.
    inFills: () => false,
    madeByExchange: (id) => id.startsWith("_m_"),
  },
  // ccxt cannot ask for a contract's order by its client order id: its lists are searched.
  lookups: (id, kind) => (kind === "spot" ? [byOrder(id)] : []),
  readOrder,
  stopLists: () => [],
  noStops: "spot has no stop orders, and those of contracts take no client order id",
  openOrdersTogether: (kind) => (kind === "spot" ? undefined : { type: "swap", page_size: 100 }),
  openOrdersPage: (kind) => (kind === "spot" ? undefined : 100),
  openOrdersNext: (_, { page_num: page = 1 }) => ({ page_num: Number(page) + 1 }),
  positionsTogether: true,
  fillsSpan: (kind) => (kind === "spot" ? 7 * DAY : 30 * DAY),
  fills: { read: readFill, until: (ms) => ({ until: ms, end_time: ms }) },
  // ccxt takes the sides of closing orders in hedge mode the other way round.
  hedge: (request) => ({ positionMode: 1, side: numberOf(request) }),
  errors: {
    duplicate: [],
    unknown: ["-2011", "-2013"],
    nothingToReduce: ["2009"],
    insufficient: ["10101", "30004", "30005", "2005"],
    words: REFUSAL_WORDS,
  },
  // An object with a code is a refusal, and no other object has a code; only answers about contracts have both a code and data.
  isAnswer: (answer) => Array.isArray(answer) || (isRow(answer) && (answer.code === undefined || "data" in answer)),
  limitations: [
    "it is not documented that it refuses a client order id that was used before",
    "on spot it lists only orders and fills of the last month",
    "a contract's order is searched for in the lists of the last 7 days",
  ],
};

/** On spot, sides are words. */
function deedOf(info: Row, kind: MarketKind): Deed | undefined {
  return kind === "spot" ? undefined : DEEDS[textOf(info, "side") ?? ""];
}

function readOrder(info: Row, kind: MarketKind): RawOrder {
  const deed = deedOf(info, kind);
  if (deed === undefined) return {};
  const clientOrderId = textOf(info, "externalOid");
  // 5 and 6 are market orders; their price is the fill price.
  const type = ["5", "6"].includes(textOf(info, "orderType") ?? "") ? "market" : "limit";
  return { side: deed.side, type, reduceOnly: deed.closes, ...(clientOrderId !== undefined && { clientOrderId }) };
}

function readFill(info: Row, kind: MarketKind): RawFill {
  const deed = deedOf(info, kind);
  if (deed === undefined) return {};
  const hedged = textOf(info, "positionMode") === "1";
  return { side: deed.side, ...(hedged && { positionSide: deed.positionSide }) };
}

function numberOf({ side, reduceOnly, positionSide }: OrderRequest): number {
  const held = positionSide ?? ((side === "buy") === reduceOnly ? "short" : "long");
  if (side === "buy") return held === "long" ? 1 : 2;
  return held === "short" ? 3 : 4;
}
