import { aliveWords } from "../../doctor/liveness-words.js";
import { livenessOf } from "../../state/liveness.js";
import type { Instance } from "../../types.js";
import { ago, count, span, time } from "../../words/in-words.js";
import { printable } from "../../words/printable.js";
import type { AddCommand } from "../command.js";
import { EXIT } from "../exit-code.js";
import { placeName } from "../flows.js";
import { countedWords } from "../status/status-text.js";
import { table } from "../terminal-table.js";

/** How many instances one call forgets. */
const LOT = 1000;

/** Lines of the screen that are not rows: the heading, the text below, the next prompt. */
const ROUND = 4;

export const addInstances: AddCommand = (program, run) => {
  program
    .command("instances")
    .description(
      "List the bots of a flow, alive and dead, by their heartbeats and execution.dead_after. Ends with 1 when one is dead.",
    )
    .option("--wide", "a line for each, even if the screen has too few lines")
    .option("--prune", "forget the dead ones: their alarm ends")
    .option("--yes", "do not ask")
    .addHelpText("after", "\nExample:\n  $ sf-state instances --prune --flow bot --config bot.yaml")
    .action(({ prune, yes, wide }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        const { flowId, config } = manager;
        const { at, instances } = await manager.snapshot();
        const deadAfter = config.execution.dead_after;
        const liveness = livenessOf(instances, at, deadAfter);
        const { dead } = liveness;
        if (prune) {
          if (dead.length > 0) {
            const who = few(dead, at);
            await invocation.consent(
              `Forget ${count(dead.length, "dead bot")} of flow ${flowId} at ${placeName(config, flowId)}: ${who}? One that gives a heartbeat again is listed again.`,
              yes,
            );
          }
          const forgotten: string[] = [];
          for (let from = 0; from < dead.length; from += LOT) {
            forgotten.push(...(await manager.forgetInstances(dead.slice(from, from + LOT))));
          }
          invocation.print({ forgotten }, () =>
            forgotten.length === 0
              ? "no bot is dead; nothing was done\n"
              : `forgot ${forgotten.map(printable).join(", ")}\n`,
          );
          return;
        }
        const rows = instances.map((instance) => ({ ...instance, alive: !dead.includes(instance) }));
        const { terminal } = invocation;
        const { red, green, dim } = terminal.colours;
        invocation.print(rows, () => {
          if (rows.length === 0) return "no bot has given a heartbeat, or all have signed off\n";
          const isLong = !wide && terminal.isScreen && rows.length > terminal.size().rows - ROUND;
          const listed = isLong ? rows.filter(({ alive }) => !alive) : rows;
          const list = table(
            terminal,
            [
              { title: "bot" },
              { title: "" },
              { title: "heartbeat", align: "right" },
              { title: "at (UTC)" },
              { title: "version" },
            ],
            listed.map(({ id, alive, lastHeartbeat, version }) => [
              id,
              alive ? green("alive") : red("dead"),
              ago(lastHeartbeat, at),
              time(lastHeartbeat),
              version ?? "before 0.2",
            ]),
          );
          const advice = dead.length === 0 ? "" : "; --prune forgets the dead";
          if (isLong) {
            const hint = dim(`; --wide lists all${advice.replace(";", ",")}`);
            return `${dead.length === 0 ? "" : list}${countedWords(terminal.colours, liveness, at)}${hint}\n`;
          }
          return `${list}${aliveWords(liveness)} (dead: silent for more than ${span(deadAfter)})${advice}\n`;
        });
        if (dead.length > 0) invocation.exitCode = EXIT.problem;
      }),
    );
};

function few(dead: readonly Instance[], now: Date): string {
  const shown = dead.slice(0, 5).map(({ id, lastHeartbeat }) => `${id} (${ago(lastHeartbeat, now)})`);
  return dead.length > shown.length ? `${shown.join(", ")} and ${dead.length - shown.length} more` : shown.join(", ");
}
