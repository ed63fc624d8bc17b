/** The rates that are needed to book an entry in another currency than the flow's. */
import type { PendingOrder } from "../../src/types.js";
import { settleOf } from "../../src/words/pair-name.js";
import type { Draft } from "./draft.js";

/** Why a person has to give a rate first; undefined if none is needed. An exit takes its position's last rate, or is booked unpriced. */
export function neededRate(
  { evidence }: Draft,
  { id, pair, intent, rate: ordered }: PendingOrder,
  at: Date,
  rate: number | undefined,
): string | undefined {
  const { currencies = [] } = evidence;
  const [counted] = currencies;
  if (intent === "exit" || rate !== undefined || ordered !== undefined) return undefined;
  if (counted === undefined || !pair.includes("/")) return undefined;
  const settle = settleOf(pair);
  if (currencies.includes(settle)) return undefined;
  return `a fill of entry ${id} at ${at.toISOString()} is in ${settle}, the flow is counted in ${counted}, and nobody said what one ${settle} was worth then. Recover again with its rate: the option rates, or --rate ${settle}=RATE on the command line`;
}
