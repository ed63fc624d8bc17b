/** Alerts to a real HTTP server and to a real program, from flows on Redis. */
import { createHmac } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Alert } from "../../src/alerts/alert.js";
import { Alerter, type AlertOptions } from "../../src/alerts/alerter.js";
import { program } from "../../src/alerts/command.js";
import { bodyOf } from "../../src/alerts/templates.js";
import { webhook } from "../../src/alerts/webhook.js";
import { runProgram } from "../../src/cli/commands/program.js";
import { isQuiet, quietHours } from "../../src/config/quiet-hours.js";
import { webhookFault } from "../../src/config/webhook-url.js";
import { StateManager } from "../../src/index.js";
import { unreadable, type Want } from "../../src/wants/wants.js";
import { CapturedTerminal } from "../cli/captured-terminal.js";
import { startRedis } from "../servers/redis.js";
import { until } from "../servers/until.js";
import { receiver } from "./receiver.js";

const test = suite("alerts");
const folder = await mkdtemp(join(tmpdir(), "sf-alerts-"));
test.after(() => rm(folder, { recursive: true, force: true }));

const T0 = Date.UTC(2026, 10, 25, 12, 0, 0);
let files = 0;
const newFile = () => join(folder, `told-${files++}.json`);

function setUp(url: string, more: Partial<AlertOptions> = {}) {
  const clock = { now: T0 };
  const warnings: string[] = [];
  const options: AlertOptions = {
    on: ["unreadable", "breaker", "unknown_order"],
    again: 3_600_000,
    settle: 0,
    file: newFile(),
    warn: (message) => warnings.push(message),
    now: () => clock.now,
    ...more,
  };
  const begin = () => new Alerter(webhook({ url, template: "json" }), options);
  return { clock, warnings, options, begin };
}

const all = () => true;
const want = unreadable("bot", "gone");
const late: Want = { ...want, id: "late", kind: "unknown_order", urgency: "warning" };

test("told once, again while it lasts, and that it is over", async () => {
  await using hook = await receiver();
  const { clock, begin } = setUp(hook.url);
  const alerter = begin();
  const states = () => hook.got.flatMap(({ alerts }) => alerts.map(({ state }) => state));
  for (const ms of [0, 1, 3_599_999]) {
    clock.now = T0 + ms;
    await alerter.notice([want], all);
    await alerter.send();
  }
  assert.equal(states(), ["new"]);
  clock.now = T0 + 3_600_000;
  await alerter.notice([want], all);
  await alerter.send();
  assert.equal(states(), ["new", "lasts"]);
  await alerter.notice([], () => false);
  await alerter.send();
  assert.equal(states(), ["new", "lasts"], "of a flow that cannot be read nobody knows");
  await alerter.notice([], all);
  await alerter.send();
  assert.equal(states(), ["new", "lasts", "resolved"]);
  const ids = hook.got.flatMap(({ alerts }) => alerts.map(({ id }) => id));
  assert.is(new Set(ids).size, 3);
});

test("what flickers is told once and is over once; what blinks is not told; what cannot flicker is told at once", async () => {
  await using hook = await receiver();
  const { clock, begin } = setUp(hook.url, { settle: 30_000 });
  // Each second another process, as the file alone has to remember.
  const at = async (second: number, ...wants: Want[]) => {
    clock.now = T0 + second * 1000;
    const alerter = begin();
    await alerter.notice(wants, all);
    await alerter.send();
  };
  const told = () => hook.got.flatMap(({ alerts }) => alerts.map(({ kind, state }) => `${kind} ${state}`));
  await at(0, want); // one reading that failed
  for (let second = 5; second < 60; second += 5) await at(second);
  assert.equal(told(), []);
  for (let second = 60; second < 180; second += 10) {
    await at(second, want);
    await at(second + 5);
  }
  assert.equal(told(), ["unreadable new"]);
  // It was there last at 170 s, and is missed from 175 s on.
  await at(204);
  assert.equal(told(), ["unreadable new"]);
  await at(205, late);
  assert.equal(told().sort(), ["unknown_order new", "unreadable new", "unreadable resolved"]);
  await at(206);
  assert.is(told().at(-1), "unknown_order resolved");
});

test("one that is killed does not tell it twice, and tells what it had not sent", async () => {
  await using hook = await receiver([503], [200]);
  const { clock, begin, options } = setUp(hook.url);
  const first = begin();
  await first.notice([want], all);
  await first.send(); // 503: it did not arrive; here the process ends
  const second = begin();
  await second.notice([want], all);
  assert.is(await second.send(), undefined);
  assert.is(hook.got.length, 2);
  assert.is(hook.got[0]?.alerts[0]?.id, hook.got[1]?.alerts[0]?.id, "who got it twice knows it by its id");
  const third = begin();
  clock.now += 1000;
  await third.notice([want], all);
  await third.send();
  assert.is(hook.got.length, 2, "what arrived is not told again");
  await third.notice([], all);
  assert.match(
    await readFile(options.file ?? "", "utf8"),
    /"resolved"/,
    "what is to be sent is on the disk before it is sent",
  );
  const fourth = begin();
  await fourth.send();
  assert.is(hook.got.at(-1)?.alerts[0]?.state, "resolved");
});

test("tried again with growing pauses, for as long as Retry-After says, and given up where it is refused", async () => {
  await using hook = await receiver(
    [500],
    [500],
    [429, { "Retry-After": "120" }],
    [400],
    [302, { Location: "/other" }],
  );
  const { clock, begin, warnings } = setUp(hook.url);
  const alerter = begin();
  await alerter.notice([want], all);
  assert.is(await alerter.send(), 1000);
  assert.is(await alerter.send(), 1000, "not before");
  assert.is(hook.got.length, 1);
  clock.now += 1000;
  assert.is(await alerter.send(), 2000);
  clock.now += 2000;
  assert.is(await alerter.send(), 120_000);
  clock.now += 120_000;
  assert.is(await alerter.send(), undefined);
  assert.match(warnings.at(-1) ?? "", /dropped 1 alert, which the receiver refuses: 127\.0\.0\.1:\d+ answers 400/);
  await alerter.notice([{ ...want, id: "other" }], all);
  assert.is(await alerter.send(), undefined);
  assert.is(hook.got.length, 5, "a redirect is not followed");
  assert.not(warnings.join().includes("very-secret"));
});

test("in quiet hours what is critical is told, and the rest when they are over", async () => {
  await using hook = await receiver();
  const quiet = quietHours("22:00-07:00");
  assert.ok(quiet);
  const { clock, begin } = setUp(hook.url, { quiet });
  clock.now = Date.UTC(2026, 10, 25, 23, 0);
  const alerter = begin();
  await alerter.notice([want, late], all);
  await alerter.send();
  assert.equal(
    hook.got.map(({ alerts }) => alerts.map(({ kind }) => kind)),
    [["unreadable"]],
  );
  clock.now = Date.UTC(2026, 10, 26, 7, 0);
  await alerter.send();
  assert.equal(
    hook.got.at(-1)?.alerts.map(({ kind }) => kind),
    ["unknown_order"],
  );
  assert.is(isQuiet(quiet, new Date("2026-11-26T06:59:59Z")), true);
  assert.is(isQuiet(quiet, new Date("2026-11-26T21:59:59Z")), false);
  assert.equal(["22:00", "24:00-07:00", "07:00-07:00", "7:00-8:00"].map(quietHours), Array(4).fill(undefined));
});

test("many at once are one message; of too many the critical ones stay", async () => {
  await using hook = await receiver();
  const { begin, warnings } = setUp(hook.url);
  const alerter = begin();
  const many = Array.from({ length: 250 }, (_, at): Want => ({ ...(at < 5 ? want : late), id: String(at) }));
  await alerter.notice(many, all);
  await alerter.send();
  assert.is(hook.got.length, 10);
  const kinds = hook.got.flatMap(({ alerts }) => alerts.map(({ urgency }) => urgency));
  assert.is(kinds.filter((urgency) => urgency === "critical").length, 5);
  assert.match(warnings[0] ?? "", /^dropped 50 alerts: /);
});

test("a signed request carries its time, and the signature is of both", async () => {
  await using hook = await receiver();
  const sink = webhook({ url: hook.url, template: "json", secret: "s3cret", now: () => T0 });
  await sink.send([]);
  const [first] = hook.got;
  assert.ok(first);
  const { headers, body } = first;
  assert.is(headers["x-sf-timestamp"], String(T0 / 1000));
  const expected = createHmac("sha256", "s3cret")
    .update(`${T0 / 1000}.${body}`)
    .digest("hex");
  assert.is(headers["x-sf-signature"], `v1=${expected}`);
});

test("https, or this machine", () => {
  for (const fine of ["https://a.example/x", "http://127.0.0.1:1/", "http://localhost/", "http://[::1]:2/"]) {
    assert.is(webhookFault(fine), undefined, fine);
  }
  for (const wrong of [
    "http://a.example",
    "http://127.evil.example",
    "ftp://localhost",
    "x",
    "https://u:p@a.example",
    "http://10.0.0.1",
  ]) {
    assert.ok(webhookFault(wrong), wrong);
  }
});

test("a hostile text formats, links and mentions nothing in a chat", () => {
  const hostile = `<b>x</b> <@U1> <!channel> @everyone **b** [l](http://e) \`c\` & "q" \u202e\n# h`;
  const alert: Alert = {
    id: "i",
    state: "new",
    flow: hostile,
    kind: "breaker",
    urgency: "critical",
    at: "",
    text: hostile.repeat(200),
  };
  const telegram = JSON.parse(bodyOf("telegram", [alert], "1"));
  assert.not.match(telegram.text, /[<>"]|&(?!#\d+;)/);
  assert.ok(telegram.text.length <= 4096);
  const { text } = JSON.parse(bodyOf("slack", [alert]));
  assert.not.match(text, /[<>]|&(?!amp;|lt;|gt;)/);
  const { content, allowed_mentions } = JSON.parse(bodyOf("discord", [alert]));
  assert.equal(allowed_mentions, { parse: [] });
  assert.not.match(content.replaceAll(/\\./gs, ""), /[*_~`|<>[\]()@#]/);
  assert.ok(content.length <= 2000);
  for (const each of [telegram.text, text, content]) assert.not.match(each, /\u202e/);
  assert.not.match(content, /http/);
});

test("a program gets the alerts on its standard input and by its environment, through no shell", async () => {
  const path = join(folder, "tell it; touch nothing");
  const out = join(folder, "told.txt");
  await writeFile(path, `#!/bin/sh\n{ cat; printf '%s|%s\\n' "$SF_ALERT_KIND" "$SF_ALERT_FLOW"; } > '${out}'\n`);
  await chmod(path, 0o755);
  const alert: Alert = {
    id: "i",
    state: "new",
    flow: "$(id); `id`",
    kind: "dead",
    urgency: "critical",
    at: "",
    text: "t",
  };
  await program(path).send([alert]);
  const [json = "", environment] = (await readFile(out, "utf8")).split("\n");
  assert.equal(JSON.parse(json).alerts, [alert]);
  assert.is(environment, "dead|$(id); `id`");
  await writeFile(path, "#!/bin/sh\nexit 3\n");
  let said = "";
  await program(path)
    .send([alert])
    .catch((error: Error) => {
      said = error.message;
    });
  assert.is(said, "the program ended with 3");
  const timers = () => process.getActiveResourcesInfo().filter((each) => each === "Timeout").length;
  const before = timers();
  await program(join(folder, "none"))
    .send([alert])
    .catch((error: Error) => {
      said = error.message;
    });
  assert.match(said, /^the program cannot be run: .*ENOENT/);
  assert.is(timers(), before, "nothing keeps this process, which may want to end");
});

test("sf-state alert tells of a real flow, once over two runs, and tells no secret", async () => {
  await using hook = await receiver();
  const server = await startRedis();
  try {
    await using state = await StateManager.open("bot", { backend: "redis", redis: { url: server.url } });
    await state.triggerCircuitBreaker("misbehaves");
    const url = join(folder, "url");
    await writeFile(url, `${hook.url}\n`);
    const run = async () => {
      const terminal = new CapturedTerminal();
      const said = ["--url", server.url, "--webhook-file", url, "--state", join(folder, "cli.json"), "--once"];
      const code = await runProgram(["alert", ...said], terminal);
      assert.not((terminal.stdout + terminal.stderr).includes("very-secret"));
      return code;
    };
    assert.is(await run(), 0);
    assert.is(await run(), 0);
    assert.equal(
      hook.got.map(({ alerts }) => alerts.map(({ kind, state: how }) => [kind, how])),
      [[["breaker", "new"]]],
    );
    await state.resetCircuitBreaker();
    assert.is(await run(), 0);
    assert.is(hook.got[1]?.alerts[0]?.state, "resolved");
  } finally {
    await server.stop();
  }
});

/** A terminal at which Ctrl-C can be pressed. */
class Keyboard extends CapturedTerminal {
  readonly end = new AbortController();

  override interrupted(): AbortSignal {
    return this.end.signal;
  }
}

test("sf-state alert says at once where it could not keep what was told; and where it cannot later, it tells all the same", async () => {
  await using hook = await receiver();
  const server = await startRedis();
  try {
    const own = join(folder, "own");
    const begin = (terminal: CapturedTerminal, state: string) => {
      const args = ["--url", server.url, "--webhook", hook.url, "--state", state, "--every", "100ms"];
      return runProgram(["alert", ...args], terminal);
    };
    const refused = new CapturedTerminal();
    assert.is(await begin(refused, join(own, "told.json")), 2);
    assert.match(refused.stderr, /^sf-state: --state .*told\.json: cannot be written: ENOENT/);
    await mkdir(own);
    const empty = new CapturedTerminal();
    const told = ["--exec", "/bin/true", "--state", join(own, "other.json"), "--once"];
    assert.is(await runProgram(["alert", "--duckdb", own, ...told], empty), 0);
    assert.match(empty.stderr, `sf-state: no flow at ${own}`);
    const terminal = new Keyboard();
    const code = begin(terminal, join(own, "told.json"));
    await until("it says that there is no flow", () => terminal.stderr !== "");
    await rm(own, { recursive: true });
    await using state = await StateManager.open("bot", { backend: "redis", redis: { url: server.url } });
    await state.triggerCircuitBreaker("misbehaves");
    await until("it is told", () => hook.got.length === 1);
    await until("its trouble is told", () => terminal.stderr.includes("ENOENT"));
    await state.resetCircuitBreaker();
    await until("it is over", () => hook.got.length === 2);
    terminal.end.abort();
    assert.is(await code, 0);
    assert.equal(
      hook.got.map(({ alerts }) => alerts.map(({ kind, state: how }) => `${kind} ${how}`)),
      [["breaker new"], ["breaker resolved"]],
    );
    const lines = terminal.stderr.trimEnd().split("\n");
    assert.is(lines.filter((line) => line === lines[0]).length, 1, "said once, however often it is read");
  } finally {
    await server.stop();
  }
});

test.run();
