import { notEmpty } from "../../src/cli/arguments.js";
import type { AddCommand } from "../../src/cli/command.js";
import { EXIT, ProblemError } from "../../src/cli/exit-code.js";
import { placeName } from "../../src/cli/flows.js";
import type { Invocation } from "../../src/cli/invocation.js";
import { LIFE_WORDS } from "../../src/doctor/liveness-words.js";
import { type HolderLife, lifeOf, livenessOf } from "../../src/state/liveness.js";
import type { RecoveryState } from "../../src/types.js";
import { ago, count, left, time } from "../../src/words/in-words.js";
import { printable } from "../../src/words/printable.js";
import { orphanTries } from "../plan/orphan-tries.js";
import { waitingPlan, waitingPlanText } from "./waiting-plan.js";

const END_HELP = `
Rather run sf-state recover: it goes on where the other stopped, and ends by itself once state and exchange agree.
What is refused: a holder that is alive (stop it first), and a recovery that has sent orders of its own.

Example:
  $ sf-state recovery end --flow bot --config bot.yaml`;

export const addRecovery: AddCommand = (program, run) => {
  const recovery = program
    .command("recovery")
    .description("Show the recovery under way, approve the plan that waits in it, or end it.")
    .addHelpText("after", "\nExample:\n  $ sf-state recovery show --flow bot --config bot.yaml");

  recovery
    .command("show")
    .description("Show who recovers, since when, and the plan that waits. Ends with 1 while one is under way.")
    .addHelpText("after", "\nExample:\n  $ sf-state recovery show --flow bot --config bot.yaml")
    .action((_, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        const found = await manager.getRecovery();
        const { at, instances } = await manager.snapshot();
        const liveness = livenessOf(instances, at, manager.config.execution.dead_after);
        const life = found && lifeOf(found, liveness, at);
        invocation.print(found && life ? jsonOf(found, life) : null, () =>
          found && life ? textOf(invocation, found, life, at) : "no recovery is under way\n",
        );
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
    .description(
      "Give up a recovery that nobody continues: entries go ahead, and what it has not done stays undone. Refused while somebody may be working on it.",
    )
    .option(
      "--force <why>",
      "also if its holder may be alive, or if it has orders under way; the reason, for the event log",
      notEmpty,
    )
    .option("--yes", "do not ask")
    .addHelpText("after", END_HELP)
    .action(({ force, yes }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        const { flowId, config } = manager;
        const found = await manager.getRecovery();
        if (!found) {
          const ended = await manager.endRecovery();
          invocation.print({ ended }, () => (ended ? "ended; entries go ahead\n" : "no recovery is under way\n"));
          return;
        }
        const { at, instances } = await manager.snapshot();
        const life = lifeOf(found, livenessOf(instances, at, config.execution.dead_after), at);
        const undone = undoneOf(found);
        const danger = dangerOf(found, life);
        if (danger !== undefined && force === undefined) {
          throw new ProblemError(`${danger}; nothing was done. If it has to be, say --force WHY`);
        }
        const plan = waitingPlan(found);
        if (plan && !yes && !invocation.json) {
          invocation.terminal.out(waitingPlanText(plan, invocation.terminal.colours));
        }
        const place = placeName(config, flowId);
        await invocation.consent(
          `${place}: End the recovery of flow ${flowId}, ${found.reason}? ${danger === undefined ? "" : `Note: ${danger}. `}Entries go ahead, whether state and exchange agree or not; left undone: ${undone}.`,
          yes,
        );
        const reason = force ?? `given up: ${life === "dead" ? "its holder is dead" : "nobody held it"}`;
        const ended = await manager.endRecovery({
          reason,
          ...(force === undefined && { unlessHeldAfter: found.until ?? 0 }),
        });
        invocation.print({ ended, undone }, () =>
          ended ? `ended; entries go ahead\nleft undone: ${printable(undone)}\n` : "no recovery is under way\n",
        );
      }),
    );
};

/** Why it is not safe to end the recovery; undefined if it is safe. */
function dangerOf({ holder, journal }: RecoveryState, life: HolderLife): string | undefined {
  if (life === "alive")
    return `${holder} works on it and is alive: it goes on sending orders until it notices that it was ended`;
  if (life === "quiet") return `${holder} holds it and gives no heartbeats: it may still work on it`;
  const tries = orphanTries(journal);
  if (tries.length === 0) return undefined;
  const names = tries.map(({ id, pair, side }) => `${id} (closes ${side} ${pair})`).join(", ");
  return `orders that it has sent may be under way, and only its journal, which will be removed, knows them as its own: ${names}. sf-state recover goes on with it`;
}

/** What the recovery would have done, as far as that is known. */
function undoneOf(found: RecoveryState): string {
  const plan = waitingPlan(found);
  if (!plan)
    return "what it was about to do is not known; sf-state recover --dry-run shows where state and exchange differ";
  const { actions, omitted, hash } = plan;
  return `the ${count(actions.length + omitted, "action")} of plan ${hash}; sf-state recover --dry-run shows where state and exchange differ`;
}

function jsonOf(found: RecoveryState, life: HolderLife): object {
  const { journal, ...state } = found;
  const approved = journal.get("approved");
  const plan = waitingPlan(found);
  return {
    ...state,
    life,
    planHash: journal.get("plan_hash"),
    approved,
    mode: plan?.mode,
    plan,
    journal: Object.fromEntries(journal),
  };
}

function textOf({ terminal }: Invocation, found: RecoveryState, life: HolderLife, now: Date): string {
  const { dim, red, yellow } = terminal.colours;
  const { reason, begunAt, journal } = found;
  const hash = journal.get("plan_hash");
  const plan = waitingPlan(found);
  const lines: [string, string][] = [
    ["recovery", `${found.id}: ${reason}`],
    ["begun", `${ago(begunAt, now)}, at ${time(begunAt)} UTC`],
    ["held by", heldWords(found, life, now, red)],
    ...(life === "quiet" ? [["", LIFE_WORDS.quiet] satisfies [string, string]] : []),
    ["mode", plan?.mode ?? "not told: no plan waits"],
  ];
  if (hash === undefined) lines.push(["plan", "none waits for a person"]);
  else if (journal.get("approved") === hash) lines.push(["plan", `${hash} is approved`]);
  else lines.push(["plan", yellow(`${hash} waits for a person: sf-state recovery approve ${hash}`)]);
  if (hash !== undefined && !plan) lines.push(["", "what it would do cannot be read here: sf-state recover --dry-run"]);
  for (const [key, value] of journal) {
    if (!TOLD_ELSEWHERE.includes(key)) lines.push(["noted", `${key}: ${short(value)}`]);
  }
  const head = lines.map(([name, words]) => `${dim(name.padEnd(10))}${printable(words)}\n`).join("");
  return plan ? `${head}\n${waitingPlanText(plan, terminal.colours)}` : head;
}

/** Notes that the lines above show already. */
const TOLD_ELSEWHERE: readonly string[] = ["plan", "plan_hash", "approved"];

function short(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}... (--json has all of it)` : text;
}

function heldWords(found: RecoveryState, life: HolderLife, now: Date, red: (text: string) => string): string {
  const { holder, until } = found;
  if (!until || life === "gone") return `nobody; ${holder} left it unfinished`;
  const words = `${holder}, ${left(until, now)}`;
  if (life === "dead") return `${words}; ${red(LIFE_WORDS.dead)}: sf-state recovery end frees entries`;
  return words;
}
