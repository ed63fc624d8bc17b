import type { RedisAccount } from "../../backends/redis/account.js";
import { resolveConfig } from "../../config/schema.js";
import { accountNamed } from "../../manager/account.js";
import type { AccountFlow } from "../../types.js";
import { count } from "../../words/in-words.js";
import { printable } from "../../words/printable.js";
import type { AddCommand } from "../command.js";
import { EXIT, ProblemError, UsageError } from "../exit-code.js";
import type { Invocation } from "../invocation.js";

const NAMED = "the exchange account [recovery.account]";

export const addAccount: AddCommand = (program, run) => {
  const account = program
    .command("account")
    .description("Look at the flows that share an exchange account, or take one off it.")
    .addHelpText("after", "\nExample:\n  $ sf-state account show --config bot.yaml");

  account
    .command("show")
    .description("List the flows of an account. Ends with 1 when one of them cannot be read.")
    .option("--account <name>", NAMED)
    .addHelpText("after", "\nExample:\n  $ sf-state account show --account main --url redis://localhost:6379")
    .action((options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const found = await accountSaid(invocation, options.account);
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
        const found = await accountSaid(invocation, options.account);
        const flow = (await found.flows()).find((each) => each.flowId === flowId);
        if (!flow) throw new ProblemError(`account ${found.name} has no flow ${flowId}; nothing was done`);
        await invocation.consent(
          `Forget flow ${flowId} of account ${found.name} (${holdings(flow)})? What it holds at the exchange is taken for nobody's.`,
          options.yes,
        );
        const forgotten = await found.forget(flowId);
        invocation.print({ account: found.name, flow: flowId, forgotten }, () =>
          printable(`${flowId} is no flow of account ${found.name} any more, until it connects again`).concat("\n"),
        );
      }),
    );
};

async function accountSaid(invocation: Invocation, name: string | undefined): Promise<RedisAccount> {
  const config = await invocation.config();
  const { backend, redis, recovery } =
    name === undefined ? config : resolveConfig({ ...config, recovery: { account: name } });
  if (backend !== "redis") throw new UsageError("flows of an account know of each other in Redis only: say --url");
  if (recovery.account === undefined) {
    throw new UsageError("which account? Say --account, or recovery.account in --config");
  }
  return accountNamed(redis, recovery.account);
}

function holdings(flow: AccountFlow): string {
  return flow.readable
    ? `${count(flow.positions.length, "position")}, ${count(flow.orders.length, "pending order")}`
    : `cannot be read: ${flow.why}`;
}
