/** Keeps signed URLs and keys out of errors: ccxt puts the whole request into the message of a network error, and exchanges repeat it in theirs. */
import type { CcxtClient } from "./ccxt-client.js";

/** The names of a client's credentials in ccxt. */
const CREDENTIALS = [
  "apiKey",
  "secret",
  "password",
  "login",
  "twofa",
  "privateKey",
  "token",
  "uid",
  "accountId",
] as const;

/** A shorter credential is a word that may occur anywhere. */
const SHORTEST = 5;

/** How many nested causes of an error are looked at. */
const DEPTH = 8;

const clients = new Set<WeakRef<CcxtClient>>();
const known = new WeakSet<CcxtClient>();

/** From now on no error shows this client's credentials. They are read when the error is made: keys may change while a bot runs. */
export function keepSecretsOf(client: CcxtClient): void {
  if (known.has(client)) return;
  known.add(client);
  clients.add(new WeakRef(client));
}

/** The user and the query of a URL; JSON writes its slashes as `\/`. */
const URLS = /\b((?:https?|wss?):\\?\/\\?\/)([^\s"'<>`]*)/gi;

/** Names under which exchanges get keys and signatures: `signature=...`, `"apiKey":"..."`, `X-MBX-APIKEY: ...`; some values are objects. */
const NAMED =
  /((?:[\w-]{0,24}(?:signature|api[-_]?key|access[-_]?key(?:[-_]?id)?|api[-_]?secret|secret(?:[-_]?key)?|passphrase|password|private[-_]?key|listen[-_]?key|[-_]sign)|\bsign|\bauthorization|\btoken)\\?["']?\s*(?:=|%3D|:)\s*(?:\\?["'])?)(?:\{[^{}]*\}|(?:(?:Bearer|Basic)\s+)?[^\s"'&,;<>{}\\]+)/gi;

/** The text without URL queries, without the values of fields with a secret's name, and without the clients' credentials. */
export function withoutSecrets(text: string): string {
  let safe = text;
  for (const secret of credentials()) safe = safe.replaceAll(secret, "***");
  safe = safe.replace(URLS, (_, scheme: string, rest: string) => scheme + withoutQuery(rest));
  return safe.replace(NAMED, "$1***");
}

function withoutQuery(rest: string): string {
  const query = rest.search(/[?#]/);
  const address = query === -1 ? rest : `${rest.slice(0, query)}?***`;
  return address.replace(/^[^/\\?]*@/, "***@");
}

/** The credentials as they are written in messages, longest first: one may be a part of another. */
function credentials(): string[] {
  const found = new Set<string>();
  for (const reference of clients) {
    const client = reference.deref();
    if (client === undefined) clients.delete(reference);
    for (const name of client === undefined ? [] : CREDENTIALS) {
      const value: unknown = client && Reflect.get(client, name);
      if (typeof value !== "string" || value.length < SHORTEST) continue;
      for (const written of [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)]) found.add(written);
    }
  }
  return [...found].sort((a, b) => b.length - a.length);
}

/** The same error, of the same class, without secrets in its message and in those of its causes. Its other fields are left out. */
export function errorWithoutSecrets(error: unknown, depth = DEPTH): unknown {
  if (typeof error === "string") return withoutSecrets(error);
  if (!(error instanceof Error)) return error === undefined || error === null ? error : withoutSecrets(String(error));
  const safe: Error = Object.create(Object.getPrototypeOf(error));
  const said: Record<string, unknown> = {
    name: error.name,
    message: withoutSecrets(error.message),
    stack: withoutSecrets(error.stack ?? `${error.name}: ${error.message}`),
  };
  if (error.cause !== undefined && depth > 0) said.cause = errorWithoutSecrets(error.cause, depth - 1);
  for (const [name, value] of Object.entries(said)) {
    Object.defineProperty(safe, name, { value, writable: true, configurable: true, enumerable: false });
  }
  return safe;
}
