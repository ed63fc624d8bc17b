/** Values as error messages show them: short, on one line, and never with a password in them. */

const LONGEST = 80;
/** No URL: nothing stands before the @ that could be a password. */
const AT_AND_NAME = /^@[^@:/?#\s]*$/;

/** The value at `key` for an error message. Passwords and webhooks, whose paths are secrets, are hidden, also a password inside a URL. */
export function show(value: unknown, key?: string | number): string {
  if (typeof value !== "string") {
    if (isSecret(key)) return kindOf(value);
    return typeof value === "bigint" ? `${value}n` : isPrimitive(value) ? String(value) : kindOf(value);
  }
  if (isSecret(key)) return "a string (hidden)";
  const isUrl = key === "url" || value.includes("://") || (value.includes("@") && !AT_AND_NAME.test(value));
  const safe = isUrl ? maskUrl(value) : value;
  return JSON.stringify(safe.length > LONGEST ? `${safe.slice(0, LONGEST)}...` : safe);
}

/** What sort of value it is, without its content: `a string`, `an array`, `a Date`. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : "an array";
  if (typeof value !== "object") return `a ${typeof value}`;
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === "string" && /^\w{1,40}$/.test(name) && name !== "Object"
    ? `an instance of ${name}`
    : "an object";
}

/** The URL with `***` for whatever is, or may have been meant as, its credentials. */
export function maskUrl(url: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(url)?.[0] ?? "";
  const rest = url.slice(scheme.length);
  const at = rest.lastIndexOf("@"); // an unescaped password may hold an @ itself
  if (at >= 0) return `${scheme}***${/\s/.test(rest.slice(at)) ? "@***" : maskQuery(rest.slice(at))}`;
  const colon = rest.startsWith("[") ? rest.indexOf(":", rest.indexOf("]")) : rest.indexOf(":");
  const isPort = colon !== 0 && /^:\d{1,5}(?![^/?#])/.test(rest.slice(colon));
  if (colon >= 0 && !isPort) return `${scheme}${maskQuery(rest.slice(0, colon))}:***`;
  return scheme + maskQuery(rest);
}

function maskQuery(text: string): string {
  const query = text.search(/[?#]/);
  return query < 0 ? text : `${text.slice(0, query + 1)}***`;
}

function isSecret(key: string | number | undefined): boolean {
  return typeof key === "string" && /(?:^|_)password$|^webhook$/.test(key);
}

function isPrimitive(value: unknown): value is number | boolean | null {
  return value === null || typeof value === "number" || typeof value === "boolean";
}
