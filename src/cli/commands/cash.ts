import { Option } from "@commander-js/extra-typings";
import { amount, gain } from "../../words/in-words.js";
import { printable } from "../../words/printable.js";
import { CASH_KINDS, type CashPlace } from "../../words/word-lists.js";
import { moment, notEmpty, number } from "../arguments.js";
import type { AddCommand } from "../command.js";
import { EXIT } from "../exit-code.js";

const WHERE: Readonly<Record<CashPlace, string>> = {
  position: "on the open position",
  trade: "on the record of the trade",
  day: "into the day",
  forgotten: "into the day alone: the position ended too long ago",
};

const EXAMPLE =
  "\nExample:\n  $ sf-state cash book -0.42 --id funding-9913 --kind funding --position p1 --flow bot --config bot.yaml";

export const addCash: AddCommand = (program, run) => {
  program
    .command("cash")
    .description("Book money that is no trade.")
    .addHelpText("after", EXAMPLE)
    .command("book")
    .argument("<amount>", "as it changes the account: below 0 when you pay", number)
    .description(
      "Book money that is no trade: funding, fees, interest. Once by its id. Ends with 1 when it trips the breaker.",
    )
    .requiredOption("--id <id>", "books once")
    .addOption(new Option("--kind <kind>", "what it is for").choices(CASH_KINDS).makeOptionMandatory())
    .option("--position <id>", "the position that gets it, open or ended")
    .option("--pair <pair>", "the pair that the cash belongs to")
    .option("--currency <currency>", "its currency [the flow's]")
    .option("--rate <rate>", "flow currency per unit of it", number)
    .option("--ts <time>", "when: ms, or 2026-01-07T12:00Z [now]", moment)
    .option("--note <text>", "for the event log", notEmpty)
    .option("--yes", "do not ask")
    .addHelpText("after", EXAMPLE)
    .action((sum, { position: positionId, ...cash }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const { id, kind, pair, currency, rate, ts, note, yes } = cash;
        await using manager = await invocation.open();
        const where = positionId === undefined ? "into the day" : `on position ${positionId}`;
        await invocation.consent(
          `Book ${gain(sum)}${currency === undefined ? "" : ` ${currency}`} of ${kind} (${id}) ${where} of flow ${manager.flowId}? The breaker judges it.`,
          yes,
        );
        const booked = await manager.bookCash(sum, {
          id,
          kind,
          ...(positionId !== undefined && { positionId }),
          ...(pair !== undefined && { pair }),
          ...(currency !== undefined && { currency }),
          ...(rate !== undefined && { rate }),
          ...(ts !== undefined && { ts }),
          ...(note !== undefined && { note }),
        });
        invocation.print(booked, () =>
          booked.applied
            ? `${printable(id)}: ${gain(sum)} booked ${WHERE[booked.to]}\n`
            : `${printable(id)}: was booked before\n`,
        );
        if (booked.tripped) invocation.exitCode = EXIT.problem;
      }),
    );
};

export const addTransfer: AddCommand = (program, run) => {
  program
    .command("transfer")
    .argument("<amount>", "above 0 a deposit, below 0 a withdrawal", number)
    .description("Record a deposit or a withdrawal, once by its id: equity moves, its peak in proportion, and no PnL.")
    .requiredOption("--id <id>", "counts once")
    .option("--currency <currency>", "its currency [the flow's]")
    .option("--rate <rate>", "flow currency per unit of it", number)
    .option("--ts <time>", "when: ms, or 2026-01-07T12:00Z [now]", moment)
    .option("--yes", "do not ask")
    .addHelpText("after", "\nExample:\n  $ sf-state transfer -5000 --id withdrawal-7 --flow bot --config bot.yaml")
    .action((sum, { id, currency, rate, ts, yes }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        const what = sum < 0 ? "withdrawal" : "deposit";
        await invocation.consent(
          `Record a ${what} of ${gain(sum)}${currency === undefined ? "" : ` ${currency}`} (${id}) in flow ${manager.flowId}? Equity moves, and its peak in proportion.`,
          yes,
        );
        const recorded = await manager.recordTransfer(sum, {
          id,
          ...(currency !== undefined && { currency }),
          ...(rate !== undefined && { rate }),
          ...(ts !== undefined && { ts }),
        });
        invocation.print(recorded, () =>
          recorded.applied
            ? `${printable(id)}: ${gain(sum)} recorded, the peak is ${amount(recorded.risk.peakEquity)}\n`
            : `${printable(id)}: was recorded before\n`,
        );
      }),
    );
};
