/** signalflow-state/sync: bringing state and exchange back in line. */
export { type CcxtClient, type CcxtExchangeOptions, ccxtExchange } from "./ccxt-exchange.js";
export type * from "./exchange.js";
export { ExchangeError, type ExchangeFailure } from "./exchange-error.js";
export type { OrphanAction, Ours, RecoveryMode, RecoveryOptions } from "./options.js";
export * from "./paper-exchange.js";
export type { Action, BookedFill, Foreign, Waiting } from "./plan/action.js";
export type { Plan } from "./plan/plan.js";
export { type Paint, type PlanRow, planRows, planText } from "./plan/plan-text.js";
export type { Incomplete } from "./reading.js";
export { type Check, type ReconcileOptions, reconcile } from "./reconcile.js";
export { applyRecovery, planRecovery, type RecoveryReport, recover } from "./recover.js";
