import { useState } from "preact/hooks";
import { daysWords, figureLines, HEADLINE } from "../../../report/figure-words.js";
import { span } from "../../../words/in-words.js";
import type { FlowAnswer, ReportAnswer, TradesAnswer } from "../../wire.js";
import { flowPath } from "../live/ask.js";
import { useRead } from "../live/hooks.js";
import { Download } from "../parts/download.js";
import { exactMoney, Gain, Moment, sizeText } from "../parts/numbers.js";
import { Panel, Table } from "../parts/panel.js";
import { Text, visible } from "../parts/text.js";
import { DayChart, EquityChart } from "./charts.js";
import { Side } from "./now-tab.js";

/** The server reads a log and all trades for it, so it is asked no more often than this. */
const EVERY_MS = 10_000;

const PERIODS = ["this month", "last month", "7 days", "30 days", "all"] as const;
type PeriodName = (typeof PERIODS)[number];

interface Period {
  readonly from?: string;
  readonly to?: string;
}

function periodOf(name: PeriodName, now: number): Period {
  const date = new Date(now);
  const month = (ahead: number) =>
    new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + ahead, 1)).toISOString();
  const midnight = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  const days = (count: number) => new Date(midnight - (count - 1) * 86_400_000).toISOString();
  switch (name) {
    case "this month":
      return { from: month(0) };
    case "last month":
      return { from: month(-1), to: month(0) };
    case "7 days":
      return { from: days(7) };
    case "30 days":
      return { from: days(30) };
    case "all":
      return {};
  }
}

function queryOf(period: Period): string {
  const words = Object.entries(period).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return words.length === 0 ? "" : `?${words.join("&")}`;
}

export function MoneyTab({ answer, now }: { answer: FlowAnswer; now: number }) {
  const [name, setName] = useState<PeriodName>("this month");
  const query = queryOf(periodOf(name, now));
  const report = useRead<ReportAnswer>(flowPath(answer, `/report${query}`), answer, EVERY_MS);
  const trades = useRead<TradesAnswer>(flowPath(answer, "/trades?limit=200"), answer, EVERY_MS);
  const file = (kind: string) =>
    `${visible(answer.flowId).replace(/[^\w.-]+/g, "_")}-${name.replace(" ", "-")}.${kind}`;
  return (
    <>
      <Panel
        id="report"
        title="Report"
        beside={
          <span class="actions">
            <label>
              <span class="sr">Period</span>
              <select name="period" value={name} onChange={(event) => setName(event.currentTarget.value as PeriodName)}>
                {PERIODS.map((each) => (
                  <option value={each}>{each}</option>
                ))}
              </select>
            </label>
            <Download name={file("html")} path={flowPath(answer, `/report.html${query}`)}>
              Download the report
            </Download>
          </span>
        }
      >
        {report.problem !== undefined && (
          <p class="wrong">
            <Text of={report.problem} />
          </p>
        )}
        {report.answer ? (
          <Report report={report.answer} trades={trades.answer?.trades ?? []} />
        ) : (
          report.problem === undefined && <p class="empty">Computing…</p>
        )}
      </Panel>
      <Trades answer={answer} now={now} newest={trades.answer} problem={trades.problem} />
      <Panel id="exports" title="Exports" beside={<span class="dim small">whole, not the page that is shown</span>}>
        <p class="actions">
          <Download name={file("csv")} path={flowPath(answer, "/export/trades.csv")}>
            Trades, CSV
          </Download>
          <Download name={file("parquet")} path={flowPath(answer, "/export/trades.parquet")}>
            Trades, Parquet
          </Download>
          <Download name={file("jsonl")} path={flowPath(answer, "/export/events.jsonl")}>
            Events, JSON lines
          </Download>
        </p>
      </Panel>
    </>
  );
}

function Report({ report, trades }: { report: ReportAnswer; trades: TradesAnswer["trades"] }) {
  const lines = figureLines(report, visible(report.currency));
  const byName = new Map(lines.map((line) => [line.name, line]));
  return (
    <>
      {report.notes.map((note) => (
        <p class="small dim">
          <Text of={note} limit={600} />
        </p>
      ))}
      <dl class="tiles figures">
        {HEADLINE.map((name) => {
          const line = byName.get(name);
          if (!line) return null;
          const isOfDays = name === "sharpe" || name === "sortino";
          return (
            <div title={line.definition} data-figure={name} key={name}>
              <dt>{line.title}</dt>
              <dd class={line.isDefined ? "" : "undefined"}>{line.value}</dd>
              {isOfDays && <span class="beside">{daysWords(report.figures.days ?? 0, report.daysPerYear)}</span>}
            </div>
          );
        })}
      </dl>
      <EquityChart report={report} trades={trades} />
      <DayChart report={report} />
      <details>
        <summary class="info">All figures, and what each means</summary>
        <Table head={[["figure"], ["value", "number"], ["definition"]]}>
          {lines.map((line) => (
            <tr key={line.name}>
              <td class="first">{line.title}</td>
              <td class={line.isDefined ? "number" : "dim"}>{line.value}</td>
              <td class="dim small">{line.definition}</td>
            </tr>
          ))}
        </Table>
      </details>
    </>
  );
}

const SHOWN = 25;

function Trades({
  answer,
  now,
  newest,
  problem,
}: {
  answer: FlowAnswer;
  now: number;
  newest: TradesAnswer | undefined;
  problem: string | undefined;
}) {
  const [shown, setShown] = useState(SHOWN);
  const trades = newest?.trades ?? [];
  return (
    <Panel id="trades" title="Trades" beside={<span class="dim small">newest first</span>}>
      {answer.untold.length > 0 && (
        <p class="banner bad">
          Nobody told the result of{" "}
          {answer.untold.map(({ id, untold = 0, pair }) => (
            <>
              <Text of={id} mono /> ({untold} <Text of={pair} />){" "}
            </>
          ))}
          : record the fills that ended it, or book what it made:{" "}
          <code>sf-state cash book AMOUNT --kind correction --position ID --id NAME</code>
        </p>
      )}
      {problem !== undefined && (
        <p class="wrong">
          <Text of={problem} />
        </p>
      )}
      {newest && trades.length === 0 && <p class="empty">No trade has ended yet.</p>}
      {trades.length > 0 && (
        <Table
          head={[
            ["pair"],
            ["ended", "number"],
            ["held", "number"],
            ["size", "number"],
            ["entry", "number"],
            ["exit", "number"],
            ["fees", "number"],
            ["result", "number"],
            ["reason"],
          ]}
        >
          {trades.slice(0, shown).map((trade) => (
            <tr key={trade.key}>
              <td class="first">
                <b>
                  <Text of={trade.pair} />
                </b>{" "}
                <Side of={trade.side} />{" "}
                <span class="under">
                  <Text of={trade.id} mono />
                </span>
              </td>
              <td class="number" data-label="ended">
                <Moment at={trade.exitTs} now={now} />
              </td>
              <td class="number" data-label="held">
                {span(Date.parse(trade.exitTs) - Date.parse(trade.entryTs))}
              </td>
              <td class="number" data-label="size">
                {sizeText(trade.size)}
              </td>
              <td class="number" data-label="entry">
                {sizeText(trade.entryPrice)}
              </td>
              <td class="number" data-label="exit">
                {trade.exitPrice === undefined ? <span class="dim">not told</span> : sizeText(trade.exitPrice)}
              </td>
              <td class="number" data-label="fees" title={exactMoney(trade.fees)}>
                {sizeText(trade.fees)}
              </td>
              <td class="number" data-label="result">
                <Gain of={trade.pnl} />
                {trade.untold !== undefined && <span class="warn"> untold</span>}
              </td>
              <td data-label="reason">
                <Text of={trade.reason} />
              </td>
            </tr>
          ))}
        </Table>
      )}
      {shown < trades.length && (
        <p class="actions">
          <button type="button" onClick={() => setShown(shown + 50)}>
            Older
          </button>
        </p>
      )}
      {shown >= trades.length && newest?.before != null && <p class="small dim">The export has all of them.</p>}
    </Panel>
  );
}
