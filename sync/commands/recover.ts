import { Option } from "@commander-js/extra-typings";
import type { AddCommand } from "../../src/cli/command.js";
import { EXIT } from "../../src/cli/exit-code.js";
import { printable } from "../../src/words/text-table.js";
import { ORPHAN_ACTIONS, RECOVERY_MODES } from "../../src/words/word-lists.js";
import { PaperExchange } from "../paper/paper-exchange.js";
import type { RecoveryOptions } from "../plan/options.js";
import { actionText, listText, planText } from "../plan/plan-text.js";
import { applyRecovery, planRecovery, type RecoveryReport } from "../recovery/recover.js";
import { openExchange } from "./open-exchange.js";

const HELP = `
The exchange's keys come from the environment only, for binanceusdm: BINANCEUSDM_API_KEY, BINANCEUSDM_SECRET, and where the
exchange wants them BINANCEUSDM_PASSWORD, BINANCEUSDM_WALLET_ADDRESS, BINANCEUSDM_PRIVATE_KEY.

Ends with 0 when state and exchange agree, 1 when they do not (or not yet), 3 when one of them cannot be reached.

Example:
  $ sf-state recover --dry-run --exchange binanceusdm --flow bot --config bot.yaml`;

export const addRecover: AddCommand = (program, run) => {
  program
    .command("recover")
    .description("Bring a flow and its exchange back in line: shows the plan and, on consent, carries it out.")
    .requiredOption("--exchange <id>", "an exchange of ccxt's, such as binanceusdm, or paper:FILE")
    .option("--pairs <pairs>", "only these, with commas between: BTC/USDT:USDT,ETH/USDT:USDT (spot needs them)")
    .option("--exchange-options <json>", 'for the ccxt client: {"options":{"defaultType":"swap"}}')
    .option("--sandbox", "the exchange's test network")
    .addOption(new Option("--mode <mode>", "[recovery.mode]").choices(RECOVERY_MODES))
    .addOption(new Option("--orphans <action>", "[recovery.orphan_positions]").choices(ORPHAN_ACTIONS))
    .option("--prefix <text>", "only client order ids that begin so are the flow's; others are listed and left alone")
    .option("--dry-run", "show the plan, touch nothing")
    .option("--yes", "do not ask")
    .addHelpText("after", HELP)
    .action((options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const { terminal } = invocation;
        const exchange = await openExchange(options);
        try {
          await using mgr = await invocation.open();
          const asked: RecoveryOptions = {
            ...(options.mode && { mode: options.mode }),
            ...(options.orphans && { orphanPositions: options.orphans }),
            ours: {
              ...(options.pairs !== undefined && { pairs: options.pairs.split(",") }),
              ...(options.prefix !== undefined && { clientOrderIdPrefix: options.prefix }),
            },
          };
          const plan = await planRecovery(mgr, exchange, asked);
          const unfinished = await mgr.getRecovery();
          const agree = plan.failures.length === 0 && plan.actions.length === 0 && unfinished === undefined;
          if (options.dryRun || plan.failures.length > 0 || agree) {
            invocation.print(plan, () => planText(plan, terminal.colours));
            if (plan.failures.length > 0) invocation.exitCode = EXIT.cannotConnect;
            else if (!agree) invocation.exitCode = EXIT.problem;
            return;
          }
          if (!invocation.json) terminal.out(planText(plan, terminal.colours));
          await invocation.consent(
            `Carry out plan ${plan.hash} on flow ${mgr.flowId} and ${exchange.name}?`,
            options.yes,
          );
          const report = await applyRecovery(mgr, exchange, plan, asked);
          invocation.print(report, () => reportForPerson(report));
          if (report.status !== "recovered") invocation.exitCode = EXIT.problem;
        } finally {
          if (exchange instanceof PaperExchange) await exchange.close();
        }
      }),
    );
};

function reportForPerson({ status, applied, troubles }: RecoveryReport): string {
  const done = applied.map((action) => `done: ${printable(actionText(action))}\n`).join("");
  return `\n${done}${listText("The exchange refused, or did not answer", troubles)}${VERDICTS[status]}\n`;
}

const VERDICTS: Readonly<Record<RecoveryReport["status"], string>> = {
  recovered: "State and exchange agree; entries go ahead.",
  awaiting_approval: "More has come up that a person has to approve; entries stay blocked. Run it again.",
  unsettled: "Not everything is settled yet; entries stay blocked. Run it again.",
  dry_run: "Nothing was touched.",
};
