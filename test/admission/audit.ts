import { isDeepStrictEqual } from "node:util";
import type { LoggedEvent } from "../faults/record.js";
import type { OrderRecord } from "./book.js";
import { exactMoney, moneyText, sizeText } from "./exact.js";
import type { Call } from "./journal.js";
import type { AdmissionPlan } from "./plan.js";
import { Replay } from "./replay.js";
import { dayFields } from "./risk-book.js";
import type { Store } from "./store.js";
import { savedAs, wishes, wishOf } from "./told.js";

export interface Verdict {
  readonly discrepancies: readonly string[];
  readonly replay: Replay;
}

/**
 * Replays the log, then compares three accounts of the same run: the log, what Redis has in the end, and what the workers were
 * told. What Redis has is what the log says and nothing else, so a refusal wrote nothing; everybody was told what the log says, and
 * only those who were killed before they heard were told nothing.
 */
export function audit(plan: AdmissionPlan, dayStart: number, store: Store, calls: readonly Call[]): Verdict {
  const replay = new Replay(plan, dayStart).play(store.events);
  return {
    discrepancies: [
      ...replay.faults,
      ...wrongEnd(replay),
      ...wrongStore(replay, store),
      ...wrongSum(replay, store.events),
      ...wrongAnswers(calls, store.events),
      ...wrongDuplicates(replay, calls),
    ],
    replay,
  };
}

/** Everything is flat in the end. */
function wrongEnd({ book }: Replay): string[] {
  return [
    ...[...book.positions.keys()].map((id) => `position ${id} is still open`),
    ...book.pendingEntries.map((id) => `the entry ${id} is still pending`),
  ];
}

/** What Redis has follows from the log. */
function wrongStore({ book, risk, taken, cooldowns, lastAdmission, counts }: Replay, { keys }: Store): string[] {
  const { today, breaker } = risk;
  const expected: Record<string, Record<string, string>> = {
    "orders:closed": Object.fromEntries(book.stored),
    "orders:fills_told": Object.fromEntries(book.fillsTold),
    "trades:ended": Object.fromEntries([...book.ended].map(([id, { key }]) => [id, key.slice(0, key.indexOf("-"))])),
    "trades:amendments": Object.fromEntries(
      [...book.ended.values()].flatMap(({ key, explained }) =>
        explained === 0n
          ? []
          : [[key, JSON.stringify({ pnl: "0", fees: "0", cash: "0", explained: Number(sizeText(explained)) })]],
      ),
    ),
    "trades:closed": Object.fromEntries(book.trades),
    "risk:daily": {
      day: today?.day ?? "",
      daily_pnl: moneyText(today?.pnl ?? 0n),
      daily_trades: `${today?.trades}`,
      consecutive_losses: `${risk.losses}`,
      peak_equity: "0",
      current_drawdown: "0",
      ...dayFields(today ?? { closed: 0n }),
    },
    "risk:history": Object.fromEntries(
      [...risk.history].map(([day, { pnl, trades, closed }]) => [
        day,
        JSON.stringify({ pnl: moneyText(pnl), trades, ...dayFields({ closed }) }),
      ]),
    ),
    "risk:limits": Object.fromEntries(risk.limits),
    "admission:stats": Object.fromEntries([...counts].map(([counted, count]) => [counted, `${count}`])),
    "risk:limits_by": Object.fromEntries(risk.limitsBy),
    "risk:exposure": { notional: "0", slots: "0" },
    "signals:last": lastAdmission,
    "signals:cooldowns": Object.fromEntries([...cooldowns].map(([pair, until]) => [pair, `${until}`])),
    "signals:processed": Object.fromEntries(taken),
    ...(breaker && {
      "risk:circuit_breaker": {
        reason: breaker.reason,
        source: breaker.source,
        tripped_at: `${breaker.trippedAt}`,
        until: `${breaker.until ?? ""}`,
      },
    }),
  };
  const { "flow:meta": _, "admission:refusals": __, "orders:closed_at": closedAt = {}, ...more } = keys;
  const { "orders:fills": fills = {}, "admission:stats": stats = {}, ...rest } = more;
  // Events do not tell of refusals.
  const admitted = Object.entries(stats).filter(([counted]) => counted.endsWith("|admitted"));
  const others: Store["keys"] = { ...rest, "admission:stats": Object.fromEntries(admitted) };
  const wrong: string[] = [];
  for (const name of new Set([...Object.keys(expected), ...Object.keys(others)])) {
    const differing = differences(expected[name] ?? {}, others[name] ?? {});
    wrong.push(...differing.map((difference) => `${name} ${difference}`));
  }
  if (!isDeepStrictEqual(new Set(Object.keys(fills)), book.fills)) wrong.push("orders:fills differ from the log");
  if (!isDeepStrictEqual(new Set(Object.keys(closedAt)), new Set(book.stored.keys()))) {
    wrong.push("orders:closed_at differ from the log");
  }
  return wrong;
}

function differences(logged: Readonly<Record<string, string>>, stored: Readonly<Record<string, string>>): string[] {
  const names = new Set([...Object.keys(logged), ...Object.keys(stored)]);
  return [...names].flatMap((name) =>
    logged[name] === stored[name]
      ? []
      : [`${name} is ${stored[name] ?? "lost"}; the log says ${logged[name] ?? "nothing"}`],
  );
}

/** All days together hold what all trades made, and count each trade that was told of. */
function wrongSum({ risk, book }: Replay, events: readonly LoggedEvent[]): string[] {
  const sum = [...book.trades.values()].reduce((total, text) => total + exactMoney(JSON.parse(text).pnl ?? "0"), 0n);
  const ended = events.reduce((n, { trade, trades = "[]" }) => n + (trade ? 1 : JSON.parse(trades).length), 0);
  const days = [...risk.history.values(), ...(risk.today ? [risk.today] : [])];
  const [pnl, closed] = [days.reduce((n, day) => n + day.pnl, 0n), days.reduce((n, day) => n + day.closed, 0n)];
  const trades = days.reduce((n, day) => n + day.trades, 0);
  return [
    ...(pnl === sum ? [] : [`the days hold ${moneyText(pnl)}, and the trades made ${moneyText(sum)}`]),
    ...(closed === sum ? [] : [`the days hold ${moneyText(closed)} of trades, and these made ${moneyText(sum)}`]),
    ...(trades === ended ? [] : [`the days count ${trades} trades, and ${ended} ended`]),
  ];
}

/** Each event was told to the one who caused it, unless it was killed first; and whoever was told of a change left its event. */
function wrongAnswers(calls: readonly Call[], events: readonly LoggedEvent[]): string[] {
  const told = new Counts();
  const untold = new Counts();
  for (const { instance, wish, told: answer } of calls) {
    if (answer === undefined) untold.add(`${instance}: ${wish}`);
    else if (!answer.startsWith("no: ")) told.add(`${instance}: ${wish} = ${answer}`);
  }
  const wrong: string[] = [];
  for (const event of events) {
    const done = wishOf(event);
    if (!done) continue;
    const call = `${event.instance}: ${done.wish}`;
    if (!told.take(`${call} = ${done.told}`) && !untold.take(call))
      wrong.push(`${call} = ${done.told}, and nobody was told`);
  }
  for (const save of savesThatFound(events)) told.excuse(save);
  return [...wrong, ...told.left.map((answer) => `${answer}, and the log does not know of it`)];
}

/** What may be told to anybody whose save changed nothing: how an order stood at some time. A change leaves a version of its own. */
function savesThatFound(events: readonly LoggedEvent[]): string[] {
  return events.flatMap(({ order }) => {
    if (order === undefined) return [];
    const { id, status, version }: OrderRecord = JSON.parse(order);
    return `${wishes.save(id)} = ${savedAs(status, version)}`;
  });
}

/** A signal is refused as a duplicate only if somebody was admitted with it. */
function wrongDuplicates({ everAdmitted }: Replay, calls: readonly Call[]): string[] {
  const admitted = new Set([...everAdmitted].map(wishes.admit));
  return calls.flatMap(({ wish, told, instance }) =>
    told === "no: duplicate_signal" && !admitted.has(wish) ? [`${instance}: ${wish} was no duplicate`] : [],
  );
}

class Counts {
  readonly #counts = new Map<string, number>();

  add(key: string): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  take(key: string): boolean {
    const count = this.#counts.get(key) ?? 0;
    if (count > 0) this.#counts.set(key, count - 1);
    return count > 0;
  }

  /** What is left of an answer, whoever was given it, is accounted for. */
  excuse(answer: string): void {
    for (const key of this.#counts.keys()) if (key.slice(key.indexOf(": ") + 2) === answer) this.#counts.set(key, 0);
  }

  get left(): string[] {
    return [...this.#counts].flatMap(([key, count]) => (count > 0 ? [key] : []));
  }
}
