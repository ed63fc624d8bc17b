import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { encodeRequest, RespFramer } from "./resp.js";

const ANSWER_LIMIT_MS = 5_000;

/** Where a server of ours listens on 127.0.0.1, and how to talk to it. */
export interface Endpoint {
  readonly port: number;
  /** The PEM of the authority that signed the server's certificate; without it the connection is plain TCP. */
  readonly ca?: Buffer;
}

/**
 * Sends one command on a connection of its own and answers the reply as text: a string's content, or an array's bytes as they
 * came. Rejects with the server's message on an error reply, and when no answer comes within 5 s. No retries.
 */
export function ask(endpoint: Endpoint, ...command: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const framer = new RespFramer();
    const socket = open(endpoint);
    const fail = (error: Error) => {
      socket.destroy();
      reject(error);
    };
    socket.on("error", fail);
    socket.on("close", () => reject(new Error(`port ${endpoint.port} closed the connection`)));
    socket.setTimeout(ANSWER_LIMIT_MS, () => fail(new Error(`port ${endpoint.port} did not answer ${command[0]}`)));
    socket.on("data", (chunk) => {
      const reply = framer.push(chunk)[0];
      if (reply === undefined) return;
      const text = readable(reply.toString());
      if (reply.toString("latin1", 0, 1) === "-") fail(new Error(text));
      else resolve(text);
      socket.destroy();
    });
    socket.write(encodeRequest(command));
  });
}

function open({ port, ca }: Endpoint): Socket {
  const host = "127.0.0.1";
  return ca ? connectTls({ host, port, ca, servername: "localhost" }) : connect({ host, port });
}

function readable(reply: string): string {
  if (reply.startsWith("$")) return reply.slice(reply.indexOf("\r\n") + 2, -2);
  return /^[-+:]/.test(reply) ? reply.slice(1, -2) : reply;
}
