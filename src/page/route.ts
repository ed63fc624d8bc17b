import type { IncomingMessage } from "node:http";
import { Refusal } from "./refusal.js";
import { ROUTES, type Route } from "./wire.js";

export interface Routed {
  readonly route: Route;
  /** The values of `:place` and the other variable parts. */
  readonly names: Readonly<Record<string, string>>;
}

/** Path and query as they stand in a request: no `..` in them is resolved, and no host is taken from them. Throws a Refusal. */
export function targetOf({ url = "" }: IncomingMessage): { readonly path: string; readonly query: URLSearchParams } {
  if (!url.startsWith("/")) throw new Refusal(400, "bad_request", "expected a path that begins with /");
  const end = url.indexOf("?");
  return {
    path: end < 0 ? url : url.slice(0, end),
    query: new URLSearchParams(end < 0 ? "" : url.slice(end)),
  };
}

/** The route of a path. Throws a Refusal with 404, or with 405 if the path has another method. */
export function routeOf(method: string, path: string): Routed {
  const parts = path.split("/").map(decoded);
  const found = ROUTES.flatMap((route) => {
    const names = namesIn(route.path, parts);
    return names ? [{ route, names }] : [];
  });
  const routed = found.find(({ route }) => route.method === method);
  if (routed) return routed;
  if (found.length === 0) throw new Refusal(404, "not_found", "there is no such route");
  const allow = found.map(({ route }) => route.method).join(", ");
  throw new Refusal(405, "request", `expected ${allow}`, { allow });
}

function namesIn(pattern: string, parts: readonly (string | undefined)[]): Record<string, string> | undefined {
  const wanted = pattern.split("/");
  if (wanted.length !== parts.length) return undefined;
  const names: [string, string][] = [];
  for (const [at, word] of wanted.entries()) {
    const part = parts[at];
    if (part === undefined) return undefined;
    if (word.startsWith(":")) names.push([word.slice(1), part]);
    else if (word !== part) return undefined;
  }
  return Object.fromEntries(names);
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
