import * as assert from "uvu/assert";
import { InvalidArgumentError, type StateManager } from "../../src/index.js";

/** The error with which a call rejects; a call that resolves fails the test. */
export async function failure(call: Promise<unknown>): Promise<Error> {
  const outcome = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!("error" in outcome)) throw new Error(`expected a rejection, got ${JSON.stringify(outcome.value)}`);
  if (!(outcome.error instanceof Error)) throw new Error(`rejected with ${String(outcome.error)}, which is no Error`);
  return outcome.error;
}

/** Asserts that a call is refused because of this argument: an InvalidArgumentError whose message begins with its name. */
export async function refused(call: Promise<unknown>, field: string): Promise<void> {
  const error = await failure(call);
  assert.instance(error, InvalidArgumentError, `${error.name}: ${error.message}`);
  assert.ok(error.message.startsWith(`${field}: `), `expected the message to name ${field}, got ${error.message}`);
}

/** Asserts that two numbers are the same double, signs of zero included. */
export function sameDouble(actual: number | null | undefined, expected: number): void {
  assert.ok(Object.is(actual, expected), `expected the double ${expected}, got ${actual}`);
}

export type Method = {
  [name in Extract<keyof StateManager, string>]: StateManager[name] extends (...args: never[]) => Promise<unknown>
    ? name
    : never;
}[Extract<keyof StateManager, string>];

/** Calls a method with whatever arguments, as plain JavaScript would. */
export async function invoke(manager: StateManager, method: Method, args: readonly unknown[]): Promise<unknown> {
  const result: unknown = await Reflect.apply(manager[method], manager, [...args]);
  return result;
}

/** Everything that a manager can tell about its flow, bar the time at which it was asked. */
export async function everything(manager: StateManager) {
  const { at: _, ...state } = await manager.snapshot();
  return { ...state, history: await manager.getDailyHistory() };
}
