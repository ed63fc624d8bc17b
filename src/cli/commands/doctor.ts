import { RedisFlow } from "../../backends/redis/flow.js";
import { duckdbPath } from "../../config/flow-id.js";
import type { ResolvedConfig } from "../../config/schema.js";
import { checkAccount } from "../../doctor/account-checks.js";
import { checkAccountSums } from "../../doctor/account-sums.js";
import { checkConfiguration } from "../../doctor/config-checks.js";
import { checkDuckdb, duckdbFacts } from "../../doctor/duckdb.js";
import { type Finding, findingsOf } from "../../doctor/finding.js";
import { checkRedis } from "../../doctor/redis-checks.js";
import { redisFacts } from "../../doctor/redis-facts.js";
import { accountOf } from "../../manager/account.js";
import { type Unfinished, unfinishedMove } from "../../transfer/move-flow.js";
import { count } from "../../words/in-words.js";
import { printable } from "../../words/printable.js";
import type { AddCommand } from "../command.js";
import { EXIT } from "../exit-code.js";
import type { Colours, Terminal } from "../terminal.js";

export const addDoctor: AddCommand = (program, run) => {
  program
    .command("doctor")
    .description(
      "Check the server and the stored state, and say what to do about each problem. Changes nothing; ends with 1 on a problem.",
    )
    .addHelpText("after", "\nExample:\n  $ sf-state doctor --flow bot --url redis://localhost:6379")
    .action((_, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const config = await invocation.config();
        const flowId = await invocation.flowId();
        const findings = [...checkConfiguration(config), ...(await findingsOn(config, flowId))];
        invocation.print(findings, () => inWords(invocation.terminal, findings));
        if (findings.some(({ level }) => level === "problem")) invocation.exitCode = EXIT.problem;
      }),
    );
};

async function findingsOn(config: ResolvedConfig, flowId: string): Promise<Finding[]> {
  const { risk, recovery, execution } = config;
  const expected = {
    maxStateAge: recovery.max_state_age,
    deadAfter: execution.dead_after,
    limits: risk,
    waitReplicas: config.redis.wait_replicas,
  };
  if (config.backend === "duckdb") {
    return checkDuckdb(await duckdbFacts(duckdbPath(config.duckdb.path, flowId), flowId), expected);
  }
  const move = await unfinishedMove(config.redis, flowId);
  if (move) return moveFindings(flowId, move);
  using flow = await RedisFlow.connect(config.redis, flowId);
  const findings = [...checkRedis(await redisFacts(flow), expected), ...(await checkAccountSums(flow))];
  const account = await accountOf(config);
  return account ? [...findings, ...(await checkAccount(account, flowId))] : findings;
}

/** While a flow is being moved, nobody can open it, and nobody can tell a move under way from an abandoned one. */
function moveFindings(flowId: string, { account, way }: Unfinished): Finding[] {
  const to = way === "in" ? `into account ${account}` : `out of account ${account}`;
  const command = `sf-state account ${way === "in" ? `join ${account}` : "leave"} --flow ${flowId}`;
  return findingsOf("move", (found) =>
    found.problem(
      `flow ${flowId} is on its way ${to}, or was left on it: nobody can open it`,
      `where no process is moving it: ${command} goes on with it, with --undo it gives it up`,
    ),
  );
}

function inWords({ colours }: Terminal, findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  const lines = findings.flatMap(({ level, subject, found, advice }) => {
    const line = `${mark(colours, level)} ${subject.padEnd(width)}  ${printable(found)}`;
    return advice === "" ? [line] : [line, `${" ".repeat(width + 10)}${colours.dim(printable(advice))}`];
  });
  const problems = findings.filter(({ level }) => level === "problem").length;
  const notes = findings.filter(({ level }) => level === "note").length;
  return `${lines.join("\n")}\n\n${count(problems, "problem")}, ${count(notes, "note")}\n`;
}

function mark(colours: Colours, level: Finding["level"]): string {
  switch (level) {
    case "ok":
      return colours.green("ok     ");
    case "note":
      return colours.yellow("note   ");
    case "problem":
      return colours.red("problem");
  }
}
