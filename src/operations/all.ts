/** Every operation: what the Redis backend loads at connect, and what the tests run through. */

import { acquireLease } from "./acquire-lease.js";
import { admit } from "./admit.js";
import { approveRecovery } from "./approve-recovery.js";
import { beginRecovery } from "./begin-recovery.js";
import { bookCash } from "./book-cash.js";
import { cancelOrder } from "./cancel-order.js";
import { clearCooldown } from "./clear-cooldown.js";
import { closePosition } from "./close-position.js";
import { endRecovery } from "./end-recovery.js";
import { exportFlow } from "./export-flow.js";
import { findOrders } from "./find-orders.js";
import { forgetAccountPart } from "./forget-account-part.js";
import { forgetInstances } from "./forget-instances.js";
import { getAccount } from "./get-account.js";
import { getAdmissionStats } from "./get-admission-stats.js";
import { getCircuitBreaker } from "./get-circuit-breaker.js";
import { getCooldown } from "./get-cooldown.js";
import { getDailyHistory } from "./get-daily-history.js";
import { getEvents } from "./get-events.js";
import { getGuards } from "./get-guards.js";
import { getInstances } from "./get-instances.js";
import { getLastHeartbeat } from "./get-last-heartbeat.js";
import { getLease } from "./get-lease.js";
import { getLogPlace } from "./get-log-place.js";
import { getOrder } from "./get-order.js";
import { getPendingOrders } from "./get-pending-orders.js";
import { getPosition } from "./get-position.js";
import { getPositions } from "./get-positions.js";
import { getRecordedFills } from "./get-recorded-fills.js";
import { getRecovery } from "./get-recovery.js";
import { getRefusals } from "./get-refusals.js";
import { getRiskLimits } from "./get-risk-limits.js";
import { getRiskState } from "./get-risk-state.js";
import { getSignalState } from "./get-signal-state.js";
import { getTrades } from "./get-trades.js";
import { getUntoldTrades } from "./get-untold-trades.js";
import { heartbeat } from "./heartbeat.js";
import { isSignalProcessed } from "./is-signal-processed.js";
import { joinAccount } from "./join-account.js";
import { journalRecovery } from "./journal-recovery.js";
import { leaveAccount } from "./leave-account.js";
import { markSignalProcessed } from "./mark-signal-processed.js";
import { openFlow } from "./open-flow.js";
import type { AnyOperation } from "./operation.js";
import { recordFill } from "./record-fill.js";
import { recordTransfer } from "./record-transfer.js";
import { releaseLease } from "./release-lease.js";
import { removeOrder } from "./remove-order.js";
import { removePosition } from "./remove-position.js";
import { renewLease } from "./renew-lease.js";
import { renewRecovery } from "./renew-recovery.js";
import { reportDifference } from "./report-difference.js";
import { resetAccount } from "./reset-account.js";
import { resetCircuitBreaker } from "./reset-circuit-breaker.js";
import { saveOrder } from "./save-order.js";
import { savePosition } from "./save-position.js";
import { setAccountLimits } from "./set-account-limits.js";
import { setCooldown } from "./set-cooldown.js";
import { setCurrency } from "./set-currency.js";
import { setGuards } from "./set-guards.js";
import { setRiskLimits } from "./set-risk-limits.js";
import { snapshot } from "./snapshot.js";
import { startEquity } from "./start-equity.js";
import { triggerCircuitBreaker } from "./trigger-circuit-breaker.js";
import { tripAccount } from "./trip-account.js";
import { updateDailyPnl } from "./update-daily-pnl.js";
import { updateEquity } from "./update-equity.js";
import { updateOrder } from "./update-order.js";
import { updatePosition } from "./update-position.js";

export const operations: readonly AnyOperation[] = [
  acquireLease,
  admit,
  approveRecovery,
  beginRecovery,
  bookCash,
  cancelOrder,
  clearCooldown,
  closePosition,
  endRecovery,
  exportFlow,
  findOrders,
  forgetAccountPart,
  forgetInstances,
  getAccount,
  getAdmissionStats,
  getCircuitBreaker,
  getCooldown,
  getDailyHistory,
  getEvents,
  getGuards,
  getInstances,
  getLastHeartbeat,
  getLease,
  getLogPlace,
  getOrder,
  getPendingOrders,
  getPosition,
  getPositions,
  getRecordedFills,
  getRecovery,
  getRefusals,
  getRiskLimits,
  getRiskState,
  getSignalState,
  getTrades,
  getUntoldTrades,
  heartbeat,
  isSignalProcessed,
  joinAccount,
  journalRecovery,
  leaveAccount,
  markSignalProcessed,
  openFlow,
  recordFill,
  recordTransfer,
  releaseLease,
  removeOrder,
  removePosition,
  renewLease,
  renewRecovery,
  reportDifference,
  resetAccount,
  resetCircuitBreaker,
  saveOrder,
  savePosition,
  setAccountLimits,
  setCooldown,
  setCurrency,
  setGuards,
  setRiskLimits,
  snapshot,
  startEquity,
  triggerCircuitBreaker,
  tripAccount,
  updateDailyPnl,
  updateEquity,
  updateOrder,
  updatePosition,
];
