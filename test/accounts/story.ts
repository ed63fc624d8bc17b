/** Random stories of flows that share accounts: the same steps on Redis and in memory, told as answers that can be compared. */
import type { StateManager } from "../../src/index.js";

export type Random = () => number;

const PAIRS = ["BTC/USDT", "ETH/USDT", "ADA/BTC"] as const;

/** One step: who acts, and what. */
export interface Step {
  readonly flow: number;
  readonly what: string;
  act(manager: StateManager): Promise<unknown>;
}

function amountOf(random: Random, most: number): number {
  return Math.round(random() * most * 100) / 100 + 0.01;
}

function pick<Item>(random: Random, items: readonly Item[]): Item {
  const found = items[Math.floor(random() * items.length)];
  if (found === undefined) throw new Error("nothing to pick from");
  return found;
}

/** Steps for flows that may be in one of these accounts. */
export function makeStep(random: Random, n: number, flows: number, accounts: readonly string[]): Step {
  const flow = Math.floor(random() * flows);
  const step = (what: string, act: Step["act"]): Step => ({ flow, what, act });
  const pair = pick(random, PAIRS);
  const rate = pair === "ADA/BTC" ? { rate: 40_000 } : {};
  const side = pick(random, ["long", "short"] as const);
  const [size, price] = [amountOf(random, 3), amountOf(random, 100)];
  const roll = random();
  const nth = random();
  const choose = <Item>(items: readonly Item[]) => items[Math.floor(nth * items.length)];

  if (roll < 0.28) {
    return step(`admit ${pair} ${side} ${size} @ ${price}`, (m) =>
      m.admit({ signalId: `s${n}`, orderId: `o${n}`, pair, side, size, price, ...rate }),
    );
  }
  if (roll < 0.46) {
    const part = random() < 0.5 ? 1 : 0.5;
    return step("fill", async (m) => {
      const order = choose(await m.getPendingOrders());
      if (!order) return "none";
      const left = (order.size - order.filled) * part;
      return m.recordFill(order.id, { fillId: `f${n}`, price, size: left, fee: { amount: 0.03, currency: "USDT" } });
    });
  }
  if (roll < 0.54) {
    return step("cancel", async (m) => {
      const order = choose(await m.getPendingOrders());
      return order ? m.cancelOrder(order.id) : "none";
    });
  }
  if (roll < 0.64) {
    const pnl = amountOf(random, 20) - 10;
    return step(`close ${pnl}`, async (m) => {
      const position = choose(await m.getPositions());
      return position ? m.closePosition(position.id, { pnl, currency: "USDT" }) : "none";
    });
  }
  if (roll < 0.7) {
    return step("exit", async (m) => {
      const position = choose(await m.getPositions());
      if (!position) return "none";
      const way = position.side === "long" ? "sell" : "buy";
      const exit = { id: `x${n}`, pair: position.pair, size: position.size, positionId: position.id } as const;
      await m.saveOrder({ ...exit, side: way, intent: "exit", price });
      return m.recordFill(exit.id, { fillId: `f${n}`, price, size: position.size, ...rate });
    });
  }
  if (roll < 0.75) {
    return step("save or change a position", async (m) => {
      const position = choose(await m.getPositions());
      if (position && size > 1) return m.updatePosition(position.id, { size, entryPrice: price, ...rate });
      return m.savePosition({ id: `p${n}`, pair, side, size, entryPrice: price, ...rate });
    });
  }
  if (roll < 0.78) {
    return step("remove", async (m) => {
      const position = choose(await m.getPositions());
      return position ? m.removePosition(position.id) : "none";
    });
  }
  if (roll < 0.84) {
    const pnl = amountOf(random, 10) - 5;
    return step(`book ${pnl}`, (m) => m.updateDailyPnl(pnl, { tradeId: `t${n}` }));
  }
  if (roll < 0.88) {
    const amount = amountOf(random, 4) - 2;
    return step(`cash ${amount}`, (m) => m.bookCash(amount, { id: `c${n}`, kind: "funding", pair: "BTC/USDT" }));
  }
  if (roll < 0.91) {
    const amount = amountOf(random, 200) - 100;
    return step(`transfer ${amount}`, (m) => m.recordTransfer(amount, { id: `r${n}` }));
  }
  if (roll < 0.93) return step("trip the account", (m) => m.triggerAccountBreaker("a look", "2m"));
  if (roll < 0.96) return step("reset the account", (m) => m.resetAccountBreaker("seen to"));
  if (roll < 0.98) {
    const account = pick(random, accounts);
    return step(`leave, join ${account}`, async (m) => {
      const left = await m.leaveAccount();
      await m.joinAccount(account);
      return left;
    });
  }
  if (roll < 0.985) return step("unset", (m) => m.unsetAccountLimits(["max_daily_loss"]));
  const limit = Math.round(amountOf(random, 60));
  return step(`a day's loss of ${limit} at most`, (m) => m.setAccountLimits({ max_daily_loss: limit + 1 }));
}
