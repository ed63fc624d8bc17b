import type { OrderSide, PositionSide } from "../../../src/types.js";
import { optionIs } from "../language/client-options.js";
import type { Dialect, Params, RawFill, RawOrder } from "../language/dialect.js";
import type { MarketKind } from "../language/kind.js";
import { isRow, numberOf, type Row, textOf } from "../language/row.js";
import { afterLastAs, byOrder, DAY, ONE_SETTLE, STOPS } from "./asking.js";
import { REFUSAL_WORDS } from "./refusal-words.js";

/** The v2 API, not the unified account. In hedge mode a row's `side` names the position, and `tradeSide` what was done to it. */
export const bitget: Dialect = {
  name: "bitget",
  classes: ["bitget"],
  proven: [{ class: "bitget", kinds: ["spot", "linear"] }],
  notPlayed: (options) =>
    optionIs(options, "uta", true) ? "it is a unified account (`uta`), which has an API of its own" : undefined,
  ids: {
    sentAs: ["clientOid"],
    inFills: () => false,
    madeByExchange: (id) => CLOSED_BY_EXCHANGE.test(id) || FROM_ITS_PAGES.test(id),
  },
  // Waiting stops are found in their lists only.
  lookups: (id, kind) => [
    byOrder(id),
    ...stopLists(kind).map((params) => ({ method: "fetchOpenOrders", params, stop: true }) as const),
  ],
  stopLists,
  noStops: "a triggered stop becomes another order, under another id",
  openOrdersPage: 100,
  openOrdersNext: afterLastAs("idLessThan"),
  spotBuysInQuote: true,
  fillsSpan: () => 7 * DAY,
  fills: { read: readFill },
  readOrder,
  errors: {
    duplicate: ["40786"],
    unknown: ["40109", "43001", "22001"],
    nothingToReduce: ["22002"],
    insufficient: ["40754", "40762", "43012"],
    words: REFUSAL_WORDS,
  },
  isAnswer: (answer) => isRow(answer) && (answer.code !== "00000" || isSomething(answer.data)),
  limitations: [ONE_SETTLE, "its fills do not carry client order ids: each order is asked for"],
};

function stopLists(kind: MarketKind): readonly Params[] {
  return kind === "spot" ? [STOPS] : [STOPS, { ...STOPS, planType: "profit_loss" }];
}

function isSomething(data: unknown): boolean {
  return data !== undefined && data !== null;
}

/** Values of `tradeSide` when the exchange closed the position itself: `burst_close_long`, `reduce_close_short`, `dte_sys_adl_close_long`. */
const CLOSED_BY_EXCHANGE = /^[a-z_]+_close_(long|short)$/;

/** `enterPointSource` of orders from its pages, its apps or the exchange itself; orders of bots have `api`. */
const FROM_ITS_PAGES = /^(?:web|app|ios|android|sys)$/;

function readFill(info: Row, kind: MarketKind): RawFill {
  const feeCost = paidFee(info);
  return { ...(kind === "spot" ? {} : readChange(info)), ...(feeCost !== undefined && { feeCost }) };
}

/** A paid fee is negative, also if another coin was taken for it: in that case ccxt reads it as a rebate. */
function paidFee({ feeDetail }: Row): number | undefined {
  const detail: unknown = Array.isArray(feeDetail) ? feeDetail[0] : feeDetail;
  const total = isRow(detail) ? numberOf(detail, "totalFee") : undefined;
  return total === undefined || total === 0 ? total : -total;
}

/**
 * In hedge mode a long is opened and closed under `buy`, a short under `sell`. If the exchange itself closes a position, the field's value says so. That
 * value, or its page or app, is used as the client order id: the order's own is a number that anybody could have given.
 */
function readChange(info: Row): RawFill {
  const word = textOf(info, "tradeSide")?.toLowerCase() ?? "";
  const named = CLOSED_BY_EXCHANGE.exec(word)?.[1];
  if (named === "long" || named === "short") return { side: closing(named), positionSide: named, clientOrderId: word };
  const source = textOf(info, "enterPointSource")?.toLowerCase() ?? "";
  const maker = FROM_ITS_PAGES.test(source) ? { clientOrderId: source } : {};
  if (textOf(info, "posMode") !== "hedge_mode") return maker;
  const positionSide: PositionSide = textOf(info, "side")?.toLowerCase() === "buy" ? "long" : "short";
  const opening = closing(positionSide === "long" ? "short" : "long");
  if (word === "open") return { ...maker, side: opening, positionSide };
  return word === "close" ? { ...maker, side: closing(positionSide), positionSide } : maker;
}

/** ccxt turns the side of a closing order around only if the order also says reduce-only, which means nothing in hedge mode. */
function readOrder(info: Row, kind: MarketKind): RawOrder {
  if (kind === "spot" || textOf(info, "posMode") !== "hedge_mode") return {};
  const { side } = readChange(info);
  return { ...(side !== undefined && { side }), reduceOnly: textOf(info, "tradeSide")?.toLowerCase() === "close" };
}

function closing(positionSide: PositionSide): OrderSide {
  return positionSide === "long" ? "sell" : "buy";
}
