import { formatMoney, type Money, parseMoney } from "../../src/exact/money.js";
import type { FlowLayout, PendingOrder, StateManager } from "../../src/index.js";
import { notionalOf } from "../../src/state/exposure.js";

/** What positions and pending entries take together. */
export interface Reservations {
  readonly slots: string;
  /** By pair, of the pairs asked for. */
  readonly slotsOf: Readonly<Record<string, string>>;
  /** In quote currency, to the last decimal. */
  readonly exposure: string;
}

/** What is stored of a pending order that no caller sees. */
export interface HiddenOfOrder {
  /** What the other side held when the order that turns it around was admitted. */
  readonly closes?: number;
  /** 1 once the position that it names has ended. */
  readonly slot?: number;
}

export function hiddenOfOrders({ entries }: FlowLayout): ReadonlyMap<string, HiddenOfOrder> {
  return new Map(
    entries["orders:pending"].map(([id = "", json = "{}"]): [string, HiddenOfOrder] => [id, JSON.parse(json)]),
  );
}

/** An entry takes a slot of its own until it has a position, and again once that has ended. */
export function takesSlot({ id, positionId }: PendingOrder, hidden: ReadonlyMap<string, HiddenOfOrder>): boolean {
  return positionId === undefined || hidden.get(id)?.slot === 1;
}

/** As they follow from the positions and the orders, one by one. */
export async function derivedReservations(manager: StateManager, pairs: readonly string[]): Promise<Reservations> {
  const { positions, orders } = await manager.snapshot();
  const hidden = hiddenOfOrders(await manager.exportFlow());
  const entries = orders.filter(({ intent }) => intent === "entry");
  const taken = [...positions, ...entries.filter((order) => takesSlot(order, hidden))];
  const amounts = [
    ...positions.map(({ size, entryPrice }) => notionalOf(size, entryPrice)),
    ...entries.map(({ size, filled, price }: PendingOrder) => notionalOf(Math.max(size - filled, 0), price)),
  ];
  return {
    slots: `${taken.length}`,
    slotsOf: Object.fromEntries(pairs.map((pair) => [pair, `${taken.filter((each) => each.pair === pair).length}`])),
    exposure: formatMoney(amounts.reduce((sum: Money, each) => sum + each, 0n)),
  };
}

/** The smallest exposure there is, and as money. */
const UNIT = 0.00000001;
const ONE: Money = 1n;

/**
 * As the flow reckons with them: what it says when it refuses an entry because of them. Nothing else may be in the way of an
 * entry. Leaves the flow with limits that refuse every entry.
 */
export async function toldReservations(manager: StateManager, pairs: readonly string[]): Promise<Reservations> {
  const ask = async (pair: string, limits: Parameters<StateManager["setRiskLimits"]>[0]): Promise<string> => {
    const none = { max_open_positions: null, max_positions_per_pair: null, max_exposure: null };
    await manager.setRiskLimits({ ...none, ...limits });
    const answer = await manager.admit({ signalId: "a probe", pair, side: "long", size: UNIT, price: 1 });
    if (answer.admitted) throw new Error(`the probe was admitted under ${JSON.stringify(limits)}`);
    const number = /^(?:exposure would be )?([\d.]+)[ ,]/.exec(answer.message)?.[1];
    if (number === undefined) throw new Error(`the probe was refused for another reason: ${answer.message}`);
    return number;
  };
  const [first = ""] = pairs;
  const slots = await ask(first, { max_open_positions: 0 });
  const slotsOf: Record<string, string> = {};
  for (const pair of pairs) slotsOf[pair] = await ask(pair, { max_positions_per_pair: 0 });
  const withProbe = await ask(first, { max_exposure: 0 });
  return { slots, slotsOf, exposure: formatMoney(parseMoney(withProbe) - ONE) };
}
