/** The table of exchanges in sync/README.md, made from the dialects: `npm run stamp` writes it, a test fails when it is stale. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { limitationsOf } from "../../../sync/ccxt/capabilities.js";
import { DIALECTS } from "../../../sync/ccxt/dialect.js";
import type { Dialect } from "../../../sync/ccxt/language/dialect.js";
import type { MarketKind } from "../../../sync/ccxt/language/kind.js";
import { PROVEN_WITH } from "../../../sync/ccxt/level.js";
import type { OrderRequest } from "../../../sync/port/exchange.js";

const README = fileURLToPath(new URL("../../../sync/README.md", import.meta.url));
const BEGIN = "<!-- exchanges: made by `npm run stamp` -->";
const END = "<!-- end of exchanges -->";

const KINDS: readonly MarketKind[] = ["spot", "linear", "inverse"];
const DAY = 86_400_000;

const STOP: OrderRequest = {
  clientOrderId: "a",
  pair: "BTC/USDT:USDT",
  side: "sell",
  size: 1,
  type: "stop",
  price: 1,
  reduceOnly: true,
};

/** The README with the table as it should be. */
export function withTable(readme: string): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin === -1 || end === -1) throw new Error(`sync/README.md lacks ${BEGIN} or ${END}`);
  return `${readme.slice(0, begin + BEGIN.length)}\n${table()}\n${readme.slice(end)}`;
}

export function readme(): string {
  return readFileSync(README, "utf8");
}

function table(): string {
  const head = ["ccxt's class", "proven", "ids", "in fills", "found by id", "stops", "what it lacks"];
  const rows = DIALECTS.flatMap((dialect) =>
    dialect.classes.filter((id) => isWorthARow(dialect, id)).map((id) => rowOf(dialect, id)),
  );
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return [`Proven with ccxt ${PROVEN_WITH.join(", ")}.`, "", ...lines].join("\n");
}

/** Classes beside the first of a family are named where they are proven. */
function isWorthARow({ classes, proven }: Dialect, id: string): boolean {
  return classes[0] === id || proven.some((proof) => proof.class === id);
}

function rowOf(dialect: Dialect, id: string): string[] {
  const { ids } = dialect;
  const proven = dialect.proven.find((proof) => proof.class === id)?.kinds ?? [];
  const refused = refusalsOf(dialect);
  return [
    id,
    proven.length > 0 ? proven.join(", ") : "no",
    ids.sentAs.length === 0 ? "" : ids.form === undefined ? "as they are" : "some as a digest",
    ...(proven.length > 0 ? playedOf(dialect, proven) : ["", "", ""]),
    [...refused, ...(proven.length > 0 ? limitationsOf(dialect) : dialect.limitations)]
      .join("; ")
      .replaceAll("|", "\\|"),
  ];
}

/** Each reason once, with the kinds that are refused for it. */
function refusalsOf({ refused }: Dialect): string[] {
  const byReason = new Map<string, MarketKind[]>();
  for (const kind of KINDS) {
    const why = refused?.(kind);
    if (why !== undefined) byReason.set(why, [...(byReason.get(why) ?? []), kind]);
  }
  return [...byReason].map(
    ([why, kinds]) => `${kinds.length === KINDS.length ? "" : `${kinds.join(", ")} `}refused: ${why}`,
  );
}

/** What is said only of what was played. */
function playedOf(dialect: Dialect, kinds: readonly MarketKind[]): string[] {
  return [
    words(kinds, (kind) => dialect.ids.inFills(kind)),
    found(dialect, kinds),
    words(kinds, (kind) => dialect.stop?.(STOP, kind, false) !== undefined),
  ];
}

function words(kinds: readonly MarketKind[], holds: (kind: MarketKind) => boolean): string {
  const those = kinds.filter(holds);
  return those.length === 0 ? "no" : those.length === kinds.length ? "yes" : those.join(", ");
}

function found({ ids: { foundFor } }: Dialect, kinds: readonly MarketKind[]): string {
  const told = kinds.map((kind) => forHowLong(foundFor?.(kind)));
  return [...new Set(told)].join(", ");
}

function forHowLong(ms: number | undefined): string {
  if (ms === undefined) return "not proven for how long";
  if (!Number.isFinite(ms)) return "for good";
  const hours = ms / (DAY / 24);
  return hours < 48 ? `${hours} hours` : `${hours / 24} days`;
}

export function writeTable(): void {
  writeFileSync(README, withTable(readme()));
}
