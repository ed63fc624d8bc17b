/** Do state and exchange agree, to the last decimal? Pure. */

import { plus } from "../../src/exact/double.js";
import type { StateEvent } from "../../src/index.js";
import { moneyText, toUnits } from "../../sync/demo/money.js";
import type { Totals } from "../../sync/demo/totals.js";
import { type ExchangeFill, type Plan, planRows } from "../../sync/index.js";
import type { Account } from "./account.js";

export interface Check {
  readonly what: string;
  /** What speaks against it; empty when it holds. */
  readonly faults: readonly string[];
}

export interface BothSides {
  readonly account: Account;
  readonly events: readonly StateEvent[];
  readonly totals: Pick<Totals, "pnl">;
  /** What a recovery would have to do now. */
  readonly plan: Pick<Plan, "actions" | "failures" | "waiting" | "foreign">;
}

export function agreement({ account, events, totals, plan }: BothSides): Check[] {
  const { fills, taken, realised, fees } = account;
  const earned = moneyText(toUnits(realised) - toUnits(fees));
  const made = fills.map(fillText);
  const booked = events.flatMap((event) =>
    event.type === "fill_recorded" ? [fillText({ ...event, clientOrderId: event.orderId })] : [],
  );
  return [
    {
      what: "positions and orders are the same in state and at the exchange: a recovery has nothing to do",
      faults: [
        ...planRows(plan).map(({ what, why }) => `${what} (${why})`),
        ...plan.failures.map(({ asked, why }) => `${asked}: ${why}`),
        ...plan.waiting.map(({ subject, why }) => `${subject}: ${why}`),
        ...plan.foreign.map(({ kind, pair, what }) => `${kind} ${pair}: ${what}`),
      ],
    },
    {
      what: `${taken.length} orders at the exchange, none taken twice`,
      faults: repeated(taken).map((id) => `the exchange took more than one order ${id}`),
    },
    {
      what: `${made.length} executions at the exchange, each booked once, at its time, price, size and fee`,
      faults: [
        ...repeated(booked).map((fill) => `booked twice: ${fill}`),
        ...different("not booked", made, booked),
        ...different("booked, and not made", booked, made),
      ],
    },
    {
      what: `${earned} realised at the exchange, fees paid, and ${totals.pnl} of PnL in the state`,
      faults: earned === totals.pnl ? [] : [`they differ by ${moneyText(toUnits(earned) - toUnits(totals.pnl))}`],
    },
  ];
}

/** What a run that was killed came to, and what one came to that was not. */
export interface TwoRuns {
  readonly killed: { readonly totals: Totals; readonly account: Account };
  readonly undisturbed: { readonly totals: Totals; readonly account: Account };
}

export function sameRun({ killed, undisturbed }: TwoRuns): Check[] {
  const { totals } = killed;
  const expected = undisturbed.totals;
  const days = (of: Totals) =>
    of.days.map(({ day, trades, won, pnl }) => `${day}: ${trades} trades, ${won} won, ${pnl}`);
  const rest = ({ breakerTrips, openPositions }: Totals) =>
    [...breakerTrips, ...openPositions].map((one) => JSON.stringify(one));
  return [
    {
      what: `${totals.trades} trades and ${totals.pnl} of PnL, day by day those of a run that nobody disturbed`,
      faults: [
        ...different("only with kills", days(totals), days(expected)),
        ...different("only without", days(expected), days(totals)),
        ...(totals.pnl === expected.pnl ? [] : [`without kills it is ${expected.pnl}`]),
      ],
    },
    {
      what: `${totals.breakerTrips.length} breaker trips and ${totals.openPositions.length} open positions, the same as its`,
      faults: [
        ...different("only with kills", rest(totals), rest(expected)),
        ...different("only without", rest(expected), rest(totals)),
      ],
    },
    {
      what: "the exchange made the same executions for both, one by one",
      faults: [
        ...different("only with kills", killed.account.fills.map(fillText), undisturbed.account.fills.map(fillText)),
        ...different("only without", undisturbed.account.fills.map(fillText), killed.account.fills.map(fillText)),
      ],
    },
  ];
}

type FillFacts = Pick<ExchangeFill, "fillId" | "clientOrderId" | "price" | "size" | "fee" | "fees" | "ts">;

/** Every fee of the demo is in what its pair settles in: told as a number, or with that currency's name. */
function fillText({ fillId, clientOrderId, price, size, fee, fees, ts }: FillFacts): string {
  const paid = fees === undefined ? fee : plus(...fees.map(({ amount }) => amount));
  return `${ts.toISOString()} ${fillId} of ${clientOrderId}: ${size} at ${price}, fee ${paid}`;
}

/** What is there more than once. */
function repeated(items: readonly string[]): string[] {
  const seen = new Set<string>();
  return items.filter((item) => seen.size === seen.add(item).size);
}

export function different(what: string, some: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others);
  return some.filter((item) => !known.has(item)).map((item) => `${what}: ${item}`);
}
