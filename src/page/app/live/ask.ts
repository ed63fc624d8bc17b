/** Requests to the server from which the page came, and to no other. */
import type { ErrorAnswer, FlowName } from "../../wire.js";
import { authorization } from "./token.js";

/** The server refused, or did not answer (`code` "unreachable"). */
export class AskError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** How long an answer may take: a store has 2 s for each command, and a report reads a whole log. */
const PATIENCE_MS = 30_000;

export function get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  return ask(path, { method: "GET" }, signal);
}

/** Sends a change. If no answer comes, it is not known whether the change was made, and the message says so. */
export function post<Answer>(path: string, body: object): Promise<Answer> {
  return ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** A file of any size. */
export async function getFile(path: string): Promise<Blob> {
  const response = await answerTo(path, { method: "GET" });
  return response.ok ? response.blob() : refused(response);
}

async function ask<Answer>(path: string, init: RequestInit, signal?: AbortSignal): Promise<Answer> {
  const limit = AbortSignal.timeout(PATIENCE_MS);
  const response = await answerTo(path, { ...init, signal: signal ? AbortSignal.any([signal, limit]) : limit }, signal);
  return response.ok ? response.json() : refused(response);
}

async function answerTo(path: string, init: RequestInit, leave?: AbortSignal): Promise<Response> {
  try {
    return await fetch(path, {
      ...init,
      headers: { ...init.headers, ...authorization() },
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
    });
  } catch (error) {
    if (leave?.aborted) throw error;
    throw new AskError(
      "unreachable",
      init.method === "GET"
        ? "The server does not answer."
        : "The server does not answer: whether this was done is not known. Look before you do it again.",
    );
  }
}

/** Throws the server's error. An answer about all flows is returned, even if some of them failed. */
async function refused<Answer>(response: Response): Promise<Answer> {
  const answer: unknown = await response.json().catch(() => undefined);
  if (typeof answer === "object" && answer !== null && "flows" in answer) return answer as Answer;
  const told = (answer as Partial<ErrorAnswer> | undefined)?.error;
  throw new AskError(told?.code ?? "internal", told?.message ?? `The server answered ${response.status}.`);
}

/** `/api/flow/PLACE/FLOW`, and the rest of the path. */
export function flowPath({ place, flowId }: FlowName, rest = ""): string {
  return `/api/flow/${encodeURIComponent(place)}/${encodeURIComponent(flowId)}${rest}`;
}
