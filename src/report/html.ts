/** A report as one HTML file. It loads nothing and runs nothing, and stored text is never markup. */
import { printable } from "../words/printable.js";
import { daysWords, type FigureLine, figureLines, figureText, GROUP_COLUMNS, HEADLINE } from "./figure-words.js";
import { FIGURES } from "./figures.js";
import { dayPlot, equityPlot, heldPlot } from "./plots.js";
import type { Report } from "./report.js";

const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #68707a; --line: #d5dae0; --paper: #fff; --gain: #1a7f4b; --loss: #c0392b; --accent: #2f6fb5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --dim: #98a1ab; --line: #333a42; --paper: #14181c; --gain: #3fbf7f; --loss: #f0695a; --accent: #6fa8e8; } }
body { margin: 0 auto; max-width: 1000px; padding: 1.5rem 1rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; } .dim, .none { color: var(--dim); }
ul.notes { border-left: 3px solid var(--accent); margin: 1rem 0; padding: .25rem 0 .25rem 1.75rem; }
dl.head { display: grid; grid-template-columns: repeat(auto-fill, minmax(180px, 1fr)); gap: .75rem; margin: 1.25rem 0; }
dl.head div { border: 1px solid var(--line); border-radius: 6px; padding: .5rem .75rem; }
dt { color: var(--dim); font-size: .85rem; } dd { margin: 0; font-size: 1.2rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
dd.undefined { color: var(--dim); font-size: .85rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
th { font-weight: 600; } td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } th.number { text-align: right; }
svg { width: 100%; height: auto; } svg text { fill: var(--dim); font-size: 12px; } .grid { stroke: var(--line); } .zero { stroke: var(--dim); }
.line { fill: none; stroke: var(--accent); stroke-width: 1.5; } .gain { fill: var(--gain); } .loss { fill: var(--loss); }
`;

export function reportHtml(flowId: string, report: Report): string {
  const { from, to, currency, by, days, curve, held, notes } = report;
  const lines = figureLines(report, currency);
  const title = `Report of ${flowId}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<p class="dim">${from.toISOString()} to ${to.toISOString()}, before that moment. Days begin at ${escaped(report.dayStart)} UTC.</p>
${notes.length === 0 ? "" : `<ul class="notes">${notes.map((note) => `<li>${escaped(note)}</li>`).join("")}</ul>`}
<dl class="head">${lines
    .filter(({ name }) => HEADLINE.includes(name))
    .map((line) => tile(line, report))
    .join("")}</dl>
<h2>Equity, realised</h2>
${equityPlot(curve, to)}
<h2>Booked by day</h2>
${dayPlot(days)}
<h2>Exposure: open positions over time</h2>
${heldPlot(held, to)}
${by === null ? "" : groupTable(by, report)}
${partsTable(report)}
<h2>Figures</h2>
${table(
  ["Figure", "Value", "Definition"],
  lines.map(({ title, value, definition }) => [title, value, definition]),
  [],
)}
<h2>Days</h2>
${
  days.length === 0
    ? '<p class="none">no day begins in the period</p>'
    : table(
        ["Day", "Booked", "Trades", "Equity", "Return"],
        days.map((each) => [
          each.day,
          String(each.booked),
          String(each.trades),
          each.equity === null ? "" : String(each.equity),
          each.return === null ? "" : `${(each.return * 100).toFixed(4)}%`,
        ]),
        [1, 2, 3, 4],
      )
}
</body>
</html>
`;
}

function tile({ name, title, value, isDefined, definition }: FigureLine, { figures, daysPerYear }: Report): string {
  const isOfDays = name === "sharpe" || name === "sortino";
  const beside = isOfDays ? `<div class="dim">${escaped(daysWords(figures.days ?? 0, daysPerYear))}</div>` : "";
  return `<div title="${escaped(definition)}"><dt>${escaped(title)}</dt><dd${isDefined ? "" : ' class="undefined"'}>${escaped(value)}</dd>${beside}</div>`;
}

function groupTable(by: string, { groups, currency }: Report): string {
  const numbers = GROUP_COLUMNS.map((_, at) => at + 1);
  return `<h2>By ${escaped(by)}</h2>${table(
    [by, ...GROUP_COLUMNS.map((name) => FIGURES[name].title)],
    groups.map(({ key, figures }) => [
      key ?? "(none)",
      ...GROUP_COLUMNS.map((name) => figureText(FIGURES[name], figures[name], currency)),
    ]),
    numbers,
  )}`;
}

function partsTable({ parts, currency }: Report): string {
  if (!parts) return "";
  const money = (value: number) => figureText({ title: "", unit: "money", definition: "" }, value, currency);
  return `<h2>What was booked</h2>${table(
    ["Part", "Amount"],
    [
      ["Trades that ended", money(parts.closed)],
      ["Change of open results", money(parts.open)],
      ["Later bookings on trades that had ended", money(parts.later)],
      ["Cash of no trade", money(parts.cash)],
      ["Results told without a position", money(parts.untied)],
    ],
    [1],
  )}`;
}

/** `numbers`: the indexes of the columns that are aligned right. */
function table(head: readonly string[], rows: readonly (readonly string[])[], numbers: readonly number[]): string {
  const kind = (at: number) => (numbers.includes(at) ? ' class="number"' : "");
  const line = (cells: readonly string[], tag: "th" | "td") =>
    `<tr>${cells.map((cell, at) => `<${tag}${kind(at)}>${escaped(cell)}</${tag}>`).join("")}</tr>`;
  return `<div class="wide"><table><thead>${line(head, "th")}</thead><tbody>${rows.map((row) => line(row, "td")).join("\n")}</tbody></table></div>`;
}

/** Escapes text, for content and for attributes. */
export function escaped(text: string): string {
  return printable(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
