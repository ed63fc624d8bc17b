/** Every operation, in the order in which people read of them. */
import { StateManager } from "../../src/manager/state-manager.js";
import { operations } from "../../src/operations/all.js";
import { methodOf, operationNamed, operationsOf, type Subject } from "./subject.js";
import { admission } from "./subjects/admission.js";
import { everything } from "./subjects/everything.js";
import { liveness } from "./subjects/liveness.js";
import { ordersAndFills } from "./subjects/orders-and-fills.js";
import { positions } from "./subjects/positions.js";
import { recovery } from "./subjects/recovery.js";
import { risk } from "./subjects/risk.js";
import { signals } from "./subjects/signals.js";

export const subjects: readonly Subject[] = [
  ...positions,
  ...ordersAndFills,
  ...risk,
  ...signals,
  ...admission,
  ...liveness,
  ...recovery,
  ...everything,
];

/** No calls, but the manager's life, and a stream; and what is about other flows, over connections of its own. */
const NO_CALLS = [
  "constructor",
  "connect",
  "close",
  "watch",
  "getAccountFlows",
  "forgetAccountFlow",
  "backup",
  "onCall",
];

/** What a person does to an account now and then; the flows of the bench are in none. */
const ON_ACCOUNTS = [
  "joinAccount",
  "leaveAccount",
  "getAccount",
  "setAccountLimits",
  "unsetAccountLimits",
  "triggerAccountBreaker",
  "resetAccountBreaker",
  "forgetAccountPart",
];

/** Part of connect, once in a manager's life; and what those on accounts run under another name. */
const NO_OPERATIONS = ["open_flow", "trip_account", "reset_account"];

/** Methods of StateManager that none of the subjects is about, and operations that none of them runs. */
export function unmeasured(among: readonly Subject[]): string[] {
  const methods = new Set([...NO_CALLS, ...ON_ACCOUNTS, ...among.map(methodOf)]);
  const run = new Set([...NO_OPERATIONS, ...among.flatMap(operationsOf)]);
  const calls = Object.getOwnPropertyNames(StateManager.prototype);
  const missing = calls.filter((name) => !methods.has(name) && !run.has(operationNamed(name)));
  const named = new Set(calls.map(operationNamed));
  return [...missing, ...operations.map(({ name }) => name).filter((name) => !run.has(name) && !named.has(name))];
}
