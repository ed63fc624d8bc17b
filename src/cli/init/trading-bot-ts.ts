/** The text of a template's `bot.ts`: a bot that can be killed at any moment and started again. */
export function tradingBotTs(): string {
  return `// A bot to begin with: npm start. Kill it at any moment and start it again: nothing is done twice, and nothing is forgotten.
import { setTimeout as pause } from "node:timers/promises";
import {
  ConnectionError,
  loadConfig,
  type OrderInput,
  type PendingOrder,
  type Position,
  StateManager,
  UnknownOutcomeError,
} from "signalflow-state";
import { checkExchange, ExchangeError, planText, reconcile, recover, submitAndBook } from "signalflow-state/sync";
import { close, exchange, PAIRS, prices } from "./exchange.js";

/** How often the market is looked at, ms. */
const TICK = Number(process.env.TICK ?? 5_000);
/** What a position is worth, in quote currency. */
const NOTIONAL = 1_000;

const log = {
  info: (message: string) => console.log(new Date().toISOString(), message),
  warn: (message: string) => console.warn(new Date().toISOString(), message),
  /** A person has to look: send it to a chat or a pager. */
  alert: (message: string) => console.error(new Date().toISOString(), "ALERT", message),
};

/** Your strategy goes here: this one enters where a fast average crosses a slow one. */
class Crossover {
  #fast = 0;
  #slow = 0;
  #above: boolean | undefined;

  next(price: number): "long" | "short" | undefined {
    this.#fast = this.#fast === 0 ? price : this.#fast + (price - this.#fast) / 3;
    this.#slow = this.#slow === 0 ? price : this.#slow + (price - this.#slow) / 9;
    const above = this.#fast > this.#slow;
    const crossed = this.#above !== undefined && above !== this.#above;
    this.#above = above;
    return crossed ? (above ? "long" : "short") : undefined;
  }
}

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());

const config = await loadConfig("bot.yaml");
const state = await StateManager.open(config.flow ?? "bot", config, { instanceId: process.env.BOT ?? "bot-1", logger: log });
const stopWithout = (error: unknown) => {
  if (stop.signal.aborted) return;
  log.alert(error instanceof Error ? error.message : String(error));
  process.exitCode = 1; // whoever starts it again finds it recovering
  stop.abort();
};

try {
  // Do nothing if the exchange's answers contradict each other.
  const wrong = (await checkExchange(exchange, { pairs: PAIRS })).rows.filter(({ verdict }) => verdict === "wrong");
  if (wrong.length > 0) throw new Error(wrong.map(({ about, says }) => \`\${about}: \${says}\`).join("; "));
  // First finish what the last run left undone, or ask a person.
  const { status, plan, applied } = await recover(state, exchange, { signal: stop.signal });
  if (applied.length > 0) log.warn(\`recovered: \${planText(plan)}\`);
  if (status === "recovered") {
    const alongside = [checking(), watching()].map((work) => work.catch(stopWithout));
    await trading().catch(stopWithout);
    stop.abort();
    await Promise.all(alongside);
  } else {
    log.alert(\`recovery is \${status}: sf-state recovery show --config bot.yaml\\n\${planText(plan)}\`);
    process.exitCode = 1;
  }
} catch (error) {
  stopWithout(error);
} finally {
  await state.close(); // positions stay open, with their stops at the exchange
  await close();
}

/** Looks at the market, books what was filled, enters and protects, until the bot is stopped. */
async function trading(): Promise<void> {
  const strategies = new Map(PAIRS.map((pair) => [pair, new Crossover()]));
  while (!stop.signal.aborted) {
    try {
      const now = await prices();
      await bookFills();
      for (const [pair, price] of now) {
        const side = strategies.get(pair)?.next(price);
        if (side) await enter(pair, side, price);
      }
      await protect();
      await sure(() => state.heartbeat());
    } catch (error) {
      // The call did not happen, or the next round finds out: nothing is sent twice. Other errors end the bot.
      if (!(error instanceof ConnectionError || error instanceof ExchangeError)) throw error;
      log.warn(error.message);
    }
    await pause(TICK, undefined, { signal: stop.signal }).catch(() => {});
  }
}

/** Enters if the state admits it. A signal is acted on once, over all processes. */
async function enter(pair: string, side: "long" | "short", price: number): Promise<void> {
  const direction = side === "long" ? 1 : -1;
  const entry = await sure(() =>
    state.admit({
      signalId: \`crossover:\${pair}:\${Math.floor(Date.now() / TICK)}\`,
      pair,
      side,
      size: Number((NOTIONAL / price).toPrecision(3)),
      price,
      orderType: "market",
      tp: Number((price * (1 + 0.006 * direction)).toPrecision(5)),
      sl: Number((price * (1 - 0.004 * direction)).toPrecision(5)),
      cooldown: 2 * TICK,
    }),
  );
  if (entry.admitted) await submit(entry.order);
  else log.info(\`no \${side} \${pair}: \${entry.message}\`);
}

/** Sends an order once and books its fills; called again, it books what has been filled since. */
async function submit(order: PendingOrder | OrderInput): Promise<void> {
  const sent = await submitAndBook(state, exchange, order);
  for (const { position, trades, applied } of sent.fills) {
    if (applied && order.intent === "entry" && position) log.info(\`opened \${position.side} \${position.size} \${position.pair}\`);
    for (const { pair, pnl, reason } of trades) log.info(\`closed \${pair} (\${reason}): \${pnl}\`);
  }
  if (sent.outcome === "rejected") log.warn(\`\${order.pair}: \${sent.why}\`);
  // The exchange may have it. It is not sent again; the next round, or the check alongside, finds out.
  if (sent.outcome === "unknown") log.alert(\`order \${sent.order.id} in \${order.pair} is unknown: \${sent.why}\`);
}

/** Books the fills of orders that are no longer open at the exchange, and cancels the exits of positions that are gone. */
async function bookFills(): Promise<void> {
  const waiting = new Set((await exchange.fetchOpenOrders()).map(({ clientOrderId }) => clientOrderId));
  for (const order of await state.getPendingOrders()) if (!waiting.has(order.id)) await submit(order);
  const open = new Set((await state.getPositions()).map(({ id }) => id));
  for (const { id, pair, intent, positionId = "" } of await state.getPendingOrders()) {
    if (intent === "entry" || open.has(positionId)) continue;
    await exchange.cancelOrder(id, pair);
    await sure(() => state.cancelOrder(id));
  }
}

/** Keeps a target and a stop at the exchange for each position, so that they work while the bot is down. A position that grew gets more. */
async function protect(): Promise<void> {
  const pending = await state.getPendingOrders();
  for (const position of await state.getPositions()) {
    for (const exit of exitsOf(position)) {
      const there = pending.filter(({ positionId, orderType }) => positionId === position.id && orderType === exit.orderType);
      const missing = there.reduce((left, { size, filled }) => left - (size - filled), position.size);
      if (missing > position.size * 1e-9) await submit({ ...exit, size: Number(missing.toPrecision(12)) });
    }
  }
}

/** Each try has an id of its own, since an order that was given up is over. Exchanges accept 32 letters and digits. */
function exitsOf({ id, pair, side, size, tp, sl }: Position): OrderInput[] {
  const stem = \`\${id.slice(0, 21)}\${Date.now().toString(36)}\`;
  const exit = { pair, side: side === "long" ? "sell" : "buy", size, intent: "exit", positionId: id } as const;
  return [
    ...(tp === undefined ? [] : [{ ...exit, id: \`\${stem}tp\`, orderType: "limit", price: tp, reason: "tp" }]),
    ...(sl === undefined ? [] : [{ ...exit, id: \`\${stem}sl\`, orderType: "stop", price: sl, reason: "sl" }]),
  ];
}

/** Compares state and exchange while the bot trades. */
async function checking(): Promise<void> {
  await reconcile(state, exchange, {
    signal: stop.signal,
    onCheck({ differences, recovery, error }) {
      if (error) log.warn(\`check: \${error.message}\`);
      for (const { action, reads } of differences) if (reads > 1) log.alert(\`\${action.key}: seen \${reads} times\`);
      if (recovery && recovery.status !== "recovered") log.alert(\`recovery is \${recovery.status}\`);
    },
  });
}

/** Alerts a person when a breaker trips, whichever process tripped it. */
async function watching(): Promise<void> {
  for await (const event of state.watch({ signal: stop.signal })) {
    if ("risk" in event && event.risk?.tripped) log.alert(\`breaker: \${event.risk.breaker?.reason}\`);
    if (event.type === "breaker_tripped") log.alert(\`breaker: \${event.breaker.reason}\`);
    if (event.type === "account_breaker_tripped") log.alert(\`account breaker: \${event.breaker.reason}\`);
  }
}

/** If an answer was lost, asks for it again: the call may have happened, and never happens twice. */
async function sure<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof UnknownOutcomeError) return await error.retry();
    throw error;
  }
}
`;
}
