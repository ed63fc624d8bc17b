import { parseFlowId } from "../../config/flow-id.js";
import { BackupFile } from "../../transfer/backup-file.js";
import type { AddCommand } from "../command.js";
import { UsageError } from "../exit-code.js";
import { move, placeOfFlow } from "../flow-places.js";
import { addMigrationOptions, toldBy } from "../migration-options.js";

export const addRestore: AddCommand = (program, run) => {
  const restore = program
    .command("restore <file>")
    .description("Put a flow back from a backup, verified. Run again after an interruption, it goes on.")
    .option("--replace", "replace a flow that is there; it stays as it is until the new is complete")
    .option("--yes", "do not ask");
  addMigrationOptions(restore);
  restore
    .addHelpText("after", "\nExample:\n  $ sf-state restore bot.jsonl.gz --url redis://localhost:6379")
    .action((file, options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const config = await invocation.config();
        const from = new BackupFile(file);
        const found = await from.read();
        if (!found) throw new UsageError(`there is no file ${file}`);
        const toFlow = parseFlowId(invocation.options.flow ?? found.flowId);
        const to = await placeOfFlow(config, toFlow);
        try {
          const { replace, yes } = options;
          await move(invocation, from, to, {
            toFlow,
            replace,
            yes,
            told: toldBy(options),
            words: `restoring ${toFlow}`,
          });
        } finally {
          to[Symbol.dispose]?.();
        }
      }),
    );
};
