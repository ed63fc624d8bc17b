/** What needs a person, as the page shows it. */

import type { WantKind } from "../wants/wants.js";
import { sorted, URGENCIES, unreadable, wantsOf } from "../wants/wants.js";
import type { Seen } from "./fleet.js";
import type { FlowSection, Want } from "./wire.js";

/** The section of the flow's view where it can be solved. */
const SECTIONS: Readonly<Partial<Record<WantKind, FlowSection>>> = {
  breaker: "breaker",
  recovering: "recovery",
  dead: "bots",
  stale: "bots",
  dead_lease: "bots",
  difference: "recovery",
  untold: "trades",
  unknown_order: "orders",
  unpriced: "positions",
  limit_near: "limits",
  blind_limit: "limits",
  limits_differ: "limits",
  guards_unreadable: "limits",
};

/** Of all flows, the most urgent first. A fact about an account is shown once, not for each of its flows. */
export function pageWants(seen: readonly Seen[]): Want[] {
  const places = new Map<object, string>();
  const told = seen.flatMap((each) => {
    const { place, flowId } = each;
    const wants = "error" in each ? [unreadable(flowId, each.error)] : wantsOf(each.status, each.now, place.watched);
    for (const want of wants) places.set(want, place.id);
    return wants;
  });
  const known = new Set<string>();
  return sorted(told).flatMap((want) => {
    const { id, urgency, kind, what, since, blocks, cure, flowId, account } = want;
    const place = places.get(want) ?? "";
    const ofPlace = `${place}/${id}`;
    if (known.has(ofPlace)) return [];
    known.add(ofPlace);
    const section = SECTIONS[kind];
    return [
      {
        id: ofPlace,
        urgency: URGENCIES.indexOf(urgency),
        kind,
        what,
        blocks,
        cure,
        ...(since && { since: since.toISOString() }),
        place,
        flowId,
        ...(account !== undefined && { account }),
        ...(section && { section }),
      },
    ];
  });
}
