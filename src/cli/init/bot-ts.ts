/** The text of a minimal `bot.ts`. */
export function botTs(flowId: string): string {
  return `// A bot to begin with: npx tsx bot.ts
import { loadConfig, StateManager } from "signalflow-state";

const state = await StateManager.open(${JSON.stringify(flowId)}, await loadConfig("bot.yaml"));
try {
  await state.heartbeat();

  // A signal is acted on once, over all processes and runs.
  const today = new Date().toISOString().slice(0, 10);
  const entry = await state.admit({
    signalId: \`example:BTC/USDT:\${today}\`,
    pair: "BTC/USDT",
    side: "long",
    size: 0.01,
    price: 60_000,
  });

  if (entry.admitted) {
    // Here the order goes to the exchange, under its id; then the bot books its fills.
    await state.recordFill(entry.order.id, { fillId: \`\${entry.order.id}-1\`, price: 60_000, size: 0.01, fee: 0.24 });
    console.log(\`opened \${entry.order.id}\`);
  } else {
    console.log(\`no entry: \${entry.message}\`);
  }

  const { dailyPnl, circuitBreakerActive } = await state.getRiskState();
  console.log(\`today \${dailyPnl}, breaker \${circuitBreakerActive ? "active" : "quiet"}\`);
} finally {
  await state.close();
}
`;
}
