import { gain } from "../../words/in-words.js";
import { printable } from "../../words/printable.js";
import { meant } from "../../words/short-ids.js";
import { duration, notEmpty, number } from "../arguments.js";
import type { AddCommand } from "../command.js";
import { ProblemError } from "../exit-code.js";
import { WIDE_WORDS } from "../narrow.js";
import { positionTable } from "../record-tables.js";

export const addPositions: AddCommand = (program, run) => {
  const positions = program
    .command("positions")
    .description("List the open positions.")
    .addHelpText("after", "\nExample:\n  $ sf-state positions --flow bot --url redis://localhost:6379")
    .option("--wide", WIDE_WORDS)
    .action(({ wide }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        const { positions, at } = await manager.snapshot();
        invocation.print(positions, () =>
          positions.length === 0 ? "no open positions\n" : positionTable(invocation.terminal, positions, at, wide),
        );
      }),
    );

  positions
    .command("close <id>")
    .description("Book a position that was closed by hand: removes it and counts its PnL, in one step.")
    .requiredOption("--pnl <amount>", "its result, in quote currency; a loss is negative", number)
    .option("--equity <amount>", "the account's equity afterwards", number)
    .option("--cooldown <duration>", "let the pair cool down", duration)
    .option("--reason <text>", "why, for the event log", notEmpty)
    .option("--yes", "do not ask")
    .addHelpText("after", "\nExample:\n  $ sf-state positions close p-17 --pnl -12.5 --flow bot --config bot.yaml")
    .action((typed, { pnl, equity, cooldown, reason, yes }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        const all = await manager.getPositions();
        const id = meant(
          typed,
          all.map((each) => each.id),
        );
        const open = all.find((each) => each.id === id);
        if (!open || id === undefined)
          throw new ProblemError(`no open position ${JSON.stringify(typed)}; nothing was booked`);
        await invocation.consent(
          `Close position ${id} of flow ${manager.flowId} in state (${open.side} ${open.size} ${open.pair}) and book ${gain(pnl)}? Nothing is sent to the exchange; the breaker judges it.`,
          yes,
        );
        const result = await manager.closePosition(id, {
          pnl,
          ...(equity !== undefined && { equity }),
          ...(cooldown !== undefined && { cooldown }),
          ...(reason !== undefined && { reason }),
        });
        const { closed, position, risk, tripped } = result;
        if (!closed || !position) throw new ProblemError(`no open position ${JSON.stringify(id)}; nothing was booked`);
        const { side, size, pair } = position;
        invocation.print(result, () =>
          printable(
            `closed ${id}: ${side} ${size} ${pair}, booked ${gain(pnl)}; today ${gain(risk.dailyPnl)}` +
              (tripped ? `; the breaker tripped: ${risk.circuitBreakerReason ?? ""}` : ""),
          ).concat("\n"),
        );
      }),
    );
};
