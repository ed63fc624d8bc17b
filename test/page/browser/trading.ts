/** What bots do in the tests of the page: trades that end, as calls of the public API. */
import type { StateManager } from "../../../src/index.js";

export interface Round {
  readonly id: string;
  readonly pair: string;
  readonly side: "long" | "short";
  readonly size: number;
  readonly entry: number;
  readonly exit: number;
  readonly fee: number;
  readonly reason?: string;
}

/** An entry that is admitted and filled. Throws where it is refused. */
export async function enter(bot: StateManager, round: Omit<Round, "exit">): Promise<string> {
  const { id, pair, side, size, entry, fee } = round;
  const asked = await bot.admit({ signalId: id, pair, side, size, price: entry, tp: entry * 1.05, sl: entry * 0.97 });
  if (!asked.admitted) throw new Error(`${id}: ${asked.message}`);
  const filled = await bot.recordFill(asked.order.id, { fillId: `${id}-in`, price: entry, size, fee });
  const position = filled.position?.id;
  if (position === undefined) throw new Error(`${id}: no position`);
  return position;
}

/** A position that is opened and closed by fills. */
export async function playRound(bot: StateManager, round: Round): Promise<void> {
  const { id, pair, side, size, exit, fee, reason = "tp" } = round;
  const positionId = await enter(bot, round);
  const order = `${id}-out`;
  await bot.saveOrder({
    id: order,
    pair,
    side: side === "long" ? "sell" : "buy",
    size,
    price: exit,
    intent: "exit",
    positionId,
    reason,
  });
  await bot.recordFill(order, { fillId: order, price: exit, size, fee });
}

/** The same numbers each time, from 0 to 1. */
export function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
