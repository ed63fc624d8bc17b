import type { Want } from "../../wire.js";
import { Shape } from "../parts/shape.js";
import { Text } from "../parts/text.js";
import { flowHref, sectionHref } from "../route.js";
import { groupsOf, lastingText, type WantGroup } from "./want-groups.js";

/** Kinds for which somebody loses money, or may. */
const URGENT = 2;

/** What to do about it, as its link says. */
const CURES: Readonly<Record<string, string>> = {
  breaker: "look at the breaker",
  recovery: "look at the plan",
  bots: "look at the bots",
  orders: "look at the orders",
  positions: "look at the positions",
  limits: "look at the limits",
  trades: "look at the trades",
  events: "look at the events",
};

/** What needs you: one sentence each, and a link for each flow. `ofFlow`: on a flow's own view, which does not name the flow. */
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
  const groups = groupsOf(wants);
  const isUrgent = wants.some(({ urgency }) => urgency < URGENT);
  return (
    <section class={`wants ${isUrgent ? "urgent" : ""}`} id="wants">
      <h2>{groups.length === 1 ? "1 thing needs you" : `${groups.length} things need you`}</h2>
      <ul>
        {groups.map((group) => (
          <Group key={group.wants[0].id} group={group} now={now} ofFlow={ofFlow} />
        ))}
      </ul>
    </section>
  );
}

function Group({ group, now, ofFlow }: { group: WantGroup; now: number; ofFlow: boolean }) {
  const { wants, sentence } = group;
  const [first, ...others] = wants;
  const lasting = lastingText(group, now);
  return (
    <li data-kind={first.kind}>
      <Shape of={first.urgency < URGENT ? "bad" : "warn"} />
      <span>
        {others.length > 0 ? (
          <span class="names">
            {wants.map((want) => (
              <a key={want.id} href={cureHref(want)}>
                <Text of={want.flowId} />
              </a>
            ))}
          </span>
        ) : (
          !ofFlow && (
            <b>
              {first.account !== undefined && "account "}
              <Text of={first.account ?? first.flowId} />{" "}
            </b>
          )
        )}
        <Text of={sentence} limit={400} /> {lasting !== "" && <span class="since nowrap">{lasting}</span>}
      </span>
      {others.length === 0 && (
        <span class="cure">
          <a href={cureHref(first)}>{CURES[first.section ?? ""] ?? "look at it"}</a>
        </span>
      )}
    </li>
  );
}

function cureHref({ place, flowId, section }: Want): string {
  const flow = { place, flowId };
  return section ? sectionHref(flow, section) : flowHref(flow);
}
