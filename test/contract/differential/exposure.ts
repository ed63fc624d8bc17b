import { formatMoney, type Money } from "../../../src/exact/money.js";
import type { FlowLayout, PendingOrder, PositionSide, Snapshot, StateManager } from "../../../src/index.js";
import { notionalOf } from "../../../src/state/exposure.js";
import { hiddenOfOrders, takesSlot } from "../reservations.js";
import { PAIRS } from "./steps.js";

/** Fields of sums; those that are zero left out. */
export type Exposure = Readonly<Record<string, string>>;

/** What positions and pending entries take together. */
export interface Derived {
  /** As Redis keeps it. */
  readonly kept: Exposure;
  /** As an admission tells it: slots by pair, of both sides together. */
  readonly told: Exposure;
}

const SIDES = ["long", "short"] as const;

function moneyOf(order: PendingOrder, closes: number): Money {
  return notionalOf(Math.max(order.size - Math.max(order.filled, closes), 0), order.price);
}

function sideOf(order: PendingOrder): PositionSide {
  return order.side === "buy" ? "long" : "short";
}

/** The exposure as it follows from the positions and the orders, one by one. */
export function derived({ positions, orders }: Snapshot, layout: FlowLayout): Derived {
  const hidden = hiddenOfOrders(layout);
  let money = 0n;
  let slots = 0;
  const counts = new Map<string, number>();
  const pairs = new Map<string, number>();
  const count = (of: Map<string, number>, field: string) => of.set(field, (of.get(field) ?? 0) + 1);
  const slot = (side: PositionSide, pair: string) => {
    slots++;
    count(counts, `${side}:${pair}`);
    count(pairs, `pair:${pair}`);
  };
  for (const { pair, side, size, entryPrice } of positions) {
    money += notionalOf(size, entryPrice);
    slot(side, pair);
  }
  for (const order of orders.filter(({ intent }) => intent === "entry")) {
    money += moneyOf(order, hidden.get(order.id)?.closes ?? 0);
    if (takesSlot(order, hidden)) slot(sideOf(order), order.pair);
    else count(counts, `slotless:${sideOf(order)}:${order.pair}`);
  }
  const sums = { notional: formatMoney(money), slots: String(slots) };
  const fields = (of: Map<string, number>) =>
    withoutZeros({ ...sums, ...Object.fromEntries([...of].map(([field, sum]) => [field, String(sum)])) });
  return { kept: fields(counts), told: fields(pairs) };
}

function withoutZeros(fields: Readonly<Record<string, string>>): Exposure {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== "0"));
}

const UNIT = 0.00000001;

/** From now on nothing but exposure and the other side is in the way of an entry. */
async function clearTheWay(manager: StateManager): Promise<void> {
  await manager.resetCircuitBreaker();
  await manager.endRecovery();
  await manager.setRiskLimits({ ...NO_LIMITS, max_daily_loss: null, max_daily_trades: null });
  for (const pair of PAIRS) await manager.clearCooldown(pair);
  await manager.setGuards([]);
}

const NO_LIMITS = { max_open_positions: null, max_positions_per_pair: null, max_exposure: null } as const;

/**
 * The exposure as the flow itself reckons with it: what an admission answers when it is refused for its sake. Changes the flow:
 * its breaker is reset, its recovery ended, its cooldowns cleared, its limits replaced.
 */
export async function admitted(manager: StateManager): Promise<Exposure> {
  await clearTheWay(manager);
  let asked = 0;
  /** The number that the refusal begins with, or says the exposure would be; 0 when nothing is in the way. */
  const ask = async (pair: string, limits: Parameters<StateManager["setRiskLimits"]>[0]): Promise<string> => {
    await manager.setRiskLimits({ ...NO_LIMITS, ...limits });
    const admission = await manager.admit({ signalId: `probe ${++asked}`, pair, side: "long", size: UNIT, price: 1 });
    if (admission.admitted) throw new Error(`admitted under ${JSON.stringify(limits)}`);
    const told = /^(?:exposure would be )?(\d+(?:\.\d+)?)/.exec(admission.message)?.[1];
    if (told === undefined) throw new Error(admission.message);
    return told;
  };
  const fields: Record<string, string> = { slots: await ask(PAIRS[0], { max_open_positions: 0 }) };
  for (const pair of PAIRS.slice(0, 2)) fields[`pair:${pair}`] = await ask(pair, { max_positions_per_pair: 0 });
  const [whole = "0", fraction = ""] = (await ask(PAIRS[0], { max_exposure: 0 })).split(".");
  fields.notional = formatMoney(BigInt(whole + fraction.padEnd(8, "0")) - 1n);
  return withoutZeros(fields);
}

/**
 * Of a flow that refuses entries against the other side: the sides that it finds there, as fields of what it keeps. Changes the
 * flow as `admitted` does; nothing else refuses an entry then, but that there may be no position at all.
 */
export async function facing(manager: StateManager): Promise<string[]> {
  await clearTheWay(manager);
  await manager.setRiskLimits({ max_open_positions: 0 });
  const found: string[] = [];
  for (const pair of PAIRS.slice(0, 2)) {
    for (const side of SIDES) {
      const other = side === "long" ? "short" : "long";
      const answer = await manager.admit({ signalId: `${pair} ${side}`, pair, side: other, size: 1, price: 1 });
      if (!answer.admitted && answer.reason === "opposite_side") found.push(`${side}:${pair}`);
    }
  }
  return found;
}

/** The same, from what is kept. */
export function sidesIn(kept: Exposure): string[] {
  return PAIRS.slice(0, 2).flatMap((pair) =>
    SIDES.map((side) => `${side}:${pair}`).filter((field) => field in kept || `slotless:${field}` in kept),
  );
}
