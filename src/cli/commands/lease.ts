import { LIFE_WORDS } from "../../doctor/liveness-words.js";
import { lifeOf, livenessOf } from "../../state/liveness.js";
import { left, time } from "../../words/in-words.js";
import { printable } from "../../words/printable.js";
import { notEmpty } from "../arguments.js";
import { type AddCommand, group } from "../command.js";
import { EXIT, ProblemError } from "../exit-code.js";
import { placeName } from "../flows.js";

export const addLease: AddCommand = (program, run) => {
  const lease = group(program, "lease");
  lease
    .description("Show the lease of a flow, or take it from a dead holder.")
    .addHelpText("after", "\nExample:\n  $ sf-state lease show --flow bot --config bot.yaml");

  lease
    .command("show")
    .description("Show who holds the lease, until when, and whether that bot is alive. Ends with 1 when it is dead.")
    .addHelpText("after", "\nExample:\n  $ sf-state lease show --flow bot --config bot.yaml")
    .action((_, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        const held = await manager.getLease();
        const { at, instances } = await manager.snapshot();
        const life = held && lifeOf(held, livenessOf(instances, at, manager.config.execution.dead_after), at);
        invocation.print(held ? { ...held, life } : null, () => {
          if (!held || !life) return "the lease is free\n";
          const { holder, until, token } = held;
          const free = life === "dead" ? "\nanother bot may take over at once: sf-state lease break" : "";
          const who = [printable(holder), LIFE_WORDS[life]].filter((words) => words !== "").join(", ");
          return `held by ${who}; ${left(until, at)}, until ${time(until)} UTC (token ${token})${free}\n`;
        });
        if (life === "dead") invocation.exitCode = EXIT.problem;
      }),
    );

  lease
    .command("break")
    .description(
      "Take the lease from a dead holder: the holder is fenced, and another bot may take over at once. Refused if the holder may be alive.",
    )
    .option("--force <why>", "also from a holder that may be alive; the reason, for the event log", notEmpty)
    .option("--yes", "do not ask")
    .addHelpText(
      "after",
      "\nA holder that is alive after all loses the lease: with execution.single_active it changes nothing more in the flow, and its" +
        "\nlease says that it is lost. What it has under way at the exchange goes on until it sees that." +
        "\n\nExample:\n  $ sf-state lease break --flow bot --config bot.yaml",
    )
    .action(({ force, yes }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        const { flowId, config } = manager;
        const held = await manager.getLease();
        if (!held) {
          invocation.print({ broken: false }, () => "the lease is free; nothing was done\n");
          return;
        }
        const { holder, until, token } = held;
        const { at, instances } = await manager.snapshot();
        const life = lifeOf(held, livenessOf(instances, at, config.execution.dead_after), at);
        const state = life === "alive" ? "is alive" : LIFE_WORDS[life];
        if (life !== "dead" && life !== "gone" && force === undefined) {
          throw new ProblemError(
            `${holder} holds the lease, and ${state === "is alive" ? state : "gives no heartbeats: it may be alive"}; nothing was done. Stop that bot and its lease ends, in ${left(until, at).replace(" left", "")} at the latest; or say --force WHY`,
          );
        }
        await invocation.consent(
          `Take the lease of flow ${flowId} at ${placeName(config, flowId)} off ${holder} (${state})? It is fenced, and another bot may take over at once.`,
          yes,
        );
        const broken = await manager.breakLease(token, force ?? `its holder ${holder} is dead`);
        invocation.print({ broken, holder, token }, () =>
          broken ? `${printable(holder)} holds the lease no more\n` : "it had ended meanwhile; nothing was done\n",
        );
      }),
    );
};
