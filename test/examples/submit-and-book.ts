/**
 * A bot that trades on a paper exchange, in a few lines: admit, submit and book, exit.
 *
 *     tsx test/examples/submit-and-book.ts '{"backend":"duckdb","duckdb":{"path":"bot.db"}}' my-bot paper.jsonl
 *
 * Kill it at any moment and start it again: it recovers, and goes on with the signal that it was at. No order is sent twice.
 */
import { StateManager } from "signalflow-state";
import { PaperExchange, recover, type Submission, submitAndBook } from "signalflow-state/sync";

const [config = "{}", flowId = "my-bot", file = "paper.jsonl", rounds = "3"] = process.argv.slice(2);
const PAIR = "BTC/USDT";

await using exchange = new PaperExchange({ file, fills: "partial" });
await using state = await StateManager.open(flowId, JSON.parse(config));
await exchange.setPrice(PAIR, 60_000);
console.log(`recovery: ${(await recover(state, exchange, { settle: 0, grace: 0 })).status}`);

for (let round = 1; round <= Number(rounds); round++) {
  const id = `round-${round}`;
  const entry = await state.admit({
    signalId: id,
    orderId: id,
    pair: PAIR,
    side: "long",
    size: 0.1,
    price: 60_000,
    orderType: "market",
  });
  if (entry.admitted) tell(await submitAndBook(state, exchange, entry.order));
  else console.log(`no entry: ${entry.message}`);

  const position = await state.getPosition(id);
  if (!position) continue;
  await exchange.setPrice(PAIR, 60_000 + round);
  const exit = {
    id: `${id}-exit`,
    pair: PAIR,
    side: "sell",
    size: position.size,
    intent: "exit",
    positionId: id,
  } as const;
  tell(await submitAndBook(state, exchange, { ...exit, reason: "tp" }));
  await exchange.setPrice(PAIR, 60_000);
}

function tell(done: Submission): void {
  const { order, fills } = done;
  const why = "why" in done ? `: ${done.why}` : "";
  console.log(`${order.id} ${done.outcome}, ${order.filled} of ${order.size} in ${fills.length} fills${why}`);
  for (const { pnl, reason } of fills.flatMap(({ trades }) => trades)) console.log(`a trade made ${pnl} (${reason})`);
}
