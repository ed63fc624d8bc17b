import { time } from "../../words/in-words.js";
import { printable } from "../../words/printable.js";
import { counting } from "../arguments.js";
import type { AddCommand } from "../command.js";
import { table } from "../terminal-table.js";

export const addSignals: AddCommand = (program, run) => {
  program
    .command("signals")
    .description("Show the last processed signal, and the newest that are remembered.")
    .option("--limit <n>", "how many, at most 100", counting, 20)
    .addHelpText("after", "\nExample:\n  $ sf-state signals --flow bot --url redis://localhost:6379 --limit 5")
    .action(({ limit }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        const signals = await manager.getSignalState();
        const { lastProcessedId, lastProcessedPair, lastProcessedTs } = signals;
        const recentSignalIds = signals.recentSignalIds.slice(-limit);
        invocation.print({ lastProcessedId, lastProcessedPair, lastProcessedTs, recentSignalIds }, () => {
          if (lastProcessedId === undefined) return "no signal was processed\n";
          const at = lastProcessedTs ? `, of ${time(lastProcessedTs)} UTC` : "";
          const last = printable(`last: ${lastProcessedId} (${lastProcessedPair ?? ""})${at}`);
          const newest = [...recentSignalIds].reverse().map((id) => [id]);
          return `${last}\n\n${table(invocation.terminal, [{ title: "remembered, newest first" }], newest)}`;
        });
      }),
    );
};
