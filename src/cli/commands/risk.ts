import { parseRiskLimits, RISK_LIMITS, type RiskLimits } from "../../config/risk-limits.js";
import type { GuardStatus } from "../../types.js";
import { amount, count, fraction, gain, left } from "../../words/in-words.js";
import { printable } from "../../words/text-table.js";
import type { AddCommand } from "../command.js";
import { UsageError } from "../exit-code.js";
import { guardWords } from "../guard-words.js";
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
        const [{ risk, limits, breaker, at }, guards] = await Promise.all([manager.snapshot(), manager.getGuards()]);
        const { terminal } = invocation;
        invocation.print({ risk, limits, breaker, ...guards }, () => {
          const rows = [
            ["day", risk.day],
            ["pnl today", gain(risk.dailyPnl)],
            ["trades today", String(risk.dailyTrades)],
            ["streak", count(risk.consecutiveLosses, "loss", "losses")],
            ["drawdown", `${fraction(risk.currentDrawdown)} of a peak of ${amount(risk.peakEquity)}`],
            ["breaker", breakerWords(terminal.colours, breaker, at)],
          ];
          const tables = `${table(terminal, [{ title: "risk" }, { title: "" }], rows)}\n${limitTable(terminal, limits)}`;
          return guards.guards.length === 0 ? tables : `${tables}\n${guardTable(terminal, guards, at)}`;
        });
      }),
    );

  risk
    .command("set <limits...>")
    .description(
      `Set limits of the flow, for all its bots; an empty value removes one. Names: ${RISK_LIMITS.join(", ")}.`,
    )
    .addHelpText(
      "after",
      "\nExample:\n  $ sf-state risk set max_daily_loss=300 max_exposure= --flow bot --url redis://localhost:6379" +
        "\n\nA bot that is started with limits in its configuration writes those again.",
    )
    .action((pairs, _, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const wanted = parseRiskLimits(Object.fromEntries(pairs.map(limitOf)));
        await using manager = await invocation.open();
        const limits = await manager.setRiskLimits(wanted);
        invocation.print(limits, () => limitTable(invocation.terminal, limits));
      }),
    );

  risk
    .command("clear-guards")
    .description("Remove the flow's look-back guards, for all its bots.")
    .addHelpText(
      "after",
      "\nExample:\n  $ sf-state risk clear-guards --flow bot --url redis://localhost:6379" +
        "\n\nA bot that is started with risk.guards in its configuration sets those again.",
    )
    .action((_, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        const guards = await manager.setGuards([]);
        invocation.print({ guards }, () => "The flow has no guards now.\n");
      }),
    );
};

/** `max_daily_loss=300`; what is no number is left as it is, for the message that says what was expected. */
function limitOf(pair: string): [string, unknown] {
  const at = pair.indexOf("=");
  if (at < 1) throw new UsageError(`expected name=value, such as max_daily_loss=300, got ${JSON.stringify(pair)}`);
  const value = pair.slice(at + 1);
  if (value === "") return [pair.slice(0, at), null];
  return [pair.slice(0, at), /^-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/.test(value) ? Number(value) : value];
}

function limitTable(terminal: Terminal, limits: RiskLimits): string {
  return table(
    terminal,
    [{ title: "limit" }, { title: "value", align: "right" }],
    RISK_LIMITS.map((name) => [name, limits[name] === undefined ? "none" : printable(String(limits[name]))]),
  );
}

/** Each guard with what it blocks now. */
function guardTable(terminal: Terminal, { guards, blocks }: GuardStatus, now: Date): string {
  const rows = guards.map((guard) => [printable(guardWords(guard)), "nothing"]);
  for (const { guard, pair, side, until } of blocks) {
    const row = rows[guard];
    const whom = `${pair ?? "all"}${side === undefined ? "" : ` ${side}`}, ${left(until, now)}`;
    if (row) row[1] = row[1] === "nothing" ? printable(whom) : `${row[1]}; ${printable(whom)}`;
  }
  return table(terminal, [{ title: "guard" }, { title: "blocks now" }], rows);
}
