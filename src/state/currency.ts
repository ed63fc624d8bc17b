/** What amounts are counted in. Lua twin: `lua/shared/currency.lua`. */
import { InvalidArgumentError } from "../errors.js";
import { type Decimal, multiplyDecimal, toDecimal } from "../exact/decimal.js";
import type { FlowState } from "./flow-state.js";
import { keep } from "./holding.js";

/** An amount that was told in a currency, in the flow's. Throws where that cannot be said. */
export function inFlow(
  _state: FlowState,
  amount: Decimal,
  currency: string | undefined,
  rate: number | undefined,
): Decimal {
  if (currency === undefined) return amount;
  if (rate !== undefined) return keep(multiplyDecimal(amount, toDecimal(rate)));
  throw new InvalidArgumentError(`rate: expected how much of the flow's currency a ${currency} is worth`);
}
