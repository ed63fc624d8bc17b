/** Was anything lost or doubled? Pure: compares what the processes say, what the event log says, and what the state holds. */

import type { Snapshot, StateEvent } from "../../src/index.js";
import { orderIdOf } from "../../sync/demo/desk.js";
import type { Totals } from "../../sync/demo/totals.js";
import { type Check, different } from "./agreement.js";
import type { ReportLine } from "./bot-report.js";

export interface Evidence {
  /** By the name of the process. */
  readonly reports: ReadonlyMap<string, readonly ReportLine[]>;
  readonly events: readonly StateEvent[];
  /** Who recovers the flow: what that books stands in the log alone. */
  readonly recoverer: string;
  readonly snapshot: Pick<Snapshot, "positions" | "orders">;
  readonly totals: Totals;
  /** What one bot alone, in memory, comes to on the same market. */
  readonly alone: Totals;
}

/** A thing that was done: `kind` and the id of the signal or the position. */
type Kind = "won" | "opened" | "closed";

const KINDS: readonly Kind[] = ["won", "opened", "closed"];

export function prove({ reports, events, recoverer, snapshot, totals, alone }: Evidence): Check[] {
  const logged = new Ledger();
  for (const event of events) {
    const deed = deedOf(event);
    if (deed) logged.add(deed.kind, deed.id, event.instance);
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
      what: `${logged.count("closed")} of them closed once, by one process; ${snapshot.positions.length} still open, with the orders that close them`,
      faults: [
        ...logged.doubles("closed"),
        ...claimed.doubles("closed"),
        ...contradictions("closed", claimed, logged),
        ...stillOpen(logged, snapshot),
      ],
    },
    answers(reports, recoverer, claimed, logged),
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
    ...orders
      .filter(({ intent, positionId = "" }) => intent === "entry" || !open.includes(positionId))
      .map(({ id }) => `an order left over: ${id}`),
  ];
}

/** Each death may leave one answer that was never reported; more would mean that something happened behind everybody's back. */
function answers(reports: Evidence["reports"], recoverer: string, claimed: Ledger, logged: Ledger): Check {
  const silent = new Map<string, string[]>();
  for (const kind of KINDS) {
    for (const id of logged.ids(kind)) {
      const who = logged.who(kind, id) ?? "";
      if (who !== recoverer && claimed.who(kind, id) === undefined)
        silent.set(who, [...(silent.get(who) ?? []), `${id} ${kind}`]);
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

/** What an event says was done, and to which signal or position. */
function deedOf(event: StateEvent): { kind: Kind; id: string } | undefined {
  switch (event.type) {
    case "entry_admitted":
      return { kind: "won", id: event.signalId };
    case "fill_recorded":
      if (event.order.intent === "entry") return { kind: "opened", id: event.positionId };
      return event.position ? undefined : { kind: "closed", id: event.positionId };
    case "position_closed":
      return { kind: "closed", id: event.positionId };
    default:
      return undefined;
  }
}
