/** A flow of an account that is backed up, restored, replaced, lost; and the command line of accounts. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Config, ConfigError, StateLostError, type StateManager } from "../../src/index.js";
import { copyFlow } from "../../src/transfer/copy-flow.js";
import { sfState } from "../cli/command.js";
import { failure } from "../contract/expect.js";
import { TransferStand } from "../transfer/stand.js";
import { AccountServer } from "./server.js";

const test = suite("accounts, moving");
const stand = await TransferStand.start();
const server = new AccountServer(stand.server.url);

test.after(async () => {
  server[Symbol.dispose]();
  await stand[Symbol.asyncDispose]();
});

const LIMITS = { max_open_positions: 3, starting_equity: 1_000 } as const;

function inAccount(name: string, more: Partial<NonNullable<Config["account"]>> = {}): Config {
  return { account: { name, currency: "USDT", ...LIMITS, ...more } };
}

/** Two flows of a new account: the first has a position, an entry and a loss. */
async function twoFlows() {
  const [name, one, other] = [stand.fresh(), stand.fresh(), stand.fresh()];
  const a = await stand.openRedis(one, inAccount(name));
  const b = await stand.openRedis(other, inAccount(name));
  await a.savePosition({ id: "p", pair: "BTC/USDT", side: "long", size: 2, entryPrice: 100 });
  await a.admit({ signalId: "s", pair: "ETH/USDT", side: "short", size: 1, price: 50.5 });
  await a.updateDailyPnl(-12.25);
  return { name, a, b, ids: [one, other] };
}

async function held(mgr: StateManager): Promise<unknown[]> {
  const status = await mgr.getAccount();
  return [status?.slots, status?.exposure, status?.slotsByPair, status?.dailyPnl];
}

test("a flow that is put back in its place stays in its account: its old part leaves the sums, the new one comes", async () => {
  const { name, a, b, ids } = await twoFlows();
  const backup = stand.path(`${a.flowId}.json`);
  await a.backup(backup);
  await a.closePosition("p", { pnl: 7 });
  await a.savePosition({ id: "q", pair: "SOL/USDT", side: "long", size: 1, entryPrice: 3 });
  assert.equal(await held(b), [2, 53.5, { "ETH/USDT": 1, "SOL/USDT": 1 }, -5.25]);
  await a.close();

  await copyFlow(stand.backup(`${a.flowId}.json`), await stand.redis(a.flowId), { replace: true });

  assert.equal(await held(b), [2, 250.5, { "BTC/USDT": 1, "ETH/USDT": 1 }, -5.25], "what was booked stays booked");
  assert.equal(await server.differences(name, ids), []);
  await using again = await stand.openRedis(a.flowId, inAccount(name));
  await again.removePosition("p");
  assert.equal(await held(b), [1, 50.5, { "ETH/USDT": 1 }, -5.25]);
  assert.equal(await server.differences(name, ids), []);
  await b.close();
});

test("a copy under another name is in no account, and joins with what it holds by a call only", async () => {
  const { name, a, b, ids } = await twoFlows();
  const copy = stand.fresh();
  await copyFlow(await stand.redis(a.flowId), await stand.redis(copy), { replace: false, toFlow: copy });
  assert.equal(await held(b), [2, 250.5, { "BTC/USDT": 1, "ETH/USDT": 1 }, -12.25]);
  assert.instance(await failure(stand.openRedis(copy, inAccount(name))), ConfigError);
  await using joins = await stand.openRedis(copy, { risk: { currency: "USDT" } });
  assert.is(await joins.getAccount(), undefined);
  await joins.joinAccount(name);
  assert.equal(await held(b), [4, 501, { "BTC/USDT": 2, "ETH/USDT": 2 }, -12.25]);
  assert.equal(await server.differences(name, [...ids, copy]), []);
  await a.close();
  await b.close();
});

test("the part of a flow whose state is lost stays counted until a command takes it off, which says so", async () => {
  const { name, a, b, ids } = await twoFlows();
  const url = ["--url", stand.server.url];
  const early = await sfState(["account", "forget", a.flowId, "--account", name, "--yes", ...url]);
  assert.is(early.code, 2, early.stderr);
  assert.match(early.stderr, new RegExp(`flow ${a.flowId} is there, and in account ${name}`));
  await stand.client.del(...(await stand.client.keys(`sf:${a.flowId}:*`)));
  assert.instance(await failure(a.removePosition("p")), StateLostError);
  await a.close();

  const refused = await failure(stand.openRedis(a.flowId, inAccount(name)));
  assert.instance(refused, ConfigError);
  assert.match(
    refused.message,
    new RegExp(`still counts 2 slots and an exposure of 250.5 of a flow ${a.flowId} whose state was lost`),
  );
  assert.match(
    (await server.differences(name, ids)).join(),
    new RegExp(`of flow ${a.flowId}, which is not in it any more`),
  );
  const doctor = await sfState(["doctor", "--flow", b.flowId, ...url]);
  assert.is(doctor.code, 1);
  assert.match(doctor.stdout, new RegExp(`it counts 2 slots and an exposure of 250.5 of flow ${a.flowId}`));

  const forgotten = await sfState(["account", "forget", a.flowId, "--account", name, "--yes", ...url]);
  assert.is(forgotten.code, 0, forgotten.stderr);
  assert.match(forgotten.stdout, /2 slots and an exposure of 250.5 are off its sums/);
  assert.equal(await held(b), [0, 0, {}, -12.25]);
  assert.equal(await server.differences(name, ids), []);
  const well = await sfState(["doctor", "--flow", b.flowId, ...url]);
  assert.match(well.stdout, new RegExp(`the sums of account ${name} are those of its 1 flow`));
  await using anew = await stand.openRedis(a.flowId, inAccount(name));
  assert.is(
    (await anew.admit({ signalId: "s", pair: "ETH/USDT", side: "short", size: 1, price: 50.5 })).admitted,
    true,
  );
  await b.close();
});

test("an account whose keys are gone is a lost state, never zero, and doctor says so", async () => {
  const { name, a, b } = await twoFlows();
  await stand.client.del(`sf:@${name}:risk`);
  for (const call of [
    () => a.admit({ signalId: "t", pair: "ETH/USDT", side: "short", size: 1, price: 1 }),
    () => a.updateDailyPnl(1),
    () => a.removePosition("p"),
    () => b.getAccount(),
    () => b.triggerAccountBreaker("x"),
  ]) {
    const error = await failure(call());
    assert.instance(error, StateLostError);
    assert.match(error.message, new RegExp(`^the state of account ${name} is gone`));
  }
  assert.is((await a.getPositions()).length, 1);
  const doctor = await sfState(["doctor", "--flow", a.flowId, "--url", stand.server.url]);
  assert.is(doctor.code, 1);
  assert.match(doctor.stdout, new RegExp(`the state of account ${name} is gone`));
  await a.close();
  await b.close();
});

test("doctor names a sum that is off by the last place", async () => {
  const { name, a, b } = await twoFlows();
  await stand.client.hset(`sf:@${name}:risk`, "notional", "250.50000001");
  const doctor = await sfState(["doctor", "--flow", b.flowId, "--url", stand.server.url]);
  assert.is(doctor.code, 1);
  assert.match(doctor.stdout, /its exposure is 250\.50000001, and 250\.5 over its flows/);
  await a.close();
  await b.close();
});

test("one command trips the breaker of all flows of an account, and one resets it; status tells why", async () => {
  const { name, a, b } = await twoFlows();
  const account = ["--account", name, "--url", stand.server.url];
  const tripped = await sfState(["breaker", "trip", "exchange misbehaves", "--for", "2h", "--yes", ...account]);
  assert.is(tripped.code, 0, tripped.stderr);
  assert.match(tripped.stdout, new RegExp(`^account ${name}: entries of all its flows are blocked until `));
  for (const mgr of [a, b]) {
    const answer = await mgr.admit({ signalId: "t", pair: "ETH/USDT", side: "short", size: 1, price: 1 });
    assert.is(answer.admitted ? "admitted" : answer.reason, "account_circuit_breaker");
  }
  const status = await sfState(["account", "status", ...account]);
  assert.is(status.code, 1);
  assert.match(
    status.stdout,
    new RegExp(
      `${name}: TRIPPED exchange misbehaves \\(manual\\)[^]*max_open_positions 3[^]*${a.flowId} +2 +250\\.50 +-12\\.25`,
    ),
  );
  const flow = await sfState(["status", "--flow", b.flowId, "--url", stand.server.url]);
  assert.is(flow.code, 1);
  assert.match(flow.stdout, new RegExp(`account +${name}: TRIPPED`));
  const list = await sfState(["ls", "--url", stand.server.url]);
  assert.match(list.stdout, new RegExp(`${b.flowId} .*account ${name} TRIPPED`));
  const reset = await sfState(["breaker", "reset", "--yes", ...account]);
  assert.is(reset.code, 0, reset.stderr);
  assert.is(reset.stdout, `account ${name}: entries of its flows may go ahead\n`);
  assert.is((await sfState(["account", "status", ...account])).code, 0);
  const set = await sfState(["account", "set", "max_exposure=251", "max_open_positions=", "--yes", ...account]);
  assert.match(set.stdout, /^max_open_positions +none *$/m, set.stderr);
  assert.match(set.stdout, /^max_exposure +251 +call +sf-state@/m);
  const unset = await sfState(["account", "unset", "max_exposure", "--yes", ...account]);
  assert.match(unset.stdout, /^max_exposure +none *$/m, unset.stderr);
  const both = await sfState(["breaker", "trip", "x", "--all", "--yes", ...account]);
  assert.match(both.stderr, /give --account, --flow or --all, not two of them/);
  await a.close();
  await b.close();
});

test("a flow leaves and joins by command, with all that it has open", async () => {
  const { name, a, b, ids } = await twoFlows();
  await a.close();
  const flow = ["--yes", "--flow", a.flowId, "--url", stand.server.url];
  const left = await sfState(["account", "leave", ...flow]);
  assert.is(left.code, 0, left.stderr);
  assert.is(left.stdout, `${a.flowId} has left account ${name}\n`);
  assert.equal(await held(b), [0, 0, {}, -12.25]);
  const joined = await sfState(["account", "join", name, ...flow]);
  assert.is(joined.code, 0, joined.stderr);
  assert.equal(await held(b), [2, 250.5, { "BTC/USDT": 1, "ETH/USDT": 1 }, -12.25]);
  assert.equal(await server.differences(name, ids), []);
  const nobodys = await sfState(["account", "status", "--account", "nobodys", "--url", stand.server.url]);
  assert.match(nobodys.stderr, /there is no account nobodys with limits: no flow has joined it/);
  await b.close();
});

test("an account keeps whether its time is the server's or given", async () => {
  const { name, a, b } = await twoFlows();
  const error = await failure(stand.openRedis(stand.fresh(), inAccount(name), { clock: () => 1_700_000_000_000 }));
  assert.instance(error, ConfigError);
  assert.is(error.message, `account ${name}: its time is server, this flow's given: a flow that differs cannot join`);
  await a.close();
  await b.close();
});

test.run();
