/** Alerts as HTTP requests. */
import { createHmac } from "node:crypto";
import type { Template } from "../words/word-lists.js";
import type { Alert } from "./alert.js";
import { NeverSent, type Sink, WaitFor } from "./sink.js";
import { bodyOf } from "./templates.js";

export interface WebhookOptions {
  /** It may contain a secret, so it is in no message. */
  readonly url: string;
  readonly template: Template;
  /** Signs each request. */
  readonly secret?: string;
  /** The Telegram chat. */
  readonly chat?: string;
  readonly timeout?: number;
  readonly now?: () => number;
}

const TIMEOUT = 10_000;

/** The receiver as messages name it: only the host, since the rest may be secret. */
export function receiverName(url: string): string {
  return new URL(url).host;
}

/** `v1=` and the HMAC-SHA256, in hex, of the time (Unix seconds), a dot and the body. */
export function signature(secret: string, seconds: number, body: string): string {
  return `v1=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")}`;
}

export function webhook({ url, template, secret, chat, timeout = TIMEOUT, now = Date.now }: WebhookOptions): Sink {
  const name = receiverName(url);
  return {
    async send(alerts: readonly Alert[]) {
      const body = bodyOf(template, alerts, chat);
      const seconds = Math.floor(now() / 1000);
      const signed = secret === undefined ? {} : { "X-SF-Signature": signature(secret, seconds, body) };
      let response: Response;
      try {
        response = await fetch(url, {
          method: "POST",
          redirect: "manual",
          signal: AbortSignal.timeout(timeout),
          headers: {
            "Content-Type": "application/json",
            "User-Agent": "signalflow-state",
            "X-SF-Timestamp": String(seconds),
            "Idempotency-Key": alerts
              .map(({ id }) => id)
              .join(",")
              .slice(0, 255),
            ...signed,
          },
          body,
        });
      } catch (error) {
        // The message of fetch may contain the URL.
        const why = error instanceof Error && error.name === "TimeoutError" ? "no answer in time" : "no connection";
        throw new Error(`${name}: ${why}`);
      }
      await response.body?.cancel().catch(() => {});
      const { status } = response;
      if (status >= 200 && status < 300) return;
      if (status >= 300 && status < 400) throw new NeverSent(`${name} answers ${status}: redirects are not followed`);
      const message = `${name} answers ${status}`;
      if (status !== 429 && status !== 408 && status < 500) throw new NeverSent(message);
      const ms = retryAfter(response.headers.get("Retry-After"), now());
      throw ms === undefined ? new Error(message) : new WaitFor(message, ms);
    },
  };
}

/** Seconds or a date, in ms from now; at most a day. */
function retryAfter(text: string | null, now: number): number | undefined {
  if (text === null) return undefined;
  const ms = /^\d+(?:\.\d+)?$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, 86_400_000) : undefined;
}
