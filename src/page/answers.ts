/** How answers are written. */
import { createReadStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { tradePages } from "../cli/flow-pages.js";
import { MemoryDatabase } from "../ledger/memory-database.js";
import { tradeColumns } from "../ledger/tables.js";
import type { StateManager } from "../manager/state-manager.js";

export function answerJson(response: ServerResponse, status: number, answer: object): void {
  const bytes = Buffer.from(JSON.stringify(answer));
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", "content-length": bytes.length });
  response.end(bytes);
}

/** A file to be kept. What is not plain in its name becomes `_`. */
export function asFile(response: ServerResponse, type: string, name: string): void {
  response.setHeader("content-type", type);
  response.setHeader("content-disposition", `attachment; filename="${name.replace(/[^A-Za-z0-9._-]/g, "_")}"`);
}

/** Pieces as the reader takes them. Ends early where the reader leaves. */
export async function answerPieces(response: ServerResponse, pieces: AsyncIterable<string>): Promise<undefined> {
  await pipeline(Readable.from(pieces, { objectMode: true }), response);
  return undefined;
}

/** The trades of a flow as Parquet: made in a file of its own, which is removed. */
export async function answerParquet(response: ServerResponse, manager: StateManager): Promise<undefined> {
  const folder = await mkdtemp(join(tmpdir(), "sf-page-"));
  try {
    const path = join(folder, "trades.parquet");
    using database = await MemoryDatabase.open("trades as Parquet");
    const table = await database.table("rows", tradeColumns(manager.config.report.group_by));
    for await (const page of tradePages(manager, {})) for (const trade of page) table.add(trade);
    table.end();
    await database.writeParquet("rows", path);
    response.setHeader("content-length", (await stat(path)).size);
    asFile(response, "application/vnd.apache.parquet", `${manager.flowId}-trades.parquet`);
    await pipeline(createReadStream(path), response);
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
