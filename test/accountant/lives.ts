/**
 * Random lives of an account: lists of steps, the same for the same seed. The accountant is asked while a life is made, so that
 * most steps mean something; the finished life is plain steps, and can be told to the product.
 */

import type { AccountState, OrderState, Outcome, PositionState } from "./account-state.js";
import { Accountant } from "./book.js";
import { Chance } from "./chance.js";
import { type FillIn, type OrderIn, type OrderSide, type Setup, type Side, type Step, step } from "./steps.js";

/**
 * `fills`: one currency, and nothing but orders, fills and dust, so that cash paid and received tells the result.
 * `trades`: trades in one currency; no cash, no transfers, no inverse contracts, no causes that trip the breaker by themselves.
 * `full`: everything.
 */
export type Scope = "fills" | "trades" | "full";

export interface Life {
  readonly seed: number;
  readonly setup: Setup;
  readonly steps: readonly Step[];
}

const START = Date.UTC(2026, 0, 7, 9);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

interface Venue {
  readonly pair: string;
  readonly price: number;
  /** Decimals of prices, and the step of sizes. */
  readonly decimals: number;
  readonly lot: number;
  readonly rate?: number;
  readonly spot: boolean;
}

const ONE_CURRENCY: readonly Venue[] = [
  { pair: "BTC/USDT", price: 60_000, decimals: 2, lot: 0.001, spot: true },
  { pair: "ETH/USDT:USDT", price: 3000, decimals: 2, lot: 0.001, spot: false },
  { pair: "PEPE/USDT", price: 1.1e-5, decimals: 9, lot: 1000, spot: true },
];

const ALL: readonly Venue[] = [
  ...ONE_CURRENCY,
  { pair: "BTC/USD:BTC", price: 60_000, decimals: 1, lot: 100, spot: false },
  { pair: "ETH/BTC", price: 0.05, decimals: 5, lot: 0.001, rate: 60_000, spot: true },
];

const BREAKER_DURATION = 30 * MINUTE;

export function lifeOf(seed: number, scope: Scope, length = 60): Life {
  const chance = new Chance(seed);
  const setup: Setup = {
    at: START,
    risk: {
      currency: "USDT",
      ...(scope === "full" ? { same_currency: ["USD"] } : {}),
      ...(scope === "full" && chance.percent(50) ? { starting_equity: 100_000, max_drawdown: 0.2 } : {}),
      ...(scope === "full" && chance.percent(50) ? { max_consecutive_losses: 3, max_daily_loss: 5000 } : {}),
      ...(scope !== "fills" && chance.percent(30) ? { max_open_positions: 4, max_positions_per_pair: 2 } : {}),
      ...(scope !== "fills" && chance.percent(30) ? { max_exposure: 200_000 } : {}),
      ...(chance.percent(20) ? { opposite_side: "refuse" as const } : {}),
      breaker_duration: BREAKER_DURATION,
    },
  };
  const living = new Living(chance, setup, scope);
  for (let n = 0; n < length; n += 1) living.live();
  return { seed, setup, steps: living.steps };
}

/** An order that the life has sent, which it remembers when the accountant no longer shows it. */
interface Sent {
  readonly id: string;
  readonly venue: Venue;
  readonly side: OrderSide;
  readonly size: number;
  readonly createdAt: number;
  /** What the exchange says is filled so far, as bots that poll orders see it. */
  seen: number;
}

class Living {
  readonly steps: Step[] = [];
  readonly #chance: Chance;
  readonly #scope: Scope;
  readonly #accountant: Accountant;
  readonly #venues: readonly Venue[];
  readonly #sent: Sent[] = [];
  readonly #told: Extract<Step, { call: "recordFill" }>[] = [];
  readonly #names: string[] = [];
  readonly #crumbs = new Set<string>();
  #state: AccountState;
  #n = 0;
  #isOver = false;

  constructor(chance: Chance, setup: Setup, scope: Scope) {
    this.#chance = chance;
    this.#scope = scope;
    this.#accountant = new Accountant(setup);
    this.#state = this.#accountant.state();
    this.#venues = scope === "full" ? ALL : ONE_CURRENCY;
  }

  live(): void {
    if (this.#isOver) return;
    const happenings = [
      [10, () => this.#passTime()],
      [14, () => this.#askEntry()],
      [6, () => this.#saveEntry()],
      [30, () => this.#fill()],
      [14, () => this.#exit()],
      [4, () => this.#flip()],
      [5, () => this.#add()],
      [4, () => this.#repeat()],
      [4, () => this.#cancel()],
      [3, () => this.#lateFill()],
      ...(this.#scope === "fills" ? [] : [[14, () => this.#byHand()] as const]),
      ...(this.#scope === "full" ? [[10, () => this.#cash()] as const] : []),
    ] as const;
    const sum = happenings.reduce((total, [weight]) => total + weight, 0);
    let at = this.#chance.whole(0, sum);
    for (const [weight, happen] of happenings) {
      at -= weight;
      if (at >= 0) continue;
      happen();
      return;
    }
  }

  #tell(told: Step): Outcome {
    const before = this.#state;
    const outcome = this.#accountant.step(told);
    this.#state = this.#accountant.state();
    this.#markCrumbs(told, before);
    if (!outcome.done && this.#isCrumb(told, outcome.name)) return outcome;
    if (this.#peaksInside(told, before)) this.#isOver = true;
    if (this.#isOver) return outcome;
    this.steps.push(told);
    return outcome;
  }

  /** Positions that sums of doubles, not lots, made or reduced: what makes them flat may leave a crumb. */
  #markCrumbs(told: Step, before: AccountState): void {
    const uneven = (size: number) => size !== Number(size.toFixed(3));
    if (told.call === "recordFill" && uneven(told.args[1].size)) {
      for (const { id } of before.positions) this.#crumbs.add(id);
    }
    for (const { id, size } of this.#state.positions) if (uneven(size)) this.#crumbs.add(id);
  }

  /**
   * Left out: a fill of which nothing fits, of an exit whose position fills have ended. The accountant refuses it (money.md 4). Where
   * a crumb below 1e-9 of the position was left, the product takes that for a fit, and tells the whole fill as `over`.
   */
  #isCrumb(told: Step, refusal: string): boolean {
    if (told.call !== "recordFill" || refusal !== "orderId") return false;
    const order = this.#state.orders.find(({ id }) => id === told.args[0]);
    return order?.intent === "exit" && order.positionId !== undefined && this.#crumbs.has(order.positionId);
  }

  /**
   * Ends a life: a fill of several parts, where equity follows what is booked. The accountant lets each part set a peak, which the
   * next one may fall below; the product reckons with the step as a whole.
   */
  #peaksInside(told: Step, before: AccountState): boolean {
    const { peak, equity } = this.#state;
    if (told.call !== "recordFill" || equity === undefined) return false;
    return Number(peak) > Number(before.peak) && Number(peak) > Number(equity);
  }

  #name(kind: string): string {
    this.#n += 1;
    return `${kind}${this.#n}`;
  }

  #venue(pair?: string): Venue {
    const found =
      pair === undefined ? this.#chance.pick(this.#venues) : this.#venues.find((venue) => venue.pair === pair);
    if (found === undefined) throw new Error(`no venue ${pair}`);
    return found;
  }

  #price(venue: Venue): number {
    return Number((venue.price * (0.8 + this.#chance.next() * 0.4)).toFixed(venue.decimals));
  }

  /** A multiple of the lot, as an exchange writes it. */
  #lots(venue: Venue, most = 900): number {
    return Number((this.#chance.whole(1, most) * venue.lot).toFixed(3));
  }

  #rate(venue: Venue): { rate?: number } {
    return venue.rate === undefined ? {} : { rate: Math.round(venue.rate * (0.9 + this.#chance.next() * 0.2)) };
  }

  #passTime(): void {
    const { at } = this.#state;
    const span = this.#chance.percent(15) ? DAY : this.#chance.percent(40) ? HOUR : MINUTE;
    this.#tell(step("clock", at + this.#chance.whole(1, span)));
  }

  #askEntry(): void {
    const venue = this.#venue();
    const side = this.#side();
    this.#admit(venue, side, this.#lots(venue), {});
  }

  #side(): Side {
    return this.#chance.percent(65) ? "long" : "short";
  }

  #admit(venue: Venue, side: Side, size: number, more: { positionId?: string; flip?: string }): void {
    const orderId = this.#name("e");
    const signalId = this.#chance.percent(10) ? "again" : orderId;
    const cooldown = this.#chance.percent(10) ? { cooldown: 5 * MINUTE } : {};
    const outcome = this.#tell(
      step("admit", {
        signalId,
        orderId,
        pair: venue.pair,
        side,
        size,
        price: this.#price(venue),
        ...this.#rate(venue),
        ...cooldown,
        ...more,
      }),
    );
    if (outcome.done) this.#send(orderId, venue, side === "long" ? "buy" : "sell", size);
  }

  #send(id: string, venue: Venue, side: OrderSide, size: number): void {
    this.#sent.push({ id, venue, side, size, createdAt: this.#state.at, seen: 0 });
  }

  #saveEntry(): void {
    const stale = this.#chance.pick(this.#sent);
    if (stale !== undefined && this.#chance.percent(30)) {
      // A bot that writes down the row that it had when it sent the order.
      const { id, side, size, venue, createdAt } = stale;
      const pending = this.#state.orders.find((order) => order.id === id);
      if (pending !== undefined && pending.intent === "exit") return;
      const row: OrderIn = {
        id,
        pair: venue.pair,
        side,
        size,
        createdAt,
        price: this.#price(venue),
        status: "open",
        ...this.#rate(venue),
      };
      this.#tell(step("saveOrder", row));
      return;
    }
    const venue = this.#venue();
    const id = this.#name("s");
    const side = this.#side() === "long" ? "buy" : "sell";
    const size = this.#lots(venue);
    this.#tell(
      step("saveOrder", { id, pair: venue.pair, side, size, price: this.#price(venue), ...this.#rate(venue) }),
    );
    this.#send(id, venue, side, size);
  }

  #exit(): void {
    const position = this.#chance.pick(this.#state.positions);
    if (position === undefined) {
      this.#askEntry();
      return;
    }
    const venue = this.#venue(position.pair);
    const id = this.#name("x");
    const side = position.side === "long" ? "sell" : "buy";
    const size = this.#exitSize(position, venue);
    const named = this.#chance.percent(75) ? { positionId: position.id } : {};
    const reason = this.#chance.pick(["tp", "sl", "trailing"] as const);
    this.#tell(
      step("saveOrder", {
        id,
        pair: position.pair,
        side,
        size,
        intent: "exit",
        ...named,
        ...(reason === undefined ? {} : { reason }),
      }),
    );
    this.#send(id, venue, side, size);
  }

  /** The whole position mostly; beyond it, as one stop for several trades is; or all but what cannot be sold. */
  #exitSize({ size }: PositionState, venue: Venue): number {
    const but = Number((size - this.#chance.whole(1, 40) * venue.lot).toFixed(3));
    if (but > 0 && this.#chance.percent(30)) return but;
    return this.#chance.percent(65) ? size : this.#lots(venue, 1800);
  }

  #flip(): void {
    const position = this.#chance.pick(this.#state.positions);
    if (position === undefined) return;
    const venue = this.#venue(position.pair);
    const size = Number((position.size + this.#lots(venue)).toFixed(3));
    this.#admit(venue, position.side === "long" ? "short" : "long", size, { flip: position.id });
  }

  #add(): void {
    const position = this.#chance.pick(this.#state.positions);
    if (position === undefined) return;
    this.#admit(this.#venue(position.pair), position.side, this.#lots(this.#venue(position.pair)), {
      positionId: position.id,
    });
  }

  #fill(): void {
    const order = this.#chance.pick(this.#state.orders);
    if (order === undefined) {
      this.#askEntry();
      return;
    }
    const sent = this.#sent.find(({ id }) => id === order.id);
    if (sent === undefined) return;
    const told = this.#execution(sent, order);
    if (told.size > 0) this.#record(sent, order.intent, told);
  }

  /** The next execution of an order. Bots that poll know the sum that is filled, and add `filled - seen` in doubles. */
  #execution(sent: Sent, order: OrderState): FillIn {
    const { venue } = sent;
    const whole = this.#chance.percent(45);
    const rest = Math.max(0, Number((order.size - sent.seen).toFixed(3)));
    const part = Number((rest * this.#chance.next()).toFixed(venue.lot >= 1 ? 0 : 3));
    const filled = Number((sent.seen + (whole || part === 0 ? rest : part)).toFixed(3));
    const size = filled - sent.seen;
    sent.seen = filled;
    const done = this.#chance.percent(8) ? { done: true } : {};
    const dust = order.intent === "exit" && this.#chance.percent(30) ? { dust: venue.lot * 50 } : {};
    return { fillId: this.#name("f"), price: this.#price(venue), size, ...this.#when(), ...done, ...dust };
  }

  /** Fills are told late, and out of order. */
  #when(): { ts?: number } {
    const { at } = this.#state;
    if (this.#chance.percent(60)) return {};
    if (this.#scope === "full" && this.#chance.percent(10)) return { ts: at + this.#chance.whole(0, MINUTE) };
    return { ts: at - this.#chance.whole(0, this.#chance.percent(20) ? DAY : MINUTE) };
  }

  #record(sent: Sent, intent: "entry" | "exit", fill: FillIn): void {
    const withFee = { ...fill, ...this.#fee(sent.venue, fill) };
    const rate = intent === "entry" || this.#chance.percent(70) ? this.#rate(sent.venue) : {};
    const told = step("recordFill", sent.id, { ...withFee, ...rate });
    const outcome = this.#tell(told);
    if (outcome.done && outcome.applied) this.#told.push(told);
    this.#names.push(...this.#state.positions.map(({ id }) => id));
  }

  #fee(venue: Venue, { price, size }: FillIn): Pick<FillIn, "fee"> {
    if (this.#chance.percent(30)) return {};
    const inverse = venue.pair === "BTC/USD:BTC";
    const amount = Number(((inverse ? size / price : size * price) * 0.001).toFixed(8));
    if (this.#scope !== "full" || this.#chance.percent(40)) return { fee: amount };
    const base = venue.spot && this.#chance.percent(60);
    if (base)
      return { fee: { amount: Number((size * 0.001).toFixed(6)), currency: venue.pair.split("/", 1)[0] ?? "" } };
    const bnb = { amount: Number((0.001 * this.#chance.whole(1, 9)).toFixed(3)), currency: "BNB" };
    return { fee: [{ amount: 0.25, currency: "USDT" }, this.#chance.percent(60) ? { ...bnb, rate: 600 } : bnb] };
  }

  /** A fill that was told before, mostly the same. */
  #repeat(): void {
    const told = this.#chance.pick(this.#told);
    if (told === undefined) return;
    const [orderId, fill] = told.args;
    this.#tell(step("recordFill", orderId, this.#chance.percent(80) ? fill : { ...fill, size: fill.size * 2 }));
  }

  /** A fill of an order that may be over: of its rest, or beyond. */
  #lateFill(): void {
    const sent = this.#chance.pick(this.#sent);
    if (sent === undefined) return;
    const overfill = this.#chance.percent(30) ? { overfill: true } : {};
    const size = this.#lots(sent.venue, 200);
    this.#record(sent, "entry", { fillId: this.#name("l"), price: this.#price(sent.venue), size, ...overfill });
  }

  #cancel(): void {
    const order = this.#chance.pick(this.#state.orders);
    if (order === undefined) return;
    const dust = order.intent === "exit" ? { dust: this.#venue(order.pair).lot * 50 } : {};
    const releaseSignal = this.#chance.percent(50);
    this.#tell(step("cancelOrder", order.id, { releaseSignal, ...dust }));
  }

  /** What bots tell without fills: rows, results, ends, limits, the switch. */
  #byHand(): void {
    const position = this.#chance.pick(this.#state.positions);
    const choice = this.#chance.whole(0, 12);
    if (position === undefined || choice < 2) {
      this.#savePosition(position);
      return;
    }
    const { id, size, entryPrice } = position;
    const pnl = Number(((this.#chance.next() - 0.5) * 200).toFixed(4));
    const venue = this.#venue(position.pair);
    if (choice < 5) {
      const dust = this.#chance.percent(15) ? { dust: Math.min(size, venue.lot) } : {};
      const late = this.#chance.percent(30) ? { ts: this.#state.at - this.#chance.whole(0, HOUR) } : {};
      this.#tell(step("closePosition", id, { pnl, reason: "manual", ...dust, ...late }));
    } else if (choice < 7) this.#tell(step("removePosition", id, { untold: this.#chance.percent(50) }));
    else if (choice < 8) this.#tell(step("updateDailyPnl", pnl, { tradeId: id }));
    else if (choice < 9) this.#tell(step("updateDailyPnl", pnl));
    else if (choice < 10) {
      const patch = this.#chance.percent(50) ? { size: this.#lots(venue) } : { entryPrice };
      this.#tell(step("updatePosition", id, { ...patch, ...this.#rate(venue) }));
    } else if (choice < 11) this.#amend();
    else this.#switch();
  }

  #savePosition(position: PositionState | undefined): void {
    const over = position !== undefined && this.#chance.percent(40) ? position : undefined;
    const venue = this.#venue(over?.pair);
    this.#tell(
      step("savePosition", {
        id: over?.id ?? this.#name("p"),
        pair: venue.pair,
        side: over?.side ?? this.#side(),
        size: this.#lots(venue),
        entryPrice: this.#price(venue),
        ...this.#rate(venue),
      }),
    );
  }

  #amend(): void {
    const order = this.#chance.pick(this.#state.orders);
    if (order === undefined) return;
    const venue = this.#venue(order.pair);
    this.#tell(
      step("updateOrder", order.id, { size: this.#lots(venue), price: this.#price(venue), ...this.#rate(venue) }),
    );
  }

  #switch(): void {
    if (this.#chance.percent(50)) this.#tell(step("triggerCircuitBreaker", "by hand", 10 * MINUTE));
    else if (this.#scope === "full" || this.#state.breaker.active) this.#tell(step("resetCircuitBreaker"));
  }

  #cash(): void {
    const choice = this.#chance.whole(0, 6);
    // Ids are remembered for some days at least; how much longer, the contract does not say.
    const days = Math.floor((this.#state.at - START) / (3 * DAY));
    const id = this.#chance.percent(10) ? `again${days}` : this.#name("c");
    const amount = Number(((this.#chance.next() - 0.5) * 20).toFixed(4));
    if (choice === 0) {
      this.#tell(step("recordTransfer", amount * 500, { id }));
      return;
    }
    if (choice === 1) {
      this.#tell(step("updateEquity", Number((90_000 + this.#chance.next() * 20_000).toFixed(2))));
      return;
    }
    const positionId = this.#chance.percent(80) ? this.#chance.pick(this.#names) : undefined;
    const named = positionId === undefined ? { pair: "BTC/USDT" } : { positionId };
    if (choice === 2) {
      const fee = this.#scope === "full" ? { currency: "BNB", rate: 600 } : {};
      this.#tell(step("bookCash", -0.001, { id, kind: "fee", ...fee, ...named }));
      return;
    }
    const kind = this.#chance.pick(["funding", "interest", "correction"] as const) ?? "funding";
    this.#tell(step("bookCash", amount, { id, kind, currency: "USDT", ...named }));
  }
}
