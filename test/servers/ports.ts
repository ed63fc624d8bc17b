import { randomInt } from "node:crypto";
import { createServer } from "node:net";

// Below every system's range for outgoing connections: there, a client that retries while its server is down can be given the
// server's own port, connect to itself, and keep the server from coming back.
const LOWEST = 10_000;
const HIGHEST = 32_000;
const ATTEMPTS = 20;

const handedOut = new Set<number>();

/** A server could not listen on the port that it was given. */
export class PortTakenError extends Error {
  constructor(port: number) {
    super(`port ${port} is already in use`);
    this.name = "PortTakenError";
  }
}

/** A port on 127.0.0.1 that nobody listens on; this process never gives it out again. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = randomInt(LOWEST, HIGHEST);
    if (handedOut.has(port)) continue;
    handedOut.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port between ${LOWEST} and ${HIGHEST}`);
}

/**
 * Starts something on a free port. If another process took the port between the look and the start (a `PortTakenError`),
 * tries again on another one.
 */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      return await start(port);
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === ATTEMPTS) throw error;
    }
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
