import { connect } from "node:net";
import { Redis } from "ioredis";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ask } from "./ask.js";
import { startProxy } from "./proxy.js";
import { startRedis } from "./redis.js";
import { encodeRequest, RespFramer } from "./resp.js";
import { HopelessError, until } from "./until.js";

const redis = await startRedis();
const proxy = await startProxy(redis.port);

const test = suite("proxy");

test.before.each(async () => {
  proxy.calm();
  await ask(redis, "FLUSHALL");
});

test.after(async () => {
  await proxy.stop();
  await redis.stop();
});

test("without faults a client notices nothing", async () => {
  const client = new Redis(proxy.url);
  const big = "x".repeat(300_000);
  assert.is(await client.set("big", big), "OK");
  assert.is(await client.get("big"), big);
  const counted = await Promise.all(Array.from({ length: 500 }, () => client.incr("n")));
  assert.equal(
    counted,
    Array.from({ length: 500 }, (_, index) => index + 1),
  );
  await client.quit();
});

test("a blocking read gets its answer through the proxy", async () => {
  const reader = dial();
  reader.send("XREAD", "BLOCK", "0", "STREAMS", "events", "$");
  await until("the reader blocks", async () => (await ask(redis, "INFO", "clients")).includes("blocked_clients:1"));
  await ask(redis, "XADD", "events", "*", "type", "mark");
  assert.match(await reader.next(), /mark/);
  reader.close();
});

test("a dropped reply loses the answer and the connection, but not the effect", async () => {
  proxy.dropReplies(1, "incr");
  assert.is(await lost(ask(proxy, "INCR", "n")), true);
  assert.is(await ask(redis, "GET", "n"), "1");
  assert.is(await ask(proxy, "INCR", "n"), "2");
});

test("dropped replies count over connections, and spare other commands", async () => {
  proxy.dropReplies(2, "incr");
  assert.is(await lost(ask(proxy, "INCR", "n")), true);
  assert.is(await ask(proxy, "GET", "n"), "1");
  assert.is(await lost(ask(proxy, "INCR", "n")), true);
  assert.is(await ask(proxy, "INCR", "n"), "3");
});

test("in a pipeline the replies before the dropped one arrive", async () => {
  const connection = dial();
  proxy.dropReplies(1, (request) => request[1] === "second");
  connection.send("INCR", "first");
  connection.send("INCR", "second");
  connection.send("INCR", "third");
  assert.is(await connection.next(), ":1\r\n");
  await connection.closed;
  assert.equal(connection.received, []);
  await until("all of the pipeline was executed", async () => (await ask(redis, "GET", "third")) === "1");
  assert.is(await ask(redis, "GET", "second"), "1");
});

test("a dropped request never reaches Redis", async () => {
  proxy.dropRequests(1, "INCR");
  assert.is(await lost(ask(proxy, "INCR", "n")), true);
  assert.is(await ask(redis, "EXISTS", "n"), "0");
  assert.is(await ask(proxy, "INCR", "n"), "1");
});

test("a swallowed reply never comes, and later replies flow on the same connection", async () => {
  const connection = dial();
  proxy.swallowReplies(1, "incr");
  connection.send("INCR", "n");
  connection.send("GET", "n");
  assert.is(await connection.next(), "$1\r\n1\r\n");
  connection.send("INCR", "n");
  assert.is(await connection.next(), ":2\r\n");
  connection.close();
});

test("a cut closes every connection", async () => {
  const connections = [dial(), dial(), dial()];
  for (const connection of connections) connection.send("PING");
  for (const connection of connections) assert.is(await connection.next(), "+PONG\r\n");
  proxy.cut();
  await Promise.all(connections.map((connection) => connection.closed));
  await until("the proxy forgot them", () => proxy.stats.open === 0);
  assert.is(await ask(proxy, "PING"), "PONG");
});

test("an ioredis client connects again after a cut", async () => {
  const client = new Redis(proxy.url);
  client.on("error", () => {});
  await client.set("a", "1");
  proxy.cut();
  assert.is(await client.get("a"), "1");
  await client.quit();
});

test("while replies stall Redis executes, and the replies come after", async () => {
  const connection = dial();
  proxy.stallReplies();
  connection.send("INCR", "n");
  connection.send("INCR", "n");
  await until("Redis executed them", async () => (await ask(redis, "GET", "n")) === "2");
  assert.equal(connection.received, []);
  proxy.resume();
  assert.is(await connection.next(), ":1\r\n");
  assert.is(await connection.next(), ":2\r\n");
  connection.close();
});

test("a cut while replies stall loses them for good", async () => {
  const connection = dial();
  proxy.stallReplies();
  connection.send("INCR", "n");
  await until("Redis executed it", async () => (await ask(redis, "GET", "n")) === "1");
  proxy.cut();
  proxy.resume();
  await connection.closed;
  assert.equal(connection.received, []);
});

test("while requests are held nothing reaches Redis until they are let go", async () => {
  const { requests } = proxy.stats;
  const connection = dial();
  proxy.holdRequests();
  connection.send("INCR", "n");
  await until("the connection is there", () => proxy.stats.open === 1);
  assert.is(await ask(redis, "EXISTS", "n"), "0");
  assert.is(proxy.stats.requests, requests);
  proxy.resume();
  assert.is(await connection.next(), ":1\r\n");
  connection.close();
});

test("a held request is delivered late, even though its client has gone", async () => {
  const connection = dial();
  connection.send("PING");
  await connection.next();
  proxy.holdRequests();
  connection.send("INCR", "n");
  connection.close();
  await connection.closed;
  assert.is(await ask(redis, "EXISTS", "n"), "0");
  proxy.resume();
  await until("the late request was executed", async () => (await ask(redis, "GET", "n")) === "1");
});

test("a cut while requests are held loses them: they never reach Redis", async () => {
  const connection = dial();
  connection.send("PING");
  await connection.next();
  const { requests } = proxy.stats;
  proxy.holdRequests();
  connection.send("INCR", "n");
  const other = dial();
  other.send("PING");
  await until("both are connected", () => proxy.stats.open === 2);
  proxy.cut();
  await Promise.all([connection.closed, other.closed]);
  proxy.resume();
  assert.is(await ask(proxy, "EXISTS", "n"), "0");
  assert.is(proxy.stats.requests, requests + 1);
});

test("a stalled proxy accepts connections, and both directions flow again after", async () => {
  proxy.stall();
  const answer = ask(proxy, "INCR", "n");
  await until("the connection is accepted", () => proxy.stats.open === 1);
  assert.is(await ask(redis, "EXISTS", "n"), "0");
  proxy.resume();
  assert.is(await answer, "1");
});

test("new connections are refused while open ones go on", async () => {
  const connection = dial();
  connection.send("PING");
  await connection.next();
  proxy.refuse(true);
  assert.is(await lost(ask(proxy, "PING")), true);
  connection.send("PING");
  assert.is(await connection.next(), "+PONG\r\n");
  proxy.refuse(false);
  assert.is(await ask(proxy, "PING"), "PONG");
  connection.close();
});

test("when Redis is down a connection is accepted and closed, and later ones work", async () => {
  await redis.kill();
  assert.is(await lost(ask(proxy, "PING")), true);
  await redis.restart();
  assert.is(await ask(proxy, "PING"), "PONG");
});

test("the same seed brings the same faults, and each is what it claims to be", async () => {
  const rates = { refuse: 0.15, dropRequest: 0.15, dropReply: 0.1, swallowReply: 0.1, delayReply: 0.2, delayMs: 2 };
  const story = async (seed: number) => {
    proxy.calm();
    await until("the proxy has no connection", () => proxy.stats.open === 0);
    await ask(redis, "FLUSHALL");
    proxy.chaos(seed, { rates });
    const fates: string[] = [];
    for (let turn = 0; turn < 40; turn++) fates.push(await fateOfOneIncr());
    const executed = fates.filter((fate) => fate === "answered" || fate === "reply lost").length;
    assert.is(await ask(redis, "GET", "n"), String(executed));
    return fates;
  };
  const first = await story(7);
  assert.equal(await story(7), first);
  assert.not.equal(await story(8), first);
  assert.equal([...new Set(first)].sort(), ["answered", "refused", "reply lost", "request lost"]);
});

test("after the calm nothing goes wrong", async () => {
  proxy.chaos(1, { rates: { refuse: 1, dropRequest: 1, dropReply: 1 } });
  proxy.dropReplies(5);
  proxy.stall();
  proxy.calm();
  for (let turn = 1; turn <= 20; turn++) assert.is(await ask(proxy, "INCR", "n"), String(turn));
});

test("a proxy that is stopped closes its connections and its port", async () => {
  const other = await startProxy(redis.port);
  const connection = dial(other.port);
  connection.send("PING");
  await connection.next();
  await other.stop();
  await connection.closed;
  assert.is(await lost(ask(other, "PING")), true);
});

test.run();

/** What becomes of one INCR on a connection of its own. */
async function fateOfOneIncr(): Promise<string> {
  const { refused, lostRequests, lostReplies } = proxy.stats;
  const connection = dial();
  connection.send("INCR", "n");
  const fate = () => {
    if (connection.received.length > 0) return "answered";
    if (proxy.stats.refused > refused) return "refused";
    if (proxy.stats.lostRequests > lostRequests) return "request lost";
    return proxy.stats.lostReplies > lostReplies ? "reply lost" : undefined;
  };
  await until("its fate is known", () => fate() !== undefined);
  connection.close();
  await connection.closed;
  return fate() ?? "unknown";
}

interface Connection {
  /** Replies that came and were not taken yet, as bytes. */
  readonly received: string[];
  readonly closed: Promise<void>;
  send(...request: string[]): void;
  /** Takes the next reply. */
  next(): Promise<string>;
  close(): void;
}

/** A bare connection through the proxy: no handshake, no retries. */
function dial(port = proxy.port): Connection {
  const socket = connect({ host: "127.0.0.1", port });
  const framer = new RespFramer();
  const received: string[] = [];
  let ended = false;
  socket.on("error", () => {});
  socket.on("data", (chunk) => received.push(...framer.push(chunk).map((reply) => reply.toString())));
  const closed = new Promise<void>((resolve) => socket.once("close", resolve)).then(() => {
    ended = true;
  });
  return {
    received,
    closed,
    send: (...request) => void socket.write(encodeRequest(request)),
    async next() {
      await until("a reply comes", () => {
        if (ended && received.length === 0) throw new HopelessError("the connection was closed");
        return received.length > 0;
      });
      return received.shift() ?? "";
    },
    close: () => void socket.end(),
  };
}

function lost(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => false,
    () => true,
  );
}
