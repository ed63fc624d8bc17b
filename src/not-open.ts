import { ConnectionError } from "./errors.js";

/** The error for calls before `connect` or after `close`. */
export function notOpen(what?: string): ConnectionError {
  return new ConnectionError(`${what === undefined ? "" : `${what}: `}the flow is not open: call connect() first`);
}
