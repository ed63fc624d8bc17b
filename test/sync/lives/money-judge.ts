/** Judges what a flow has booked: each fill by who made it, and the sum of all by what was paid and received. */
import type { ExchangeFill } from "../../../sync/index.js";
import { type Big, exact, ZERO } from "../../accountant/amounts.js";
import { Accountant } from "../../accountant/book.js";
import { differences } from "../../accountant/expectation.js";
import { likeProduct, readState } from "../../accountant/product-state.js";
import { step } from "../../accountant/steps.js";
import type { OrdersJudge } from "./orders-judge.js";
import type { Booking, WriteOff } from "./recorder.js";
import { bookedSizes, fillOf, keyOf, nameOf, samePair, sign, type Truth, truthOf } from "./truth.js";
import type { FlowInLife, World } from "./world.js";
import { Wrong } from "./wrong.js";

export class MoneyJudge {
  readonly #accountant: Accountant;
  #told = 0;
  #bookings = 0;
  #writeOffs = 0;

  constructor(
    private readonly world: World,
    private readonly flow: FlowInLife,
  ) {
    this.#accountant = new Accountant({ at: world.clock.now, risk: { currency: "USDT" } });
  }

  /** Everything that was booked since the last time is of a fill that the flow may book, as it happened, and of none twice. */
  async bookings(orders: OrdersJudge, disturbed: boolean): Promise<void> {
    const { log } = this.flow;
    const fills = await this.world.fills();
    const truth = await truthOf(this.world);
    for (const booking of log.bookings.slice(this.#bookings)) {
      this.#booking(booking, fills, orders);
      if (!disturbed) this.#guess(booking, fills, truth, orders);
    }
    this.#bookings = log.bookings.length;
    const [own, all] = [bookedSizes([this.flow], fills), bookedSizes([...this.world.flows.values()], fills)];
    for (const fill of fills) {
      const owner = this.world.made.get(fill.orderId ?? "")?.owner;
      // What takes from the sides of two flows at once, neither can tell from what the other has booked: the pool's sum shows it.
      const sizes = this.world.setting.mode === "hedge" && (owner === "nobody" || owner === "stranger") ? own : all;
      const booked = sizes.get(nameOf(fill)) ?? ZERO;
      if (booked.gt(exact(fill.size).plus("1e-9")))
        throw new Wrong("a fill is booked twice", `${fill.fillId} of ${fill.size} is booked by ${booked.toFixed()}`);
    }
    for (const writeOff of log.writeOffs.slice(this.#writeOffs)) await this.#writeOff(writeOff, orders);
    this.#writeOffs = log.writeOffs.length;
  }

  #booking(booking: Booking, fills: readonly ExchangeFill[], { approved }: OrdersJudge): void {
    const { order, fillId, price, size, fee, ts } = booking;
    const { setting, made } = this.world;
    const told = `${this.flow.name} books ${fillId}: ${order.side} ${size} ${order.pair} at ${price} to ${order.orderType} ${order.id}`;
    const byPerson = approved.some(
      (action) => action.needsPerson !== undefined && "fill" in action && action.fill.fillId === fillId,
    );
    const fill = fillOf(fills, booking);
    if (!fill) {
      if (!byPerson) throw new Wrong("a fill is booked that never was", told);
      return;
    }
    if (fill.price !== price || !samePair(fill.pair, order.pair)) throw new Wrong("a fill is booked as another", told);
    if (Math.abs(fill.ts.getTime() - ts) > Math.abs(setting.ahead))
      throw new Wrong("a fill is booked at another time", told);
    const due = exact(fill.fee).times(exact(size)).div(exact(fill.size));
    if (due.minus(exact(fee)).abs().gt("2e-8"))
      throw new Wrong("a fee is booked wrong", `${told}: ${fee}, due ${due.toFixed()}`);
    const maker = made.get(fill.orderId ?? "");
    if (!maker) throw new Wrong("nobody knows who made a fill", told);
    const { owner, clientOrderId } = maker;
    if (byPerson) return;
    const isExternal = order.orderType === "external";
    const by = `${told}, and it is ${owner === this.flow.name ? `of its order ${clientOrderId}` : owner}'s`;
    if (owner === this.flow.name) {
      const isKnown = this.flow.log.known.has(clientOrderId ?? "");
      if (isExternal === isKnown || (!isExternal && order.id !== clientOrderId))
        throw new Wrong("a fill is booked to another order", by);
    } else if (owner === "a" || owner === "b") throw new Wrong("another flow's fill is booked", by);
    else if (!isExternal) throw new Wrong("a fill of others is booked to an order of the flow", by);
    else if (owner === "stranger" && setting.mode === "netting" && !setting.exclusive)
      throw new Wrong("a stranger's fill is booked in netting mode", by);
  }

  /** What nobody marked is no flow's more than another's, where both are in one netted position, and the fills show it. */
  #guess(booking: Booking, fills: readonly ExchangeFill[], { pools }: Truth, { approved }: OrdersJudge): void {
    const { mode, tellsIds, account } = this.world.setting;
    const fill = fillOf(fills, booking);
    if (!fill || mode !== "netting" || !booking.duringRecovery || !(tellsIds || account)) return;
    if (this.world.made.get(fill.orderId ?? "")?.owner !== "nobody") return;
    if (approved.some((action) => "fill" in action && action.fill.fillId === fill.fillId)) return;
    const shares = [...pools.values()]
      .filter((pool) => samePair(pool.pair, fill.pair))
      .flatMap((pool) => [...pool.shares]);
    const other = shares.find(
      ([name, { tracked, unread }]) => name !== this.flow.name && !(tracked.eq(ZERO) && unread.eq(ZERO)),
    );
    if (other)
      throw new Wrong(
        "a difference is booked that may be another flow's",
        `${this.flow.name} books ${fill.fillId} of ${fill.pair}, and ${other[0]} tracks ${other[1].tracked.toFixed()}, unread ${other[1].unread.toFixed()}`,
      );
  }

  /** What goes without a fill goes because a person said so, or the configuration; never where fills say how. */
  async #writeOff({ positionId, pair, side, size, pnl, by }: WriteOff, { approved }: OrdersJudge): Promise<void> {
    const told = `${this.flow.name}: ${by} of ${size} ${side} ${pair} (${positionId}), PnL ${pnl}`;
    const byPerson = approved.some((action) => "positionId" in action && action.positionId === positionId);
    if (!byPerson && this.world.setting.unexplained !== "close") throw new Wrong("a result is booked as zero", told);
    if (by === "closePosition") throw new Wrong("a result that nobody told is booked as zero", told);
    const { tellsIds, tellsSides, flows } = this.world.setting;
    const pool = (await truthOf(this.world)).pools.get(keyOf(this.world, pair, side));
    if (!pool || flows > 1 || !tellsIds || !tellsSides) return;
    if (pool.unmarked.times(-sign(side)).gte(exact(size)))
      throw new Wrong("written off, and its fills are there", told);
  }

  /** What was paid and received, and what is open at its entry, is what was booked; and the accountant, told the same, says the same. */
  async sums(): Promise<void> {
    const { plain, log, name } = this.flow;
    const positions = await plain.getPositions();
    const history = await plain.getDailyHistory();
    const { dailyPnl } = await plain.getRiskState();
    const booked = history.reduce((sum, { pnl }) => sum.plus(exact(pnl)), exact(dailyPnl));
    let turnover = ZERO;
    let sum = ZERO;
    const add = (amount: Big) => {
      sum = sum.plus(amount);
      turnover = turnover.plus(amount.abs());
    };
    for (const { order, price, size, fee, explains } of log.bookings) {
      const from = explains === undefined ? exact(price) : exact(price).minus(exact(explains));
      const wasTold =
        explains !== undefined &&
        log.writeOffs.some(({ positionId, by }) => positionId === order.positionId && by === "closePosition");
      if (!wasTold) add(from.times(exact(size)).times(-sign(order.side)).minus(exact(fee)));
    }
    for (const { side, size, entryPrice } of log.adoptions)
      add(exact(size).times(exact(entryPrice)).times(-sign(side)));
    for (const { side, size, entryPrice, pnl } of log.writeOffs)
      add(exact(size).times(exact(entryPrice)).times(sign(side)).plus(exact(pnl)));
    for (const { side, size, entryPrice } of positions) add(exact(size).times(exact(entryPrice)).times(sign(side)));
    if (sum.minus(booked).abs().gt(turnover.times("1e-9").plus("1e-6")))
      throw new Wrong(
        "the sums are not what was paid and received",
        `${name}: ${sum.toFixed(8)}, booked ${booked.toFixed(8)}`,
      );
    await this.#accounts();
  }

  async #accounts(): Promise<void> {
    const { log, name, plain } = this.flow;
    if (log.beyond !== undefined) return;
    for (const told of log.steps.slice(this.#told)) {
      const outcome = this.#accountant.step(told);
      if (!outcome.done)
        throw new Wrong(
          "the accountant refuses what was booked",
          `${name}: ${told.call} ${JSON.stringify(told.args)}: ${outcome.name}`,
        );
    }
    this.#told = log.steps.length;
    this.#accountant.step(step("clock", this.world.clock.now));
    const [due, stands] = [
      likeProduct(this.#accountant.state()),
      likeProduct(await readState(plain, this.world.clock.now)),
    ];
    const parts = ({ positions, trades, days, streak }: typeof due) => ({ positions, trades, days, streak });
    const wrong = differences(parts(due), parts(stands), name);
    if (wrong.length > 0) throw new Wrong("the accountant says otherwise", wrong.join("; "));
  }
}
