/** Errors as they are sent through a socket, and rebuilt on the other side. */
import {
  ConfigError,
  ConnectionError,
  CorruptStateError,
  type ErrorCode,
  FencedError,
  HalfDoneError,
  InvalidArgumentError,
  LockedError,
  SchemaVersionError,
  StaleStateError,
  StateError,
  StateLostError,
  UnknownFlowError,
  UnknownOutcomeError,
} from "../../../errors.js";
import { errorText } from "../../../words/error-text.js";
import { textIn } from "./messages.js";

type Kind = new (message: string) => StateError;

const KINDS: Readonly<Record<Exclude<ErrorCode, "UNKNOWN_OUTCOME" | "EXCHANGE">, Kind>> = {
  CONFIG: ConfigError,
  INVALID_ARGUMENT: InvalidArgumentError,
  CONNECTION: ConnectionError,
  STATE_LOST: StateLostError,
  FENCED: FencedError,
  LOCKED: LockedError,
  SCHEMA_VERSION: SchemaVersionError,
  STALE_STATE: StaleStateError,
  CORRUPT_STATE: CorruptStateError,
  UNKNOWN_FLOW: UnknownFlowError,
  HALF_DONE: HalfDoneError,
};

const BY_CODE: ReadonlyMap<string, Kind> = new Map(Object.entries(KINDS));

export function errorToWire(error: unknown): object {
  return { code: error instanceof StateError ? error.code : "", message: errorText(error) };
}

/** An error that is not this library's comes from the bot's own code, and is reported as such. */
export function errorFromWire(told: unknown): Error {
  if (typeof told !== "object" || told === null) return new TypeError("expected an error");
  const [code, message] = [textIn(told, "code"), textIn(told, "message")];
  const Known = BY_CODE.get(code);
  if (Known) return new Known(message);
  if (code === "UNKNOWN_OUTCOME") {
    const unknown = (): UnknownOutcomeError<never> => new UnknownOutcomeError(message, () => Promise.reject(unknown()));
    return unknown();
  }
  return new ConnectionError(`the bot could not do it: ${message}`);
}
