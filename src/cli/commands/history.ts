import { gain } from "../../words/in-words.js";
import { counting } from "../arguments.js";
import type { AddCommand } from "../command.js";
import { table } from "../terminal-table.js";

export const addHistory: AddCommand = (program, run) => {
  program
    .command("history")
    .description("List PnL and trades by trading day, oldest first; today is the last.")
    .option("--days <n>", "the newest days that are over", counting, 30)
    .addHelpText("after", "\nExample:\n  $ sf-state history --days 7 --flow bot --config bot.yaml")
    .action(({ days }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        const history = await manager.getDailyHistory({ days });
        const { day, dailyPnl, dailyTrades } = await manager.getRiskState();
        const today = { day, pnl: dailyPnl, trades: dailyTrades };
        const { green, red } = invocation.terminal.colours;
        invocation.print({ history, today }, () =>
          table(
            invocation.terminal,
            [{ title: "day" }, { title: "pnl", align: "right" }, { title: "trades", align: "right" }, { title: "" }],
            [...history, today].map((each) => [
              each.day,
              each.pnl < 0 ? red(gain(each.pnl)) : each.pnl > 0 ? green(gain(each.pnl)) : gain(each.pnl),
              String(each.trades),
              each === today ? "so far" : "",
            ]),
          ),
        );
      }),
    );
};
