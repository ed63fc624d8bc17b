/** signalflow-state/sync: bringing state and exchange back in line. */
import "../src/dispose-symbols.js";

export { type CcxtClient, type CcxtExchangeOptions, ccxtExchange } from "./ccxt/ccxt-exchange.js";
export { type ClientOrderIdForm, clientOrderIdsOf } from "./ccxt/client-order-ids-of.js";
export * from "./paper/paper-exchange.js";
export { openPaperExchange } from "./paper/shared/open-paper.js";
export { type PaperServer, type ServeOptions, servePaperExchange } from "./paper/shared/serve.js";
export { type SharedOptions, SharedPaperExchange, sharedPaperExchange } from "./paper/shared/shared-exchange.js";
export type { Action, BookedFill, Foreign, OrderTerms, Waiting } from "./plan/action.js";
export type { OrphanAction, Ours, Progress, Rates, RecoveryMode, RecoveryOptions } from "./plan/options.js";
export type { Plan } from "./plan/plan.js";
export { type Paint, type PlanRow, planRows, planText } from "./plan/plan-text.js";
export type * from "./port/exchange.js";
export { ExchangeError, type ExchangeFailure } from "./port/exchange-error.js";
export type { Incomplete } from "./port/reading.js";
export { type CheckOptions, type CheckRow, checkExchange, type ExchangeCheck } from "./recovery/check-exchange.js";
export { type Check, type ReconcileOptions, reconcile } from "./recovery/reconcile.js";
export { applyRecovery, planRecovery, type RecoveryReport, recover } from "./recovery/recover.js";
export type { Submission, SubmitOptions } from "./submit/submission.js";
export { submitAndBook } from "./submit-and-book.js";
