import type { Dialect, Params } from "../language/dialect.js";
import { infoOf, isRow, type Row, textOf } from "../language/row.js";
import { byOrder, HOUR, STOPS } from "./asking.js";
import { REFUSAL_WORDS } from "./refusal-words.js";
import { unifiedStop } from "./unified-stop.js";

/** The v5 API. Stops are separate from orders and have ids of their own; the order that a stop becomes has another id. */
export const okx: Dialect = {
  name: "okx",
  classes: ["okx", "okxus", "myokx"],
  proven: [
    { class: "okx", kinds: ["spot", "linear", "inverse"] },
    { class: "myokx", kinds: ["spot", "linear", "inverse"] },
  ],
  ids: {
    form: { fits: /^[A-Za-z0-9]{1,32}$/, digest: (hex) => hex },
    stopParam: "algoClOrdId",
    sentAs: ["clOrdId", "algoClOrdId"],
    // Fills of orders that stops became do not carry it.
    inFills: () => false,
    foundFor: () => 2 * HOUR,
  },
  readOrder: (info) => {
    const id = ownId(info);
    return id === undefined ? {} : { id };
  },
  positionsTogether: true,
  lookups: (id) => [byOrder(id), byOrder(id, STOPS)],
  stopLists: () => [STOPS, { ...STOPS, ordType: "conditional" }, { ...STOPS, ordType: "oco" }, { trailing: true }],
  openOrdersPage: 100,
  openOrdersNext: olderThan,
  fillsSpan: () => Number.POSITIVE_INFINITY,
  stop: unifiedStop,
  errors: {
    duplicate: ["51016", "51065"],
    unknown: ["51603"],
    nothingToReduce: ["51023", "51112", "51169"],
    insufficient: ["51008", "51127", "51131"],
    words: REFUSAL_WORDS,
  },
  isAnswer: (answer) => isRow(answer) && Array.isArray(answer.data),
  limitations: [
    "it takes letters and digits only in client order ids: others are sent as a digest, recognised while the order is pending in the state",
    "it forgets cancelled orders without a fill after two hours",
    "the fills of a triggered stop do not carry its client order id: the order is asked for",
  ],
};

/** For an order that a stop became, ccxt reads the stop's id. Only rows of orders say how much is filled. */
function ownId(info: Row): string | undefined {
  return info.accFillSz === undefined ? undefined : textOf(info, "ordId");
}

/** Lists are newest first: the next page is older than the oldest row. */
function olderThan(rows: readonly Row[]): Params | undefined {
  const ids = rows.flatMap((row) => ownId(infoOf(row)) ?? textOf(row, "id") ?? []).map(BigInt);
  const oldest = ids.reduce<bigint | undefined>(
    (least, id) => (least === undefined || id < least ? id : least),
    undefined,
  );
  return oldest === undefined ? undefined : { after: String(oldest) };
}
