import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Option } from "@commander-js/extra-typings";
import { parseFlowId } from "../../config/flow-id.js";
import type { AddCommand } from "../command.js";
import { UsageError } from "../exit-code.js";
import { botTs } from "../init/bot-ts.js";
import { botYaml } from "../init/bot-yaml.js";
import { exchangeTs, TEMPLATES, type Template } from "../init/exchange-ts.js";
import { packageJson } from "../init/package-json.js";
import { tradingBotTs } from "../init/trading-bot-ts.js";

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
    .addOption(
      new Option(
        "--template <template>",
        "a bot that trades, with recovery, heartbeat, checks, alerts and a clean end: on a paper exchange, or by ccxt",
      ).choices(TEMPLATES),
    )
    .option("--force", "overwrite what is there")
    .addHelpText(
      "after",
      "\nExample:\n  $ sf-state init --backend redis --flow my-bot\n  $ sf-state init my-bot --template paper",
    )
    .action((folder, { backend, template, force }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const flowId = parseFlowId(invocation.options.flow ?? "bot");
        const files = filesOf(template, backend, flowId).map(({ name, text }) => ({ path: join(folder, name), text }));
        const manifest = join(folder, "package.json");
        if (template && !(await isThere(manifest)))
          files.push({ path: manifest, text: packageJson(template, backend) });
        for (const { path } of files) {
          if (!force && (await isThere(path))) {
            throw new UsageError(`${path} is there already; --force overwrites it. Nothing was written`);
          }
        }
        await mkdir(folder, { recursive: true });
        for (const { path, text } of files) await writeFile(path, text, { flag: force ? "w" : "wx" });
        const missing = backend === "duckdb" ? "npm install @duckdb/node-api && " : "";
        const steps = template ? `cd ${folder} && npm install && npm start` : `${missing}npx tsx bot.ts`;
        invocation.print(
          files.map(({ path }) => path),
          () => `wrote ${files.map(({ path }) => path).join(", ")}; run it: ${steps}\n`,
        );
      }),
    );
};

function filesOf(template: Template | undefined, backend: "duckdb" | "redis", flowId: string) {
  if (!template) {
    return [
      { name: "bot.yaml", text: botYaml(backend, flowId) },
      { name: "bot.ts", text: botTs(flowId) },
    ];
  }
  const recovery = { reconcile_every: "60s", ...(template === "paper" && { exclusive_account: "true" }) };
  const risk = { max_positions_per_pair: "1" }; // an exchange that nets has one
  return [
    { name: "bot.yaml", text: botYaml(backend, flowId, { recovery, risk }) },
    { name: "bot.ts", text: tradingBotTs() },
    { name: "exchange.ts", text: exchangeTs(template) },
  ];
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
