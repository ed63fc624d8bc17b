/**
 * Every error that this library throws. Each has a stable `code`; the message says what happened and what to do next. A refusal that a bot expects
 * (duplicate signal, cooldown, breaker) is a value, not an error.
 */

export type ErrorCode =
  | "CONFIG"
  | "INVALID_ARGUMENT"
  | "CONNECTION"
  | "UNKNOWN_OUTCOME"
  | "STATE_LOST"
  | "FENCED"
  | "LOCKED"
  | "SCHEMA_VERSION"
  | "STALE_STATE"
  | "CORRUPT_STATE"
  | "UNKNOWN_FLOW"
  | "EXCHANGE"
  | "HALF_DONE";

/** Base of all errors of this library; `code` is stable over versions. */
export abstract class StateError extends Error {
  abstract readonly code: ErrorCode;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A configuration key is unknown, of the wrong type or out of range. The message names the path, the value and what was expected. */
export class ConfigError extends StateError {
  readonly code = "CONFIG";
}

/** An argument of a call is not acceptable. The message names the field. Nothing was sent, nothing was changed. */
export class InvalidArgumentError extends StateError {
  readonly code = "INVALID_ARGUMENT";
}

/** The backend cannot be reached or refuses to work. The call did not happen; it is safe to repeat it. */
export class ConnectionError extends StateError {
  readonly code = "CONNECTION";
}

/**
 * The call was sent, but its answer never came: it may have happened, or not.
 *
 * `retry()` asks again with the same operation token: if the call happened, it returns the lost answer; if not, the call happens now. It never happens
 * twice. Tokens are remembered for ten minutes, so a `retry()` more than nine minutes after the call rejects with this error again instead of guessing.
 */
export class UnknownOutcomeError<T = unknown> extends StateError {
  readonly code = "UNKNOWN_OUTCOME";
  readonly retry: () => Promise<T>;

  constructor(message: string, retry: () => Promise<T>, options?: ErrorOptions) {
    super(message, options);
    this.retry = retry;
  }
}

/**
 * The server stopped a script that may have written a part of its change, because it refused one of its commands. Check what the flow holds (`sf-state
 * doctor`); the manager sends no change until it has connected again.
 */
export class HalfDoneError extends StateError {
  readonly code = "HALF_DONE";
}

/**
 * The flow's state is not the one that this manager connected to: its epoch is gone or changed (flush, empty replica), or the state went back to an older
 * copy (an older snapshot, a replica that lagged). Once that is known, every change and `watch()` reject with this error until the manager is connected
 * again.
 */
export class StateLostError extends StateError {
  readonly code = "STATE_LOST";
}

/** The lease under which this change was made is no longer held. Nothing was changed. */
export class FencedError extends StateError {
  readonly code = "FENCED";
}

/** The DuckDB file is held by another process; the message names it. */
export class LockedError extends StateError {
  readonly code = "LOCKED";
}

/**
 * The process that holds the DuckDB file does not answer: its event loop stands still, or it was stopped. The message says which process, and since when.
 * An operator's call was not sent.
 */
export class SilentHolderError extends LockedError {}

/** The stored state has another schema than this version works on, or is being migrated. Nothing was changed. */
export class SchemaVersionError extends StateError {
  readonly code = "SCHEMA_VERSION";
}

/** The state is older than recovery is allowed to trust. */
export class StaleStateError extends StateError {
  readonly code = "STALE_STATE";
}

/** The stored data cannot be read: a damaged file, a key of a foreign type, a record that cannot be parsed. It is left untouched. */
export class CorruptStateError extends StateError {
  readonly code = "CORRUPT_STATE";
}

/** There is no such flow, and the manager may not make one (`existing`). Nothing was written. */
export class UnknownFlowError extends StateError {
  readonly code = "UNKNOWN_FLOW";
}
