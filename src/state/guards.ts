/**
 * Look-back guards (src/manager/README.md, Limits and guards): whether recent trades speak against an entry. A guard looks back `within` from the exit of
 * each ended trade; if it trips there, it blocks for `for` from that exit. It also looks back from now. So a block lasts its full time even if its trades
 * become older than `within`. Lua twin: `lua/shared/guards.lua`.
 */
import { type Guard, LONGEST_GUARD, MOST_TRADES } from "../config/guards.js";
import { InvalidArgumentError } from "../errors.js";
import { formatMoney } from "../exact/money.js";
import type { TradeRow } from "../records/trade.js";
import type { ActiveGuard } from "../types.js";
import { spanWords } from "../words/span-words.js";
import {
  GUARD_BLOCKS,
  GUARD_KINDS,
  POSITION_SIDES,
  type PositionSide,
  STOP_REASONS,
  type StopReason,
  wordOf,
} from "../words/word-lists.js";
import { marketStored } from "./currency.js";
import { compareEventIds } from "./event-log.js";
import { notionalAt } from "./exposure.js";
import type { FlowState } from "./flow-state.js";
import { compareBytes } from "./ranking.js";

/** A trade as guards remember it. */
export interface GuardTrade {
  readonly key: string;
  readonly exitTs: number;
  readonly side: PositionSide;
  readonly pnl: string;
  /** Notional of the entry, in the flow's currency. */
  readonly notional: string;
  /** The reason, if a stop ended the trade; empty otherwise. */
  readonly stop: StopReason | "";
}

/** A block that a guard has put on entries. */
export interface Block {
  readonly guard: Guard;
  /** ms */
  readonly until: number;
  readonly message: string;
}

/** A pair is forgotten when another pair's first trade ends, if its newest trade is older than any guard can look back, ms. */
const MEMORY = 2 * LONGEST_GUARD;

/** How many trades of the ledger are looked at when the first guards are set. */
const LEDGER = 10_000;

/** Profit shares are counted in whole units of 1e-10, so that their sums are exact in any order. */
const UNITS = 1e10;

/** Notional of the trade's entry, in the flow's currency, as text. */
function entryNotional(state: FlowState, { pair, size, entry_price, rate }: TradeRow): string {
  return formatMoney(notionalAt(marketStored(state, pair), size, entry_price, rate));
}

function guardTrade(state: FlowState, trade: TradeRow): GuardTrade {
  return {
    key: trade.key,
    exitTs: trade.exit_ts,
    side: trade.side,
    pnl: formatMoney(trade.pnl),
    notional: entryNotional(state, trade),
    stop: wordOf(STOP_REASONS, trade.reason) ?? "",
  };
}

/** Whether the trade counts: its result is known, and it is a real trade. */
function counts({ untold, forgotten }: TradeRow): boolean {
  return untold === null && forgotten === null;
}

/** Remembers an ended trade, in the step that ends it, if the flow has guards. */
export function rememberForGuards(state: FlowState, trade: TradeRow, now: number): void {
  if (!state.meta.value?.guards || !counts(trade)) return;
  const before = state.guardTrades.get(trade.pair);
  if (!before) forgetOld(state, now);
  state.guardTrades.set(trade.pair, [...(before ?? []).slice(1 - MOST_TRADES), guardTrade(state, trade)]);
}

function forgetOld({ guardTrades }: FlowState, now: number): void {
  for (const [pair, trades] of [...guardTrades.entries()]) {
    if ((trades.at(-1)?.exitTs ?? 0) <= now - MEMORY) guardTrades.delete(pair);
  }
}

/** The memory as the ledger has it, for guards that are set where there were none. */
export function memoryOfLedger(state: FlowState, now: number): Map<string, GuardTrade[]> {
  const memory = new Map<string, GuardTrade[]>();
  const newest = state.closedTrades.values().slice(-LEDGER);
  for (const trade of newest) {
    if (!counts(trade) || compareEventIds(trade.key, `${Math.max(0, now - MEMORY)}-0`) < 0) continue;
    const trades = memory.get(trade.pair) ?? [];
    trades.push(guardTrade(state, trade));
    if (trades.length > MOST_TRADES) trades.shift();
    memory.set(trade.pair, trades);
  }
  return memory;
}

/** The stored text of guards; empty for no guards. */
export function guardsText(guards: readonly Guard[]): string {
  if (guards.length === 0) return "";
  return JSON.stringify(
    guards.map(({ kind, within, count, limit, block, for: length }) => ({
      kind,
      within,
      count,
      limit,
      block,
      for: length,
    })),
  );
}

/** The guards of a stored text; empty text: none. Throws an InvalidArgumentError if the text cannot be read. */
export function guardsIn(text: string): Guard[] {
  if (text === "") return [];
  const guards = parsed(text);
  if (guards === undefined) throw new InvalidArgumentError(UNREADABLE);
  return guards;
}

const UNREADABLE =
  "guards: those that the flow stores cannot be read: set them again (setGuards, or connect with risk.guards), see sf-state doctor";

/** Whether a stored guard is valid: an entry must not go ahead past a guard that cannot be read. Lua twin: `is_guard`. */
function isGuard(guard: Guard | null): boolean {
  if (typeof guard !== "object" || guard === null) return false;
  const { kind, within, count, limit, block, for: length } = guard;
  return (
    GUARD_KINDS.includes(kind) &&
    GUARD_BLOCKS.includes(block) &&
    [within, count, limit, length].every((each) => typeof each === "number")
  );
}

function parsed(json: string): Guard[] | undefined {
  try {
    const guards: Guard[] = JSON.parse(json);
    return Array.isArray(guards) && guards.every(isGuard) ? guards : undefined;
  } catch {
    return undefined;
  }
}

/** The block on entries of the pair and side; of several, the one that ends last. */
export function guardBlock(state: FlowState, entry: Entered, now: number): Block | undefined {
  const text = state.meta.value?.guards;
  if (!text) return undefined;
  const guards = guardsIn(text);
  const memory = guards.some(({ block }) => block === "all")
    ? state.guardTrades.entries()
    : [[entry.pair, state.guardTrades.get(entry.pair) ?? []] as const];
  return lastOf(blocksOf(guards, memory, entry, now));
}

function lastOf(blocks: readonly Block[]): Block | undefined {
  let last: Block | undefined;
  for (const block of blocks) if (!last || block.until > last.until) last = block;
  return last;
}

interface Entered {
  readonly pair: string;
  readonly side: PositionSide;
}

type MemoryOf = readonly [pair: string, trades: readonly GuardTrade[]];
type Memory = Iterable<MemoryOf>;

/** A trade in the form in which guards judge it. */
interface LookedAt extends GuardTrade, Entered {
  /** pnl / entry notional; undefined if the notional is 0. */
  readonly share: number | undefined;
}

/** All present blocks on entries of the pair and side. */
export function blocksOf(guards: readonly Guard[], memory: Memory, entry: Entered, now: number): Block[] {
  const reach = guards.reduce((longest, each) => Math.max(longest, each.within + each.for), 0);
  const trades: LookedAt[] = [];
  for (const [pair, each] of memory) {
    for (const trade of each) if (trade.exitTs > now - reach) trades.push(lookedAt(pair, trade));
  }
  trades.sort((a, b) => a.exitTs - b.exitTs || compareEventIds(a.key, b.key));
  const blocks: Block[] = [];
  for (const guard of guards) {
    const block = blockOf(
      guard,
      trades.filter((trade) => isOf(guard, trade, entry)),
      entry,
      now,
    );
    if (block && block.until > now) blocks.push(block);
  }
  return blocks;
}

/** All present blocks, each once, in the order of the guards, then by pair. */
export function blocksNow(guards: readonly Guard[], memory: readonly MemoryOf[], now: number): ActiveGuard[] {
  const pairs = memory.map(([pair]) => pair).sort(compareBytes);
  return guards.flatMap((guard, at) =>
    subjectsOf(guard, pairs).flatMap(({ pair, side }) => {
      const entry = { pair: pair ?? "", side: side ?? "long" };
      return blocksOf([guard], memory, entry, now).map(({ until, message }) => ({
        guard: at,
        kind: guard.kind,
        ...(pair !== undefined && { pair }),
        ...(side !== undefined && { side }),
        until: new Date(until),
        message,
      }));
    }),
  );
}

function subjectsOf({ block }: Guard, pairs: readonly string[]): { pair?: string; side?: PositionSide }[] {
  if (block === "all") return [{}];
  if (block === "pair") return pairs.map((pair) => ({ pair }));
  return pairs.flatMap((pair) => POSITION_SIDES.map((side) => ({ pair, side })));
}

function lookedAt(pair: string, trade: GuardTrade): LookedAt {
  const notional = Number(trade.notional);
  const share = notional > 0 ? Math.floor((Number(trade.pnl) / notional) * UNITS + 0.5) : undefined;
  return { ...trade, pair, share };
}

/** Whether the guard includes this trade when it judges an entry. */
function isOf({ kind, block }: Guard, trade: LookedAt, { pair, side }: Entered): boolean {
  if (block !== "all" && (trade.pair !== pair || (block === "side" && trade.side !== side))) return false;
  return kind === "stop_losses" ? trade.stop !== "" && trade.pnl.startsWith("-") : trade.share !== undefined;
}

/** The last block that the guard's trades, in the order of their exits, cause; it may be over. */
function blockOf(guard: Guard, trades: readonly LookedAt[], entry: Entered, now: number): Block | undefined {
  // Running sums: the sum over the trades from `a` to before `b` is sums[b] - sums[a].
  const sums = [0];
  for (const { share } of trades) sums.push((sums.at(-1) ?? 0) + (share ?? 0));
  const limit = Math.floor(guard.limit * UNITS + 0.5);
  const falls = new Falls(sums, limit);
  let first = 0;
  let found: { from: number; to: number } | undefined;

  const look = (from: number, to: number) => {
    if (to - from < guard.count) return;
    if (guard.kind === "low_profit" && (sums[to] ?? 0) - (sums[from] ?? 0) >= limit) return;
    if (guard.kind === "drawdown" && falls.latest < from) return;
    found = { from, to };
  };
  for (const [at, { exitTs }] of trades.entries()) {
    if (guard.kind === "drawdown") falls.add(at + 1);
    while ((trades[first]?.exitTs ?? exitTs) <= exitTs - guard.within) first++;
    // Of trades that ended in the same ms, only the last looks back: it includes the others.
    if ((trades[at + 1]?.exitTs ?? Number.POSITIVE_INFINITY) > exitTs) look(first, at + 1);
  }
  while ((trades[first]?.exitTs ?? now) <= now - guard.within) first++;
  if (first < trades.length) look(first, trades.length);

  if (!found) return undefined;
  const last = trades[found.to - 1];
  if (!last) return undefined;
  return {
    guard,
    until: last.exitTs + guard.for,
    message: blockWords(guard, entry, sums.slice(found.from, found.to + 1)),
  };
}

/** Finds, sum by sum, the latest index from which the running sum has fallen by more than the limit. */
class Falls {
  /** The latest index (of a sum) at which a fall began; -1: none. */
  latest = -1;
  /** Indexes of sums, each higher than all that come after it. */
  readonly #peaks = [0];

  constructor(
    private readonly sums: readonly number[],
    private readonly limit: number,
  ) {}

  /** Adds the indexes one by one, in order, from 1 on. */
  add(place: number): void {
    const sum = this.sums[place] ?? 0;
    let low = 0;
    let high = this.#peaks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sumAt(middle) - sum > this.limit) low = middle + 1;
      else high = middle;
    }
    if (low > 0) this.latest = Math.max(this.latest, this.#peaks[low - 1] ?? 0);
    while (this.#peaks.length > 0 && this.#sumAt(this.#peaks.length - 1) <= sum) this.#peaks.pop();
    this.#peaks.push(place);
  }

  #sumAt(peak: number): number {
    return this.sums[this.#peaks[peak] ?? 0] ?? 0;
  }
}

/** `sums`: the running sum before the first trade, and after each. */
function blockWords(
  { kind, within, count, limit, block }: Guard,
  { pair, side }: Entered,
  sums: readonly number[],
): string {
  const subject = block === "all" ? "all pairs" : block === "side" ? `${pair} ${side}` : pair;
  const many = sums.length - 1;
  if (kind === "stop_losses") {
    return `guard ${kind}: ${many} losing ${many === 1 ? "stop" : "stops"} of ${subject} within ${spanWords(within)}, it blocks at ${count}`;
  }
  const trades = `${many} ${many === 1 ? "trade" : "trades"}`;
  if (kind === "low_profit") {
    const profit = (sums[many] ?? 0) - (sums[0] ?? 0);
    return `guard ${kind}: a profit of ${profit / UNITS} in ${trades} of ${subject} within ${spanWords(within)}, it blocks below ${limit}`;
  }
  return `guard ${kind}: a fall of ${largestFall(sums) / UNITS} in ${trades} of ${subject} within ${spanWords(within)}, it blocks above ${limit}`;
}

function largestFall(sums: readonly number[]): number {
  let peak = sums[0] ?? 0;
  let largest = 0;
  for (const sum of sums) {
    peak = Math.max(peak, sum);
    largest = Math.max(largest, peak - sum);
  }
  return largest;
}
