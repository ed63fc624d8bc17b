import { ConnectionError } from "./errors.js";

/** The refusal of what is called before `connect` or after `close`. */
export function notOpen(what?: string): ConnectionError {
  return new ConnectionError(`${what === undefined ? "" : `${what}: `}the flow is not open: call connect() first`);
}
