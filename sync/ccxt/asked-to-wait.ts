/** When an exchange that was asked too often may be asked again, and the waiting for that. */
import { setTimeout as pause } from "node:timers/promises";
import { ExchangeError } from "../port/exchange-error.js";
import type { CcxtClient } from "./ccxt-client.js";
import { classesOf, codeIn } from "./failure.js";
import type { AskedToWait } from "./language/dialect.js";
import { isRow, type Row } from "./language/row.js";

/** The shortest wait, ms, even if an exchange says "at once". */
const LEAST = 250;

/** For each client: until when its exchange must not be asked, ms since 1970. */
const quiet = new WeakMap<CcxtClient, number>();

/** Until when the client's exchange must not be asked; undefined: it may be asked. */
export function quietUntil(client: CcxtClient): Date | undefined {
  const until = quiet.get(client);
  return until === undefined || until <= Date.now() ? undefined : new Date(until);
}

/**
 * After a refusal because of too many requests: notes when the exchange may be asked again, from `Retry-After` (seconds, or a date), from what its dialect
 * knows, or from the end of a ban in its message. `headers`: those of that answer.
 */
export function noteWait(client: CcxtClient, error: unknown, headers: unknown, dialect: AskedToWait | undefined): void {
  const told = waitOf(error, isRow(headers) ? headers : {}, dialect);
  if (told === undefined) return;
  quiet.set(client, Math.max(quiet.get(client) ?? 0, Date.now() + Math.max(told, LEAST)));
}

/** ms from now; undefined if the answer does not say. */
function waitOf(error: unknown, headers: Row, dialect: AskedToWait | undefined): number | undefined {
  const header = (name: string) => {
    const value = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  // A time in the answer is of the exchange's clock.
  const now = Date.parse(header("date") ?? "") || Date.now();
  const after = header("retry-after");
  if (after !== undefined && classesOf(error).includes("OperationFailed"))
    return /^[\d.]+$/.test(after) ? Number(after) * 1_000 : ahead(Date.parse(after), now);
  if (!isTooOften(error, dialect?.codes ?? []) || dialect === undefined) return undefined;
  const { header: name, tells, banned } = dialect;
  const value = name === undefined ? undefined : header(name);
  if (value !== undefined) return tells === "ms" ? positive(Number(value)) : ahead(timeOf(Number(value)), now);
  const until = error instanceof Error ? banned?.exec(error.message)?.[1] : undefined;
  return until === undefined ? undefined : ahead(timeOf(Number(until)), now);
}

function isTooOften(error: unknown, codes: readonly string[]): boolean {
  const classes = classesOf(error);
  if (classes.includes("RateLimitExceeded") || classes.includes("DDoSProtection")) return true;
  return error instanceof Error && codes.some((code) => codeIn(code).test(error.message));
}

/** Seconds or ms since 1970, in ms. */
function timeOf(told: number): number {
  return told < 1e11 ? told * 1_000 : told;
}

function ahead(time: number, now: number): number | undefined {
  return positive(time - now);
}

function positive(ms: number): number | undefined {
  return ms > 0 && Number.isFinite(ms) ? ms : undefined;
}

/** How long a recovery may still wait in total, ms. */
export interface Patience {
  left: number;
}

/**
 * Waits as long as the exchange has asked for, or until the signal aborts. Rejects with an ExchangeError `no_answer` if that exceeds the patience: nothing
 * was sent.
 */
export async function waitAsAsked(
  client: CcxtClient,
  what: string,
  patience: Patience,
  { signal, onWait }: { readonly signal?: AbortSignal; readonly onWait?: (what: string) => void },
): Promise<void> {
  for (let until = quietUntil(client); until !== undefined; until = quietUntil(client)) {
    const ms = until.getTime() - Date.now();
    if (signal?.aborted) return;
    if (ms > patience.left) throw leftAlone(client, what, until);
    patience.left -= ms;
    onWait?.(`${client.id} asks to be left alone until ${until.toISOString()}, before ${what}`);
    await pause(ms, undefined, signal && { signal }).catch(() => {}); // it rejects only because of the signal
  }
}

/** The error for a question that was not sent. */
export function leftAlone({ id }: CcxtClient, what: string, until: Date): ExchangeError {
  const why = `it asks to be left alone until ${until.toISOString()}, and was not asked: ask again then`;
  return new ExchangeError("no_answer", `${id}: ${what}: ${why}`, { retryAt: until });
}
