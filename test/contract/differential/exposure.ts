import { formatMoney, type Money } from "../../../src/exact/money.js";
import type { PendingOrder, Snapshot, StateManager } from "../../../src/index.js";
import { notionalOf } from "../../../src/state/exposure.js";
import { PAIRS } from "./steps.js";

/** What positions and pending entries take together, as Redis keeps it: fields that are zero left out. */
export type Exposure = Readonly<Record<string, string>>;

function take(order: PendingOrder): { money: Money; slots: number } {
  if (order.intent === "exit") return { money: 0n, slots: 0 };
  const rest = Math.max(order.size - order.filled, 0);
  return { money: notionalOf(rest, order.price), slots: order.positionId === undefined ? 1 : 0 };
}

/** The exposure as it follows from the positions and the orders, one by one. */
export function derived({ positions, orders }: Snapshot): Exposure {
  let money = 0n;
  let slots = 0;
  const bySlot = new Map<string, number>();
  const add = (pair: string, more: Money, moreSlots: number) => {
    money += more;
    slots += moreSlots;
    bySlot.set(pair, (bySlot.get(pair) ?? 0) + moreSlots);
  };
  for (const { pair, size, entryPrice } of positions) add(pair, notionalOf(size, entryPrice), 1);
  for (const order of orders) {
    const taken = take(order);
    add(order.pair, taken.money, taken.slots);
  }
  return withoutZeros({
    notional: formatMoney(money),
    slots: String(slots),
    ...Object.fromEntries([...bySlot].map(([pair, count]) => [`pair:${pair}`, String(count)])),
  });
}

function withoutZeros(fields: Readonly<Record<string, string>>): Exposure {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== "0"));
}

const UNIT = 0.00000001;

/**
 * The exposure as the flow itself reckons with it: what an admission answers when it is refused for its sake. Changes the flow:
 * its breaker is reset, its recovery ended, its cooldowns cleared, its limits replaced.
 */
export async function admitted(manager: StateManager): Promise<Exposure> {
  await manager.resetCircuitBreaker();
  await manager.endRecovery();
  const none = { max_daily_loss: null, max_daily_trades: null, max_open_positions: null, max_positions_per_pair: null };
  for (const pair of PAIRS) await manager.clearCooldown(pair);

  let asked = 0;
  /** The number that the refusal begins with, or says the exposure would be; 0 when nothing is in the way. */
  const ask = async (pair: string, limits: Parameters<StateManager["setRiskLimits"]>[0]): Promise<string> => {
    await manager.setRiskLimits({ ...none, max_exposure: null, ...limits });
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
