import type { RedisAccount } from "../../backends/redis/account.js";
import {
  ACCOUNT_SETTINGS,
  type AccountSettingsGiven,
  parseAccountLimits,
  parseAccountName,
} from "../../config/account.js";
import { type ResolvedConfig, resolveConfig } from "../../config/schema.js";
import { UnknownFlowError } from "../../errors.js";
import { accountNamed } from "../../manager/account.js";
import type { AccountAccess } from "../../manager/account-access.js";
import { settingsIn } from "../../manager/account-membership.js";
import type { AccountLimitsInForce } from "../../operations/set-account-limits.js";
import type { AccountFlow, AccountPart, AccountStatus } from "../../types.js";
import { amount, count, durationText, gain } from "../../words/in-words.js";
import { printable } from "../../words/printable.js";
import type { AddCommand } from "../command.js";
import { endedMove } from "../ended-move.js";
import { EXIT, ProblemError, UsageError } from "../exit-code.js";
import type { Invocation } from "../invocation.js";
import { limitNamed, limitsOf, limitTable } from "../limits.js";
import { accountWords } from "../status/status-text.js";
import type { Terminal } from "../terminal.js";
import { table } from "../terminal-table.js";

const NAMED = "the exchange account [recovery.account]";

export const addAccount: AddCommand = (program, run) => {
  const account = program
    .command("account")
    .description("An exchange account: its limits and its flows, and how a flow joins and leaves it.")
    .addHelpText("after", "\nExample:\n  $ sf-state account show --config bot.yaml");

  account
    .command("status")
    .description(
      "Show an account's breaker, sums and limits, and the part of each flow. Ends with 1 when its breaker is tripped.",
    )
    .option("--account <name>", NAMED)
    .addHelpText("after", "\nExample:\n  $ sf-state account status --account main --url redis://localhost:6379")
    .action((options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        await using found = await opened(invocation, options.account);
        const status = await found.status();
        invocation.print(status, () => accountText(invocation.terminal, status));
        if (status.breaker.active) invocation.exitCode = EXIT.problem;
      }),
    );

  account
    .command("set <limits...>")
    .description(
      `Set limits of an account, for all its flows; an empty value removes one. Names: ${ACCOUNT_SETTINGS.join(", ")}.`,
    )
    .option("--account <name>", NAMED)
    .option("--yes", "do not ask")
    .addHelpText(
      "after",
      "\nExample:\n  $ sf-state account set max_daily_loss=300 max_exposure= --account main --url redis://localhost:6379" +
        "\n\nA bot that connects with account limits in its configuration makes these only tighter, until account unset." +
        "\nA limit of a day's loss or of the drawdown that is reached already trips the account's breaker.",
    )
    .action((pairs, options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const limits = parseAccountLimits(Object.fromEntries(limitsOf(pairs)));
        await using found = await opened(invocation, options.account);
        const changes = changesOf(await found.status(), limits);
        await invocation.consent(
          `Set limits of account ${found.name}, for all its flows: ${changes}? One that is reached already trips its breaker.`,
          options.yes,
        );
        showLimits(invocation, await found.setLimits(limits));
      }),
    );

  account
    .command("unset <names...>")
    .description(
      "Give limits of an account back to the configuration: each becomes the value in --config, or none until a bot connects.",
    )
    .option("--account <name>", NAMED)
    .option("--yes", "do not ask")
    .addHelpText("after", "\nExample:\n  $ sf-state account unset max_exposure --config bot.yaml")
    .action((names, options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const returned = names.map((name) => limitNamed(ACCOUNT_SETTINGS, name));
        await using found = await opened(invocation, options.account);
        await invocation.consent(
          `Give limits of account ${found.name} back to the configuration, for all its flows: ${changesOf(await found.status(), found.configured(returned))}?`,
          options.yes,
        );
        showLimits(invocation, await found.unsetLimits(returned));
      }),
    );

  account
    .command("join <name>")
    .description("Put a flow into an account, with everything that it has open. Its bots have to connect again.")
    .option("--undo", "in a cluster: undo an unfinished join; the flow is as before")
    .option("--yes", "do not ask")
    .addHelpText(
      "after",
      "\nExample:\n  $ sf-state account join main --flow bot --config bot.yaml\n\nIn a cluster the flow moves to the account's slot. Where that was left unfinished, the same command goes on with it.",
    )
    .action((name, options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        if (await endedMove(invocation, "in", options, name)) return;
        const account = parseAccountName(name);
        const { startingEquity } = settingsIn(await invocation.config(), account);
        await using manager = await invocation.open();
        const { flowId } = manager;
        const before = await manager.getAccount();
        if (before && before.name !== account) {
          throw new ProblemError(
            `${flowId} is in account ${before.name}: take it out first, with sf-state account leave; nothing was done`,
          );
        }
        const isIn = before !== undefined;
        if (isIn && (startingEquity === undefined || before.startingEquity !== undefined)) {
          invocation.print(
            { flowId, account: before, joined: false },
            () => `${flowId} is in account ${account} already; nothing was done\n`,
          );
          return;
        }
        await invocation.consent(
          isIn
            ? `Flow ${flowId} is in account ${account} already. Set the account's starting equity to ${startingEquity}?`
            : `Put flow ${flowId} into account ${account}? Its bots have to connect again.`,
          options.yes,
        );
        await manager.joinAccount(account);
        const status = await manager.getAccount();
        invocation.print({ flowId, account: status, joined: !isIn }, () =>
          isIn
            ? `account ${account}: its starting equity is ${status?.startingEquity}; ${flowId} was in it already\n`
            : `${flowId} is in account ${account}\n`,
        );
      }),
    );

  account
    .command("leave")
    .description(
      "Take a flow out of its account: its slots and exposure leave the sums, its bookings stay. Its bots have to connect again.",
    )
    .option("--undo", "in a cluster: undo an unfinished leave; the flow is as before")
    .option("--yes", "do not ask")
    .addHelpText(
      "after",
      "\nExample:\n  $ sf-state account leave --flow bot --config bot.yaml\n\nIn a cluster the flow moves to a slot of its own. Where that was left unfinished, the same command goes on with it.",
    )
    .action((options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        if (await endedMove(invocation, "out", options)) return;
        await using manager = await invocation.open();
        const { flowId } = manager;
        const status = await manager.getAccount();
        if (!status) throw new ProblemError(`${flowId} is in no account; nothing was done`);
        await invocation.consent(
          `Take flow ${flowId} out of account ${status.name}? Its bots have to connect again.`,
          options.yes,
        );
        const left = await manager.leaveAccount();
        invocation.print({ flowId, account: status.name, left }, () => `${flowId} has left account ${status.name}\n`);
      }),
    );

  account
    .command("show")
    .description("List the flows of an account. Ends with 1 when one of them cannot be read.")
    .option("--account <name>", NAMED)
    .addHelpText("after", "\nExample:\n  $ sf-state account show --account main --url redis://localhost:6379")
    .action((options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const found = await membersOf(invocation, await nameSaid(invocation, options.account));
        if (!found) throw new UsageError("flows of an account know of each other in Redis only: say --url");
        const flows = await found.flows();
        invocation.print(flows, () =>
          flows.length === 0
            ? `account ${found.name} has no flows\n`
            : flows.map((flow) => printable(`${flow.flowId}  ${holdings(flow)}`).concat("\n")).join(""),
        );
        if (flows.some(({ readable }) => !readable)) invocation.exitCode = EXIT.problem;
      }),
    );

  account
    .command("forget <flow>")
    .description("Take a flow off an account: recovery does not look at it any more. The flow itself stays as it is.")
    .option("--account <name>", NAMED)
    .option("--yes", "do not ask")
    .addHelpText("after", "\nExample:\n  $ sf-state account forget old-bot --config bot.yaml")
    .action((flowId, options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const name = await nameSaid(invocation, options.account);
        const members = await membersOf(invocation, name);
        await using access = await limitedOf(invocation, name, members === undefined);
        const account = access?.name ?? name;
        const flow = (await members?.flows())?.find((each) => each.flowId === flowId);
        const part = await partOf(access, flowId);
        if (!flow && !part) throw new ProblemError(`account ${account} has no flow ${flowId}; nothing was done`);
        const counted = part ? `, counted with ${count(part.slots, "slot")} and an exposure of ${part.exposure}` : "";
        await invocation.consent(
          `Forget flow ${flowId} of account ${account} (${flow ? holdings(flow) : "it is gone"}${counted})? What it holds at the exchange is taken for nobody's.`,
          options.yes,
        );
        if (part) await access?.forget(flowId);
        const forgotten = flow !== undefined && (await members?.forget(flowId)) === true;
        invocation.print({ account, flow: flowId, forgotten, ...(part && { part }) }, () =>
          printable(
            `${flowId} is no flow of account ${account} any more, until it connects again${
              part ? `; ${count(part.slots, "slot")} and an exposure of ${part.exposure} are off its sums` : ""
            }`,
          ).concat("\n"),
        );
      }),
    );
};

function showLimits(invocation: Invocation, { limits, origins, duration }: AccountLimitsInForce): void {
  const breaker_duration = { ...duration, value: durationText(duration.value) };
  invocation.print({ ...limits, breaker_duration: duration.value }, () =>
    limitTable(invocation.terminal, ACCOUNT_SETTINGS, { ...origins, breaker_duration }),
  );
}

/** The configuration for looking at an account that may differ from the configured one. */
function withoutAccount({ account: _, ...config }: ResolvedConfig, name: string): ResolvedConfig {
  return resolveConfig({ ...config, recovery: { ...config.recovery, account: name } });
}

/** The name of the requested account; for a DuckDB file without a given name, that of its flow. */
async function nameSaid(invocation: Invocation, name: string | undefined): Promise<string | undefined> {
  const { backend, recovery } =
    name === undefined ? await invocation.config() : withoutAccount(await invocation.config(), name);
  if (backend === "redis" && recovery.account === undefined) {
    throw new UsageError("which account? Say --account, or recovery.account in --config");
  }
  return recovery.account;
}

async function opened(invocation: Invocation, name: string | undefined): Promise<AccountAccess> {
  return invocation.openAccount(await nameSaid(invocation, name));
}

/** The account's members as recovery knows them; undefined for a DuckDB file, which has one flow. */
async function membersOf(invocation: Invocation, name: string | undefined): Promise<RedisAccount | undefined> {
  const { backend, redis } = await invocation.config();
  return backend === "redis" && name !== undefined ? accountNamed(redis, name) : undefined;
}

/** An account with limits; undefined if there is none of that name, unless one is required. */
async function limitedOf(
  invocation: Invocation,
  name: string | undefined,
  isNeeded: boolean,
): Promise<AccountAccess | undefined> {
  try {
    return await invocation.openAccount(name);
  } catch (error) {
    if (error instanceof UnknownFlowError && !isNeeded) return undefined;
    throw error;
  }
}

/** What an account with limits counts of a flow; undefined if that is nothing. */
async function partOf(access: AccountAccess | undefined, flowId: string): Promise<AccountPart | undefined> {
  const { flows = [] } = (await access?.status()) ?? {};
  return flows.find((flow) => flow.flowId === flowId && (flow.slots !== 0 || flow.exposure !== 0));
}

function changesOf({ limits, breakerDuration }: AccountStatus, wanted: AccountSettingsGiven): string {
  const { duration } = wanted;
  return [
    ...wanted.limits.map(([name, limit]) => `${name} ${limits[name] ?? "none"} to ${limit ?? "none"}`),
    ...(duration === undefined
      ? []
      : [`breaker_duration ${durationText(breakerDuration.value)} to ${durationText(duration)}`]),
  ].join(", ");
}

function accountText(terminal: Terminal, status: AccountStatus): string {
  const { flows } = status;
  const rows = flows.map((flow) => [
    flow.flowId,
    String(flow.slots),
    amount(flow.exposure),
    gain(flow.dailyPnl),
    gain(flow.booked),
    gain(flow.transferred),
  ]);
  const columns = ["slots", "exposure", "pnl today", "booked", "transferred"];
  return `${printable(accountWords(terminal.colours, status, status.at))}\n\n${table(
    terminal,
    [{ title: "flow" }, ...columns.map((title) => ({ title, align: "right" as const }))],
    rows,
  )}`;
}

function holdings(flow: AccountFlow): string {
  return flow.readable
    ? `${count(flow.positions.length, "position")}, ${count(flow.orders.length, "pending order")}`
    : `cannot be read: ${flow.why}`;
}
