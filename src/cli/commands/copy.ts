import { parseFlowId } from "../../config/flow-id.js";
import { RedisPlace } from "../../transfer/redis-place.js";
import type { AddCommand } from "../command.js";
import { EXIT, UsageError } from "../exit-code.js";
import { configAt, move, onlyFlow, placeOfFlow } from "../flow-places.js";
import type { Invocation } from "../invocation.js";
import { addMigrationOptions, toldBy } from "../migration-options.js";

export const addCopy: AddCommand = (program, run) => {
  const copy = program
    .command("copy")
    .description("Copy a whole flow to another place, verified. Run again after an interruption, it goes on.")
    .option("--from <place>", "redis://HOST:PORT, duckdb:PATH or config:FILE")
    .requiredOption("--to <place>", "redis://HOST:PORT, duckdb:PATH or config:FILE")
    .option("--to-flow <id>", "the flow's id at its new place [its own]")
    .option("--replace", "replace a flow that is there; it stays as it is until the copy is complete")
    .option("--discard", "give up an unfinished copy into Redis")
    .option("--yes", "do not ask");
  addMigrationOptions(copy);
  copy
    .addHelpText(
      "after",
      "\nExample:\n  $ sf-state copy --from duckdb:state/bot.db --to redis://localhost:6379\n  $ sf-state copy --from redis://localhost:6379 --to duckdb:state/bot.db --flow bot",
    )
    .action((options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        if (options.discard) return discard(invocation, options.to, options.toFlow);
        if (options.from === undefined) throw new UsageError("where from? Say --from PLACE");
        const fromConfig = await configAt("--from", options.from, invocation.options);
        const toConfig = await configAt("--to", options.to, invocation.options);
        const { flow } = invocation.options;
        const flowId = flow === undefined ? await onlyFlow(fromConfig) : parseFlowId(flow);
        const toFlow = options.toFlow === undefined ? flowId : parseFlowId(options.toFlow);
        const from = await placeOfFlow(fromConfig, flowId);
        try {
          const to = await placeOfFlow(toConfig, toFlow);
          try {
            await move(invocation, from, to, {
              ...options,
              toFlow,
              replace: options.replace,
              yes: options.yes,
              told: toldBy(options),
              words: `copying ${flowId}`,
            });
          } finally {
            to[Symbol.dispose]?.();
          }
        } finally {
          from[Symbol.dispose]?.();
        }
      }),
    );
};

async function discard(invocation: Invocation, to: string, toFlow: string | undefined): Promise<void> {
  const config = await configAt("--to", to, invocation.options);
  const flow = toFlow ?? invocation.options.flow;
  if (flow === undefined) throw new UsageError("which flow? Say --to-flow ID");
  if (config.backend !== "redis") throw new UsageError("--discard: only a copy into Redis can be left unfinished");
  using place = await RedisPlace.connect(config.redis, parseFlowId(flow));
  const discarded = await place.discard();
  invocation.print({ discarded }, () => (discarded ? `${flow}: discarded\n` : `${flow}: there was none\n`));
  if (!discarded) invocation.exitCode = EXIT.problem;
}
