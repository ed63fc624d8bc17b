/** The token that allows this tab to change something. It comes once, in the fragment of a link, and is removed from the address. */

const KEY = "sf-state token";

/** Takes the token out of the address, if there is one, and keeps it until this tab is closed. */
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
