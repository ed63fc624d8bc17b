/** What wants a person, in sentences. */
import type { Seen } from "./fleet.js";
import type { Want } from "./wire.js";

const URGENCY = { unreadable: 0, dead: 1, recovering: 2, breaker: 3, unknown_order: 4, stale: 5, untold: 6 } as const;

/** The most urgent first. */
export function wantsOf(seen: readonly Seen[]): Want[] {
  return seen.flatMap(wantsOfFlow).sort((a, b) => a.urgency - b.urgency);
}

function wantsOfFlow(seen: Seen): Want[] {
  const named = { place: seen.place.id, flowId: seen.flowId };
  const want = (kind: keyof typeof URGENCY, sentence: string): Want => ({
    urgency: URGENCY[kind],
    kind,
    sentence,
    ...named,
  });
  if ("error" in seen) return [want("unreadable", `${seen.flowId} cannot be read: ${seen.error}`)];
  return seen.alarms.map((alarm) =>
    want(alarm in URGENCY ? (alarm as keyof typeof URGENCY) : "breaker", `${seen.flowId}: ${alarm}`),
  );
}
