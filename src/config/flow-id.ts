/** Flow ids, and the path of a flow's file. A flow id is part of Redis keys and file names, so its characters are limited. */

import { ConfigError } from "../errors.js";
import { show } from "./show.js";

export const FLOW_ID = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,128}$/;
export const FLOW_ID_WORDS = '1 to 128 letters, digits, ".", "_" or "-" (and not just "." or "..")';

/** Whether a text can be the id of a flow. */
export function isFlowId(text: string): boolean {
  return FLOW_ID.test(text);
}

/** The flow id itself: 1 to 128 letters, digits, `.`, `_` or `-`, but not `.` or `..`. Throws a `ConfigError` otherwise. */
export function parseFlowId(value: unknown): string {
  if (typeof value === "string" && isFlowId(value)) return value;
  throw new ConfigError(`flow id: expected ${FLOW_ID_WORDS}, got ${show(value)}`);
}

/** The path of a flow's DuckDB file: `template` with every `{flow_id}` replaced. The id cannot lead out of the folder. */
export function duckdbPath(template: string, flowId: string): string {
  return template.replaceAll("{flow_id}", parseFlowId(flowId));
}
