import { maskUrl } from "../config/show.js";

const URL_WITH_SECRET = /[a-z][a-z0-9+.-]*:\/\/[^\s"'`]*@[^\s"'`]*/gi;

/** The text with all credentials in URLs, and all known passwords, replaced by `***`. */
export function redact(text: string, passwords: readonly string[]): string {
  const written = passwords
    .flatMap((password) => [password, encodeURIComponent(password)])
    .filter((password) => password !== "")
    .sort((a, b) => b.length - a.length);
  let safe = text.replace(URL_WITH_SECRET, maskUrl);
  for (const password of written) safe = safe.replaceAll(password, "***");
  return safe;
}
