/**
 * A bot that sends its orders itself, and books each fill as the exchange tells it: in parts, twice, with fees in several coins.
 *
 *     npx tsx test/examples/own-fills.ts state/own-fills.db
 */
import { type FillInput, StateManager, UnknownOutcomeError } from "signalflow-state";

const [path = "state/own-fills.db"] = process.argv.slice(2);
const PAIR = "ETH/USDT:USDT";

/** What an exchange tells of an execution, by websocket or by a list. */
interface Execution {
  readonly clientOrderId: string;
  readonly tradeId: string;
  readonly price: number;
  readonly amount: number;
  readonly fee: { readonly cost: number; readonly currency: string };
}

await using state = await StateManager.open("own-fills", {
  backend: "duckdb",
  duckdb: { path },
  risk: { currency: "USDT", max_exposure: 1_000 },
});

const entry = await state.admit({ signalId: "s7", orderId: "s7in", pair: PAIR, side: "long", size: 2, price: 101 });
if (entry.admitted) {
  await onExecution(told("s7in", "t1", 100, 1, 0.1, "USDT"));
  await onExecution(told("s7in", "t2", 102, 1, 0.0002, "BNB"));
  await onExecution(told("s7in", "t2", 102, 1, 0.0002, "BNB")); // again, after a reconnect

  await state.saveOrder({ id: "s7out", pair: PAIR, side: "sell", size: 2, intent: "exit", positionId: "s7in" });
  await onExecution(told("s7out", "t3", 105, 2, 0.21, "USDT"));
}

/** Books an execution once, however often it is told. */
async function onExecution({ clientOrderId, tradeId, price, amount, fee }: Execution): Promise<void> {
  const fill: FillInput = {
    fillId: tradeId, // the exchange's own id: what makes a second telling of it the same fill
    price,
    size: amount,
    // A fee in a third coin needs its price in the flow's currency. Without one it is kept as `unpriced`, and is in no sum.
    fee: { amount: fee.cost, currency: fee.currency, ...(fee.currency === "BNB" && { rate: 600 }) },
  };
  const { applied, position, trades } = await sure(() => state.recordFill(clientOrderId, fill));
  if (!applied) console.log(`${tradeId}: booked before`);
  else if (position) console.log(`${tradeId}: ${position.size} at ${position.entryPrice}`);
  for (const { pnl, fees } of trades) console.log(`${tradeId}: the trade made ${pnl} after fees of ${fees}`);
}

/** Stands in for the exchange's message. */
function told(id: string, tradeId: string, price: number, amount: number, cost: number, currency: string): Execution {
  return { clientOrderId: id, tradeId, price, amount, fee: { cost, currency } };
}

/** Asks again where an answer was lost: the call may have happened, and never happens twice. */
async function sure<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof UnknownOutcomeError) return await error.retry();
    throw error;
  }
}
