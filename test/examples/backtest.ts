/**
 * A backtest: state in memory, and the candles' time as the clock. Days, cooldowns and the breaker follow that clock.
 *
 *     npx tsx test/examples/backtest.ts
 */
import { StateManager } from "signalflow-state";

const PAIR = "BTC/USDT";
const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 5);
/** Four a day. */
const CLOSES = [100, 104, 110, 110, 107, 112, 95, 101, 103, 104, 99, 98];

let now = START;
await using state = await StateManager.open(
  "backtest",
  { backend: "memory", risk: { max_daily_loss: 10, breaker_duration: "until_day_end" } },
  { clock: () => now },
);

let before = Number.POSITIVE_INFINITY;
for (const [i, close] of CLOSES.entries()) {
  now = START + i * 6 * HOUR;
  const [position] = await state.getPositions();
  if (position && close < before) await exit(position.id, close);
  else if (!position && close > before) await enter(i, close);
  before = close;
}
for (const { day, pnl, trades } of await state.getDailyHistory()) console.log(`${day}: ${pnl} in ${trades} trades`);
const { day, dailyPnl, dailyTrades } = await state.getRiskState(); // of the last day, which has not ended
console.log(`${day}: ${dailyPnl} in ${dailyTrades} trades`);

async function enter(i: number, price: number): Promise<void> {
  const entry = await state.admit({ signalId: `candle-${i}`, pair: PAIR, side: "long", size: 1, price });
  if (entry.admitted) await state.recordFill(entry.order.id, { fillId: `in-${i}`, price, size: 1 });
  else console.log(`${when()} no entry: ${entry.reason}`);
}

async function exit(positionId: string, price: number): Promise<void> {
  const id = `${positionId}-exit`;
  await state.saveOrder({ id, pair: PAIR, side: "sell", size: 1, intent: "exit", positionId });
  const { trades, tripped } = await state.recordFill(id, { fillId: "out", price, size: 1 });
  for (const { entryPrice, exitPrice, pnl } of trades) console.log(`${when()} ${entryPrice} to ${exitPrice}: ${pnl}`);
  if (tripped) console.log(`${when()} the breaker tripped`);
}

function when(): string {
  return new Date(now).toISOString().slice(0, 13);
}
