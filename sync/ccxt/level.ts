/** Whether the suite has played what a bot trades at an exchange. What it has not played is refused, or `unproven`. */
import type { ExchangeLevel } from "../port/exchange.js";
import { ExchangeError } from "../port/exchange-error.js";
import type { CcxtClient } from "./ccxt-client.js";
import { notPlayed } from "./language/client-options.js";
import type { Dialect } from "./language/dialect.js";
import { kindOf, type MarketKind } from "./language/kind.js";

/** The minor versions of ccxt with which the suite was played. */
export const PROVEN_WITH: readonly string[] = ["4.5"];

export interface Leveled {
  readonly level: ExchangeLevel;
  /** The kinds of markets that the bot trades. */
  readonly kinds: readonly MarketKind[];
  /** The limitations, in words. */
  readonly limitations: readonly string[];
}

/**
 * The level of what a bot trades. Throws an ExchangeError `unsupported` for what is refused, and for what is not proven unless that is allowed. Without
 * pairs a bot trades the contracts that are proven or, if none are, linear ones.
 */
export function levelOf(
  client: CcxtClient,
  dialect: Dialect,
  { pairs, unproven }: { readonly pairs: readonly string[] | undefined; readonly unproven: boolean },
): Leveled {
  const proven = provenKinds(dialect, client.id);
  const kinds = kindsOf(pairs, proven);
  for (const kind of kinds) {
    const why = dialect.refused?.(kind);
    if (why !== undefined) throw new ExchangeError("unsupported", `${client.id}: ${why}`);
  }
  const missing = kinds.filter((kind) => !proven.includes(kind));
  const sort = notPlayed(client.options ?? {}, dialect, kinds);
  const doubts = [
    ...(missing.length > 0 ? [`its ${missing.map((kind) => NAMES[kind]).join(" and ")} are not proven`] : []),
    ...(sort === undefined ? [] : [`this account is not proven: ${sort}`]),
  ];
  if (doubts.length === 0) return { level: "proven", kinds, limitations: versionNote(client) };
  if (!unproven) {
    throw new ExchangeError(
      "unsupported",
      `${client.id}: ${doubts.join("; ")}: it is not proven that its orders, fills and positions ` +
        "are understood correctly. With `ccxtExchange(client, { unproven: true })` (command line: --unproven) it is used all the same, and then " +
        "every order waits for a person",
    );
  }
  return {
    level: "unproven",
    kinds,
    limitations: doubts.map((doubt) => `${doubt}: every order waits for a person`),
  };
}

const NAMES: Readonly<Record<MarketKind, string>> = {
  spot: "spot markets",
  linear: "linear contracts",
  inverse: "inverse contracts",
};

export function provenKinds(dialect: Dialect, id: string): readonly MarketKind[] {
  return dialect.proven.find((proof) => proof.class === id)?.kinds ?? [];
}

function kindsOf(pairs: readonly string[] | undefined, proven: readonly MarketKind[]): readonly MarketKind[] {
  if (pairs !== undefined) return [...new Set(pairs.map(kindOf))];
  const contracts = proven.filter((kind) => kind !== "spot");
  return contracts.length > 0 ? contracts : ["linear"];
}

function versionNote(client: CcxtClient): string[] {
  const said: unknown = Reflect.get(client.constructor, "ccxtVersion");
  const minor = typeof said === "string" ? said.split(".").slice(0, 2).join(".") : undefined;
  if (minor !== undefined && PROVEN_WITH.includes(minor)) return [];
  const other = minor === undefined ? "this client does not say its version" : `this is ${minor}`;
  return [
    `it is proven with ccxt ${PROVEN_WITH.join(", ")}, and ${other}: run \`checkExchange\` before you use real money`,
  ];
}
