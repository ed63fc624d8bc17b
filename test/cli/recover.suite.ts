import { createServer } from "node:http";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { StateManager } from "../../src/index.js";
import { PaperExchange } from "../../sync/index.js";
import { newFlowId } from "../contract/backends.js";
import { sfState } from "./command.js";
import { PseudoTerminal } from "./pseudo-terminal.js";
import type { Stand, Test } from "./stand.js";

const PAIR = "BTC/USDT";

const HASH = "0123456789abcdef";

/** A plan that waits, as a recovery keeps it. */
const WAITS = {
  at: "2026-01-07T12:00:00.000Z",
  exchange: "paper",
  mode: "sync",
  orphanPositions: "close",
  actions: [
    {
      type: "close_orphan",
      key: "close_orphan:ETH/USDT:short",
      pair: "ETH/USDT",
      side: "short",
      size: 3,
      evidence: ["paper: positions: 3 short"],
      needsPerson: "nobody is known to have made it",
    },
  ],
  omitted: 2,
  waiting: [{ subject: "BTC/USDT", why: "an order is young", harmless: true }],
  notes: ["a note"],
};

/** The command that brings a flow and its exchange back in line. */
export function recovering(test: Test, stand: Stand): void {
  const open = (flow: string) => StateManager.open(flow, { backend: "redis", redis: { url: stand.url } });

  /** A flow whose entry was filled while nobody looked, and an orphan; answers the words that name both sides. */
  async function disorder(): Promise<{ flow: string; file: string; args: string[] }> {
    const flow = newFlowId();
    const file = join(stand.folder, `${flow}.jsonl`);
    // A minute ago: positions may lag behind what is younger.
    await using exchange = new PaperExchange({ file, clock: () => Date.now() - 60_000 });
    await exchange.setPrice(PAIR, 100);
    await exchange.setPrice("ETH/USDT", 10);
    await using manager = await open(flow);
    const entry = { signalId: "s-1", pair: PAIR, side: "long", size: 1, price: 100, orderId: "entry-1" } as const;
    assert.is((await manager.admit(entry)).admitted, true);
    const order = { clientOrderId: "entry-1", pair: PAIR, side: "buy", size: 1, type: "market" } as const;
    await exchange.createOrder({ ...order, reduceOnly: false });
    await exchange.trade({ pair: "ETH/USDT", side: "sell", size: 3 });
    await manager.heartbeat();
    return { flow, file, args: ["recover", "--exchange", `paper:${file}`, "--flow", flow, "--url", stand.url] };
  }

  test("--check says what links at the exchange and what is not told, and touches nothing", async () => {
    const { flow, file, args } = await disorder();
    const { code, stdout, stderr } = await sfState([...args, "--check"]);
    assert.is(code, 0, stdout + stderr);
    assert.match(stdout, /^fine +clock: /m);
    assert.match(stdout, /^fine +worth of short ETH\/USDT: 3 at 10 is worth 30$/m);
    assert.match(stdout, /^fine +order entry-1: found by its id: filled$/m);
    assert.match(stdout, /^fine +an id never used, of BTC\/USDT: not known$/m);
    assert.match(stdout, /Nothing is wrong/);
    await using manager = await open(flow);
    assert.equal(await manager.getPositions(), []);
    await using exchange = new PaperExchange({ file });
    assert.is(exchange.seen.length, 1);
  });

  test("--dry-run shows the plan with its evidence, ends with 1, and touches nothing", async () => {
    const { flow, file, args } = await disorder();
    const { code, stdout, stderr } = await sfState([...args, "--dry-run"]);
    assert.is(code, 1, stderr);
    assert.match(stdout, /^Plan [0-9a-f]{16} {2}flow /);
    assert.match(stdout, /book fill \S+ of order entry-1: 1 BTC\/USDT at 100 +fetchFills: 1 at 100/);
    assert.match(
      stdout,
      /close short 3 ETH\/USDT, which is not in state +paper: positions: 3 short in 2 agreeing reads/,
    );
    await using manager = await open(flow);
    assert.equal(await manager.getPositions(), []);
    assert.is(await manager.getRecovery(), undefined);
    await using exchange = new PaperExchange({ file });
    assert.is(exchange.seen.length, 1);
  });

  test("with --yes it carries the plan out; a second run finds nothing to do and ends with 0", async () => {
    const { flow, file, args } = await disorder();
    const first = await sfState([...args, "--yes"]);
    assert.is(first.code, 0, first.stderr);
    assert.match(first.stdout, /State and exchange agree; entries go ahead/);
    const second = await sfState([...args, "--json"]);
    assert.is(second.code, 0, second.stderr);
    assert.equal(JSON.parse(second.stdout).actions, []);
    await using manager = await open(flow);
    assert.equal(
      (await manager.getPositions()).map(({ id, size }) => [id, size]),
      [["entry-1", 1]],
    );
    await using exchange = new PaperExchange({ file });
    assert.is((await exchange.fetchPositions()).length, 1);
  });

  test("--json gives the plan, and what was done", async () => {
    const { args } = await disorder();
    const plan = JSON.parse((await sfState([...args, "--json", "--dry-run"])).stdout);
    assert.equal(
      plan.actions.map(({ type }: { type: string }) => type),
      ["record_fill", "close_orphan"],
    );
    const report = JSON.parse((await sfState([...args, "--json", "--yes"])).stdout);
    assert.is(report.status, "recovered");
  });

  test("Ctrl-C ends a recovery that waits: it says what was done, entries stay blocked, and the next run goes on with it", async () => {
    const { flow, file, args } = await disorder();
    // What is too much may lag behind a fill that is younger than an hour: for that it waits.
    using interrupted = new PseudoTerminal([...args, "--yes", "--settle", "1h", "--deadline", "1h"]);
    await interrupted.shows("waiting: ETH/USDT short");
    interrupted.type("\u0003");
    assert.is(await interrupted.ended(), 1, interrupted.text);
    assert.match(
      interrupted.text.replaceAll(/\s+/g, " "),
      /interrupted: nothing more was sent; what was begun stays unfinished, run it again \(done before: book fill \S+ of order entry-1: 1 BTC\/USDT at 100\)/,
    );
    {
      await using manager = await open(flow);
      await using exchange = new PaperExchange({ file });
      assert.equal([(await manager.getPositions()).length, exchange.seen.length], [1, 1]);
      assert.ok(await manager.getRecovery());
      const entry = { signalId: "s-2", pair: PAIR, side: "long", size: 1, price: 100 } as const;
      const answer = await manager.admit(entry);
      assert.is(answer.admitted || answer.reason, "recovering");
    }
    const next = await sfState([...args, "--yes", "--json"]);
    assert.is(next.code, 0, next.stderr);
    const { status, applied } = JSON.parse(next.stdout);
    assert.equal([status, applied.map(({ type }: { type: string }) => type)], ["recovered", ["close_orphan"]]);
    await using manager = await open(flow);
    assert.is(await manager.getRecovery(), undefined);
    await using exchange = new PaperExchange({ file });
    assert.is(exchange.seen.length, 2);
  });

  test("nobody is there to ask: it says so, ends with 2 and does nothing", async () => {
    const { flow, args } = await disorder();
    const { code, stderr } = await sfState(args);
    assert.is(code, 2);
    assert.match(stderr, /Carry out plan .* say --yes to agree; nothing was done/);
    await using manager = await open(flow);
    assert.is(await manager.getRecovery(), undefined);
  });

  test("on a terminal a person is asked; what a manual recovery left waiting is carried out on consent", async () => {
    const { flow, args } = await disorder();
    using refusing = new PseudoTerminal([...args, "--mode", "manual"]);
    await refusing.shows("Carry out plan");
    refusing.type("n");
    assert.is(await refusing.ended(), 1, refusing.text);
    using agreeing = new PseudoTerminal([...args, "--mode", "manual"]);
    await agreeing.shows("Carry out plan");
    agreeing.type("y");
    assert.is(await agreeing.ended(), 0, agreeing.text);
    await using manager = await open(flow);
    assert.is((await manager.getPositions()).length, 1);
    assert.is(await manager.getRecovery(), undefined);
  });

  test("recovery show tells who recovers and which plan waits; approve consents to it by its hash, once", async () => {
    const { flow } = await disorder();
    const said = ["--flow", flow, "--url", stand.url];
    const none = await sfState(["recovery", "show", ...said]);
    assert.equal([none.code, none.stdout], [0, "no recovery is under way\n"]);
    await using manager = await open(flow);
    const recovery = await manager.beginRecovery("after a crash");
    assert.match((await sfState(["recovery", "show", ...said])).stdout, /^plan +none waits for a person$/m);
    await recovery.note("plan", JSON.stringify({ ...WAITS, hash: HASH }));
    await recovery.note("plan_hash", HASH);
    const { code, stdout } = await sfState(["recovery", "show", ...said]);
    assert.is(code, 1);
    for (const words of [
      /^recovery +\d+: after a crash$/m,
      /^held by +\S+, \d+ s left$/m,
      /^plan +0123456789abcdef waits for a person: sf-state recovery approve 0123456789abcdef$/m,
      /close short 3 ETH\/USDT, which is not in state +paper: positions: 3 short +nobody is known to have made it/,
      /^and 2 more actions, which are not kept here/m,
      /^ {2}BTC\/USDT: an order is young$/m,
      /^ {2}a note$/m,
    ]) {
      assert.match(stdout, words);
    }
    const json = JSON.parse((await sfState(["recovery", "show", ...said, "--json"])).stdout);
    assert.equal([json.reason, json.planHash, json.plan.actions.length], ["after a crash", HASH, 1]);

    const other = await sfState(["recovery", "approve", "fedcba9876543210", ...said, "--yes"]);
    assert.is(other.code, 1);
    assert.match(other.stderr, /out of date: what waits now is plan 0123456789abcdef/);
    const alone = await sfState(["recovery", "approve", HASH, ...said]);
    assert.is(alone.code, 2);
    assert.is((await manager.getRecovery())?.journal.get("approved"), undefined);
    using person = new PseudoTerminal(["recovery", "approve", HASH, ...said]);
    await person.shows("Approve plan 0123456789abcdef");
    person.type("y");
    assert.is(await person.ended(), 0, person.text);
    assert.match(person.text, /close short 3 ETH\/USDT/);
    assert.is((await manager.getRecovery())?.journal.get("approved"), HASH);
    const second = await sfState(["recovery", "approve", HASH, ...said, "--yes", "--json"]);
    assert.equal([second.code, JSON.parse(second.stdout)], [0, { hash: HASH, approved: false }]);
    assert.match((await sfState(["recovery", "show", ...said])).stdout, /^plan +0123456789abcdef is approved$/m);
    await recovery.end();
  });

  test("a plan of another version is shown as far as it can be read", async () => {
    const { flow } = await disorder();
    await using manager = await open(flow);
    const recovery = await manager.beginRecovery("after a crash");
    await recovery.note("plan", '{"steps":[]}');
    await recovery.note("plan_hash", HASH);
    await recovery.leave();
    const { stdout } = await sfState(["recovery", "show", "--flow", flow, "--url", stand.url]);
    assert.match(stdout, /^held by +nobody; \S+ left it unfinished$/m);
    assert.match(stdout, /what it would do cannot be read here/);
    await manager.endRecovery();
  });

  test("recovery end lets entries go ahead, on consent", async () => {
    const { flow } = await disorder();
    const said = ["--flow", flow, "--url", stand.url];
    await using manager = await open(flow);
    await (await manager.beginRecovery("after a crash")).leave();
    const alone = await sfState(["recovery", "end", ...said]);
    assert.is(alone.code, 2);
    assert.match(alone.stderr, /End the recovery of flow \S+, after a crash\?/);
    const ended = await sfState(["recovery", "end", ...said, "--yes"]);
    assert.is(ended.code, 0, ended.stderr);
    assert.match(ended.stdout, /^ended; entries go ahead\nleft undone: what it was about to do is not known/);
    const last = (await manager.getEvents()).at(-1);
    assert.equal(last?.type === "recovery_ended" && last.reason, "given up: nobody held it");
    assert.is(await manager.getRecovery(), undefined);
    assert.is((await sfState(["recovery", "end", ...said])).stdout, "no recovery is under way\n");
  });

  test("--approve carries out the plan of that hash without asking, and no other", async () => {
    const { flow, args } = await disorder();
    const { hash } = JSON.parse((await sfState([...args, "--json", "--dry-run"])).stdout);
    const other = await sfState([...args, "--approve", HASH]);
    assert.is(other.code, 1);
    assert.match(other.stderr, new RegExp(`plan ${HASH} is out of date: .* plan ${hash}; nothing was done`));
    await using manager = await open(flow);
    assert.equal(await manager.getPositions(), []);
    const right = await sfState([...args, "--approve", hash]);
    assert.is(right.code, 0, right.stderr);
    assert.is((await manager.getPositions()).length, 1);
  });

  test("every option of recover reaches it; what cannot be taken is named", async () => {
    const { args } = await disorder();
    const every =
      "--pairs BTC/USDT --prefix entry- --exclusive-account --unexplained close --rate BTC=60000 --rate ETH=3000 --min-size BTC/USDT=0.001 --tolerance 1e-8 --confirmations 3 --max-state-age 2d --timeout 5s --settle 1s --grace 30s --wait 1s --deadline 10s --hedged";
    const all = await sfState([...args, ...every.split(" "), "--dry-run", "--json"]);
    assert.is(all.code, 1, all.stderr);
    const plan = JSON.parse(all.stdout);
    assert.equal(
      plan.actions.map(({ pair }: { pair: string }) => pair),
      ["BTC/USDT"],
      "only that pair is looked at",
    );
    for (const [words, complaint] of [
      ["--confirmations 1", /options\.confirmations: expected 2 to 20, got 1/],
      ["--tolerance 2", /tolerance: expected a fraction/],
      ["--rate BTC", /Expected a currency and a number above 0/],
      ["--rate BTC=0", /Expected a currency and a number above 0/],
      ["--rate BTC=1 --rate BTC=2", /BTC is given twice/],
      ["--min-size 1 --min-size BTC/USDT=2", /Give one size of every pair/],
      ["--unexplained zero", /Allowed choices are ask, close/],
      ["--deadline 5", /Expected a duration/],
    ] as const) {
      const { code, stderr } = await sfState([...args, ...words.split(" "), "--dry-run"]);
      assert.is(code, 2, `${words}: ${stderr}`);
      assert.match(stderr, complaint);
    }
  });

  test("what the configuration says is the flow's holds where the command line says nothing else", async () => {
    const { flow, args } = await disorder();
    const config = { backend: "redis", redis: { url: stand.url }, recovery: { ours: { pairs: ["BTC/USDT"] } } };
    const file = await stand.file(`${flow}.json`, JSON.stringify(config));
    const [command, option, exchange] = args;
    const said = [command ?? "", option ?? "", exchange ?? "", "--flow", flow, "--config", file, "--dry-run", "--json"];
    const pairs = async (...more: string[]) =>
      JSON.parse((await sfState([...said, ...more])).stdout).actions.map(({ pair }: { pair: string }) => pair);
    assert.not((await pairs()).includes("ETH/USDT"));
    assert.ok((await pairs("--pairs", "ETH/USDT")).includes("ETH/USDT"));
  });

  test("a real ccxt client that cannot log in ends with 3; keys in the options are refused, and never printed", async () => {
    const { args } = await disorder();
    const server = createServer((_, response) => {
      response.writeHead(401, { "content-type": "application/json" });
      response.end('{"code":"50111","msg":"Invalid OK-ACCESS-KEY","data":[]}');
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    try {
      const address = server.address();
      const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
      const options = JSON.stringify({ urls: { api: { rest: url } }, options: { defaultType: "swap" } });
      const real = args.map((word) => (word.startsWith("paper:") ? "okx" : word));
      const env = { OKX_API_KEY: "key-1234", OKX_SECRET: "secret-1234", OKX_PASSWORD: "word-1234" };
      const ended = await sfState([...real, "--unproven", "--dry-run", "--exchange-options", options], env);
      assert.is(ended.code, 3, ended.stderr);
      assert.not.match(ended.stdout + ended.stderr, /secret-1234|key-1234|word-1234/);
      const leak = await sfState([...real, "--unproven", "--dry-run", "--exchange-options", '{"apiKey":"key-1234"}']);
      assert.is(leak.code, 2);
      assert.match(leak.stderr, /apiKey belongs in the environment/);
    } finally {
      server.close();
    }
  });

  test("an exchange that nobody knows ends with 2", async () => {
    const { args } = await disorder();
    const { code, stderr } = await sfState(args.map((word) => (word.startsWith("paper:") ? "mtgox" : word)));
    assert.is(code, 2);
    assert.match(stderr, /ccxt knows no "mtgox"/);
  });
}
