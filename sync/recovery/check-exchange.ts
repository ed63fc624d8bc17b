/** A check before real money: whether an exchange's answers agree with each other. It only reads. */
import { randomBytes } from "node:crypto";
import { settleOf } from "../../src/words/pair-name.js";
import type { Exchange, ExchangeFill, ExchangeOrder, ExchangePosition } from "../port/exchange.js";
import { ExchangeError } from "../port/exchange-error.js";
import { whyNotWorth } from "../port/worth.js";
import { MARGIN } from "./clock.js";

export interface CheckOptions {
  /** Pairs whose markets, fills and orders are looked at. Default: those of the positions and open orders. */
  readonly pairs?: readonly string[];
  /** How far back fills are looked for. Default: a week. */
  readonly days?: number;
}

/** `fine`: the answers agree. `unknown`: the exchange does not say, or there is nothing to look at. `wrong`: do not trade on it. */
export interface CheckRow {
  readonly about: string;
  readonly verdict: "fine" | "unknown" | "wrong";
  readonly says: string;
}

export interface ExchangeCheck {
  readonly exchange: string;
  /** No row is `wrong`. */
  readonly fine: boolean;
  readonly rows: readonly CheckRow[];
}

const DAY = 86_400_000;

/** So many orders of a pair's fills are looked at until one is found by its client order id. */
const MOST_ORDERS = 5;

/** What a client order id, told by an order of the exchange's, leads to. */
interface Link {
  readonly id: string;
  /** Found: the same order. Not found: the exchange does not know the id. */
  readonly outcome: "found" | "not_found" | "other" | "no_answer";
  readonly says: string;
  /** Why not finding it proves nothing. */
  readonly excuse?: string;
}

/**
 * Reads the clock, the position mode, positions (their worth against size x mark), spot balances, open orders, markets, the newest fills and their orders
 * by both ids, and an order id that was never used. Says which answers agree. An id that an order tells but that does not find it is wrong only if
 * no other order was found by its id, the exchange still keeps ids of that age, and the exchange did not make the id itself (it names the order that a
 * fired stop became, and such ids find nothing). Sends nothing. Never rejects with an ExchangeError: a question without an answer is a row.
 */
export async function checkExchange(
  exchange: Exchange,
  { pairs, days = 7 }: CheckOptions = {},
): Promise<ExchangeCheck> {
  const rows: CheckRow[] = [];
  const note = (about: string, verdict: CheckRow["verdict"], says: string) => rows.push({ about, verdict, says });
  async function read<T>(about: string, question: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await question();
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      note(about, "wrong", error.message);
      return undefined;
    }
  }

  const isProven = exchange.level !== "unproven";
  note("level", isProven ? "fine" : "unknown", exchange.level ?? "its maker's word: it says no level");
  await checkClock();
  const mode = exchange.positionMode && (await read("mode", () => exchange.positionMode?.()));
  note("mode", mode === undefined ? "unknown" : "fine", mode ?? "it does not say how it counts positions");
  const positions = (await read("positions", () => exchange.fetchPositions())) ?? [];
  const held = positions.filter(({ size }) => size > 0);
  const what = mode === "spot" ? "balances" : "positions";
  note(
    what,
    "fine",
    held.length === 0 ? "none" : held.map(({ pair, side, size }) => `${side} ${size} ${pair}`).join(", "),
  );
  if (mode !== "spot") for (const position of held) checkWorth(position);
  const open = (await read("open orders", () => exchange.fetchOpenOrders())) ?? [];
  const named = open.filter(({ clientOrderId }) => clientOrderId !== undefined);
  note("open orders", "fine", `${open.length}, of which ${named.length} say a client order id`);
  const links: Link[] = [];
  const [first] = named;
  if (first) links.push(...(await followed(first, undefined)));

  const looked = new Set(pairs ?? [...held, ...open].map(({ pair }) => pair));
  if (looked.size === 0) note("fills", "unknown", "no pair to look at: name those that you trade");
  for (const pair of looked) await checkPair(pair);
  judgeLinks();
  return { exchange: exchange.name, fine: rows.every(({ verdict }) => verdict !== "wrong"), rows };

  async function checkClock(): Promise<void> {
    if (!exchange.fetchTime) return void note("clock", "unknown", "it does not tell its time");
    const asked = Date.now();
    const time = await read("clock", () => exchange.fetchTime?.());
    if (time === undefined) return;
    const ahead = Math.round(time.getTime() - (asked + Date.now()) / 2);
    note("clock", Math.abs(ahead) < MARGIN ? "fine" : "wrong", `${ahead} ms ahead of this one`);
  }

  function checkWorth(position: ExchangePosition): void {
    const { pair, side, size, notional, markPrice, entryPrice } = position;
    const about = `worth of ${side} ${pair}`;
    const why = whyNotWorth(position);
    if (why !== undefined) return void note(about, "wrong", why);
    if (notional === undefined || (markPrice ?? entryPrice) === undefined)
      return void note(about, "unknown", `a size of ${size}, and it does not say what that is worth`);
    note(about, "fine", `${size} at ${markPrice ?? entryPrice} is worth ${notional}`);
  }

  async function checkPair(name: string): Promise<void> {
    const pair = (await read(`pair ${name}`, () => exchange.resolvePair?.(name) ?? name)) ?? name;
    if (exchange.fetchMarket) {
      const market = await read(`market ${pair}`, () => exchange.fetchMarket?.(pair));
      if (market === undefined) note(`market ${pair}`, "wrong", "it knows no such market");
      else {
        const { settle, inverse, contractSize, minSize } = market;
        const isAsNamed = settleOf(pair) === "" || settle === settleOf(pair);
        const says = `settles in ${settle}, ${inverse ? "inverse, " : ""}contract size ${contractSize}, least order ${minSize}`;
        note(`market ${pair}`, isAsNamed ? "fine" : "wrong", says);
      }
    }
    const fills = await read(`fills of ${pair}`, () => exchange.fetchFills(pair, new Date(Date.now() - days * DAY)));
    if (fills?.length === 0) note(`fills of ${pair}`, "unknown", `none in ${days} days`);
    const newest = new Map((fills ?? []).map((fill) => [fill.orderId, fill])); // by order, the newest order last
    for (const fill of [...newest.values()].sort((a, b) => b.ts.getTime() - a.ts.getTime()).slice(0, MOST_ORDERS)) {
      const found = await checkFill(fill, fills ?? []);
      links.push(...found);
      if (!exchange.fetchOrderById || found.some(({ outcome }) => outcome === "found")) break;
    }
    const unused = `sfcheck${randomBytes(8).toString("hex")}`;
    const found = await read(`an id never used, of ${pair}`, async () => ({
      order: await exchange.fetchOrder(unused, pair),
    }));
    if (found?.order) note(`an id never used, of ${pair}`, "wrong", `it answers with order ${found.order.id}`);
    else if (found) note(`an id never used, of ${pair}`, "fine", "not known");
  }

  async function checkFill(fill: ExchangeFill, fills: readonly ExchangeFill[]): Promise<readonly Link[]> {
    const silent = (about: string, says: string) => {
      note(about, "unknown", says);
      return [];
    };
    const { pair, side, size, price, orderId, clientOrderId, fillId } = fill;
    const about = `fill ${fillId} of ${pair}`;
    note(about, "fine", `${side} ${size} at ${price}${clientOrderId === undefined ? "" : `, of ${clientOrderId}`}`);
    if (orderId === undefined) return silent(about, "it does not say its order");
    if (!exchange.fetchOrderById) return silent(`order of ${about}`, "orders cannot be asked for by the exchange's id");
    const found = await read(`order of ${about}`, async () => ({
      order: await exchange.fetchOrderById?.(orderId, pair),
    }));
    if (!found) return [];
    const { order } = found;
    if (order === undefined) return silent(`order of ${about}`, `it no longer knows order ${orderId}`);
    const all = fills.filter((each) => each.orderId === orderId).reduce((sum, each) => sum + each.size, 0);
    const fits = order.side === side && all <= order.filled * (1 + 1e-9);
    note(
      `order of ${about}`,
      fits ? "fine" : "wrong",
      `${order.side} ${order.filled} of ${order.size} filled; its fills are ${side} ${all}`,
    );
    const id = clientOrderId ?? order.clientOrderId;
    if (id === undefined) return silent(`owner of ${about}`, "neither the fill nor its order says a client order id");
    return followed({ ...order, clientOrderId: id }, fill.ts);
  }

  /** Asks for an order by the client order id that it tells. `at`: when it was filled; undefined while it is open. */
  async function followed(told: ExchangeOrder, at: Date | undefined): Promise<readonly Link[]> {
    const { clientOrderId: id, id: theirs, pair } = told;
    if (id === undefined) return [];
    const answer = await read(`order ${id}`, async () => ({ order: await exchange.fetchOrder(id, pair) }));
    if (!answer) return [{ id, outcome: "no_answer", says: "" }];
    const { order } = answer;
    if (order?.id === theirs) return [{ id, outcome: "found", says: `found by its id: ${order.status}` }];
    if (order) return [{ id, outcome: "other", says: `its id finds order ${order.id}, not ${theirs}` }];
    const says = `its id does not find it, though it is order ${theirs}`;
    const excuse = excuseFor(id, at);
    return [{ id, outcome: "not_found", says, ...(excuse !== undefined && { excuse }) }];
  }

  function excuseFor(id: string, at: Date | undefined): string | undefined {
    const { madeByExchange, namesFiredStop, foundFor } = exchange.clientOrderIds ?? {};
    if (madeByExchange?.(id) || namesFiredStop?.(id)) return "the exchange made this id itself";
    if (at === undefined) return undefined;
    if (foundFor === undefined) return "it does not prove for how long it finds orders that are over";
    return Date.now() - at.getTime() > foundFor ? "it no longer finds orders that are over for so long" : undefined;
  }

  function judgeLinks(): void {
    const finds = links.some(({ outcome }) => outcome === "found");
    for (const { id, outcome, says, excuse } of links) {
      if (outcome === "no_answer") continue; // is a row already
      if (outcome !== "not_found") note(`order ${id}`, outcome === "found" ? "fine" : "wrong", says);
      else if (excuse !== undefined) note(`order ${id}`, "unknown", `${says}: ${excuse}`);
      else if (finds)
        note(`order ${id}`, "unknown", `${says}; it finds others by theirs: perhaps it made this id itself`);
      else note(`order ${id}`, "wrong", says);
    }
  }
}
