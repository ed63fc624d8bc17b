import { useEffect, useState } from "preact/hooks";
import type { FleetFlow, FlowAnswer, Session } from "../../wire.js";
import { Wants } from "../fleet/wants.js";
import { flowPath } from "../live/ask.js";
import { useRead } from "../live/hooks.js";
import { flowBreaker, ResetDialog, TripDialog } from "../parts/breaker-dialogs.js";
import { budgetName, leftText, tightestFirst } from "../parts/gauge.js";
import { clock, exactMoney, Gain, moneyText, shareText } from "../parts/numbers.js";
import { Shape } from "../parts/shape.js";
import { Text } from "../parts/text.js";
import { flowHref, type Route, TABS, type Tab } from "../route.js";
import { BotsTab } from "./bots-tab.js";
import { EventsTab } from "./events-tab.js";
import { MoneyTab } from "./money-tab.js";
import { NowTab } from "./now-tab.js";

const TITLES: Readonly<Record<Tab, string>> = { now: "Now", money: "Money", events: "Events", bots: "Bots" };

export default function FlowView({
  route,
  session,
  known,
  now,
}: {
  route: Extract<Route, { view: "flow" }>;
  session: Session;
  /** The flow as the fleet has it: shown until the flow itself has been read; absent when the flow is gone. */
  known: FleetFlow | undefined;
  now: number;
}) {
  const { flow, tab, section } = route;
  const { answer, problem, again } = useRead<FlowAnswer>(flowPath(flow), flow);
  const [asks, setAsks] = useState<"trip" | "reset">();
  const whose = flowBreaker(flow);
  useShown(section, answer !== undefined);
  const isTripped = answer !== undefined && isActive(answer.snapshot.breaker, now);
  const close = () => {
    setAsks(undefined);
    again();
  };
  return (
    <>
      <header class="flow-head">
        <div class="title">
          <h1>
            <a href="#/" class="dim" aria-label="Fleet">
              Fleet
            </a>{" "}
            <span class="dim" aria-hidden="true">
              /
            </span>{" "}
            <Text of={flow.flowId} />
          </h1>
          <span class="dim small">{answer && <Text of={answer.placeName} />}</span>
          <span class="grow" />
          {session.mayChange && answer && (
            <span class="actions desk">
              {isTripped && (
                <button type="button" onClick={() => setAsks("reset")}>
                  Reset the breaker…
                </button>
              )}
              <button type="button" class="danger" onClick={() => setAsks("trip")}>
                {isTripped ? "Trip it again…" : "Stop entries…"}
              </button>
            </span>
          )}
        </div>
        {problem !== undefined && (
          <p class="banner bad">
            <Shape of="unread" /> <Text of={problem} />
          </p>
        )}
        {answer && <Verdict answer={answer} />}
        {answer?.isSnapshotFile && (
          <p class="banner">
            A bot holds the file and cannot be asked: this is the snapshot it left at {clock(answer.snapshot.at)}.
          </p>
        )}
      </header>
      {answer ? (
        <>
          <Wants wants={answer.wants} now={now} ofFlow />
          <Tiles answer={answer} />
          <nav class="tabs" aria-label={`Parts of the flow`}>
            {TABS.map((each) => (
              <a href={flowHref(flow, each)} aria-current={each === tab ? "page" : undefined}>
                {TITLES[each]}
              </a>
            ))}
          </nav>
          {tab === "now" && (
            <NowTab
              answer={answer}
              session={session}
              now={now}
              again={again}
              onTrip={() => setAsks("trip")}
              onReset={() => setAsks("reset")}
            />
          )}
          {tab === "money" && <MoneyTab answer={answer} now={now} />}
          {tab === "events" && <EventsTab answer={answer} now={now} />}
          {tab === "bots" && <BotsTab answer={answer} session={session} now={now} again={again} />}
          <Foot answer={answer} />
        </>
      ) : (
        problem === undefined && (
          <p class="empty">{known?.error === undefined ? "Reading…" : <Text of={known.error} />}</p>
        )
      )}
      {session.mayChange && answer && (
        <div class="bar">
          {isTripped && (
            <button type="button" onClick={() => setAsks("reset")}>
              Reset…
            </button>
          )}
          <button type="button" class="danger firm" onClick={() => setAsks("trip")}>
            {isTripped ? "Trip again…" : "Stop entries…"}
          </button>
        </div>
      )}
      {asks === "trip" && <TripDialog whose={whose} onClose={close} />}
      {asks === "reset" && <ResetDialog whose={whose} onClose={close} />}
    </>
  );
}

function Verdict({ answer: { entry, budgets } }: { answer: FlowAnswer }) {
  const [nearest] = tightestFirst(budgets).filter(({ left }) => left !== null);
  return (
    <p class={`verdict ${entry.may ? "" : "no"}`} id="verdict">
      <Shape of={entry.may ? "ok" : "stop"} />
      <span class="grow">
        <b>{entry.may ? "May enter." : "No entries."}</b>{" "}
        {!entry.may ? (
          <Text of={entry.sentence} limit={500} />
        ) : nearest ? (
          <>
            Nothing blocks entries. The nearest limit is {budgetName(nearest)}: {leftText(nearest)} left.
          </>
        ) : (
          "Nothing blocks entries, and no limit is set."
        )}
      </span>
      {entry.until !== undefined && <span class="until">until {clock(entry.until)} UTC</span>}
    </p>
  );
}

function Tiles({ answer: { snapshot, currency, equity, exposure, positions, orders } }: { answer: FlowAnswer }) {
  const { risk, admissions } = snapshot;
  const refused = admissions && Object.values(admissions.refused).reduce((sum, each) => sum + each, 0);
  return (
    <dl class="tiles">
      <div>
        <dt>PnL today</dt>
        <dd>
          <Gain of={risk.dailyPnl} />{" "}
          <span class="beside">
            <Text of={currency} />
          </span>
        </dd>
      </div>
      <div>
        <dt>Trades today</dt>
        <dd>
          {risk.dailyTrades}{" "}
          <span class="beside">
            {risk.consecutiveLosses === 0 ? "no losses in a row" : `${risk.consecutiveLosses} lost in a row`}
          </span>
        </dd>
      </div>
      <div>
        <dt>Equity</dt>
        {equity === null ? (
          <dd class="undefined">nobody told it</dd>
        ) : (
          <dd title={exactMoney(equity)}>{moneyText(equity)}</dd>
        )}
      </div>
      <div>
        <dt>Drawdown</dt>
        {risk.peakEquity === 0 ? (
          <dd class="undefined">needs an equity</dd>
        ) : (
          <dd>
            {shareText(risk.currentDrawdown)} <span class="beside">of {moneyText(risk.peakEquity)}</span>
          </dd>
        )}
      </div>
      <div>
        <dt>Exposure</dt>
        <dd title={exactMoney(exposure)}>{moneyText(exposure)}</dd>
      </div>
      <div>
        <dt>Open</dt>
        <dd>
          {positions.length} <span class="beside">positions</span> {orders.length} <span class="beside">orders</span>
        </dd>
      </div>
      {admissions && (
        <div>
          <dt>Entries today</dt>
          <dd>
            {admissions.admitted} <span class="beside">admitted</span> {refused} <span class="beside">refused</span>
          </dd>
        </div>
      )}
    </dl>
  );
}

function Foot({ answer: { snapshot, log } }: { answer: FlowAnswer }) {
  const moment = (id: string) => new Date(Number(id.split("-")[0])).toISOString().slice(0, 19).replace("T", " ");
  return (
    <footer class="feet">
      <span>
        epoch <Text of={snapshot.epoch} mono />
      </span>
      {log && (
        <span>
          {log.oldest === undefined
            ? "no events are kept"
            : `log of events: ${moment(log.oldest)} to ${moment(log.newest)} UTC; ${log.added} there ever were`}
        </span>
      )}
      {log?.was !== undefined && (
        <span class="warn">
          was epoch <Text of={log.was} mono />
        </span>
      )}
    </footer>
  );
}

export function isActive({ active, until }: { active: boolean; until?: string }, now: number): boolean {
  return active && (until === undefined || Date.parse(until) > now);
}

/** Scrolls to the section that a link names, once it is there. */
function useShown(section: string | undefined, isThere: boolean): void {
  useEffect(() => {
    if (section === undefined || !isThere) return;
    const element = document.getElementById(section);
    if (!element) return;
    element.scrollIntoView({ block: "start" });
    element.classList.add("found");
    const timer = setTimeout(() => element.classList.remove("found"), 2000);
    return () => clearTimeout(timer);
  }, [section, isThere]);
}
