import { spawn } from "node:child_process";
import { Option } from "@commander-js/extra-typings";
import { RedisFlow } from "../../backends/redis/flow.js";
import { FlowKeys } from "../../backends/redis/keys.js";
import { LUA_FOLDER } from "../../backends/redis/lua-folder.js";
import { mastersOf, onServer, serverOf } from "../../backends/redis/masters.js";
import { findPlace } from "../../backends/redis/place.js";
import { type Script, script } from "../../backends/redis/scripts.js";
import { parseFlowId } from "../../config/flow-id.js";
import type { ResolvedConfig } from "../../config/schema.js";
import type { KeyName } from "../../layout/keys.js";
import { operations } from "../../operations/all.js";
import { argumentsWithWords } from "../../operations/argument-words.js";
import { ACCOUNT_KEYS, type AnyOperation, COMMON_KEYS, mayAskAccount } from "../../operations/operation.js";
import { count } from "../../words/in-words.js";
import { shellLine } from "../../words/shell-line.js";
import type { AddCommand } from "../command.js";
import { EXIT, ProblemError, UsageError } from "../exit-code.js";
import { placeName } from "../flows.js";
import type { Invocation } from "../invocation.js";
import { passwordsOf } from "../place.js";
import { connectionFlags, type ScriptRun, WAYS, type Way, wordsOf } from "../scripts/redis-cli.js";
import { argumentsOf } from "../scripts/script-arguments.js";
import { table } from "../terminal-table.js";

export const addScripts: AddCommand = (program, run) => {
  const scripts = program
    .command("scripts")
    .description(
      "List every script with its SHA and its own keys. A read also has flow:meta; a change, four keys more.",
    )
    .addHelpText("after", "\nExample:\n  $ sf-state scripts")
    .action((_, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const rows = operations.map((operation) => {
          const { name, kind, keys } = operation;
          return {
            name,
            kind,
            sha: script(name).sha,
            keys: allKeys(operation),
            argv: argumentsWithWords(operation).map((argument) => argument.name),
            own: keys,
          };
        });
        invocation.print(
          rows.map(({ own: _, ...row }) => row),
          () =>
            table(
              invocation.terminal,
              [{ title: "script" }, { title: "kind" }, { title: "sha" }, { title: "keys" }],
              rows.map(({ name, kind, sha, own }) => [name, kind, sha, own.join(" ")]),
            ),
        );
      }),
    );

  scripts
    .command("load")
    .description("Load every script into Redis, so that EVALSHA knows it; in a cluster, into every master.")
    .addHelpText("after", "\nExample:\n  $ sf-state scripts load --url redis://localhost:6379")
    .action((_, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const { redis } = await redisConfig(invocation);
        const servers = await mastersOf(redis);
        const all = operations.map(({ name }) => script(name));
        for (const server of servers) {
          await onServer(server, (send) => Promise.all(all.map(({ source }) => send("script", ["LOAD", source]))));
        }
        invocation.print(
          all.map(({ name, sha }) => ({ name, sha })),
          () => `${count(all.length, "script")} loaded into ${count(servers.length, "server")}\n`,
        );
      }),
    );

  scripts
    .command("show <name>")
    .description("Print a script as Redis runs it; its head says what each key, argument and reply means.")
    .addHelpText("after", "\nExample:\n  $ sf-state scripts show admit")
    .action((name, _, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const { sha, source } = script(operationNamed(name).name);
        invocation.print({ name, sha, file: fileOf(name), source }, () => source);
      }),
    );

  scripts
    .command("call <name> [arguments...]")
    .description(
      "Print the redis-cli lines that run a script on a flow, ready to paste into a shell. Arguments are name=value, by " +
        "the names in the script's head; what is left out is what a bot would send.",
    )
    .addOption(new Option("--as <way>", "one of the lines only").choices(WAYS))
    .option("--run", "run it as well: the --eval line, or the one of --as")
    .addHelpText(
      "after",
      "\nExample:\n  $ sf-state scripts call is_signal_processed signal_id=s-1 --flow bot --url redis://localhost:6379",
    )
    .action((name, given, options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const config = await redisConfig(invocation);
        const call = await callOf(operationNamed(name), given, config, parseFlowId(invocation.options.flow));
        const [firstKey = ""] = call.keys;
        const connection = connectionFlags(config.redis, await serverOf(config.redis, firstKey));
        const lines = (options.as ? [options.as] : WAYS).map((way) => ({
          way,
          line: shellLine(["redis-cli", ...wordsOf(way, connection, call)]),
        }));
        const hasPassword = passwordsOf(config).length > 0;
        invocation.print(Object.fromEntries(lines.map(({ way, line }) => [way, line])), () => {
          const secret = hasPassword ? "# the password belongs in REDISCLI_AUTH: export it first\n" : "";
          return secret + lines.map(({ way, line }) => `# ${COMMENTS[way]}\n${line}\n`).join("");
        });
        if (options.run) await runRedisCli(invocation, config, wordsOf(options.as ?? "eval", connection, call));
      }),
    );
};

const COMMENTS: Readonly<Record<Way, string>> = {
  eval: "from its file",
  evalsha: "by its hash, once it is loaded (sf-state scripts load, or any bot that connected)",
  ldb: "step by step in the debugger; what it changes is taken back at the end",
};

function operationNamed(name: string): AnyOperation {
  const operation = operations.find((each) => each.name === name);
  if (operation) return operation;
  throw new UsageError(`there is no script ${JSON.stringify(name)}; sf-state scripts lists them`);
}

function fileOf(name: string): string {
  return `${LUA_FOLDER}${name}.lua`;
}

function allKeys({ kind, keys }: AnyOperation): KeyName[] {
  return [...COMMON_KEYS[kind], ...keys];
}

async function callOf(
  operation: AnyOperation,
  given: readonly string[],
  config: ResolvedConfig,
  flowId: string,
): Promise<ScriptRun> {
  const found: Script = script(operation.name);
  const { key_prefix, cluster } = config.redis;
  const flow = new FlowKeys(key_prefix, flowId, cluster, await findPlace(config.redis, flowId, { readsOnly: true }));
  flow.account = await accountFor(operation, given, config, flowId);
  const ofAccount = flow.account !== undefined && mayAskAccount(operation) ? ACCOUNT_KEYS : [];
  const keys = [...allKeys(operation), ...ofAccount];
  return {
    script: found,
    file: fileOf(operation.name),
    keys: keys.map((key) => (key === "execution:call" ? flow.call("redis-cli") : flow.key(key))),
    argv: argumentsOf(operation, given, config),
  };
}

/** The account whose keys the script uses: the named one, or the flow's own. */
async function accountFor(
  operation: AnyOperation,
  given: readonly string[],
  { redis }: ResolvedConfig,
  flowId: string,
): Promise<string | undefined> {
  if (operation.accountOf) return given.find((pair) => pair.startsWith("name="))?.slice("name=".length);
  if (!operation.keys.includes("account:risk") && !mayAskAccount(operation)) return undefined;
  using flow = await RedisFlow.connect(redis, flowId, { readsOnly: true });
  const account = await flow.send("hget", flow.keys.key("flow:meta"), "account");
  return typeof account === "string" ? account : undefined;
}

async function redisConfig(invocation: Invocation): Promise<ResolvedConfig> {
  const config = await invocation.config();
  if (config.backend === "redis") return config;
  throw new UsageError(`scripts run in Redis, and ${placeName(config)} is a DuckDB file: say --url`);
}

/** Runs redis-cli on this terminal; an error reply ends the command with exit code 1. */
async function runRedisCli(invocation: Invocation, config: ResolvedConfig, words: readonly string[]): Promise<void> {
  const [password] = passwordsOf(config);
  await invocation.terminal.flush();
  const child = spawn("redis-cli", ["-e", ...words], {
    stdio: "inherit",
    env: { ...process.env, ...(password !== undefined && { REDISCLI_AUTH: password }) },
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", (error) => reject(new ProblemError(`redis-cli cannot be run: ${error.message}`)));
    child.once("close", resolve);
  });
  if (code !== 0) invocation.exitCode = EXIT.problem;
}
