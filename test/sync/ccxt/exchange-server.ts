/** An exchange's REST server on loopback: answers what it is told, writes down what it was asked, misbehaves on demand. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

export interface Asked {
  readonly method: string;
  /** Path without the query: `/fapi/v1/order`. */
  readonly path: string;
  /** Of the query and of a form or JSON body. */
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the server does with one request. */
export type Reaction =
  | { readonly json: unknown; readonly status?: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly text: string; readonly status?: number; readonly type?: string }
  /** The headers, half of the body, then the connection is cut. */
  | { readonly half: unknown }
  /** Never answers. */
  | { readonly hang: true }
  /** Answers with headers and the start of a body, and then nothing. */
  | { readonly stall: unknown };

export type Answering = (asked: Asked) => Reaction;

export class ExchangeServer {
  readonly url: string;
  readonly asked: Asked[] = [];
  answer: Answering;
  readonly #close: () => Promise<void>;

  private constructor(url: string, close: () => Promise<void>, answer: Answering) {
    this.url = url;
    this.#close = close;
    this.answer = answer;
  }

  static async start(answer: Answering): Promise<ExchangeServer> {
    const http = createServer((request, response) => {
      void read(request).then((asked) => {
        server.asked.push(asked);
        react(response, server.answer(asked));
      });
    });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    const address = http.address();
    if (address === null || typeof address === "string") throw new Error("the server has no port");
    const close = async () => {
      http.closeAllConnections();
      http.close();
      await once(http, "close");
    };
    const server = new ExchangeServer(`http://127.0.0.1:${address.port}`, close, answer);
    return server;
  }

  close(): Promise<void> {
    return this.#close();
  }

  /** Requests of that method and path, in order. */
  askedFor(method: string, path: string): Asked[] {
    return this.asked.filter((asked) => asked.method === method && asked.path.endsWith(path));
  }
}

async function read(request: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const body = Buffer.concat(chunks).toString();
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  const fields = { ...Object.fromEntries(url.searchParams), ...bodyFields(body) };
  return { method: request.method ?? "", path: url.pathname, fields, body };
}

function bodyFields(body: string): Record<string, string> {
  if (body === "") return {};
  if (!/^[[{]/.test(body)) return Object.fromEntries(new URLSearchParams(body));
  const parsed: unknown = JSON.parse(body);
  const first: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  return Object.fromEntries(
    Object.entries(first ?? {}).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

function react(response: ServerResponse, reaction: Reaction): void {
  if ("hang" in reaction) return;
  if ("half" in reaction || "stall" in reaction) {
    const body = JSON.stringify("half" in reaction ? reaction.half : reaction.stall);
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    response.write(body.slice(0, Math.ceil(body.length / 2)), () => {
      if ("half" in reaction) response.destroy();
    });
    return;
  }
  const json = "json" in reaction;
  response.writeHead(reaction.status ?? 200, {
    "content-type": json ? "application/json" : (reaction.type ?? "text/html"),
    ...(json && reaction.headers),
  });
  response.end(json ? JSON.stringify(reaction.json) : reaction.text);
}
