import { spawn } from "node:child_process";
import { dirname } from "node:path";
import * as assert from "uvu/assert";
import { runProgram } from "../../src/cli/commands/program.js";
import type { Config } from "../../src/index.js";
import { operations } from "../../src/operations/all.js";
import { NOON, SECOND } from "../contract/clock.js";
import { Stand as Scripts } from "../contract/lua/flow.js";
import { sampleOf } from "../contract/lua/source.js";
import { startCluster } from "../servers/cluster.js";
import { redisCli } from "../servers/redis-binary.cjs";
import { startTlsRedis } from "../servers/tls.js";
import { CapturedTerminal } from "./captured-terminal.js";
import { environment, sfState } from "./command.js";
import type { Stand, Test } from "./stand.js";

/** A shell finds `redis-cli` there. */
const PATH = `${dirname(redisCli())}:${process.env.PATH ?? ""}`;

interface Output {
  readonly code: number | null;
  readonly text: string;
}

/** Pastes a line into a shell; `keys` is what is typed while it runs. */
async function paste(line: string, keys = "", env: NodeJS.ProcessEnv = {}): Promise<Output> {
  const child = spawn("bash", ["-c", line], { env: environment({ PATH, ...env }) });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (some: string) => {
      text += some;
    });
  }
  child.stdin.on("error", () => {});
  child.stdin.end(keys);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, text: text.trimEnd() };
}

/** The lines that `scripts call` prints, by what they are for; run in this process, since there are many. */
async function linesFor(
  name: string,
  given: readonly string[],
  where: readonly string[],
): Promise<Record<string, string>> {
  const terminal = new CapturedTerminal();
  const code = await runProgram(["scripts", "call", name, ...given, ...where], terminal);
  assert.is(code, 0, terminal.stderr);
  const [, ...parts] = terminal.stdout.split(/^# /m);
  return Object.fromEntries(
    parts.map((part) => {
      const [comment = "", ...line] = part.trimEnd().split("\n");
      const [, way = comment] = /^(from its file|by its hash|step by step|the password)/.exec(comment) ?? [];
      return [way, line.join("\n")];
    }),
  );
}

/** Every script by hand: the lines that are printed are pasted into a shell, where the real redis-cli runs them. */
export function scripts(test: Test, stand: Stand): void {
  const filler = new Scripts(stand.server);
  test.after(() => filler[Symbol.dispose]());
  const url = ["--url", stand.url];

  for (const operation of operations) {
    const { name, args } = operation;
    const sample = sampleOf(operation).argv;
    const own = Object.keys(args).map((argument, i) => `${argument}=${sample[i]}`);
    const rest = sample.slice(own.length);
    const pairs = rest.flatMap((limit, i) => (i % 2 === 0 ? [`${limit}=${rest[i + 1]}`] : []));
    // A number is given back last; the sample calls are made a second after the flow was filled.
    const given = ["call=7", `clock=${NOON + SECOND}`, ...own, ...pairs];

    test(`the lines for ${name} run as they are, from the file, by the hash, and in the debugger`, async () => {
      await using _ = await filler.open(await filler.filledFlow()); // has the server know the scripts
      for (const [way, keys] of [
        ["from its file", ""],
        ["by its hash", ""],
        ["step by step", "continue\n"],
      ] as const) {
        const flow = await filler.filledFlow(sampleOf(operation).prepare);
        // An account has the name of its flow.
        const named = given.map((pair) => (pair === "name=NAME" ? `name=${flow}` : pair));
        const line = (await linesFor(name, named, ["--flow", flow, ...url]))[way] ?? "";
        assert.match(line, /^redis-cli -h 127\.0\.0\.1 -p \d+ /);
        const { text } = await paste(line, keys);
        assert.not.match(text, /ERR|WRONGTYPE|\(error\)|\bSF[A-Z]+|NOSCRIPT/, `${line}\n${text}`);
        if (way === "step by step") assert.match(text, /Stopped at \d+[\s\S]*\n\d+\) "7"\n[\s\S]*session ended/, text);
        else assert.is(text.split("\n").at(-1), "7", text);
      }
    });
  }

  test("an argument with everything that a shell takes for its own arrives as it was", async () => {
    const flow = await filler.filledFlow();
    const id = `it's "$(echo no)" \`x\` \\ * ; & | > ~ #1 $HOME !! \t é ,`;
    const given = [`signal_id=${id}`, "pair=, ,"];
    const lines = await linesFor("mark_signal_processed", given, ["--flow", flow, ...url]);
    const first = await paste(lines["from its file"] ?? "");
    assert.match(first.text, /^marked/, first.text);
    assert.match((await paste(lines["by its hash"] ?? "")).text, /^duplicate/);
    await using manager = await filler.open(flow);
    const { lastProcessedId, lastProcessedPair } = await manager.getSignalState();
    assert.equal([lastProcessedId, lastProcessedPair], [id, ", ,"]);
  });

  test("scripts call --run does it, prints what Redis says, and ends with 1 on an error reply", async () => {
    const flow = await filler.filledFlow();
    const call = (...args: string[]) =>
      sfState(["scripts", "call", ...args, "--run", "--flow", flow, ...url], { PATH });
    const done = await call("mark_signal_processed", "signal_id=by-hand", "pair=BTC/USDT", "--as", "eval");
    assert.is(done.code, 0, done.stderr);
    assert.match(done.stdout, /^# from its file\nredis-cli .*\nmarked\n/);
    const refused = await call("mark_signal_processed", "signal_id=again", "pair=BTC/USDT", "epoch=another");
    assert.is(refused.code, 1);
    assert.match(refused.stdout + refused.stderr, /SFSTATELOST/);
    const missing = await sfState(["scripts", "call", "end_recovery", "--run", "--flow", flow, ...url], {
      PATH: "/nowhere",
    });
    assert.is(missing.code, 1);
    assert.match(missing.stderr, /redis-cli cannot be run/);
  });

  test("what is missing or unknown is named, and nothing is printed", async () => {
    for (const [given, words] of [
      [["admit"], /admit also needs signal_id=\.\.\. .*, side=\.\.\. \(long or short\)/],
      [["get_position", "id=p", "colour=red"], /get_position has no argument colour; it has call, epoch, clock, id/],
      [["get_position", "p"], /expected name=value/],
      [["set_risk_limits"], /give at least one limit/],
      [["set_risk_limits", "max_daily_los=3"], /give at least one limit|no argument max_daily_los/],
    ] as const) {
      const terminal = new CapturedTerminal();
      assert.is(await runProgram(["scripts", "call", ...given, "--flow", "x", ...url], terminal), 2);
      assert.match(terminal.stderr, words);
      assert.is(terminal.stdout, "");
    }
    const terminal = new CapturedTerminal();
    assert.is(await runProgram(["scripts", "call", "get_position", "id=p", ...url], terminal), 2);
  });

  test("over TLS, as a user, in another database: the flags are there, the password is not, and the lines run", async () => {
    await using tls = await startTlsRedis();
    const { username, password, port, caFile } = tls;
    const config = {
      backend: "redis",
      redis: { url: `rediss://${username}@127.0.0.1:${port}`, password, tls: { ca_file: caFile } },
    } as const satisfies Config;
    const file = await stand.file("tls.json", JSON.stringify(config));
    const flow = await stand.flow(undefined, config);
    const lines = await linesFor("get_positions", [], ["--flow", flow, "--config", file]);
    for (const way of ["from its file", "by its hash"]) {
      const line = lines[way] ?? "";
      assert.match(line, `--user ${username} --tls --cacert ${caFile}`);
      assert.not(line.includes(password));
      assert.match((await paste(line, "", { REDISCLI_AUTH: password })).text, /p-1/);
    }
    assert.ok("the password" in lines, "it is said where the password belongs");
    const run = await sfState(["scripts", "call", "get_positions", "--run", "--flow", flow, "--config", file], {
      PATH,
    });
    assert.is(run.code, 0, run.stderr);
    assert.match(run.stdout, /p-1/);
    assert.not((run.stdout + run.stderr).includes(password));
    assert.match(
      (await linesFor("get_positions", [], ["--flow", flow, "--url", "redis://h:1/3"]))["from its file"] ?? "",
      /-n 3 /,
    );
  });

  test("in a cluster the lines go to the master of the flow, with its keys in one slot; load reaches every master", async () => {
    await using cluster = await startCluster();
    const config = { backend: "redis", redis: { url: cluster.urls[0] ?? "", cluster: true } } as const;
    const file = await stand.file("scripts-cluster.json", JSON.stringify(config));
    for (const flow of ["flow-0", "flow-1", "flow-2", "flow-3"]) {
      await stand.flow(flow, config);
      const home = await cluster.masterOf(`sf:{${flow}}:flow:meta`);
      const lines = await linesFor("get_positions", [], ["--flow", flow, "--config", file]);
      for (const way of ["from its file", "by its hash"]) {
        assert.match(lines[way] ?? "", `-p ${home.port} `);
        assert.match((await paste(lines[way] ?? "")).text, /p-1/);
      }
    }
    for (const node of cluster.nodes) await node.cli("script", "flush");
    const { stdout } = await sfState(["scripts", "load", "--config", file]);
    assert.is(stdout, `${operations.length} scripts loaded into 3 servers\n`);
    const [{ sha }] = JSON.parse((await sfState(["scripts", "--json"])).stdout);
    for (const node of cluster.nodes) assert.is(await node.cli("script", "exists", sha), "1");
  });

  test("scripts lists every script with the SHA of its file, and show prints the file", async () => {
    const { stdout } = await sfState(["scripts"]);
    for (const { name } of operations)
      assert.match(stdout, new RegExp(`^${name} +(?:open|read|change) +[0-9a-f]{40}`, "m"));
    const shown = await sfState(["scripts", "show", "admit"]);
    const { sha, source } = JSON.parse((await sfState(["scripts", "show", "admit", "--json"])).stdout);
    assert.is(shown.stdout, source);
    assert.match(stdout, new RegExp(`^admit +change +${sha}`, "m"));
  });
}
