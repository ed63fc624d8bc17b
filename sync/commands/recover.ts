import { Option } from "@commander-js/extra-typings";
import { counting, duration, number } from "../../src/cli/arguments.js";
import type { AddCommand } from "../../src/cli/command.js";
import { EXIT, ProblemError } from "../../src/cli/exit-code.js";
import type { ResolvedConfig } from "../../src/config/schema.js";
import { printable } from "../../src/words/printable.js";
import { ORPHAN_ACTIONS, RECOVERY_MODES, UNEXPLAINED_ACTIONS } from "../../src/words/word-lists.js";
import { PaperExchange } from "../paper/paper-exchange.js";
import type { Ours, RecoveryOptions } from "../plan/options.js";
import { actionText, listText, planText } from "../plan/plan-text.js";
import { checkExchange, type ExchangeCheck } from "../recovery/check-exchange.js";
import { applyRecovery, planRecovery, type RecoveryReport } from "../recovery/recover.js";
import { openExchange } from "./open-exchange.js";
import { minSize, rate } from "./recovery-arguments.js";
import { ToldProgress } from "./told-progress.js";

const HELP = `
The exchange's keys come from the environment only, for binanceusdm: BINANCEUSDM_API_KEY, BINANCEUSDM_SECRET, and where the
exchange wants them BINANCEUSDM_PASSWORD, BINANCEUSDM_WALLET_ADDRESS, BINANCEUSDM_PRIVATE_KEY.

Ctrl-C ends it: nothing more is sent, what was begun stays unfinished, entries stay blocked until it is run again.
Ends with 0 when state and exchange agree, 1 when they do not (or not yet), 3 when one of them cannot be reached.

Example:
  $ sf-state recover --dry-run --exchange binanceusdm --flow bot --config bot.yaml`;

export const addRecover: AddCommand = (program, run) => {
  program
    .command("recover")
    .description("Bring a flow and its exchange back in line: shows the plan and, on consent, carries it out.")
    .requiredOption("--exchange <id>", "an exchange that ccxt knows, such as binanceusdm, or paper:FILE")
    .option(
      "--pairs <pairs>",
      "only these, with commas between: BTC/USDT:USDT,ETH/USDT:USDT (spot needs them) [recovery.ours.pairs]",
    )
    .option("--exchange-options <json>", 'for the ccxt client: {"options":{"defaultType":"swap"}}')
    .option("--sandbox", "the exchange's test network")
    .option("--unproven", "take an exchange that is not proven: every order waits for a person")
    .option("--hedged", "the account holds long and short of a pair at once [the exchange is asked]")
    .addOption(new Option("--mode <mode>", "[recovery.mode]").choices(RECOVERY_MODES))
    .addOption(new Option("--orphans <action>", "[recovery.orphan_positions]").choices(ORPHAN_ACTIONS))
    .addOption(
      new Option(
        "--unexplained <action>",
        "for a position that is gone without a fill that explains it [recovery.unexplained]",
      ).choices(UNEXPLAINED_ACTIONS),
    )
    .option(
      "--prefix <text>",
      "client order ids with this prefix are the flow's, too [recovery.ours.client_order_id_prefix]",
    )
    .option("--exclusive-account", "the account is this flow's alone [recovery.exclusive_account]")
    .option("--rate <currency=rate>", "flow currency per unit of another currency; may be given more than once", rate)
    .option(
      "--min-size <size>",
      "smaller positions are dust: 0.001, or PAIR=0.001, more than once [the exchange's own]",
      minSize,
    )
    .option("--tolerance <fraction>", "sizes that differ by less than this fraction are equal [1e-9]", number)
    .option("--confirmations <count>", "how many readings of the positions have to agree [2]", counting)
    .option("--max-state-age <duration>", "a state older than this is not trusted [recovery.max_state_age]", duration)
    .option("--timeout <duration>", "time limit of each request [30s]", duration)
    .option("--settle <duration>", "positions may lag behind fills younger than this [10s]", duration)
    .option(
      "--grace <duration>",
      "an order that the exchange does not know is given up once it is older than this [60s]",
      duration,
    )
    .option("--wait <duration>", "how long to wait for another process's recovery [15s]", duration)
    .option("--deadline <duration>", "how long to go on while nothing changes [60s]", duration)
    .option("--approve <hash>", "carry out the plan of this hash without asking, and no other")
    .option("--check", "only check whether the exchange's answers agree with each other; nothing is sent or changed")
    .option("--dry-run", "show the plan, change nothing")
    .option("--yes", "do not ask")
    .addHelpText("after", HELP)
    .action((options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const { terminal } = invocation;
        const pairs = options.pairs?.split(",");
        const exchange = await openExchange({ ...options, pairs });
        try {
          await using mgr = await invocation.open();
          if (options.check) {
            const { positions, orders } = await mgr.snapshot();
            const traded = pairs ?? [...new Set([...positions, ...orders].map(({ pair }) => pair))];
            const checked = await checkExchange(exchange, traded.length > 0 ? { pairs: traded } : {});
            invocation.print(checked, () => checkText(checked));
            if (!checked.fine) invocation.exitCode = EXIT.problem;
            return;
          }
          const { mode, orphans, exclusiveAccount, rate: rates, yes, approve, dryRun } = options;
          using progress = new ToldProgress(terminal);
          const signal = terminal.interrupted();
          const done: string[] = [];
          const asked: RecoveryOptions = {
            ...given({
              mode,
              orphanPositions: orphans,
              exclusiveAccount,
              unexplained: options.unexplained,
              minSize: options.minSize,
              tolerance: options.tolerance,
              confirmations: options.confirmations,
              maxStateAge: options.maxStateAge,
              timeout: options.timeout,
              settle: options.settle,
              grace: options.grace,
              wait: options.wait,
              deadline: options.deadline,
              rates: rates && ((currency: string) => rates.get(currency)),
            }),
            ours: { ...configuredOurs(mgr.config), ...given({ pairs, clientOrderIdPrefix: options.prefix }) },
            signal,
            onProgress: (told) => {
              if (told.at === "done") done.push(told.what);
              progress.tell(told);
            },
          };
          const plan = await unlessInterrupted({ signal, done }, () => planRecovery(mgr, exchange, asked));
          progress[Symbol.dispose]();
          const unfinished = await mgr.getRecovery();
          const agree = plan.failures.length === 0 && plan.actions.length === 0 && unfinished === undefined;
          if (dryRun || plan.failures.length > 0 || agree) {
            invocation.print(plan, () => planText(plan, terminal.colours));
            if (plan.failures.length > 0) invocation.exitCode = EXIT.cannotConnect;
            else if (!agree) invocation.exitCode = EXIT.problem;
            return;
          }
          if (!invocation.json) terminal.out(planText(plan, terminal.colours));
          if (approve !== undefined && approve !== plan.hash) {
            throw new ProblemError(
              `plan ${approve} is out of date: what is to be done now is plan ${plan.hash}; nothing was done`,
            );
          }
          await invocation.consent(
            `Carry out plan ${plan.hash} on flow ${mgr.flowId} and ${exchange.name}?`,
            yes || approve !== undefined,
          );
          const report = await unlessInterrupted({ signal, done }, () => applyRecovery(mgr, exchange, plan, asked));
          progress[Symbol.dispose]();
          invocation.print(report, () => reportForPerson(report));
          if (report.status !== "recovered") invocation.exitCode = EXIT.problem;
        } finally {
          if (exchange instanceof PaperExchange) await exchange.close();
        }
      }),
    );
};

/** The values that are given. */
type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function given<T extends object>(values: T): Given<T> {
  const found: Given<T> = { ...values };
  for (const name in found) if (found[name] === undefined) delete found[name];
  return found;
}

function configuredOurs({ recovery: { ours } }: ResolvedConfig): Ours {
  return given({ pairs: ours.pairs, clientOrderIdPrefix: ours.client_order_id_prefix });
}

/** After Ctrl-C the command says that it was interrupted, whatever became of the work, and what was done before, in words. */
async function unlessInterrupted<T>(
  { signal, done }: { readonly signal: AbortSignal; readonly done: readonly string[] },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!signal.aborted) throw error;
    const before = done.length === 0 ? "nothing was done" : `done before: ${done.map(printable).join("; ")}`;
    throw new ProblemError(
      `interrupted: nothing more was sent; what was begun stays unfinished, run it again (${before})`,
      { cause: error },
    );
  }
}

function checkText({ rows, fine }: ExchangeCheck): string {
  const lines = rows.map(({ about, verdict, says }) => `${verdict.padEnd(8)}${printable(about)}: ${printable(says)}\n`);
  return `${lines.join("")}${fine ? "Nothing is wrong." : "Something is wrong: do not trade on it before it is explained."}\n`;
}

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
