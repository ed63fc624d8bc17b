/** Requests to the server that the page came from, and to nobody else. */
import type { ErrorAnswer, FlowName } from "../../wire.js";
import { authorization } from "./token.js";

/** The server said no, or said nothing (`code` "unreachable"). */
export class AskError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** How long an answer may take: a store has 2 s for each command, a report reads a whole log. */
const PATIENCE_MS = 30_000;

export function get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  return ask(path, { method: "GET" }, signal);
}

/** A change. Where no answer comes, nobody knows whether it was made: the message says so. */
export function post<Answer>(path: string, body: object): Promise<Answer> {
  return ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function ask<Answer>(path: string, init: RequestInit, signal?: AbortSignal): Promise<Answer> {
  const limit = AbortSignal.timeout(PATIENCE_MS);
  let response: Response;
  try {
    response = await fetch(path, {
      ...init,
      headers: { ...init.headers, ...authorization() },
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new AskError(
      "unreachable",
      init.method === "GET"
        ? "The server does not answer."
        : "The server does not answer: whether this was done is not known. Look before you do it again.",
    );
  }
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok && answer !== undefined) return answer as Answer;
  const told = (answer as Partial<ErrorAnswer> | undefined)?.error;
  // Of all flows, some may have failed: the answer says which.
  if (!told && answer !== undefined) return answer as Answer;
  throw new AskError(told?.code ?? "internal", told?.message ?? `The server answered ${response.status}.`);
}

/** `/api/flow/PLACE/FLOW`, and what follows. */
export function flowPath({ place, flowId }: FlowName, rest = ""): string {
  return `/api/flow/${encodeURIComponent(place)}/${encodeURIComponent(flowId)}${rest}`;
}
