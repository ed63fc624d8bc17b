import type { AccountAccess } from "../../manager/account-access.js";
import { breakerDuration as breakerEnd } from "../../manager/check.js";
import type { StateManager } from "../../manager/state-manager.js";
import { count } from "../../words/in-words.js";
import { printable } from "../../words/printable.js";
import { breakerDuration, notEmpty, untilWords } from "../arguments.js";
import type { AddCommand } from "../command.js";
import { EXIT, UsageError } from "../exit-code.js";
import { forEach, placeName } from "../flows.js";
import type { Invocation } from "../invocation.js";
import { breakerWords } from "../status/status-text.js";
import { table } from "../terminal-table.js";

export const addBreaker: AddCommand = (program, run) => {
  const breaker = program
    .command("breaker")
    .description("Show the circuit breaker. Ends with 1 when it is tripped.")
    .addHelpText("after", "\nExample:\n  $ sf-state breaker --flow bot --url redis://localhost:6379")
    .action((_, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using manager = await invocation.open();
        const { breaker, at } = await manager.snapshot();
        invocation.print(breaker, () => `${printable(breakerWords(invocation.terminal.colours, breaker, at))}\n`);
        if (breaker.active) invocation.exitCode = EXIT.problem;
      }),
    );

  breaker
    .command("trip")
    .argument("<reason>", "why: bots and the event log show it", notEmpty)
    .description("Block the entries of a flow, or of all flows. Exits go on: close, cancel and fill always work.")
    .option("--for <duration>", "2h, until_day_end or until_reset [risk.breaker_duration]", breakerDuration)
    .option("--all", "every flow in this Redis, or in a folder of DuckDB files")
    .option(
      "--account <name>",
      "all flows of an exchange account, in one write; without --for, as long as the account says",
    )
    .option("--yes", "do not ask")
    .addHelpText(
      "after",
      '\nExample:\n  $ sf-state breaker trip "exchange misbehaves" --for 2h --all --config bot.yaml',
    )
    .action((reason, options, command) =>
      run(command.optsWithGlobals(), (invocation) => {
        const { account: name } = options;
        if (name !== undefined) {
          return actOnAccount(invocation, { ...options, name }, "Trip the breaker", async (account) => {
            const given = options.for;
            const { until } = await account.trip(reason, given === undefined ? undefined : breakerEnd("--for", given));
            return { result: { until }, words: `entries of all its flows are blocked ${untilWords(until)}` };
          });
        }
        return act(invocation, options, "Trip the breaker", async (manager) => {
          const duration = options.for;
          const { until } = await manager.triggerCircuitBreaker(reason, duration === undefined ? {} : { duration });
          return { result: { until }, words: `entries are blocked ${untilWords(until)}` };
        });
      }),
    );

  breaker
    .command("reset")
    .description("Let entries of a flow, or of all flows, go ahead again.")
    .option("--reason <text>", "why, for the event log", notEmpty)
    .option("--all", "every flow in this Redis, or in a folder of DuckDB files")
    .option("--account <name>", "that of an exchange account; those of its flows stay as they are")
    .option("--yes", "do not ask")
    .addHelpText("after", "\nExample:\n  $ sf-state breaker reset --flow bot --config bot.yaml --yes")
    .action((options, command) =>
      run(command.optsWithGlobals(), (invocation) => {
        const { account: name } = options;
        if (name !== undefined) {
          return actOnAccount(invocation, { ...options, name }, "Reset the breaker", async (account) => {
            const reset = await account.reset(options.reason ?? "");
            return { result: { reset }, words: reset ? "entries of its flows may go ahead" : "was not tripped" };
          });
        }
        return act(invocation, options, "Reset the breaker", async (manager) => {
          const reset = await manager.resetCircuitBreaker(options.reason);
          return { result: { reset }, words: reset ? "entries may go ahead" : "was not tripped" };
        });
      }),
    );
};

/** What was done to a flow, for programs and in words. */
interface Deed {
  readonly result: object;
  readonly words: string;
}

/** Does it to an account, after consent. */
async function actOnAccount(
  invocation: Invocation,
  { name, all, yes }: { name: string; all?: true | undefined; yes?: true | undefined },
  question: string,
  deed: (account: AccountAccess) => Promise<Deed>,
): Promise<void> {
  const config = await invocation.config();
  // For DuckDB files, --flow says which one.
  if (all || (config.backend === "redis" && invocation.options.flow !== undefined))
    throw new UsageError("give --account, --flow or --all, not two of them");
  await using account = await invocation.openAccount(name);
  const { flows } = await account.status();
  const place = placeName(config);
  const ids = few(flows.map(({ flowId }) => flowId));
  await invocation.consent(`${question} of account ${name} at ${place}: ${ids}?`, yes);
  const { result, words } = await deed(account);
  invocation.print({ account: name, ...result }, () => printable(`account ${name}: ${words}`).concat("\n"));
}

/** Does it, after consent, to one flow or to all. If one fails, the others still follow. */
async function act(
  invocation: Invocation,
  { all, yes }: { all?: true | undefined; yes?: true | undefined },
  question: string,
  deed: (manager: StateManager) => Promise<Deed>,
): Promise<void> {
  const place = placeName(await invocation.config());
  const one = async (flowId: string) => {
    await using manager = await invocation.openFlow(flowId);
    return deed(manager);
  };

  if (!all) {
    const flowId = await invocation.flowId();
    await invocation.consent(`${question} of ${flowId} at ${place}?`, yes);
    const { result, words } = await one(flowId);
    invocation.print({ flowId, ...result }, () => `${flowId}: ${words}\n`);
    return;
  }

  const flows = await invocation.allFlows();
  await invocation.consent(`${question} of ${count(flows.length, "flow")} at ${place}: ${few(flows)}?`, yes);
  const done = await forEach(flows, one);
  const { red } = invocation.terminal.colours;
  const rows = flows.map((flowId, at) => {
    const outcome = done[at];
    if (outcome?.status === "fulfilled") return { flowId, ...outcome.value };
    const reason: unknown = outcome?.reason;
    return { flowId, error: invocation.redact(reason instanceof Error ? reason.message : String(reason)) };
  });
  invocation.print(
    rows.map((row) => ("error" in row ? row : { flowId: row.flowId, ...row.result })),
    () =>
      table(
        invocation.terminal,
        [{ title: "flow" }, { title: "" }],
        rows.map((row) => [row.flowId, "error" in row ? red("FAILED") : row.words]),
      ),
  );
  const failed = rows.flatMap((row) => ("error" in row ? [row] : []));
  for (const { flowId, error } of failed) invocation.problem(`${flowId}: ${error}`);
  if (failed.length > 0) invocation.problem(`failed for ${failed.map(({ flowId }) => flowId).join(", ")}`);
}

function few(flows: readonly string[]): string {
  const shown = flows.slice(0, 10).join(", ");
  return flows.length > 10 ? `${shown} and ${flows.length - 10} more` : shown;
}
