/** A report as Markdown. Stored text never becomes a link, a mention, HTML or a table cell. */
import { printable } from "../words/printable.js";
import { daysWords, figureLines, figureText, GROUP_COLUMNS } from "./figure-words.js";
import { FIGURES } from "./figures.js";
import type { Report } from "./report.js";

export function reportMarkdown(flowId: string, report: Report): string {
  const { figures, days, groups, notes, by, currency, daysPerYear } = report;
  const parts: string[] = [
    `# Report of ${plain(flowId)}\n`,
    `${report.from.toISOString()} to ${report.to.toISOString()}, before that moment. Days begin at ${report.dayStart} UTC.\n`,
  ];
  if (notes.length > 0) parts.push(`${notes.map((note) => `- ${plain(note)}`).join("\n")}\n`);
  parts.push(
    markdownTable(
      ["Figure", "Value", "Definition"],
      figureLines(report, currency).map(({ name, title, value, definition }) => {
        const isOfDays = name === "sharpe" || name === "sortino";
        return [
          title,
          plain(value),
          plain(isOfDays ? `${definition} (${daysWords(figures.days ?? 0, daysPerYear)})` : definition),
        ];
      }),
    ),
  );
  if (report.parts) {
    const { closed, open, later, cash, untied } = report.parts;
    parts.push(
      "## What was booked\n",
      markdownTable(
        ["Part", "Amount"],
        [
          ["Trades that ended", String(closed)],
          ["Change of open results", String(open)],
          ["Later bookings on trades", String(later)],
          ["Cash of no trade", String(cash)],
          ["Results without a position", String(untied)],
        ],
      ),
    );
  }
  if (by !== null) {
    parts.push(
      `## By ${by}\n`,
      markdownTable(
        [by, ...GROUP_COLUMNS.map((name) => FIGURES[name].title)],
        groups.map((group) => [
          group.key === null ? "(none)" : code(group.key),
          ...GROUP_COLUMNS.map((name) => figureText(FIGURES[name], group.figures[name], currency)),
        ]),
      ),
    );
  }
  if (days.length > 0) {
    parts.push(
      "## Days\n",
      markdownTable(
        ["Day", "Booked", "Trades", "Equity"],
        days.map(({ day, booked, trades, equity }) => [
          day,
          String(booked),
          String(trades),
          equity === null ? "" : String(equity),
        ]),
      ),
    );
  }
  return parts.join("\n");
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return line(head) + line(head.map(() => "---")) + rows.map(line).join("");
}

/** Text with all markup escaped. */
export function plain(text: string): string {
  return printable(text)
    .replace(/[\\`*_{}[\]#+!|<>&~@]/g, "\\$&")
    .replace(/:(?=\/\/)/g, "\\:")
    .replace(/\b(www)\./gi, "$1\\.");
}

/** Text as it is, in a fence that is longer than any fence in it. */
export function code(text: string): string {
  const shown = printable(text);
  // In a table a bar needs a backslash, but a backslash of the text before it would cancel that one.
  if (shown.includes("\\|")) return plain(text);
  const longest = Math.max(0, ...(shown.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = "`".repeat(longest + 1);
  const padding = /^`|`$|^ .* $/.test(shown) ? " " : "";
  return `${fence}${padding}${shown.replaceAll("|", "\\|")}${padding}${fence}`;
}
