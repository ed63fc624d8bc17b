/** Judges what a recovery came to: state and exchange agree, or the report says what does not, and that is true. */
import type { Action, ExchangeFill, Plan, RecoveryReport } from "../../../sync/index.js";
import { exact, ZERO } from "../../accountant/amounts.js";
import { exchangePair, plainPair } from "./life.js";
import { findable } from "./port.js";
import { bookedSizes, nameOf, type Pool, restOf, samePair, type Truth, truthOf } from "./truth.js";
import type { FlowInLife, World } from "./world.js";
import { Wrong } from "./wrong.js";

const CRUMB = exact("1e-9");

export class AgreementJudge {
  constructor(
    private readonly world: World,
    private readonly flow: FlowInLife,
  ) {}

  /** After `recovered`. */
  async recovered(report: RecoveryReport): Promise<void> {
    const truth = await truthOf(this.world);
    const { name, plain } = this.flow;
    const tells = (pair: string) => [...report.waiting, ...report.plan.actions].some((row) => samePair(row.pair, pair));
    for (const { fill, size, over } of truth.unread.get(name) ?? []) {
      if (this.#isOffset(truth, fill)) continue;
      if (size.minus(over).gt(CRUMB) && !tells(fill.pair))
        throw new Wrong(
          "a fill is left out",
          `${name}: ${size.toFixed()} of ${fill.fillId} of ${fill.clientOrderId} in ${fill.pair}`,
        );
    }
    for (const pool of truth.pools.values()) {
      const unread = (truth.unread.get(name) ?? []).filter(({ fill }) => samePair(fill.pair, pool.pair));
      if (unread.length > 0 && unread.every(({ fill }) => this.#isOffset(truth, fill))) continue;
      const isTold =
        tells(pool.pair) ||
        report.foreign.some((row) => samePair(row.pair, pool.pair)) ||
        report.notes.some((note) => note.includes(pool.pair));
      // Where the flows' own doings hide each other there is no difference to be seen.
      if (restOf(pool).abs().gt(CRUMB) && differs(pool, name) && !isTold)
        throw new Wrong("a difference is not told", inWords(pool));
    }
    await this.#orders(report, tells);
    if (this.world.setting.recovery !== "close_all") return;
    for (const { id, pair } of await plain.getPositions())
      if (!tells(pair)) throw new Wrong("close_all leaves a position", `${name}: ${id} of ${pair}`);
  }

  /**
   * Where a pair is netted, "equal means nothing to do" (design 5): an exit that found its position gone may stand against what nobody closed there. Of a flow
   * that is alone on the account; what it entered later was not there when the exit was filled.
   */
  #isOffset({ pools }: Truth, { pair, orderId = "", ts }: ExchangeFill): boolean {
    const { setting, made } = this.world;
    if (setting.mode !== "netting" || setting.flows > 1) return false;
    const order = this.flow.log.known.get(made.get(orderId)?.clientOrderId ?? "");
    if (order?.intent !== "exit") return false;
    const isEarlier = this.flow.log.bookings
      .filter((booking) => booking.order.intent === "entry" && samePair(booking.order.pair, pair))
      .some((booking) => booking.ts > ts.getTime());
    const pool = [...pools.values()].find((one) => samePair(one.pair, pair));
    const mine = pool?.shares.get(this.flow.name);
    return isEarlier && pool !== undefined && mine !== undefined && pool.there.minus(mine.tracked).abs().lte(CRUMB);
  }

  async #orders(report: RecoveryReport, tells: (pair: string) => boolean): Promise<void> {
    const { name, plain } = this.flow;
    const pending = await plain.getPendingOrders();
    const open = await this.world.exchange.fetchOpenOrders();
    for (const { id, pair, filled } of pending) {
      if (tells(pair)) continue;
      const order = open.find(({ clientOrderId }) => clientOrderId === id);
      if (!order) throw new Wrong("an order is pending that is not open", `${name}: ${id} of ${pair}`);
      if (order.filled !== filled)
        throw new Wrong("an order is filled otherwise", `${name}: ${id} by ${order.filled}, in state by ${filled}`);
    }
    for (const { clientOrderId, pair } of open) {
      if (clientOrderId === undefined || this.world.madeBy(clientOrderId)?.owner !== name) continue;
      if (pending.some(({ id }) => id === clientOrderId) || tells(pair)) continue;
      if (report.foreign.some((row) => row.what.includes(clientOrderId))) continue;
      throw new Wrong("an order of the flow is open and not told", `${name}: ${clientOrderId} of ${pair}`);
    }
  }

  /** Whoever is asked, or told to wait, is so for a reason that is there. */
  async reasons({ plan, waiting }: Pick<RecoveryReport, "plan" | "waiting">): Promise<void> {
    const truth = await truthOf(this.world);
    for (const action of plan.actions) {
      if (action.needsPerson === undefined || this.world.setting.recovery === "manual" || action.pair === "*") continue;
      if (await this.#standsAgainstOwn(action)) continue;
      if (this.#isContagion(action, plan) || (await this.#isUnproven(truth, action.pair))) continue;
      throw new Wrong(
        "a person is asked without need",
        `${action.key}: ${action.needsPerson}\n${inWordsOf(truth, action.pair)}`,
      );
    }
    for (const { pair, subject, why } of waiting) {
      if (await this.#isUnproven(truth, pair)) continue;
      throw new Wrong("it waits for nothing", `${pair}: ${subject}: ${why}\n${inWordsOf(truth, pair)}`);
    }
  }

  /** A long and a short of the flow that the account nets: no order can end them. */
  async #standsAgainstOwn({ type, pair }: Action): Promise<boolean> {
    if (type !== "leave_position" || this.world.setting.mode !== "netting") return false;
    const held = (await this.flow.plain.getPositions()).filter((position) => samePair(position.pair, pair));
    return new Set(held.map(({ side }) => side)).size > 1;
  }

  /** Where it is in doubt whether this is the right account, nothing is done on it. */
  #isContagion({ needsPerson, pair }: Action, plan: Plan): boolean {
    return plan.actions.some((other) => other.needsPerson === needsPerson && !samePair(other.pair, pair));
  }

  async #isUnproven(truth: Truth, pair: string): Promise<boolean> {
    const { setting } = this.world;
    const { name, plain, log } = this.flow;
    const pools = [...truth.pools.values()].filter((pool) => samePair(pool.pair, pair));
    if (pools.some((pool) => restOf(pool).abs().gt(CRUMB))) return true;
    // What nobody marked, and what strangers closed or another flow has forgotten, may be equal, and only who knows what that flow has booked of it can see that.
    const hasForgotten = ({ shares }: Pool) =>
      [...shares].some(([other, { forgotten }]) => other !== name && forgotten.abs().gt(CRUMB));
    if (
      !setting.account &&
      pools.some((pool) => pool.unmarked.abs().gt(CRUMB) && (pool.strangers.abs().gt(CRUMB) || hasForgotten(pool)))
    )
      return true;
    const fills = (await this.world.fills()).filter((fill) => samePair(fill.pair, pair));
    const isOwn = (clientOrderId: string | undefined) => clientOrderId !== undefined && log.known.has(clientOrderId);
    const others = fills.some(({ clientOrderId }) => !isOwn(clientOrderId));
    // Who does not see whose a fill is, or which side it is for, cannot know what others have done to the pair.
    if (others && (!setting.tellsIds || !setting.tellsSides || setting.ids === "own")) return true;
    if (setting.mode === "netting" && pools.some((pool) => differs(pool, name))) return true;
    for (const order of (await plain.getPendingOrders()).filter((each) => samePair(each.pair, pair))) {
      const known = await findable(this.world, order.id, exchangePair(order.pair));
      if (!known || (known.status === "open" && order.metadata?.recovery !== undefined)) return true;
    }
    // Fills of orders that are forgotten, and say no client order id.
    if (setting.tellsIds) return false;
    return (truth.unread.get(name) ?? []).some(({ fill }) => samePair(fill.pair, pair));
  }

  /** What a person sees who looks at the account: whether what they are asked to approve is right. */
  async isRight({ actions }: Plan): Promise<boolean> {
    const truth = await truthOf(this.world);
    const { name, log } = this.flow;
    const fills = await this.world.fills();
    const booked = bookedSizes([...this.world.flows.values()], fills);
    for (const action of actions) {
      if (action.needsPerson === undefined) continue;
      const pools = [...truth.pools.values()].filter((pool) => samePair(pool.pair, action.pair));
      switch (action.type) {
        case "record_fill":
        case "book_external_fill": {
          const fill = fills.find(
            ({ fillId, side }) =>
              fillId === action.fill.fillId &&
              (action.type === "record_fill" ? side === log.known.get(action.orderId)?.side : true),
          );
          const owner = this.world.made.get(fill?.orderId ?? "")?.owner;
          const right =
            action.type === "record_fill"
              ? fill?.clientOrderId === action.orderId
              : owner === "nobody" || owner === "stranger";
          if (!right || !fill) return false;
          // Another flow of the account may have been told that it was its own, and one plan may book it in parts.
          const sum = (booked.get(nameOf(fill)) ?? ZERO).plus(exact(action.fill.size));
          if (sum.minus(exact(fill.size)).gt(CRUMB)) return false;
          booked.set(nameOf(fill), sum);
          break;
        }
        case "end_order": {
          const made = this.world.madeBy(action.orderId);
          const left = (truth.unread.get(name) ?? []).some(({ fill }) => fill.clientOrderId === action.orderId);
          const open = (await this.world.exchange.fetchOpenOrders()).some(
            ({ clientOrderId }) => clientOrderId === action.orderId,
          );
          if (made && (open || left)) return false;
          break;
        }
        case "close_orphan":
        case "adopt_orphan":
        case "leave_orphan":
        case "close_external":
        case "reduce_external":
          if (!pools.some((pool) => restOf(pool).abs().gt(CRUMB))) return false;
          if (
            (truth.unread.get(name) ?? []).some(({ fill }) => samePair(fill.pair, action.pair)) &&
            action.type !== "leave_orphan"
          )
            return false;
          break;
        case "resubmit_close":
          if (this.world.madeBy(action.orderId)) return false;
          break;
        default:
      }
    }
    return true;
  }
}

/** What is there of a pair is not what the flow tracks and has still to read. */
function differs({ there, shares }: Pool, flow: FlowInLife["name"]): boolean {
  const mine = shares.get(flow);
  return there
    .minus(mine?.tracked ?? ZERO)
    .minus(mine?.unread ?? ZERO)
    .abs()
    .gt(CRUMB);
}

function inWords({ key, there, shares, unmarked, strangers }: Pool): string {
  const parts = [...shares].map(([name, { tracked, unread, forgotten, writtenOff }]) => {
    return `${name} tracks ${tracked.toFixed()}, unread ${unread.toFixed()}, forgotten ${forgotten.toFixed()}, written off ${writtenOff.toFixed()}`;
  });
  return `${key}: ${there.toFixed()} there; ${parts.join("; ")}; unmarked ${unmarked.toFixed()}; strangers ${strangers.toFixed()}`;
}

function inWordsOf({ pools }: Truth, pair: string): string {
  return [...pools.values()]
    .filter((pool) => plainPair(pool.pair) === plainPair(pair))
    .map(inWords)
    .join("\n");
}
