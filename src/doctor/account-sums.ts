/** Checks the account that a flow is in: that it exists, and that its sums equal those over its flows, exactly. */
import type { RedisFlow } from "../backends/redis/flow.js";
import { accountDifferences } from "../state/account-sums.js";
import { SCHEMA_VERSION } from "../state/flow-state.js";
import { count } from "../words/in-words.js";
import { shellLine } from "../words/shell-line.js";
import { type Finding, Findings } from "./finding.js";

/** How often an account that changes meanwhile is read. */
export const LOOKS = 20;

/** Empty if the flow is in no account. The account and its flows are read one after the other: a reading counts only if nothing changed meanwhile. */
export async function checkAccountSums(flow: RedisFlow): Promise<Finding[]> {
  const [name, epoch] = await namesOf(flow, flow.keys.key("flow:meta"));
  if (name === undefined) return [];
  const found = new Findings("account sums");
  const key = flow.keys.key("account:risk", name);
  for (let looks = 0; looks < LOOKS; looks++) {
    const before = await hash(flow, key);
    if (before.get("epoch") !== epoch) {
      found.problem(
        `the state of account ${name} is ${before.size === 0 ? "gone" : "another one"}: every call of this flow that asks it fails`,
        `restore the server's data; or take the flow out of it, while no bot runs, with: ${lostCure(flow)}`,
      );
      return found.all;
    }
    const ids = [...before.keys()].flatMap((field) => /^([A-Za-z0-9._-]+)\|slots$/.exec(field)?.[1] ?? []);
    const flows = new Map<string, Map<string, string>>();
    for (const id of ids) {
      const [account] = await namesOf(flow, flow.keys.other(id, "flow:meta", name));
      if (account === name) flows.set(id, await hash(flow, flow.keys.other(id, "risk:exposure", name)));
    }
    const after = await hash(flow, key);
    if (!same(before, after)) continue;
    const differences = accountDifferences(before, flows);
    for (const difference of differences) {
      found.problem(
        `account ${name}: ${difference}`,
        "sf-state account leave and join takes a flow's part off and puts it in anew",
      );
    }
    if (differences.length === 0) found.ok(`the sums of account ${name} are those of its ${count(flows.size, "flow")}`);
    return found.all;
  }
  found.note(`account ${name} changed during each of ${LOOKS} looks`, "look again when its bots are quieter");
  return found.all;
}

/** The lines that take a flow out of a lost account: no script can, since a script also has to change the account's sums. */
function lostCure(flow: RedisFlow): string {
  const key = flow.keys.key("flow:meta");
  return [
    shellLine(["redis-cli", "HDEL", key, "account", "account_epoch"]),
    shellLine(["redis-cli", "HSET", key, "schema", String(SCHEMA_VERSION)]),
  ].join(" && ");
}

async function namesOf(flow: RedisFlow, metaKey: string): Promise<[string | undefined, string | undefined]> {
  const found = await flow.send("hmget", metaKey, "account", "account_epoch");
  const [account, epoch] = Array.isArray(found) ? found : [];
  return [typeof account === "string" ? account : undefined, typeof epoch === "string" ? epoch : undefined];
}

async function hash(flow: RedisFlow, key: string): Promise<Map<string, string>> {
  // The client turns it into an object.
  const found = await flow.send("hgetall", key);
  return new Map(Object.entries(found ?? {}).map(([field, value]) => [field, String(value)]));
}

function same(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([field, value]) => b.get(field) === value);
}
