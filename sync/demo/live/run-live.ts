import { StateManager } from "../../../src/index.js";
import { PaperExchange, type RecoveryReport } from "../../index.js";
import { ACCOUNT } from "../flow.js";
import { type RecoverySetup, recoverFlow } from "../recover-flow.js";
import type { Store } from "../store.js";
import { Strategies } from "../strategies.js";
import { type LiveDeed, trade } from "./live-bot.js";
import { LiveMarket } from "./live-market.js";
import { liveRules } from "./live-rules.js";

export interface LiveOptions extends RecoverySetup {
  readonly seed: number;
  /** Minutes of the market in a second. */
  readonly speed: number;
}

/** Told of what happens. */
export interface LiveListeners {
  onRecovery(report: RecoveryReport): void;
  onBegin(): void;
  onDeed(deed: LiveDeed): void;
}

/** What came of it. */
export interface LiveRun {
  readonly flow: string;
  readonly where: string;
  /** Of this run. */
  readonly trades: number;
  /** Of the trading day. */
  readonly pnl: number;
  /** They stay open, with their stops at the paper exchange. */
  readonly openPositions: number;
}

/** One bot on one flow in real time, recovered first, until the signal aborts. */
export async function runLive(
  { store, flow }: { readonly store: Store; readonly flow: string },
  { seed, speed, ...setup }: LiveOptions,
  { onRecovery, onBegin, onDeed }: LiveListeners,
  signal: AbortSignal,
): Promise<LiveRun> {
  const { exchangeFile: file, where } = store;
  const { risk: _, events: __, ...place } = store.config;
  await using exchange = new PaperExchange({ ...ACCOUNT, ...(file !== undefined && { file }) });
  await using state = await StateManager.open(flow, { ...liveRules(speed), ...place }, { instanceId: "bot" });
  if (exchange.time !== undefined) onRecovery(await recoverFlow(state, exchange, setup, () => {}));
  const market = new LiveMarket(seed + (exchange.seen.length + 1), (pair) => exchange.price(pair));
  let trades = 0;
  const tell = (deed: LiveDeed) => {
    if (deed.did === "closed") trades++;
    onDeed(deed);
  };
  onBegin();
  await trade({ state, exchange, market, strategies: new Strategies(market), speed, tell }, signal);
  const { risk, positions } = await state.snapshot();
  return { flow, where, trades, pnl: risk.dailyPnl, openPositions: positions.length };
}
