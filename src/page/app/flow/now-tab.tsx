import { useState } from "preact/hooks";
import { span } from "../../../words/in-words.js";
import { spanWords } from "../../../words/span-words.js";
import type { EquityAnswer, FlowAnswer, OrderAnswer, PositionAnswer, Session } from "../../wire.js";
import { flowPath } from "../live/ask.js";
import { useRead } from "../live/hooks.js";
import { budgetName, fullness, kindOf, leftText, Track, tightestFirst, valueText } from "../parts/gauge.js";
import { exactMoney, Gain, Moment, moneyText, shareText, sizeText } from "../parts/numbers.js";
import { Panel, Table } from "../parts/panel.js";
import { Text } from "../parts/text.js";
import { flowHref } from "../route.js";
import { DayChart, EquityChart } from "./charts.js";
import { CancelDialog, ResolveDialog } from "./order-dialogs.js";
import { RecoveryPanel } from "./recovery-panel.js";

export interface TabProps {
  readonly answer: FlowAnswer;
  readonly session: Session;
  readonly now: number;
  readonly again: () => void;
}

export function NowTab(props: TabProps & { onTrip: () => void; onReset: () => void }) {
  const { answer, now } = props;
  return (
    <div class="columns">
      <div>
        {answer.recovery ? <RecoveryPanel {...props} /> : null}
        <Positions answer={answer} now={now} />
        <Orders {...props} />
        <Equity answer={answer} now={now} />
      </div>
      <div>
        <Limits answer={answer} />
        <Breaker {...props} />
        <Refused answer={answer} />
        <Cooldowns answer={answer} now={now} />
      </div>
    </div>
  );
}

const MONTH_MS = 30 * 86_400_000;
const CURVE_EVERY_MS = 15_000;

function Equity({ answer, now }: { answer: FlowAnswer; now: number }) {
  const from = new Date(Math.floor((now - MONTH_MS) / 86_400_000) * 86_400_000).toISOString();
  const { answer: curve, problem } = useRead<EquityAnswer>(
    flowPath(answer, `/equity?from=${encodeURIComponent(from)}`),
    answer,
    CURVE_EVERY_MS,
  );
  return (
    <Panel id="equity" title="Equity, 30 days" beside={<a href={flowHref(answer, "money")}>report and trades</a>}>
      {problem !== undefined && (
        <p class="wrong">
          <Text of={problem} />
        </p>
      )}
      {curve && <EquityChart report={curve} trades={NO_TRADES} />}
      {curve && <DayChart report={curve} />}
    </Panel>
  );
}

const NO_TRADES: readonly never[] = [];

function Positions({ answer, now }: { answer: FlowAnswer; now: number }) {
  const { positions, currency, exposure } = answer;
  return (
    <Panel
      id="positions"
      title={positions.length === 0 ? "Positions" : `Positions (${positions.length})`}
      beside={
        positions.length > 0 && (
          <span class="dim small">
            {moneyText(exposure)} {currency} exposed, entries that wait included
          </span>
        )
      }
    >
      {positions.length === 0 ? (
        <p class="empty">No position is open.</p>
      ) : (
        <Table
          head={[
            ["pair"],
            ["size", "number"],
            ["entry", "number"],
            ["stop", "number"],
            ["target", "number"],
            ["booked", "number"],
            ["exposure", "number"],
            ["open for", "number"],
          ]}
        >
          {positions.map((position) => (
            <PositionRow position={position} now={now} key={position.id} />
          ))}
        </Table>
      )}
    </Panel>
  );
}

function PositionRow({ position, now }: { position: PositionAnswer; now: number }) {
  const { id, pair, side, size, entryPrice, entryTs, tp, sl, realised, exposure, share, unpriced = [] } = position;
  return (
    <tr>
      <td class="first">
        <b>
          <Text of={pair} />
        </b>{" "}
        <Side of={side} />
        <div class="under">
          <Text of={id} mono />
        </div>
        {unpriced.map(({ kind, amount, currency }) => (
          <div class="under warn">
            {kind} of {amount} <Text of={currency} /> has no price: in no sum
          </div>
        ))}
      </td>
      <td class="number" data-label="size">
        {sizeText(size)}
      </td>
      <td class="number" data-label="entry">
        {sizeText(entryPrice)}
      </td>
      <td class="number" data-label="stop">
        {sl === undefined ? <span class="dim">none</span> : sizeText(sl)}
      </td>
      <td class="number" data-label="target">
        {tp === undefined ? <span class="dim">none</span> : sizeText(tp)}
      </td>
      <td class="number" data-label="booked">
        <Gain of={realised} />
      </td>
      <td class="number" data-label="exposure">
        {exposure === null ? (
          <span class="warn">no price</span>
        ) : (
          <span title={exactMoney(exposure)}>{moneyText(exposure)}</span>
        )}
        {share !== undefined && (
          <>
            <Track full={Math.min(1, share)} kind={share >= 1 ? "full" : share >= 0.6 ? "mid" : ""} />
            <div class="under">{shareText(share)} of the limit</div>
          </>
        )}
      </td>
      <td class="number" data-label="open for">
        {span(now - Date.parse(entryTs))}
      </td>
    </tr>
  );
}

export function Side({ of }: { of: string }) {
  return <span class={`tag ${of === "long" || of === "buy" ? "ok" : "bad"}`}>{of}</span>;
}

/** An entry that has waited this long needs attention. */
const OLD_MS = 15 * 60_000;

function Orders({ answer, session, again }: TabProps) {
  const [asks, setAsks] = useState<{ readonly what: "cancel" | "resolve"; readonly order: OrderAnswer }>();
  const { orders } = answer;
  const close = () => {
    setAsks(undefined);
    again();
  };
  return (
    <Panel id="orders" title={orders.length === 0 ? "Orders" : `Orders (${orders.length})`}>
      {orders.length === 0 ? (
        <p class="empty">No order is pending.</p>
      ) : (
        <Table
          head={[
            ["pair"],
            ["status"],
            ["size", "number"],
            ["filled", "number"],
            ["price", "number"],
            ["reserves", "number"],
            ["age", "number"],
            ["", "number"],
          ]}
        >
          {orders.map((order) => (
            <tr key={order.id} data-order={order.id}>
              <td class="first">
                <b>
                  <Text of={order.pair} />
                </b>{" "}
                <Side of={order.side} /> <span class="dim">{order.intent}</span>
                <div class="under">
                  <Text of={order.id} mono />
                  {order.signalId !== undefined && (
                    <>
                      {" "}
                      of signal <Text of={order.signalId} mono />
                    </>
                  )}
                </div>
              </td>
              <td data-label="status">
                <span class={`tag ${order.status === "unknown" ? "bad" : order.age > OLD_MS ? "warn" : ""}`}>
                  {order.status.replace("_", " ")}
                </span>
              </td>
              <td class="number" data-label="size">
                {sizeText(order.size)}
              </td>
              <td class="number" data-label="filled">
                {sizeText(order.filled)}
              </td>
              <td class="number" data-label="price">
                {order.price === null ? "market" : sizeText(order.price)}
              </td>
              <td class="number" data-label="reserves">
                {order.exposure === null ? <span class="dim">nothing</span> : moneyText(order.exposure)}
              </td>
              <td class="number" data-label="age">
                <span class={order.age > OLD_MS ? "warn" : ""}>{span(order.age)}</span>
              </td>
              <td class="actions-cell">
                {session.mayChange && (
                  <span class="actions">
                    <button type="button" onClick={() => setAsks({ what: "resolve", order })}>
                      Resolve…
                    </button>
                    <button type="button" onClick={() => setAsks({ what: "cancel", order })}>
                      Cancel…
                    </button>
                  </span>
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
      {asks?.what === "cancel" && <CancelDialog flow={answer} order={asks.order} onClose={close} />}
      {asks?.what === "resolve" && <ResolveDialog flow={answer} order={asks.order} onClose={close} />}
    </Panel>
  );
}

function Limits({ answer: { budgets, snapshot, differing } }: { answer: FlowAnswer }) {
  const origins = snapshot.limitOrigins;
  const sorted = tightestFirst(budgets);
  return (
    <Panel id="limits" title="Limits" beside={<span class="dim small">what is left before the next refusal</span>}>
      {sorted.length === 0 ? (
        <p class="empty">No limit is set: only the breaker stops this flow.</p>
      ) : (
        <div class="gauges">
          {sorted.map((budget) => {
            const origin = budget.of === "flow" ? origins[budget.name] : undefined;
            return (
              <div class="limit" key={`${budget.of} ${budget.name}`}>
                <span>{budgetName(budget)}</span>
                <b>{budget.left === 0 ? <span class="bad">nothing left</span> : `${leftText(budget)} left`}</b>
                <Track full={budget.left === null ? 0 : fullness(budget)} kind={kindOf(budget)} />
                <span class="under">
                  {origin && (
                    <>
                      set by <Text of={origin.by === "config" ? "the configuration" : (origin.who ?? "a call")} />
                    </>
                  )}
                </span>
                <span class="under right">{valueText(budget)}</span>
              </div>
            );
          })}
        </div>
      )}
      {differing.map((words) => (
        <p class="small warn">
          <Text of={words} />
        </p>
      ))}
    </Panel>
  );
}

function Breaker({
  answer: { snapshot },
  session,
  now,
  onTrip,
  onReset,
}: TabProps & { onTrip: () => void; onReset: () => void }) {
  const { breaker, account } = snapshot;
  const isTripped = breaker.active && (breaker.until === undefined || Date.parse(breaker.until) > now);
  const accountTripped =
    account?.breaker.active && (account.breaker.until === undefined || Date.parse(account.breaker.until) > now);
  return (
    <Panel
      id="breaker"
      title="Breaker"
      kind={isTripped || accountTripped ? "bad" : undefined}
      beside={<span class={`state ${isTripped ? "bad" : "ok"}`}>{isTripped ? "tripped" : "quiet"}</span>}
    >
      {isTripped && (
        <dl class="facts">
          <dt>why</dt>
          <dd>
            <Text of={breaker.reason ?? "no reason was given"} />
          </dd>
          <dt>by</dt>
          <dd>{breaker.source?.replaceAll("_", " ")}</dd>
          {breaker.trippedAt !== undefined && (
            <>
              <dt>since</dt>
              <dd>
                <Moment at={breaker.trippedAt} now={now} />
              </dd>
            </>
          )}
          <dt>until</dt>
          <dd>
            {breaker.until === undefined ? (
              "somebody resets it"
            ) : (
              <>
                <Moment at={breaker.until} now={now} />, {span(Date.parse(breaker.until) - now)} left
              </>
            )}
          </dd>
        </dl>
      )}
      {accountTripped && (
        <p class="bad">
          The breaker of account <Text of={account?.name ?? ""} /> is tripped:{" "}
          <Text of={account?.breaker.reason ?? ""} />
        </p>
      )}
      {!isTripped && <p class="dim small">Blocks entries only: exits, cancels and fills always go on.</p>}
      {session.mayChange && (
        <p class="actions">
          {isTripped && (
            <button type="button" onClick={onReset}>
              Reset…
            </button>
          )}
          <button type="button" class="danger" onClick={onTrip}>
            {isTripped ? "Trip it again…" : "Trip…"}
          </button>
        </p>
      )}
    </Panel>
  );
}

function Refused({ answer }: { answer: FlowAnswer }) {
  const { admissions } = answer.snapshot;
  if (!admissions) return null;
  const reasons = Object.entries(admissions.refused)
    .filter(([, times]) => times > 0)
    .sort(([, a], [, b]) => b - a);
  return (
    <Panel
      id="refused"
      title="Refused today"
      beside={<a href={flowHref(answer, "events", "refusals")}>each, and why</a>}
    >
      {reasons.length === 0 ? (
        <p class="empty">No entry was refused today.</p>
      ) : (
        <dl class="facts">
          {reasons.map(([reason, times]) => (
            <>
              <dt>{reason.replaceAll("_", " ")}</dt>
              <dd class="right">{times}</dd>
            </>
          ))}
        </dl>
      )}
    </Panel>
  );
}

function Cooldowns({ answer: { snapshot, guards }, now }: { answer: FlowAnswer; now: number }) {
  const cooldowns = Object.entries(snapshot.signals.cooldowns).filter(([, until]) => Date.parse(until) > now);
  return (
    <Panel id="cooldowns" title="Cooldowns and guards">
      {cooldowns.length === 0 && <p class="empty">No pair is cooling down.</p>}
      <dl class="facts">
        {cooldowns.map(([name, until]) => (
          <>
            <dt>{name === "*" ? "all pairs" : <Text of={name.replace("|", " ")} />}</dt>
            <dd class="right">
              {span(Date.parse(until) - now)} left, until <Moment at={until} now={now} />
            </dd>
          </>
        ))}
      </dl>
      {guards && "unreadable" in guards && (
        <p class="warn">
          <Text of={guards.unreadable} />
        </p>
      )}
      {guards &&
        "blocks" in guards &&
        guards.blocks.map((block) => (
          <p class="bad">
            <Text of={block.message} />
          </p>
        ))}
      {guards &&
        "guards" in guards &&
        guards.guards.map(({ kind, count, within, block, for: length }) => (
          <p class="small dim">
            guard: {kind.replaceAll("_", " ")}, {count} within {spanWords(within)} block{" "}
            {block === "all" ? "all" : `the ${block}`} for {spanWords(length)}
          </p>
        ))}
    </Panel>
  );
}
