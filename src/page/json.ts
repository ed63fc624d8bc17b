import type { Wire } from "./wire.js";

/** A value as JSON carries it. */
export function wire<T>(value: T): Wire<T> {
  return JSON.parse(JSON.stringify(value));
}
