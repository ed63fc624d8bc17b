import { readFile, writeFile } from "node:fs/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ConfigError, CorruptStateError, InvalidArgumentError, SchemaVersionError } from "../../src/index.js";
import { copyFlow } from "../../src/transfer/copy-flow.js";
import { failure } from "../contract/expect.js";
import type { TransferStand } from "./stand.js";

/** A backup that is not whole is never restored, and nothing is written over by accident. */
export function backups(stand: TransferStand): void {
  const test = suite("transfer: backups");

  async function backup(suffix = "jsonl"): Promise<string> {
    const flowId = stand.fresh();
    {
      await using manager = await stand.openDuckdb(`${flowId}.db`, flowId);
      for (let i = 0; i < 600; i++) await manager.markSignalProcessed(`s${i}`, "A/B");
    }
    const file = `${flowId}.${suffix}`;
    await copyFlow(stand.duckdb(`${flowId}.db`), stand.backup(file), { replace: false });
    return file;
  }

  test("the first line says what it is, the last has the SHA-256 of all before it, and each line is JSON", async () => {
    const file = await backup("jsonl.gz");
    const lines = gunzipSync(await readFile(stand.path(file)))
      .toString()
      .trimEnd()
      .split("\n");
    const [first = "", ...rest] = lines;
    const header = JSON.parse(first);
    assert.is(header.format, "signalflow-state backup");
    assert.is(header.version, 1);
    assert.is(header.counts["signals:processed"], 600);
    assert.ok(Math.abs(Date.parse(header.taken_at) - Date.now()) < 60_000);
    assert.match(rest.at(-1) ?? "", /^\{"sha256":"[0-9a-f]{64}"\}$/);
    for (const line of rest) JSON.parse(line);
  });

  test("a file that was cut off anywhere, or changed anywhere, is refused, and nothing comes of it", async () => {
    for (const suffix of ["jsonl", "jsonl.gz"]) {
      const file = await backup(suffix);
      const whole = await readFile(stand.path(file));
      const target = stand.fresh();
      const redis = await stand.redis(target);
      for (const part of [0.2, 0.5, 0.9, 1 - 40 / whole.length]) {
        await writeFile(stand.path(file), whole.subarray(0, Math.floor(whole.length * part)));
        const error = await failure(copyFlow(stand.backup(file), redis, { replace: false }));
        assert.instance(error, CorruptStateError, `${part}: ${error}`);
        assert.match(error.message, /is not whole|is damaged/);
      }
      const text = (suffix === "jsonl" ? whole : gunzipSync(whole)).toString();
      const changed = text.replace('"s599"', '"s598x"');
      assert.not.equal(changed, text);
      await writeFile(stand.path(file), suffix === "jsonl" ? changed : gzipSync(changed));
      const error = await failure(copyFlow(stand.backup(file), redis, { replace: false }));
      assert.instance(error, CorruptStateError);
      assert.match(error.message, /do not match its SHA-256/);
      assert.equal(await stand.keys(target), []);
    }
  });

  test("a file of something else, and one of a newer version, are told apart from a damaged one", async () => {
    const redis = await stand.redis(stand.fresh());
    const other = `${stand.fresh()}.jsonl`;
    for (const text of ["", "hello\n", '{"a":1}\n{"b":2}\n']) {
      await writeFile(stand.path(other), text);
      const error = await failure(copyFlow(stand.backup(other), redis, { replace: false }));
      assert.instance(error, ConfigError, `${JSON.stringify(text)}: ${error}`);
      assert.match(error.message, /is not a backup of sf-state/);
    }
    await writeFile(stand.path(other), '{"format":"signalflow-state backup","version":99}\n{}\n{}\n');
    assert.instance(await failure(copyFlow(stand.backup(other), redis, { replace: false })), SchemaVersionError);
  });

  test("a file that is there is not written over, whatever it is, unless it is a backup that is to be replaced", async () => {
    const file = await backup();
    const flowId = stand.fresh();
    {
      await using manager = await stand.openDuckdb(`${flowId}.db`, flowId);
      await manager.markSignalProcessed("other", "A/B");
    }
    const source = stand.duckdb(`${flowId}.db`);
    const before = await readFile(stand.path(file));
    assert.instance(await failure(copyFlow(source, stand.backup(file), { replace: false })), InvalidArgumentError);
    assert.ok(before.equals(await readFile(stand.path(file))));
    assert.is((await copyFlow(source, stand.backup(file), { replace: true })).outcome, "copied");
    const notes = `${stand.fresh()}.jsonl`;
    await writeFile(stand.path(notes), "my notes\n");
    assert.instance(await failure(copyFlow(source, stand.backup(notes), { replace: true })), ConfigError);
    assert.is(await readFile(stand.path(notes), "utf8"), "my notes\n");
  });

  test("a record that cannot be read stops a copy before anything is written, and is named", async () => {
    const flowId = stand.fresh();
    await (await stand.openRedis(flowId)).close();
    await stand.client.hset(`sf:${flowId}:orders:pending`, "o1", '{"id":"o1"}');
    const target = stand.fresh();
    const error = await failure(copyFlow(await stand.redis(flowId), await stand.redis(target), { replace: false }));
    assert.instance(error, CorruptStateError);
    assert.match(error.message, /orders:pending: .*"o1": pair: /);
    assert.equal(await stand.keys(target), []);
  });

  test("a source that may trade on is warned of", async () => {
    const flowId = stand.fresh();
    await using manager = await stand.openRedis(flowId, {}, { instanceId: "bot-7" });
    await manager.heartbeat();
    const lease = await manager.acquireLease();
    const { warnings } = await copyFlow(await stand.redis(flowId), stand.duckdb(`${flowId}.db`), { replace: false });
    assert.match(warnings.join("\n"), /sign of life 0 s ago.*\n.*bot-7 holds the flow's lease/);
    await lease.release();
  });

  test.run();
}
