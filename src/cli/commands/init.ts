import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Option } from "@commander-js/extra-typings";
import { parseFlowId } from "../../config/flow-id.js";
import type { AddCommand } from "../command.js";
import { UsageError } from "../exit-code.js";
import { botTs } from "../init/bot-ts.js";
import { botYaml } from "../init/bot-yaml.js";

export const addInit: AddCommand = (program, run) => {
  program
    .command("init")
    .argument("[folder]", "where they go", ".")
    .description("Write a commented bot.yaml, which editors complete, and a minimal bot.ts.")
    .addOption(
      new Option("--backend <backend>", "where the bot's state is")
        .choices(["duckdb", "redis"] as const)
        .default("duckdb" as const),
    )
    .option("--force", "overwrite what is there")
    .addHelpText("after", "\nExample:\n  $ sf-state init --backend redis --flow my-bot")
    .action((folder, { backend, force }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const flowId = parseFlowId(invocation.options.flow ?? "bot");
        const files = [
          { path: join(folder, "bot.yaml"), text: botYaml(backend) },
          { path: join(folder, "bot.ts"), text: botTs(flowId) },
        ];
        for (const { path } of files) {
          if (!force && (await isThere(path))) {
            throw new UsageError(`${path} is there already; --force overwrites it. Nothing was written`);
          }
        }
        await mkdir(folder, { recursive: true });
        for (const { path, text } of files) await writeFile(path, text, { flag: force ? "w" : "wx" });
        const steps = backend === "duckdb" ? "npm install @duckdb/node-api && npx tsx bot.ts" : "npx tsx bot.ts";
        invocation.print(
          files.map(({ path }) => path),
          () => `wrote ${files.map(({ path }) => path).join(" and ")}; run it: ${steps}\n`,
        );
      }),
    );
};

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
