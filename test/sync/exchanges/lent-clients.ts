/** Clients that are used again: ccxt takes longer to make one than the suite takes for most of its tests. */
import type { Exchange as Client } from "ccxt";
import { redirected } from "../ccxt/clients.js";
import type { Wire } from "./wire.js";
import { wireClient } from "./wire-client.js";

interface Kept {
  readonly client: Client;
  readonly names: ReadonlySet<string>;
  /** What of it can change by being used. */
  readonly made: ReadonlyMap<string, unknown>;
}

export interface Lent {
  readonly client: Client;
  /** Nothing of the client may be used after that. */
  readonly giveBack: () => void;
}

const free = new Map<Wire, Kept[]>();

/** A client of the wire that leads to that server, as it was when it was made. Nobody else has it. */
export async function lendClient(wire: Wire, url: string): Promise<Lent> {
  const shelf = free.get(wire) ?? [];
  free.set(wire, shelf);
  const kept = shelf.pop() ?? (await make(wire, url));
  const { client, names, made } = kept;
  for (const key of Object.keys(client)) if (!names.has(key)) Reflect.deleteProperty(client, key);
  for (const [key, value] of made) Reflect.set(client, key, copied(value));
  client.urls.api = redirected(client.urls.api, url);
  return { client, giveBack: () => shelf.push(kept) };
}

async function make(wire: Wire, url: string): Promise<Kept> {
  const client = wireClient(wire, url);
  // What it loads at its first request is not asked of it again.
  await client.loadProxyModules();
  await client.loadFetchImplementation();
  const { options: _, urls: __, ...described } = client.describe();
  const data = Object.entries(client).filter(([key, value]) => typeof value !== "function" && !(key in described));
  const names = new Set(Object.keys(client));
  // The adapter wraps it, once.
  names.add("fetch");
  return { client, names, made: new Map(data.map(([key, value]) => [key, copied(value)])) };
}

/** Lists and plain objects are copied, also within others; what is of a class stays what it is. */
function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  if (typeof value !== "object" || value === null) return value;
  const proto: unknown = Object.getPrototypeOf(value);
  if (proto !== Object.prototype && proto !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, copied(field)]));
}
