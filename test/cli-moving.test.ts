/** `doctor`, `copy`, `backup` and `restore` as a person runs them: the real command on real servers and files. */
import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { stripVTControlCharacters } from "node:util";
import { spawn } from "@lydell/node-pty";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { bundle } from "./bundle.js";
import { fill } from "./contract/calls.js";
import { TransferStand } from "./transfer/stand.js";

const PROGRAM = await bundle(new URL("../sync/sf-state.ts", import.meta.url));

const stand = await TransferStand.start();
const test = suite("cli: moving");

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function sfState(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, ...args], (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

async function filled(): Promise<{ flowId: string; path: string }> {
  const flowId = stand.fresh();
  await using manager = await stand.openDuckdb(`${flowId}.db`, flowId);
  await fill(manager);
  await manager.heartbeat();
  return { flowId, path: stand.path(`${flowId}.db`) };
}

test("copy takes a flow from DuckDB to Redis and back, says what it copied, and says so again when there is nothing to do", async () => {
  const { flowId, path } = await filled();
  const there = await sfState("copy", "--from", `duckdb:${path}`, "--to", stand.server.url);
  assert.is(there.code, 0, there.err);
  assert.match(there.out, new RegExp(`^${flowId}: copied and verified, from .* to .*: 3 positions, `));
  await using manager = await stand.openRedis(flowId);
  assert.is((await manager.getPositions()).length, 3);
  await manager.close();
  const back = stand.path(`${stand.fresh()}.db`);
  const args = ["copy", "--from", stand.server.url, "--flow", flowId, "--to", `duckdb:${back}`, "--json"];
  const first = JSON.parse((await sfState(...args)).out);
  assert.is(first.outcome, "copied");
  assert.is(first.counts["positions:open"], 3);
  assert.is(JSON.parse((await sfState(...args)).out).outcome, "already there");
});

test("copy refuses a flow that is there, asks before it replaces one, and never writes a password", async () => {
  const { flowId, path } = await filled();
  const other = await filled();
  const secret = stand.server.url.replace("redis://", "redis://:hunter2@");
  const to = ["--to", stand.server.url, "--to-flow", flowId];
  assert.is((await sfState("copy", "--from", `duckdb:${path}`, ...to)).code, 0);
  const refused = await sfState("copy", "--from", `duckdb:${other.path}`, ...to);
  assert.is(refused.code, 2);
  assert.match(refused.err, /is not empty: 3 positions, .*Say --replace/);
  const unasked = await sfState("copy", "--from", `duckdb:${other.path}`, ...to, "--replace");
  assert.is(unasked.code, 2);
  assert.match(unasked.err, /Replace what is in flow .*\? There is nobody to ask here: say --yes/);
  const replaced = await sfState("copy", "--from", `duckdb:${other.path}`, ...to, "--replace", "--yes");
  assert.is(replaced.code, 0, replaced.err);
  const denied = await sfState("copy", "--from", `duckdb:${path}`, "--to", secret);
  assert.is.not(denied.code, 0);
  assert.not.match(denied.out + denied.err, /hunter2/);
});

test("backup and restore bring a flow back; a restore onto a flow that lives is refused", async () => {
  const { flowId, path } = await filled();
  const file = stand.path(`${flowId}.jsonl.gz`);
  const backup = await sfState("backup", file, "--duckdb", path, "--flow", flowId);
  assert.is(backup.code, 0, backup.err);
  const again = await sfState("restore", file, "--url", stand.server.url);
  assert.is(again.code, 0, again.err);
  assert.match(again.out, /copied and verified/);
  {
    await using manager = await stand.openRedis(flowId);
    await manager.markSignalProcessed("since then", "A/B");
  }
  const refused = await sfState("restore", file, "--url", stand.server.url);
  assert.is(refused.code, 2);
  const missing = await sfState("restore", stand.path("nowhere.jsonl"), "--url", stand.server.url);
  assert.is(missing.code, 2);
  assert.match(missing.err, /there is no file/);
});

test("wrong use is 2, a server that does not answer is 3, and nothing is left behind", async () => {
  const before = await readdir(stand.folder);
  const { code, err } = await sfState("copy", "--from", "ftp://x", "--to", stand.server.url, "--flow", "a");
  assert.is(code, 2);
  assert.match(err, /--from: expected redis:\/\/HOST:PORT, duckdb:PATH or config:FILE/);
  assert.is((await sfState("copy", "--to", stand.server.url)).code, 2);
  const target = `duckdb:${stand.path("never.db")}`;
  assert.is((await sfState("copy", "--from", "redis://127.0.0.1:1", "--flow", "a", "--to", target)).code, 3);
  const nothing = await sfState("copy", "--from", stand.server.url, "--flow", "nobody", "--to", target);
  assert.is(nothing.code, 2);
  assert.match(nothing.err, /there is no such flow/);
  assert.equal(await readdir(stand.folder), before);
});

test("doctor prints what it found with what to do, and ends with 1 on a problem, 0 without", async () => {
  const { flowId, path } = await filled();
  const well = await sfState("doctor", "--duckdb", path, "--flow", flowId);
  assert.match(well.out, /ok {6}records +every record can be read/);
  assert.is(well.code, 0, well.out);
  assert.is((await sfState("copy", "--from", `duckdb:${path}`, "--to", stand.server.url)).code, 0);
  const ill = await sfState("doctor", "--url", stand.server.url, "--flow", flowId);
  assert.is(ill.code, 1);
  assert.match(ill.out, /problem persistence +nothing is written to disk.*\n +CONFIG SET appendonly yes/);
  const json = await sfState("doctor", "--url", stand.server.url, "--flow", flowId, "--json");
  const findings: { level: string; subject: string }[] = JSON.parse(json.out);
  assert.ok(findings.some(({ level, subject }) => level === "problem" && subject === "persistence"));
});

test("on a terminal a bar shows how far a copy is, and it asks before it replaces", async () => {
  const { flowId, path } = await filled();
  const target = await filled();
  const args = [PROGRAM, "copy", "--from", `duckdb:${path}`, "--to", `duckdb:${target.path}`];
  const pty = spawn(process.execPath, [...args, "--to-flow", target.flowId, "--replace"], { cols: 120, rows: 30 });
  let screen = "";
  let asked = false;
  pty.onData((data) => {
    screen += data;
    if (!asked && /Replace what is in/.test(screen)) {
      asked = true;
      pty.write("y");
    }
  });
  const { exitCode } = await new Promise<{ exitCode: number }>((resolve) => pty.onExit(resolve));
  const text = stripVTControlCharacters(screen);
  assert.is(exitCode, 0, text);
  assert.match(text, new RegExp(`█+░* +\\d+%  copying ${flowId}`));
  assert.match(text, /copied and verified/);
  assert.match(text, /kept as/);
});

test.after(() => stand[Symbol.asyncDispose]());

test.run();
