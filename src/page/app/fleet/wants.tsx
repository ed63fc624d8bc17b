import { span } from "../../../words/in-words.js";
import type { Want } from "../../wire.js";
import { Shape } from "../parts/shape.js";
import { Text } from "../parts/text.js";
import { flowHref, sectionHref } from "../route.js";

/** Kinds for which somebody loses money, or may. */
const URGENT = 2;

/** The link's words for each kind: what to do about it. */
const CURES: Readonly<Record<string, string>> = {
  breaker: "look at the breaker",
  recovering: "look at the plan",
  dead: "look at the bots",
  unknown: "look at the order",
  orders: "look at the orders",
};

const SECTION_CURES: Readonly<Record<string, string>> = {
  breaker: "look at the breaker",
  recovery: "look at the plan",
  bots: "look at the bots",
  orders: "look at the orders",
  positions: "look at the positions",
  limits: "look at the limits",
  trades: "look at the trades",
  events: "look at the events",
};

/** What needs you: one sentence and one link each. `ofFlow`: on a flow's own view, which does not name the flow. */
export function Wants({ wants, now, ofFlow = false }: { wants: readonly Want[]; now: number; ofFlow?: boolean }) {
  if (wants.length === 0) {
    return ofFlow ? null : (
      <section class="wants none" id="wants">
        <h2>
          <Shape of="ok" /> Nothing needs you
        </h2>
      </section>
    );
  }
  const isUrgent = wants.some(({ urgency }) => urgency < URGENT);
  return (
    <section class={`wants ${isUrgent ? "urgent" : ""}`} id="wants">
      <h2>{wants.length === 1 ? "1 thing needs you" : `${wants.length} things need you`}</h2>
      <ul>
        {wants.map((want) => (
          <li
            key={JSON.stringify([want.kind, want.place, want.flowId, want.account, want.sentence])}
            data-kind={want.kind}
          >
            <Shape of={want.urgency < URGENT ? "bad" : "warn"} />
            <span>
              {!ofFlow && (
                <>
                  <b>
                    <Text of={want.flowId ?? want.account ?? ""} />
                  </b>{" "}
                </>
              )}
              <Text of={want.sentence} limit={400} />{" "}
              {want.since !== undefined && <span class="since nowrap">for {span(now - Date.parse(want.since))}</span>}
            </span>
            <Cure want={want} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Cure({ want: { kind, place, flowId, section } }: { want: Want }) {
  if (flowId === undefined) return null;
  const flow = { place, flowId };
  const words = CURES[kind] ?? SECTION_CURES[section ?? ""] ?? "look at it";
  return (
    <span class="cure">
      <a href={section ? sectionHref(flow, section) : flowHref(flow)}>{words}</a>
    </span>
  );
}
