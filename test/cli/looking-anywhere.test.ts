/** Looking at a flow where nothing can be changed, and where there is none any more. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ConnectionError, StateManager, UnknownFlowError } from "../../src/index.js";
import { failure } from "../contract/expect.js";
import { some } from "../long.js";
import { makeFolder, removeFolder } from "../servers/folder.js";
import { type RedisServer, startRedis } from "../servers/redis.js";
import { until } from "../servers/until.js";
import { sfState } from "./command.js";

const test = suite("cli: looking anywhere");

interface Place {
  readonly name: string;
  /** What a change is refused with. */
  readonly refusal: RegExp;
  /** What doctor says. */
  readonly doctor: RegExp;
  /** Has a server that holds the flow refuse changes, and answers which one to look at; `started` is stopped after the test. */
  refuse(master: RedisServer, started: RedisServer[]): Promise<RedisServer>;
}

async function replicaOf(master: RedisServer, started: RedisServer[]): Promise<RedisServer> {
  const replica = await startRedis({ args: { replicaof: `127.0.0.1 ${master.port}` } });
  started.push(replica);
  await until("the replica is in step", async () => /state=online/.test(await master.cli("info", "replication")));
  return replica;
}

const PLACES: readonly Place[] = [
  {
    name: "a master without the replicas that it asks for",
    refusal: /NOREPLICAS/,
    doctor: /^problem replicas +min-replicas-to-write is 2, and 1 replica: every change is refused \(NOREPLICAS\)$/m,
    async refuse(master, started) {
      await replicaOf(master, started);
      await master.cli("config", "set", "min-replicas-to-write", "2");
      return master;
    },
  },
  {
    name: "a master whose only replica does not answer",
    refusal: /NOREPLICAS/,
    doctor:
      /^problem replicas +min-replicas-to-write is 1, and 1 replica, 0 of them in good standing: every change is refused/m,
    async refuse(master, started) {
      const replica = await replicaOf(master, started);
      await master.cli("config", "set", "min-replicas-max-lag", "1");
      await master.cli("config", "set", "min-replicas-to-write", "1");
      process.kill(replica.pid, "SIGSTOP");
      await until("the master misses it", async () =>
        /min_slaves_good_slaves:0/.test(await master.cli("info", "replication")),
      );
      return master;
    },
  },
  {
    name: "a replica",
    refusal: /READONLY/,
    doctor: /^problem replicas +this server is a replica/m,
    refuse: replicaOf,
  },
  {
    name: "a replica that has lost its master",
    refusal: /READONLY/,
    doctor: /^problem replicas +it has not reached its master for \d+ (?:ms|s): what it shows is as old$/m,
    async refuse(master, started) {
      const replica = await replicaOf(master, started);
      await master.kill();
      await until("it is missed", async () => /master_link_status:down/.test(await replica.cli("info", "replication")));
      return replica;
    },
  },
  {
    name: "a server that cannot save",
    refusal: /cannot save.*MISCONF/,
    doctor: /^problem persistence +the server could not save to disk: it refuses every change \(MISCONF\)$/m,
    async refuse(master) {
      await master.cli("config", "set", "save", "3600 1");
      await rm(master.dir, { recursive: true });
      await master.cli("bgsave");
      await until("it has failed", async () =>
        /rdb_last_bgsave_status:err/.test(await master.cli("info", "persistence")),
      );
      return master;
    },
  },
];

for (const { name, refusal, doctor, refuse } of PLACES) {
  test(`${name}: a flow is shown, and a change is refused with the reason`, async () => {
    const started: RedisServer[] = [];
    await using master = await startRedis();
    try {
      {
        await using manager = await StateManager.open("bot", { backend: "redis", redis: { url: master.url } });
        await manager.savePosition({ id: "p-1", pair: "BTC/USDT", side: "long", size: 1, entryPrice: 5 });
        await manager.saveOrder({ id: "o-1", pair: "BTC/USDT", side: "buy", size: 1, price: 5 });
      }
      const { url } = await refuse(master, started);
      const at = ["--flow", "bot", "--url", url];
      const most = [
        [["status", ...at, "--json"], /"p-1"/],
        [["orders", ...at], /o-1/],
        [["events", ...at], /p-1/],
        [["risk", ...at], /./],
        [["history", ...at], /./],
        [["signals", ...at], /./],
        [["cooldowns", ...at], /./],
        [["refusals", ...at], /./],
        [["recovery", "show", ...at], /./],
        [["ls", "--url", url], /bot/],
      ] as const;
      for (const [args, shown] of [
        [["status", ...at], /p-1/],
        [["positions", "--url", url], /p-1/],
        [["doctor", ...at], doctor],
        ...some(most, 1),
      ] as const) {
        const { code, stdout, stderr } = await sfState([...args]);
        assert.ok(code === 0 || code === 1, `${args[0]}: ${code}: ${stderr}`);
        assert.match(stdout, shown, args[0]);
      }
      const config = { backend: "redis", redis: { url, command_timeout: "400ms" } } as const;
      await using manager = await StateManager.open("bot", config, { existing: true });
      assert.is((await manager.getPositions()).length, 1);
      assert.is((await manager.getRiskState()).dailyTrades, 0);
      const error = await failure(manager.heartbeat());
      assert.instance(error, ConnectionError);
      assert.match(error.message, refusal);
      assert.is((await manager.getPositions()).length, 1, "looking goes on");
    } finally {
      for (const server of started) {
        process.kill(server.pid, "SIGCONT");
        await server.stop();
      }
    }
  });
}

test("doctor compares redis.wait_replicas with the replicas in good standing, not with those that are connected", async () => {
  const folder = await makeFolder();
  await using master = await startRedis();
  const started: RedisServer[] = [];
  try {
    await (await StateManager.open("bot", { backend: "redis", redis: { url: master.url } })).close();
    await master.cli("config", "set", "min-replicas-max-lag", "1");
    const replica = await replicaOf(master, started);
    await replicaOf(master, started);
    await until("both are online", async () => {
      const online = (await master.cli("info", "replication")).match(/state=online/g);
      return online?.length === 2;
    });
    const doctor = async (wanted: number) => {
      const file = join(folder, "bot.yaml");
      await writeFile(file, `backend: redis\nredis: { url: "${master.url}", wait_replicas: ${wanted} }\n`);
      return (await sfState(["doctor", "--flow", "bot", "--config", file])).stdout;
    };
    assert.match(await doctor(2), /^ok +replicas +redis\.wait_replicas is 2, and there are 2 replicas$/m);
    assert.match(
      await doctor(3),
      /^problem replicas +redis\.wait_replicas is 3, and there are 2 replicas: every change is done, not confirmed,/m,
    );
    assert.not.match(await doctor(0), /wait_replicas/);
    process.kill(replica.pid, "SIGSTOP");
    await until("the master misses it", async () =>
      /^slave\d:.*lag=(?:[2-9]|\d\d)/m.test(await master.cli("info", "replication")),
    );
    const missed = await doctor(2);
    assert.match(
      missed,
      /^problem replicas +redis\.wait_replicas is 2, and there are 2 replicas, 1 of them in good standing: /m,
    );
    assert.match(missed, /set redis\.wait_replicas: 1$/m);
    assert.match(await doctor(1), /^ok +replicas +redis\.wait_replicas is 1, /m);
  } finally {
    for (const server of started) {
      process.kill(server.pid, "SIGCONT");
      await server.stop();
    }
    await removeFolder(folder);
  }
});

test("an empty server is said to be empty, since when, and what to do", async () => {
  await using server = await startRedis();
  const at = ["--url", server.url];
  const empty = /the server is empty since \d+ (?:ms|s) .*restore a backup/;
  for (const args of [
    ["status", "--flow", "bot", ...at],
    ["positions", "--flow", "bot", ...at],
    ["status", ...at],
    ["ls", ...at],
  ]) {
    const { code, stderr } = await sfState(args);
    assert.is(code, args.includes("--flow") ? 4 : 1, `${args[0]}: ${stderr}`);
    assert.match(stderr, empty, args[0]);
  }
  const { code, stdout } = await sfState(["doctor", "--flow", "bot", ...at]);
  assert.is(code, 1);
  assert.match(stdout, /^problem flow +there is no such flow: the server is empty since \d+/m);
  const config = { backend: "redis", redis: { url: server.url } } as const;
  const error = await failure(StateManager.open("bot", config, { existing: true }));
  assert.instance(error, UnknownFlowError);
  assert.match(error.message, empty);
});

test("a server that holds something else is not said to be empty", async () => {
  await using server = await startRedis();
  await server.cli("set", "other", "1");
  const { code, stderr } = await sfState(["status", "--flow", "bot", "--url", server.url]);
  assert.is(code, 4);
  assert.match(stderr, /has no flow "bot"$/m);
});

test.run();
