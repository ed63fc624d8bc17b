/** Was anything lost or doubled? Pure: compares what the processes say, what the event log says, and what the state holds. */

import type { Snapshot } from "../../src/index.js";
import type { ReportLine } from "./bot-report.js";
import { orderIdOf } from "./desk.js";
import { type LoggedEvent, tradesOf } from "./flow-log.js";
import { moneyText, sumOf } from "./money.js";
import type { Totals } from "./totals.js";

export interface Evidence {
  /** By the name of the process. */
  readonly reports: ReadonlyMap<string, readonly ReportLine[]>;
  readonly events: readonly LoggedEvent[];
  readonly snapshot: Pick<Snapshot, "positions" | "orders">;
  readonly totals: Totals;
  /** What one bot alone, in memory, comes to on the same market. */
  readonly alone: Totals;
}

export interface Check {
  readonly what: string;
  /** What speaks against it; empty when it holds. */
  readonly faults: readonly string[];
}

/** A thing that was done: `kind` and the id of the signal or the position. */
type Kind = "won" | "opened" | "closed";

const KINDS: Readonly<Record<string, Kind>> = {
  entry_admitted: "won",
  fill_recorded: "opened",
  position_closed: "closed",
};

export function prove({ reports, events, snapshot, totals, alone }: Evidence): Check[] {
  const logged = new Ledger();
  for (const event of events) {
    const kind = KINDS[event.type];
    if (kind) logged.add(kind, subjectOf(event), event.instance);
  }
  const claimed = new Ledger();
  for (const [name, lines] of reports) {
    for (const line of lines) {
      if (line.did === "won" || line.did === "opened" || line.did === "closed") claimed.add(line.did, line.id, name);
    }
  }
  const processes = reports.size;

  return [
    {
      what: `${logged.count("won")} signals, each won by exactly one of ${processes} processes`,
      faults: [...logged.doubles("won"), ...claimed.doubles("won"), ...contradictions("won", claimed, logged)],
    },
    {
      what: `${logged.count("opened")} positions, each opened once, for a signal that was won, by one process`,
      faults: [
        ...logged.doubles("opened"),
        ...claimed.doubles("opened"),
        ...contradictions("opened", claimed, logged),
        ...different("a signal without a position", logged.ids("won").map(orderIdOf), logged.ids("opened")),
        ...different("a position without a signal", logged.ids("opened"), logged.ids("won").map(orderIdOf)),
      ],
    },
    {
      what: `${logged.count("closed")} of them closed once, by one process; ${snapshot.positions.length} still open; no order left over`,
      faults: [
        ...logged.doubles("closed"),
        ...claimed.doubles("closed"),
        ...contradictions("closed", claimed, logged),
        ...stillOpen(logged, snapshot),
      ],
    },
    money(reports, events, claimed, totals),
    answers(reports, claimed, logged),
    {
      what: "one bot alone, in memory, comes to the same trades, PnL by day, breaker trips and open positions",
      faults: JSON.stringify(alone) === JSON.stringify(totals) ? [] : [`alone: ${alone.trades} trades, ${alone.pnl}`],
    },
  ];
}

/** Who did what to which subject, as often as it was said. */
class Ledger {
  readonly #by: Record<Kind, Map<string, string[]>> = { won: new Map(), opened: new Map(), closed: new Map() };

  add(kind: Kind, id: string, who: string): void {
    const all = this.#by[kind].get(id);
    if (all) all.push(who);
    else this.#by[kind].set(id, [who]);
  }

  ids(kind: Kind): string[] {
    return [...this.#by[kind].keys()];
  }

  who(kind: Kind, id: string): string | undefined {
    return this.#by[kind].get(id)?.[0];
  }

  count(kind: Kind): number {
    return this.#by[kind].size;
  }

  doubles(kind: Kind): string[] {
    const more = [...this.#by[kind]].filter(([, who]) => who.length > 1);
    return more.map(([id, who]) => `${id} ${kind} ${who.length} times: by ${who.join(", ")}`);
  }
}

/** What a process says it did, and the log does not say of it. */
function contradictions(kind: Kind, claimed: Ledger, logged: Ledger): string[] {
  return claimed.ids(kind).flatMap((id) => {
    const [says, was] = [claimed.who(kind, id), logged.who(kind, id)];
    return says === was ? [] : [`${id}: ${says} says that it ${kind} it, the log says ${was ?? "nobody"}`];
  });
}

function stillOpen(logged: Ledger, { positions, orders }: Evidence["snapshot"]): string[] {
  const closed = new Set(logged.ids("closed"));
  const rest = logged.ids("opened").filter((id) => !closed.has(id));
  const open = positions.map(({ id }) => id);
  return [
    ...different("a position that is neither closed nor open", rest, open),
    ...different("an open position that was closed, or never opened", open, rest),
    ...orders.map(({ id }) => `an order left over: ${id}`),
  ];
}

/** What the processes say they earned, and what died with its process before it could be said, is what the state holds. */
function money(reports: Evidence["reports"], events: readonly LoggedEvent[], claimed: Ledger, totals: Totals): Check {
  const said = [...reports.values()].flat().flatMap((line) => (line.did === "closed" ? [line] : []));
  const unsaid = tradesOf(events).filter(({ id }) => claimed.who("closed", id) === undefined);
  const byDay = new Map<string, string[]>();
  for (const { at, pnl } of [...said, ...unsaid]) {
    const day = new Date(at).toISOString().slice(0, 10);
    byDay.set(day, [...(byDay.get(day) ?? []), pnl]);
  }
  const days = [...byDay].map(([day, pnls]) => `${day}: ${pnls.length} trades, ${moneyText(sumOf(pnls))}`);
  const held = totals.days.map(({ day, trades, pnl }) => `${day}: ${trades} trades, ${pnl}`);
  const total = moneyText(sumOf([...byDay.values()].flat()));
  return {
    what: `${total} of PnL in ${totals.trades} trades: the processes' reports add up to the state, day by day, to the last decimal`,
    faults: [
      ...different("reported, not in the state", days, held),
      ...different("in the state, not reported", held, days),
      ...(total === totals.pnl ? [] : [`reported ${total}, in the state ${totals.pnl}`]),
    ],
  };
}

/** Each death may leave one answer that was never reported; more would mean that something happened behind everybody's back. */
function answers(reports: Evidence["reports"], claimed: Ledger, logged: Ledger): Check {
  const silent = new Map<string, string[]>();
  for (const kind of Object.values(KINDS)) {
    for (const id of logged.ids(kind)) {
      const who = logged.who(kind, id) ?? "";
      if (claimed.who(kind, id) === undefined) silent.set(who, [...(silent.get(who) ?? []), `${id} ${kind}`]);
    }
  }
  let deaths = 0;
  const faults: string[] = [];
  for (const [name, lines] of reports) {
    const count = (did: ReportLine["did"]) => lines.filter((line) => line.did === did).length;
    const lives = count("started") - count("finished");
    deaths += lives;
    const lost = silent.get(name) ?? [];
    if (lost.length > lives) faults.push(`${name} died ${lives} times, and never reported ${lost.join(", ")}`);
  }
  for (const [name, lost] of silent) {
    if (!reports.has(name)) faults.push(`${name} has no report, and did ${lost.length} things`);
  }
  const lost = [...silent.values()].flat().length;
  return {
    what: `${deaths} deaths took ${lost} answers with them, at most one each; what they did stands, once`,
    faults,
  };
}

function subjectOf({ type, fields }: LoggedEvent): string {
  if (type === "entry_admitted") return fields.signal_id ?? "";
  if (type === "fill_recorded") return fields.position_id ?? "";
  return fields.id ?? "";
}

function different(what: string, some: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others);
  return some.filter((item) => !known.has(item)).map((item) => `${what}: ${item}`);
}
