/** A manager that writes down what it was told: for the accountant, and for whoever asks what is booked. */
import { plus } from "../../../src/exact/double.js";
import type {
  Admission,
  FillInput,
  FillResult,
  OrderInput,
  PendingOrder,
  Position,
  PositionInput,
  StateManager,
} from "../../../src/index.js";
import { type Step, step } from "../../accountant/steps.js";
import { plainPair, type Side } from "./life.js";

/** A fill that was booked, as the flow was told it. */
export interface Booking {
  readonly order: PendingOrder;
  readonly fillId: string;
  readonly price: number;
  /** What of it found a place. */
  readonly size: number;
  readonly fee: number;
  readonly ts: number;
  readonly duringRecovery: boolean;
  /** Entry price of the trade whose end it explains; absent where it moved a position. */
  readonly explains?: number;
}

/** A position, or a part of one, that went without a fill. */
export interface WriteOff {
  readonly by: "closePosition" | "removePosition" | "updatePosition";
  readonly positionId: string;
  readonly pair: string;
  readonly side: Side;
  readonly size: number;
  readonly entryPrice: number;
  readonly pnl: number;
}

/** A position that a recovery has taken over. */
export interface Adoption {
  readonly positionId: string;
  readonly pair: string;
  readonly side: Side;
  readonly size: number;
  readonly entryPrice: number;
}

export class Recorder {
  readonly steps: Step[] = [];
  readonly bookings: Booking[] = [];
  readonly writeOffs: WriteOff[] = [];
  readonly adoptions: Adoption[] = [];
  /** Ids of the orders that the state was ever told of. */
  readonly known = new Map<string, PendingOrder>();
  /** A call that the accountant does not know, if there was one. */
  beyond: string | undefined;
  recovering = false;
  /** Told of every adoption before it is made. */
  onAdoption: (adoption: Adoption) => Promise<void> = async () => {};

  constructor(
    private readonly mgr: StateManager,
    private readonly now: () => number,
  ) {}

  /** The manager, written down. */
  record(): StateManager {
    return new Proxy(this.mgr, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        const call = (...args: unknown[]): unknown => Reflect.apply(value, target, args);
        switch (name) {
          case "admit":
            return (request: Parameters<StateManager["admit"]>[0]) => this.#admit(request);
          case "saveOrder":
            return (order: OrderInput) => this.#saveOrder(order);
          case "recordFill":
            return (orderId: string, fill: FillInput) => this.#recordFill(orderId, fill);
          case "savePosition":
            return (position: PositionInput) => this.#savePosition(position);
          case "cancelOrder":
            return async (id: string, options?: Parameters<StateManager["cancelOrder"]>[1]) => {
              const done = await this.mgr.cancelOrder(id, options);
              this.#told(step("cancelOrder", id, {}));
              if (options?.dust !== undefined || options?.releaseSignal) this.beyond ??= "cancelOrder with options";
              return done;
            };
          case "closePosition":
          case "removePosition":
          case "updatePosition":
            return async (id: string, ...rest: unknown[]) => this.#writeOff(name, id, rest, call);
          case "updateOrder":
            return (id: string, change: Parameters<StateManager["updateOrder"]>[1]) => this.#updateOrder(id, change);
          case "removeOrder":
          case "bookCash":
          case "updateDailyPnl":
            this.beyond ??= name;
            return call;
          default:
            return call;
        }
      },
    });
  }

  #told(told: Step): void {
    this.steps.push(step("clock", this.now()), told);
  }

  async #admit(request: Parameters<StateManager["admit"]>[0]): Promise<Admission> {
    const answer = await this.mgr.admit(request);
    if (!answer.admitted) return answer;
    const { order } = answer;
    this.known.set(order.id, order);
    const { signalId, pair, size, price, positionId, flip } = request;
    const side = request.side === "buy" || request.side === "long" ? "long" : "short";
    this.#told(
      step("admit", {
        ...{ signalId, orderId: order.id, pair, side, size, price },
        ...(positionId !== undefined && { positionId }),
        ...(flip !== undefined && { flip }),
      }),
    );
    return answer;
  }

  async #saveOrder(input: OrderInput): Promise<PendingOrder> {
    const order = await this.mgr.saveOrder(input);
    this.known.set(order.id, order);
    const { id, pair, side, size, price, status, filled, intent, positionId, createdAt, reason } = input;
    this.#told(
      step("saveOrder", {
        ...{ id, pair, side, size },
        ...(price !== undefined && { price }),
        ...(status !== undefined && { status }),
        ...(filled !== undefined && { filled }),
        ...(intent !== undefined && { intent }),
        ...(positionId !== undefined && { positionId }),
        ...(createdAt !== undefined && { createdAt: Number(createdAt) }),
        ...(reason !== undefined && { reason }),
      }),
    );
    return order;
  }

  async #updateOrder(id: string, change: Parameters<StateManager["updateOrder"]>[1]): Promise<PendingOrder> {
    const order = await this.mgr.updateOrder(id, change);
    if (typeof change === "function") this.beyond ??= "updateOrder by a function";
    else {
      const { size, price, status } = change;
      this.#told(
        step("updateOrder", id, {
          ...(size !== undefined && { size }),
          ...(typeof price === "number" && { price }),
          ...(status !== undefined && { status }),
        }),
      );
    }
    return order;
  }

  async #recordFill(orderId: string, fill: FillInput): Promise<FillResult> {
    const result = await this.mgr.recordFill(orderId, fill);
    const { fillId, price, size, fee = 0, ts, done, overfill } = fill;
    if (fill.dust !== undefined || fill.rate !== undefined) this.beyond ??= "recordFill";
    this.#told(
      step("recordFill", orderId, {
        ...{ fillId, price, size },
        fee,
        ...(ts !== undefined && { ts: Number(ts) }),
        ...(done !== undefined && { done }),
        ...(overfill !== undefined && { overfill }),
      }),
    );
    const order = result.order ?? this.known.get(orderId);
    if (!result.applied || !order) return result;
    const moved = result.positions.length + result.trades.length > 0;
    const explains = moved ? undefined : await this.#explained(order);
    this.bookings.push({
      ...{ order, fillId, price },
      size: Number((size - (result.over ?? 0)).toPrecision(15)),
      // The exchange of these lives takes fees in what the pair settles in.
      fee: typeof fee === "number" ? fee : plus(...[fee].flat().map(({ amount }) => amount)),
      ts: ts === undefined ? this.now() : Number(ts),
      duringRecovery: this.recovering,
      ...(explains !== undefined && { explains }),
    });
    return result;
  }

  async #explained({ positionId }: PendingOrder): Promise<number | undefined> {
    const trades = await this.mgr.getTrades();
    return trades.findLast(({ id }) => id === positionId)?.entryPrice;
  }

  async #savePosition(input: PositionInput): Promise<Position> {
    const { id, pair, side, size, entryPrice, entryTs } = input;
    const isNew = (await this.mgr.getPosition(id)) === undefined;
    const adoption = { positionId: id, pair: plainPair(pair), side, size, entryPrice };
    if (isNew) await this.onAdoption(adoption);
    const position = await this.mgr.savePosition(input);
    this.#told(
      step("savePosition", {
        id,
        pair,
        side,
        size,
        entryPrice,
        ...(entryTs !== undefined && { entryTs: Number(entryTs) }),
      }),
    );
    if (isNew) this.adoptions.push(adoption);
    return position;
  }

  async #writeOff(
    by: WriteOff["by"],
    positionId: string,
    rest: readonly unknown[],
    call: (...args: unknown[]) => unknown,
  ): Promise<unknown> {
    const before = await this.mgr.getPosition(positionId);
    const answer = await call(positionId, ...rest);
    this.beyond ??= by;
    if (!before) return answer;
    const left = (await this.mgr.getPosition(positionId))?.size ?? 0;
    const [options] = rest;
    const told = typeof options === "object" && options !== null && "pnl" in options ? Number(options.pnl) : 0;
    if (left < before.size) {
      const { side, entryPrice } = before;
      const size = before.size - left;
      this.writeOffs.push({ by, positionId, pair: plainPair(before.pair), side, size, entryPrice, pnl: told });
    }
    return answer;
  }
}
