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
      const ended = await sfState([...real, "--dry-run", "--exchange-options", options], env);
      assert.is(ended.code, 3, ended.stderr);
      assert.not.match(ended.stdout + ended.stderr, /secret-1234|key-1234|word-1234/);
      const leak = await sfState([...real, "--dry-run", "--exchange-options", '{"apiKey":"key-1234"}']);
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
