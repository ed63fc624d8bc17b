import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { extname } from "node:path";
import { finished } from "node:stream/promises";
import type { Column } from "../../ledger/column.js";
import { csvHead, csvRow } from "../../ledger/csv.js";
import { equityRowOf } from "../../ledger/event-rows.js";
import { jsonLine } from "../../ledger/json-line.js";
import { MemoryDatabase } from "../../ledger/memory-database.js";
import { EQUITY_COLUMNS, EVENT_COLUMNS, FILL_COLUMNS, tradeColumns } from "../../ledger/tables.js";
import type { StateManager } from "../../manager/state-manager.js";
import { dayStartOf } from "../../state/day.js";
import type { StateEvent } from "../../types.js";
import { count } from "../../words/in-words.js";
import { printable } from "../../words/printable.js";
import { ProgressBar } from "../../words/progress-bar.js";
import { oneOfWords, wordOf } from "../../words/word-lists.js";
import type { AddCommand } from "../command.js";
import { UsageError } from "../exit-code.js";
import { eventPages, tradePages } from "../flow-pages.js";
import { writeFileAs } from "../output-file.js";

const EXPORTS = ["trades", "fills", "events", "equity"] as const;
const FORMS = [".parquet", ".csv", ".jsonl"] as const;

type Form = (typeof FORMS)[number];

export const addExport: AddCommand = (program, run) => {
  program
    .command("export <what>")
    .description(`Write ${EXPORTS.join(", ")} of a flow to a file, all of them: .parquet, .csv or .jsonl.`)
    .requiredOption("--to <file>", "the file; its ending decides the format")
    .option("--replace", "replace the file if it is there")
    .addHelpText(
      "after",
      "\nParquet needs the package @duckdb/node-api. sf-state sql --tables says what the columns are.\n" +
        "Example:\n  $ sf-state export trades --to trades.parquet --flow bot --url redis://localhost:6379",
    )
    .action((what, { to, replace = false }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const kind = wordOf(EXPORTS, what);
        if (kind === undefined) throw new UsageError(`export: expected ${oneOfWords(EXPORTS)}`);
        const form = wordOf(FORMS, extname(to));
        if (form === undefined) throw new UsageError(`--to: expected a name that ends in ${FORMS.join(", ")}`);
        await using manager = await invocation.open();
        const { rows, trimmed } = await written();
        if (trimmed) invocation.complain("note: older events are no longer kept, and are not in the file");
        invocation.print(
          { what: kind, file: to, rows, trimmed },
          () => `${count(rows, "row")} written to ${printable(to)}\n`,
        );

        async function written(): Promise<Written> {
          using bar = new ProgressBar(invocation.terminal, { words: `exporting ${kind}` });
          const found: { result: Written } = { result: { rows: 0, trimmed: false } };
          await writeFileAs(to, { replace }, async (draft) => {
            found.result = await exported(manager, kind ?? "trades", form ?? ".csv", draft, bar);
          });
          return found.result;
        }
      }),
    );
};

interface Written {
  readonly rows: number;
  readonly trimmed: boolean;
}

async function exported(
  manager: StateManager,
  what: (typeof EXPORTS)[number],
  form: Form,
  draft: string,
  bar: ProgressBar,
): Promise<Written> {
  switch (what) {
    case "trades": {
      let read = 0;
      return write(form, draft, tradeColumns(manager.config.report.group_by), async (add) => {
        for await (const page of tradePages(manager, {})) {
          await add(page);
          read += page.length;
          bar.words(`exporting trades: ${read}`);
        }
        return false;
      });
    }
    case "events":
      return write(form, draft, EVENT_COLUMNS, (add) => fromEvents((event) => [event], add));
    case "fills":
      return write(form, draft, FILL_COLUMNS, (add) =>
        fromEvents((event) => (event.type === "fill_recorded" ? [event] : []), add),
      );
    case "equity": {
      const dayStart = dayStartOf(manager.config.risk.day_start);
      return write(form, draft, EQUITY_COLUMNS, (add) =>
        fromEvents((event) => {
          const row = equityRowOf(event, dayStart);
          return row ? [row] : [];
        }, add),
      );
    }
  }

  async function fromEvents<Row>(
    rowsOf: (event: StateEvent) => readonly Row[],
    add: (rows: readonly Row[]) => Promise<void>,
  ): Promise<boolean> {
    let trimmed = false;
    for await (const page of eventPages(manager)) {
      trimmed ||= page.isTrimmed;
      await add(page.events.flatMap(rowsOf));
      bar.at(page.part, 1);
    }
    return trimmed;
  }
}

/** Writes the rows that `read` yields. At its end `read` says whether older rows are gone. */
async function write<Row>(
  form: Form,
  draft: string,
  columns: readonly Column<Row>[],
  read: (add: (rows: readonly Row[]) => Promise<void>) => Promise<boolean>,
): Promise<Written> {
  let rows = 0;
  if (form === ".parquet") {
    using database = await MemoryDatabase.open("sf-state export to Parquet");
    const table = await database.table("rows", columns);
    const trimmed = await read(async (page) => {
      for (const row of page) table.add(row);
      rows += page.length;
    });
    table.end();
    await database.writeParquet("rows", draft);
    return { rows, trimmed };
  }
  const line = form === ".csv" ? csvRow<Row> : jsonLine<Row>;
  const file = createWriteStream(draft);
  const done = finished(file);
  if (form === ".csv") file.write(csvHead(columns));
  const trimmed = await read(async (page) => {
    rows += page.length;
    if (!file.write(page.map((row) => line(columns, row)).join(""))) await Promise.race([once(file, "drain"), done]);
  });
  file.end();
  await done;
  return { rows, trimmed };
}
