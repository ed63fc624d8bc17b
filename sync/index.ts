/** signalflow-state/sync: bringing state and exchange back in line. */
import "../src/dispose-symbols.js";

export { type CcxtClient, type CcxtExchangeOptions, ccxtExchange } from "./ccxt/ccxt-exchange.js";
export * from "./paper/paper-exchange.js";
export type { Action, BookedFill, Foreign, Waiting } from "./plan/action.js";
export type { OrphanAction, Ours, Progress, Rates, RecoveryMode, RecoveryOptions } from "./plan/options.js";
export type { Plan } from "./plan/plan.js";
export { type Paint, type PlanRow, planRows, planText } from "./plan/plan-text.js";
export type * from "./port/exchange.js";
export { ExchangeError, type ExchangeFailure } from "./port/exchange-error.js";
export type { Incomplete } from "./port/reading.js";
export { type Check, type ReconcileOptions, reconcile } from "./recovery/reconcile.js";
export { applyRecovery, planRecovery, type RecoveryReport, recover } from "./recovery/recover.js";
