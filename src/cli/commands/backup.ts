import { BackupFile } from "../../transfer/backup-file.js";
import type { AddCommand } from "../command.js";
import { move, placeOfFlow } from "../flow-places.js";

export const addBackup: AddCommand = (program, run) => {
  program
    .command("backup <file>")
    .description("Write a whole flow to a file, read at one moment and verified; compressed when its name ends in .gz.")
    .option("--replace", "replace the file if it is there")
    .option("--yes", "do not ask")
    .addHelpText("after", "\nExample:\n  $ sf-state backup bot.jsonl.gz --flow bot --url redis://localhost:6379")
    .action((file, options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const flowId = await invocation.flowId();
        const from = await placeOfFlow(await invocation.config(), flowId);
        try {
          const { replace, yes } = options;
          await move(invocation, from, new BackupFile(file), {
            toFlow: flowId,
            replace,
            yes,
            words: `backing up ${flowId}`,
          });
        } finally {
          from[Symbol.dispose]?.();
        }
      }),
    );
};
