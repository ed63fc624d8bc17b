/** Calls on positions (money.md 3 and 6). */

import { exact, kept, sameSize, sizeSum, ZERO } from "./amounts.js";
import { type Answer, judged } from "./answer.js";
import { type Books, Refusal } from "./books.js";
import { converted, entryRate, market } from "./currency.js";
import { end } from "./ending.js";
import { bookChange } from "./fills.js";
import { type Holding, NOTHING_OPEN, priced, withMore } from "./holding.js";
import * as risk from "./risk.js";
import type { CloseIn, PositionIn, PositionPatchIn } from "./steps.js";

export function savePosition(books: Books, input: PositionIn): Answer {
  const of = market(books, input.pair);
  if (!(input.size > 0)) throw new Refusal("size");
  if (of.inverse && input.entryPrice <= 0) throw new Refusal("entryPrice");
  const before = books.holdings.get(input.id);
  const rate = entryRate(books, of, input.rate, input.entryPrice, before?.rate);
  const row: Holding = {
    openedBy: "saved",
    cost: ZERO,
    notional: ZERO,
    gross: ZERO,
    fees: ZERO,
    cash: ZERO,
    open: NOTHING_OPEN,
    rateAssumed: false,
    entered: 0,
    left: { size: 0, value: ZERO },
    booked: false,
    told: false,
    ...before,
    id: input.id,
    market: of,
    side: input.side,
    size: input.size,
    entryPrice: input.entryPrice,
    entryTs: input.entryTs ?? books.now,
    cooldown: input.cooldown,
  };
  books.holdings.set(input.id, priced(row, input.size, input.entryPrice, rate));
  return {};
}

export function updatePosition(books: Books, id: string, patch: PositionPatchIn): Answer {
  const holding = books.holdings.get(id);
  if (holding === undefined) throw new Refusal("id");
  const size = patch.size ?? holding.size;
  const price = patch.entryPrice ?? holding.entryPrice;
  if (!(size > 0)) throw new Refusal("size");
  if (holding.market.inverse && price <= 0) throw new Refusal("entryPrice");
  const rate = entryRate(books, holding.market, patch.rate, price, holding.rate);
  const same = patch.size === undefined && patch.entryPrice === undefined;
  books.holdings.set(id, same ? { ...holding, rate } : priced(holding, size, price, rate));
  return {};
}

export function removePosition(
  books: Books,
  id: string,
  how: { readonly untold: boolean } = { untold: false },
): Answer {
  const holding = books.holdings.get(id);
  if (holding === undefined) return { applied: false };
  if (how.untold || holding.booked || holding.told) {
    const untold = holding.told ? 0 : holding.size;
    end(books, holding, { how: "remove", ts: undefined, reason: "removed", untold, unexplained: holding.size });
    return {};
  }
  // A row that was merely saved is forgotten: the bot books its result by itself.
  books.holdings.delete(id);
  const { market: of, side, size, entryPrice, rate } = holding;
  books.ended.set(id, {
    market: of,
    side,
    how: "remove",
    told: true,
    size,
    explained: 0,
    entryPrice,
    rate,
    at: books.now,
  });
  return {};
}

export function closePosition(books: Books, id: string, input: CloseIn): Answer {
  return judged(books, input.ts, () => {
    const holding = books.holdings.get(id);
    if (holding === undefined) return { applied: false };
    const dust = input.dust ?? 0;
    if (dust > holding.size && !sameSize(dust, holding.size)) throw new Refusal("dust");
    const after = holding.told ? holding : { ...holding, ...resultOf(books, holding, input), booked: true };
    bookChange(books, holding, after, input.ts);
    const unexplained = sizeSum(holding.size, -dust);
    const { ts, reason = "closed", cooldown } = input;
    end(books, after, { how: "close", ts, reason, cooldown, dust, unexplained });
    if (input.equity !== undefined) risk.report(books, input.equity);
    return {};
  });
}

/** The result that a close tells, priced by the rate given, else by the position's last one, else not at all. */
function resultOf(books: Books, holding: Holding, input: CloseIn) {
  const settle = holding.market.coins?.settle;
  const last = input.currency !== undefined && input.currency === settle ? holding.rate : undefined;
  const amount = converted(books, input.pnl, input.currency, input.rate);
  const assumed = amount === undefined && last !== undefined;
  const told = amount ?? (last === undefined ? undefined : kept(exact(input.pnl).times(last)));
  if (told !== undefined) {
    return { gross: kept(holding.gross.plus(told)), rateAssumed: holding.rateAssumed || assumed };
  }
  const results = withMore(holding.open.results, input.currency ?? "", exact(input.pnl));
  return { open: { ...holding.open, results } };
}
