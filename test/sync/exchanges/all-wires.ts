/** Every wire that lies in `wires/`, so that a new one needs no list. */
import { readdirSync } from "node:fs";
import type { MarketKind, VenueMarket } from "./venue.js";
import type { Wire } from "./wire.js";

const FOLDER = new URL("./wires/", import.meta.url);

async function read(): Promise<Wire[]> {
  const files = readdirSync(FOLDER)
    .filter((name) => /\.[jt]s$/.test(name))
    .sort();
  const modules: { readonly wires: readonly Wire[] }[] = await Promise.all(
    files.map((name) => import(new URL(name, FOLDER).href)),
  );
  return modules.flatMap(({ wires }) => wires);
}

export const WIRES: readonly Wire[] = await read();

export interface Played {
  readonly wire: Wire;
  readonly kind: MarketKind;
  readonly markets: readonly VenueMarket[];
}

const KINDS: readonly MarketKind[] = ["spot", "linear", "inverse"];

/** What the suite plays: each kind of each wire. */
export const PLAYED: readonly Played[] = WIRES.flatMap((wire) =>
  KINDS.flatMap((kind) => {
    const markets = wire.markets[kind];
    return markets === undefined ? [] : [{ wire, kind, markets }];
  }),
);
