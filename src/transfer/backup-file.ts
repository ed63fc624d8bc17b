import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { link, open, rename, rm, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import * as z from "zod";
import { errorCode } from "../error-code.js";
import { ConfigError, CorruptStateError, InvalidArgumentError, SchemaVersionError } from "../errors.js";
import { stateOf } from "../layout/convert.js";
import type { StoredKey } from "../layout/flow-layout.js";
import { KEY_LAYOUTS } from "../layout/key-layouts.js";
import { newest } from "../migrations/walk.js";
import { snapshot } from "../operations/snapshot.js";
import { SCHEMA_VERSION } from "../state/flow-state.js";
import { syncFolder } from "../sync-folder.js";
import type { Snapshot } from "../types.js";
import { type FlowPlace, type FoundFlow, snapshotArgs, type WriteOptions, type Written } from "./flow-place.js";
import { type Chunk, differences, layoutFrom, type PortableFlow, withEpoch, withoutEpoch } from "./portable.js";

const FORMAT = "signalflow-state backup";
/** Format 1 has no `account`. */
const VERSION = 2;

const header = z.strictObject({
  format: z.literal(FORMAT),
  version: z.int(),
  flow: z.string().min(1),
  schema: z.int(),
  epoch: z.string(),
  taken_at: z.iso.datetime(),
  /** The number of entries of each key. */
  counts: z.record(z.string(), z.int()),
  events_added: z.int(),
  /** The exchange account that the flow was in. */
  account: z.string().exactOptional(),
});

type Header = z.output<typeof header>;

const chunk = z.strictObject({ key: z.string(), entries: z.array(z.array(z.string())) });

const trailer = z.strictObject({ sha256: z.string() });

/**
 * A flow in a file of JSON lines: a header, the entries of its keys in portions, and a SHA-256 of all that; without it the file is incomplete. Compressed
 * if its name ends in `.gz`.
 */
export class BackupFile implements FlowPlace {
  readonly name: string;
  readonly takesOlder = true;
  readonly isAside = true;

  constructor(private readonly path: string) {
    this.name = `the backup ${path}`;
  }

  async read(): Promise<FoundFlow | undefined> {
    if (!(await stat(this.path).catch(() => undefined))) return undefined;
    const { flow, taken_at, layout, account } = await this.#read();
    return { flowId: flow, layout, now: Date.parse(taken_at), isShared: false, account };
  }

  async write(flow: PortableFlow, { flowId, source, replaces, progress }: WriteOptions): Promise<Written> {
    const draft = `${this.path}.import-${randomUUID()}`;
    const meta = new Map(flow.layout.entries["flow:meta"].map(([name = "", value = ""]) => [name, value]));
    const head: Header = {
      format: FORMAT,
      version: source.account === undefined ? 1 : VERSION,
      flow: flowId,
      schema: Number(meta.get("schema")),
      epoch: source.epoch,
      taken_at: new Date(source.readAt).toISOString(),
      counts: Object.fromEntries(KEY_LAYOUTS.map(({ key }) => [key, flow.layout.entries[key].length])),
      events_added: flow.layout.eventsAdded,
      ...(source.account !== undefined && { account: source.account }),
    };
    try {
      await this.#writeTo(draft, linesOf(head, flow.chunks, progress));
      const stored = await new BackupFile(draft).#read(this.path);
      const [first] = differences(withoutEpoch(stored.layout), flow.layout);
      if (first) throw new CorruptStateError(`${this.name}: ${first.key} ${first.what} was not written as it is`);
      if (replaces === "") await link(draft, this.path);
      else await rename(draft, this.path);
      await syncFolder(dirname(resolve(this.path)));
    } catch (error) {
      if (errorCode(error) === "EEXIST") {
        throw new InvalidArgumentError(`${this.name} has just been made by another process; it was left as it is`);
      }
      throw writable(this.path, error);
    } finally {
      await rm(draft, { force: true });
    }
    return { epoch: source.epoch };
  }

  async snapshot(now: number): Promise<Omit<Snapshot, "flowId">> {
    const { layout } = await this.#read();
    const call = { now, instance: "sf-state", maxEvents: Number.MAX_SAFE_INTEGER, lease: "" };
    return snapshot.apply(stateOf(newest(layout).layout), snapshotArgs(now), call);
  }

  async #writeTo(draft: string, lines: Iterable<string>): Promise<void> {
    const out = createWriteStream(draft, { flags: "wx", mode: 0o600 });
    if (this.path.endsWith(".gz")) await pipeline(Readable.from(lines), createGzip(), out);
    else await pipeline(Readable.from(lines), out);
    const file = await open(draft, "r+");
    await file.sync().finally(() => file.close());
  }

  /** Throws a CorruptStateError if the file is incomplete, or not a backup. */
  async #read(name = this.path) {
    const hash = createHash("sha256");
    const chunks: Pick<Chunk, "key" | "entries">[] = [];
    let head: Header | undefined;
    let last: string | undefined;
    try {
      for await (const line of await this.#lines()) {
        if (last !== undefined) {
          hash.update(`${last}\n`);
          if (head === undefined) head = headerOf(name, last);
          else chunks.push(chunkOf(name, last));
        }
        last = line;
      }
    } catch (error) {
      if (errorCode(error)?.startsWith("Z_")) throw notWhole(name, error);
      throw error;
    }
    const end = parsed(trailer, last);
    if (end === undefined) {
      // A file of one line may be anything; a longer one is an incomplete backup.
      if (head === undefined) headerOf(name, last ?? "");
      throw notWhole(name);
    }
    if (head === undefined || end.sha256 !== hash.digest("hex")) {
      throw new CorruptStateError(`${name} is damaged: its contents do not match its SHA-256. Use another backup`);
    }
    const layout = withEpoch(layoutFrom(chunks, head.events_added), head.epoch);
    for (const [key, count] of Object.entries(head.counts)) {
      const found = KEY_LAYOUTS.find((each) => each.key === key);
      const epochs = key === "flow:meta" ? 1 : 0;
      if (found && layout.entries[found.key].length - epochs !== count) throw notWhole(name);
    }
    return { ...head, layout };
  }

  async #lines(): Promise<AsyncIterable<string>> {
    const file = createReadStream(this.path);
    const start = await readStart(this.path);
    const isGzip = start[0] === 0x1f && start[1] === 0x8b;
    const text = isGzip ? file.pipe(createGunzip()) : file;
    file.on("error", (error) => text.destroy(error));
    return linesIn(text);
  }
}

async function* linesIn(text: Readable): AsyncGenerator<string> {
  let failure: unknown;
  text.on("error", (error) => {
    failure = error;
  });
  yield* createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY });
  if (failure !== undefined) throw failure;
}

async function readStart(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function* linesOf(head: Header, chunks: readonly Chunk[], progress: WriteOptions["progress"]): Generator<string> {
  const hash = createHash("sha256");
  const line = (value: unknown): string => {
    const text = `${JSON.stringify(value)}\n`;
    hash.update(text);
    return text;
  };
  yield line(head);
  for (const [i, { key, entries }] of chunks.entries()) {
    progress(i, chunks.length);
    yield line({ key, entries });
  }
  yield `${JSON.stringify({ sha256: hash.digest("hex") })}\n`;
  progress(chunks.length, chunks.length);
}

function headerOf(name: string, line: string): Header {
  const version = parsed(z.looseObject({ format: z.literal(FORMAT), version: z.int() }), line)?.version;
  if (version === undefined) throw new ConfigError(`${name} is not a backup of sf-state`);
  const head = parsed(header, line);
  if (version > VERSION || (head && head.schema > SCHEMA_VERSION)) {
    throw new SchemaVersionError(`${name} was written by a newer version: upgrade signalflow-state`);
  }
  if (!head) throw new CorruptStateError(`${name} is damaged: its header cannot be read. Use another backup`);
  return head;
}

function chunkOf(name: string, line: string): { key: StoredKey; entries: string[][] } {
  const found = parsed(chunk, line);
  const known = KEY_LAYOUTS.find(({ key }) => key === found?.key);
  if (!found || !known) throw new CorruptStateError(`${name} is damaged: a line cannot be read. Use another backup`);
  return { key: known.key, entries: found.entries };
}

function parsed<Output>(schema: z.ZodType<Output>, line: string | undefined): Output | undefined {
  try {
    const result = schema.safeParse(JSON.parse(line ?? ""));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}

function notWhole(name: string, cause?: unknown): CorruptStateError {
  return new CorruptStateError(`${name} is not whole: it ends before its end. Use another backup`, { cause });
}

function writable(path: string, error: unknown): unknown {
  const code = errorCode(error) ?? "";
  if (!["ENOENT", "EACCES", "EROFS", "ENOTDIR", "EISDIR", "ENOSPC"].includes(code)) return error;
  return new ConfigError(`${path} cannot be written: ${error instanceof Error ? error.message : code}`, {
    cause: error,
  });
}
