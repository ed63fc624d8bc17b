import { createServer, type IncomingHttpHeaders } from "node:http";
import type { Alert } from "../../src/alerts/alert.js";

interface Got {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly alerts: readonly Alert[];
}

/** A real HTTP server; `answers` are the statuses, with headers, that it gives in turn, 200 after them. */
export async function receiver(...answers: [status: number, headers?: Record<string, string>][]) {
  const got: Got[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    got.push({ headers: request.headers, body, alerts: JSON.parse(body).alerts ?? [] });
    const [status, headers] = answers.shift() ?? [200];
    response.writeHead(status, headers).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    got,
    url: `http://127.0.0.1:${port}/hook/very-secret`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
