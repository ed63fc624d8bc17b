import { useEffect, useState } from "preact/hooks";
import type { AccountAnswer, Session } from "../../wire.js";
import { type FleetState, nameKey, tickerKey } from "../live/fleet-state.js";
import { readTicker } from "../live/live.js";
import { accountBreaker, ResetDialog, TripDialog } from "../parts/breaker-dialogs.js";
import { Gauge, tightestFirst } from "../parts/gauge.js";
import { clock, Gain } from "../parts/numbers.js";
import { Shape } from "../parts/shape.js";
import { Text } from "../parts/text.js";
import { flowHref } from "../route.js";
import { Card } from "./card.js";
import { Wants } from "./wants.js";

function Ribbon({ ticker }: { ticker: FleetState["ticker"] }) {
  useEffect(() => {
    void readTicker();
  }, []);
  return (
    <section class="panel ribbon" aria-label="Events">
      {ticker.length === 0 && <p class="empty">Events appear here as they happen.</p>}
      <ol>
        {ticker.map((event) => (
          <li key={`${tickerKey(event)} ${event.id}`}>
            <time dateTime={event.at} class="dim">
              {clock(event.at)}
            </time>
            <span>
              {"flowId" in event ? (
                <a href={flowHref(event, "events")}>
                  <Text of={event.flowId} />
                </a>
              ) : (
                <>
                  account <Text of={event.account} />
                </>
              )}{" "}
              <span class="who">{event.type.replaceAll("_", " ")}</span>
            </span>
            <span class="words">
              <Text of={event.words} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

export function FleetView({
  fleet,
  session,
  now,
  isWall,
}: {
  fleet: FleetState;
  session: Session;
  now: number;
  isWall: boolean;
}) {
  const { flows, wants, places, accounts, ticker } = fleet;
  const placeNames = new Map(places.map(({ id, name }) => [id, name]));
  const wantsOf = (key: string) =>
    wants.filter(({ place, flowId }) => flowId !== undefined && nameKey({ place, flowId }) === key);
  const cards = (
    <section class="cards" aria-label="Flows">
      {flows.map((flow) => (
        <Card
          key={nameKey(flow)}
          flow={flow}
          placeName={placeNames.get(flow.place)}
          wants={wantsOf(nameKey(flow))}
          now={now}
          gauges={isWall ? 4 : 3}
        />
      ))}
      {accounts.map((account) => (
        <AccountCard
          key={`account ${account.place} ${account.status.name}`}
          account={account}
          session={session}
          now={now}
        />
      ))}
    </section>
  );
  return (
    <>
      <Wants wants={wants} now={now} />
      {places.flatMap(({ id, name, problems }) =>
        problems.map((problem) => (
          <p class="banner bad" key={`${id} ${problem}`}>
            <Shape of="unread" /> <Text of={name} />: <Text of={problem} />
          </p>
        )),
      )}
      {flows.length === 0 && <p class="empty">No flow was found there yet: a bot makes it when it connects.</p>}
      {cards}
      {isWall && <Ribbon ticker={ticker} />}
    </>
  );
}

/** An exchange account over its flows: limits and a breaker of its own. */
function AccountCard({
  account: { place, status, budgets },
  session,
  now,
}: {
  account: AccountAnswer;
  session: Session;
  now: number;
}) {
  const [asks, setAsks] = useState<"trip" | "reset">();
  const { name, breaker, dailyPnl, currency, flows } = status;
  const isTripped = breaker.active && (breaker.until === undefined || Date.parse(breaker.until) > now);
  const whose = accountBreaker(place, name);
  return (
    <article class={`card ${isTripped ? "is-bad" : ""}`} data-account={name}>
      <div class="top">
        <Shape of={isTripped ? "bad" : "ok"} />
        <h3>
          account <Text of={name} />
        </h3>
        <span class={`state ${isTripped ? "bad" : "dim"}`}>{isTripped ? "breaker" : `${flows.length} flows`}</span>
      </div>
      <p class="figure">
        <b>
          <Gain of={dailyPnl} />{" "}
          <small>
            <Text of={currency} />
          </small>
        </b>
        <span class="dim">today, all its flows</span>
      </p>
      {isTripped && breaker.reason !== undefined && (
        <p class="says">
          <Text of={breaker.reason} />
        </p>
      )}
      <div class="gauges">
        {tightestFirst(budgets)
          .slice(0, 4)
          .map((budget) => (
            <Gauge budget={budget} key={budget.name} />
          ))}
      </div>
      {session.mayChange && (
        <p class="actions">
          {isTripped ? (
            <button type="button" onClick={() => setAsks("reset")}>
              Reset…
            </button>
          ) : (
            <button type="button" class="danger" onClick={() => setAsks("trip")}>
              Stop entries…
            </button>
          )}
        </p>
      )}
      {asks === "trip" && <TripDialog whose={whose} onClose={() => setAsks(undefined)} />}
      {asks === "reset" && <ResetDialog whose={whose} onClose={() => setAsks(undefined)} />}
    </article>
  );
}
