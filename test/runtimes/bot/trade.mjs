// The bot that every runtime runs: it enters, books a fill, closes, and finds its position when it opens the flow again.
export async function trade({ StateManager }, backend) {
  const config = { backend, redis: { url: process.env.SF_REDIS_URL }, duckdb: { path: process.env.SF_DUCKDB_PATH } };
  const flow = process.env.SF_FLOW;
  try {
    const bot = await StateManager.open(flow, config);
    const entry = await bot.admit({ signalId: "s", pair: "BTC/USDT", side: "long", size: 0.1, price: 60_000 });
    if (!entry.admitted) return `${backend}: not admitted, ${entry.reason}`;
    const fill = await bot.recordFill(entry.order.id, { fillId: "f", price: 60_010, size: 0.1, fee: 2.4 });
    await bot.close();
    if (backend === "memory")
      return `memory: ${fill.position.size} at ${fill.position.entryPrice}, ${fill.risk.dailyPnl}`;

    const again = await StateManager.open(flow, config);
    const [position] = await again.getPositions();
    const { dailyPnl } = await again.getRiskState();
    await again.close();
    return `${backend}: ${position.size} at ${position.entryPrice}, ${dailyPnl}`;
  } catch (error) {
    return `${backend}: ${error.code ?? error.name}: ${error.message}`;
  }
}
