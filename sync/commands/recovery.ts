import type { AddCommand } from "../../src/cli/command.js";
import { EXIT } from "../../src/cli/exit-code.js";
import type { Invocation } from "../../src/cli/invocation.js";
import type { RecoveryState } from "../../src/types.js";
import { ago, left } from "../../src/words/in-words.js";
import { printable } from "../../src/words/printable.js";
import { waitingPlan, waitingPlanText } from "./waiting-plan.js";

export const addRecovery: AddCommand = (program, run) => {
  const recovery = program
    .command("recovery")
    .description("Look at the recovery that is under way, approve the plan that waits in it, or end it.")
    .addHelpText("after", "\nExample:\n  $ sf-state recovery show --flow bot --config bot.yaml");

  recovery
    .command("show")
    .description("Show who recovers, since when, and the plan that waits. Ends with 1 while one is under way.")
    .addHelpText("after", "\nExample:\n  $ sf-state recovery show --flow bot --config bot.yaml")
    .action((_, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        const found = await manager.getRecovery();
        const { at } = await manager.snapshot();
        invocation.print(found === undefined ? null : jsonOf(found), () => textOf(invocation, found, at));
        if (found) invocation.exitCode = EXIT.problem;
      }),
    );

  recovery
    .command("approve <hash>")
    .description(
      "Approve the plan that waits: the bot that waits in recover, or the next recovery, carries it out if it still holds.",
    )
    .option("--yes", "do not ask")
    .addHelpText("after", "\nExample:\n  $ sf-state recovery approve 0123456789abcdef --flow bot --config bot.yaml")
    .action((hash, options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        const found = await manager.getRecovery();
        const plan = found && waitingPlan(found);
        if (plan?.hash === hash && !options.yes && !invocation.json) {
          invocation.terminal.out(waitingPlanText(plan, invocation.terminal.colours));
        }
        await invocation.consent(`Approve plan ${hash} of flow ${manager.flowId}?`, options.yes);
        const approved = await manager.approveRecovery(hash);
        invocation.print({ hash, approved }, () =>
          approved
            ? `plan ${hash} is approved: the bot that waits in recover carries it out, else run sf-state recover\n`
            : `plan ${hash} was approved before\n`,
        );
      }),
    );

  recovery
    .command("end")
    .description("End the recovery, whoever holds it, without doing what is left of it: entries go ahead again.")
    .option("--yes", "do not ask")
    .addHelpText("after", "\nExample:\n  $ sf-state recovery end --flow bot --config bot.yaml")
    .action((options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        const found = await manager.getRecovery();
        if (found) {
          await invocation.consent(
            `End the recovery of flow ${manager.flowId}, ${found.reason}? Entries go ahead, whether state and exchange agree or not.`,
            options.yes,
          );
        }
        const ended = await manager.endRecovery();
        invocation.print({ ended }, () => (ended ? "ended; entries go ahead\n" : "no recovery is under way\n"));
      }),
    );
};

function jsonOf(found: RecoveryState): object {
  const { journal, ...state } = found;
  const approved = journal.get("approved");
  return { ...state, planHash: journal.get("plan_hash"), approved, plan: waitingPlan(found) };
}

function textOf({ terminal }: Invocation, found: RecoveryState | undefined, now: Date): string {
  if (!found) return "no recovery is under way\n";
  const { dim, yellow } = terminal.colours;
  const { reason, holder, begunAt, until, journal } = found;
  const held = until ? `${holder}, ${left(until, now)}` : `nobody; ${holder} left it unfinished`;
  const hash = journal.get("plan_hash");
  const lines: [string, string][] = [
    ["recovery", `${found.id}: ${reason}`],
    ["begun", ago(begunAt, now)],
    ["held by", held],
  ];
  const plan = waitingPlan(found);
  if (hash === undefined) lines.push(["plan", "none waits for a person"]);
  else if (journal.get("approved") === hash) lines.push(["plan", `${hash} is approved`]);
  else lines.push(["plan", yellow(`${hash} waits for a person: sf-state recovery approve ${hash}`)]);
  if (hash !== undefined && !plan) lines.push(["", "what it would do cannot be read here: sf-state recover --dry-run"]);
  const head = lines.map(([name, words]) => `${dim(name.padEnd(10))}${printable(words)}\n`).join("");
  return plan ? `${head}\n${waitingPlanText(plan, terminal.colours)}` : head;
}
