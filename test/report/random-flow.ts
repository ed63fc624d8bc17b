/** A flow's random life over some weeks, with all that a report has to count: told by a seed, alike on every backend. */
import type { Position, StateManager } from "../../src/index.js";
import { Chance } from "../accountant/chance.js";
import { type Clock, DAY, HOUR, MINUTE } from "../contract/clock.js";

const PAIRS = ["BTC/USDT", "ETH/USDT", "SOL/USDT:USDT"] as const;
const STRATEGIES = ["trend", "revert", undefined] as const;
const REASONS = ["tp", "sl", "trailing", undefined] as const;
const SIDES = ["long", "short"] as const;

export const LIFE_CONFIG = { risk: { currency: "USDT", starting_equity: 10_000, day_start: "06:00" } } as const;

export interface Life {
  readonly days: number;
  readonly stepsADay: number;
}

/** Plays it from where the clock stands; `onDay` is called at the begin of every day. */
export async function playLife(
  manager: StateManager,
  clock: Clock,
  seed: number,
  { days, stepsADay }: Life,
): Promise<void> {
  const chance = new Chance(seed);
  const ended: string[] = [];
  let count = 0;
  const next = (kind: string) => `${kind}-${++count}`;
  const money = (most: number) => Math.round((chance.next() - 0.45) * most * 100) / 100;
  const price = (around: number) => Math.round(around * (0.97 + chance.next() * 0.06) * 100) / 100;

  async function open(): Promise<void> {
    const pair = chance.pick(PAIRS) ?? PAIRS[0];
    const side = chance.pick(SIDES) ?? "long";
    const strategy = chance.pick(STRATEGIES);
    const size = chance.whole(1, 40) / 10;
    const asked = price(100);
    const admission = await manager.admit({
      signalId: next("s"),
      pair,
      side,
      size,
      price: asked,
      orderType: "limit",
      ...(strategy && { metadata: { strategy } }),
    });
    if (!admission.admitted) return;
    const parts = chance.percent(30) ? [size / 2, size / 2] : [size];
    for (const part of parts) {
      clock.now += chance.whole(0, 10 * MINUTE);
      await manager.recordFill(admission.order.id, { fillId: next("f"), price: price(100), size: part, ...fee() });
    }
  }

  function fee(): { fee?: number | { amount: number; currency: string; rate: number } } {
    if (chance.percent(20)) return {};
    if (chance.percent(20)) return { fee: { amount: 0.001, currency: "BNB", rate: 600 } };
    return { fee: chance.whole(-5, 40) / 100 };
  }

  async function close(position: Position): Promise<void> {
    const reason = chance.pick(REASONS);
    const id = next("x");
    const isMarket = chance.percent(30);
    await manager.saveOrder({
      id,
      pair: position.pair,
      side: position.side === "long" ? "sell" : "buy",
      size: position.size,
      intent: "exit",
      positionId: position.id,
      ...(reason && { reason }),
      ...(!isMarket && { price: price(100) }),
    });
    clock.now += chance.whole(0, HOUR);
    const isEven = chance.percent(10);
    await manager.recordFill(id, {
      fillId: next("f"),
      price: isEven ? position.entryPrice : price(100),
      size: position.size,
      ...(isEven ? {} : fee()),
      ...(chance.percent(10) && { ts: Math.max(position.entryTs.getTime(), clock.now - DAY) }),
    });
    ended.push(position.id);
  }

  async function step(): Promise<void> {
    clock.now += chance.whole(1, 40 * MINUTE);
    const position = chance.pick(await manager.getPositions());
    const draw = chance.whole(0, 100);
    if (draw < 45) return open();
    if (draw < 75) return position && close(position);
    const id = next("c");
    if (draw < 82) {
      if (position) await manager.bookCash(money(4), { id, kind: "funding", positionId: position.id });
    } else if (draw < 86) {
      const positionId = chance.pick(ended);
      if (positionId)
        await manager.bookCash(money(6), { id, kind: chance.percent(50) ? "funding" : "correction", positionId });
    } else if (draw < 89) await manager.bookCash(money(3), { id, kind: "interest", pair: "BTC/USDT" });
    else if (draw < 92) await manager.updateDailyPnl(money(20), chance.percent(50) ? { tradeId: id } : {});
    else if (draw < 95) {
      if (position) await manager.closePosition(position.id, { pnl: money(30), reason: "manual" });
    } else if (draw < 97) await manager.recordTransfer(chance.whole(-20, 30) * 10 || 10, { id });
    else if (draw < 98 && position) await manager.removePosition(position.id, { untold: true });
  }

  for (let day = 0; day < days; day++) {
    const begin = clock.now;
    const isIdle = chance.percent(20);
    for (let at = 0; at < stepsADay && !isIdle; at++) await step();
    clock.now = Math.max(clock.now, begin + DAY);
  }
}
