import type { AddCommand } from "../program.js";

export const addStatus: AddCommand = (program, run) => {
  program
    .command("status")
    .description("Show how a flow stands.")
    .addHelpText("after", "\nExample:\n  $ sf-state status --flow bot --url redis://localhost:6379")
    .action((_, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        const snapshot = await manager.snapshot();
        invocation.print(snapshot, () => `${snapshot.flowId}: ${snapshot.positions.length} positions\n`);
      }),
    );
};
