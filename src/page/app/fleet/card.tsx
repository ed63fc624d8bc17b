import { count, span } from "../../../words/in-words.js";
import type { FleetFlow, Want } from "../../wire.js";
import { healthOf } from "../live/fleet-state.js";
import { Gauge, tightestFirst } from "../parts/gauge.js";
import { Gain } from "../parts/numbers.js";
import { Shape } from "../parts/shape.js";
import { Text, visible } from "../parts/text.js";
import { flowHref } from "../route.js";
import { sentenceOf } from "./want-groups.js";

/** One flow at a glance. `gauges`: how many of its limits, the tightest first. */
export function Card({
  flow,
  placeName,
  wants,
  now,
  gauges,
}: {
  flow: FleetFlow;
  placeName: string | undefined;
  wants: readonly Want[];
  now: number;
  gauges: number;
}) {
  const health = healthOf(flow);
  const [state, colour] = stateOf(flow);
  const kind = { bad: "is-bad", warn: "is-warn", unread: "is-unread", ok: "" }[health];
  const top = (
    <div class="top">
      <Shape of={health} />
      <h3>
        <a href={flowHref(flow)}>
          <Text of={flow.flowId} />
        </a>
      </h3>
      <span class={`state ${colour}`}>{state}</span>
    </div>
  );
  if (flow.error !== undefined) {
    return (
      <article class={`card ${kind}`} data-flow={flow.flowId}>
        {top}
        <p class="says" title={visible(flow.error)}>
          <Text of={flow.error} />
        </p>
        {placeName && (
          <p class="foot">
            <Text of={placeName} />
          </p>
        )}
      </article>
    );
  }
  const { risk, currency, budgets, entry, alive, dead, positions, orders, unknownOrders } = flow;
  const says = wants[0] ? sentenceOf(wants[0]) : entry.may ? undefined : entry.sentence;
  const bots = alive.length + dead.length;
  const beat = flow.heartbeat === undefined ? undefined : now - Date.parse(flow.heartbeat);
  return (
    <article class={`card ${kind}`} data-flow={flow.flowId}>
      {top}
      <p class="figure">
        <b>
          <Gain of={risk.dailyPnl} /> <small>{visible(currency)}</small>
        </b>
        <span class="dim">today, {count(risk.dailyTrades, "trade")}</span>
      </p>
      {says !== undefined && (
        <p class="says" title={visible(says)}>
          <Text of={says} />
        </p>
      )}
      {budgets.length > 0 && (
        <div class="gauges">
          {tightestFirst(budgets)
            .slice(0, gauges)
            .map((budget) => (
              <Gauge budget={budget} key={`${budget.of} ${budget.name}`} />
            ))}
        </div>
      )}
      <p class="foot">
        <span>
          <b>{positions}</b> {positions === 1 ? "position" : "positions"}
        </span>
        <span>
          <b>{orders}</b> {orders === 1 ? "order" : "orders"}
          {unknownOrders > 0 && <span class="warn">, {unknownOrders} unknown</span>}
        </span>
        <span class={dead.length > 0 ? "bad" : ""}>
          {bots === 0
            ? "no bots"
            : dead.length === 0
              ? count(bots, "bot")
              : `${alive.length} of ${count(bots, "bot")} alive`}
        </span>
        {beat !== undefined && <span>heartbeat {span(beat)} ago</span>}
      </p>
    </article>
  );
}

/** The state in a word or two, with its colour. */
export function stateOf(flow: FleetFlow): readonly [string, string] {
  if (flow.error !== undefined) return ["cannot be read", "dim"];
  const { alarms, breaker, dead, alive } = flow;
  if (flow.recovering !== undefined) return ["recovering", "bad"];
  if (alarms.includes("breaker")) {
    return [
      breaker.until === undefined ? "breaker until reset" : `breaker until ${breaker.until.slice(11, 16)}`,
      "bad",
    ];
  }
  if (alarms.includes("account breaker")) return ["account breaker", "bad"];
  if (dead.length > 0)
    return [alive.length === 0 ? "dead" : `${dead.length} of ${dead.length + alive.length} bots dead`, "bad"];
  if (alarms.includes("stale")) return ["stale", "bad"];
  if (flow.isSnapshotFile) return ["old snapshot", "warn"];
  if (flow.unknownOrders > 0) return ["order unknown", "warn"];
  if (alarms.length > 0) return [visible(alarms.join(", ")), "warn"];
  return flow.entry.may ? ["trading", "ok"] : ["entries refused", "warn"];
}
