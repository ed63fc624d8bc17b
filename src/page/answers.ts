/** How answers are written. */
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { tradePages } from "../cli/flow-pages.js";
import { errorCode } from "../error-code.js";
import { MemoryDatabase } from "../ledger/memory-database.js";
import { tradeColumns } from "../ledger/tables.js";
import type { StateManager } from "../manager/state-manager.js";

export function answerJson(response: ServerResponse, status: number, answer: object): void {
  const bytes = Buffer.from(JSON.stringify(answer));
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", "content-length": bytes.length });
  response.end(bytes);
}

/** An answer that the browser saves as a file. Special characters in its name become `_`. */
export function asFile(response: ServerResponse, type: string, name: string): void {
  response.setHeader("content-type", type);
  response.setHeader("content-disposition", `attachment; filename="${name.replace(/[^A-Za-z0-9._-]/g, "_")}"`);
}

/** Writes the pieces to the file as fast as it takes them. */
export async function writePieces(path: string, pieces: AsyncIterable<string>): Promise<void> {
  await pipeline(Readable.from(pieces, { objectMode: true }), createWriteStream(path, { mode: 0o600 }));
}

/** The trades of a flow as Parquet. */
export async function writeParquet(path: string, manager: StateManager): Promise<void> {
  using database = await MemoryDatabase.open("trades as Parquet");
  const table = await database.table("rows", tradeColumns(manager.config.report.group_by));
  for await (const page of tradePages(manager, {})) for (const trade of page) table.add(trade);
  table.end();
  await database.writeParquet("rows", path);
}

/**
 * Makes a file completely and then sends it. So a slow reader, or one that never reads, holds neither a flow nor a turn, and an error while the file is made
 * is answered like any other. `make` fills `path`. Ends early if the reader leaves.
 */
export async function answerFile(
  response: ServerResponse,
  { type, name }: { readonly type: string; readonly name: string },
  make: (path: string) => Promise<void>,
): Promise<undefined> {
  const folder = await mkdtemp(join(tmpdir(), "sf-page-"));
  try {
    const path = join(folder, "file");
    await make(path);
    asFile(response, type, name);
    response.setHeader("content-length", (await stat(path)).size);
    await pipeline(createReadStream(path), response);
  } catch (error) {
    if (errorCode(error) !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return undefined;
}
