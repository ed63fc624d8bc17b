import * as assert from "uvu/assert";
import { buildProgram, runProgram } from "../../src/cli/commands/program.js";
import { processTerminal } from "../../src/cli/terminal.js";
import { EXCHANGE_COMMANDS } from "../../sync/commands/exchange-commands.js";
import { newFlowId } from "../contract/backends.js";
import { freePort } from "../servers/ports.js";
import { startRelay } from "../servers/relay.js";
import { CapturedTerminal } from "./captured-terminal.js";
import { sfState } from "./command.js";
import type { Stand, Test } from "./stand.js";

/** Help, exit codes, and what an error says. */
export function wrongUse(test: Test, stand: Stand): void {
  test("every command, and every command of a command, has help that ends with an example of it", async () => {
    const check = (command: Awaited<ReturnType<typeof buildProgram>>["commands"][number], name: string): void => {
      let help = "";
      command.configureOutput({
        writeOut: (text) => {
          help += text;
        },
      });
      command.outputHelp();
      assert.match(help, new RegExp(`Example:\n  \\$ ${name}\\b`), name);
      assert.match(help, "--json");
      assert.match(help, "--flow <id>");
      for (const each of command.commands) check(each, `${name} ${each.name()}`);
    };
    const program = await buildProgram(processTerminal(), async () => {}, EXCHANGE_COMMANDS);
    assert.ok(program.commands.length > 10);
    for (const command of program.commands) check(command, `sf-state ${command.name()}`);
  });

  test("--help and --version end with 0; no command, an unknown one, and an unknown option with 2", async () => {
    assert.is((await sfState(["status", "--help"])).code, 0);
    assert.match((await sfState(["--version"])).stdout, /^\d+\.\d+\.\d+\n$/);
    assert.is((await sfState([])).code, 2);
    const unknown = await sfState(["stauts"]);
    assert.is(unknown.code, 2);
    assert.match(unknown.stderr, /unknown command 'stauts'\n\(Did you mean status\?\)/);
    assert.is((await sfState(["status", "--nope"])).code, 2);
  });

  test("wrong use is told in one line and ends with 2", async () => {
    const url = ["--url", stand.url];
    for (const [args, words] of [
      [["status"], /where is the flow\?/],
      [["status", ...url, "--duckdb", "x.db"], /--url or --duckdb, not both/],
      [["ls", "--duckdb", "nowhere/"], /there is no folder nowhere\/$/m],
      [["ls", "--duckdb", "package.json/"], /package\.json is not a folder: leave out the slash/],
      [["status", "--url", "http://localhost"], /redis\.url: expected a redis:\/\/ or rediss:\/\/ URL/],
      [["status", ...url, "--flow", "a b"], /flow id: expected/],
      [["status", "--config", "nowhere.yaml"], /nowhere\.yaml: cannot be read/],
      [["status", ...url, "--flow", "x", "--watch"], /paints on a terminal/],
      [["positions", "close", "p", "--pnl", "ten", ...url], /Expected a number/],
      [["cooldowns", "set", "BTC/USDT", "5x", ...url], /Expected a duration/],
      [
        ["risk", "set", "max_daily_loss=many", ...url, "--flow", "x"],
        /max_daily_loss: expected a positive number, got "many"/,
      ],
      [
        ["risk", "set", "max_exposure=5", "max_daily_loss=1", "max_exposure=6", ...url, "--flow", "x"],
        /max_exposure: expected one value, got more than one/,
      ],
      [["risk", "set", "nonsense=1", ...url, "--flow", "x"], /nonsense/],
      [["breaker", "trip", "x", "--all", "--flow", "x", "--yes", ...url], /--flow or --all, not both/],
      [["scripts", "show", "nope"], /there is no script "nope"/],
    ] as const) {
      const { code, stdout, stderr } = await sfState(args);
      assert.is(code, 2, `${args.join(" ")}: ${stderr}`);
      assert.is(stdout, "");
      assert.match(stderr, words);
      assert.match(stderr, /^sf-state: [^\n]+\n$/);
    }
  });

  test("a reason, or a note, may be left out but not be empty: wrong use, before anybody is asked or anything is opened", async () => {
    for (const [words, text] of [
      [["breaker", "trip"], ""],
      [["breaker", "trip"], " \t"],
      [["breaker", "trip", "--all", "--yes"], ""],
      [["breaker", "trip", "--account", "main", "--yes"], ""],
      [["breaker", "reset", "--reason"], ""],
      [["cooldowns", "set", "BTC/USDT", "2h", "--reason"], " "],
      [["cash", "book", "-1", "--id", "c", "--kind", "fee", "--note"], ""],
      [["positions", "close", "p", "--pnl", "1", "--reason"], ""],
      [["lease", "break", "--force"], ""],
      [["recovery", "end", "--force"], " "],
    ] as const) {
      const terminal = new CapturedTerminal();
      const args = [...words, text, "--flow", "x", "--url", "redis://nowhere.invalid"];
      assert.is(await runProgram(args, terminal, EXCHANGE_COMMANDS), 2, args.join(" "));
      assert.is(terminal.stdout, "");
      assert.match(terminal.stderr, /^sf-state: .*Expected words, such as "exchange misbehaves", got none\.\n$/);
    }
  });

  test("a server that is not there ends with 3 at once, however long connecting to one that is there may take", async () => {
    const port = await freePort();
    const config = { backend: "redis", redis: { url: `redis://localhost:${port}`, connect_timeout: "10m" } };
    const file = await stand.file("away.json", JSON.stringify(config));
    for (const args of [
      ["status", "--flow", "x"],
      ["ls"],
      ["breaker", "trip", "x", "--all", "--yes"],
      ["scripts", "load"],
      ["doctor", "--flow", "x"],
      ["account", "status", "--account", "x"],
      ["status"],
    ]) {
      const { code, stderr } = await sfState([...args, "--config", file]);
      assert.is(code, 3, stderr);
      assert.match(stderr, new RegExp(`^sf-state: .*localhost:${port}.*nobody listens there.*\n$`));
    }
    const nowhere = { backend: "redis", redis: { url: "redis://nowhere.invalid", connect_timeout: "10m" } };
    const strange = await stand.file("nowhere.json", JSON.stringify(nowhere));
    const { code, stderr } = await sfState(["status", "--flow", "x", "--config", strange]);
    assert.is(code, 3, stderr);
    assert.match(stderr, /the host's name is not known/);
  });

  test("a server at the end of a slow link is given its time", async () => {
    await using relay = await startRelay(Number(new URL(stand.url).port), 400);
    const { code, stdout, stderr } = await sfState(["ls", "--url", `redis://127.0.0.1:${relay.port}`]);
    assert.is.not(code, 3, stderr);
    assert.match(stdout, new RegExp(`^\\d+ flows? .*127\\.0\\.0\\.1:${relay.port}`));
  });

  test("a password is never printed, wherever it stands and whatever goes wrong", async () => {
    const secret = "s3cret/p@ss word";
    const port = await freePort();
    const written = `redis://bot:${encodeURIComponent(secret)}@localhost:${port}`;
    const away = { url: `redis://localhost:${port}`, connect_timeout: "200ms" };
    const inFile = { backend: "redis", redis: { ...away, password: secret } };
    const file = await stand.file("secret.json", JSON.stringify(inFile));
    for (const [args, env] of [
      [["status", "--flow", "x", "--url", written], {}],
      [["status", "--flow", "x", "--url", `redis://bot:s3cret/p@ss@localhost:${port}`], {}],
      [["status", "--flow", "x", "--url", `redis://bot:${encodeURIComponent(secret)}@localhost:${port}/x y`], {}],
      [["status", "--flow", "x", "--config", file], {}],
      [["status", "--flow", "x", "--url", `redis://localhost:${port}`], { REDISCLI_AUTH: secret }],
      [["status", "--flow", "x", "--url", stand.url], { REDISCLI_AUTH: secret }],
      [["scripts", "call", "get_events", "--flow", "x", "--url", written, "--json"], {}],
      [["scripts", "call", "get_events", "--flow", "x", "--config", file], {}],
      [["status", written], {}],
      [["status", `--nope=${written}`], {}],
    ] as const) {
      const { stdout, stderr } = await sfState(args, env);
      for (const piece of ["s3cret", "p@ss", encodeURIComponent(secret)]) {
        assert.not((stdout + stderr).includes(piece), `${args.join(" ")}: ${stdout}${stderr}`);
      }
    }
  });

  test("looking at a flow that is not there ends with 4, and makes none", async () => {
    const before = await stand.keys();
    const flow = newFlowId();
    for (const command of [
      ["status"],
      ["positions"],
      ["risk", "set", "max_daily_loss=3"],
      ["breaker", "trip", "x", "--yes"],
    ]) {
      const { code, stderr } = await sfState([...command, "--url", stand.url, "--flow", flow]);
      assert.is(code, 4);
      assert.match(stderr, `has no flow "${flow}"`);
    }
    assert.equal(await stand.keys(), before);
  });
}
