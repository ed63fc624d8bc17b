/** signalflow-state: shared, durable state for trading bots. */
import "./dispose-symbols.js";

export type { Credentials, Login } from "./backends/redis/redis-config.js";
export type { AccountLimitName, AccountLimits, AccountSettingName } from "./config/account.js";
export type { Duration, DurationUnit } from "./config/duration.js";
export type { Guard } from "./config/guards.js";
export { configJsonSchema } from "./config/json-schema.js";
export { loadConfig } from "./config/load.js";
export type { RiskLimitName, RiskLimits } from "./config/risk-limits.js";
export type { Config, GuardInput, ResolvedConfig } from "./config/schema.js";
export * from "./errors.js";
export type { Entry, FlowLayout, StoredKey } from "./layout/flow-layout.js";
export type { KeyType } from "./layout/table-forms.js";
export type { RefusalsOptions } from "./manager/admission-arguments.js";
export type { CallTold } from "./manager/call-watch.js";
export { Lease } from "./manager/lease.js";
export type { Logger, ManagerOptions } from "./manager/manager-options.js";
export type { CancelOptions } from "./manager/order-arguments.js";
export type { CloseOptions, RemoveOptions } from "./manager/position-arguments.js";
export { Recovery } from "./manager/recovery.js";
export type { PnlOptions, TradesOptions } from "./manager/risk-arguments.js";
export { StateManager } from "./manager/state-manager.js";
export { type FlowMetrics, metrics } from "./metrics/metrics.js";
export type { ForgottenPart } from "./operations/forget-account-part.js";
export { type Booking, bookingsOf } from "./report/booking.js";
export {
  type AccountFigureName,
  FIGURES,
  type FigureDefinition,
  type FigureName,
  type FigureUnit,
  type TradeFigureName,
} from "./report/figures.js";
export type { Grouping } from "./report/groups.js";
export type { HeldPoint } from "./report/holds.js";
export {
  type DrawdownTimes,
  type EquityPoint,
  type Report,
  type ReportDay,
  type ReportGroup,
  type ReportOptions,
  reportOf,
} from "./report/report.js";
export type { DaysPerYear } from "./report/returns.js";
export { type BookedDay, daysUntilNow } from "./report/today.js";
export { MemoryAccounts } from "./state/memory-accounts.js";
export type * from "./types.js";
export type { BreakerEnd } from "./words/word-lists.js";
