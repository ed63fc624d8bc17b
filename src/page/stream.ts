/** The stream of events that every page reads: server-sent events, made once and written to all. */
import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { StreamFrame } from "./wire.js";

/** How often the line `: beat` shows that the server is there, ms. */
const BEAT = 10_000;
/** A reader is dropped if nothing could be written to it for this long, ms. */
const STUCK = 30_000;
/** How many frames, and how many bytes of them, are kept for readers that come back or are slow. */
const MOST_FRAMES = 10_000;
const MOST_BYTES = 8 * 1024 * 1024;
/** How many bytes may wait in a reader's socket before it gets more. */
const AHEAD = 64 * 1024;
const RETRY_AFTER = 1_000;

interface Kept {
  readonly text: string;
  /** Only for readers that are connected: it is no event. */
  readonly isPassing: boolean;
}

interface Reader {
  readonly response: ServerResponse;
  /** Number of the next frame. */
  next: number;
  /** When it last took something. */
  tookAt: number;
  /** A reader that came back: up to this frame it gets only events. */
  readonly eventsUntil: number;
}

/**
 * A frame is kept once for all readers; each reader has a position in the kept frames. A reader that falls behind them, or takes nothing for 30 s, is told to
 * come back, and dropped. An event's id is `RUN-NUMBER`. A reader that comes back with it goes on without gap or double, as long as this server runs and the
 * frames are kept.
 */
export class Streams {
  readonly #run = randomBytes(6).toString("hex");
  #frames: Kept[] = [];
  /** Number of the first frame that is kept. */
  #first = 1;
  #bytes = 0;
  readonly #readers = new Set<Reader>();
  readonly #beat: NodeJS.Timeout;
  #isClosed = false;

  constructor(
    readonly most: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#beat = setInterval(() => this.beat(), BEAT);
    this.#beat.unref();
  }

  get size(): number {
    return this.#readers.size;
  }

  /** Whether there is room for another reader. */
  get hasRoom(): boolean {
    return this.#readers.size < this.most && !this.#isClosed;
  }

  /** Writes to all readers. */
  send(frame: StreamFrame): void {
    const isPassing = frame.kind === "fleet";
    const number = this.#first + this.#frames.length;
    const text = textOf(frame, isPassing ? undefined : `${this.#run}-${number}`);
    this.#frames.push({ text, isPassing });
    this.#bytes += text.length;
    let gone = 0;
    while (this.#frames.length - gone > MOST_FRAMES || (this.#bytes > MOST_BYTES && this.#frames.length - gone > 1)) {
      this.#bytes -= this.#frames[gone]?.text.length ?? 0;
      gone++;
    }
    if (gone > 0) {
      this.#frames.splice(0, gone);
      this.#first += gone;
    }
    for (const reader of this.#readers) this.#pump(reader);
  }

  /** Begins to write to a reader whose last event was `lastId`. `greeting` makes the first frame; it is told whether nothing is missing. */
  open(
    response: ServerResponse,
    lastId: string | undefined,
    greeting: (resumed: boolean) => readonly StreamFrame[],
  ): void {
    const next = this.#first + this.#frames.length;
    const seen = this.#numberOf(lastId);
    const resumed = seen !== undefined && seen + 1 >= this.#first && seen < next;
    const id = `${this.#run}-${next - 1}`;
    for (const frame of greeting(resumed)) {
      // A reader that reads everything anew gets an id at the beginning; one that comes back keeps its own until the next event.
      response.write(textOf(frame, frame.kind === "hello" && !resumed ? id : undefined));
    }
    const reader: Reader = {
      response,
      next: resumed ? seen + 1 : next,
      tookAt: this.now(),
      eventsUntil: resumed ? next : 0,
    };
    this.#readers.add(reader);
    response.on("drain", () => this.#pump(reader));
    response.once("close", () => this.#readers.delete(reader));
    this.#pump(reader);
  }

  /** Says that the server is there, and drops who takes nothing. */
  beat(): void {
    for (const reader of this.#readers) {
      const waiting = reader.response.writableLength;
      if (waiting > 0 && this.now() - reader.tookAt > STUCK) this.#drop(reader, "slow");
      else if (waiting < AHEAD) this.#write(reader, ": beat\n\n");
    }
  }

  /** Tells everybody that the server stops. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#beat);
    for (const reader of this.#readers) this.#drop(reader, "stopping");
  }

  #pump(reader: Reader): void {
    if (!this.#readers.has(reader)) return;
    if (reader.next < this.#first) {
      this.#drop(reader, "slow");
      return;
    }
    let piece = "";
    while (piece.length + reader.response.writableLength < AHEAD) {
      const frame = this.#frames[reader.next - this.#first];
      if (!frame) break;
      if (!frame.isPassing || reader.next >= reader.eventsUntil) piece += frame.text;
      reader.next++;
    }
    if (piece !== "") this.#write(reader, piece);
  }

  #write(reader: Reader, text: string): void {
    if (!reader.response.writable) return;
    // Bytes count as waiting until the socket has taken them, even if it takes everything at once.
    reader.response.write(text, (error) => {
      if (!error) reader.tookAt = this.now();
    });
  }

  #drop(reader: Reader, reason: "slow" | "stopping"): void {
    this.#readers.delete(reader);
    const { response } = reader;
    response.end(textOf({ kind: "bye", reason, retryAfter: RETRY_AFTER }));
    // What a slow reader has not taken is dropped.
    setTimeout(() => response.destroy(), RETRY_AFTER).unref();
  }

  #numberOf(id: string | undefined): number | undefined {
    const [, run, number] = /^([0-9a-f]{12})-(\d{1,15})$/.exec(id ?? "") ?? [];
    return run === this.#run ? Number(number) : undefined;
  }
}

/** A frame of server-sent events. JSON has no line break of its own. */
function textOf({ kind, ...data }: StreamFrame, id?: string): string {
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
}
