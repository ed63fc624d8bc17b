import { suite } from "uvu";
import * as assert from "uvu/assert";
import { UnknownOutcomeError } from "../../src/index.js";
import { failure } from "../contract/expect.js";
import type { FaultProxy } from "../servers/proxy.js";
import type { RedisServer } from "../servers/redis.js";
import { Clocks, HOUR, lossOf, MINUTE, open, rollBack, scripts, sessionsOf } from "./stand.js";

const PAIR = "BTC/USDT";

/** For a call that is to stay without an answer: enough to connect on a busy machine. */
const BRISK = "3s";

const entry = (id: string) => ({ signalId: id, pair: PAIR, side: "long", size: 1, price: 100 }) as const;

/** A server that is killed and comes back with what it saved a while ago: same flow, same epoch, less in it. */
export function olderCopy(server: RedisServer, proxy: FaultProxy): void {
  const test = suite("a server that comes back with an older copy");

  test.before.each(() => proxy.calm());

  test("every change of a manager whose changes are gone is refused, and none is sent any more, until it connects again", async () => {
    await using mgr = await open({ url: server.url });
    await mgr.updateDailyPnl(-10, { tradeId: "before" });
    await server.cli("save");
    for (let i = 0; i < 5; i++) assert.is(await mgr.markSignalProcessed(`s${i}`, PAIR), true);
    assert.is((await mgr.admit(entry("e0"))).admitted, true);
    const answered = Date.now();
    await rollBack(server);

    const { message } = await lossOf(mgr.updateDailyPnl(-1, { tradeId: "after" }));
    const [, from = "", to = ""] = /between (\S+), the newest answer to this manager, and (\S+): /.exec(message) ?? [];
    assert.ok(Date.parse(from) <= answered && answered <= Date.parse(to) && Date.parse(to) <= Date.now(), message);
    assert.match(message, `Redis at 127.0.0.1:${server.port} has an older copy`);
    assert.match(message, "run recover before anything else");

    const before = await scripts(server);
    await lossOf(mgr.markSignalProcessed("s0", PAIR));
    await lossOf(mgr.admit(entry("e0")));
    await lossOf(mgr.heartbeat());
    await lossOf(mgr.acquireLease());
    assert.is(await scripts(server), before);
    assert.is((await mgr.getRiskState()).dailyPnl, -10, "what is there can be looked at");

    await mgr.close();
    await mgr.connect();
    assert.is(await mgr.markSignalProcessed("s0", PAIR), true);
  });

  test("all of many calls at once are refused, whatever their slots, and nothing of them happens", async () => {
    await using mgr = await open({ url: server.url });
    await server.cli("save");
    await Promise.all(Array.from({ length: 20 }, (_, i) => mgr.markSignalProcessed(`s${i}`, PAIR)));
    await rollBack(server);
    const marks = Array.from({ length: 50 }, (_, i) => lossOf(mgr.markSignalProcessed(`s${i}`, PAIR)));
    const entries = Array.from({ length: 50 }, (_, i) => lossOf(mgr.admit(entry(`e${i}`))));
    await Promise.all([...marks, ...entries]);
    await using other = await open({ url: server.url }, mgr.flowId);
    assert.equal((await other.getSignalState()).recentSignalIds, []);
    assert.equal(await other.getPendingOrders(), []);
  });

  test("one change is enough: a manager that made no other since the copy notices", async () => {
    await using mgr = await open({ url: server.url });
    await server.cli("save");
    await mgr.heartbeat();
    await rollBack(server);
    await lossOf(mgr.heartbeat());
  });

  test("a watcher is told, also one that waits", async () => {
    await using mgr = await open({ url: server.url });
    await server.cli("save");
    await mgr.heartbeat();
    const waiting = lossOf(mgr.watch().next());
    await mgr.getPositions();
    await rollBack(server);
    await lossOf(mgr.heartbeat());
    await waiting;
    await lossOf(mgr.watch().next());
    await lossOf(mgr.watch({ after: "0-0" }).next());
  });

  test("a watcher that alone knows of what is gone notices, and so does its manager", async () => {
    await using mgr = await open({ url: server.url });
    await using other = await open({ url: server.url }, mgr.flowId);
    await server.cli("save");
    const watcher = mgr.watch();
    const [first] = await Promise.all([watcher.next(), other.markSignalProcessed("s0", PAIR)]);
    assert.is(first.value?.type, "signal_processed");
    await rollBack(server);
    await lossOf(watcher.next());
    await lossOf(mgr.heartbeat());
  });

  test("a watcher notices though newer events than the one it told have come since", async () => {
    await using mgr = await open({ url: server.url });
    await using other = await open({ url: server.url }, mgr.flowId);
    await other.updateEquity(1);
    await server.cli("save");
    const watcher = mgr.watch({ after: "0-0" });
    await other.updateEquity(2);
    await watcher.next();
    await watcher.next();
    await rollBack(server);
    await using third = await open({ url: server.url }, mgr.flowId);
    for (let i = 0; i < 5; i++) await third.updateEquity(3);
    const { message } = await lossOf(watcher.next());
    assert.match(message, "which watch() told");
  });

  test("a watcher that starts at a place where no event is, or was told of none, is told what comes", async () => {
    await using mgr = await open({ url: server.url });
    const watchers = [mgr.watch(), mgr.watch({ after: "5-5" }), mgr.watch({ after: "0-0" })];
    const seen = watchers.map((watcher) => watcher.next());
    await mgr.getPositions();
    await mgr.updateEquity(1);
    for (const { value } of await Promise.all(seen)) assert.is(value?.type, "equity_updated");
  });

  test("a state that another process has changed since it went back is no less an older one", async () => {
    await using mgr = await open({ url: server.url });
    await server.cli("save");
    await mgr.markSignalProcessed("s0", PAIR);
    await rollBack(server);
    await using other = await open({ url: server.url }, mgr.flowId);
    for (let i = 0; i < 20; i++) await other.markSignalProcessed(`o${i}`, PAIR);
    await lossOf(mgr.markSignalProcessed("s0", PAIR));
  });

  test("a manager that lost nothing goes on: what is gone is another's", async () => {
    await using mgr = await open({ url: server.url });
    await mgr.markSignalProcessed("s0", PAIR);
    await server.cli("save");
    await using other = await open({ url: server.url }, mgr.flowId);
    await other.markSignalProcessed("s1", PAIR);
    await rollBack(server);
    assert.is(await mgr.markSignalProcessed("s2", PAIR), true);
    await lossOf(other.markSignalProcessed("s3", PAIR));
  });

  test("a call that is on its way while the server goes back is refused when it is sent again", async () => {
    await using mgr = await open({ url: server.url });
    await server.cli("save");
    await mgr.markSignalProcessed("s0", PAIR);
    await server.kill("SIGSTOP");
    const underWay = Array.from({ length: 5 }, (_, i) => lossOf(mgr.markSignalProcessed(`s${i}`, PAIR)));
    await rollBack(server);
    await Promise.all(underWay);
    assert.equal((await mgr.getSignalState()).recentSignalIds, []);
  });

  test("an answer of the session before is looked for where it was", async () => {
    using clocks = new Clocks();
    await using mgr = await open({ url: server.url });
    await mgr.heartbeat();
    clocks.advance(5 * MINUTE);
    await server.cli("save");
    await mgr.markSignalProcessed("s0", PAIR);
    clocks.advance(5 * MINUTE);
    await rollBack(server);
    await lossOf(mgr.markSignalProcessed("s0", PAIR));
    assert.is((await sessionsOf(server, mgr)).length, 1, "nothing is remembered of what was refused");
  });

  test("the newest is the call that was answered last by itself, not one that was sent again and remembered", async () => {
    await using mgr = await open({ url: proxy.url, command_timeout: BRISK });
    proxy.dropReplies(1_000, (request) => request.includes("a"));
    const unknown = await failure(mgr.markSignalProcessed("a", PAIR));
    if (!(unknown instanceof UnknownOutcomeError)) throw unknown;
    proxy.calm();
    await mgr.getPositions();
    await server.cli("save");
    await mgr.markSignalProcessed("b", PAIR);
    assert.is(await unknown.retry(), true);
    await rollBack(server);
    await mgr.getPositions();
    await lossOf(mgr.markSignalProcessed("b", PAIR));
  });

  test("the answer to a call that was sent again is not lost unnoticed either", async () => {
    await using mgr = await open({ url: proxy.url, command_timeout: BRISK });
    proxy.dropRequests(1_000, (request) => request.includes("a"));
    const unknown = await failure(mgr.markSignalProcessed("a", PAIR));
    if (!(unknown instanceof UnknownOutcomeError)) throw unknown;
    proxy.calm();
    await mgr.markSignalProcessed("b", PAIR);
    await server.cli("save");
    assert.is(await unknown.retry(), true);
    await rollBack(server);
    await mgr.getPositions();
    await lossOf(mgr.markSignalProcessed("a", PAIR));
  });

  test("an outcome that was unknown when the state went back is asked for no more", async () => {
    await using mgr = await open({ url: proxy.url, command_timeout: BRISK });
    await server.cli("save");
    await mgr.markSignalProcessed("b", PAIR);
    proxy.dropReplies(1_000, (request) => request.includes("a"));
    const unknown = await failure(mgr.markSignalProcessed("a", PAIR));
    if (!(unknown instanceof UnknownOutcomeError)) throw unknown;
    proxy.calm();
    await rollBack(server);
    await mgr.getPositions();
    await lossOf(unknown.retry());
    assert.equal((await mgr.getSignalState()).recentSignalIds, []);
  });

  test("a manager that was silent for nine minutes has nothing to prove", async () => {
    using clocks = new Clocks();
    await using mgr = await open({ url: server.url });
    await server.cli("save");
    await mgr.markSignalProcessed("s0", PAIR);
    clocks.advance(9 * MINUTE + 1);
    await rollBack(server);
    assert.is(await mgr.markSignalProcessed("s0", PAIR), true);
  });

  test("where nothing is remembered, the server's clock or a policy that evicts explains it, and nothing else does", async () => {
    const forget = async (mgr: Awaited<ReturnType<typeof open>>) => {
      for (const key of await sessionsOf(server, mgr)) await server.cli("del", key);
    };
    {
      await using mgr = await open({ url: server.url });
      await mgr.heartbeat();
      await forget(mgr);
      await lossOf(mgr.heartbeat());
    }
    {
      await using mgr = await open({ url: server.url, allow_eviction: true });
      await mgr.heartbeat();
      await forget(mgr);
      await mgr.heartbeat();
      await mgr.heartbeat(); // the first of a new session: an older copy has something in its slot
      await server.cli("save");
      await mgr.heartbeat();
      await rollBack(server);
      await lossOf(mgr.heartbeat());
    }
    // A server whose clock jumps by an hour, and so forgets, is one against whom this process's clocks go back by an hour.
    using clocks = new Clocks();
    await using mgr = await open({ url: server.url });
    await mgr.heartbeat();
    clocks.advance(-HOUR);
    await forget(mgr);
    await Promise.all(Array.from({ length: 20 }, (_, i) => mgr.markSignalProcessed(`s${i}`, PAIR)));
    await server.cli("save");
    await mgr.heartbeat();
    await rollBack(server);
    await lossOf(mgr.heartbeat());
  });

  test("a call whose first copy may have been forgotten is not made again", async () => {
    using clocks = new Clocks();
    await using mgr = await open({ url: proxy.url, command_timeout: BRISK });
    await mgr.heartbeat();
    proxy.dropReplies(1_000, (request) => request.includes("a"));
    const unknown = await failure(mgr.updateDailyPnl(-1, { tradeId: "a" }));
    if (!(unknown instanceof UnknownOutcomeError)) throw unknown;
    proxy.calm();
    await mgr.getPositions();
    clocks.advance(-HOUR);
    for (const key of await sessionsOf(server, mgr)) await server.cli("del", key);
    for (let i = 0; i < 2; i++) {
      const again = await failure(unknown.retry());
      assert.instance(again, UnknownOutcomeError);
      assert.match(again.message, "the server has forgotten its answers");
    }
    assert.is((await mgr.getRiskState()).dailyPnl, -1);
    await mgr.heartbeat();
  });

  test.run();
}
