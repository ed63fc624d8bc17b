/** The HTTP server that Prometheus asks. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isIPv4, isIPv6 } from "node:net";
import { CONTENT_TYPE } from "../../metrics/load.js";
import { UsageError } from "../exit-code.js";

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const DEFAULT_PORT = 9464;
/** A connection whose request is not there in so long is ended, ms: those that say nothing would keep Prometheus out. */
const PATIENCE = 5_000;
export const MOST_CONNECTIONS = 100;

/** `127.0.0.1:9464`, `[::1]:9464`, `localhost:9464`, or only a port or a host. Throws a UsageError. */
export function listenAddress(text: string): ListenAddress {
  const [, bracketed, plain, port, alone] = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::(\d{1,5}))?$|^(\d{1,5})$/.exec(text) ?? [];
  const number = Number(alone ?? port ?? DEFAULT_PORT);
  const host = alone === undefined ? (bracketed ?? plain ?? "") : "127.0.0.1";
  const isHost = bracketed === undefined ? /^[A-Za-z0-9.-]+$/.test(host) : isIPv6(bracketed);
  if (!isHost || number > 65_535) {
    throw new UsageError(`--listen: expected an address such as 127.0.0.1:9464, got ${JSON.stringify(text)}`);
  }
  return /^\d{1,5}$/.test(host) ? { host: "127.0.0.1", port: Number(host) } : { host, port: number };
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

/**
 * Answers `GET /metrics` with what `text` resolves to; requests that arrive meanwhile get the same answer. A request whose `Host` is not one of `hosts`
 * (or, on loopback, of its names) is refused before anything else. A connection whose request does not arrive within `patience` ms is ended. Rejects if it
 * cannot listen there.
 */
export async function listen(
  { host, port }: ListenAddress,
  hosts: readonly string[],
  text: () => Promise<string>,
  patience = PATIENCE,
): Promise<Server> {
  let reading: Promise<string> | undefined;
  const shared = () => {
    reading ??= text().finally(() => {
      reading = undefined;
    });
    return reading;
  };
  const settings = {
    maxHeaderSize: 8192,
    requireHostHeader: false, // it is refused here
    headersTimeout: patience,
    requestTimeout: patience,
    keepAliveTimeout: patience,
    connectionsCheckingInterval: patience / 4,
  };
  const server = createServer(settings, (request, response) => {
    void answer(request, response, namesOf(server, host, hosts), shared);
  });
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return server;
}

/** The allowed values of `Host`: exact, in lower case, with the port. */
function namesOf(server: Server, host: string, hosts: readonly string[]): readonly string[] {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const own = isLoopback(host) ? ["127.0.0.1", "localhost", "[::1]"] : [];
  const said = isIPv6(host) ? `[${host}]` : host;
  return [...new Set([...own, said])].map((name) => `${name}:${port}`).concat(hosts);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  names: readonly string[],
  text: () => Promise<string>,
): Promise<void> {
  const plain = {
    "Content-Type": "text/plain; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
  };
  const end = (status: number, body: string, more = {}) => {
    response.writeHead(status, { ...plain, ...more }).end(body);
  };
  const said = request.rawHeaders.filter((_, at) => at % 2 === 0 && request.rawHeaders[at]?.toLowerCase() === "host");
  const { host = "" } = request.headers;
  if (said.length !== 1 || !names.includes(host)) {
    end(403, "this is not a name of this server: see --host\n", { Connection: "close" });
    return;
  }
  if (request.method !== "GET") {
    end(405, "only GET\n", { Allow: "GET", Connection: "close" });
    return;
  }
  const path = request.url?.split("?")[0];
  if (path !== "/metrics") {
    end(404, "the metrics are at /metrics\n");
    return;
  }
  try {
    end(200, await text(), { "Content-Type": CONTENT_TYPE });
  } catch {
    end(500, "the metrics cannot be made; the output of this process says why\n");
  }
}
