import { parseRiskLimits, RISK_LIMITS, type RiskLimits } from "../../config/risk-limits.js";
import { differingLimits } from "../../doctor/limit-words.js";
import type { StateManager } from "../../manager/state-manager.js";
import type { GuardStatus } from "../../types.js";
import { amount, count, fraction, gain, left } from "../../words/in-words.js";
import { printable } from "../../words/printable.js";
import type { AddCommand } from "../command.js";
import { guardWords } from "../guard-words.js";
import type { Invocation } from "../invocation.js";
import { limitNamed, limitsOf, limitTable } from "../limits.js";
import { breakerWords } from "../status/status-text.js";
import type { Terminal } from "../terminal.js";
import { table } from "../terminal-table.js";

export const addRisk: AddCommand = (program, run) => {
  const risk = program
    .command("risk")
    .description("Show today's risk and the limits that are in force.")
    .addHelpText("after", "\nExample:\n  $ sf-state risk --flow bot --config bot.yaml")
    .action((_, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        const [snapshot, guards] = await Promise.all([manager.snapshot(), manager.getGuards()]);
        const { risk, limits, limitOrigins, breaker, at } = snapshot;
        const { terminal } = invocation;
        const differing = differingLimits(manager.config.risk, limitOrigins);
        invocation.print({ risk, limits, limitOrigins, differing, breaker, ...guards }, () => {
          const rows = [
            ["day", risk.day],
            ["pnl today", gain(risk.dailyPnl)],
            ["trades today", String(risk.dailyTrades)],
            ["streak", count(risk.consecutiveLosses, "loss", "losses")],
            ["drawdown", `${fraction(risk.currentDrawdown)} of a peak of ${amount(risk.peakEquity)}`],
            ["breaker", breakerWords(terminal.colours, breaker, at)],
          ];
          const differ = differing
            .map((words) => `${terminal.colours.yellow("differs")} ${printable(words)}\n`)
            .join("");
          const tables = `${table(terminal, [{ title: "risk" }, { title: "" }], rows)}\n${limitTable(terminal, RISK_LIMITS, limitOrigins)}${differ}`;
          return guards.guards.length === 0 ? tables : `${tables}\n${guardTable(terminal, guards, at)}`;
        });
      }),
    );

  risk
    .command("set <limits...>")
    .description(
      `Set limits of the flow, for all its bots; an empty value removes one. Names: ${RISK_LIMITS.join(", ")}.`,
    )
    .option("--yes", "do not ask")
    .addHelpText(
      "after",
      "\nExample:\n  $ sf-state risk set max_daily_loss=300 max_exposure= --flow bot --url redis://localhost:6379" +
        "\n\nA bot that is started with limits in its configuration makes these only tighter, until risk unset." +
        "\nA limit of a day's loss, of losses in a row or of the drawdown that is reached already trips the breaker.",
    )
    .action((pairs, { yes }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const wanted = parseRiskLimits(Object.fromEntries(limitsOf(pairs)));
        await using manager = await invocation.open();
        const now = await manager.getRiskLimits();
        const changes = RISK_LIMITS.flatMap((name) =>
          wanted[name] === undefined ? [] : [`${name} ${now[name] ?? "none"} to ${wanted[name] ?? "none"}`],
        );
        await invocation.consent(
          `Set limits of flow ${manager.flowId}, for all its bots: ${changes.join(", ")}? One that is reached already trips the breaker.`,
          yes,
        );
        const limits = await manager.setRiskLimits(wanted);
        await showLimits(invocation, manager, limits);
      }),
    );

  risk
    .command("unset <names...>")
    .description(
      "Give limits back to the configuration: each becomes the value in --config, or none until a bot connects.",
    )
    .option("--yes", "do not ask")
    .addHelpText("after", "\nExample:\n  $ sf-state risk unset max_exposure --flow bot --config bot.yaml")
    .action((names, { yes }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const returned = names.map((name) => limitNamed(RISK_LIMITS, name));
        await using manager = await invocation.open();
        const now = await manager.getRiskLimits();
        const configured = manager.config.risk;
        const changes = returned.map((name) => `${name} ${now[name] ?? "none"} to ${configured[name] ?? "none"}`);
        await invocation.consent(
          `Give limits of flow ${manager.flowId} back to the configuration, for all its bots: ${changes.join(", ")}?`,
          yes,
        );
        const limits = await manager.unsetRiskLimits(returned);
        await showLimits(invocation, manager, limits);
      }),
    );

  risk
    .command("clear-guards")
    .description("Remove the flow's look-back guards, for all its bots.")
    .option("--yes", "do not ask")
    .addHelpText(
      "after",
      "\nExample:\n  $ sf-state risk clear-guards --flow bot --url redis://localhost:6379" +
        "\n\nA bot that is started with risk.guards in its configuration sets those again.",
    )
    .action(({ yes }, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        await invocation.consent(`Remove all guards of flow ${manager.flowId}, for all its bots?`, yes);
        const guards = await manager.setGuards([]);
        invocation.print({ guards }, () => "The flow has no guards now.\n");
      }),
    );
};

async function showLimits(invocation: Invocation, manager: StateManager, limits: RiskLimits): Promise<void> {
  const origins = await manager.getRiskLimitOrigins();
  invocation.print(limits, () => limitTable(invocation.terminal, RISK_LIMITS, origins));
}

/** Each guard with its present block. */
function guardTable(terminal: Terminal, { guards, blocks }: GuardStatus, now: Date): string {
  const rows = guards.map((guard) => [printable(guardWords(guard)), "nothing"]);
  for (const { guard, pair, side, until } of blocks) {
    const row = rows[guard];
    const whom = `${pair ?? "all"}${side === undefined ? "" : ` ${side}`}, ${left(until, now)}`;
    if (row) row[1] = row[1] === "nothing" ? printable(whom) : `${row[1]}; ${printable(whom)}`;
  }
  return table(terminal, [{ title: "guard" }, { title: "blocks now" }], rows);
}
