import { isDeepStrictEqual } from "node:util";
import type { LoggedEvent } from "../faults/record.js";
import { Book, type OrderRecord } from "./book.js";
import { exactMoney, moneyText } from "./exact.js";
import { type AdmissionPlan, LIMITS, makerOf, requestOf } from "./plan.js";
import { RiskBook } from "./risk-book.js";
import { need } from "./told.js";
import { entryOf, type FillStep, type Step, stepsOf } from "./trade.js";

/** What was seen on the way, to know that there was something to see. */
export interface Sights {
  admitted: number;
  readmitted: number;
  /** Events at which no further position was allowed. */
  full: number;
  fullPairs: number;
  /** Admissions that left less of `max_exposure` than an average entry needs. */
  exposed: number;
  trips: number;
  lateDays: number;
  reopened: number;
  /** Fills that told of the end of a position that somebody had closed. */
  explained: number;
  /** Fills that reduced another position than their order named. */
  spread: number;
  /** Fills that opened a position for an entry that was over. */
  openedLate: number;
}

/**
 * A flow as its event log tells it, from the first event on, reckoned anew and independently of the library. Every event is held
 * against what went before it, and after every event the limits hold.
 */
export class Replay {
  readonly faults: string[] = [];
  readonly sights: Sights = {
    admitted: 0,
    readmitted: 0,
    full: 0,
    fullPairs: 0,
    exposed: 0,
    trips: 0,
    lateDays: 0,
    reopened: 0,
    explained: 0,
    spread: 0,
    openedLate: 0,
  };
  readonly book: Book;
  readonly risk: RiskBook;
  /** The signals that may not be acted on, and when they were marked. */
  readonly taken = new Map<string, string>();
  readonly everAdmitted = new Set<string>();
  readonly cooldowns = new Map<string, number>();
  lastAdmission: Readonly<Record<string, string>> = {};
  readonly #plan: AdmissionPlan;
  /** An entry that was over has opened a position in this event: it had given its slot back. */
  #opensLate = false;
  readonly #accounts: Readonly<Record<string, (event: LoggedEvent) => void>> = {
    entry_admitted: (event) => this.#admitted(event),
    order_saved: (event) => this.book.saved(need(event, "order")),
    order_cancelled: (event) => this.#cancelled(event),
    fill_recorded: (event) => this.#filled(event),
    position_updated: (event) => this.book.updated(need(event, "position")),
    position_closed: (event) => this.#closed(event),
    breaker_tripped: (event) => this.risk.trippedByHand(event),
    breaker_reset: (event) => this.risk.reset(event),
    limits_set: (event) => this.risk.limitsSet(event),
    cooldown_set: (event) => void this.cooldowns.set(need(event, "cooldown"), Number(need(event, "until"))),
    cooldown_cleared: (event) => void this.cooldowns.delete(need(event, "pair")),
  };
  /** Entries admitted, by the day and the outcome under which they are counted. */
  readonly counts = new Map<string, number>();
  #where = "";

  constructor(plan: AdmissionPlan, dayStart: number) {
    this.#plan = plan;
    const complain = (what: string) => this.#complain(what);
    this.book = new Book(complain);
    this.risk = new RiskBook(dayStart, complain);
  }

  play(events: readonly LoggedEvent[]): this {
    for (const [number, event] of events.entries()) {
      this.#where = `event ${number} (${event.type}, ${event.instance})`;
      const before = this.book.slots;
      this.#opensLate = false;
      this.#next(event);
      this.#withinLimits(before);
    }
    return this;
  }

  #complain(what: string): void {
    this.faults.push(`${this.#where}: ${what}`);
  }

  #next(event: LoggedEvent): void {
    const account = this.#accounts[event.type ?? ""];
    if (account) account(event);
    else this.#complain("nobody does this");
  }

  #admitted(event: LoggedEvent): void {
    const at = Number(event.at);
    const signal = need(event, "signal_id");
    if (this.risk.isBreakerActive(at)) this.#complain(`admitted while the breaker was active`);
    if (this.risk.isLossAtLimit) this.#complain("admitted while the daily loss was at the limit");
    if (this.taken.has(signal)) this.#complain(`${signal} was admitted before`);
    const order = this.book.admitted(need(event, "order"));
    for (const cooling of [order.pair, "*"]) {
      const until = this.cooldowns.get(cooling) ?? 0;
      if (until > at) this.#complain(`${cooling} was cooling down until ${until}`);
    }
    this.#asRequested(event, order);

    this.sights.admitted += 1;
    const counted = `${this.risk.openDay(at)}|admitted`;
    this.counts.set(counted, (this.counts.get(counted) ?? 0) + 1);
    if (this.everAdmitted.has(signal)) this.sights.readmitted += 1;
    this.taken.set(signal, need(event, "at"));
    this.everAdmitted.add(signal);
    this.lastAdmission = { id: signal, pair: order.pair, ts: need(event, "at") };
    this.#cools(event, order.pair, order.cooldown === undefined ? undefined : at + order.cooldown);
    const left = exactMoney(LIMITS.max_exposure) - this.book.exposure;
    if (left < 0n) this.#complain(`admitted to an exposure of ${moneyText(this.book.exposure)}`);
    if (left < exactMoney(LIMITS.max_exposure) / 13n) this.sights.exposed += 1;
  }

  #asRequested(event: LoggedEvent, order: OrderRecord): void {
    const { worker, signal } = makerOf({ ...order.metadata });
    const request = requestOf(this.#plan, signal, worker);
    const { signalId, size, price, pair, side, cooldown, tp, sl, metadata } = request;
    const asked = { signalId, size, price, pair, side, cooldown, tp, sl, metadata };
    const stored = {
      signalId: order.signal_id,
      size: order.size,
      price: order.price,
      pair: order.pair,
      side: order.side === "buy" ? "long" : "short",
      cooldown: order.cooldown,
      tp: order.tp,
      sl: order.sl,
      metadata: order.metadata,
    };
    if (!isDeepStrictEqual(stored, asked)) this.#complain(`stored ${order.id} as ${event.order}`);
    if (!event.instance?.startsWith(`worker-${worker}.`)) this.#complain(`${order.id} is of worker ${worker}`);
  }

  #cancelled(event: LoggedEvent): void {
    const isReleased = event.signal_released === "1";
    const order = this.book.cancelled(need(event, "order"), isReleased);
    if (isReleased && !this.taken.delete(order.signal_id ?? "")) this.#complain(`${order.signal_id} was free`);
  }

  #filled(event: LoggedEvent): void {
    const step = this.#plannedFill(event);
    const { done = false, ts: told } = step?.fill ?? {};
    const filled = this.book.filled(event, { done, isTimed: told !== undefined });
    if (!filled) return;
    const { pnl, ts, pair, flats, marks } = filled;
    this.risk.booked(event, { pnl, ts, trades: flats.map(({ result, endTs }) => ({ result, ts: endTs })) });
    this.#noteRisk(event);
    const ends = flats.flatMap(({ position: { cooldown }, endTs }) =>
      cooldown === undefined ? [] : [endTs + cooldown],
    );
    this.#cools(event, pair, ends.length === 0 ? undefined : Math.max(...ends));
    this.#marksAgain(event, marks);
    this.#opensLate = filled.opensLate;
    if (filled.opensLate) this.sights.openedLate += 1;
    if (filled.reopens) this.sights.reopened += 1;
    if (filled.explains) this.sights.explained += 1;
    if (filled.others > 0) this.sights.spread += 1;
  }

  /** A signal that was given free with its order, and whose order was filled after all, may not be acted on; if nobody has won it since. */
  #marksAgain(event: LoggedEvent, signal: string | undefined): void {
    const marks = signal === undefined || this.taken.has(signal) ? undefined : signal;
    if (event.signal_marked !== marks) this.#complain(`${event.signal_marked} was marked again, not ${marks}`);
    if (marks !== undefined) this.taken.set(marks, need(event, "at"));
  }

  /** The execution that the plan has under this id: what was booked is what was told. */
  #plannedFill(event: LoggedEvent): FillStep | undefined {
    const order = this.book.orders.get(need(event, "order_id"));
    const entry = order && this.book.orders.get(order.intent === "entry" ? order.id : entryOf(order.position_id ?? ""));
    const { price, size, fee, ts, at } = event;
    const planned =
      entry &&
      this.#stepsOf(entry).find(
        (step): step is FillStep => step.do === "fill" && step.order === order.id && step.fill.fillId === event.fill_id,
      );
    if (!planned) {
      this.#complain(`nobody planned fill ${event.fill_id} of ${event.order_id}`);
      return undefined;
    }
    const { fill } = planned;
    const told = [`${fill.price}`, `${fill.size}`, `${fill.fee ?? 0}`, `${fill.ts ?? at}`];
    if (!isDeepStrictEqual([price, size, fee, ts], told))
      this.#complain(`booked ${[price, size, fee, ts]}, told ${told}`);
    return planned;
  }

  #stepsOf({ id, size, price = 0 }: OrderRecord): Step[] {
    return stepsOf(this.#plan, { id, size, price });
  }

  #closed(event: LoggedEvent): void {
    const flat = this.book.closed(event);
    if (!flat) return;
    const { position, booked, result, endTs } = flat;
    this.risk.booked(event, { pnl: booked, ts: endTs, trades: [{ result, ts: endTs }] });
    this.#noteRisk(event);
    this.#cools(event, position.pair, position.cooldown === undefined ? undefined : endTs + position.cooldown);
  }

  #noteRisk(event: LoggedEvent): void {
    if (event.tripped === "1") this.sights.trips += 1;
    if (event.late !== undefined) this.sights.lateDays += 1;
  }

  /** A cooldown is extended, never shortened. */
  #cools(event: LoggedEvent, pair: string, until: number | undefined): void {
    const extends_ = until !== undefined && until > (this.cooldowns.get(pair) ?? 0);
    if (extends_) this.cooldowns.set(pair, until);
    const told = event.cooldown_until ?? "";
    if (told !== (extends_ ? `${until}` : "")) this.#complain(`the cooldown of ${pair} ends at ${told}, not ${until}`);
  }

  /**
   * No more than the limits allow. Only an entry that was over, and is filled after all, may open a position above them: that has
   * happened at the exchange. Until there are few enough again, no other event may bring one more.
   */
  #withinLimits(before: readonly { pair: string }[]): void {
    const { slots } = this.book;
    const { max_open_positions, max_positions_per_pair } = LIMITS;
    const mayExceed = (open: number, was: number) => open <= was || (this.#opensLate && open === was + 1);
    if (slots.length > max_open_positions && !mayExceed(slots.length, before.length)) {
      this.#complain(`${slots.length} positions and entries are open`);
    }
    if (slots.length === max_open_positions) this.sights.full += 1;
    const were = countsByPair(before);
    for (const [pair, open] of countsByPair(slots)) {
      if (open > max_positions_per_pair && !mayExceed(open, were.get(pair) ?? 0)) {
        this.#complain(`${open} positions and entries are open on ${pair}`);
      }
      if (open === max_positions_per_pair) this.sights.fullPairs += 1;
    }
  }
}

function countsByPair(slots: readonly { pair: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { pair } of slots) counts.set(pair, (counts.get(pair) ?? 0) + 1);
  return counts;
}
