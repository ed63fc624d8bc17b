/** What an error may show: errors end in logs and in chats, and ccxt's carry the request, signed URL and all. */
import type { CcxtClient } from "./ccxt-client.js";

const HIDDEN = "(hidden)";

/** Where a client keeps what lets one into the account. */
const CREDENTIALS = ["apiKey", "secret", "password", "privateKey", "token", "twofa"] as const;

/** A shorter one is a word that may stand anywhere. */
const SHORTEST = 10;

const URL_TEXT = /\b(?:https?|wss?):\/\/[^\s"'<>]+/gi;

/** A name of something secret, what stands between, and its value: in a query, in JSON, in a header. */
const NAMED =
  /([\w-]*(?:api[-_]?key|access[-_]?key|listen[-_]?key|secret|sign(?:ature)?|passphrase|password|token|authorization)["']?\s*[:=]\s*["']?(?:(?:bearer|basic)\s+)?)[\w+/=%.~-]{6,}/gi;

/** The text without the queries of its URLs, without values that are named as secrets, and without the client's own. */
export function withoutSecrets(text: string, client: CcxtClient): string {
  const bare = text
    .replace(URL_TEXT, (url) => url.replace(/^(\w+:\/\/)[^/?#]*@/, "$1").replace(/[?#].*$/s, "?..."))
    .replace(NAMED, `$1${HIDDEN}`);
  return secretsOf(client).reduce((shown, secret) => shown.replaceAll(secret, HIDDEN), bare);
}

function secretsOf(client: CcxtClient): string[] {
  const values: ReadonlyMap<string, unknown> = new Map(Object.entries(client));
  return CREDENTIALS.flatMap((name) => {
    const value = values.get(name);
    if (typeof value !== "string" || value.length < SHORTEST) return [];
    return [...new Set([value, encodeURIComponent(value)])];
  });
}
