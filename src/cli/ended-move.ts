/** Ends or undoes, by command, a flow's unfinished move in a cluster: until then nobody can open the flow. */
import { settingsIn } from "../manager/account-membership.js";
import { ProblemError } from "./exit-code.js";
import type { Invocation } from "./invocation.js";

/** False if there is no such move and none is to be undone. `account`: the account that the flow is to join. */
export async function endedMove(
  invocation: Invocation,
  way: "in" | "out",
  { undo, yes }: { readonly undo?: boolean | undefined; readonly yes?: boolean | undefined },
  account?: string,
): Promise<boolean> {
  const config = await invocation.config();
  if (config.backend !== "redis" || !config.redis.cluster) {
    if (undo) throw new ProblemError("only in a cluster a flow moves when it joins or leaves; nothing was done");
    return false;
  }
  const flowId = await invocation.flowId();
  const { moveIn, moveOut, undoMove, unfinishedMove } = await import("../transfer/move-flow.js");
  const found = await unfinishedMove(config.redis, flowId);
  const words =
    found && `flow ${flowId} is on its way ${found.way === "in" ? "into" : "out of"} account ${found.account}`;
  if (!found) {
    if (undo) throw new ProblemError(`flow ${flowId} is not on its way; nothing was done`);
    return false;
  }
  if (found.way !== way || (account !== undefined && account !== found.account)) {
    const command = found.way === "in" ? `join ${found.account}` : "leave";
    throw new ProblemError(
      `${words}: sf-state account ${command} goes on with it, with --undo it gives it up; nothing was done`,
    );
  }
  await invocation.consent(`${words}. ${undo ? "Give that up" : "Go on with it"}?`, yes);
  const mover = {
    ...{ config: config.redis, flowId, account: found.account, instance: "sf-state" },
    ...{ maxEvents: config.events.max_length, lease: "" },
  };
  if (undo) await undoMove(mover);
  else if (way === "in") await moveIn(mover, settingsIn(config, found.account));
  else await moveOut(mover);
  const isIn = (way === "in") !== (undo === true);
  const said = `${flowId} is in ${isIn ? `account ${found.account}` : "no account"}`;
  invocation.print({ flowId, account: isIn ? found.account : null, undone: undo === true }, () => `${said}\n`);
  return true;
}
