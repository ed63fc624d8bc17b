import { InvalidArgumentError } from "../../src/errors.js";
import type { StateManager } from "../../src/manager/state-manager.js";
import type { Admission } from "../../src/types.js";
import { insist } from "./insist.js";
import type { Journal } from "./journal.js";
import { type AdmissionPlan, between, decimal, makerOf, requestOf } from "./plan.js";
import { bookedAs, savedAs, wishes } from "./told.js";
import { entryFillsOf, entryOf, type FillStep, type Step, stepsOf } from "./trade.js";
import type { Trade } from "./trade-in-hand.js";

/** What a call came to: what its caller was told, and whether that is what it expects when nobody else is about. */
interface Outcome {
  readonly told: string;
  readonly asPlanned: boolean;
}

/** What the library says when another process was there first. Any other refusal is a fault. */
const OVERTAKEN = /no open position|no position \S+|cannot become/;

/** The states in which an order is over. */
const OVER: ReadonlySet<string> = new Set(["filled", "cancelled", "rejected"]);

/** Where a worker deals with the flow: each call is written down before it is made, and its answer after. `doubts` is told of each doubt. */
export class Desk {
  constructor(
    private readonly manager: StateManager,
    private readonly journal: Journal,
    private readonly plan: AdmissionPlan,
    private readonly worker: number,
    private readonly doubts: () => void,
  ) {}

  async offer(signal: number): Promise<Admission> {
    const request = requestOf(this.plan, signal, this.worker);
    return this.#asked(
      wishes.admit(request.signalId),
      () => this.manager.admit(request),
      (admission) => (admission.admitted ? `admitted as ${admission.order.id}` : `no: ${admission.reason}`),
    );
  }

  /** Takes a trade's next step. `released`: its signal may be acted on again. */
  async take(trade: Trade): Promise<{ released: boolean }> {
    const { step } = trade;
    const times = step.do === "fill" ? step.times : 1;
    const outcomes = await Promise.all(Array.from({ length: times }, () => this.#perform(step, trade)));
    trade.done(outcomes.every(({ asPlanned }) => asPlanned));
    // Exits of others may have taken this trade's position, and its exits theirs.
    if (trade.isOver && (await this.#isLeft(trade.entry.id))) trade.sweep();
    const isCancelled = outcomes.some(({ told }) => told === "cancelled");
    return { released: step.do === "cancel" && step.releaseSignal && isCancelled };
  }

  /** Closes any position, or tells an execution of any entry, as a risk desk and a second feed of executions would. */
  async meddle(random: () => number): Promise<void> {
    if (random() < 0.4) {
      const positions = await insist(() => this.manager.getPositions());
      const position = positions[Math.floor(random() * positions.length)];
      if (position) await this.#close(position.id, decimal(between(random, -900_000_000, 900_000_000), 8));
      return;
    }
    const orders = await insist(() => this.manager.getPendingOrders());
    const entries = orders.filter(({ intent }) => intent === "entry");
    const order = entries[Math.floor(random() * entries.length)];
    if (!order) return;
    const { size, price } = requestOf(this.plan, makerOf(order.metadata).signal, this.worker);
    const entry = { id: order.id, size, price };
    const fills = entryFillsOf(entry, stepsOf(this.plan, entry));
    const fill = fills[Math.floor(random() * fills.length)];
    if (!fill) return;
    await this.#fill({ do: "fill", order: order.id, fill, times: 1 });
    await this.closeLate(order.id, random);
  }

  /** Closes what a fill has opened for an entry that was over: whoever made that may be done with it. */
  async closeLate(orderId: string, random: () => number): Promise<void> {
    if (await this.#isPending(orderId)) return;
    const position = await this.#openedBy(orderId);
    if (position) await this.#close(position, decimal(between(random, -900_000_000, 900_000_000), 8));
  }

  /** Whether an entry may still be filled, or its position is open. */
  async #isLeft(entryId: string): Promise<boolean> {
    return (await this.#isPending(entryId)) || (await this.#openedBy(entryId)) !== undefined;
  }

  async #isPending(orderId: string): Promise<boolean> {
    const order = await insist(() => this.manager.getOrder(orderId));
    return order !== undefined && !OVER.has(order.status);
  }

  /** The open position of an entry, under whichever name. */
  async #openedBy(entryId: string): Promise<string | undefined> {
    const positions = await insist(() => this.manager.getPositions());
    return positions.find(({ id }) => entryOf(id) === entryId)?.id;
  }

  async #positionOf(entryId: string): Promise<string> {
    return (await this.#openedBy(entryId)) ?? entryId;
  }

  async #perform(step: Step, { entry, order, request, takenUp }: Trade): Promise<Outcome> {
    const { manager } = this;
    switch (step.do) {
      case "mark":
        return order ? this.#save({ ...order, status: step.status }) : asPlanned("no: it is not pending");
      case "fill":
        return this.#fill(step);
      case "trail": {
        const id = await this.#positionOf(entry.id);
        return this.#tried(
          wishes.trail(id),
          () => manager.updatePosition(id, { sl: step.sl }),
          ({ version }) => `version ${version}`,
        );
      }
      case "place": {
        if (takenUp && (await insist(() => manager.getOrder(step.exit)))) return asPlanned("no: it is there");
        const { pair, metadata } = request;
        const side = request.side === "long" ? "sell" : "buy";
        return this.#save({
          id: step.exit,
          pair,
          side,
          size: step.size,
          intent: "exit",
          positionId: entry.id,
          metadata,
        });
      }
      case "cancel":
        return this.#tried(
          wishes.cancel(step.order),
          () => manager.cancelOrder(step.order, { releaseSignal: step.releaseSignal }),
          (cancelled) => (cancelled ? "cancelled" : "no: it was not pending"),
        );
      case "close":
        return this.#close(await this.#positionOf(entry.id), step.pnl);
    }
  }

  #fill({ order, fill, early }: FillStep): Promise<Outcome> {
    return this.#tried(
      wishes.fill(order, fill.fillId),
      () => this.manager.recordFill(order, fill),
      ({ applied, booked, risk, tripped }) =>
        applied ? bookedAs("applied", booked, risk.dailyPnl, tripped) : "no: repeated",
      early,
    );
  }

  #save(order: Parameters<StateManager["saveOrder"]>[0]): Promise<Outcome> {
    return this.#tried(
      wishes.save(order.id),
      () => this.manager.saveOrder(order),
      // A write that comes after the order's end changes nothing, and gets the order back as it ended.
      ({ status, version }) =>
        OVER.has(status) && status !== order.status ? `no: it was ${status}` : savedAs(status, version),
    );
  }

  async #close(positionId: string, pnl: number): Promise<Outcome> {
    const { closed } = await this.#asked(
      wishes.close(positionId),
      () => this.manager.closePosition(positionId, { pnl }),
      (result) =>
        result.closed ? bookedAs("closed", pnl, result.risk.dailyPnl, result.tripped) : "no: it was not open",
    );
    return { told: closed ? "closed" : "no: it was not open", asPlanned: closed };
  }

  /** A call that another process may have made pointless; `early`: that is no surprise. */
  async #tried<T>(
    wish: string,
    call: () => Promise<T>,
    telling: (answer: T) => string,
    early = false,
  ): Promise<Outcome> {
    const overtaken = (error: unknown): Error => {
      if (error instanceof InvalidArgumentError && OVERTAKEN.test(error.message)) return error;
      throw error;
    };
    const doubting = (doubt: () => void) => insist(call, doubt).catch(overtaken);
    const told = (answer: T | Error) => (answer instanceof Error ? `no: ${answer.message}` : telling(answer));
    const answer = await this.#noted(wish, doubting, told);
    return { told: told(answer), asPlanned: early || !(answer instanceof Error) };
  }

  #asked<T>(wish: string, call: () => Promise<T>, telling: (answer: T) => string): Promise<T> {
    return this.#noted(wish, (doubt) => insist(call, doubt), telling);
  }

  async #noted<T>(wish: string, call: (doubt: () => void) => Promise<T>, telling: (answer: T) => string): Promise<T> {
    const tell = this.journal.wish(wish);
    let doubts = 0;
    const answer = await call(() => {
      doubts += 1;
      this.doubts();
    });
    tell(telling(answer), doubts);
    return answer;
  }
}

function asPlanned(told: string): Outcome {
  return { told, asPlanned: true };
}
