import { Option } from "@commander-js/extra-typings";
import { span, time } from "../../words/in-words.js";
import { printable } from "../../words/printable.js";
import { POSITION_SIDES } from "../../words/word-lists.js";
import { duration, notEmpty } from "../arguments.js";
import type { AddCommand } from "../command.js";
import { cooldownTable } from "../record-tables.js";

const side = () => new Option("--side <side>", "one side only").choices(POSITION_SIDES);

export const addCooldowns: AddCommand = (program, run) => {
  const cooldowns = program
    .command("cooldowns")
    .description("List the active cooldowns.")
    .addHelpText("after", "\nExample:\n  $ sf-state cooldowns --flow bot --url redis://localhost:6379")
    .action((_, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        const { signals, at } = await manager.snapshot();
        const { cooldowns } = signals;
        invocation.print(cooldowns, () =>
          Object.keys(cooldowns).length === 0 ? "no cooldowns\n" : cooldownTable(invocation.terminal, cooldowns, at),
        );
      }),
    );

  cooldowns
    .command("set")
    .argument("<pair>", "the pair, or * for all")
    .argument("<duration>", "from now on: 30s, 15m, 2h", duration)
    .description("Refuse entries of a pair (* for all) for a while. Extends an active cooldown, never shortens it.")
    .addOption(side())
    .option("--reason <text>", "why, for the event log", notEmpty)
    .option("--replace", "also shorten")
    .option("--yes", "do not ask")
    .addHelpText(
      "after",
      "\nExample:\n  $ sf-state cooldowns set BTC/USDT 2h --side short --flow bot --config bot.yaml",
    )
    .action((pair, length, options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const { side, reason, replace, yes } = options;
        await using manager = await invocation.open();
        const now = await manager.getCooldown(pair, side);
        await invocation.consent(
          `Refuse entries of ${named(pair, side)} in flow ${manager.flowId} for ${span(Number(length))}${now ? ` (they are until ${time(now)} UTC)` : ""}?`,
          yes,
        );
        const until = await manager.setCooldown(pair, length, {
          ...(side && { side }),
          ...(reason !== undefined && { reason }),
          ...(replace && { replace }),
        });
        invocation.print({ pair, side, until }, () => `${named(pair, side)} cools down until ${time(until)} UTC\n`);
      }),
    );

  cooldowns
    .command("clear <pair>")
    .description("End a pair's cooldown: one side's, or all of them.")
    .addOption(side())
    .option("--yes", "do not ask")
    .addHelpText("after", "\nExample:\n  $ sf-state cooldowns clear BTC/USDT --flow bot --config bot.yaml")
    .action((pair, { side, yes }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        await invocation.consent(`End the cooldown of ${named(pair, side)} in flow ${manager.flowId}?`, yes);
        const cleared = await manager.clearCooldown(pair, side);
        invocation.print({ pair, side, cleared }, () =>
          cleared ? `${named(pair, side)} cools down no more\n` : `${named(pair, side)} had no cooldown\n`,
        );
      }),
    );
};

function named(pair: string, side: string | undefined): string {
  return printable(side === undefined ? pair : `${pair} ${side}`);
}
