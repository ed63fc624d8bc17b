/** The token that lets this tab change anything. It comes once, in the fragment of a link, and never stands in an address again. */

const KEY = "sf-state token";

/** Takes a token out of the address, if there is one; it is kept until this tab is closed. */
export function takeToken(): void {
  const found = /^#token=([^&]+)/.exec(location.hash);
  if (!found?.[1]) return;
  history.replaceState(null, "", `${location.pathname}${location.search}`);
  keepToken(decodeURIComponent(found[1]));
}

export function keepToken(token: string): void {
  try {
    sessionStorage.setItem(KEY, token);
  } catch {
    held = token; // storage is switched off
  }
}

export function forgetToken(): void {
  held = undefined;
  try {
    sessionStorage.removeItem(KEY);
  } catch {}
}

export function hasToken(): boolean {
  return (stored() ?? held) !== undefined;
}

/** `Authorization`, where this tab has a token. */
export function authorization(): Record<string, string> {
  const token = stored() ?? held;
  return token === undefined ? {} : { Authorization: `Bearer ${token}` };
}

let held: string | undefined;

function stored(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}
