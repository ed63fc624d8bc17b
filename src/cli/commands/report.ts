import { writeFile } from "node:fs/promises";
import { figureLines, figureText, GROUP_COLUMNS } from "../../report/figure-words.js";
import { FIGURES, type FigureUnit, namesOf } from "../../report/figures.js";
import { GROUPINGS, type Grouping } from "../../report/groups.js";
import { reportHtml } from "../../report/html.js";
import { reportMarkdown } from "../../report/markdown.js";
import { type Report, reportOf } from "../../report/report.js";
import { count, time } from "../../words/in-words.js";
import { printable, printableJson, printableLines } from "../../words/printable.js";
import { oneOfWords, wordOf } from "../../words/word-lists.js";
import { number } from "../arguments.js";
import type { AddCommand } from "../command.js";
import { UsageError } from "../exit-code.js";
import type { Invocation } from "../invocation.js";
import { writeFileAs } from "../output-file.js";
import { FROM, periodEnd, TO } from "../period.js";
import { reportSources } from "../report-sources.js";
import { table } from "../terminal-table.js";

export const addReport: AddCommand = (program, run) => {
  program
    .command("report")
    .description("Compute the figures of a period: results, costs, drawdown, Sharpe and Sortino, exposure.")
    .option("--from <time>", FROM, periodEnd)
    .option("--to <time>", TO, periodEnd)
    .option("--by <what>", `group the figures by ${GROUPINGS.join(", ")}`)
    .option("--equity <amount>", "equity at the start of the period [what the log says]", number)
    .option("--year <days>", "days in a year, for Sharpe and Sortino: 365 or 252", "365")
    .option("--md", "print Markdown")
    .option("--html", "print one HTML file with plots")
    .option("--out <file>", "write it to a file")
    .option("--replace", "replace the file if it is there")
    .option("--definitions", "explain each figure; needs no flow")
    .addHelpText(
      "after",
      "\nTrades belong to strategies by their metadata `strategy`, or by the key that report.group_by of the configuration names.\n" +
        "Example:\n  $ sf-state report --from 2026-11 --to 2026-12 --by pair --html --out november.html --flow bot --config bot.yaml",
    )
    .action((options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        if (options.definitions) {
          printDefinitions(invocation);
          return;
        }
        const { md, html, out, replace = false } = options;
        if ([md, html, invocation.options.json].filter(Boolean).length > 1) {
          throw new UsageError("give one of --md, --html and --json");
        }
        const by = options.by === undefined ? undefined : groupingOf(options.by);
        const daysPerYear = yearOf(options.year);
        await using manager = await invocation.open();
        const { day_start } = manager.config.risk;
        const from = options.from?.(day_start);
        const to = options.to?.(day_start);
        if (from !== undefined && to !== undefined && from >= to) throw new UsageError("--from: expected before --to");
        const sources = await reportSources(invocation.terminal, manager, from);
        const report = reportOf(sources.trades, {
          ...sources.options,
          ...(from !== undefined && { from }),
          ...(to !== undefined && { to }),
          ...(by && { by }),
          ...(options.equity !== undefined && { startEquity: options.equity }),
          daysPerYear,
          strategyKey: manager.config.report.group_by,
        });
        const text = invocation.json
          ? `${printableJson(JSON.stringify({ flowId: manager.flowId, ...report }, null, 2))}\n`
          : html
            ? reportHtml(manager.flowId, report)
            : md
              ? reportMarkdown(manager.flowId, report)
              : printableLines(reportText(invocation, manager.flowId, report));
        if (out === undefined) {
          invocation.terminal.out(text);
          return;
        }
        await writeFileAs(out, { replace }, (draft) => writeFile(draft, text));
        if (invocation.json) return;
        invocation.terminal.out(
          `report of ${count(report.figures.trades ?? 0, "trade")} written to ${printable(out)}\n`,
        );
      }),
    );
};

function groupingOf(text: string): Grouping {
  const by = wordOf(GROUPINGS, text);
  if (by === undefined) throw new UsageError(`--by: expected ${oneOfWords(GROUPINGS)}`);
  return by;
}

function yearOf(text: string): 365 | 252 {
  if (text === "365") return 365;
  if (text === "252") return 252;
  throw new UsageError("--year: expected 365 or 252");
}

const UNITS: Readonly<Record<FigureUnit, string>> = {
  count: "a number",
  money: "the flow's currency",
  share: "a fraction of 1",
  number: "a ratio",
  span: "ms",
  bps: "hundredths of a percent",
};

function printDefinitions(invocation: Invocation): void {
  const all = namesOf(FIGURES).map((name) => ({ name, ...FIGURES[name] }));
  invocation.print(all, () =>
    all.map(({ name, title, unit, definition }) => `${title} (${name}, ${UNITS[unit]}): ${definition}\n`).join(""),
  );
}

function reportText({ terminal }: Invocation, flowId: string, report: Report): string {
  const { from, to, currency, by, groups, notes } = report;
  const { bold, dim, yellow } = terminal.colours;
  const parts = [`${bold(flowId)}  ${time(from)} to ${time(to)} UTC\n`];
  if (notes.length > 0) parts.push(notes.map((note) => `${yellow("note")} ${note}\n`).join(""));
  parts.push(
    table(
      terminal,
      [{ title: "figure" }, { title: "value" }],
      figureLines(report, currency).map(({ title, value, isDefined }) => [title, isDefined ? value : dim(value)]),
    ),
  );
  if (by !== null) {
    parts.push(
      groups.length === 0
        ? "no trades\n"
        : table(
            terminal,
            [{ title: by }, ...GROUP_COLUMNS.map((name) => ({ title: FIGURES[name].title, align: "right" as const }))],
            groups.map(({ key, figures }) => [
              key ?? "(none)",
              ...GROUP_COLUMNS.map((name) => figureText(FIGURES[name], figures[name], currency)),
            ]),
          ),
    );
  }
  return parts.join("\n");
}
