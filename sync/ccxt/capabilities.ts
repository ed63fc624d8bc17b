/** What a client can do, compared with what the adapter needs. Found before anything is asked. */
import { type CcxtClient, can } from "./ccxt-client.js";
import type { Dialect } from "./language/dialect.js";

/** How far back orders are looked for where the exchange cannot be asked by client order id. */
export const LOOK_BACK_DAYS = 7;

export interface Capabilities {
  /** Required methods that the client lacks: the adapter cannot be used. */
  readonly missing: readonly string[];
  /** What this account cannot tell or do, in words. */
  readonly limitations: readonly string[];
}

export function capabilitiesOf(
  client: CcxtClient,
  dialect: Dialect,
  { spot, contracts }: { readonly spot: boolean; readonly contracts: boolean },
): Capabilities {
  const required = ["fetchOpenOrders", "fetchMyTrades", "createOrder", "cancelOrder"] as const;
  const missing: string[] = required.filter((method) => !can(client, method));
  if (contracts && !can(client, "fetchPositions")) missing.push("fetchPositions");
  if (spot && !can(client, "fetchBalance")) missing.push("fetchBalance");
  const lookups = dialect.lookups("", spot ? "spot" : "linear");
  const byId = lookups.length > 0 && lookups.every(({ method }) => can(client, method));
  const history = (["fetchOrders", "fetchClosedOrders", "fetchCanceledAndClosedOrders"] as const).some((m) =>
    can(client, m),
  );
  if (!byId && !history) missing.push("fetchOrder by client order id, fetchOrders or fetchClosedOrders");
  const limitations = [...limitationsOf(dialect)];
  if (!byId) {
    limitations.push(
      `orders cannot be asked for by client order id: they are looked for in the lists of the last ${LOOK_BACK_DAYS} days`,
    );
    if (!["fetchOrders", "fetchCanceledOrders", "fetchCanceledAndClosedOrders"].some((m) => client.has[m])) {
      limitations.push("cancelled orders are not listed: one without a fill is not found");
    }
  }
  if (contracts) {
    if (!can(client, "fetchPositionMode") && !tellsMode(dialect)) {
      limitations.push("it does not say whether the account is in hedge mode: the option `hedged` must");
    }
    if (client.has.createReduceOnlyOrder !== true) limitations.push("it does not say that it takes reduce-only orders");
  }
  if (spot)
    limitations.push("spot: positions are balances, whoever bought them; they have no entry price and cannot be short");
  return { missing, limitations: limitations.map((text) => `${client.id}: ${text}`) };
}

/** The limitations of a dialect, whatever the client can do. */
export function limitationsOf({ limitations, stop, noStops }: Dialect): readonly string[] {
  if (stop !== undefined) return limitations;
  return [...limitations, `stop orders cannot be sent to it${noStops === undefined ? "" : `: ${noStops}`}`];
}

function tellsMode({ hedges, hedgedByPositions }: Dialect): boolean {
  return hedges === false || hedgedByPositions !== undefined;
}
