import { MemoryDatabase } from "../../ledger/memory-database.js";
import { ProgressBar } from "../../words/progress-bar.js";
import { counting, duration } from "../arguments.js";
import type { AddCommand } from "../command.js";
import { csvOut } from "../csv-out.js";
import { UsageError } from "../exit-code.js";
import { FLOW_TABLES, fillDatabase, tablesIn } from "../flow-database.js";
import type { Invocation } from "../invocation.js";
import { answerCsv, answerObjects, answerOf, cellWords } from "../sql-answer.js";
import { table } from "../terminal-table.js";

/** People cannot read a table with more rows than this. */
const SHOWN = 500;

export const addSql: AddCommand = (program, run) => {
  program
    .command("sql [question]")
    .description(
      "Query a flow in SQL. The flow is read into a DuckDB in memory: a query can change nothing and read no file.",
    )
    .option("--tables", "list the tables and their columns; needs no flow")
    .option("--csv", "print CSV")
    .option("--timeout <duration>", "time limit of the query, once the flow is read", duration, 30_000)
    .option("--limit <n>", "how many rows are shown to a person", counting, SHOWN)
    .addHelpText(
      "after",
      '\nIt needs the package @duckdb/node-api.\nExample:\n  $ sf-state sql "select pair, sum(pnl) from trades group by 1" --flow bot --url redis://localhost:6379',
    )
    .action((question, { tables, csv, timeout, limit }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        if (tables) {
          printTables(invocation);
          return;
        }
        if (question === undefined) throw new UsageError('no query was given: say sql "select ...", or sql --tables');
        if (csv && invocation.json) throw new UsageError("give --csv or --json, not both");
        using database = await MemoryDatabase.open("sf-state sql");
        await database.check(question);
        const answer = await ask(invocation, database, question, Number(timeout));
        if (csv) {
          csvOut(invocation.terminal, answerCsv(answer));
          return;
        }
        invocation.print(answerObjects(answer), () => {
          const { columns, numbers, rows } = answer;
          const text = table(
            invocation.terminal,
            columns.map((title, at) => ({ title, align: numbers[at] ? "right" : "left" })),
            rows.slice(0, limit).map((row) => row.map(cellWords)),
          );
          return rows.length > limit
            ? `${text}the first ${limit} of ${rows.length} rows; more: --limit, --csv\n`
            : text;
        });
      }),
    );
};

async function ask(invocation: Invocation, database: MemoryDatabase, question: string, timeout: number) {
  await using manager = await invocation.open();
  const asked = tablesIn(question);
  const { trimmed } = await filled();
  if (trimmed)
    invocation.complain("note: the log of events was trimmed: older fills, orders, equity and trips are not in it");
  await database.lock();
  return answerOf(await database.ask(question, timeout));

  async function filled(): Promise<{ readonly trimmed: boolean }> {
    using bar = new ProgressBar(invocation.terminal, { words: `reading ${manager.flowId}` });
    return fillDatabase(manager, database, asked, bar);
  }
}

function printTables(invocation: Invocation): void {
  const all = Object.entries(FLOW_TABLES).map(([name, { words, columns }]) => ({
    table: name,
    words,
    columns: columns.map((column) => ({ name: column.name, words: column.words })),
  }));
  invocation.print(all, () =>
    all
      .map(
        ({ table, words, columns }) =>
          `${table}: ${words}\n${columns.map((column) => `  ${column.name.padEnd(16)}${column.words}\n`).join("")}`,
      )
      .join("\n"),
  );
}
