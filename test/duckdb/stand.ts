import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance, type DuckDBValue } from "@duckdb/node-api";
import type { suite } from "uvu";

export type Test = ReturnType<typeof suite>;

/** Everything here is removed at the end. */
const folder = await mkdtemp(join(await realpath(tmpdir()), "sf-duckdb-"));

export function removeAll(): Promise<void> {
  return rm(folder, { recursive: true, force: true });
}

/** A path for a file in a new folder. */
export async function newPath(): Promise<string> {
  return join(await mkdtemp(join(folder, "flow-")), "bot.db");
}

/**
 * What kill -9 would leave now: a copy of a file that may be open, and of what lies beside it. Another process makes it, because this one
 * would lose its lock by closing the file.
 */
export async function copyOf(path: string): Promise<string> {
  const copy = await newPath();
  const script = 'for end in "" .acked .wal; do [ ! -e "$1$end" ] || cp "$1$end" "$2$end" || exit; done';
  execFileSync("sh", ["-c", script, "sh", path, copy]);
  return copy;
}

/** Asks a file that is not open, without changing it. */
export async function ask(path: string, question: string): Promise<DuckDBValue[][]> {
  const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY" });
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(question)).getRows();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Changes a file that is not open behind the library's back; what changed stays in the log. */
export async function tamper(path: string, ...statements: string[]): Promise<void> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  try {
    await connection.run("PRAGMA disable_checkpoint_on_shutdown");
    for (const statement of statements) await connection.run(statement);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Commits in the journal of a flow that may be open. */
export async function journalRows(path: string): Promise<number> {
  const [row] = await ask(await copyOf(path), "SELECT count(*) FROM journal");
  return Number(row?.[0]);
}

/** Every byte of a file that is not open, and of its log. */
export function bytesOf(path: string): string {
  return ["", ".wal"]
    .map((end) =>
      existsSync(path + end)
        ? createHash("sha256")
            .update(readFileSync(path + end))
            .digest("hex")
        : "none",
    )
    .join(" ");
}
