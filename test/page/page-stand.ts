/** The page's server over a real Redis and a folder of DuckDB files, and requests to it as they stand on the wire. */
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { processTerminal } from "../../src/cli/terminal.js";
import { placeAt } from "../../src/page/place.js";
import { type PageOptions, PageServer } from "../../src/page/server.js";
import type { StreamFrame } from "../../src/page/wire.js";
import { planAnswer } from "../../sync/commands/serve.js";
import { doorOf } from "../../sync/commands/serve-door.js";

export const TOKEN = "a-token-that-is-long-enough";

const TERMINAL = processTerminal();

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | object;
  readonly token?: string | undefined;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly bytes: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: what a test looks into
  readonly json: any;
}

export class PageStand implements AsyncDisposable {
  readonly log: string[] = [];
  /** How long wrong tokens were made to wait, ms. */
  readonly waits: number[] = [];

  private constructor(private readonly made: { server?: PageServer }) {}

  static async start(
    asked: {
      readonly url?: string;
      readonly config?: string;
      readonly folder?: string;
      readonly readOnly?: boolean;
      readonly token?: string | null;
    } & Partial<Pick<PageOptions, "app" | "mostStreams" | "mostFiles" | "lookEvery">>,
  ): Promise<PageStand> {
    const {
      url,
      config,
      folder,
      readOnly = false,
      token = TOKEN,
      app = join(import.meta.dirname, "no-app"),
      ...limits
    } = asked;
    const terminal = TERMINAL;
    const settings = config === undefined ? {} : { config };
    const places = [
      ...(url === undefined ? [] : [await placeAt("redis", terminal, { ...settings, url })]),
      ...(folder === undefined ? [] : [await placeAt("folder-1", terminal, { duckdb: folder })]),
    ];
    const stand = new PageStand({});
    const door = doorOf({ readOnly }, { host: "127.0.0.1", port: 0, isLoopback: true }, undefined, token ?? undefined);
    stand.made.server = await PageServer.listen(
      {
        places,
        name: "all flows",
        app,
        gate: (port) => ({
          ...door.gate(port),
          wait: async (ms) => {
            stand.waits.push(ms);
          },
        }),
        planOf: planAnswer,
        log: (line) => stand.log.push(line),
        ...limits,
      },
      { host: "127.0.0.1", port: 0 },
    );
    return stand;
  }

  get server(): PageServer {
    if (!this.made.server) throw new Error("not started");
    return this.made.server;
  }

  get port(): number {
    return this.server.port;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** A request; a body that is an object goes as JSON. */
  async ask(path: string, asked: Asked = {}): Promise<Answered> {
    const response = await this.open(path, asked);
    const pieces: Buffer[] = [];
    for await (const piece of response) pieces.push(piece);
    const bytes = Buffer.concat(pieces);
    const text = bytes.toString("utf8");
    const isJson = response.headers["content-type"]?.startsWith("application/json;") === true;
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      text,
      bytes,
      json: isJson && text !== "" ? JSON.parse(text) : undefined,
    };
  }

  /** The same, with the body of the answer unread. */
  open(path: string, { method = "GET", headers = {}, body, token }: Asked = {}): Promise<IncomingMessage> {
    const text = typeof body === "object" ? JSON.stringify(body) : body;
    const isJson =
      typeof body === "object" && !Object.keys(headers).some((name) => name.toLowerCase() === "content-type");
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: "127.0.0.1",
          port: this.port,
          path,
          method,
          agent: false,
          headers: {
            ...(isJson && { "content-type": "application/json" }),
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
            ...headers,
          },
        },
        resolve,
      );
      sent.on("error", reject);
      sent.end(text);
    });
  }

  /** A change as the page itself makes it; null: without the token. */
  change(path: string, body: object, token: string | null = TOKEN): Promise<Answered> {
    const headers = { origin: this.origin, "sec-fetch-site": "same-origin" };
    return this.ask(path, { method: "POST", body, headers, token: token ?? undefined });
  }

  /** What comes back for bytes as they are, until the server ends the connection. */
  raw(bytes: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let text = "";
      const socket = connect(this.port, "127.0.0.1");
      socket.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      socket.on("error", reject).on("close", () => resolve(text));
      socket.write(bytes);
    });
  }

  async stream(asked: Asked = {}): Promise<StreamReader> {
    return new StreamReader(await this.open("/api/stream", asked));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.made.server?.[Symbol.asyncDispose]();
  }
}

export type Framed = StreamFrame & { readonly id?: string };

/** The frames of a stream, one after another. */
export class StreamReader implements Disposable {
  readonly #frames: Framed[] = [];
  readonly #waiting: (() => void)[] = [];
  isEnded = false;

  constructor(readonly response: IncomingMessage) {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (piece: string) => {
      text += piece;
      const parts = text.split("\n\n");
      text = parts.pop() ?? "";
      for (const part of parts) {
        const fields = new Map(
          part
            .split("\n")
            .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)] as const),
        );
        const data = fields.get("data");
        if (data === undefined) continue;
        const id = fields.get("id");
        this.#frames.push({ kind: fields.get("event"), ...JSON.parse(data), ...(id !== undefined && { id }) });
      }
      this.#wake();
    });
    response.on("error", () => {});
    response.on("close", () => {
      this.isEnded = true;
      this.#wake();
    });
  }

  /** The next frame of these kinds; undefined at the end. */
  async next<Kind extends StreamFrame["kind"]>(
    ...kinds: readonly Kind[]
  ): Promise<(Extract<StreamFrame, { kind: Kind }> & { readonly id?: string }) | undefined> {
    const isOne = (frame: Framed): frame is Extract<StreamFrame, { kind: Kind }> & { readonly id?: string } =>
      kinds.some((kind) => kind === frame.kind);
    for (;;) {
      for (let frame = this.#frames.shift(); frame; frame = this.#frames.shift()) if (isOne(frame)) return frame;
      if (this.isEnded) return undefined;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  [Symbol.dispose](): void {
    this.response.destroy();
  }
}
