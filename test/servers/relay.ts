import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { onFreePort, PortTakenError } from "./ports.js";

/** A way to a server that is as long as the way over an ocean. It knows nothing of the protocol, so that TLS goes through it, too. */
export interface Relay extends AsyncDisposable {
  readonly port: number;
}

/** Starts a relay to a port of this machine on which each round trip takes `roundTrip` ms, that of connecting included. */
export function startRelay(target: number, roundTrip: number): Promise<Relay> {
  return onFreePort(async (port) => {
    const sockets = new Set<Socket>();
    const kept = (socket: Socket) => {
      sockets.add(socket);
      socket.on("error", () => {}).on("close", () => sockets.delete(socket));
      return socket;
    };
    const server = createServer({ pauseOnConnect: true }, (near) => {
      kept(near);
      const far = kept(connect(target, "127.0.0.1"));
      // The client sees a connection at once, where a real one takes a round trip: its first words wait for that.
      setTimeout(() => {
        near.on("data", (data) => far.write(data));
        near.resume();
      }, roundTrip);
      far.on("data", (data) => setTimeout(() => near.write(data), roundTrip));
      near.on("close", () => far.destroy());
      far.on("close", () => setTimeout(() => near.destroy(), roundTrip));
    });
    server.listen(port, "127.0.0.1");
    await Promise.race([
      once(server, "listening"),
      once(server, "error").then(() => {
        throw new PortTakenError(port);
      }),
    ]);
    return {
      port,
      async [Symbol.asyncDispose]() {
        const closed = once(server, "close");
        server.close();
        for (const socket of sockets) socket.destroy();
        await closed;
      },
    };
  });
}
