import { execFile } from "node:child_process";
import { copyFile, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Config, ConfigError, CorruptStateError, StateLostError, StateManager } from "../../src/index.js";
import { type Judgement, judgeMark, type Mark } from "../../src/mark/mark.js";
import { PaperExchange, recover } from "../../sync/index.js";
import { newFlowId } from "../contract/backends.js";
import { failure } from "../contract/expect.js";
import { makeFolder, removeFolder } from "../servers/folder.js";
import type { RedisServer } from "../servers/redis.js";
import { until } from "../servers/until.js";
import { lossOf, rollBack } from "./stand.js";

const run = promisify(execFile);
const PAIR = "BTC/USDT";

async function markIn(path: string): Promise<Mark> {
  return JSON.parse(await readFile(path, "utf8"));
}

/** What is known of a flow on a bot's own disk, for processes that start anew. */
export function marks(server: RedisServer): void {
  const test = suite("the mark");
  let folder = "";
  let flowId = "";
  let path = "";
  let config: Config = {};

  test.before.each(async () => {
    folder = await makeFolder();
    flowId = newFlowId();
    path = join(folder, "marks", `${flowId}.mark`);
    const redis = { url: server.url, command_timeout: "30s" } as const;
    config = { backend: "redis", redis, mark: { path: join(folder, "marks", "{flow_id}.mark") } };
  });
  test.after.each(() => removeFolder(folder));

  const open = (more: Config = {}) => StateManager.open(flowId, { ...config, ...more });
  const use = async (work: (mgr: StateManager) => Promise<unknown>, more: Config = {}) => {
    await using mgr = await open(more);
    await work(mgr);
  };
  const bare = () => StateManager.open(flowId, { backend: "redis", redis: { url: server.url } });

  test("a process that starts on an older copy than the one before it saw is refused, and told what to do", async () => {
    await use((mgr) => mgr.updateEquity(1));
    await server.cli("save");
    await use((mgr) => mgr.markSignalProcessed("s1", PAIR));
    await rollBack(server);
    const { message } = await lossOf(open());
    assert.match(message, /event \d+-\d+ of the mark .*\.mark, and /);
    assert.match(message, "its newest event is");
    assert.match(message, 'connect({ accept: "went_back" })');
    await lossOf(open());
  });

  test("newer events than the mark's do not hide that the state went back", async () => {
    await use((mgr) => mgr.updateEquity(1));
    await server.cli("save");
    await use((mgr) => mgr.updateEquity(2));
    await rollBack(server);
    {
      await using other = await bare();
      await other.updateEquity(3);
      await other.updateEquity(4);
    }
    assert.match((await lossOf(open())).message, "is not among its events");
  });

  test("who accepts it connects with entries blocked; recover ends that and sets the mark anew", async () => {
    await use((mgr) => mgr.updateEquity(1));
    await server.cli("save");
    await use((mgr) => mgr.updateEquity(2));
    const before = await markIn(path);
    await rollBack(server);
    const entry = { signalId: "s1", pair: PAIR, side: "long", size: 1, price: 100 } as const;
    {
      await using mgr = StateManager.fromConfig(flowId, config);
      await mgr.connect({ accept: "went_back" });
      const refused = await mgr.admit(entry);
      assert.is(refused.admitted === false && refused.reason, "recovering");
    }
    assert.equal(await markIn(path), before, "nobody has recovered");
    await lossOf(open());
    {
      await using mgr = StateManager.fromConfig(flowId, config);
      await mgr.connect({ accept: "went_back" });
      const report = await recover(mgr, new PaperExchange(), { confirmDelay: 0, settle: 0 });
      assert.is(report.status, "recovered", JSON.stringify(report));
      const { id, entries_added } = await markIn(path);
      assert.equal({ newest: id, added: entries_added }, await place(mgr));
      assert.is((await mgr.admit(entry)).admitted, true);
    }
    await use((mgr) => mgr.updateEquity(5));
  });

  test("a recovery by somebody who only steers the flow sets the mark anew as well", async () => {
    await use((mgr) => mgr.updateEquity(1));
    await server.cli("save");
    await use((mgr) => mgr.updateEquity(2));
    await rollBack(server);
    {
      await using operator = await StateManager.open(flowId, config, { existing: true });
      const recovery = await operator.beginRecovery("by hand");
      await recovery.end();
    }
    await use((mgr) => mgr.updateEquity(3));
  });

  test("a flow that is gone is not made anew", async () => {
    await use((mgr) => mgr.updateEquity(1));
    for (const key of (await server.cli("keys", `sf:${flowId}:*`)).split("\n")) await server.cli("del", key);
    assert.match((await lossOf(open())).message, "has no flow");
    assert.is(await server.cli("keys", `sf:${flowId}:*`), "");
    {
      await using other = await bare();
      await other.updateEquity(1);
    }
    assert.match((await lossOf(open())).message, "its epoch is");
  });

  test("a manager that works looks at its mark, and notices what it has not lost itself", async () => {
    await using mgr = await open();
    await using other = await bare();
    await server.cli("save");
    await other.updateEquity(2);
    const { newest } = await mgr.getLogPlace();
    await until("the mark is written", async () => (await markIn(path)).id === newest);
    await rollBack(server);
    await until("the next look", async () => {
      const error = await mgr.heartbeat().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      return error instanceof StateLostError;
    });
    assert.is((await markIn(path)).id, newest);
  });

  test("a process that noticed tells the next one, also where the mark's event is still there", async () => {
    {
      await using mgr = await open();
      await mgr.heartbeat();
      await until("the mark is written", async () => (await readdir(join(folder, "marks"))).length === 1);
      await server.cli("save");
      await mgr.heartbeat();
      await rollBack(server);
      await lossOf(mgr.heartbeat());
    }
    assert.match((await lossOf(open())).message, "the process before noticed it");
  });

  test("restarts, trimming and newer events of others are nothing to be told", async () => {
    for (let i = 0; i < 5; i++) {
      await use((mgr) => mgr.updateEquity(i));
      await server.cli("save");
      await rollBack(server);
      await using other = await bare();
      await other.updateEquity(i);
    }
    const warnings: string[] = [];
    const logger = { info() {}, warn: (message: string) => warnings.push(message) };
    {
      await using other = await StateManager.open(flowId, { ...config, mark: {}, events: { max_length: 1 } });
      for (let i = 0; i < 300; i++) await other.updateEquity(i);
    }
    {
      await using mgr = await StateManager.open(flowId, config, { logger });
      await mgr.updateEquity(1);
    }
    assert.is(warnings.length, 1);
    assert.match(warnings[0] ?? "", "cannot be told by the mark");
    await use((mgr) => mgr.updateEquity(1));
  });

  test("a flow that is restored from a backup of before is a moved one, and no older copy", async () => {
    const file = join(folder, "flow.json");
    const command = async (...words: string[]) =>
      run(process.execPath, ["--import", "tsx", "sync/sf-state.ts", ...words, "--url", server.url]);
    await use((mgr) => mgr.updateEquity(1));
    await command("backup", file, "--flow", flowId);
    await use((mgr) => mgr.updateEquity(2));
    await command("restore", file, "--flow", flowId, "--replace", "--yes");
    await use((mgr) => mgr.updateEquity(3));
    await use((mgr) => mgr.updateEquity(4));
  });

  test("a DuckDB file that is put back from an older copy is noticed", async () => {
    const file = join(folder, `${flowId}.db`);
    config = { backend: "duckdb", duckdb: { path: file }, mark: { path } };
    await use((mgr) => mgr.updateEquity(1));
    await copyFile(file, `${file}.old`);
    await use((mgr) => mgr.updateEquity(2));
    await copyFile(`${file}.old`, file);
    await lossOf(open());
    await rm(file);
    await lossOf(open());
  });

  test("what stands in the mark's file and is none is not passed over", async () => {
    await use((mgr) => mgr.updateEquity(1));
    await writeFile(path, "{}");
    assert.instance(await failure(open()), CorruptStateError);
    await writeFile(path, JSON.stringify({ flow: "another", epoch: "e", id: "1-1", entries_added: 1 }));
    const error = await failure(open());
    assert.instance(error, ConfigError);
    assert.match(error.message, "is the mark of flow another");
    await writeFile(path, "{}");
    await using mgr = StateManager.fromConfig(flowId, config);
    await mgr.connect({ accept: "went_back" });
    assert.is(await mgr.endRecovery(), true);
    assert.is((await markIn(path)).flow, flowId);
  });

  test("a path that cannot be written is a ConfigError at connect, and not a mark that is never there", async () => {
    await writeFile(join(folder, "file"), "");
    const error = await failure(open({ mark: { path: join(folder, "file", "bot.mark") } }));
    assert.instance(error, ConfigError);
    assert.match(error.message, "config.mark.path: expected a file that can be read and written");
  });

  test("no half of a mark is ever seen, and no draft stays", async () => {
    await use(async (mgr) => {
      for (let i = 0; i < 5; i++) await mgr.updateEquity(i);
    });
    assert.equal(await readdir(join(folder, "marks")), [`${flowId}.mark`]);
  });

  test("a mark needs events and a state that outlives its process", () => {
    for (const wrong of [{ events: { max_length: 0 } }, { backend: "memory" }] as const) {
      try {
        StateManager.fromConfig(flowId, { ...config, ...wrong });
        assert.unreachable();
      } catch (error) {
        assert.instance(error, ConfigError);
        assert.match(String(error), "mark.path");
      }
    }
  });

  test("only what is known to be older is judged so", () => {
    const mark: Mark = { flow: "f", epoch: "e", id: "10-1", entries_added: 7 };
    const log = { newest: "10-1", added: 7, oldest: "4-0", holds: true };
    const kinds: readonly [Judgement["kind"], Partial<Mark>, Partial<typeof log & { was: string }>, boolean?][] = [
      ["as_marked", {}, {}],
      ["as_marked", {}, { newest: "11-0", added: 8 }],
      ["as_marked", { id: "0-0", entries_added: 0 }, { newest: "0-0", added: 0 }],
      ["as_marked", { id: "0-0", entries_added: 0 }, {}],
      ["moved", { epoch: "before" }, { was: "before" }],
      ["went_back", { epoch: "before" }, { was: "other" }],
      ["went_back", { epoch: "before" }, {}],
      ["went_back", {}, { newest: "10-0" }],
      ["went_back", {}, { newest: "9-9" }],
      ["went_back", {}, { newest: "11-0", added: 6 }],
      ["went_back", {}, { newest: "11-0", added: 9, holds: false }],
      ["went_back", {}, { newest: "0-0", added: 0 }],
      ["cannot_tell", {}, { newest: "0-0", added: 0 }, true],
      ["cannot_tell", {}, { newest: "30-0", added: 90, oldest: "10-2", holds: false }],
      ["went_back", { went_back: "noticed" }, {}],
    ];
    for (const [kind, marked, found, mayBeEvicted = false] of kinds) {
      const judgement = judgeMark({ ...mark, ...marked }, "e", { ...log, ...found }, mayBeEvicted);
      assert.is(judgement.kind, kind, JSON.stringify([marked, found]));
    }
  });

  test.run();
}

async function place(mgr: StateManager): Promise<{ newest: string; added: number }> {
  const { newest, added } = await mgr.getLogPlace();
  return { newest, added };
}
