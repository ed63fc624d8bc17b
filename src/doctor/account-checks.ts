/** Checks the other flows that share the flow's exchange account. */
import type { RedisAccount } from "../backends/redis/account.js";
import { StateError } from "../errors.js";
import { count } from "../words/in-words.js";
import { type Finding, Findings } from "./finding.js";

/** Whether the account's other flows can be read: if one cannot, recovery waits for a person. */
export async function checkAccount(account: RedisAccount, flowId: string): Promise<Finding[]> {
  const found = new Findings("account");
  try {
    const members = await account.members();
    if (!members.includes(flowId)) {
      found.note(
        `${flowId} is no flow of account ${account.name}: the others do not know of it`,
        "it becomes one when a bot connects with recovery.account",
      );
    }
    const flows = await account.flows(flowId);
    for (const flow of flows) {
      if (flow.readable) continue;
      found.problem(
        `flow ${flow.flowId} of account ${account.name} cannot be read: ${flow.why}`,
        "what differs in its pairs waits for a person: let it be read, or sf-state account forget it",
      );
    }
    if (found.all.length === 0) found.ok(`${count(flows.length, "other flow")} of account ${account.name} can be read`);
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    found.problem(error.message, "recovery of this flow fails until its account can be read");
  }
  return found.all;
}
