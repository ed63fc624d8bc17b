/** What an exchange proves by client order ids, over all kinds of markets that a bot trades there. */
import type { ClientOrderIdProof } from "../port/exchange.js";
import type { DialectIds } from "./language/dialect.js";
import type { MarketKind } from "./language/kind.js";

/** Undefined if no kind is known. What one kind does not prove is not proven. */
export function proofOfIds(
  { ids }: { readonly ids: DialectIds },
  kinds: readonly MarketKind[],
): ClientOrderIdProof | undefined {
  const { foundFor, inFills, madeByExchange, namesFiredStop, form } = ids;
  if (kinds.length === 0) return undefined;
  const prefix = form?.prefix ?? "";
  const told = kinds.flatMap((kind) => foundFor?.(kind) ?? []);
  return {
    ...(told.length === kinds.length && { foundFor: Math.min(...told) }),
    inFills: kinds.every(inFills),
    // The port's ids are without the exchange's prefix.
    ...(madeByExchange && {
      madeByExchange: (id) => madeByExchange(id) || (prefix !== "" && madeByExchange(prefix + id)),
    }),
    ...(namesFiredStop && { namesFiredStop }),
  };
}
