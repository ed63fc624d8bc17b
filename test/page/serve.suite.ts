import { chmod, readFile, stat } from "node:fs/promises";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import * as assert from "uvu/assert";
import { runProgram } from "../../src/cli/commands/program.js";
import { EXCHANGE_COMMANDS } from "../../sync/commands/exchange-commands.js";
import { CapturedTerminal } from "../cli/captured-terminal.js";
import type { Stand, Test } from "../cli/stand.js";
import { newFlowId } from "../contract/backends.js";
import { makeCertificates } from "../servers/certificates.js";
import { until } from "../servers/until.js";

const TOKEN = "0123456789abcdef-0123";
const TRIP = { confirm: "bot", reason: "by hand" };

/** Somebody's terminal, on which Ctrl-C can be pressed. */
class Keyboard extends CapturedTerminal {
  readonly #end = new AbortController();

  constructor(override readonly isScreen: boolean) {
    super();
  }

  override interrupted(): AbortSignal {
    return this.#end.signal;
  }

  press(): void {
    this.#end.abort();
  }
}

/** The command while it runs, in this process. */
class Serving implements AsyncDisposable {
  private constructor(
    readonly terminal: Keyboard,
    readonly code: Promise<number>,
    readonly url: string,
  ) {}

  static async start(args: readonly string[], { isScreen = false } = {}): Promise<Serving> {
    const terminal = new Keyboard(isScreen);
    let ended: number | undefined;
    const code = runProgram(["serve", ...args], terminal, EXCHANGE_COMMANDS);
    void code.then((is) => {
      ended = is;
    });
    await until("it serves", () => {
      if (ended !== undefined) throw new Error(`it ended with ${ended}: ${terminal.stderr}`);
      return terminal.stdout.includes("Ctrl-C ends it");
    });
    return new Serving(terminal, code, terminal.stdout.split("\n")[0] ?? "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.terminal.press();
    assert.is(await this.code, 0, this.terminal.stderr);
  }
}

interface Asking {
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string;
  readonly body?: object;
  readonly ca?: string;
  readonly host?: string;
}

/** A request to a page's address; a change where it has a body. The status, and the JSON. */
function ask(url: string, { token, body, ca, host, headers }: Asking = {}) {
  // biome-ignore lint/suspicious/noExplicitAny: what a test looks into
  return new Promise<{ readonly status: number; readonly json: any }>((resolve, reject) => {
    const text = body && JSON.stringify(body);
    const settings = {
      method: text === undefined ? "GET" : "POST",
      agent: false as const,
      headers: {
        ...(text !== undefined && { "content-type": "application/json" }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(host !== undefined && { host }),
        ...headers,
      },
    };
    const sent = url.startsWith("https:") ? requestHttps(url, { ...settings, ca }) : requestHttp(url, settings);
    sent.on("error", reject).on("response", async (response) => {
      let said = "";
      for await (const piece of response.setEncoding("utf8")) said += piece;
      resolve({ status: response.statusCode ?? 0, json: JSON.parse(said) });
    });
    sent.end(text);
  });
}

/** Runs it to its end, which is a refusal to start: what it says. */
async function refused(...args: string[]): Promise<string> {
  const terminal = new Keyboard(false);
  assert.is(await runProgram(["serve", ...args], terminal, EXCHANGE_COMMANDS), 2, terminal.stderr);
  assert.is(terminal.stdout, "");
  return terminal.stderr;
}

export function serving(test: Test, stand: Stand): void {
  const own = async () => {
    const { file, config } = await stand.ownConfig();
    await stand.flow("bot", config);
    return ["--config", file, "--url", stand.url, "--listen", "127.0.0.1:0"];
  };

  const tokenFile = async (text: string) => {
    const file = await stand.file(newFlowId(), text);
    await chmod(file, 0o600);
    return file;
  };

  test("a token that is made is a link on a terminal, and works; without it everything is read-only", async () => {
    await using page = await Serving.start(await own(), { isScreen: true });
    assert.match(page.url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    const [, token] = /#token=([\w-]{43})$/m.exec(page.terminal.stdout) ?? [];
    assert.ok(token);
    const trip = `${page.url}api/flow/redis/bot/breaker/trip`;
    assert.is((await ask(`${page.url}api/fleet`)).json.flows[0].flowId, "bot");
    assert.is((await ask(trip, { body: TRIP })).status, 401);
    assert.is((await ask(trip, { body: TRIP, token })).status, 200);
    const [flow] = (await ask(`${page.url}api/fleet`)).json.flows;
    assert.is(flow.breaker.reason, "by hand");
    assert.not.match(page.terminal.stderr, token);
  });

  test("elsewhere it is in a file that only its owner can read, that is named, and goes when the server ends", async () => {
    const page = await Serving.start(await own());
    assert.not.match(page.terminal.stdout, "#token=");
    const [, file = ""] = /the link in (.+)$/m.exec(page.terminal.stdout) ?? [];
    assert.is((await stat(file)).mode & 0o777, 0o600);
    const [, token = ""] = /#token=(.+)\n$/.exec(await readFile(file, "utf8")) ?? [];
    assert.is((await ask(`${page.url}api/session`, { token })).json.mayChange, true);
    await page[Symbol.asyncDispose]();
    assert.is(await stat(file).catch(({ code }) => code), "ENOENT");
  });

  test("a token of a file or of the environment is told nowhere; a file that others can read is warned of", async () => {
    const file = await tokenFile(`${TOKEN}\n`);
    const args = await own();
    const check = async (more: readonly string[]) => {
      await using page = await Serving.start([...args, ...more], { isScreen: true });
      assert.is((await ask(`${page.url}api/session`, { token: TOKEN })).json.mayChange, true);
      assert.is((await ask(`${page.url}api/session`, { token: `${TOKEN}x` })).status, 401);
      assert.not.match(page.terminal.stdout + page.terminal.stderr, TOKEN);
      return page.terminal.stderr;
    };
    assert.is(await check(["--token-file", file]), "");
    await chmod(file, 0o640);
    const warned = `sf-state: --token-file ${file}: others on this machine can read it: chmod 600 ${file}\n`;
    assert.is(await check(["--token-file", file]), warned);
    await chmod(file, 0o600);
    process.env.SF_STATE_TOKEN = TOKEN;
    try {
      await check([]);
      assert.match(await refused(...args, "--token-file", file), "not both");
      process.env.SF_STATE_TOKEN = "short";
      const said = await refused(...args);
      assert.match(said, "SF_STATE_TOKEN: expected 16 to 512");
      assert.not.match(said, "short ");
    } finally {
      delete process.env.SF_STATE_TOKEN;
    }
    assert.match(await refused(...args, "--token-file", `${file}-gone`), "cannot be read");
    assert.match(await refused(...args, "--token", TOKEN), "unknown option");
  });

  test("another address is refused without a token, and without TLS or a proxy", async () => {
    const file = await tokenFile(TOKEN);
    const [, config = ""] = await own();
    for (const address of ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"]) {
      const at = ["--config", config, "--listen", address];
      assert.match(await refused(...at), "--token-file FILE or SF_STATE_TOKEN");
      assert.match(await refused(...at, "--token-file", file), "--tls-cert and --tls-key");
    }
    for (const address of ["127.0.0.1", "bots.example.org:80", "127.0.0.1:65536", ":8787", "[127.0.0.1]:80"])
      assert.match(await refused("--config", config, "--listen", address), "--listen: expected an address");
  });

  test("an address that is taken, and a name that nobody can type, are refused in words", async () => {
    const args = await own();
    await using page = await Serving.start(args);
    const { port } = new URL(page.url);
    const taken = new Keyboard(false);
    const again = ["serve", ...args, "--listen", `127.0.0.1:${port}`];
    assert.is(await runProgram(again, taken, EXCHANGE_COMMANDS), 1);
    assert.is(
      taken.stderr,
      `sf-state: --listen 127.0.0.1:${port}: another program listens there already: end it, or choose another port\n`,
    );
    for (const name of ["", " "]) assert.match(await refused(...args, "--name", name), "--name: expected a name");
  });

  test("another loopback address is known by its own name", async () => {
    await using page = await Serving.start([...(await own()), "--listen", "127.0.0.2:0"]);
    assert.match(page.url, "http://127.0.0.2:");
    assert.is((await ask(`${page.url}api/fleet`)).status, 200);
  });

  test("--read-only changes nothing, whoever asks, and makes no token", async () => {
    const file = await tokenFile(TOKEN);
    const args = [...(await own()), "--read-only"];
    {
      await using page = await Serving.start(args, { isScreen: true });
      assert.not.match(page.terminal.stdout, "token");
    }
    await using page = await Serving.start([...args, "--token-file", file]);
    const trip = `${page.url}api/flow/redis/bot/breaker/trip`;
    assert.is((await ask(trip, { body: TRIP, token: TOKEN })).status, 403);
    assert.is((await ask(`${page.url}api/fleet`)).json.flows[0].breaker.active, false);
  });

  test("with --tls-cert and --tls-key it speaks TLS under the certificate's names", async () => {
    const { caFile, certFile, keyFile } = await makeCertificates(stand.folder);
    const ca = await readFile(caFile, "utf8");
    const args = await own();
    assert.match(await refused(...args, "--tls-cert", certFile), "go together");
    await using page = await Serving.start([...args, "--tls-cert", certFile, "--tls-key", keyFile]);
    assert.match(page.url, "https://127.0.0.1:");
    assert.is((await ask(`${page.url}api/fleet`, { ca })).status, 200);
    const { port } = new URL(page.url);
    assert.is((await ask(`${page.url}api/fleet`, { ca, host: `localhost:${port}` })).status, 200);
    assert.is((await ask(`${page.url}api/fleet`, { ca, host: `[::1]:${port}` })).status, 403);
  });

  test("behind a proxy it answers as the proxy's host, and only who has the token may look", async () => {
    const file = await tokenFile(TOKEN);
    const args = await own();
    const proxy = ["--behind-proxy", "https://bots.example.org"];
    assert.match(await refused(...args, ...proxy), "behind a proxy a token is needed");
    assert.match(
      await refused(...args, "--token-file", file, "--behind-proxy", "bots.example.org/x"),
      "--behind-proxy: expected",
    );
    const terminal = new Keyboard(false);
    const port = 20_000 + (process.pid % 10_000);
    const at = ["--listen", `127.0.0.1:${port}`];
    const code = runProgram(["serve", ...args, ...at, ...proxy, "--token-file", file], terminal, EXCHANGE_COMMANDS);
    await until("it serves", () => terminal.stdout.includes("Ctrl-C ends it"));
    assert.is(terminal.stdout.split("\n")[0], "https://bots.example.org/");
    const url = `http://127.0.0.1:${port}/api/fleet`;
    const host = "bots.example.org";
    assert.is((await ask(url, { host })).status, 401);
    assert.is((await ask(url, { host, token: TOKEN })).status, 200);
    assert.is((await ask(url, { host: "other.example.org", token: TOKEN })).status, 403);
    // What a client says of itself by a proxy's headers counts for nothing.
    const forwarded = {
      "x-forwarded-host": host,
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "https",
      forwarded: `for=127.0.0.1;host=${host}`,
      "x-real-ip": "127.0.0.1",
      "x-original-url": "/",
      "x-rewrite-url": "/",
    };
    assert.is((await ask(url, { host: "other.example.org", token: TOKEN, headers: forwarded })).status, 403);
    assert.is((await ask(url, { host, headers: forwarded })).status, 401);
    const trip = `http://127.0.0.1:${port}/api/flow/redis/bot/breaker/trip`;
    const browser = { origin: "https://bots.example.org", "sec-fetch-site": "same-origin" };
    const change = { host, token: TOKEN, body: TRIP };
    assert.is((await ask(trip, { ...change, headers: { ...browser, origin: "http://bots.example.org" } })).status, 403);
    assert.is((await ask(trip, { ...change, headers: browser })).status, 200);
    terminal.press();
    assert.is(await code, 0);
  });
}
