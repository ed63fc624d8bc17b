import { csvHead, csvRow } from "../../ledger/csv.js";
import { tradeColumns } from "../../ledger/tables.js";
import type { Trade } from "../../types.js";
import { eightDigits, gain, span, time } from "../../words/in-words.js";
import { shortIds } from "../../words/short-ids.js";
import { oneOfWords, POSITION_SIDES, type PositionSide, wordOf } from "../../words/word-lists.js";
import { counting } from "../arguments.js";
import type { AddCommand } from "../command.js";
import { csvOut } from "../csv-out.js";
import { UsageError } from "../exit-code.js";
import { tradePages } from "../flow-pages.js";
import { isNarrow, WIDE_WORDS } from "../narrow.js";
import { FROM, periodEnd, TO } from "../period.js";
import type { Terminal } from "../terminal.js";
import { table } from "../terminal-table.js";

const SHOWN = 50;

export const addTrades: AddCommand = (program, run) => {
  program
    .command("trades")
    .description("List closed trades, oldest first: the newest, or those after a key.")
    .option("--from <time>", FROM, periodEnd)
    .option("--to <time>", TO, periodEnd)
    .option("--pair <pair>", "only of this pair")
    .option("--side <side>", "only long or short")
    .option("--reason <reason>", "only those that ended for this reason")
    .option("--after <key>", "the page after this trade")
    .option("--limit <n>", `how many at most [${SHOWN}; with --csv all]`, counting)
    .option("--csv", "print CSV, with every column")
    .option("--wide", WIDE_WORDS)
    .addHelpText(
      "after",
      "\nExample:\n  $ sf-state trades --from 2026-11 --pair BTC/USDT --csv --flow bot --config bot.yaml",
    )
    .action(({ from, to, pair, side, reason, after, limit, csv, wide }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        if (csv && invocation.json) throw new UsageError("give --csv or --json, not both");
        const wanted = side === undefined ? undefined : sideOf(side);
        const most = limit ?? (csv ? Number.POSITIVE_INFINITY : SHOWN);
        await using manager = await invocation.open();
        const { day_start } = manager.config.risk;
        const asked = {
          ...(from && { from: from(day_start) }),
          ...(to && { to: to(day_start) }),
          ...(pair !== undefined && { pair }),
          ...(after !== undefined && { after }),
        };
        const isWanted = (trade: Trade) =>
          (wanted === undefined || trade.side === wanted) && (reason === undefined || trade.reason === reason);

        let shown: Trade[] = [];
        let found = 0;
        const columns = tradeColumns(manager.config.report.group_by);
        if (csv) csvOut(invocation.terminal, [csvHead(columns)]);
        for await (const page of tradePages(manager, asked)) {
          const trades = page.filter(isWanted);
          const rest = most - found;
          found += trades.length;
          if (csv)
            csvOut(
              invocation.terminal,
              trades.slice(0, rest).map((trade) => csvRow(columns, trade)),
            );
          else if (after === undefined) shown = [...shown, ...trades].slice(-most);
          else shown = [...shown, ...trades].slice(0, most);
          if (found >= most && (csv || after !== undefined)) break;
        }
        if (csv) return;
        invocation.print(shown, () => {
          const { terminal } = invocation;
          if (shown.length === 0) return "no trades\n";
          const rows = isNarrow(terminal, wide) ? narrowTradeTable(terminal, shown) : tradeTable(terminal, shown);
          return rows + moreWords(terminal, shown, found, after);
        });
      }),
    );
};

function sideOf(text: string): PositionSide {
  const side = wordOf(POSITION_SIDES, text);
  if (side === undefined) throw new UsageError(`--side: expected ${oneOfWords(POSITION_SIDES)}`);
  return side;
}

function tradeTable(terminal: Terminal, trades: readonly Trade[]): string {
  const { green, red } = terminal.colours;
  return table(
    terminal,
    [
      { title: "ended (UTC)" },
      { title: "pair" },
      { title: "side" },
      { title: "size", align: "right" },
      { title: "entry", align: "right" },
      { title: "exit", align: "right" },
      { title: "pnl", align: "right" },
      { title: "held", align: "right" },
      { title: "reason" },
      { title: "id" },
    ],
    trades.map((trade) => [
      time(trade.exitTs),
      trade.pair,
      trade.side,
      String(trade.size),
      String(trade.entryPrice),
      trade.exitPrice === undefined ? "" : String(trade.exitPrice),
      painted(trade, pnlWords(trade), green, red),
      span(trade.exitTs.getTime() - trade.entryTs.getTime()),
      trade.reason,
      trade.id,
    ]),
  );
}

function narrowTradeTable(terminal: Terminal, trades: readonly Trade[]): string {
  const { green, red } = terminal.colours;
  const short = shortIds(trades.map(({ id }) => id));
  return table(
    terminal,
    [
      { title: "ended (UTC)" },
      { title: "pair" },
      { title: "was" },
      { title: `pnl ${trades[0]?.currency ?? ""}`.trimEnd(), align: "right" },
      { title: "reason" },
      { title: "id" },
    ],
    trades.map((trade) => [
      time(trade.exitTs).slice(5, 16),
      trade.pair,
      `${trade.side} ${eightDigits(trade.size)}`,
      painted(trade, `${gain(eightDigits(trade.pnl))}${isPart(trade) ? " (part)" : ""}`, green, red),
      trade.reason,
      short.get(trade.id) ?? trade.id,
    ]),
  );
}

/** What is not in the table, and how to see it. */
function moreWords({ colours }: Terminal, trades: readonly Trade[], found: number, after: string | undefined): string {
  if (after !== undefined) return `${colours.dim(`go on with --after ${trades.at(-1)?.key ?? ""}`)}\n`;
  if (found <= trades.length) return "";
  return `${colours.dim(`the newest ${trades.length} of ${found} trades; more: --limit, --csv`)}\n`;
}

function pnlWords(trade: Trade): string {
  const { pnl, currency } = trade;
  return `${gain(pnl)}${currency === "" ? "" : ` ${currency}`}${isPart(trade) ? " (part of the result)" : ""}`;
}

/** Whether a part of the result is not known, or in another currency. */
function isPart({ untold, unpriced }: Trade): boolean {
  return untold !== undefined || unpriced !== undefined;
}

function painted(trade: Trade, words: string, green: Paint, red: Paint): string {
  if (isPart(trade)) return words;
  return trade.pnl > 0 ? green(words) : trade.pnl < 0 ? red(words) : words;
}

type Paint = (text: string) => string;
